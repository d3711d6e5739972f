//! The mirror of the ledger as tlog-tiles says, proofs as JSON, and the figures as JSON and CSV.

use crate::{
    Openness, OpennessError,
    model::{Figures, Month, measure},
    page::{self, TEXTS},
    store,
};
use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde::Serialize;
use sipar_area::{AreaError, Route};
use sipar_ledger::{Evidence, LedgerError};
use sipar_web::{ApiError, Said, Saying, WebError};
use std::{fmt::Write as _, sync::Arc};

pub(crate) const LEDGER: &str = "ledger";

/// Months in one answer and on one page: five years.
pub(crate) const MONTHS_MAX: usize = 60;

/// A tile never changes: caches may keep it for a year, the longest that RFC 2616 §14.21 allowed and caches go by.
const CACHE_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A new checkpoint is signed within seconds; caches may shield us from a crowd that looks at once.
const CACHE_CHECKPOINT: &str = "public, max-age=2";

/// The JSON API.
pub fn routes(openness: &Arc<Openness>) -> Vec<Route> {
    let state = || Arc::clone(openness);
    vec![
        Route::get("/api/v1/ledger", LEDGER, get(about).with_state(state())),
        Route::get("/api/v1/ledger/entries/{index}", LEDGER, get(entry).with_state(state())),
        Route::get("/api/v1/transparency", LEDGER, get(figures).with_state(state())),
        Route::get("/api/v1/transparency.csv", LEDGER, get(figures_csv).with_state(state())),
    ]
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}

pub(crate) fn fault(error: OpennessError) -> WebError {
    match error {
        OpennessError::Ledger(LedgerError::Outside { index, size }) => {
            let values = [("size", size.into()), ("index", index.to_string().into())];
            WebError::not_found().detail(say("openness-refused-outside", values))
        }
        other => WebError::internal("reading the ledger", &AreaError::from(other)),
    }
}

/// What one needs to know of the ledger.
#[derive(Serialize)]
pub(crate) struct About {
    /// Its name.
    pub origin: String,
    /// The key that verifies its checkpoints (C2SP signed-note).
    pub key: String,
    /// How many entries are published.
    pub size: u64,
    /// The root over them.
    pub root: String,
    /// Where the mirror is.
    pub mirror: String,
}

impl Openness {
    pub(crate) async fn about(&self) -> Result<About, OpennessError> {
        self.blocking(|house| {
            let checkpoint = house.ledger.checkpoint()?.checkpoint;
            Ok(About {
                origin: checkpoint.origin,
                key: house.ledger.verifying_key().to_string(),
                size: checkpoint.size,
                root: checkpoint.root.to_base64(),
                mirror: format!("{}/ledger", house.instance.portal.trim_end_matches('/')),
            })
        })
        .await
    }

    pub(crate) async fn evidence(&self, index: u64) -> Result<Evidence, OpennessError> {
        self.blocking(move |house| Ok(house.ledger.evidence(index)?)).await
    }

    /// The figures of the last months, the oldest first, and how many entries they are counted from.
    pub(crate) async fn figures(&self) -> Result<(Vec<Figures>, u64), OpennessError> {
        let now = Month::of(self.house.clock.now());
        let read = self.house.store.read(move |reader| {
            let counted = store::next(reader)?.unwrap_or(0);
            Ok::<_, OpennessError>((store::figures(reader, MONTHS_MAX, now)?, counted))
        });
        read.await
    }
}

async fn about(State(openness): State<Arc<Openness>>) -> Result<Json<About>, ApiError> {
    Ok(Json(openness.about().await.map_err(fault)?))
}

async fn entry(State(openness): State<Arc<Openness>>, Path(text): Path<String>) -> Result<Response, ApiError> {
    let evidence = openness.evidence(number(&text)?).await.map_err(fault)?;
    let name = format!("inline; filename=\"entry-{}.json\"", evidence.index);
    Ok(([(header::CONTENT_DISPOSITION, name)], Json(evidence)).into_response())
}

pub(crate) fn number(text: &str) -> Result<u64, WebError> {
    text.trim().parse().map_err(|_| WebError::bad_request(say("openness-refused-number", [])))
}

/// `GET /ledger/checkpoint`.
pub(crate) async fn checkpoint(State(openness): State<Arc<Openness>>) -> Result<Response, WebError> {
    give(&openness, "checkpoint".to_owned()).await
}

/// `GET /ledger/tile/…`.
pub(crate) async fn tile(
    State(openness): State<Arc<Openness>>,
    Path(path): Path<String>,
) -> Result<Response, WebError> {
    give(&openness, format!("tile/{path}")).await
}

async fn give(openness: &Openness, path: String) -> Result<Response, WebError> {
    let file = openness.blocking(move |house| Ok(house.ledger.file(&path)?)).await.map_err(fault)?;
    let file = file.ok_or_else(WebError::not_found)?;
    let (kind, cache) = match file.changes {
        true => ("text/plain; charset=utf-8", CACHE_CHECKPOINT),
        false => ("application/octet-stream", CACHE_FOR_EVER),
    };
    let mut response = Response::new(Body::from(file.bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    // Mirrors are programs of others, in browsers too.
    let anybody = HeaderValue::from_static("cross-origin");
    response.headers_mut().insert("cross-origin-resource-policy", anybody);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

/// The figures as JSON says them.
#[derive(Serialize)]
struct Shown {
    /// What `month` means.
    period: &'static str,
    /// How many entries of the ledger they are counted from.
    counted_entries: u64,
    months: Vec<Figures>,
}

async fn figures(State(openness): State<Arc<Openness>>) -> Result<Json<Shown>, ApiError> {
    let (months, counted_entries) = openness.figures().await.map_err(fault)?;
    Ok(Json(Shown { period: "calendar month, UTC", counted_entries, months }))
}

/// One line for each number, with its unit and what it is out of.
async fn figures_csv(State(openness): State<Arc<Openness>>) -> Result<Response, WebError> {
    let (months, _) = openness.figures().await.map_err(fault)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"transparency.csv\""),
    ];
    Ok((headers, csv(&months)).into_response())
}

fn csv(months: &[Figures]) -> String {
    let mut text = String::from("month_utc,complete,measure,part,value,unit,of\r\n");
    for month in months {
        let (name, complete) = (&month.month, month.complete);
        for measure in measure::ALL {
            let all = month.all(measure);
            for (part, count) in month.counts.get(*measure).into_iter().flatten() {
                let unit = page::unit(measure);
                // Parts are words of ours and names of rules: plain, and short.
                let part = part.replace(['"', ',', '\r', '\n'], "_");
                let _ = write!(text, "{name},{complete},{measure},{part},{count},{unit},{all}\r\n");
            }
        }
        if let Some(hours) = month.answer_median_hours {
            let answered = month.answered;
            let _ = write!(text, "{name},{complete},answer-median,all,{hours:.2},hours,{answered}\r\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_csv_for_each_number() {
        let mut month = Figures { month: "2026-11".into(), answered: 2, ..Figures::default() };
        month.answer_median_hours = Some(1.5);
        let parts = [("rule:a,b".to_owned(), 3), ("person".to_owned(), 1)];
        month.counts.insert(measure::BLOCK_SOURCE.into(), parts.into_iter().collect());
        let expect = "month_utc,complete,measure,part,value,unit,of\r\n\
            2026-11,false,blocks-by-source,person,1,blocks,4\r\n2026-11,false,blocks-by-source,rule:a_b,3,blocks,4\r\n\
            2026-11,false,answer-median,all,1.50,hours,2\r\n";
        assert_eq!(csv(&[month]), expect);
    }
}
