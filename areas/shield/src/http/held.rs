//! The JSON API of what is held and left out, its report as JSON and CSV, and a person's answer.

use super::{ROWS_MAX, actor, one_of, refusal};
use crate::{
    Shield,
    store::{
        held::{self, Group, Held, HeldState, OfFeed, Part},
        judged,
    },
};
use axum::{
    Json,
    extract::{Query, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use sipar_area::clearance;
use sipar_authz::Identity;
use sipar_model::{Category, DecisionNumber, Observable, TimestampMs, Tlp, fact::FACT_ITEMS_MAX};
use sipar_web::{ApiError, WebError, context::Caller, format::rfc3339};
use std::sync::Arc;

/// Days of judgements in an answer: a week shows what a feed usually comes to.
pub(crate) const JUDGED_DAYS: i64 = 7;

/// Which part is asked for, as it stands in an address.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct PartQuery {
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub after: String,
    limit: Option<usize>,
}

impl PartQuery {
    /// The part, or what is wrong with the question.
    pub(crate) fn part(&self) -> Result<Part, WebError> {
        let state = match self.state.as_str() {
            "" => None,
            word => Some(
                HeldState::from_word(word)
                    .ok_or_else(|| one_of("state", "review, withheld, left-out, resting, refused", word))?,
            ),
        };
        if !self.reason.is_empty() && !held::REASONS.contains(&self.reason.as_str()) {
            return Err(one_of("reason", &held::REASONS.join(", "), &self.reason));
        }
        Ok(Part { state, reason: self.reason.clone(), after: self.after.clone() })
    }
}

/// Whether a reader with this clearance may know of it.
pub(crate) fn open(held: &Held, clearance: Tlp) -> bool {
    held.indicator.assertions.iter().any(|assertion| assertion.tlp <= clearance)
}

#[derive(Serialize)]
pub(super) struct Shown {
    observable: Observable,
    state: HeldState,
    reason: String,
    lists: Vec<String>,
    category: Category,
    sources: Vec<String>,
    at: TimestampMs,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<TimestampMs>,
}

/// The sources that a reader with this clearance may know of.
pub(crate) fn sources(held: &Held, clearance: Tlp) -> Vec<String> {
    let mut indicator = held.indicator.clone();
    indicator.assertions.retain(|assertion| assertion.tlp <= clearance);
    held::sources(&indicator).into_iter().map(str::to_owned).collect()
}

pub(super) async fn list(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Query(query): Query<PartQuery>,
) -> Result<Json<Vec<Shown>>, ApiError> {
    let limit = query.limit.unwrap_or(100).clamp(1, ROWS_MAX);
    let part = query.part()?;
    let rows = shield.house.store.read(move |reader| held::page(reader, &part, limit)).await;
    let may = clearance(caller.role);
    let rows = rows.map_err(refusal)?.into_iter().filter(|held| open(held, may));
    let shown = rows.map(|held| Shown {
        sources: sources(&held, may),
        state: held.state,
        observable: held.indicator.observable,
        reason: held.reason,
        lists: held.lists,
        category: held.category,
        at: held.at,
        until: held.until,
    });
    Ok(Json(shown.collect()))
}

pub(super) async fn report(State(shield): State<Arc<Shield>>) -> Result<Json<Vec<Group>>, ApiError> {
    Ok(Json(shield.house.store.read(held::report).await.map_err(refusal)?))
}

/// What came of what feeds said.
#[derive(Serialize)]
pub(super) struct Feeds {
    /// How many things are held now, by feed, state and reason.
    held: Vec<OfFeed>,
    /// The most that is kept of what is left out; beyond it, it is counted among `judged` alone.
    left_out_max: usize,
    /// Over how many days judgements are counted.
    judged_days: i64,
    /// How many judgements came to what: one thing may be judged several times.
    judged: Vec<JudgedShown>,
}

#[derive(Serialize)]
pub(super) struct JudgedShown {
    source: String,
    verdict: crate::model::verdict::Verdict,
    count: u64,
}

pub(super) async fn feeds(State(shield): State<Arc<Shield>>) -> Result<Json<Feeds>, ApiError> {
    let from = shield.house.clock.now().plus_days(1 - JUDGED_DAYS);
    let read = shield
        .house
        .store
        .read(move |reader| Ok::<_, crate::ShieldError>((held::by_feed(reader)?, judged::since(reader, from)?)));
    let (held, judged) = read.await.map_err(refusal)?;
    let judged = judged.into_iter().map(|((source, verdict), count)| JudgedShown { source, verdict, count });
    let judged = judged.collect();
    Ok(Json(Feeds { held, left_out_max: held::LEFT_OUT_MAX, judged_days: JUDGED_DAYS, judged }))
}

pub(super) async fn report_csv(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Query(query): Query<PartQuery>,
) -> Result<Response, ApiError> {
    let may = clearance(caller.role);
    let mut text = String::from("state,reason,observable,category,lists,sources,since,until\n");
    let mut part = query.part()?;
    // Bounded by what is held; each part is as large as a fact.
    loop {
        let next = part.clone();
        let rows = shield.house.store.read(move |reader| held::page(reader, &next, FACT_ITEMS_MAX)).await;
        let rows = rows.map_err(refusal)?;
        for held in rows.iter().filter(|held| open(held, may)) {
            text.push_str(&line(held, may));
        }
        match rows.last() {
            Some(last) => part.after = last.indicator.observable.value(),
            None => break,
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"held.csv\""),
    ];
    Ok((headers, text).into_response())
}

/// One line (RFC 4180). No slug holds a quote or a comma; values may.
fn line(held: &Held, clearance: Tlp) -> String {
    let value = held.indicator.observable.value().replace('"', "\"\"");
    // A spreadsheet must not take a value for a formula: mail addresses may begin with `=`, `+`, `-` or `@`.
    let guard = if value.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let until = held.until.map(rfc3339).unwrap_or_default();
    format!(
        "{},{},\"{guard}{value}\",{},{},{},{},{until}\n",
        held.state.word(),
        held.reason,
        held.category,
        held.lists.join(" "),
        sources(held, clearance).join(" "),
        rfc3339(held.at),
    )
}

/// A person's answer to what is held.
#[derive(Deserialize)]
pub(crate) struct AnswerBody {
    pub what: String,
    /// Agree to the block, or refuse it.
    pub agree: bool,
    pub reason: String,
}

pub(super) async fn answer(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Json(body): Json<AnswerBody>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let decision = do_answer(&shield, &caller, body).await?;
    Ok(Json(serde_json::json!({ "decision": decision })))
}

pub(crate) async fn do_answer(
    shield: &Arc<Shield>,
    caller: &Identity,
    body: AnswerBody,
) -> Result<Option<DecisionNumber>, WebError> {
    let observable = Observable::guess(&body.what).map_err(|error| WebError::bad_request((&error).into()))?;
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    let answered = shield
        .house
        .store
        .write(move |tx| {
            if body.agree {
                inner.agree(tx, &actor, &observable, &body.reason, now).map(Some)
            } else {
                inner.refuse(tx, &actor, &observable, &body.reason, now).map(|()| None)
            }
        })
        .await
        .map_err(refusal)?;
    shield.wake.notify_one();
    Ok(answered)
}
