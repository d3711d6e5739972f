//! Unblocking at once, and the reviews of emergencies: wire types and acts.

use super::{actor, no_number, one_of, refusal};
use crate::{
    Shield,
    explain::number,
    store::reviews::{self, Answer, Review, ReviewState},
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde::{Deserialize, Serialize};
use sipar_authz::Identity;
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use sipar_web::{ApiError, WebError, context::Caller};
use std::sync::Arc;

/// Rows in one answer and on one page.
pub(crate) const ROWS_MAX: usize = 200;

/// What is to be unblocked.
#[derive(Deserialize)]
pub(crate) struct UnblockBody {
    pub what: String,
    pub reason: String,
    /// Open it at once whatever covers it, and have a second person look at it afterwards.
    #[serde(default)]
    pub emergency: bool,
}

/// What was done.
#[derive(Serialize)]
pub(crate) struct Unblocked {
    /// The block that was undone, or the allowance that was taken.
    pub decision: DecisionNumber,
    pub emergency: bool,
}

pub(crate) async fn unblock(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Json(body): Json<UnblockBody>,
) -> Result<Json<Unblocked>, ApiError> {
    let emergency = body.emergency;
    Ok(Json(Unblocked { decision: do_unblock(&shield, &caller, body).await?, emergency }))
}

pub(crate) async fn do_unblock(
    shield: &Arc<Shield>,
    caller: &Identity,
    body: UnblockBody,
) -> Result<DecisionNumber, WebError> {
    let observable = Observable::guess(&body.what).map_err(|error| WebError::bad_request((&error).into()))?;
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    let written = shield.house.store.write(move |tx| match body.emergency {
        true => inner.emergency(tx, &actor, &observable, &body.reason, now),
        false => inner.unblock(tx, &actor, &observable, &body.reason, now),
    });
    let decision = written.await.map_err(refusal)?;
    shield.wake_all();
    Ok(decision)
}

#[derive(Deserialize)]
pub(crate) struct Asked {
    /// `open`, which is the default, or `closed`.
    #[serde(default)]
    state: String,
}

/// A review as the API shows it.
#[derive(Serialize)]
pub(crate) struct Shown {
    decision: DecisionNumber,
    observable: Observable,
    by: String,
    reason: String,
    at: TimestampMs,
    due_at: TimestampMs,
    overdue: bool,
    replaced: Option<DecisionNumber>,
    state: ReviewState,
    ledger_index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answer>,
}

pub(crate) async fn list(
    State(shield): State<Arc<Shield>>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<Shown>>, ApiError> {
    let open = match asked.state.as_str() {
        "" | "open" => true,
        "closed" => false,
        other => return Err(one_of("state", "open, closed", other).into()),
    };
    let now = shield.house.clock.now();
    let read = shield.house.store.read(move |reader| match open {
        true => reviews::waiting(reader, ROWS_MAX),
        false => reviews::closed(reader, ROWS_MAX),
    });
    let shown = |review: Review| Shown {
        overdue: review.state == ReviewState::Open && review.due_at <= now,
        decision: review.decision,
        observable: review.observable,
        by: review.by,
        reason: review.reason,
        at: review.at,
        due_at: review.due_at,
        replaced: review.replaced,
        state: review.state,
        ledger_index: review.ledger_index,
        answer: review.answer,
    };
    Ok(Json(read.await.map_err(refusal)?.into_iter().map(shown).collect()))
}

/// What a second person says.
#[derive(Deserialize)]
pub(crate) struct AnswerBody {
    /// `confirmed` or `reversed`.
    pub outcome: String,
    pub reason: String,
}

#[derive(Serialize)]
pub(crate) struct Answered {
    decision: DecisionNumber,
    state: ReviewState,
    /// The block that was put back.
    block: Option<DecisionNumber>,
}

pub(crate) async fn answer(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Path(text): Path<String>,
    Json(body): Json<AnswerBody>,
) -> Result<Json<Answered>, ApiError> {
    let (decision, state, block) = do_answer(&shield, &caller, &text, body).await?;
    Ok(Json(Answered { decision, state, block }))
}

pub(crate) async fn do_answer(
    shield: &Arc<Shield>,
    caller: &Identity,
    text: &str,
    body: AnswerBody,
) -> Result<(DecisionNumber, ReviewState, Option<DecisionNumber>), WebError> {
    let decision = number(text).ok_or_else(no_number)?;
    let outcome = match body.outcome.as_str() {
        "confirmed" => ReviewState::Confirmed,
        "reversed" => ReviewState::Reversed,
        other => return Err(one_of("outcome", "confirmed, reversed", other)),
    };
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    let written = shield.house.store.write(move |tx| inner.review(tx, &actor, decision, outcome, &body.reason, now));
    let block = written.await.map_err(refusal)?;
    shield.wake_all();
    Ok((decision, outcome, block))
}
