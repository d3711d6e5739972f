//! The routes.

use crate::{
    bulk,
    config::ReputationConfig,
    limit::{KeyLimit, Limiter},
    openapi,
    problem::Problem,
    verdict::{VerdictWord, hit, verdict, word},
};
use arc_swap::ArcSwapOption;
use axum::{
    Router,
    body::Bytes,
    extract::{
        ConnectInfo, DefaultBodyLimit, Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use sipar_model::{Clock, MinuteCounts, Observable, ObservableKind, SeenBy, Sighting, TimestampMs};
use sipar_snapshot::{Layers, Networks};
use std::{net::SocketAddr, sync::Arc};

/// The service: one policy, perhaps a table of networks, and who may ask.
pub struct Reputation {
    policy: ArcSwapOption<Layers>,
    networks: ArcSwapOption<Networks>,
    clock: Arc<dyn Clock>,
    anonymous_per_s: u32,
    trust_loopback: bool,
    connections_max: usize,
    idle_s: u32,
    keys: Vec<([u8; 32], u32, KeyLimit)>,
    limiter: Limiter,
    counts: MinuteCounts,
}

/// A key in the configuration is not the SHA-256 of one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the key `{label}` needs `sha256` with 64 hexadecimal digits; `sipar key new` prints them")]
pub struct BadKey {
    label: String,
}

impl Reputation {
    /// A service without a policy yet: it answers 503.
    ///
    /// # Errors
    /// When a key's hash cannot be read.
    pub fn new(config: &ReputationConfig, clock: Arc<dyn Clock>) -> Result<Arc<Self>, BadKey> {
        let key = |key: &crate::Key| {
            let digest = sipar_model::FileHash::parse(&key.sha256).ok();
            let digest = digest.and_then(|hash| <[u8; 32]>::try_from(hash.bytes()).ok());
            digest.map(|digest| (digest, key.per_s, KeyLimit::new())).ok_or_else(|| BadKey { label: key.label.clone() })
        };
        Ok(Arc::new(Self {
            policy: ArcSwapOption::empty(),
            networks: ArcSwapOption::empty(),
            clock,
            anonymous_per_s: config.anonymous_per_s,
            trust_loopback: config.trust_loopback,
            connections_max: config.connections_max,
            idle_s: config.idle_s,
            keys: config.keys.iter().map(key).collect::<Result<_, _>>()?,
            limiter: Limiter::new(),
            counts: MinuteCounts::of(SeenBy::LookUp),
        }))
    }

    /// Puts `policy` in force.
    pub fn swap(&self, policy: impl Into<Layers>) {
        self.policy.store(Some(Arc::new(policy.into())));
    }

    /// Takes the policy out of force: it answers 503 again until there is another.
    pub fn clear(&self) {
        self.policy.store(None);
    }

    /// Uses this table of networks from now on.
    pub fn swap_networks(&self, networks: Arc<Networks>) {
        self.networks.store(Some(networks));
    }

    /// Connections at once, and the seconds after which an idle one ends.
    pub(crate) const fn bounds(&self) -> (usize, u32) {
        (self.connections_max, self.idle_s)
    }

    /// Takes what was counted since the last time.
    pub fn take_counts(&self) -> Vec<Sighting> {
        self.counts.take()
    }

    /// Whether the caller may make `cost` look-ups now.
    fn admit(&self, headers: &HeaderMap, peer: SocketAddr, cost: usize, now: TimestampMs) -> Result<(), Problem> {
        #[expect(clippy::cast_precision_loss, reason = "at most ITEMS_MAX")]
        let cost = cost.max(1) as f64;
        if let Some(key) = given_key(headers) {
            let digest: [u8; 32] = Sha256::digest(key).into();
            // Comparing hashes tells an attacker nothing about the key.
            let known = self.keys.iter().find(|(known, ..)| *known == digest).ok_or(Problem::BadKey)?;
            return known.2.take(known.1, cost, now).map_err(Problem::TooMany);
        }
        if self.trust_loopback && peer.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        if self.anonymous_per_s == 0 {
            return Err(Problem::NeedsKey);
        }
        self.limiter.take(peer.ip(), self.anonymous_per_s, cost, now).map_err(Problem::TooMany)
    }

    /// The answer to `GET /v1/ip/ADDRESS`, which nearly every request is, without the way through the router (measured
    /// together with writing it in one piece: 15 to 17 us of processor time instead of 27). `None`: the router answers.
    #[must_use]
    pub fn at_once<B>(&self, peer: SocketAddr, request: &Request<B>) -> Option<Response> {
        let address = request.uri().path().strip_prefix(IP_PATH)?;
        let plain = request.method() == Method::GET && !address.is_empty() && !address.contains(['/', '%']);
        plain.then(|| one(self, peer, request.headers(), ObservableKind::Address, address).into_response())
    }

    fn look_up(&self, observable: Observable, now: TimestampMs) -> Result<Response, Problem> {
        let policy = self.policy.load();
        let policy = policy.as_ref().ok_or(Problem::NotReady)?;
        let networks = self.networks.load();
        let hit = hit(policy, &observable, now);
        if let Some(hit) = &hit {
            self.counts.count(hit.decision, hit.shadow, now);
        }
        Ok(json(&verdict(policy, networks.as_deref(), observable, hit.as_ref())))
    }
}

/// The key of `Authorization: Bearer KEY` or `X-Api-Key: KEY`.
fn given_key(headers: &HeaderMap) -> Option<&[u8]> {
    let own = headers.get("x-api-key").map(HeaderValue::as_bytes);
    let bearer = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    own.or_else(|| bearer.and_then(|value| value.strip_prefix(b"Bearer ")))
}

/// Room for nearly every answer.
const ANSWER_BYTES: usize = 512;

fn json<T: serde::Serialize>(value: &T) -> Response {
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    match serde_json::to_writer(&mut body, value) {
        Ok(()) => {
            ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
        }
        // Not reached: a verdict has string keys and finite numbers only.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// In front of an address that is asked for.
const IP_PATH: &str = "/v1/ip/";

/// The routes of `service`. Serve them with connect info ([`serve`](crate::serve) does), because limits are per client network.
pub fn router(service: Arc<Reputation>) -> Router {
    Router::new()
        .route("/v1/ip/{address}", get(ip))
        // A network has a slash in it.
        .route("/v1/ip/{address}/{length}", get(network))
        .route("/v1/domain/{name}", get(domain))
        .route("/v1/url", get(url))
        .route("/v1/hash/{hash}", get(hash))
        .route("/v1/bulk", post(bulk_answer).layer(DefaultBodyLimit::max(bulk::BODY_BYTES_MAX)))
        .route("/v1/auth", get(auth))
        .route("/v1/openapi.json", get(openapi_json))
        .route("/healthz", get(health))
        .fallback(|| async { Problem::NoPath })
        .method_not_allowed_fallback(|| async { Problem::Method })
        .with_state(service)
}

type Service = State<Arc<Reputation>>;
type Peer = ConnectInfo<SocketAddr>;

fn one(
    service: &Reputation,
    peer: SocketAddr,
    headers: &HeaderMap,
    kind: ObservableKind,
    text: &str,
) -> Result<Response, Problem> {
    let now = service.clock.now();
    service.admit(headers, peer, 1, now)?;
    let observable = Observable::from_parts(kind, text).map_err(|error| Problem::BadInput(error.to_string()))?;
    service.look_up(observable, now)
}

async fn ip(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    text: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(text) = text?;
    let kind = if text.contains('/') { ObservableKind::Prefix } else { ObservableKind::Address };
    one(&service, peer, &headers, kind, &text)
}

async fn network(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    parts: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Path((address, length)) = parts?;
    one(&service, peer, &headers, ObservableKind::Prefix, &format!("{address}/{length}"))
}

async fn domain(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    text: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    one(&service, peer, &headers, ObservableKind::Domain, &text?)
}

async fn hash(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    text: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    one(&service, peer, &headers, ObservableKind::File, &text?)
}

#[derive(Deserialize)]
struct UrlQuery {
    #[serde(default)]
    u: String,
}

async fn url(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    query: Result<Query<UrlQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    one(&service, peer, &headers, ObservableKind::Url, &query?.u)
}

async fn bulk_answer(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let now = service.clock.now();
    let items = bulk::items(&body?)?;
    service.admit(&headers, peer, items.len(), now)?;
    let policy = service.policy.load_full().ok_or(Problem::NotReady)?;
    let networks = service.networks.load_full();
    // Some tens of milliseconds for a full request: beside the threads that answer single look-ups.
    let work = tokio::task::spawn_blocking(move || {
        let (answers, met) = bulk::answer(&policy, networks.as_deref(), items, now);
        for (decision, shadow) in met {
            service.counts.count(decision, shadow, now);
        }
        json(&serde_json::json!({ "snapshot": policy.serial(), "results": answers }))
    });
    Ok(work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
}

#[derive(Deserialize)]
struct AuthQuery {
    ip: Option<String>,
}

/// For nginx's `auth_request`: 204 lets the request through, 403 does not. The address is that of
/// `X-Sipar-Address`, of `X-Real-IP`, or of `?ip=`. When nothing can be said the request passes: a web site must not
/// go down with its reputation service; the header says so.
async fn auth(
    State(service): Service,
    ConnectInfo(peer): Peer,
    headers: HeaderMap,
    query: Result<Query<AuthQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let now = service.clock.now();
    service.admit(&headers, peer, 1, now)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text = header("x-sipar-address")
        .or_else(|| header("x-real-ip"))
        .or(query?.0.ip)
        .ok_or_else(|| Problem::BadInput("send the client's address as `X-Sipar-Address: ADDRESS`".into()))?;
    let address = sipar_model::address::parse_address(&text).map_err(|error| Problem::BadInput(error.to_string()))?;
    let policy = service.policy.load();
    let Some(policy) = policy.as_ref() else { return Ok(told(StatusCode::NO_CONTENT, "unknown", None)) };
    let hit = policy.address(address, now);
    if let Some(hit) = &hit {
        service.counts.count(hit.decision, hit.shadow, now);
    }
    Ok(match word(hit.as_ref()) {
        VerdictWord::Block => told(StatusCode::FORBIDDEN, "block", hit.map(|hit| hit.decision.0)),
        VerdictWord::Shadow => told(StatusCode::NO_CONTENT, "shadow", hit.map(|hit| hit.decision.0)),
        VerdictWord::Allow => told(StatusCode::NO_CONTENT, "allow", hit.map(|hit| hit.decision.0)),
        VerdictWord::NotListed => told(StatusCode::NO_CONTENT, "not-listed", None),
    })
}

fn told(status: StatusCode, verdict: &'static str, decision: Option<u32>) -> Response {
    let mut response = status.into_response();
    response.headers_mut().insert("x-sipar-verdict", HeaderValue::from_static(verdict));
    if let Some(decision) = decision {
        response.headers_mut().insert("x-sipar-decision", HeaderValue::from(decision));
    }
    response
}

async fn openapi_json() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::DOCUMENT).into_response()
}

/// Ready with an open snapshot; says which, and how old it is.
async fn health(State(service): Service) -> Result<Response, Problem> {
    let policy = service.policy.load();
    let policy = policy.as_ref().ok_or(Problem::NotReady)?;
    let age_s = service.clock.now().since_ms(policy.created()).max(0) / 1_000;
    Ok(json(&serde_json::json!({
        "ready": true, "snapshot": policy.serial(), "entries": policy.entries(), "snapshot_age_s": age_s,
    })))
}
