//! The shield's JSON API, and the forms of its pages.

use crate::{
    Actor, Request, Shield, ShieldError,
    explain::{number, state, state_word},
    store::{
        decisions,
        held::{self, HeldState},
        read,
        record::Record,
    },
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::{Route, clearance};
use sipar_authz::{Act, Identity, Resource, Role};
use sipar_ledger::Salt;
use sipar_model::{Action, Category, Decision, DecisionNumber, Observable, Tlp, fact::FACT_ITEMS_MAX};
use sipar_web::{ApiError, WebError, context::Caller};
use std::sync::Arc;

pub(crate) const DECISION: &str = "decision";
pub(crate) const HELD: &str = "held";
pub(crate) const SNAPSHOT: &str = "snapshot";

/// Rows in one answer.
const ROWS_MAX: usize = 1_000;

/// What the shield's routes touch. Blocks are public (DESIGN §7); what is held is not yet a decision.
pub fn resources() -> Vec<Resource> {
    vec![
        Resource {
            name: DECISION,
            about: "blocks and allowances, with their reasons",
            least: &[(Act::Read, Role::Public), (Act::Decide, Role::Analyst)],
        },
        Resource {
            name: HELD,
            about: "what a rule would block and a warning list holds",
            least: &[(Act::Read, Role::Reader), (Act::Decide, Role::Analyst)],
        },
        Resource {
            name: SNAPSHOT,
            about: "the signed files for edges",
            least: &[(Act::Read, Role::Public), (Act::Administer, Role::Admin)],
        },
    ]
}

/// The JSON API.
pub fn routes(shield: &Arc<Shield>) -> Vec<Route> {
    let with = || Arc::clone(shield);
    vec![
        Route::get("/api/v1/shield/decisions", DECISION, get(list).with_state(with())),
        Route::post("/api/v1/shield/decisions", DECISION, Act::Decide, post(take).with_state(with())),
        Route::get("/api/v1/shield/decisions/{number}", DECISION, get(one).with_state(with())),
        Route::post("/api/v1/shield/decisions/{number}/undo", DECISION, Act::Decide, post(undo).with_state(with())),
        Route::get("/api/v1/shield/held", HELD, get(held_list).with_state(with())),
        Route::get("/api/v1/shield/held/report", HELD, get(report).with_state(with())),
        Route::get("/api/v1/shield/held/report.csv", HELD, get(report_csv).with_state(with())),
        Route::post("/api/v1/shield/held", HELD, Act::Decide, post(answer).with_state(with())),
        Route::get("/api/v1/shield/snapshots", SNAPSHOT, get(snapshots).with_state(with())),
        Route::post("/api/v1/shield/snapshots", SNAPSHOT, Act::Administer, post(build).with_state(with())),
    ]
}

/// A decision as the API shows it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    decision: Decision,
    list: String,
    score: u8,
    ledger_index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
}

#[derive(Serialize)]
struct Ended {
    at: sipar_model::TimestampMs,
    by: String,
    reason: String,
    ledger_index: Option<u64>,
}

fn shown(record: Record) -> Shown {
    let ended =
        record.end.map(|end| Ended { at: end.at, by: end.by, reason: end.reason, ledger_index: end.ledger_index });
    Shown {
        decision: record.decision,
        list: record.list,
        score: record.score,
        ledger_index: record.ledger_index,
        ended,
    }
}

pub(crate) fn refusal(error: ShieldError) -> WebError {
    match error {
        ShieldError::Refused(why) => WebError::unprocessable(why),
        ShieldError::Missing(what) => WebError::not_found().detail(format!("there is no {what}")),
        other => WebError::internal("using the shield", &other),
    }
}

#[derive(Deserialize)]
struct ListQuery {
    state: Option<String>,
    category: Option<Category>,
    before: Option<u32>,
    limit: Option<usize>,
}

async fn list(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<Shown>>, ApiError> {
    let filter = filter(query.state.as_deref(), query.category, query.before)?;
    let limit = query.limit.unwrap_or(100).clamp(1, ROWS_MAX);
    let records = shield.house.store.read(move |reader| read::decisions(reader, &filter, limit)).await;
    let may = clearance(caller.role);
    let records = records.map_err(refusal)?.into_iter().filter(|record| record.decision.tlp <= may);
    Ok(Json(records.map(shown).collect()))
}

pub(crate) fn filter(
    word: Option<&str>,
    category: Option<Category>,
    before: Option<u32>,
) -> Result<read::Filter, WebError> {
    let state =
        match word.filter(|word| !word.is_empty()) {
            None => None,
            Some(word) => Some(state(word).ok_or_else(|| {
                WebError::bad_request("state is one of active, undone, withdrawn, expired, superseded")
            })?),
        };
    Ok(read::Filter { state, category, before })
}

async fn one(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Path(text): Path<String>,
) -> Result<Json<Shown>, ApiError> {
    let record = find(&shield, &text, clearance(caller.role)).await?;
    Ok(Json(shown(record)))
}

/// The decision with this number, for a reader with this clearance.
pub(crate) async fn find(shield: &Shield, text: &str, clearance: Tlp) -> Result<Record, WebError> {
    let asked = number(text).ok_or_else(|| WebError::bad_request("a decision's number looks like `D-17`"))?;
    let found = shield.house.store.read(move |reader| decisions::by_number(reader, asked)).await.map_err(refusal)?;
    // The same words for one that does not exist and one that the reader may not see.
    let missing = || WebError::not_found().detail(format!("there is no decision {asked}"));
    found.filter(|record| record.decision.tlp <= clearance).ok_or_else(missing)
}

/// What a person asks for.
#[derive(Deserialize)]
pub(crate) struct TakeBody {
    pub what: String,
    pub action: Action,
    pub category: Category,
    pub reason: String,
    pub days: u32,
}

#[derive(Serialize)]
struct Taken {
    decision: DecisionNumber,
}

async fn take(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Json(body): Json<TakeBody>,
) -> Result<Json<Taken>, ApiError> {
    Ok(Json(Taken { decision: do_take(&shield, &caller, body).await? }))
}

pub(crate) async fn do_take(
    shield: &Arc<Shield>,
    caller: &Identity,
    body: TakeBody,
) -> Result<DecisionNumber, WebError> {
    let observable = Observable::guess(&body.what).map_err(|error| WebError::bad_request(error.to_string()))?;
    let request =
        Request { observable, action: body.action, category: body.category, reason: body.reason, days: body.days };
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    let taken = shield.house.store.write(move |tx| inner.request(tx, &actor, &request, now)).await.map_err(refusal)?;
    shield.wake.notify_one();
    Ok(taken)
}

fn actor(caller: &Identity) -> Result<Actor, WebError> {
    let salt = Salt::fresh().ok_or_else(|| WebError::unavailable("the system gave no random bytes; try again"))?;
    Ok(Actor { label: caller.label.to_string(), salt })
}

#[derive(Deserialize)]
pub(crate) struct ReasonBody {
    pub reason: String,
}

async fn undo(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Path(text): Path<String>,
    Json(body): Json<ReasonBody>,
) -> Result<Json<Taken>, ApiError> {
    Ok(Json(Taken { decision: do_undo(&shield, &caller, &text, body.reason).await? }))
}

pub(crate) async fn do_undo(
    shield: &Arc<Shield>,
    caller: &Identity,
    text: &str,
    reason: String,
) -> Result<DecisionNumber, WebError> {
    let number = find(shield, text, clearance(caller.role)).await?.decision.number;
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    shield
        .house
        .store
        .write(move |tx| inner.undo(tx, &actor, number, &reason, now).map(|_| ()))
        .await
        .map_err(refusal)?;
    shield.wake.notify_one();
    Ok(number)
}

#[derive(Deserialize)]
struct HeldQuery {
    #[serde(default)]
    after: String,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct HeldShown {
    observable: Observable,
    state: &'static str,
    lists: Vec<String>,
    category: Category,
    at: sipar_model::TimestampMs,
}

async fn held_list(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Query(query): Query<HeldQuery>,
) -> Result<Json<Vec<HeldShown>>, ApiError> {
    let limit = query.limit.unwrap_or(100).clamp(1, ROWS_MAX);
    let rows = shield.house.store.read(move |reader| held::page(reader, None, &query.after, limit)).await;
    let may = clearance(caller.role);
    let open = |held: &held::Held| held.indicator.assertions.iter().any(|assertion| assertion.tlp <= may);
    let rows = rows.map_err(refusal)?.into_iter().filter(open);
    let shown = rows.map(|held| HeldShown {
        state: state_word(&held),
        observable: held.indicator.observable,
        lists: held.lists,
        category: held.category,
        at: held.at,
    });
    Ok(Json(shown.collect()))
}

/// How many are held in one state by the same lists.
#[derive(Serialize)]
struct ReportLine {
    state: HeldState,
    lists: Vec<String>,
    count: u64,
}

async fn report(State(shield): State<Arc<Shield>>) -> Result<Json<Vec<ReportLine>>, ApiError> {
    let lines = shield.house.store.read(held::report).await.map_err(refusal)?;
    let line = |(state, lists, count)| ReportLine { state, lists, count };
    Ok(Json(lines.into_iter().map(line).collect()))
}

async fn report_csv(State(shield): State<Arc<Shield>>) -> Result<Response, ApiError> {
    let mut text = String::from("state,observable,category,lists,since_ms\n");
    let mut after = String::new();
    // Bounded by what is held; each part is as large as a fact.
    loop {
        let from = after.clone();
        let rows = shield.house.store.read(move |reader| held::page(reader, None, &from, FACT_ITEMS_MAX)).await;
        let rows = rows.map_err(refusal)?;
        for held in rows.iter().filter(|held| held.indicator.assertions.iter().any(|a| a.tlp <= Tlp::Green)) {
            // No value or slug holds a quote or a comma but URLs, which are quoted.
            let value = held.indicator.observable.value().replace('"', "%22");
            let lists = held.lists.join(" ");
            text.push_str(&format!("{},\"{value}\",{},{lists},{}\n", state_word(held), held.category, held.at.0));
        }
        match rows.last() {
            Some(last) => after = last.indicator.observable.value(),
            None => break,
        }
    }
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response())
}

/// A person's answer to what is held.
#[derive(Deserialize)]
pub(crate) struct AnswerBody {
    pub what: String,
    /// Agree to the block, or refuse it.
    pub agree: bool,
    pub reason: String,
}

async fn answer(
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
    let observable = Observable::guess(&body.what).map_err(|error| WebError::bad_request(error.to_string()))?;
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

async fn snapshots(
    State(shield): State<Arc<Shield>>,
) -> Result<Json<Vec<sipar_model::fact::SnapshotPublished>>, ApiError> {
    let list = shield.snapshots(100).await.map_err(refusal)?;
    Ok(Json(list.into_iter().map(|published| published.snapshot).collect()))
}

async fn build(State(shield): State<Arc<Shield>>) -> Result<Json<sipar_model::fact::SnapshotPublished>, ApiError> {
    let published = shield.publish(true).await.map_err(refusal)?;
    let published = published.ok_or_else(|| WebError::unavailable("nothing was published; try again"))?;
    Ok(Json(published.snapshot))
}
