//! The JSON API of drills: what was found, how it stands, and what people do about it.

use super::{ROWS_MAX, actor, no_number, refusal};
use crate::{
    Shield, ShieldError,
    drill::{ROLLED_BACK, Ran, Rolled},
    error::say,
    explain::number,
    model::drill::Found,
    store::{
        drills::{self, DrillState, Drilled, Stop},
        record::Record,
    },
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use sipar_area::clearance;
use sipar_authz::Identity;
use sipar_model::{DecisionNumber, Observable, TimestampMs, Tlp};
use sipar_web::{ApiError, WebError, context::Caller};
use std::{collections::BTreeMap, sync::Arc};

/// What drills found that somebody has to look at.
#[derive(Debug, Serialize)]
pub(crate) struct All {
    /// The change that is stopped, if one is.
    pub stop: Option<Stop>,
    /// Where the decisions of that change come from, and how many that a drill found come from each.
    pub sources: Vec<(String, usize)>,
    /// What was found, the oldest first: stopped, waiting, standing, agreed.
    pub found: Vec<Shown>,
    /// How many wait because a roll-out was taken back.
    pub rolled_back: usize,
}

/// A decision that a drill found.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub drilled: Drilled,
    pub observable: Observable,
    pub decided_by: String,
    pub decided_at: TimestampMs,
    pub expires_at: TimestampMs,
}

/// Everything, for a reader with this clearance.
pub(crate) async fn all(shield: &Shield, clearance: Tlp) -> Result<All, ShieldError> {
    let read = shield.house.store.read(|reader| {
        let mut found = Vec::new();
        for state in DrillState::ALL {
            found.extend(drills::list(reader, state, ROWS_MAX)?);
        }
        Ok::<_, ShieldError>((drills::stopped(reader)?, found))
    });
    let (stop, mut found) = read.await?;
    found.retain(|(_, record)| record.decision.tlp <= clearance);
    let is_rolled_back = |drilled: &Drilled| drilled.state == DrillState::Waiting && drilled.lists == [ROLLED_BACK];
    let rolled_back = found.iter().filter(|(drilled, _)| is_rolled_back(drilled)).count();
    let mut sources: BTreeMap<String, usize> = BTreeMap::new();
    for (_, record) in found.iter().filter(|(drilled, _)| drilled.state == DrillState::Stopped) {
        for source in sources_of(record, clearance) {
            *sources.entry(source).or_default() += 1;
        }
    }
    let shown = |(drilled, record): (Drilled, Record)| Shown {
        drilled,
        observable: record.decision.observable,
        decided_by: record.decision.decided_by,
        decided_at: record.decision.decided_at,
        expires_at: record.decision.expires_at,
    };
    Ok(All { stop, sources: sources.into_iter().collect(), found: found.into_iter().map(shown).collect(), rolled_back })
}

/// The feeds behind a decision; who or what took it, where there are none.
fn sources_of(record: &Record, clearance: Tlp) -> Vec<String> {
    let open = record.evidence.iter().filter(|assertion| assertion.tlp <= clearance);
    let mut sources: Vec<String> = open.map(|assertion| assertion.source.clone()).collect();
    if sources.is_empty() {
        sources.push(record.decision.decided_by.clone());
    }
    sources.sort_unstable();
    sources.dedup();
    sources
}

pub(super) async fn list(State(shield): State<Arc<Shield>>, Caller(caller): Caller) -> Result<Json<All>, ApiError> {
    Ok(Json(all(&shield, clearance(caller.role)).await.map_err(refusal)?))
}

/// What a drill by hand came to.
#[derive(Serialize)]
pub(super) struct RanShown {
    serial: u64,
    blocks: u64,
    took_ms: u64,
    found: Vec<FoundShown>,
    agreed: Vec<FoundShown>,
}

#[derive(Serialize)]
struct FoundShown {
    decision: DecisionNumber,
    musts: Vec<String>,
    lists: Vec<String>,
    never: bool,
}

pub(super) async fn run(State(shield): State<Arc<Shield>>) -> Result<Json<RanShown>, ApiError> {
    let Ran { serial, blocks, took_ms, found, agreed } = shield.drill_published().await.map_err(refusal)?;
    let shown = |all: Vec<Found>| {
        let one = |found: Found| FoundShown {
            decision: found.decision,
            musts: found.musts,
            lists: found.lists,
            never: found.never,
        };
        all.into_iter().take(ROWS_MAX).map(one).collect()
    };
    Ok(Json(RanShown { serial, blocks, took_ms, found: shown(found), agreed: shown(agreed) }))
}

/// A person's agreement.
#[derive(Deserialize)]
pub(crate) struct AgreeBody {
    pub reason: String,
    pub days: u32,
}

pub(super) async fn agree(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Path(text): Path<String>,
    Json(body): Json<AgreeBody>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let number = do_agree(&shield, &caller, &text, body).await?;
    Ok(Json(serde_json::json!({ "decision": number })))
}

pub(crate) async fn do_agree(
    shield: &Arc<Shield>,
    caller: &Identity,
    text: &str,
    body: AgreeBody,
) -> Result<DecisionNumber, WebError> {
    let number = number(text).ok_or_else(no_number)?;
    let (actor, now, inner) = (actor(caller)?, shield.house.clock.now(), Arc::clone(shield));
    let agreed =
        shield.house.store.write(move |tx| inner.agree_to(tx, &actor, number, (&body.reason, body.days), now)).await;
    agreed.map_err(refusal)?;
    shield.wake_all();
    Ok(number)
}

/// What a person does about a change that is stopped.
#[derive(Deserialize)]
pub(crate) struct StopBody {
    pub act: StopAct,
    /// Whose decisions are undone.
    #[serde(default)]
    pub source: String,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum StopAct {
    /// It goes on, without what the drill found.
    GoOn,
    /// Everything that one source brought since the published state is undone.
    UndoSource,
}

pub(super) async fn stop(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Json(body): Json<StopBody>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let undone = do_stop(&shield, &caller, body).await?;
    Ok(Json(serde_json::json!({ "undone": undone })))
}

pub(crate) async fn do_stop(shield: &Arc<Shield>, caller: &Identity, body: StopBody) -> Result<usize, WebError> {
    let actor = actor(caller)?;
    let undone = match body.act {
        StopAct::GoOn => {
            let (now, inner) = (shield.house.clock.now(), Arc::clone(shield));
            let write = shield.house.store.write(move |tx| inner.go_on(tx, &actor, &body.reason, now));
            write.await.map(|()| 0)
        }
        StopAct::UndoSource if body.source.is_empty() => {
            return Err(WebError::bad_request(say("shield-refused-source", [])));
        }
        StopAct::UndoSource => shield.undo_source(&actor, &body.source, &body.reason).await,
    };
    let undone = undone.map_err(refusal)?;
    shield.wake_all();
    Ok(undone)
}

/// What a person does with what was held back when a roll-out was taken back.
#[derive(Deserialize)]
pub(crate) struct RolledBody {
    pub act: Rolled,
    pub reason: String,
}

pub(super) async fn rolled_back(
    State(shield): State<Arc<Shield>>,
    Caller(caller): Caller,
    Json(body): Json<RolledBody>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let settled = do_rolled_back(&shield, &caller, body).await?;
    Ok(Json(serde_json::json!({ "settled": settled })))
}

pub(crate) async fn do_rolled_back(
    shield: &Arc<Shield>,
    caller: &Identity,
    body: RolledBody,
) -> Result<usize, WebError> {
    let settled = shield.settle_rolled_back(&actor(caller)?, body.act, &body.reason).await.map_err(refusal)?;
    shield.wake_all();
    Ok(settled)
}
