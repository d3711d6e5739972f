//! The door for counts of what was met: `POST /v1/sightings`.
//!
//! A batch has a spool and a number, and is counted once however often it comes. Of what it tells, what was listed at
//! that minute becomes a sighting in the client's name; everything else is dropped here, and only how much it was is
//! counted, for the page.

use super::{DOOR, lapi::peer_of};
use crate::{
    Bouncers, BouncersError,
    clients::{Client, Refusal},
    model::{
        client::Scope,
        limits::Door,
        sightings::{Batch, Kept, keep, read},
    },
    store,
};
use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest as _, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::json;
use sipar_area::{AreaError, Route};
use sipar_authz::Act;
use std::{net::IpAddr, sync::Arc};

/// Bytes of a batch: a thousand names of 253 letters, each of which JSON may write as six.
const BATCH_BYTES_MAX: usize = 2 << 20;

/// The route.
pub fn routes(bouncers: &Arc<Bouncers>) -> Vec<Route> {
    let handler = post(sightings).layer(DefaultBodyLimit::max(BATCH_BYTES_MAX)).with_state(Arc::clone(bouncers));
    vec![Route::post("/v1/sightings", DOOR, Act::Write, handler)]
}

/// A refusal: what is wrong, and what to do.
fn refuse(status: StatusCode, text: &str, retry_after_s: Option<i64>) -> Response {
    let mut response = (status, axum::Json(json!({ "message": text }))).into_response();
    if let Some(seconds) = retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

async fn sightings(State(bouncers): State<Arc<Bouncers>>, request: Request) -> Response {
    let client = match admit(&bouncers, &request) {
        Ok(client) => client,
        Err(response) => return *response,
    };
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => {
            bouncers.clients.note(&client.name, "sightings-bad", 1);
            return refuse(rejection.status(), "the body is too large or was cut off", None);
        }
    };
    let batch = match read(&body) {
        Ok(batch) => batch,
        Err(error) => {
            bouncers.clients.note(&client.name, "sightings-bad", 1);
            return refuse(StatusCode::BAD_REQUEST, &error.to_string(), None);
        }
    };
    match take(&bouncers, &client, batch).await {
        Ok(Some((sequence, listed))) => axum::Json(json!({ "taken": sequence, "listed": listed })).into_response(),
        Ok(None) => {
            refuse(StatusCode::SERVICE_UNAVAILABLE, "no state of the policy was published yet; try again", Some(5))
        }
        Err(error) => {
            tracing::error!(error = AreaError::from(error).chain(), "counts were not taken; they come again");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "the counts cannot be kept now; send them again", Some(5))
        }
    }
}

/// Lets in who has a key for this door and something left of its share.
fn admit(bouncers: &Bouncers, request: &Request) -> Result<Client, Box<Response>> {
    let from = peer_of(request).map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.ip().to_canonical());
    let headers = request.headers();
    let key = headers.get("x-api-key").map(|value| value.to_str().unwrap_or_default().trim());
    let client = bouncers.clients.admit(key, Scope::Sightings, from).map_err(|refusal| match refusal {
        Refusal::NoKey => refuse(StatusCode::UNAUTHORIZED, "send the client's key as X-Api-Key", None),
        Refusal::UnknownKey => refuse(StatusCode::UNAUTHORIZED, "nobody has this key", None),
        Refusal::Scope => refuse(StatusCode::FORBIDDEN, "this key does not have the scope `sightings`", None),
        Refusal::TooMany => refuse(StatusCode::TOO_MANY_REQUESTS, "too many wrong keys from this address", Some(60)),
    })?;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    bouncers.clients.seen(&client.name, from, agent);
    match bouncers.clients.quotas.take(&client.name, Door::Sightings, bouncers.house.clock.now()) {
        Ok(_) => Ok(client),
        Err(spent) => {
            bouncers.clients.note(&client.name, "quota", 1);
            let text = "too many batches; gather more in each, up to 1,000 counts";
            Err(Box::new(refuse(StatusCode::TOO_MANY_REQUESTS, text, Some(spent.retry_after_s))))
        }
    }
}

/// Takes a batch; gives its number and how many counts of it were of listed things. None while nothing is listed.
async fn take(bouncers: &Arc<Bouncers>, client: &Client, batch: Batch) -> Result<Option<(u64, usize)>, BouncersError> {
    let Some(policy) = bouncers.listed().await? else { return Ok(None) };
    let (now, name) = (bouncers.house.clock.now(), client.name.clone());
    // What no column holds is no number either.
    let sequence = batch.sequence.min(i64::MAX.unsigned_abs());
    let Kept { sightings, not_listed, implausible } = keep(&batch, &name, &policy, now);
    let listed = sightings.len();
    let write = move |tx: &mut sipar_store::Tx<'_>| store::take(tx, &name, (&batch.spool, sequence), &sightings, now);
    if bouncers.house.store.write(write).await? {
        for (what, times) in [("sightings-not-listed", not_listed), ("sightings-implausible", implausible)] {
            if times > 0 {
                bouncers.clients.note(&client.name, what, times);
            }
        }
    }
    Ok(Some((sequence, listed)))
}
