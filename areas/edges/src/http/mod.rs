//! The JSON API for operators; the doors that edges ask stand in [`doors`] and [`files`].

pub mod doors;
pub mod files;
pub mod report;
pub(crate) mod rollout;

use crate::{
    Edges, EdgesError,
    error::say,
    model::{NameError, rollout::ALL},
    store,
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
use std::{collections::HashMap, sync::Arc};

pub(crate) const EDGE: &str = "edge";
pub(crate) const DOOR: &str = "edge-door";
pub(crate) const ROLLOUT: &str = "roll-out";

/// The JSON API.
pub fn routes(edges: &Arc<Edges>) -> Vec<Route> {
    let state = || Arc::clone(edges);
    vec![
        Route::get("/api/v1/edges", EDGE, get(list).with_state(state())),
        Route::post("/api/v1/edges", EDGE, Act::Administer, post(add).with_state(state())).sensitive(),
        Route::get("/api/v1/edges/roll-out", ROLLOUT, get(rollout::show).with_state(state())),
        Route::post("/api/v1/edges/roll-out", ROLLOUT, Act::Decide, post(rollout::act).with_state(state())),
        Route::post("/api/v1/edges/{name}/remove", EDGE, Act::Administer, post(remove).with_state(state())),
    ]
}

pub(crate) fn fault(error: EdgesError) -> WebError {
    match &error {
        EdgesError::Name(NameError(given)) => {
            WebError::bad_request(say("edges-refused-name", [("name", given.as_str().into())]))
        }
        EdgesError::Refused(why) => WebError::unprocessable(why.clone()),
        EdgesError::Taken(why) | EdgesError::Full(why) => WebError::conflict(why.clone()),
        EdgesError::NoEdge(why) => WebError::not_found().detail(why.clone()),
        _ => WebError::internal("serving edges", &error),
    }
}

/// One edge as it is shown.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Shown {
    pub name: String,
    pub created_at: TimestampMs,
    /// `first` gets new states before the others; `all` is the rest.
    pub ring: &'static str,
    /// Nothing of what follows is known before it told for the first time.
    pub seen_at: Option<TimestampMs>,
    pub serial: Option<u64>,
    /// How many states it is behind what its ring may have.
    pub behind: Option<u64>,
    /// Since when its ring may have a newer state than its own, in milliseconds; 0: it is up to date.
    pub lag_ms: Option<i64>,
    pub healthy: Option<bool>,
    pub error: String,
    pub version: String,
    pub started_at: Option<TimestampMs>,
    /// Questions since it was started, by what came of them.
    pub queries: Option<u64>,
    pub blocked: Option<u64>,
    pub failed: Option<u64>,
    pub refused: Option<u64>,
    /// Counts that it had no room for.
    pub counts_dropped: Option<u64>,
}

/// Every edge with how it was when it last told.
pub(crate) async fn shown(edges: &Edges) -> Result<Vec<Shown>, EdgesError> {
    let now = edges.house.clock.now();
    let states = edges.house.store.read(store::states).await?;
    let mut states: HashMap<String, store::StateRow> =
        states.into_iter().map(|state| (state.name.clone(), state)).collect();
    let (newest, view) = (edges.look(crate::model::book::Book::newest), edges.rollout_view());
    let one = |edge: crate::fleet::Edge| {
        let state = states.remove(&edge.name);
        let state = state.as_ref();
        let serial = state.and_then(|state| state.serial);
        let ring = edges.ring_of(&edge.name);
        let limit = view.limit().filter(|_| ring == ALL).unwrap_or(newest).min(newest);
        // What had to soak before is newer for the rest since it was released.
        let not_before = if limit < newest || !view.members.is_empty() { view.row.released_at } else { TimestampMs(0) };
        let lag = |serial: u64| {
            let since = edges.look(|book| book.newer_since(serial)).filter(|_| serial < limit);
            let since = since.map(|since| if ring == ALL { since.max(not_before) } else { since });
            since.map_or(0, |since| now.since_ms(since).max(0))
        };
        Shown {
            name: edge.name.clone(),
            created_at: edge.created_at,
            ring,
            seen_at: state.map(|state| state.seen_at),
            serial,
            behind: serial.map(|serial| limit.saturating_sub(serial)),
            lag_ms: serial.map(lag),
            healthy: state.map(|state| state.healthy),
            error: state.map(|state| state.error.clone()).unwrap_or_default(),
            version: state.map(|state| state.version.clone()).unwrap_or_default(),
            started_at: state.map(|state| state.started_at),
            queries: state.map(|state| state.queries),
            blocked: state.map(|state| state.blocked),
            failed: state.map(|state| state.failed),
            refused: state.map(|state| state.refused),
            counts_dropped: state.map(|state| state.dropped),
        }
    };
    Ok(edges.fleet.all().into_iter().map(one).collect())
}

#[derive(Serialize)]
struct List {
    /// The newest state, if there is one.
    serial: Option<u64>,
    edges: Vec<Shown>,
}

async fn list(State(edges): State<Arc<Edges>>) -> Result<Json<List>, ApiError> {
    let serial = Some(edges.look(crate::model::book::Book::newest)).filter(|serial| *serial > 0);
    Ok(Json(List { serial, edges: shown(&edges).await.map_err(fault)? }))
}

/// An edge to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddBody {
    name: String,
}

#[derive(Serialize)]
struct Added {
    name: String,
    /// Shown this once.
    key: String,
}

async fn add(
    State(edges): State<Arc<Edges>>,
    Json(body): Json<AddBody>,
) -> Result<(StatusCode, Json<Added>), ApiError> {
    let key = edges.fleet.add(&body.name, &SystemRandom).await.map_err(fault)?;
    Ok((StatusCode::CREATED, Json(Added { name: body.name, key: key.key_text() })))
}

async fn remove(
    State(edges): State<Arc<Edges>>,
    Path(name): Path<String>,
) -> Result<Json<serde_json::Value>, ApiError> {
    edges.fleet.remove(&name).await.map_err(fault)?;
    Ok(Json(serde_json::json!({ "removed": name })))
}
