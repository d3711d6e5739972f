//! How far a roll-out has come, what people did about it, and what edges of the first ring said.

use crate::model::rollout::{Answers, Sample};
use sipar_model::{Fact, SnapshotSerial, TimestampMs, fact::RolledBack};
use sipar_store::{Reader, StoreError, Tx, outbox, params, values};
use std::collections::BTreeMap;

/// How long an edge's words are remembered: an hour is a past to compare with.
const MARKS_KEPT_MS: i64 = 60 * 60_000;

/// Acts that a page shows.
const ACTS_SHOWN_MAX: usize = 50;

/// How far a roll-out has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutRow {
    /// The state that is out everywhere.
    pub released: u64,
    /// Since when.
    pub released_at: TimestampMs,
    /// States up to this one were taken back.
    pub avoided: u64,
    /// Since when it is halted.
    pub halted_at: Option<TimestampMs>,
    /// Why: an edge, what it shows, and in its own words; one a line, with tabs between.
    pub halted_why: String,
}

/// What was done about a roll-out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ActRow {
    /// When.
    pub at: TimestampMs,
    /// What: `halt`, `resume`, `roll-back`.
    pub what: String,
    /// By which role or rule.
    pub by: String,
    /// Why.
    pub reason: String,
    /// About states after this one.
    pub from: u64,
    /// Up to this one.
    pub to: u64,
}

/// How far it has come; begins with `newest` where nothing was rolled out in steps before.
///
/// # Errors
/// When the store refuses.
pub fn begin(tx: &mut Tx<'_>, newest: u64, now: TimestampMs) -> Result<RolloutRow, StoreError> {
    tx.execute(
        "insert into edge_rollout(one, released, released_at, avoided, halted_why) values (1, ?1, ?2, 0, '')
         on conflict (one) do nothing",
        params![newest, now],
    )?;
    Ok(row(tx)?.unwrap_or_default())
}

/// How far it has come.
///
/// # Errors
/// When the store refuses.
pub fn row(reader: &mut Reader<'_>) -> Result<Option<RolloutRow>, StoreError> {
    let row = reader.query_one_opt(
        "select released, released_at, avoided, halted_at, halted_why from edge_rollout where one = 1",
        params![],
    )?;
    row.map(|row| {
        Ok(RolloutRow {
            released: row.try_get(0)?,
            released_at: row.try_get(1)?,
            avoided: row.try_get(2)?,
            halted_at: row.try_get(3)?,
            halted_why: row.try_get(4)?,
        })
    })
    .transpose()
}

/// A state goes out everywhere; a halt is over.
///
/// # Errors
/// When the store refuses.
pub fn release(tx: &mut Tx<'_>, serial: u64, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute(
        "update edge_rollout set released = ?1, released_at = ?2, halted_at = null, halted_why = ''
         where one = 1 and released < ?1",
        params![serial, now],
    )?;
    Ok(())
}

/// The rest stays on the state that it has. Returns whether it was not halted before.
///
/// # Errors
/// When the store refuses.
pub fn halt(tx: &mut Tx<'_>, why: &str, newest: u64, now: TimestampMs) -> Result<bool, StoreError> {
    let halted = tx.execute(
        "update edge_rollout set halted_at = ?1, halted_why = ?2 where one = 1 and halted_at is null",
        params![now, why],
    )?;
    if halted > 0 {
        let from = row(tx)?.unwrap_or_default().released;
        let act =
            ActRow { at: now, what: "halt".into(), by: "rule:signals".into(), reason: why.into(), from, to: newest };
        note(tx, &act)?;
    }
    Ok(halted > 0)
}

/// What is on its way up to `newest` is taken back, and the halt is over. Returns whether it was not taken back before.
///
/// # Errors
/// When the store refuses.
pub fn roll_back(
    tx: &mut Tx<'_>,
    newest: u64,
    (by, reason): (&str, &str),
    now: TimestampMs,
) -> Result<bool, StoreError> {
    let moved = tx.execute(
        "update edge_rollout set avoided = ?1, halted_at = null, halted_why = ''
         where one = 1 and avoided < ?1 and released < ?1",
        params![newest],
    )?;
    if moved == 0 {
        return Ok(false);
    }
    let from = row(tx)?.unwrap_or_default().released;
    let act = ActRow { at: now, what: "roll-back".into(), by: by.into(), reason: reason.into(), from, to: newest };
    note(tx, &act)?;
    let back = RolledBack { from: SnapshotSerial(from), to: SnapshotSerial(newest), by: by.into() };
    outbox::say(tx, &Fact::RolledBack(back), now)?;
    Ok(true)
}

/// Notes what was done.
///
/// # Errors
/// When the store refuses.
pub fn note(tx: &mut Tx<'_>, act: &ActRow) -> Result<(), StoreError> {
    let number = tx.take_numbers("edge_act", 1)?;
    tx.execute(
        "insert into edge_act(number, at, what, by_whom, reason, from_serial, to_serial)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![number, act.at, &act.what, &act.by, &act.reason, act.from, act.to],
    )?;
    Ok(())
}

/// What was done, the latest first.
///
/// # Errors
/// When the store refuses.
pub fn acts(reader: &mut Reader<'_>) -> Result<Vec<ActRow>, StoreError> {
    let rows = reader.query(
        "select at, what, by_whom, reason, from_serial, to_serial from edge_act order by number desc limit ?1",
        params![ACTS_SHOWN_MAX],
    )?;
    let act = |row: &sipar_store::Row| {
        Ok(ActRow {
            at: row.try_get(0)?,
            what: row.try_get(1)?,
            by: row.try_get(2)?,
            reason: row.try_get(3)?,
            from: row.try_get(4)?,
            to: row.try_get(5)?,
        })
    };
    rows.iter().map(act).collect()
}

/// Remembers what edges said.
///
/// # Errors
/// When the store refuses.
pub fn mark(tx: &mut Tx<'_>, marks: &[(String, Sample)]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into edge_mark(name, at, healthy, started_at, queries, blocked, failed)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (name, at) do nothing",
        marks.iter().map(|(name, sample)| {
            values![
                name,
                sample.at,
                sample.healthy,
                sample.started_at,
                sample.answers.queries,
                sample.answers.blocked,
                sample.answers.failed,
            ]
        }),
    )
    .map(|_| ())
}

/// What is remembered of every edge, the oldest first.
///
/// # Errors
/// When the store refuses.
pub fn marks(reader: &mut Reader<'_>) -> Result<BTreeMap<String, Vec<Sample>>, StoreError> {
    let rows = reader.query(
        "select name, at, healthy, started_at, queries, blocked, failed from edge_mark order by name, at",
        params![],
    )?;
    let mut marks: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    for row in &rows {
        let answers = Answers { queries: row.try_get(4)?, blocked: row.try_get(5)?, failed: row.try_get(6)? };
        let sample = Sample { at: row.try_get(1)?, healthy: row.try_get(2)?, started_at: row.try_get(3)?, answers };
        marks.entry(row.try_get(0)?).or_default().push(sample);
    }
    Ok(marks)
}

/// Forgets what is older than an hour.
///
/// # Errors
/// When the store refuses.
pub fn forget_marks(tx: &mut Tx<'_>, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute("delete from edge_mark where at < ?1", params![now.plus_ms(-MARKS_KEPT_MS)])?;
    Ok(())
}
