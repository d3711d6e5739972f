//! The monthly sums, how far the ledger was read, and every query on them.

use crate::model::{Figures, Month, RULES, Tally, median_hours};
use sipar_store::{Migration, Reader, StoreError, Tx, params, values};
use std::collections::BTreeMap;

/// The tables.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    sql: "
create table openness_sum(
    month bigint not null, measure text not null, part text not null, count bigint not null,
    primary key (month, measure, part));
create table openness_answer(entry bigint primary key, month bigint not null, took_ms bigint not null);
create index openness_answer_month on openness_answer(month, took_ms);
create table openness_cursor(one smallint primary key, next bigint not null, rules bigint not null);
",
}];

/// The number of the next entry to count; `None` when all has to be counted anew.
///
/// # Errors
/// When the store refuses.
pub fn next(reader: &mut Reader<'_>) -> Result<Option<u64>, StoreError> {
    let row = reader.query_one_opt("select next, rules from openness_cursor where one = 1", params![])?;
    let Some(row) = row else { return Ok(None) };
    let rules: i64 = row.try_get(1)?;
    if rules == RULES { row.try_get(0).map(Some) } else { Ok(None) }
}

/// Forgets every figure, so that all is counted anew.
///
/// # Errors
/// When the store refuses.
pub fn reset(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute("delete from openness_sum", params![])?;
    tx.execute("delete from openness_answer", params![])?;
    put_next(tx, 0)
}

/// Adds what the entries from `from` up to `to` came to. Tells whether it did: another node may have been faster.
///
/// # Errors
/// When the store refuses; then nothing has happened.
pub fn add(tx: &mut Tx<'_>, from: u64, to: u64, tally: &Tally) -> Result<bool, StoreError> {
    if next(tx)? != Some(from) {
        return Ok(false);
    }
    tx.execute_many(
        "insert into openness_sum(month, measure, part, count) values (?1, ?2, ?3, ?4)
         on conflict (month, measure, part) do update set count = openness_sum.count + excluded.count",
        tally.counts.iter().map(|((month, measure, part), count)| values![month.0, *measure, part, *count]),
    )?;
    tx.execute_many(
        "insert into openness_answer(entry, month, took_ms) values (?1, ?2, ?3)",
        tally.answers.iter().map(|(entry, month, took_ms)| values![*entry, month.0, *took_ms]),
    )?;
    put_next(tx, to)?;
    Ok(true)
}

fn put_next(tx: &mut Tx<'_>, next: u64) -> Result<(), StoreError> {
    tx.execute(
        "insert into openness_cursor(one, next, rules) values (1, ?1, ?2)
         on conflict (one) do update set next = excluded.next, rules = excluded.rules",
        params![next, RULES],
    )?;
    Ok(())
}

/// The figures of the newest `months_max` months that have any, the oldest first.
///
/// # Errors
/// When the store refuses.
pub fn figures(reader: &mut Reader<'_>, months_max: usize, now: Option<Month>) -> Result<Vec<Figures>, StoreError> {
    let months =
        reader.query("select distinct month from openness_sum order by month desc limit ?1", params![months_max])?;
    let mut months: Vec<Month> =
        months.iter().map(|row| row.try_get(0).map(Month)).collect::<Result<_, StoreError>>()?;
    months.reverse();
    months.into_iter().map(|month| of(reader, month, now)).collect()
}

fn of(reader: &mut Reader<'_>, month: Month, now: Option<Month>) -> Result<Figures, StoreError> {
    let rows = reader.query("select measure, part, count from openness_sum where month = ?1", params![month.0])?;
    let mut counts = BTreeMap::<String, BTreeMap<String, u64>>::new();
    for row in &rows {
        counts.entry(row.try_get(0)?).or_default().insert(row.try_get(1)?, row.try_get(2)?);
    }
    let row = reader.query_one("select count(*) from openness_answer where month = ?1", params![month.0])?;
    let answered: u64 = row.try_get(0)?;
    // The middle one, or the two in the middle.
    let (skip, take) = (answered.saturating_sub(1) / 2, if answered.is_multiple_of(2) { 2_u64 } else { 1 });
    let rows = reader.query(
        "select took_ms from openness_answer where month = ?1 order by took_ms limit ?2 offset ?3",
        params![month.0, take, skip],
    )?;
    let middles: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, StoreError>>()?;
    let complete = now.is_some_and(|now| month < now);
    Ok(Figures { month: month.word(), complete, counts, answered, answer_median_hours: median_hours(&middles) })
}
