//! Programs of parties over the API: where one is told, the key of one that asks, and the door where it does.

use super::{Events, NOTICE, given, refusal};
use crate::{
    Notices, NoticesError,
    acts::whole,
    error::say,
    model::webhook::{self, UrlError},
    store::{
        channels::{self, Hook},
        letters,
    },
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::Route;
use sipar_authz::{Act, Secret};
use sipar_model::PartyId;
use sipar_web::{ApiError, WebError};
use std::{net::IpAddr, sync::Arc};

/// Where a party's own program asks.
pub(crate) const FEED: &str = "notice-feed";

/// Programs that are told: one for each of the largest parties.
pub(crate) const HOOKS_MAX: usize = 10_000;

/// Events in one answer of the feed, each with its whole notice: at most some 16 MB.
const EVENTS_MAX: usize = 20;

/// The JSON API.
pub(crate) fn routes(notices: &Arc<Notices>) -> Vec<Route> {
    let with = || Arc::clone(notices);
    let key = post(new_key).with_state(with());
    vec![
        Route::get("/api/v1/notices/webhooks", NOTICE, get(list).with_state(with())),
        Route::post("/api/v1/notices/webhooks/{party}", NOTICE, Act::Administer, post(set).with_state(with()))
            .sensitive(),
        Route::post(
            "/api/v1/notices/webhooks/{party}/remove",
            NOTICE,
            Act::Administer,
            post(remove).with_state(with()),
        ),
        Route::post("/api/v1/notices/keys/{party}", NOTICE, Act::Administer, key).sensitive(),
        Route::post(
            "/api/v1/notices/keys/{party}/remove",
            NOTICE,
            Act::Administer,
            post(remove_key).with_state(with()),
        ),
    ]
}

/// The door beside the portal: it looks at a party's own key.
pub(crate) fn doors(notices: &Arc<Notices>) -> Vec<Route> {
    vec![Route::get("/v1/notices", FEED, get(feed).with_state(Arc::clone(notices)))]
}

fn id(text: &str) -> Result<PartyId, WebError> {
    PartyId::parse(text)
        .map_err(|_| WebError::bad_request(say("notices-refused-party", [("given", given(text).into())])))
}

async fn known(notices: &Notices, text: &str) -> Result<PartyId, WebError> {
    let party = id(text)?;
    match notices.takes_part(&party).await.map_err(refusal)? {
        true => Ok(party),
        false => Err(WebError::not_found().detail(say("notices-refused-party", [("given", given(text).into())]))),
    }
}

async fn list(State(notices): State<Arc<Notices>>) -> Result<Json<Vec<Hook>>, ApiError> {
    let read = notices.house.store.read(|reader| channels::hooks(reader, HOOKS_MAX)).await;
    Ok(Json(read.map_err(refusal)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookBody {
    url: String,
}

#[derive(Serialize)]
struct Set {
    party: PartyId,
    url: String,
    /// Shown this once.
    secret: String,
}

async fn set(
    State(notices): State<Arc<Notices>>,
    Path(party): Path<String>,
    Json(body): Json<HookBody>,
) -> Result<(StatusCode, Json<Set>), ApiError> {
    let party = known(&notices, &party).await?;
    let url = webhook::url(&body.url).map_err(|error| {
        WebError::unprocessable(match error {
            UrlError::None => say("notices-refused-url", []),
            UrlError::Scheme => say("notices-refused-url-scheme", []),
            UrlError::More => say("notices-refused-url-more", []),
        })
    })?;
    let mut secret = [0; webhook::SECRET_BYTES];
    notices.random.fill(&mut secret).map_err(|_| WebError::unavailable(sipar_web::no_chance()))?;
    let (kept, address) = (party.clone(), url.clone());
    let written = notices.house.store.write(move |tx| {
        if channels::hook_count(tx)? >= HOOKS_MAX {
            return Err(NoticesError::Refused(say("notices-refused-full", [("max", HOOKS_MAX.into())])));
        }
        channels::set_hook(tx, &kept, &address, &secret)
    });
    written.await.map_err(refusal)?;
    Ok((StatusCode::CREATED, Json(Set { party, url, secret: webhook::secret_text(&secret) })))
}

fn none(party: &str) -> WebError {
    WebError::not_found().detail(say("notices-refused-no-channel", [("given", given(party).into())]))
}

async fn remove(
    State(notices): State<Arc<Notices>>,
    Path(party): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let kept = id(&party)?;
    let gone = notices.house.store.write(move |tx| channels::remove_hook(tx, &kept)).await.map_err(refusal)?;
    if gone { Ok(Json(serde_json::json!({ "removed": party }))) } else { Err(none(&party).into()) }
}

#[derive(Serialize)]
struct Key {
    party: PartyId,
    /// Shown this once.
    key: String,
}

async fn new_key(
    State(notices): State<Arc<Notices>>,
    Path(party): Path<String>,
) -> Result<(StatusCode, Json<Key>), ApiError> {
    let party = known(&notices, &party).await?;
    let no_chance = |_| WebError::unavailable(sipar_web::no_chance());
    let secret = Secret::generate(&*notices.random).map_err(no_chance)?;
    let (kept, hash, now) = (party.clone(), secret.hash(), notices.house.clock.now());
    let written = notices.house.store.write(move |tx| channels::set_key(tx, &kept, &hash, now));
    written.await.map_err(refusal)?;
    Ok((StatusCode::CREATED, Json(Key { party, key: secret.key_text() })))
}

async fn remove_key(
    State(notices): State<Arc<Notices>>,
    Path(party): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let kept = id(&party)?;
    let gone = notices.house.store.write(move |tx| channels::remove_key(tx, &kept)).await.map_err(refusal)?;
    if gone { Ok(Json(serde_json::json!({ "removed": party }))) } else { Err(none(&party).into()) }
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

/// What happened to a party's own notices, behind the event `after`, each event as a webhook has it.
async fn feed(
    State(notices): State<Arc<Notices>>,
    query: Result<Query<After>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
    peer: Option<axum::Extension<axum::extract::ConnectInfo<std::net::SocketAddr>>>,
) -> Response {
    let from = peer.map(|peer| peer.0.0.ip());
    let party = match admit(&notices, &headers, from).await {
        Ok(party) => party,
        Err(response) => return response,
    };
    let Ok(Query(After { after })) = query else {
        return refuse(StatusCode::BAD_REQUEST, "`after` is the number of an event: digits\n");
    };
    match told(&notices, party, after.max(0)).await {
        Ok(body) => ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response(),
        Err(error) => {
            tracing::error!(error = sipar_model::chain(&error), "a party's program was not answered");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "it cannot be answered now; try again\n")
        }
    }
}

async fn told(notices: &Notices, party: PartyId, after: i64) -> Result<serde_json::Value, NoticesError> {
    let read = notices.house.store.read(move |reader| {
        let events = letters::events(reader, Some(&party), after, EVENTS_MAX)?;
        let each = |event: &letters::Event| whole(reader, event.notice);
        let stand = events.iter().map(each).collect::<Result<Vec<_>, NoticesError>>()?;
        Ok::<_, NoticesError>((events, stand))
    });
    let (events, stand) = read.await?;
    let mut bodies = Vec::with_capacity(events.len());
    for (event, (notice, things)) in events.iter().zip(&stand) {
        let body = notices.body(event, notice, things)?;
        let mut value: serde_json::Value = serde_json::from_slice(&body).map_err(NoticesError::Json)?;
        value["id"] = format!("msg_{}", event.seq).into();
        bodies.push(value);
    }
    let more = events.len() == EVENTS_MAX;
    let after = Events::of(events, after).after;
    Ok(serde_json::json!({ "events": bodies, "after": after, "more": more }))
}

/// Whose key is in the request.
async fn admit(notices: &Notices, headers: &HeaderMap, from: Option<IpAddr>) -> Result<PartyId, Response> {
    let now = notices.house.clock.now();
    if notices.knocks.too_many(from, now) {
        return Err(refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "too many wrong keys came from there; try again in an hour\n",
        ));
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let secret = text("x-api-key").or(bearer).and_then(|key| Secret::parse_key(key.trim()));
    let found = match secret {
        None => None,
        Some(secret) => {
            let hash = secret.hash();
            let read = notices.house.store.read(move |reader| channels::holder(reader, &hash)).await;
            read.map_err(|error| {
                tracing::error!(error = sipar_model::chain(&error), "a key could not be looked up");
                refuse(StatusCode::SERVICE_UNAVAILABLE, "it cannot be answered now; try again\n")
            })?
        }
    };
    found.ok_or_else(|| {
        notices.knocks.note(from, now);
        refuse(StatusCode::UNAUTHORIZED, "a party's own key is needed; `sipar notice key PARTY` makes one\n")
    })
}

/// A refusal, for people who read logs.
fn refuse(status: StatusCode, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
