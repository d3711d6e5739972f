//! The public door: an appeal goes in and a tracking code comes out; with the code one sees how it stands.

use super::refusal;
use crate::{
    Cases, Submission,
    error::say,
    model::{Appeal, Asked, Code, State as AppealState, Words},
    store::appeals,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use sipar_ledger::{Evidence, Salt};
use sipar_model::{Category, DecisionNumber, Observable, TimestampMs};
use sipar_web::{ApiError, WebError, client::ClientAddress};
use std::{net::IpAddr, sync::Arc};

/// The header with the tracking code: in an address it would stand in logs.
const CODE_HEADER: &str = "x-appeal-code";

/// What somebody sends.
#[derive(Deserialize)]
pub(crate) struct AppealBody {
    /// A decision's number, or the name, address, URL or hash that is blocked.
    pub what: String,
    /// Why it is a mistake.
    pub words: String,
}

/// What the sender gets.
#[derive(Serialize)]
struct Accepted {
    /// Shown once. Whoever has it sees the appeal.
    code: String,
    #[serde(flatten)]
    status: Status,
}

/// How an appeal stands, for whoever has its code.
#[derive(Serialize)]
pub(crate) struct Status {
    appeal: String,
    decision: DecisionNumber,
    /// What is blocked; nothing when that is not public.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<Observable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    state: AppealState,
    received_at: TimestampMs,
    /// When it has to be answered.
    due_at: TimestampMs,
    /// What was written, until it is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<Provable>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Answered>,
    /// The entry on its arrival, with its proof; nothing until the next checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    received_proof: Option<Evidence>,
}

/// Words with what opens the ledger's commitment to them.
#[derive(Serialize)]
struct Provable {
    text: String,
    /// 32 bytes in hex.
    salt: Option<String>,
}

#[derive(Serialize)]
struct Answered {
    at: TimestampMs,
    by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Provable>,
    ledger_index: u64,
    /// The entry on the answer, with its proof; nothing until the next checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<Evidence>,
}

/// How an appeal stands, with its proofs. Reads files of the ledger.
fn shown(cases: &Cases, appeal: Appeal) -> Status {
    let evidence = |index| cases.house.ledger.evidence(index).ok();
    Status {
        appeal: appeal.number.to_string(),
        decision: appeal.decision,
        about: appeal.public.then_some(appeal.observable),
        category: appeal.public.then_some(appeal.category),
        state: appeal.state,
        received_at: appeal.received_at,
        due_at: appeal.due_at,
        words: appeal.words.map(|text| Provable { text, salt: appeal.words_salt }),
        received_proof: evidence(appeal.ledger_index),
        answer: appeal.answer.map(|answer| Answered {
            at: answer.at,
            by: answer.by,
            reason: answer.reason.map(|text| Provable { text, salt: answer.salt }),
            ledger_index: answer.ledger_index,
            proof: evidence(answer.ledger_index),
        }),
    }
}

/// Takes an appeal from an address.
pub(crate) async fn do_submit(
    cases: &Arc<Cases>,
    from: Option<IpAddr>,
    body: &AppealBody,
) -> Result<(Code, Appeal), WebError> {
    let asked = Asked::parse(&body.what).map_err(|error| WebError::bad_request((&error).into()))?;
    let words = Words::parse(&body.words).map_err(|error| refusal(error.into()))?;
    let now = cases.house.clock.now();
    if !cases.quota.take(from, now) {
        let (why, next) = (say("cases-refused-quota", []), say("cases-refused-quota-next", []));
        return Err(WebError::new(StatusCode::TOO_MANY_REQUESTS).detail(why).next(next));
    }
    let no_chance = || WebError::unavailable(sipar_web::no_chance());
    let code = Code::generate(&*cases.random).map_err(|_| no_chance())?;
    let salt = Salt::fresh().ok_or_else(no_chance)?;
    let sent = Submission { asked, words, code: code.clone(), salt };
    let inner = Arc::clone(cases);
    let taken = cases.house.store.write(move |tx| inner.submit(tx, &sent, now)).await;
    Ok((code, taken.map_err(refusal)?))
}

/// The appeal of a code. A code that was never given and one whose appeal is forgotten are the same.
pub(crate) async fn do_follow(cases: &Arc<Cases>, text: &str) -> Result<Appeal, WebError> {
    let code = Code::parse(text).map_err(|error| WebError::bad_request(error.into()))?;
    let hash = code.hash();
    let found = cases.house.store.read(move |reader| appeals::by_code(reader, &hash)).await;
    let found = found.map_err(|error| refusal(error.into()))?;
    found.ok_or_else(|| WebError::not_found().detail(say("cases-refused-no-code", [])))
}

pub(crate) async fn submit(
    State(cases): State<Arc<Cases>>,
    ClientAddress(from): ClientAddress,
    Json(body): Json<AppealBody>,
) -> Result<Response, ApiError> {
    let (code, appeal) = do_submit(&cases, from, &body).await?;
    let accepted = Accepted { code: code.to_string(), status: shown(&cases, appeal) };
    Ok((StatusCode::CREATED, Json(accepted)).into_response())
}

pub(crate) async fn status(State(cases): State<Arc<Cases>>, headers: HeaderMap) -> Result<Json<Status>, ApiError> {
    let code = headers.get(CODE_HEADER).and_then(|value| value.to_str().ok());
    let code =
        code.ok_or_else(|| WebError::bad_request(say("cases-refused-header", [("header", CODE_HEADER.into())])))?;
    let appeal = do_follow(&cases, code).await?;
    let shown = tokio::task::spawn_blocking(move || shown(&cases, appeal)).await;
    Ok(Json(shown.map_err(|error| WebError::internal("reading the proof of an appeal", &error))?))
}
