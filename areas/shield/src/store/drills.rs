//! What drills found: decisions that wait for a second person or were agreed to, and a change that was stopped.
//!
//! INVARIANT: what is published is every decision in force that passes the gate and does not wait here. A row outlives
//! its decision by some hours at most, and counts for nothing then.

use super::{decisions, record::Record};
use crate::{ShieldError, model::drill::Found};
use sipar_model::{DecisionNumber, TimestampMs};
use sipar_store::{Reader, Row, Tx, params, values};
use std::collections::{HashMap, HashSet};

/// How a decision stands that a drill found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DrillState {
    /// It is not let out before a person agrees.
    Waiting,
    /// A person agreed.
    Agreed,
    /// Edges answer from it already; a person is asked.
    Standing,
    /// It is part of a change that was stopped as a whole.
    Stopped,
}

impl DrillState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Stopped, Self::Waiting, Self::Standing, Self::Agreed];

    const fn number(self) -> u8 {
        match self {
            Self::Waiting => 1,
            Self::Agreed => 2,
            Self::Standing => 3,
            Self::Stopped => 4,
        }
    }

    /// The word in the API and in the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Agreed => "agreed",
            Self::Standing => "standing",
            Self::Stopped => "stopped",
        }
    }
}

/// A decision that a drill found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Drilled {
    /// Which decision.
    pub decision: DecisionNumber,
    /// How it stands.
    pub state: DrillState,
    /// What it blocks that must resolve, some of it.
    pub musts: Vec<String>,
    /// The lists that say that it must resolve.
    pub lists: Vec<String>,
    /// Nobody may agree to it.
    pub never: bool,
    /// Since when it is in this state.
    pub since: TimestampMs,
    /// The role that agreed.
    pub agreed_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Until when the agreement holds.
    pub until: Option<TimestampMs>,
}

/// A change that was stopped as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Stop {
    /// Since when.
    pub at: TimestampMs,
    /// How many of its decisions would block what must resolve.
    pub hits: u64,
}

const COLUMNS: &str = "drill.decision, drill.state, drill.musts, drill.lists, drill.never, drill.since, \
                       drill.agreed_by, drill.reason, drill.until";

/// Notes what a drill found. An agreement that does not cover it is over.
///
/// # Errors
/// When the store refuses.
pub fn note(tx: &mut Tx<'_>, found: &[Found], state: DrillState, now: TimestampMs) -> Result<(), ShieldError> {
    let texts: Vec<(String, String)> = found
        .iter()
        .map(|found| Ok((decisions::json(&found.musts)?, decisions::json(&found.lists)?)))
        .collect::<Result<_, ShieldError>>()?;
    tx.execute_many(
        "insert into drill(decision, state, musts, lists, never, since) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (decision) do update set musts = excluded.musts, lists = excluded.lists, never = excluded.never,
             since = case when drill.state = excluded.state then drill.since else excluded.since end,
             state = excluded.state, agreed_by = null, reason = null, until = null",
        found
            .iter()
            .zip(&texts)
            .map(|(found, (musts, lists))| values![found.decision, state.number(), musts, lists, found.never, now]),
    )?;
    Ok(())
}

/// Notes that a person agreed to a decision in spite of these lists.
///
/// # Errors
/// When the store refuses.
pub fn agree(
    tx: &mut Tx<'_>,
    decision: DecisionNumber,
    lists: &[String],
    (by, reason): (&str, &str),
    (now, until): (TimestampMs, TimestampMs),
) -> Result<(), ShieldError> {
    tx.execute(
        "insert into drill(decision, state, musts, lists, never, since, agreed_by, reason, until)
         values (?1, 2, '[]', ?2, 0, ?3, ?4, ?5, ?6)
         on conflict (decision) do update set state = 2, lists = excluded.lists, since = excluded.since,
             agreed_by = excluded.agreed_by, reason = excluded.reason, until = excluded.until",
        params![decision, decisions::json(&lists)?, now, by, reason, until],
    )?;
    Ok(())
}

/// Agreements whose time is over wait for a person again; returns the decisions, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn lapse(tx: &mut Tx<'_>, now: TimestampMs, limit: usize) -> Result<Vec<DecisionNumber>, ShieldError> {
    let rows = tx.query(
        "select drill.decision from drill join decision on decision.number = drill.decision
         where drill.state = 2 and drill.until <= ?1 and decision.state = 1 limit ?2",
        params![now, limit],
    )?;
    let lapsed: Vec<DecisionNumber> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    tx.execute_many(
        "update drill set state = 1, since = ?2, agreed_by = null, reason = null, until = null where decision = ?1",
        lapsed.iter().map(|decision| values![*decision, now]),
    )?;
    Ok(lapsed)
}

/// The decisions that are not let out.
///
/// # Errors
/// When the store refuses.
pub fn waiting(reader: &mut Reader<'_>) -> Result<HashSet<DecisionNumber>, ShieldError> {
    let rows = reader.query("select decision from drill where state = 1", params![])?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// In spite of which lists people agreed to these decisions.
///
/// # Errors
/// When the store refuses.
pub fn agreed(reader: &mut Reader<'_>, found: &[Found]) -> Result<HashMap<DecisionNumber, Vec<String>>, ShieldError> {
    let keys = found.iter().map(|found| values![found.decision]);
    let answers = reader.query_many("select decision, lists from drill where decision = ?1 and state = 2", keys)?;
    answers.iter().flatten().map(|row| Ok((row.try_get(0)?, texts(row, 1)?))).collect()
}

/// What a drill found of one decision.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, decision: DecisionNumber) -> Result<Option<Drilled>, ShieldError> {
    let sql = format!("select {COLUMNS} from drill where decision = ?1");
    reader.query_one_opt(&sql, params![decision])?.as_ref().map(drilled).transpose()
}

/// What drills found of decisions that are in force, in one state, the oldest first; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, state: DrillState, limit: usize) -> Result<Vec<(Drilled, Record)>, ShieldError> {
    let sql = format!(
        "select {COLUMNS} from drill join decision on decision.number = drill.decision
         where drill.state = ?1 and decision.state = 1 order by drill.since, drill.decision limit ?2"
    );
    let rows = reader.query(&sql, params![state.number(), limit])?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        let drilled = drilled(row)?;
        if let Some(record) = decisions::by_number(reader, drilled.decision)? {
            all.push((drilled, record));
        }
    }
    Ok(all)
}

/// How many decisions in force are in a state, since when the oldest, and how many of them nobody may agree to.
///
/// # Errors
/// When the store refuses.
pub fn count(reader: &mut Reader<'_>, state: DrillState) -> Result<(u64, Option<TimestampMs>, u64), ShieldError> {
    let row = reader.query_one(
        "select count(*), min(drill.since), coalesce(cast(sum(drill.never) as bigint), 0)
         from drill join decision on decision.number = drill.decision where drill.state = ?1 and decision.state = 1",
        params![state.number()],
    )?;
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

/// What stands is no more than `found`.
///
/// # Errors
/// When the store refuses.
pub fn stand(tx: &mut Tx<'_>, found: &[Found], now: TimestampMs) -> Result<(), ShieldError> {
    let still: HashSet<DecisionNumber> = found.iter().map(|found| found.decision).collect();
    let rows = tx.query("select decision from drill where state = 3", params![])?;
    let known: Vec<DecisionNumber> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    tx.execute_many(
        "delete from drill where decision = ?1 and state = 3",
        known.iter().filter(|decision| !still.contains(decision)).map(|decision| values![*decision]),
    )?;
    note(tx, found, DrillState::Standing, now)
}

/// The change that was stopped, if one was.
///
/// # Errors
/// When the store refuses.
pub fn stopped(reader: &mut Reader<'_>) -> Result<Option<Stop>, ShieldError> {
    let row = reader.query_one_opt("select at, hits from drill_stop where one = 1", params![])?;
    row.map(|row| Ok(Stop { at: row.try_get(0)?, hits: row.try_get(1)? })).transpose()
}

/// Stops the change of which this was found. Returns whether it was not stopped before.
///
/// # Errors
/// When the store refuses.
pub fn stop(tx: &mut Tx<'_>, found: &[Found], now: TimestampMs) -> Result<bool, ShieldError> {
    note(tx, found, DrillState::Stopped, now)?;
    let stopped = tx.execute(
        "insert into drill_stop(one, at, hits) values (1, ?1, ?2) on conflict (one) do nothing",
        params![now, found.len()],
    )?;
    Ok(stopped > 0)
}

/// The stop is over: what was found waits, each for itself. Returns whether there was one.
///
/// # Errors
/// When the store refuses.
pub fn go_on(tx: &mut Tx<'_>, now: TimestampMs) -> Result<bool, ShieldError> {
    tx.execute("update drill set state = 1, since = ?1 where state = 4", params![now])?;
    Ok(tx.execute("delete from drill_stop where one = 1", params![])? > 0)
}

/// Decisions in force that wait because of one list alone, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn held_by(reader: &mut Reader<'_>, list: &str, limit: usize) -> Result<Vec<Record>, ShieldError> {
    let rows = reader.query(
        "select drill.decision from drill join decision on decision.number = drill.decision
         where drill.state = 1 and drill.lists = ?1 and decision.state = 1 order by drill.decision limit ?2",
        params![decisions::json(&[list])?, limit],
    )?;
    let mut records = Vec::with_capacity(rows.len());
    for row in &rows {
        records.extend(decisions::by_number(reader, row.try_get(0)?)?);
    }
    Ok(records)
}

/// Lets decisions out that a roll-back held back: they are looked at as if they were new.
///
/// # Errors
/// When the store refuses.
pub fn let_go(tx: &mut Tx<'_>, decisions: &[DecisionNumber]) -> Result<(), ShieldError> {
    tx.execute_many(
        "delete from drill where decision = ?1 and state = 1",
        decisions.iter().map(|decision| values![*decision]),
    )?;
    Ok(())
}

/// Forgets what was found of decisions that are no longer in force.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>) -> Result<(), ShieldError> {
    tx.execute(
        "delete from drill where not exists (
             select 1 from decision where decision.number = drill.decision and decision.state = 1)",
        params![],
    )?;
    Ok(())
}

fn texts(row: &Row, column: usize) -> Result<Vec<String>, ShieldError> {
    serde_json::from_str(row.text(column).unwrap_or_default()).map_err(ShieldError::Json)
}

fn drilled(row: &Row) -> Result<Drilled, ShieldError> {
    let number: u8 = row.try_get(1)?;
    let state = DrillState::ALL.into_iter().find(|state| state.number() == number).ok_or(ShieldError::BadHeld)?;
    Ok(Drilled {
        decision: row.try_get(0)?,
        state,
        musts: texts(row, 2)?,
        lists: texts(row, 3)?,
        never: row.try_get(4)?,
        since: row.try_get(5)?,
        agreed_by: row.try_get(6)?,
        reason: row.try_get(7)?,
        until: row.try_get(8)?,
    })
}
