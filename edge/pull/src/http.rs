//! The control plane over HTTP or HTTPS.

use crate::{PullError, Source, folder::failed, report::Told};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use sipar_model::SnapshotSerial;
use sipar_snapshot::{FileRef, latest::LATEST_BYTES_MAX};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use ureq::{
    Agent, Body,
    http::Response,
    tls::{Certificate, RootCerts, TlsConfig, TlsProvider},
};

/// Bytes of a file with authorities: the bundle of all public ones has some 200 kB.
const AUTHORITIES_BYTES_MAX: u64 = 4 << 20;

/// Until an answer begins: the control plane holds a question for news for 25 s, so silence is a broken line soon after.
const ANSWER: Duration = Duration::from_secs(35);

/// Silence within an answer.
const IDLE: Duration = Duration::from_secs(60);

/// All of one answer: a file of 1 GB over 5 Mbit/s takes half an hour, and is gone on with where it broke off.
const TOTAL: Duration = Duration::from_secs(1_800);

/// Bytes of an answer to a report.
const TOLD_BYTES_MAX: u64 = 16 << 10;

/// How the control plane is reached.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// Its address: `https://HOST`, with or without a path.
    pub from: String,
    /// The key of this edge, if it has one.
    pub identity: Option<String>,
    /// A PEM file with the authorities of the server, in place of the public ones.
    pub authorities: Option<PathBuf>,
}

/// A way to the control plane. Each thread has its own.
pub struct Http {
    agent: Agent,
    base: String,
    identity: Option<String>,
}

impl Http {
    /// A way there; connects to nobody yet.
    ///
    /// # Errors
    /// When the address or the authorities make no sense.
    pub fn new(config: &HttpConfig) -> Result<Self, PullError> {
        let base = config.from.trim_end_matches('/').to_owned();
        let parsed: Result<ureq::http::Uri, _> = base.parse();
        let sound = parsed.is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
        if !sound {
            return Err(PullError::Url(config.from.chars().take(200).collect()));
        }
        let roots = config.authorities.as_deref().map_or(Ok(RootCerts::WebPki), authorities)?;
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            // A control plane that moves says so to its operators; a redirect could lead to a place without TLS.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("sipar-edge/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_resolve(Some(Duration::from_secs(10)))
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(IDLE))
            .timeout_global(Some(TOTAL))
            .build()
            .into();
        Ok(Self { agent, base, identity: config.identity.clone() })
    }

    fn get(&self, url: &str, range: Option<u64>) -> Result<Response<Body>, PullError> {
        let mut request = self.agent.get(url);
        if let Some(identity) = &self.identity {
            request = request.header("x-api-key", identity);
        }
        if let Some(from) = range.filter(|from| *from > 0) {
            request = request.header("range", format!("bytes={from}-"));
        }
        request.call().map_err(|error| reach(url, error))
    }

    /// Tells the control plane how this edge is.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn tell(&self, report: &[u8]) -> Result<Told, PullError> {
        let (url, bytes) = self.post("/edge/v1/report", report)?;
        serde_json::from_slice(&bytes).map_err(|error| PullError::Reach { url, source: error.into() })
    }

    /// Sends a batch of what was met.
    ///
    /// # Errors
    /// When it was not taken.
    pub fn send_sightings(&self, batch: &[u8]) -> Result<(), PullError> {
        self.post("/v1/sightings", batch).map(|_| ())
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<(String, Vec<u8>), PullError> {
        let url = format!("{}{path}", self.base);
        let mut request = self.agent.post(&url).header("content-type", "application/json");
        if let Some(identity) = &self.identity {
            request = request.header("x-api-key", identity);
        }
        let mut response = request.send(body).map_err(|error| reach(&url, error))?;
        if response.status() != 200 {
            return Err(refused(&url, response.status().as_u16()));
        }
        let read = response.body_mut().with_config().limit(TOLD_BYTES_MAX).read_to_vec();
        let bytes = read.map_err(|error| reach(&url, error))?;
        Ok((url, bytes))
    }
}

impl Source for Http {
    fn latest(&mut self, ring: &str, after: Option<SnapshotSerial>) -> Result<Vec<u8>, PullError> {
        let mut url = format!("{}/edge/v1/latest/{ring}", self.base);
        if let Some(after) = after {
            url.push_str(&format!("?after={after}"));
        }
        let mut response = self.get(&url, None)?;
        if response.status() != 200 {
            return Err(refused(&url, response.status().as_u16()));
        }
        let read = response.body_mut().with_config().limit(LATEST_BYTES_MAX as u64).read_to_vec();
        read.map_err(|error| reach(&url, error))
    }

    fn file(&mut self, file: &FileRef, part: &Path) -> Result<u64, PullError> {
        let url = format!("{}/edge/v1/files/{}", self.base, file.name);
        let mut there = fs::metadata(part).map_or(0, |metadata| metadata.len());
        let mut response = self.get(&url, Some(there))?;
        match response.status().as_u16() {
            206 if starts_at(&response) == Some(there) => {}
            // A cache that knows no ranges gives all of it.
            200 => there = 0,
            206 | 416 => {
                fs::remove_file(part).map_err(failed("removing", part))?;
                return Err(refused(&url, 416));
            }
            status => return Err(refused(&url, status)),
        }
        let open = fs::OpenOptions::new().create(true).write(true).truncate(there == 0).append(there > 0).open(part);
        let mut out = open.map_err(failed("opening", part))?;
        let left = file.bytes - there;
        // One byte more than announced tells that there is too much.
        let body = response.body_mut().with_config().limit(left + 1).reader();
        let copied = copy(body.take(left + 1), &mut out, part, &url)?;
        if copied != left {
            if copied > left {
                fs::remove_file(part).map_err(failed("removing", part))?;
            }
            return Err(PullError::Length { url, bytes: there + copied, expected: file.bytes });
        }
        out.flush().map_err(failed("writing", part))?;
        Ok(copied)
    }
}

fn copy(mut from: impl io::Read, to: &mut fs::File, part: &Path, url: &str) -> Result<u64, PullError> {
    let mut buffer = vec![0; 64 << 10];
    let mut copied = 0;
    loop {
        let got = match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(got) => got,
            Err(source) => return Err(PullError::Reach { url: url.to_owned(), source }),
        };
        to.write_all(&buffer[..got]).map_err(failed("writing", part))?;
        copied += got as u64;
    }
}

/// The first byte of a part (RFC 9110 §14.4).
fn starts_at(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("content-range")?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok()
}

fn refused(url: &str, status: u16) -> PullError {
    let hint = match status {
        401 | 403 if url.ends_with("/v1/sightings") => {
            "; give a client's key with --key-file; `sipar bouncer add NAME --scopes sightings` makes one"
        }
        401 | 403 => {
            "; give the edge's own key with --identity (`sipar edges add NAME` makes one); where the control plane has \
             an address for clients ([clients] listen), edges go to that one"
        }
        404 | 410 => "; the file is no longer kept there",
        429 | 503 => "; it is busy",
        _ => "",
    };
    PullError::Status { url: url.to_owned(), status, hint }
}

fn reach(url: &str, error: ureq::Error) -> PullError {
    let source = match error {
        ureq::Error::Timeout(which) => io::Error::new(io::ErrorKind::TimedOut, format!("time-out: {which}")),
        ureq::Error::Io(source) => source,
        other => io::Error::other(other),
    };
    PullError::Reach { url: url.to_owned(), source }
}

/// The authorities in a PEM file.
fn authorities(path: &Path) -> Result<RootCerts, PullError> {
    let wrong = |source| PullError::Authorities { path: path.to_owned(), source };
    let mut pem = Vec::new();
    fs::File::open(path).and_then(|file| file.take(AUTHORITIES_BYTES_MAX).read_to_end(&mut pem)).map_err(wrong)?;
    let mut certificates = Vec::new();
    for found in CertificateDer::pem_slice_iter(&pem) {
        let found = found.map_err(|error| wrong(io::Error::other(error.to_string())))?;
        certificates.push(Certificate::from_der(&found).to_owned());
    }
    if certificates.is_empty() {
        return Err(wrong(io::Error::other("there is no certificate in it")));
    }
    Ok(RootCerts::new_with_certs(&certificates))
}
