//! The JSON API of notices and its wire types.

mod channels;

pub(crate) use channels::doors;

use crate::{
    Notices, NoticesError, Pace,
    acts::whole,
    error::say,
    model::{
        Notice, Thing,
        document::{self, Document},
        measure::Measured,
    },
    store::{
        letters::{self, Event},
        notices::{self, Filter},
    },
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::{AreaError, Route};
use sipar_authz::Act;
use sipar_model::PartyId;
use sipar_web::{ApiError, Caller, WebError};
use std::sync::Arc;

/// What the routes touch.
pub(crate) const NOTICE: &str = "notice";
/// Where whoever got a letter says that they know.
pub(crate) const DOOR: &str = "notice-door";

/// Rows in one answer and on one page.
pub(crate) const ROWS_MAX: usize = 100;
/// Events in one answer of the feed.
const EVENTS_MAX: usize = 500;
/// So much of what was given stands in a refusal, in characters: enough to find the mistake.
const GIVEN_CHARS_MAX: usize = 40;

/// The JSON API.
pub fn routes(notices: &Arc<Notices>) -> Vec<Route> {
    let with = || Arc::clone(notices);
    let own = vec![
        Route::get("/api/v1/notices", NOTICE, get(list).with_state(with())),
        Route::get("/api/v1/notices/events", NOTICE, get(events).with_state(with())),
        Route::get("/api/v1/notices/measures", NOTICE, get(measures).with_state(with())),
        Route::post("/api/v1/notices/send", NOTICE, Act::Write, post(send).with_state(with())),
        Route::get("/api/v1/notices/{number}", NOTICE, get(show).with_state(with())),
        Route::post("/api/v1/notices/{number}/acknowledge", NOTICE, Act::Write, post(acknowledge).with_state(with())),
    ];
    own.into_iter().chain(channels::routes(notices)).collect()
}

pub(crate) fn refusal(error: NoticesError) -> WebError {
    match error {
        NoticesError::Missing(why) => WebError::not_found().detail(why),
        NoticesError::Refused(why) => WebError::unprocessable(why),
        NoticesError::TooMany(why) => WebError::new(StatusCode::TOO_MANY_REQUESTS).detail(why),
        other => WebError::internal("using notices", &AreaError::from(other)),
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// `open`, which is the default, or `over`.
    #[serde(default)]
    pub state: String,
    /// Of one party alone.
    #[serde(default)]
    pub party: String,
    /// The page, from 1.
    #[serde(default)]
    pub page: u64,
}

fn given(text: &str) -> String {
    text.chars().take(GIVEN_CHARS_MAX).collect()
}

fn party(text: &str) -> Result<Option<PartyId>, WebError> {
    match text.trim() {
        "" => Ok(None),
        text => PartyId::parse(text)
            .map(Some)
            .map_err(|_| WebError::bad_request(say("notices-refused-party", [("given", given(text).into())]))),
    }
}

impl Asked {
    pub(crate) fn filter(&self) -> Result<Filter, WebError> {
        let over = match self.state.as_str() {
            "" | "open" => false,
            "over" => true,
            other => {
                return Err(WebError::bad_request(say("notices-refused-state", [("given", given(other).into())])));
            }
        };
        Ok(Filter { party: party(&self.party)?, over })
    }
}

/// Reads a page of the list: how many there are in all, and the rows.
pub(crate) async fn listed(
    notices: &Notices,
    filter: Filter,
    skip: impl Fn(u64) -> u64 + Send + 'static,
) -> Result<(u64, Vec<Notice>), WebError> {
    let read = notices.house.store.read(move |reader| {
        let total = notices::count(reader, &filter)?;
        Ok::<_, NoticesError>((total, notices::list(reader, &filter, skip(total), ROWS_MAX)?))
    });
    read.await.map_err(refusal)
}

#[derive(Serialize)]
struct Listed {
    total: u64,
    notices: Vec<Notice>,
}

async fn list(State(notices): State<Arc<Notices>>, Query(asked): Query<Asked>) -> Result<Json<Listed>, ApiError> {
    let skip = asked.page.saturating_sub(1).saturating_mul(ROWS_MAX as u64);
    let (total, notices) = listed(&notices, asked.filter()?, move |_| skip).await?;
    Ok(Json(Listed { total, notices }))
}

/// A notice with everything in it.
pub(crate) async fn found(notices: &Notices, number: i64) -> Result<(Notice, Vec<Thing>), WebError> {
    notices.house.store.read(move |reader| whole(reader, number)).await.map_err(refusal)
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    notice: &'a Notice,
    /// As its reader gets it.
    document: Document<'a>,
}

async fn show(
    State(notices): State<Arc<Notices>>,
    Path(number): Path<i64>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let (notice, things) = found(&notices, number).await?;
    let from = &notices.house.instance.organisation;
    let document = document::document(&notice, &things, &notices.classes, from);
    let value = serde_json::to_value(Shown { notice: &notice, document });
    Ok(Json(value.map_err(|error| refusal(NoticesError::Json(error)))?))
}

/// Somebody here says that the owner knows.
pub(crate) async fn do_acknowledge(notices: &Arc<Notices>, label: &str, number: i64) -> Result<Notice, WebError> {
    let (inner, now, by) = (Arc::clone(notices), notices.house.clock.now(), format!("person:{label}"));
    let written = notices.house.store.write(move |tx| inner.acknowledge(tx, number, &by, now));
    written.await.map_err(refusal)
}

async fn acknowledge(
    State(notices): State<Arc<Notices>>,
    Caller(caller): Caller,
    Path(number): Path<i64>,
) -> Result<Json<Notice>, ApiError> {
    Ok(Json(do_acknowledge(&notices, &caller.label, number).await?))
}

/// How soon what is due is to be sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SendBody {
    /// Whatever waits is told at once, whatever the clocks and hours say.
    #[serde(default)]
    now: bool,
}

#[derive(Serialize)]
struct Ran {
    /// Notices that were made.
    made: usize,
    /// Letters that the mail server took.
    taken: usize,
    /// Letters that it did not.
    failed: usize,
    /// Whether there is a mail server.
    mail: bool,
}

async fn send(State(notices): State<Arc<Notices>>, Json(body): Json<SendBody>) -> Result<Json<Ran>, ApiError> {
    let (made, sent) = do_send(&notices, if body.now { Pace::Now } else { Pace::Usual }).await?;
    Ok(Json(Ran { made, taken: sent.taken, failed: sent.failed, mail: notices.mailer.get().is_some() }))
}

/// Does what is due. It goes on when whoever asked does not wait.
pub(crate) async fn do_send(notices: &Arc<Notices>, pace: Pace) -> Result<(usize, crate::Sent), WebError> {
    let inner = Arc::clone(notices);
    let ran = tokio::spawn(async move { inner.run(pace).await }).await;
    ran.map_err(|error| WebError::internal("sending notices", &error))?.map_err(refusal)
}

async fn measures(State(notices): State<Arc<Notices>>) -> Result<Json<Vec<Measured>>, ApiError> {
    Ok(Json(notices.measured().await.map_err(refusal)?))
}

#[derive(Deserialize)]
struct After {
    /// The number of the last event that one has.
    #[serde(default)]
    after: i64,
    #[serde(default)]
    party: String,
}

/// Events with where to go on.
#[derive(Serialize)]
pub(crate) struct Events {
    pub events: Vec<Event>,
    /// What to ask with the next time.
    pub after: i64,
    /// Whether there is more now.
    pub more: bool,
}

impl Events {
    pub(crate) fn of(events: Vec<Event>, after: i64) -> Self {
        let (last, more) = (events.last().map_or(after, |event| event.seq), events.len() == EVENTS_MAX);
        Self { events, after: last, more }
    }
}

async fn events(State(notices): State<Arc<Notices>>, Query(asked): Query<After>) -> Result<Json<Events>, ApiError> {
    let of = party(&asked.party)?;
    let after = asked.after.max(0);
    let read = notices.house.store.read(move |reader| letters::events(reader, of.as_ref(), after, EVENTS_MAX));
    Ok(Json(Events::of(read.await.map_err(refusal)?, after)))
}
