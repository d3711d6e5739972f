//! The JSON API of exposures and its wire types.

use crate::{
    ExposureError, Exposures,
    error::say,
    model::{Act as Done, Exposure, Source, State as ExposureState, StepError, step},
    store::{self, Filter, Past},
    tell,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::{AreaError, Route, within};
use sipar_authz::Act;
use sipar_model::{Observable, PartyId, Severity, TimestampMs, Tlp};
use sipar_web::{ApiError, Lang, Permit, WebError};
use std::sync::Arc;

/// What the routes touch.
pub(crate) const EXPOSURE: &str = "exposure";

/// Rows in one answer and on one page.
pub(crate) const ROWS_MAX: usize = 100;
/// Steps of a history that are shown.
const HISTORY_MAX: usize = 200;
/// Characters of a reason: some lines.
pub(crate) const REASON_CHARS_MAX: usize = 1_000;
/// So much of what was given stands in a refusal, in characters: enough to find the mistake.
const GIVEN_CHARS_MAX: usize = 40;

/// The JSON API.
pub fn routes(exposures: &Arc<Exposures>) -> Vec<Route> {
    let with = || Arc::clone(exposures);
    vec![
        Route::get("/api/v1/exposures", EXPOSURE, get(list).with_state(with())).within(),
        Route::get("/api/v1/exposures/{number}", EXPOSURE, get(show).with_state(with())).within(),
        Route::post("/api/v1/exposures/{number}", EXPOSURE, Act::Write, post(act).with_state(with())).within(),
    ]
}

pub(crate) fn refusal(error: ExposureError) -> WebError {
    match error {
        ExposureError::Missing(why) => WebError::not_found().detail(why),
        ExposureError::Refused(why) => WebError::unprocessable(why),
        other => WebError::internal("using exposures", &AreaError::from(other)),
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

impl Asked {
    /// What may be read of what is asked for.
    pub(crate) fn filter(&self, exposures: &Exposures, permit: &Permit) -> Result<Filter, WebError> {
        let given = |text: &str| text.chars().take(GIVEN_CHARS_MAX).collect::<String>();
        let over = match self.state.as_str() {
            "" | "open" => false,
            "over" => true,
            other => {
                return Err(WebError::bad_request(say("exposure-refused-state", [("given", given(other).into())])));
            }
        };
        let party =
            match self.party.trim() {
                "" => None,
                text => Some(PartyId::parse(text).map_err(|_| {
                    WebError::bad_request(say("exposure-refused-party", [("given", given(text).into())]))
                })?),
            };
        let within = within::covered(&exposures.house.owners, permit);
        Ok(Filter { party, within, over, clearance: permit.clearance() })
    }
}

/// A page of the list: how many there are in all, by how bad they are, and the rows.
pub(crate) type Listed = (Vec<(Severity, u64)>, Vec<Exposure>);

/// Reads a page of the list.
pub(crate) async fn listed(
    exposures: &Exposures,
    filter: Filter,
    skip: impl FnOnce(u64) -> u64 + Send + 'static,
) -> Result<Listed, WebError> {
    let read = exposures.house.store.read(move |reader| {
        let counts = store::counts(reader, &filter)?;
        let total = counts.iter().map(|(_, count)| count).sum();
        let rows = store::list(reader, &filter, skip(total), ROWS_MAX)?;
        Ok::<_, ExposureError>((counts, rows))
    });
    read.await.map_err(refusal)
}

/// An exposure, as it is told.
#[derive(Serialize)]
pub(crate) struct Shown {
    number: i64,
    party: PartyId,
    subject: Observable,
    asset: Observable,
    class: String,
    /// What is wrong, in words.
    title: String,
    /// What its owner does about it.
    fix: String,
    severity: Severity,
    evidence: crate::model::Evidence,
    tlp: Tlp,
    /// Who saw it, as far as the reader may know.
    sources: Vec<Source>,
    first_seen: TimestampMs,
    last_seen: TimestampMs,
    /// Since when no source says it any more; that is no word on whether it is mended.
    gone_at: Option<TimestampMs>,
    state: ExposureState,
    state_at: TimestampMs,
    /// Until when it stays accepted, or has to be quiet to be taken for fixed.
    until: Option<TimestampMs>,
    /// How often it has come.
    times: u32,
    /// What became of it, the latest first; in the list left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<Past>,
}

impl Shown {
    fn of(exposures: &Exposures, one: Exposure, history: Vec<Past>, clearance: Tlp) -> Self {
        let (title, fix) = exposures.texts(&one.key.class, Lang::En);
        Self {
            number: one.number,
            title: title.to_owned(),
            fix: fix.to_owned(),
            sources: visible(&one, clearance),
            party: one.key.party,
            subject: one.key.subject,
            asset: one.asset,
            class: one.key.class,
            severity: one.severity,
            evidence: one.evidence,
            tlp: one.tlp,
            first_seen: one.first_seen,
            last_seen: one.last_seen,
            gone_at: one.gone_at,
            state: one.state,
            state_at: one.state_at,
            until: one.until,
            times: one.times,
            history,
        }
    }
}

/// The sources that somebody with this clearance may know of.
pub(crate) fn visible(one: &Exposure, clearance: Tlp) -> Vec<Source> {
    one.sources.iter().filter(|source| source.tlp <= clearance).cloned().collect()
}

async fn list(
    State(exposures): State<Arc<Exposures>>,
    permit: Permit,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<Shown>>, ApiError> {
    let skip = asked.page.saturating_sub(1).saturating_mul(ROWS_MAX as u64);
    let (_, rows) = listed(&exposures, asked.filter(&exposures, &permit)?, move |_| skip).await?;
    Ok(Json(rows.into_iter().map(|one| Shown::of(&exposures, one, Vec::new(), permit.clearance())).collect()))
}

/// One with its history; one that the reader may not know of is as if it were not there.
pub(crate) async fn found(
    exposures: &Exposures,
    number: i64,
    permit: &Permit,
) -> Result<(Exposure, Vec<Past>), WebError> {
    let clearance = permit.clearance();
    let read = exposures.house.store.read(move |reader| {
        let one = store::one(reader, number)?.filter(|one| one.tlp <= clearance);
        let one = one.ok_or_else(|| none(number))?;
        Ok::<_, ExposureError>((one, store::history(reader, number, HISTORY_MAX)?))
    });
    let (one, history) = read.await.map_err(refusal)?;
    own(exposures, permit, &one)?;
    Ok((one, history))
}

/// Another party's is as if it were not there: that something is wrong with them is not for others.
fn own(exposures: &Exposures, permit: &Permit, one: &Exposure) -> Result<(), WebError> {
    within::on(&exposures.house.owners, permit, &one.key.party).map_err(|_| refusal(none(one.number)))
}

fn none(number: i64) -> ExposureError {
    ExposureError::Missing(say("exposure-refused-none", [("number", format!("E-{number}").into())]))
}

async fn show(
    State(exposures): State<Arc<Exposures>>,
    permit: Permit,
    Path(number): Path<i64>,
) -> Result<Json<Shown>, ApiError> {
    let (one, history) = found(&exposures, number, &permit).await?;
    Ok(Json(Shown::of(&exposures, one, history, permit.clearance())))
}

/// What somebody does.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ActBody {
    /// `acknowledge`, `work`, `claim-fix`, `accept`, `dismiss` or `reopen`.
    pub act: String,
    /// Why; needed to accept, dismiss and reopen.
    #[serde(default)]
    pub reason: String,
    /// For how many days it is accepted, 1 to 366.
    #[serde(default)]
    pub days: u16,
}

impl ActBody {
    /// Whether it says that something was never wrong, or is after all: that is for those who judge, not for owners.
    fn is_verdict(&self) -> bool {
        matches!(self.act.as_str(), "dismiss" | "reopen")
    }

    fn read(&self, quiet_days: u16, now: TimestampMs) -> Result<(Done, String), ExposureError> {
        let refused = |key, given: &str| {
            let given: String = given.chars().take(GIVEN_CHARS_MAX).collect();
            ExposureError::Refused(say(key, [("given", given.into())]))
        };
        let reason = self.reason.trim();
        if reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(|c| c.is_control() && c != '\n' && c != '\r')
        {
            return Err(refused("exposure-refused-reason-long", reason));
        }
        let act = match self.act.as_str() {
            "acknowledge" => Done::Acknowledge,
            "work" => Done::Work,
            "claim-fix" => Done::ClaimFix(quiet_days),
            "accept" => Done::Accept(now.plus_days(i64::from(self.days))),
            "dismiss" => Done::Dismiss,
            "reopen" => Done::Reopen,
            other => return Err(refused("exposure-refused-act", other)),
        };
        let why = matches!(act, Done::Accept(_) | Done::Dismiss | Done::Reopen);
        if why && reason.is_empty() {
            return Err(refused("exposure-refused-reason", ""));
        }
        Ok((act, reason.to_owned()))
    }
}

/// Does it.
pub(crate) async fn do_act(
    exposures: &Arc<Exposures>,
    permit: &Permit,
    number: i64,
    body: ActBody,
) -> Result<Exposure, WebError> {
    let (one, _) = found(exposures, number, permit).await?;
    if body.is_verdict() {
        within::to(&exposures.house.owners, permit, Act::Decide, &one.key.party)?;
    }
    let (inner, now) = (Arc::clone(exposures), exposures.house.clock.now());
    let (owner, most) = (one.key.party, permit.clearance());
    let by = format!("person:{}", permit.who.label);
    let written = exposures.house.store.write(move |tx| {
        let held = store::one(tx, number)?.filter(|one| one.key.party == owner && one.tlp <= most);
        let held = held.ok_or_else(|| none(number))?;
        let (act, reason) = body.read(inner.quiet_days(&held.key.class), now)?;
        let step = step::act(&held, &act, now).map_err(|why| match why {
            StepError::NotFrom(state) => {
                ExposureError::Refused(say("exposure-refused-step", [("state", state.word().into())]))
            }
            StepError::Until => ExposureError::Refused(say("exposure-refused-days", [])),
        })?;
        let kept = inner.keep(tx, &step, &by, reason, now)?;
        tell::say(tx, std::slice::from_ref(&kept), now)?;
        Ok(kept)
    });
    written.await.map_err(refusal)
}

async fn act(
    State(exposures): State<Arc<Exposures>>,
    permit: Permit,
    Path(number): Path<i64>,
    Json(body): Json<ActBody>,
) -> Result<Json<Shown>, ApiError> {
    do_act(&exposures, &permit, number, body).await?;
    let (one, history) = found(&exposures, number, &permit).await?;
    Ok(Json(Shown::of(&exposures, one, history, permit.clearance())))
}
