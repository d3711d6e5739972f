//! The queue, for those who decide.

use super::refusal;
use crate::{
    Cases, CasesError, Verdict,
    acts::no_appeal,
    error::say,
    model::{Appeal, Group, State as AppealState, Words, groups},
    store::appeals,
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::{Deserialize, Serialize};
use sipar_authz::Identity;
use sipar_ledger::Salt;
use sipar_model::{AppealNumber, Category, DecisionNumber, Observable, RulingOutcome, TimestampMs};
use sipar_web::{ApiError, WebError, context::Caller};
use std::sync::Arc;

/// Appeals in one answer and on one page.
pub(crate) const ROWS_MAX: usize = 500;

/// So much of what was given stands in a refusal, in characters: enough to find the mistake.
const GIVEN_CHARS_MAX: usize = 40;

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// `open`, which is the default, or `over`.
    #[serde(default)]
    state: String,
}

/// The appeals against one block.
#[derive(Serialize)]
pub(crate) struct ShownGroup {
    decision: DecisionNumber,
    observable: Observable,
    category: Category,
    block_by: String,
    overdue: bool,
    appeals: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    appeal: AppealNumber,
    state: AppealState,
    words: Option<String>,
    received_at: TimestampMs,
    acknowledge_by: TimestampMs,
    due_at: TimestampMs,
    taken_up_at: Option<TimestampMs>,
    decided_at: Option<TimestampMs>,
    decided_by: Option<String>,
    reason: Option<String>,
    ledger_index: u64,
    ruling_index: Option<u64>,
}

fn shown(appeal: Appeal) -> Shown {
    let answer = appeal.answer;
    Shown {
        appeal: appeal.number,
        state: appeal.state,
        words: appeal.words,
        received_at: appeal.received_at,
        acknowledge_by: appeal.acknowledge_by,
        due_at: appeal.due_at,
        taken_up_at: appeal.taken_up_at,
        decided_at: answer.as_ref().map(|answer| answer.at),
        decided_by: answer.as_ref().map(|answer| answer.by.clone()),
        ruling_index: answer.as_ref().map(|answer| answer.ledger_index),
        reason: answer.and_then(|answer| answer.reason),
        ledger_index: appeal.ledger_index,
    }
}

fn shown_group(group: Group, now: TimestampMs) -> Option<ShownGroup> {
    let overdue = group.overdue(now);
    let first = group.first()?.clone();
    Some(ShownGroup {
        decision: group.decision,
        observable: first.observable,
        category: first.category,
        block_by: first.block_by,
        overdue,
        appeals: group.appeals.into_iter().map(shown).collect(),
    })
}

/// The open appeals, joined by block, the first due first; or the latest of those that are over.
pub(crate) async fn queue(cases: &Cases, open: bool) -> Result<Vec<Group>, WebError> {
    let read = cases.house.store.read(move |reader| match open {
        true => appeals::open(reader, ROWS_MAX),
        false => appeals::over(reader, ROWS_MAX),
    });
    Ok(groups(read.await.map_err(|error| refusal(error.into()))?))
}

/// The open appeals against one block.
pub(crate) async fn group(cases: &Cases, text: &str) -> Result<Group, WebError> {
    let decision = number(text)?;
    let read = cases.house.store.read(move |reader| appeals::open_on(reader, decision)).await;
    let appeals = read.map_err(|error| refusal(error.into()))?;
    if appeals.is_empty() {
        return Err(refusal(no_appeal(decision)));
    }
    Ok(Group { decision, appeals })
}

/// What was given for a field is none of these words.
fn one_of(field: &'static str, words: &'static str, given: &str) -> WebError {
    let given: String = given.chars().take(GIVEN_CHARS_MAX).collect();
    let values = [("field", field.into()), ("words", words.into()), ("given", given.into())];
    WebError::bad_request(say("cases-refused-one-of", values))
}

pub(crate) fn number(text: &str) -> Result<DecisionNumber, WebError> {
    match crate::model::Asked::parse(text) {
        Ok(crate::model::Asked::Number(number)) => Ok(number),
        _ => Err(WebError::bad_request(say("cases-refused-number", []))),
    }
}

pub(crate) async fn list(
    State(cases): State<Arc<Cases>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<ShownGroup>>, ApiError> {
    let open = match asked.state.as_str() {
        "" | "open" => true,
        "over" => false,
        other => return Err(one_of("state", "open, over", other).into()),
    };
    let now = cases.house.clock.now();
    Ok(Json(queue(&cases, open).await?.into_iter().filter_map(|group| shown_group(group, now)).collect()))
}

pub(crate) async fn one(
    State(cases): State<Arc<Cases>>,
    Path(text): Path<String>,
) -> Result<Json<Option<ShownGroup>>, ApiError> {
    let now = cases.house.clock.now();
    Ok(Json(shown_group(group(&cases, &text).await?, now)))
}

#[derive(Serialize)]
pub(crate) struct Done {
    decision: DecisionNumber,
    /// The appeals that this was about.
    appeals: u64,
}

pub(crate) async fn take_up(State(cases): State<Arc<Cases>>, Path(text): Path<String>) -> Result<Json<Done>, ApiError> {
    let (decision, appeals) = do_take_up(&cases, &text).await?;
    Ok(Json(Done { decision, appeals }))
}

pub(crate) async fn do_take_up(cases: &Arc<Cases>, text: &str) -> Result<(DecisionNumber, u64), WebError> {
    let decision = number(text)?;
    let (inner, now) = (Arc::clone(cases), cases.house.clock.now());
    let taken = cases.house.store.write(move |tx| inner.take_up(tx, decision, now)).await;
    Ok((decision, taken.map_err(refusal)?))
}

/// What somebody decides.
#[derive(Deserialize)]
pub(crate) struct DecideBody {
    /// `granted` or `upheld`.
    pub outcome: String,
    pub reason: String,
}

pub(crate) async fn decide(
    State(cases): State<Arc<Cases>>,
    Caller(caller): Caller,
    Path(text): Path<String>,
    Json(body): Json<DecideBody>,
) -> Result<Json<Done>, ApiError> {
    let (decision, appeals) = do_decide(&cases, &caller, &text, body).await?;
    Ok(Json(Done { decision, appeals }))
}

pub(crate) async fn do_decide(
    cases: &Arc<Cases>,
    caller: &Identity,
    text: &str,
    body: DecideBody,
) -> Result<(DecisionNumber, u64), WebError> {
    let decision = number(text)?;
    let outcome = match body.outcome.as_str() {
        "granted" => RulingOutcome::Granted,
        "upheld" => RulingOutcome::Upheld,
        other => return Err(one_of("outcome", "granted, upheld", other)),
    };
    let reason = Words::parse(&body.reason).map_err(|error| refusal(CasesError::from(error)))?;
    let salt = Salt::fresh().ok_or_else(|| WebError::unavailable(sipar_web::no_chance()))?;
    let verdict = Verdict { label: caller.label.to_string(), outcome, reason, salt };
    let (inner, now) = (Arc::clone(cases), cases.house.clock.now());
    let decided = cases.house.store.write(move |tx| inner.decide(tx, decision, &verdict, now)).await;
    Ok((decision, decided.map_err(refusal)?.len() as u64))
}
