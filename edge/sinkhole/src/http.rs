//! Connections: read the head of a request, answer with the page, end.

use crate::{
    config::{SinkholeConfig, SinkholeError},
    page::{self, Subject, Voice},
    subject::{self, Block, Site},
    texts::Language,
    tls::{Certificate, UNRECOGNIZED_NAME},
};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::tz::TimeZone;
use sipar_model::{Clock, DomainName, MinuteCounts, SeenBy, Sighting};
use sipar_snapshot::Layers;
use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::LazyConfigAcceptor;

/// The head of a request must be there within this time; browsers send it at once.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
/// Everything about one connection must be over within this time: the page takes 3 s on the slowest line.
const CONNECTION_WITHIN: Duration = Duration::from_secs(20);
/// Bytes of a request's head. Sites fill browsers' cookie jars; what is longer gets a plain refusal (RFC 6585 §5).
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The certificate's files are looked at this often.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(1);
/// After the system refuses a connection, for example for want of file handles, the next is awaited so much later.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The block page: one policy, one voice.
pub struct Sinkhole {
    policy: ArcSwapOption<Layers>,
    clock: Arc<dyn Clock>,
    own: Option<DomainName>,
    voice: Voice,
    csp: HeaderValue,
    certificate: Certificate,
    connections: Arc<Semaphore>,
    counts: MinuteCounts,
}

impl Sinkhole {
    /// A block page without a policy yet: it says so.
    ///
    /// # Errors
    /// When a setting makes no sense.
    pub fn new(config: &SinkholeConfig, clock: Arc<dyn Clock>) -> Result<Arc<Self>, SinkholeError> {
        let name = |source| SinkholeError::Name { name: config.name.clone(), source };
        let own = match config.name.as_str() {
            "" => None,
            text => Some(DomainName::parse(text).map_err(name)?),
        };
        let zone = TimeZone::get(&config.time_zone)
            .map_err(|source| SinkholeError::Zone { zone: config.time_zone.clone(), source })?;
        let voice = Voice {
            organisation: config.organisation.clone(),
            portal: config.portal.trim_end_matches('/').to_owned(),
            zone,
        };
        let csp = HeaderValue::from_str(&page::content_security_policy()).expect("printable ASCII");
        Ok(Arc::new(Self {
            policy: ArcSwapOption::empty(),
            clock,
            own,
            voice,
            csp,
            certificate: Certificate::open(config)?,
            connections: Arc::new(Semaphore::new(config.connections_max.clamp(1, Semaphore::MAX_PERMITS))),
            counts: MinuteCounts::of(SeenBy::BlockPage),
        }))
    }

    /// Answers by `policy` from now on.
    pub fn swap(&self, policy: impl Into<Layers>) {
        self.policy.store(Some(Arc::new(policy.into())));
    }

    /// Takes the policy out of use: the page says that it has no list.
    pub fn clear(&self) {
        self.policy.store(None);
    }

    /// Takes what was counted since the last time: pages shown and handshakes ended, for each decision.
    pub fn take_counts(&self) -> Vec<Sighting> {
        self.counts.take()
    }

    /// The block on a site, counted.
    fn met(&self, site: &Site) -> Option<Block> {
        let now = self.clock.now();
        let block = subject::block(site, self.policy.load().as_ref()?, now)?;
        self.counts.count(block.decision, false, now);
        Some(block)
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let headers = request.headers();
        // The absolute form names the host too (RFC 9112 §3.2.2).
        let host = request.uri().authority().map(|authority| authority.as_str());
        let host = host.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()));
        let Some(site) = host.and_then(Site::parse) else {
            return self.respond(StatusCode::BAD_REQUEST, &Subject::Own, request);
        };
        if matches!((&site, &self.own), (Site::Name(name), Some(own)) if name == own) {
            return self.respond(StatusCode::OK, &Subject::Own, request);
        }
        if self.policy.load().is_none() {
            return self.respond(StatusCode::SERVICE_UNAVAILABLE, &Subject::NotReady, request);
        }
        match self.met(&site) {
            // What was asked for is refused here, and by whom else it is offered does not matter (RFC 9110 §15.5.4).
            Some(block) => self.respond(StatusCode::FORBIDDEN, &Subject::Blocked(&block), request),
            None => self.respond(StatusCode::NOT_FOUND, &Subject::NotBlocked(&site), request),
        }
    }

    fn respond(&self, status: StatusCode, subject: &Subject<'_>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let headers = request.headers();
        let (kind, body) = if wants_html(headers) {
            let first = Language::preferred(text(headers, header::ACCEPT_LANGUAGE));
            ("text/html; charset=utf-8", page::document(subject, first, &self.voice))
        } else {
            ("text/plain; charset=utf-8", page::plain(subject, &self.voice))
        };
        let body = if request.method() == Method::HEAD { Bytes::new() } else { Bytes::from(body) };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        let fields = response.headers_mut();
        let fixed = [
            (header::CONTENT_TYPE, kind),
            // The next answer may differ: the block may have ended.
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "accept, accept-language"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            // A body that somebody is sending here, perhaps a password, is not read.
            (header::CONNECTION, "close"),
        ];
        for (name, value) in fixed {
            fields.insert(name, HeaderValue::from_static(value));
        }
        fields.insert(header::CONTENT_SECURITY_POLICY, self.csp.clone());
        response
    }
}

/// Whether a person looks: browsers name HTML when they open a page, and do not when they load its parts.
fn wants_html(headers: &HeaderMap) -> bool {
    let accept = text(headers, header::ACCEPT);
    accept.is_empty() || accept.split(',').any(|range| range.trim_start().starts_with("text/html"))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Answers HTTP until `stop`.
pub async fn serve_http(sinkhole: Arc<Sinkhole>, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
    accept(sinkhole, listener, stop, |sinkhole, stream| async move { answer_on(&sinkhole, stream).await }).await;
}

/// Answers TLS until `stop`: the own name gets the page, every other one the end of its handshake.
pub async fn serve_https(sinkhole: Arc<Sinkhole>, listener: TcpListener, stop: impl Future<Output = ()> + Send) {
    let watched = Arc::clone(&sinkhole);
    let watch = tokio::spawn(async move {
        loop {
            tokio::time::sleep(CERTIFICATE_EVERY).await;
            watched.certificate.refresh();
        }
    });
    accept(sinkhole, listener, stop, |sinkhole, stream| async move { shake_hands(&sinkhole, stream).await }).await;
    watch.abort();
}

async fn accept<F>(
    sinkhole: Arc<Sinkhole>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send,
    answer: impl Fn(Arc<Sinkhole>, TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::pin!(stop);
    loop {
        let permit = tokio::select! {
            () = &mut stop => return,
            permit = Arc::clone(&sinkhole.connections).acquire_owned() => permit,
        };
        let Ok(permit) = permit else { return };
        let accepted = tokio::select! {
            () = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let work = timeout(CONNECTION_WITHIN, answer(Arc::clone(&sinkhole), stream));
                tokio::spawn(async move {
                    // Too slow or done: either way the connection ends here.
                    let _done = work.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the block page could not take a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

async fn answer_on<S>(sinkhole: &Sinkhole, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request| {
        let response = sinkhole.answer(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_BYTES_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // What a stranger's connection does wrong is nobody's concern here, and is not logged.
    let _ended = served.await;
}

async fn shake_hands(sinkhole: &Sinkhole, stream: TcpStream) {
    let handshake = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let Ok(Ok(started)) = timeout(HEAD_WITHIN, handshake).await else { return };
    let asked = started.client_hello().server_name().and_then(Site::parse);
    let own = matches!((&asked, &sinkhole.own), (Some(Site::Name(name)), Some(own)) if name == own);
    match sinkhole.certificate.current().filter(|_| own) {
        Some(config) => {
            if let Ok(Ok(stream)) = timeout(HEAD_WITHIN, started.into_stream(config)).await {
                answer_on(sinkhole, stream).await;
            }
        }
        None => {
            // Counted: most browsers come by HTTPS and never see the page.
            let _met = asked.and_then(|site| sinkhole.met(&site));
            // The peer may be gone already.
            let _ended = refuse(started.io).await;
        }
    }
}

/// Ends a handshake so that the browser says at once that the site cannot be reached.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&UNRECOGNIZED_NAME).await?;
    stream.shutdown().await
}
