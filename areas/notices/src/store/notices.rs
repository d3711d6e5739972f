//! Notices: what is due, and lists of them.

use super::{known, party, party_opt};
use crate::{
    NoticesError,
    model::{Notice, State},
};
use sipar_model::{PartyId, Severity, TimestampMs};
use sipar_store::{Reader, Row, Tx, Value, params, values};

const COLUMNS: &str = "number, party, severity, things, made_at, state, next_at, sent_at, reminded_at, escalated_at,
    escalated_to, unreachable_at, acknowledged_at, acknowledged_by, failures, failing_since, error";

fn read(row: &Row) -> Result<Notice, NoticesError> {
    Ok(Notice {
        number: row.try_get(0)?,
        party: party(row, 1)?,
        severity: known(row, 2, Severity::from_number)?,
        things: row.try_get(3)?,
        made_at: row.try_get(4)?,
        state: known(row, 5, State::from_number)?,
        next_at: row.try_get(6)?,
        sent_at: row.try_get(7)?,
        reminded_at: row.try_get(8)?,
        escalated_at: row.try_get(9)?,
        escalated_to: party_opt(row, 10)?,
        unreachable_at: row.try_get(11)?,
        acknowledged_at: row.try_get(12)?,
        acknowledged_by: row.try_get(13)?,
        failures: row.try_get(14)?,
        failing_since: row.try_get(15)?,
        error: row.try_get(16)?,
    })
}

/// Writes notices down.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, all: &[Notice]) -> Result<(), NoticesError> {
    tx.execute_many(
        "insert into notice(number, party, severity, things, made_at, state, next_at, sent_at, reminded_at,
             escalated_at, escalated_to, unreachable_at, acknowledged_at, acknowledged_by, failures, failing_since,
             error)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
         on conflict (number) do update set state = excluded.state, next_at = excluded.next_at,
             sent_at = excluded.sent_at, reminded_at = excluded.reminded_at, escalated_at = excluded.escalated_at,
             escalated_to = excluded.escalated_to, unreachable_at = excluded.unreachable_at,
             acknowledged_at = excluded.acknowledged_at, acknowledged_by = excluded.acknowledged_by,
             failures = excluded.failures, failing_since = excluded.failing_since, error = excluded.error",
        all.iter().map(|one| {
            values![
                one.number,
                one.party.as_str(),
                one.severity.number(),
                one.things,
                one.made_at,
                one.state.number(),
                one.next_at,
                one.sent_at,
                one.reminded_at,
                one.escalated_at,
                one.escalated_to.as_ref().map(PartyId::as_str),
                one.unreachable_at,
                one.acknowledged_at,
                one.acknowledged_by.as_deref(),
                one.failures,
                one.failing_since,
                &one.error
            ]
        }),
    )?;
    Ok(())
}

/// The notice with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Notice>, NoticesError> {
    let sql = format!("select {COLUMNS} from notice where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(read).transpose()
}

/// Takes up to `limit` notices of which something is due, the longest due first. Nobody else takes them up before `until`.
///
/// # Errors
/// When the store refuses.
pub fn claim(tx: &mut Tx<'_>, now: TimestampMs, until: TimestampMs, limit: usize) -> Result<Vec<Notice>, NoticesError> {
    let sql = format!("select {COLUMNS} from notice where next_at <= ?1 order by next_at, number limit ?2");
    let found: Vec<Notice> = tx.query(&sql, params![now, limit])?.iter().map(read).collect::<Result<_, _>>()?;
    let sql = "update notice set next_at = ?2 where number = ?1";
    tx.execute_many(sql, found.iter().map(|one| values![one.number, until]))?;
    Ok(found)
}

/// Everything that is to be sent for the first time is due now.
///
/// # Errors
/// When the store refuses.
pub fn hurry(tx: &mut Tx<'_>, now: TimestampMs) -> Result<(), NoticesError> {
    tx.execute("update notice set next_at = ?1 where state = 1 and next_at > ?1", params![now])?;
    Ok(())
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Of this party alone.
    pub party: Option<PartyId>,
    /// Those that are over, or those of which somebody still has to do something.
    pub over: bool,
}

impl Filter {
    /// Written out, so that the partial indexes serve it.
    const fn state(&self) -> &'static str {
        if self.over { "state > 4" } else { "state <= 4" }
    }
}

/// What `filter` lets through: the worst first, and of equals the oldest; those that are over by number, the latest first.
/// At most `limit`, after `skip`.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, filter: &Filter, skip: u64, limit: usize) -> Result<Vec<Notice>, NoticesError> {
    let (state, order) = (filter.state(), if filter.over { "number desc" } else { "severity desc, number" });
    let party = if filter.party.is_some() { "and party = ?3" } else { "" };
    let sql = format!("select {COLUMNS} from notice where {state} {party} order by {order} limit ?1 offset ?2");
    let mut values = vec![Value::from(limit), skip.into()];
    values.extend(filter.party.as_ref().map(|party| Value::from(party.as_str())));
    reader.query(&sql, &values)?.iter().map(read).collect()
}

/// How many `filter` lets through.
///
/// # Errors
/// When the store refuses.
pub fn count(reader: &mut Reader<'_>, filter: &Filter) -> Result<u64, NoticesError> {
    let state = filter.state();
    let party = if filter.party.is_some() { "and party = ?1" } else { "" };
    let sql = format!("select count(*) from notice where {state} {party}");
    let values: Vec<Value<'_>> = filter.party.as_ref().map(|party| Value::from(party.as_str())).into_iter().collect();
    Ok(reader.query_one(&sql, &values)?.try_get(0)?)
}

/// Open notices that nobody can be told of, or whose letter fails again and again; at most `limit` of each.
///
/// # Errors
/// When the store refuses.
pub fn troubled(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Notice>, NoticesError> {
    let mut found = Vec::new();
    for which in ["unreachable_at is not null", "failures > 1"] {
        let sql = format!("select {COLUMNS} from notice where {which} and state <= 4 order by number limit ?1");
        for row in reader.query(&sql, params![limit])? {
            let one = read(&row)?;
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// Forgets notices that are over and were made before `before`, with all that belongs to them; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: usize) -> Result<u64, NoticesError> {
    let old = "select number from notice where state > 4 and made_at < ?1 order by number limit ?2";
    for table in ["notice_telling", "notice_code", "notice_event"] {
        tx.execute(&format!("delete from {table} where notice in ({old})"), params![before, limit])?;
    }
    Ok(tx.execute(&format!("delete from notice where number in ({old})"), params![before, limit])?)
}
