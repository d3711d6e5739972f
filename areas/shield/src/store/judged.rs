//! How many judgements came to what, per feed and day. Counts alone: what was judged stands elsewhere or nowhere.

use crate::{ShieldError, model::verdict::Verdict};
use sipar_model::{TimestampMs, time::DAY_MS};
use sipar_store::{Reader, Tx, params, values};
use std::collections::BTreeMap;

/// Judgements by feed and verdict.
pub type Counts = BTreeMap<(String, Verdict), u64>;

/// Feeds times verdicts in an answer: operators add feeds one by one, at most a thousand.
const ROWS_MAX: usize = 8_000;

fn day(at: TimestampMs) -> i64 {
    at.0.div_euclid(DAY_MS)
}

/// Adds counts to the day of `now`.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, counts: &Counts, now: TimestampMs) -> Result<(), ShieldError> {
    if counts.is_empty() {
        return Ok(());
    }
    tx.execute_many(
        "insert into judged_day(day, source, verdict, count) values (?1, ?2, ?3, ?4)
         on conflict (day, source, verdict) do update set count = judged_day.count + excluded.count",
        counts.iter().map(|((source, verdict), count)| values![day(now), source, verdict.number(), *count]),
    )?;
    Ok(())
}

/// Counts from the day of `from` on.
///
/// # Errors
/// When the store refuses.
pub fn since(reader: &mut Reader<'_>, from: TimestampMs) -> Result<Counts, ShieldError> {
    let rows = reader.query(
        "select source, verdict, cast(sum(count) as bigint) from judged_day where day >= ?1
         group by source, verdict order by source, verdict limit ?2",
        params![day(from), ROWS_MAX],
    )?;
    // A verdict of a newer version is not this version's to show.
    let known = rows.iter().filter_map(|row| Some((row, Verdict::from_number(row.try_get(1).ok()?)?)));
    known.map(|(row, verdict)| Ok(((row.try_get(0)?, verdict), row.try_get(2)?))).collect()
}

/// Forgets the days before that of `before`, at most `limit` rows; returns how many.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: usize) -> Result<u64, ShieldError> {
    Ok(tx.execute(
        "delete from judged_day where (day, source, verdict) in (
             select day, source, verdict from judged_day where day < ?1 order by day limit ?2)",
        params![day(before), limit],
    )?)
}
