//! The JSON API of zones.

use crate::{
    Zones, ZonesError,
    model::About,
    people::{Issued, Standing},
    store,
};
use axum::{
    Json,
    extract::{Path, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::Route;
use sipar_authz::Act;
use sipar_web::{ApiError, WebError};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const SUBSCRIBER: &str = "subscriber";

/// The JSON API.
pub fn routes(zones: &Arc<Zones>) -> Vec<Route> {
    let with = || Arc::clone(zones);
    vec![
        Route::get("/api/v1/zones/subscribers", SUBSCRIBER, get(list).with_state(with())),
        Route::post("/api/v1/zones/subscribers", SUBSCRIBER, Act::Administer, post(add).with_state(with())).sensitive(),
        Route::post(
            "/api/v1/zones/subscribers/{slug}/rotate",
            SUBSCRIBER,
            Act::Administer,
            post(rotate).with_state(with()),
        )
        .sensitive(),
        Route::post(
            "/api/v1/zones/subscribers/{slug}/contact",
            SUBSCRIBER,
            Act::Administer,
            post(contact).with_state(with()),
        ),
        Route::post(
            "/api/v1/zones/subscribers/{slug}/remove",
            SUBSCRIBER,
            Act::Administer,
            post(remove).with_state(with()),
        ),
    ]
}

pub(crate) fn refusal(error: ZonesError) -> WebError {
    match error {
        ZonesError::Refused(why) => WebError::unprocessable(why),
        ZonesError::Missing(why) => WebError::not_found().detail(why),
        other => WebError::internal("using zones", &other),
    }
}

/// Everything about the zones.
#[derive(Serialize)]
struct Shown {
    /// The serial of the newest state; 0: none is served yet.
    serial: u64,
    /// How many listed names are too long for a zone, and how many listed things no zone carries.
    left_out_long: u64,
    left_out_other: u64,
    /// Whether mail is set up, by which contacts are warned.
    mail: bool,
    subscribers: Vec<Standing>,
    /// What strangers did at the door.
    strangers: BTreeMap<String, u64>,
}

async fn list(State(zones): State<Arc<Zones>>) -> Result<Json<Shown>, ApiError> {
    let subscribers = zones.standings().await.map_err(refusal)?;
    let events = zones.house.store.read(store::events).await.map_err(refusal)?;
    let strangers = events.into_iter().filter(|one| one.0.is_empty()).map(|one| (one.1, one.2)).collect();
    let live = zones.live.load_full();
    let apex_bytes = zones.zone_name("phishing").map_or(0, |name| name.wire().len());
    let (left_out_long, left_out_other) = live.as_ref().map_or((0, 0), |live| live.view.index.left_out(apex_bytes));
    let serial = live.map_or(0, |live| live.serial());
    let mail = zones.mailer.get().is_some();
    Ok(Json(Shown { serial, left_out_long, left_out_other, mail, subscribers, strangers }))
}

async fn add(State(zones): State<Arc<Zones>>, Json(about): Json<About>) -> Result<Json<Issued>, ApiError> {
    Ok(Json(zones.subscribe(about).await.map_err(refusal)?))
}

async fn rotate(State(zones): State<Arc<Zones>>, Path(slug): Path<String>) -> Result<Json<Issued>, ApiError> {
    Ok(Json(zones.rotate(&slug).await.map_err(refusal)?))
}

/// Whom to warn.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    contact: String,
}

async fn contact(
    State(zones): State<Arc<Zones>>,
    Path(slug): Path<String>,
    Json(Contact { contact }): Json<Contact>,
) -> Result<Json<serde_json::Value>, ApiError> {
    zones.set_contact(&slug, &contact).await.map_err(refusal)?;
    Ok(Json(serde_json::json!({ "subscriber": slug, "contact": contact })))
}

async fn remove(
    State(zones): State<Arc<Zones>>,
    Path(slug): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    zones.unsubscribe(&slug).await.map_err(refusal)?;
    Ok(Json(serde_json::json!({ "removed": slug })))
}
