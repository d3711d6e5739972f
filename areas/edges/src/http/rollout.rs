//! The JSON API of a roll-out: where each ring is, what it waits for, and what people do about it.

use super::{fault, shown};
use crate::{
    Edges, EdgesError,
    model::{
        book::Book,
        config::RolloutConfig,
        rollout::{ALL, FIRST},
    },
    rollout::read_signals,
    store::rollout::{self, ActRow},
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use sipar_authz::Identity;
use sipar_model::TimestampMs;
use sipar_web::{ApiError, WebError, context::Caller};
use std::sync::Arc;

/// How a roll-out stands.
#[derive(Debug, Serialize)]
pub(crate) struct RolloutShown {
    /// Whether new states go to a first ring before the rest: there are enough edges, and that is wanted.
    pub staged: bool,
    /// The newest state; 0: none was published.
    pub newest: u64,
    pub rings: Vec<RingShown>,
    /// Since when the rest stays where it is until a person decides.
    pub halted_at: Option<TimestampMs>,
    pub signals: Vec<SignalShown>,
    /// When the soak of the next state for the rest is over.
    pub soaked_at: Option<TimestampMs>,
    /// What was taken back last: everything up to this state.
    pub avoided: u64,
    pub config: RolloutConfig,
    pub acts: Vec<ActRow>,
}

/// One ring.
#[derive(Debug, Serialize)]
pub(crate) struct RingShown {
    pub ring: &'static str,
    /// The state that its edges are told.
    pub serial: u64,
    /// Since when, where that is known.
    pub since: Option<TimestampMs>,
    /// Edges with a key.
    pub edges: usize,
    /// Edges that answer from that state or a later one.
    pub there: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct SignalShown {
    pub edge: String,
    pub wrong: &'static str,
    pub detail: String,
}

/// How it stands now.
pub(crate) async fn rollout_shown(edges: &Edges) -> Result<RolloutShown, EdgesError> {
    let (view, config, newest) = (edges.rollout_view(), edges.rollout_config(), edges.look(Book::newest));
    let acts = edges.house.store.read(rollout::acts).await?;
    let all = shown(edges).await?;
    let released = view.limit().map_or(newest, |limit| limit.min(newest));
    let on_the_way = edges.look(|book| book.after(released));
    let ring = |ring: &'static str, serial: u64, since| {
        let of_ring = || all.iter().filter(|edge| edge.ring == ring);
        let there = of_ring().filter(|edge| edge.serial.is_some_and(|has| has >= serial)).count();
        RingShown { ring, serial, since, edges: of_ring().count(), there }
    };
    let newest_at = edges.look(|book| book.after(newest.saturating_sub(1))).first().map(|(_, at)| *at);
    let released_at = Some(view.row.released_at).filter(|_| view.limit().is_some() && view.row.released == released);
    let signal = |signal: crate::model::rollout::Signal| SignalShown {
        edge: signal.edge,
        wrong: signal.wrong.word(),
        detail: signal.detail,
    };
    let waits = on_the_way.iter().find(|(serial, _)| *serial > view.row.avoided);
    Ok(RolloutShown {
        staged: !view.members.is_empty(),
        newest,
        rings: vec![ring(FIRST, newest, newest_at), ring(ALL, released, released_at.or(newest_at))],
        halted_at: view.row.halted_at,
        signals: read_signals(&view.row.halted_why).into_iter().map(signal).collect(),
        soaked_at: waits.map(|(_, at)| at.plus_ms(config.soak_ms())).filter(|_| view.limit().is_some()),
        avoided: view.row.avoided,
        config,
        acts,
    })
}

pub(super) async fn show(State(edges): State<Arc<Edges>>) -> Result<Json<RolloutShown>, ApiError> {
    Ok(Json(rollout_shown(&edges).await.map_err(fault)?))
}

/// What a person does about a roll-out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActBody {
    pub act: Act,
    pub reason: String,
}

/// The two ways on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    /// Everything that is on its way goes out at once.
    Resume,
    /// It is taken back: the next state says what the old one said.
    RollBack,
}

pub(super) async fn act(
    State(edges): State<Arc<Edges>>,
    Caller(caller): Caller,
    Json(body): Json<ActBody>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let serial = do_act(&edges, &caller, &body).await?;
    Ok(Json(serde_json::json!({ "serial": serial })))
}

pub(crate) async fn do_act(edges: &Arc<Edges>, caller: &Identity, body: &ActBody) -> Result<u64, WebError> {
    let done = match body.act {
        Act::Resume => edges.resume(&caller.label, &body.reason).await,
        Act::RollBack => edges.roll_back(&caller.label, &body.reason).await,
    };
    done.map_err(fault)
}
