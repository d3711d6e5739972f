//! The shield's JSON API, and the forms of its pages.

pub(crate) mod drills;
pub(crate) mod held;
pub(crate) mod reviews;

use crate::{
    Actor, Request, Shield, ShieldError,
    acts::no_decision,
    error::say,
    explain::{number, state},
    store::{decisions, publications::Publication, read, record::Record},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::{Route, clearance};
use sipar_authz::{Act, Identity};
use sipar_ledger::Salt;
use sipar_model::{Action, Category, Decision, DecisionNumber, NameServer, Observable, Tlp};
use sipar_web::{ApiError, WebError, context::Caller, no_chance};
use std::sync::Arc;

pub(crate) const DECISION: &str = "decision";
pub(crate) const HELD: &str = "held";
pub(crate) const DRILL: &str = "drill";
pub(crate) const SNAPSHOT: &str = "snapshot";
pub(crate) const REVIEW: &str = "review";

/// Rows in one answer.
const ROWS_MAX: usize = 1_000;

/// So much of what was given stands in a refusal, in characters: enough to find the mistake.
const GIVEN_CHARS_MAX: usize = 40;

/// The JSON API.
pub fn routes(shield: &Arc<Shield>) -> Vec<Route> {
    let with = || Arc::clone(shield);
    vec![
        Route::get("/api/v1/shield/decisions", DECISION, get(list).with_state(with())),
        Route::post("/api/v1/shield/decisions", DECISION, Act::Decide, post(take).with_state(with())),
        Route::get("/api/v1/shield/decisions/{number}", DECISION, get(one).with_state(with())),
        Route::post("/api/v1/shield/decisions/{number}/undo", DECISION, Act::Decide, post(undo).with_state(with())),
        Route::post("/api/v1/shield/unblock", DECISION, Act::Decide, post(reviews::unblock).with_state(with())),
        Route::get("/api/v1/shield/reviews", REVIEW, get(reviews::list).with_state(with())),
        Route::post("/api/v1/shield/reviews/{number}", REVIEW, Act::Decide, post(reviews::answer).with_state(with())),
        Route::get("/api/v1/shield/held", HELD, get(held::list).with_state(with())),
        Route::get("/api/v1/shield/held/report", HELD, get(held::report).with_state(with())),
        Route::get("/api/v1/shield/held/report.csv", HELD, get(held::report_csv).with_state(with())),
        Route::get("/api/v1/shield/held/feeds", HELD, get(held::feeds).with_state(with())),
        Route::post("/api/v1/shield/held", HELD, Act::Decide, post(held::answer).with_state(with())),
        Route::get("/api/v1/shield/drills", DRILL, get(drills::list).with_state(with())),
        Route::post("/api/v1/shield/drills", DRILL, Act::Decide, post(drills::run).with_state(with())),
        Route::post("/api/v1/shield/drills/{number}/agree", DRILL, Act::Decide, post(drills::agree).with_state(with()))
            .sensitive(),
        Route::post("/api/v1/shield/drill-stop", DRILL, Act::Decide, post(drills::stop).with_state(with())),
        Route::post("/api/v1/shield/rolled-back", DRILL, Act::Decide, post(drills::rolled_back).with_state(with())),
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
        ShieldError::Missing(what) => WebError::not_found().detail(what),
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
    let state = match word.filter(|word| !word.is_empty()) {
        None => None,
        Some(word) => {
            Some(state(word).ok_or_else(|| one_of("state", "active, undone, withdrawn, expired, superseded", word))?)
        }
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

/// What was given is no number of a decision.
pub(crate) fn no_number() -> WebError {
    WebError::bad_request(say("shield-refused-number", []))
}

/// What was given for a field is none of these words.
pub(crate) fn one_of(field: &'static str, words: &str, given: &str) -> WebError {
    let given: String = given.chars().take(GIVEN_CHARS_MAX).collect();
    WebError::bad_request(say(
        "shield-refused-one-of",
        [("field", field.into()), ("words", words.into()), ("given", given.into())],
    ))
}

/// The decision with this number, for a reader with this clearance.
pub(crate) async fn find(shield: &Shield, text: &str, clearance: Tlp) -> Result<Record, WebError> {
    let asked = number(text).ok_or_else(no_number)?;
    let found = shield.house.store.read(move |reader| decisions::by_number(reader, asked)).await.map_err(refusal)?;
    // The same words for one that does not exist and one that the reader may not see.
    found.filter(|record| record.decision.tlp <= clearance).ok_or_else(|| refusal(no_decision(asked)))
}

/// What of a name, an address or a network is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum As {
    /// It as it stands there.
    #[default]
    Itself,
    /// Name servers there, for what they answer for.
    NameServer,
}

impl As {
    /// The word in the API, in forms and in the texts' keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Itself => "itself",
            Self::NameServer => "name-server",
        }
    }
}

/// What a person asks for.
#[derive(Deserialize)]
pub(crate) struct TakeBody {
    pub what: String,
    /// What of it is meant.
    #[serde(default, rename = "as")]
    pub meant: As,
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
    let observable = meant(&body.what, body.meant)?;
    let request =
        Request { observable, action: body.action, category: body.category, reason: body.reason, days: body.days };
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    let taken = shield.house.store.write(move |tx| inner.request(tx, &actor, &request, now)).await.map_err(refusal)?;
    shield.wake_all();
    Ok(taken)
}

/// What a text and what is meant of it come to.
fn meant(text: &str, meant: As) -> Result<Observable, WebError> {
    let observable = Observable::guess(text).map_err(|error| WebError::bad_request((&error).into()))?;
    match meant {
        As::Itself => Ok(observable),
        As::NameServer => NameServer::of(&observable).map(Observable::NameServer).ok_or_else(|| {
            WebError::bad_request(say("shield-refused-no-server", [("what", observable.to_string().into())]))
        }),
    }
}

pub(crate) fn actor(caller: &Identity) -> Result<Actor, WebError> {
    let salt = Salt::fresh().ok_or_else(|| WebError::unavailable(no_chance()))?;
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
    shield.wake_all();
    Ok(number)
}

async fn snapshots(State(shield): State<Arc<Shield>>) -> Result<Json<Vec<Publication>>, ApiError> {
    Ok(Json(shield.publications(100).await.map_err(refusal)?))
}

/// Publishes what has changed, and the whole state as one file.
async fn build(State(shield): State<Arc<Shield>>) -> Result<Json<sipar_model::fact::SnapshotPublished>, ApiError> {
    let published = shield.publish_and_mend().await.map_err(refusal)?;
    let snapshot = published.and_then(|state| state.snapshot());
    Ok(Json(snapshot.ok_or_else(|| WebError::unavailable(say("shield-refused-unpublished", [])))?))
}
