//! A frame with a few routes, and a way to ask it.

use axum::{
    Form, Json, Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, Response, StatusCode},
    routing::{get, post},
};
use maud::html;
use sipar_authz::{
    Attempts, Authorizer, Gate, GateConfig, Identity, Keyring, Role, SessionBounds, Sessions, SystemRandom, Via,
};
use sipar_model::{Clock, TimestampMs};
use sipar_web::{Bounds, Frame, Group, NavItem, Page, PageContext, Saying, Site, Texts, WebError, page, sign_in};
use std::{sync::Arc, time::Duration};
use tower::ServiceExt as _;

/// A clock that stands.
pub struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> TimestampMs {
        TimestampMs(1_795_512_060_000)
    }
}

/// What the tests hold.
pub struct Portal {
    /// Everything.
    pub app: Router,
    /// An analyst's key.
    pub key: String,
    /// The secret of a one-time link.
    pub link: String,
}

/// A portal, by HTTPS alone or not.
pub fn portal(secure: bool) -> Portal {
    portal_within(secure, Duration::from_secs(30))
}

/// The same, giving up after `answer_time_max`.
pub fn portal_within(secure: bool, answer_time_max: Duration) -> Portal {
    let mut keyring = Keyring::default();
    let key = keyring.issue("duty desk", Role::Analyst, None, &SystemRandom).unwrap().key_text();
    let gate = Gate::new(GateConfig {
        keyring,
        book: Arc::new(Sessions::default()),
        attempts: Arc::new(Attempts::default()),
        bounds: SessionBounds::default(),
        secure,
        proxies: Vec::new(),
        clock: Arc::new(Stopped),
    });
    let admin = Identity::new(Role::Admin, "first start", Via::Nothing);
    let link = gate.sign_in_link(&admin).unwrap().text();
    let frame = Frame {
        texts: Arc::new(Texts::new([]).unwrap()),
        nav: Arc::new(vec![
            NavItem { group: Group::Public, text_key: "web-search", href: "/search", least: Role::Public },
            NavItem { group: Group::Public, text_key: "web-copy", href: "/inside", least: Role::Analyst },
        ]),
        authorizer: Arc::new(Authorizer::default()),
        gate: Arc::new(gate),
        site: Arc::new(Site::new("Example CERT", "mailto:help@cert.example", "Asia/Karachi").unwrap()),
        origin: None,
        proxies: Vec::new(),
        passkeys: sign_in::PasskeyPlace::of("https://sipar.example"),
        provider: Some("National sign-on".into()),
        bounds: Bounds { body_bytes_max: 1000, answer_time_max },
    };
    Portal { app: Arc::new(frame).wrap(routes()), key, link }
}

/// A fault of the store as it arrives: shared, and under a fault of an area.
fn wrapped(kind: std::io::ErrorKind) -> std::io::Error {
    let inner: std::sync::Arc<dyn std::error::Error + Send + Sync> =
        std::sync::Arc::new(std::io::Error::new(kind, "secret path"));
    std::io::Error::other(inner)
}

#[derive(serde::Deserialize)]
struct Days {
    days: u32,
}

fn routes() -> Router {
    let show = |ctx: PageContext| async move { page(&ctx, Page::new("A page", html! { p { "body" } })) };
    let refuse = || async {
        WebError::conflict(Saying::new(sipar_web::TEXTS, "web-wrong-asn", [("given", "<meanwhile>".into())]))
    };
    Router::new()
        .route("/", get(show))
        .route("/search", get(show))
        .route("/refuse", get(refuse))
        .route("/api/v1/refuse", get(refuse))
        .route("/api/v1/json", post(|Json(body): Json<serde_json::Value>| async move { Json(body) }))
        .route("/form", post(|Form(body): Form<Vec<(String, String)>>| async move { body.len().to_string() }))
        .route("/days", post(|Form(days): Form<Days>| async move { days.days.to_string() }))
        .route("/broken", get(|| async { WebError::internal("a test", &std::io::Error::other("secret path")) }))
        .route("/full", get(|| async { WebError::internal("a test", &wrapped(std::io::ErrorKind::StorageFull)) }))
        .route("/quota", get(|| async { WebError::internal("a test", &wrapped(std::io::ErrorKind::QuotaExceeded)) }))
        .route("/away", get(|| async { WebError::internal("a test", &wrapped(std::io::ErrorKind::NotConnected)) }))
        .route("/slow", get(std::future::pending::<()>))
        .merge(sign_in::routes())
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Asks: `GET /path` or `POST /path`, headers as pairs.
pub async fn ask(app: &Router, what: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let (method, uri) = what.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri).header("host", "sipar.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response: Response<Body> =
        app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 22).await.unwrap().to_vec();
    Answer { status: parts.status, headers: parts.headers, body }
}
