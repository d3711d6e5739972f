//! The JSON API of findings and its wire types.

use crate::{Findings, model::Record, page::TEXTS, store};
use axum::{
    Json,
    extract::{Path, Query, State},
    routing::get,
};
use serde::{Deserialize, Serialize};
use sipar_area::{AreaError, Route};
use sipar_model::{FindingState, Severity, TimestampMs};
use sipar_store::StoreError;
use sipar_web::{ApiError, Lang, PageContext, Said, Saying, WebError};
use std::sync::Arc;

/// Rows in one answer and on one page.
pub(crate) const ROWS_MAX: u32 = 500;

/// So much of what was given stands in a refusal, in characters: enough to find the mistake.
const GIVEN_CHARS_MAX: usize = 40;

/// What the routes touch.
pub(crate) const FINDING: &str = "finding";

/// The JSON API.
pub fn routes(findings: &Arc<Findings>) -> Vec<Route> {
    let state = || Arc::clone(findings);
    vec![
        Route::get("/api/v1/findings", FINDING, get(list).with_state(state())),
        Route::get("/api/v1/findings/{number}", FINDING, get(show).with_state(state())),
    ]
}

/// Something said in this area's words.
fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}

pub(crate) fn fault(error: StoreError) -> WebError {
    WebError::internal("reading findings", &AreaError::from(error))
}

#[derive(Deserialize)]
struct Asked {
    /// `open`, which is the default, or `over`.
    #[serde(default)]
    state: String,
}

#[derive(Serialize)]
struct Shown {
    number: i64,
    state: FindingState,
    severity: Severity,
    class: String,
    /// What it is, in words.
    title: String,
    subject: String,
    detail: String,
    /// What to do about it.
    mend: String,
    /// Who found it.
    source: String,
    /// Since when it is so, this time.
    since: TimestampMs,
    /// When it was first found.
    first_at: TimestampMs,
    /// When it was last seen.
    seen_at: TimestampMs,
    /// When it was found to be over.
    over_at: Option<TimestampMs>,
    /// How often it has come.
    times: u32,
    /// The page where one can do something about it.
    href: String,
}

fn shown(ctx: &PageContext, record: Record) -> Shown {
    let text = |suffix: &str| {
        let key = format!("fault-{}{suffix}", record.class);
        ctx.texts.with(Lang::En, &key, &[("subject", record.subject.as_str().into())])
    };
    Shown {
        number: record.number,
        state: record.state,
        severity: record.severity,
        title: text(""),
        mend: text("-mend"),
        class: record.class,
        subject: record.subject,
        detail: record.detail,
        source: record.source,
        since: record.since,
        first_at: record.first_at,
        seen_at: record.seen_at,
        over_at: record.over_at,
        times: record.times,
        href: record.href,
    }
}

async fn list(
    State(findings): State<Arc<Findings>>,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<Shown>>, ApiError> {
    let open = match asked.state.as_str() {
        "" | "open" => true,
        "over" => false,
        other => {
            let given: String = other.chars().take(GIVEN_CHARS_MAX).collect();
            return Err(WebError::bad_request(say("findings-refused-state", [("given", given.into())])).into());
        }
    };
    let read = findings.house.store.read(move |reader| match open {
        true => store::open(reader, ROWS_MAX),
        false => store::over(reader, ROWS_MAX),
    });
    let records = read.await.map_err(fault)?;
    Ok(Json(records.into_iter().map(|record| shown(&ctx, record)).collect()))
}

async fn show(
    State(findings): State<Arc<Findings>>,
    ctx: PageContext,
    Path(number): Path<i64>,
) -> Result<Json<Shown>, ApiError> {
    let record = findings.house.store.read(move |reader| store::one(reader, number)).await.map_err(fault)?;
    let missing =
        || WebError::not_found().detail(say("findings-refused-none", [("number", format!("F-{number}").into())]));
    Ok(Json(shown(&ctx, record.ok_or_else(missing)?)))
}
