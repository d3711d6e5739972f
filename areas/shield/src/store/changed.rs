//! What changed since some published state, looked at from the sides that drills need.

use super::{
    decisions::CHANGES,
    record::{COLUMNS, Record, observable, record},
};
use crate::ShieldError;
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use sipar_store::{Reader, Tx, params, values};

/// Things on which a decision ended, or something was allowed, after `change`; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn opened_after(reader: &mut Reader<'_>, change: i64, limit: usize) -> Result<Vec<Observable>, ShieldError> {
    // As in `changed_after`, so that the index on changes is taken.
    let sql =
        "select distinct kind, value || '' from decision where change > ?1 and (state <> 1 or action = 2) limit ?2";
    reader.query(sql, params![change, limit])?.iter().map(observable).collect()
}

/// Decisions in force that changed after `change` and are numbered above `after`, in order, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn in_force_since(
    reader: &mut Reader<'_>,
    change: i64,
    after: DecisionNumber,
    limit: usize,
) -> Result<Vec<Record>, ShieldError> {
    let sql = format!(
        "select {COLUMNS} from decision where state = 1 and change > ?1 and number > ?2 order by number limit ?3"
    );
    reader.query(&sql, params![change, after, limit])?.iter().map(record).collect()
}

/// Blocks in force that were taken since `since` and came with the changes after the first and up to the second.
///
/// # Errors
/// When the store refuses.
pub fn blocks_between(
    reader: &mut Reader<'_>,
    (after, up_to): (i64, i64),
    since: TimestampMs,
) -> Result<Vec<(DecisionNumber, String)>, ShieldError> {
    let rows = reader.query(
        "select number, value from decision
         where change > ?1 and change <= ?2 and state = 1 and action = 1 and decided_at >= ?3 order by number",
        params![after, up_to, since],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Whoever publishes looks at these decisions again, though they are as they were.
///
/// # Errors
/// When the store refuses.
pub fn touch(tx: &mut Tx<'_>, numbers: &[DecisionNumber]) -> Result<(), ShieldError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let change = tx.take_numbers(CHANGES, 1)?;
    tx.execute_many(
        "update decision set change = ?2 where number = ?1",
        numbers.iter().map(|number| values![*number, change]),
    )?;
    Ok(())
}
