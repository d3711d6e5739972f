//! What an edge tells of itself, and what it counted.

use super::doors::{admit, no_edge, refuse};
use crate::{
    Edges,
    model::{book::Book, clean, counts::believed, is_plain},
    store::{self, StateRow},
};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use sipar_model::{Sighting, TimestampMs, fact::FACT_ITEMS_MAX};
use std::sync::Arc;

/// Bytes of a report: a thousand counts have some 150 kB.
pub const REPORT_BYTES_MAX: usize = 1 << 20;

/// Letters of an edge's error that are kept.
const ERROR_CHARS_MAX: usize = 300;

/// Questions by what came of them, since the edge was started.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Answers {
    queries: u64,
    blocked: u64,
    failed: u64,
    refused: u64,
}

#[derive(Debug, Deserialize)]
struct Batch {
    sequence: u64,
    counts: Vec<Sighting>,
}

/// A report. Fields that are not known yet are passed over: edges may be newer than their control plane.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    version: String,
    serial: Option<u64>,
    started_at: TimestampMs,
    healthy: bool,
    error: Option<String>,
    #[serde(default)]
    answers: Answers,
    #[serde(default)]
    spool: String,
    #[serde(default)]
    dropped: u64,
    batch: Option<Batch>,
}

#[derive(Serialize)]
struct Told {
    /// The ring whose pointer the edge shall ask for.
    ring: &'static str,
    /// The batch that was taken, now or before.
    taken: Option<u64>,
}

pub(crate) async fn report(State(edges): State<Arc<Edges>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(edge) = admit(&edges, &headers) else {
        return no_edge();
    };
    if edges.fleet.too_often(&edge.name) {
        edges.fleet.note(&edge.name, "too-often", 1);
        return refuse(StatusCode::TOO_MANY_REQUESTS, "too many reports in one minute; wait for the next\n");
    }
    let Ok(report) = serde_json::from_slice::<Report>(&body) else {
        edges.fleet.note(&edge.name, "bad-report", 1);
        return refuse(StatusCode::BAD_REQUEST, "the report cannot be read\n");
    };
    let many = report.batch.as_ref().is_some_and(|batch| batch.counts.len() > FACT_ITEMS_MAX);
    if many || (report.batch.is_some() && !is_plain(&report.spool)) {
        edges.fleet.note(&edge.name, "bad-report", 1);
        return refuse(StatusCode::BAD_REQUEST, "a batch has a spool's name and at most 1,000 counts\n");
    }
    match take(&edges, &edge.name, report).await {
        Ok(taken) => Json(Told { ring: edges.ring_of(&edge.name), taken }).into_response(),
        Err(error) => {
            tracing::error!(%error, edge = edge.name, "a report was not taken; the edge tells again");
            refuse(StatusCode::SERVICE_UNAVAILABLE, "the report cannot be kept now; tell it again\n")
        }
    }
}

/// For the fuzz target: how many counts of a report are believed, and how many are left out.
#[doc(hidden)]
pub fn fuzz(body: &[u8], now: TimestampMs) -> Option<(usize, u64)> {
    let batch = serde_json::from_slice::<Report>(body).ok()?.batch?;
    let (counts, left_out) = believed("edge", batch.counts, now);
    Some((counts.len(), left_out))
}

async fn take(edges: &Edges, name: &str, report: Report) -> Result<Option<u64>, sipar_store::StoreError> {
    let now = edges.house.clock.now();
    let newest = edges.look(Book::newest);
    let impossible = report.serial.is_some_and(|serial| serial > newest);
    edges.fleet.note(name, "impossible-serial", u64::from(impossible));
    // What no column holds is no count either.
    let whole = |count: u64| count.min(i64::MAX.unsigned_abs());
    let state = StateRow {
        name: name.to_owned(),
        seen_at: now,
        serial: report.serial.filter(|_| !impossible),
        healthy: report.healthy,
        error: clean(report.error.as_deref().unwrap_or_default(), ERROR_CHARS_MAX),
        version: clean(&report.version, 40),
        started_at: report.started_at,
        queries: whole(report.answers.queries),
        blocked: whole(report.answers.blocked),
        failed: whole(report.answers.failed),
        refused: whole(report.answers.refused),
        dropped: whole(report.dropped),
    };
    let (edge, spool) = (name.to_owned(), report.spool);
    let batch = report.batch.map(|batch| (whole(batch.sequence), believed(name, batch.counts, now)));
    let sequence = batch.as_ref().map(|(sequence, _)| *sequence);
    let left_out = edges
        .house
        .store
        .write(move |tx| {
            store::keep_state(tx, &state)?;
            let Some((sequence, (counts, left_out))) = &batch else { return Ok(0) };
            let new = store::take(tx, &edge, (&spool, *sequence), counts, now)?;
            Ok::<_, sipar_store::StoreError>(if new { *left_out } else { 0 })
        })
        .await?;
    edges.fleet.note(name, "implausible-count", left_out);
    Ok(sequence)
}
