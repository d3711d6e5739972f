//! CrowdSec's local API as its bouncers ask it: `/v1/decisions`, `/v1/decisions/stream`, `/v1/usage-metrics`.
//!
//! Forms and status codes follow its OpenAPI description and behaviour (crowdsecurity/crowdsec, localapi_swagger.yaml):
//! an empty list is `null`, a stream is never null, a wrong key is 403.
//! A machine is known by its key and its address, as there: several may share a key.

use super::{
    DOOR,
    filter::Filter,
    tell::{Part, Telling},
    usage,
};
use crate::{
    Bouncers,
    clients::{Client, Refusal},
    model::client::Scope,
    policy::State as PolicyState,
    reports::blocks_of,
};
use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, Query, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use sipar_area::Route;
use sipar_authz::Act;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// Bytes of usage metrics: some counters, a hundred times over.
const USAGE_BYTES_MAX: usize = 1 << 20;

/// What nothing new looks like, written as the original writes it.
const NOTHING_NEW: &str = "{\"new\": [], \"deleted\": []}";

/// The routes that bouncers ask.
pub fn routes(bouncers: &Arc<Bouncers>) -> Vec<Route> {
    let state = || Arc::clone(bouncers);
    let metrics = post(usage_metrics).layer(DefaultBodyLimit::max(USAGE_BYTES_MAX)).with_state(state());
    vec![
        Route::get("/v1/decisions", DOOR, get(decisions).with_state(state())),
        Route::get("/v1/decisions/stream", DOOR, get(stream).with_state(state())),
        Route::post("/v1/usage-metrics", DOOR, Act::Write, metrics),
    ]
}

/// A refusal in that API's form.
fn message(status: StatusCode, text: &str) -> Response {
    let body = serde_json::json!({ "message": text }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::TooMany => {
            let mut response = message(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys from this address");
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("60"));
            response
        }
        Refusal::NoKey | Refusal::UnknownKey | Refusal::Scope => message(StatusCode::FORBIDDEN, "access forbidden"),
    }
}

/// Until the first state was read nobody is told that nothing is blocked.
fn not_ready() -> Response {
    let mut response = message(StatusCode::SERVICE_UNAVAILABLE, "no state of the policy was read yet; try again");
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("5"));
    response
}

fn json(body: impl Into<Body>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.into()).into_response()
}

/// Who asks, from where, with which program.
struct Asker {
    client: Client,
    from: IpAddr,
    agent: String,
}

impl Asker {
    fn admit(bouncers: &Bouncers, peer: Option<SocketAddr>, headers: &HeaderMap) -> Result<Self, Refusal> {
        // Inside the process, as in tests, there is no peer.
        let from = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip().to_canonical());
        let key = headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default().trim());
        let client = bouncers.clients.admit(key, Scope::Decisions, from)?;
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self { client, from, agent: agent.to_owned() })
    }
}

pub(super) fn peer_of(request: &Request) -> Option<SocketAddr> {
    request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// The pairs of a query, decoded.
pub(super) fn pairs(request: &Request) -> Vec<(String, String)> {
    Query::try_from_uri(request.uri()).map(|Query(pairs)| pairs).unwrap_or_default()
}

async fn stream(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, peer_of(&request), request.headers()) {
        Ok(asker) => asker,
        Err(refusal) => return refused(refusal),
    };
    // It asks whether its key holds; what it is told next does not change.
    if request.method() == Method::HEAD {
        return json(Body::empty());
    }
    let Some(state) = bouncers.follower.state() else { return not_ready() };
    let pairs = pairs(&request);
    let startup = pairs.iter().any(|(name, value)| name == "startup" && value == "true");
    let known = bouncers.clients.last_told(&asker.client.name, asker.from).filter(|_| !startup);
    if known == Some(state.serial) {
        bouncers.clients.told(&asker.client.name, asker.from, state.serial, &asker.agent);
        return json(NOTHING_NEW);
    }
    match Filter::parse(&pairs) {
        Ok(filter) => tell_stream(&bouncers, state, filter, known, asker),
        Err(fault) => message(StatusCode::INTERNAL_SERVER_ERROR, &fault.to_string()),
    }
}

/// Everything, or what has changed since `known`.
fn tell_stream(
    bouncers: &Arc<Bouncers>,
    state: Arc<PolicyState>,
    filter: Filter,
    known: Option<u64>,
    asker: Asker,
) -> Response {
    let changes = known.and_then(|serial| state.journal.since(serial));
    if known.is_some() && changes.is_none() {
        bouncers.clients.note(&asker.client.name, "behind-journal", 1);
    }
    let (new, gone) = match changes {
        Some(changes) => (Part::Items(changes.new.into_iter()), changes.gone),
        None => (Part::All, Vec::new()),
    };
    let parts = [
        Part::Text("{\"new\": ["),
        new,
        Part::Text("], \"deleted\": ["),
        Part::Items(gone.into_iter()),
        Part::Text("]}"),
    ];
    let (serial, bouncers, now) = (state.serial, Arc::clone(bouncers), bouncers.house.clock.now());
    // The serial moves when all of it was handed over: who was cut off is told again.
    let done = move || bouncers.clients.told(&asker.client.name, asker.from, serial, &asker.agent);
    json(Telling::new(state, filter, now, parts, done).body())
}

async fn decisions(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, peer_of(&request), request.headers()) {
        Ok(asker) => asker,
        Err(refusal) => return refused(refusal),
    };
    let Some(state) = bouncers.follower.state() else { return not_ready() };
    let filter = match Filter::parse(&pairs(&request)) {
        Ok(filter) => filter,
        Err(fault) => return message(StatusCode::INTERNAL_SERVER_ERROR, &fault.to_string()),
    };
    if request.method() == Method::HEAD {
        return json(Body::empty());
    }
    // A live bouncer asks for each visitor: its place keeps the serial that streams have told it.
    let serial = bouncers.clients.last_told(&asker.client.name, asker.from).unwrap_or(0);
    bouncers.clients.told(&asker.client.name, asker.from, serial, &asker.agent);
    let now = bouncers.house.clock.now();
    let part = match filter.net {
        None => Part::All,
        Some(net) if filter.contains => Part::Items(blocks_of(&state, &net, now).into_iter()),
        Some(net) => Part::Items(state.book.inside(&net, now).into_iter()),
    };
    let mut telling = Telling::new(state, filter, now, [Part::Text("["), part, Part::Text("]")], || {});
    // An empty list is `null` there, and clients look for it.
    match telling.next_piece() {
        Some(piece) if &piece[..] == b"[]" => json("null"),
        Some(piece) => json(telling.body_after(piece)),
        None => json("null"),
    }
}

async fn usage_metrics(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let asker = match Asker::admit(&bouncers, peer_of(&request), request.headers()) {
        Ok(asker) => asker,
        Err(refusal) => return refused(refusal),
    };
    use axum::extract::FromRequest as _;
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => return message(rejection.status(), "the body is too large or was cut off"),
    };
    let now = bouncers.house.clock.now();
    let counts = match usage::parse(&body, &asker.client.name, now) {
        Ok(counts) => counts,
        Err(fault) => {
            bouncers.clients.note(&asker.client.name, "bad-usage", 1);
            return message(fault.status(), &fault.to_string());
        }
    };
    match bouncers.clients.count_usage(counts).await {
        Ok(()) => StatusCode::CREATED.into_response(),
        Err(error) => {
            let error = crate::BouncersError::from(error);
            tracing::error!(error = sipar_area::AreaError::from(error).chain(), "usage metrics were not kept");
            message(StatusCode::INTERNAL_SERVER_ERROR, "unable to insert row")
        }
    }
}
