//! One address over HTTP or HTTPS, asked for only if it has changed.

use super::{FetchError, Limits, Reach, roots::roots, spool::Spool};
use std::{
    error::Error,
    fmt,
    io::{self, Read},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use ureq::{
    Agent, ResponseExt as _,
    http::{HeaderMap, Uri, header},
    tls::{TlsConfig, TlsProvider},
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

/// Hops of a redirect that are followed: sites use one or two; RFC 9110 §15.4 warns of loops and names no number.
pub const REDIRECTS_MAX: usize = 5;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// What a server said of the copy that we have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag` (RFC 9110 §8.8.3).
    pub etag: Option<String>,
    /// `Last-Modified` (RFC 9110 §8.8.2).
    pub last_modified: Option<String>,
}

/// How long each part may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Finding the address.
    pub resolve: Duration,
    /// Connecting, with TLS.
    pub connect: Duration,
    /// Silence while waiting for more.
    pub idle: Duration,
    /// All of one pull.
    pub total: Duration,
}

impl Default for Timeouts {
    /// A server that is well answers within a second; the largest public feed (some 500 MB) at 1 MB/s takes ten minutes.
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(10),
            connect: Duration::from_secs(15),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(900),
        }
    }
}

/// What came of asking.
#[derive(Debug)]
pub enum Answer {
    /// 304: as it was.
    Unchanged,
    /// It is in the spool file.
    Body {
        /// Bytes, as they came.
        bytes: u64,
        /// What to ask with the next time.
        validators: Validators,
    },
}

/// Fetches `url` into the file `spool`.
///
/// # Errors
/// When it cannot be had whole.
pub fn to_file(
    url: &str,
    known: &Validators,
    reach: &Reach,
    limits: &Limits,
    spool: &Path,
) -> Result<Answer, FetchError> {
    match answer(url, known, reach, limits, &|_| true)? {
        None => Ok(Answer::Unchanged),
        Some(mut found) => {
            let mut spool = Spool::create(spool)?;
            let bytes = found.copy(limits, |piece| spool.write(piece))?;
            spool.finish()?;
            Ok(Answer::Body { bytes, validators: found.validators })
        }
    }
}

/// Fetches something small into memory. `follows` says to which hosts a redirect may lead.
///
/// # Errors
/// When it cannot be had whole.
pub fn small(url: &str, reach: &Reach, limits: &Limits, follows: &dyn Fn(&str) -> bool) -> Result<Vec<u8>, FetchError> {
    let Some(mut found) = answer(url, &Validators::default(), reach, limits, follows)? else {
        // Nobody asked whether it has changed.
        return Err(FetchError::Status { url: url.to_owned(), status: 304 });
    };
    let mut bytes = Vec::new();
    found.copy(limits, |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// The body of an answer that begins well.
struct Found {
    uri: Uri,
    body: ureq::Body,
    length: Option<u64>,
    validators: Validators,
}

impl Found {
    /// Takes the body piece by piece; returns how much it was.
    fn copy(
        &mut self,
        limits: &Limits,
        mut take: impl FnMut(&[u8]) -> Result<(), FetchError>,
    ) -> Result<u64, FetchError> {
        let uri = &self.uri;
        let mut body = self.body.with_config().limit(limits.bytes_max + 1).reader();
        let (mut bytes, mut buffer) = (0, vec![0; 64 << 10]);
        loop {
            let got = body.read(&mut buffer).map_err(|source| broken(uri, bytes, limits, source))?;
            if got == 0 {
                break;
            }
            bytes += got as u64;
            if bytes > limits.bytes_max {
                return Err(FetchError::TooLarge { from: uri.to_string(), max: limits.bytes_max });
            }
            take(&buffer[..got])?;
        }
        match self.length {
            Some(length) if length != bytes => Err(FetchError::Short { url: uri.to_string(), bytes, length }),
            _ => Ok(bytes),
        }
    }
}

/// Asks, and follows redirects; nothing when it is as it was.
fn answer(
    url: &str,
    known: &Validators,
    reach: &Reach,
    limits: &Limits,
    follows: &dyn Fn(&str) -> bool,
) -> Result<Option<Found>, FetchError> {
    let refused = Arc::new(Mutex::new(None));
    let agent = agent(reach, limits, &refused)?;
    let mut uri = parse_uri(url)?;
    for _hop in 0..=REDIRECTS_MAX {
        let mut request = agent.get(&uri);
        if let Some(etag) = &known.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(last) = &known.last_modified {
            request = request.header(header::IF_MODIFIED_SINCE, last);
        }
        let response = request.call().map_err(|error| failure(&uri, error, &refused))?;
        match response.status().as_u16() {
            304 => return Ok(None),
            301 | 302 | 303 | 307 | 308 => {
                uri = next_hop(response.get_uri(), response.headers())?;
                if !uri.host().is_some_and(follows) {
                    return Err(FetchError::Elsewhere { url: uri.to_string() });
                }
            }
            200 => {
                let (validators, length) = (validators(response.headers()), content_length(response.headers()));
                return Ok(Some(Found { uri, body: response.into_body(), length, validators }));
            }
            status => return Err(FetchError::Status { url: uri.to_string(), status }),
        }
    }
    Err(FetchError::Redirects { url: url.to_owned() })
}

pub(super) fn agent(reach: &Reach, limits: &Limits, refused: &Arc<Mutex<Option<String>>>) -> Result<Agent, FetchError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(roots(reach.authorities.as_deref())?)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let timeouts = limits.timeouts;
    let config = Agent::config_builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("sipar/", env!("CARGO_PKG_VERSION")))
        // As it is on the server's disk: what is inside is looked at by its first bytes, within bounds.
        .accept_encoding("identity")
        // Each hop connects anew, to an address that was looked at for it; servers close idle connections as they like.
        .max_idle_connections(0)
        .timeout_resolve(Some(timeouts.resolve))
        .timeout_connect(Some(timeouts.connect))
        .timeout_recv_response(Some(timeouts.idle))
        .timeout_per_read(Some(timeouts.idle))
        .timeout_global(Some(timeouts.total))
        .build();
    let resolver = Checked { reach: reach.clone(), refused: Arc::clone(refused) };
    Ok(Agent::with_parts(config, DefaultConnector::default(), resolver))
}

pub(super) fn parse_uri(url: &str) -> Result<Uri, FetchError> {
    let uri: Uri = url.parse().map_err(|_| FetchError::Url { url: url.to_owned() })?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(uri),
        _ => Err(FetchError::Url { url: url.to_owned() }),
    }
}

/// Where a redirect leads. From HTTPS it never leads to HTTP: then anyone on the way could write what comes.
fn next_hop(from: &Uri, headers: &HeaderMap) -> Result<Uri, FetchError> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("");
    let base = url::Url::parse(&from.to_string()).map_err(|_| FetchError::Url { url: from.to_string() })?;
    let next = base.join(location).map_err(|_| FetchError::Url { url: location.to_owned() })?;
    if from.scheme_str() == Some("https") && next.scheme() != "https" {
        return Err(FetchError::Downgrade { url: next.to_string() });
    }
    parse_uri(next.as_str())
}

fn validators(headers: &HeaderMap) -> Validators {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Validators { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return None;
    }
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn broken(uri: &Uri, bytes: u64, limits: &Limits, source: io::Error) -> FetchError {
    let inner = source.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    let timed_out = matches!(inner, Some(ureq::Error::Timeout(_)));
    if timed_out || matches!(source.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) {
        let seconds = limits.timeouts.idle.as_secs_f32();
        return FetchError::Silent { url: uri.to_string(), bytes, seconds };
    }
    FetchError::Broken { url: uri.to_string(), bytes, source }
}

pub(super) fn failure(uri: &Uri, error: ureq::Error, refused: &Mutex<Option<String>>) -> FetchError {
    if let Some(address) = refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return FetchError::Private { url: uri.to_string(), address };
    }
    let source = match error {
        ureq::Error::Timeout(which) => io::Error::new(io::ErrorKind::TimedOut, format!("time-out: {which}")),
        ureq::Error::Io(source) => source,
        ureq::Error::Rustls(source) => io::Error::other(source),
        other => io::Error::other(other),
    };
    let url = uri.to_string();
    if is_certificate(&source) { FetchError::Certificate { url, source } } else { FetchError::Connect { url, source } }
}

/// Whether the server's certificate is what is wrong: then trying again does not help.
fn is_certificate(error: &io::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(cause) = next {
        if let Some(rustls::Error::InvalidCertificate(_)) = cause.downcast_ref() {
            return true;
        }
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref).map(|inner| inner as _);
        next = wrapped.or_else(|| cause.source());
    }
    false
}

/// Resolves names and lets through only those addresses that may be connected to.
struct Checked {
    reach: Reach,
    refused: Arc<Mutex<Option<String>>>,
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Checked")
    }
}

impl Resolver for Checked {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let names = Arc::clone(&self.reach.names);
        let (send, receive) = std::sync::mpsc::channel();
        // The system's resolver knows no time-out: a thread that hangs is left behind, and ends when it answers.
        std::thread::spawn(move || send.send(names.look_up(&host, port)));
        let found = receive.recv_timeout(*timeout.after).map_err(|_| ureq::Error::Timeout(timeout.reason))??;
        let mut allowed = self.empty();
        for address in found.iter().take(ADDRESSES_MAX) {
            if (self.reach.allows)(*address) {
                allowed.push(*address);
            } else {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.ip().to_string());
            }
        }
        if allowed.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        // INVARIANT: what was refused is reported only when nothing was left.
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(allowed)
    }
}
