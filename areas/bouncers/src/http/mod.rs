//! The JSON API for operators, and the doors for other people's clients.

pub mod abuse;
pub mod filter;
pub mod lapi;
pub mod lists;
pub mod sightings;
mod tell;
pub mod usage;

use crate::{
    Bouncers, BouncersError,
    model::limits::Door,
    store::{self, PlaceRow},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::Route;
use sipar_authz::{Act, SystemRandom};
use sipar_model::TimestampMs;
use sipar_web::{ApiError, WebError};
use std::sync::Arc;

pub(crate) const CLIENT: &str = "client";
pub(crate) const DOOR: &str = "client-door";

/// The JSON API.
pub fn routes(bouncers: &Arc<Bouncers>) -> Vec<Route> {
    let state = || Arc::clone(bouncers);
    vec![
        Route::get("/api/v1/clients", CLIENT, get(list).with_state(state())),
        Route::get("/api/v1/clients/reporters", CLIENT, get(reporters).with_state(state())),
        Route::post("/api/v1/clients", CLIENT, Act::Administer, post(add).with_state(state())).sensitive(),
        Route::post("/api/v1/clients/{name}/remove", CLIENT, Act::Administer, post(remove).with_state(state())),
    ]
}

pub(crate) fn fault(error: BouncersError) -> WebError {
    match &error {
        BouncersError::Client(why) => WebError::bad_request(why.into()),
        BouncersError::Taken(why) | BouncersError::Full(why) => WebError::conflict(why.clone()),
        BouncersError::NoClient(why) => WebError::not_found().detail(why.clone()),
        _ => WebError::internal("serving enforcement clients", &error),
    }
}

#[derive(Serialize)]
struct PlaceShown {
    address: String,
    serial: u64,
    /// How many states it is behind; none while no state is known.
    behind: Option<u64>,
    polled_at: TimestampMs,
    program: String,
    version: String,
}

#[derive(Serialize)]
struct ClientShown {
    name: String,
    scopes: String,
    created_at: TimestampMs,
    places: Vec<PlaceShown>,
}

#[derive(Serialize)]
struct ClientsShown {
    /// The newest state, if one is known.
    serial: Option<u64>,
    /// How many networks are blocked in it.
    blocked: Option<usize>,
    clients: Vec<ClientShown>,
}

async fn list(State(bouncers): State<Arc<Bouncers>>) -> Result<Json<ClientsShown>, ApiError> {
    let state = bouncers.follower.state();
    let serial = state.as_ref().map(|state| state.serial);
    let place = |row: PlaceRow| PlaceShown {
        behind: serial.map(|newest| newest.saturating_sub(row.serial)),
        address: row.address,
        serial: row.serial,
        polled_at: row.polled_at,
        program: row.program,
        version: row.version,
    };
    let shown = bouncers.clients.all().into_iter().map(|(client, places)| ClientShown {
        name: client.name.clone(),
        scopes: client.scopes.to_string(),
        created_at: client.created_at,
        places: places.into_iter().map(place).collect(),
    });
    Ok(Json(ClientsShown { serial, blocked: state.map(|state| state.book.len()), clients: shown.collect() }))
}

#[derive(Serialize)]
struct ReporterShown {
    client: String,
    removed: bool,
    reports: u64,
    addresses: u64,
    confirmed: u64,
    refuted: u64,
    /// How far it is believed, in percent.
    share_percent: u8,
    reports_today: u64,
    reports_a_day_max: u64,
    last_at: TimestampMs,
}

/// Who reports, and how far each is believed.
async fn reporters(State(bouncers): State<Arc<Bouncers>>) -> Result<Json<Vec<ReporterShown>>, ApiError> {
    let all = bouncers.house.store.read(store::reporters).await.map_err(|error| fault(error.into()))?;
    let now = bouncers.house.clock.now();
    let shown = all.into_iter().map(|reporter| ReporterShown {
        removed: reporter.removed,
        reports: reporter.times,
        addresses: reporter.record.addresses,
        confirmed: reporter.record.confirmed,
        refuted: reporter.record.refuted,
        share_percent: bouncers.reports.share_percent(&reporter),
        reports_today: bouncers.clients.quotas.used(&reporter.client, Door::Report, now),
        reports_a_day_max: Door::Report.bounds().0,
        last_at: reporter.last_at,
        client: reporter.client,
    });
    Ok(Json(shown.collect()))
}

/// A client to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddBody {
    name: String,
    #[serde(default = "decisions")]
    scopes: String,
}

fn decisions() -> String {
    "decisions".to_owned()
}

#[derive(Serialize)]
struct Added {
    name: String,
    /// Shown this once.
    key: String,
}

async fn add(
    State(bouncers): State<Arc<Bouncers>>,
    Json(body): Json<AddBody>,
) -> Result<(StatusCode, Json<Added>), ApiError> {
    let key = bouncers.clients.add(&body.name, &body.scopes, &SystemRandom).await.map_err(fault)?;
    Ok((StatusCode::CREATED, Json(Added { name: body.name, key: key.key_text() })))
}

async fn remove(
    State(bouncers): State<Arc<Bouncers>>,
    Path(name): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    bouncers.clients.remove(&name).await.map_err(fault)?;
    Ok(Json(serde_json::json!({ "removed": name })))
}
