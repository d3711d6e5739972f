//! The pointer to the newest files, and who may ask for it.
//!
//! Whoever is up to date is held until there is news: so news takes no longer than the way. Every edge of one state asks
//! the same question, so one cache can ask for a whole province.

use super::{DOOR, files, report};
use crate::{
    Edges,
    fleet::Edge,
    model::rollout::{ALL, FIRST},
};
use axum::{
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use sipar_area::Route;
use sipar_authz::Act;
use sipar_snapshot::FileName;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Questions held at once; beyond it the answer comes at once, and the edge asks again in a second.
pub const WAITING_MAX: usize = 10_000;

/// How long a question is held: shorter than the time-outs of caches and edges, which are a minute.
const HELD_FOR: Duration = Duration::from_secs(25);

/// The routes that edges ask.
pub fn routes(edges: &Arc<Edges>) -> Vec<Route> {
    let state = || Arc::clone(edges);
    let told = post(report::report).layer(DefaultBodyLimit::max(report::REPORT_BYTES_MAX)).with_state(state());
    vec![
        Route::get("/edge/v1/latest/{ring}", DOOR, get(latest).with_state(state())),
        Route::get("/edge/v1/files/{name}", DOOR, get(files::file).with_state(state())),
        Route::post("/edge/v1/report", DOOR, Act::Write, told),
    ]
}

/// A refusal, for people who read logs.
pub(crate) fn refuse(status: StatusCode, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}

/// Which edge asks.
pub(crate) fn admit(edges: &Edges, headers: &HeaderMap) -> Option<Edge> {
    edges.fleet.admit(headers.get("x-api-key").and_then(|key| key.to_str().ok()))
}

/// For whoever is none of the edges.
pub(crate) fn no_edge() -> Response {
    refuse(StatusCode::UNAUTHORIZED, "an edge's own key is needed; `sipar edges add NAME` makes one\n")
}

#[derive(Deserialize)]
pub(crate) struct After {
    after: Option<u64>,
}

async fn latest(
    State(edges): State<Arc<Edges>>,
    Path(ring): Path<String>,
    query: Result<Query<After>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Some(edge) = admit(&edges, &headers) else {
        return no_edge();
    };
    let Ok(Query(After { after })) = query else {
        return refuse(StatusCode::BAD_REQUEST, "`after` is a serial: digits\n");
    };
    let news = match ring.as_str() {
        FIRST => &edges.newest,
        ALL => &edges.released,
        _ => return refuse(StatusCode::NOT_FOUND, "there is no such ring\n"),
    };
    if let Some(after) = after {
        hold(&edges, &edge.name, (&ring, news), after).await;
    }
    let limit = if ring == FIRST { None } else { edges.limit() };
    let there = |name: &FileName| edges.house.blobs.path(&name.to_string()).is_ok_and(|path| path.is_file());
    let now = edges.house.clock.now();
    let Some(latest) = edges.look(|book| book.tell(after, limit, now, there)) else {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "nothing was published yet; ask again in some seconds\n");
    };
    // A second: many edges behind one cache ask once, and none learns of anything later than that.
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=1")];
    (headers, latest.sign(&edges.house.snapshot_key)).into_response()
}

/// Waits until there is something newer than `after` in a ring, within bounds. One that is ahead of its ring waits too;
/// one that is ahead of everything that was published is told at once. So is one of the first ring that asks with the
/// rest: it is about to be told where it belongs, and is not to sit there until then.
async fn hold(edges: &Edges, edge: &str, (ring, news): (&str, &watch::Sender<u64>), after: u64) {
    let Ok(_place) = edges.waiting.try_acquire() else { return };
    let published = edges.look(crate::model::book::Book::newest);
    let mut news = news.subscribe();
    let is_over = |newest: &u64| *newest > after || published < after || (ring == ALL && edges.ring_of(edge) == FIRST);
    // Either way the answer says how things are.
    let _news_or_time = tokio::time::timeout(HELD_FOR, news.wait_for(is_over)).await;
}
