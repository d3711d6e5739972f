//! How often things that sources name were met in the country, per day, and what that says of each source.

use sipar_model::{Met, TimestampMs, time::DAY_MS};
use sipar_store::{Reader, StoreError, Tx, params, values};
use std::collections::HashMap;

/// Days over which feeds are compared by what was met.
pub const MET_DAYS: i64 = 30;

/// Days that are kept: as many as are compared, and some more for counts that come late.
const KEPT_DAYS: i64 = 45;

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: usize = 10_000;

/// By source: how many of its things were met, and how often.
pub type MetOf = HashMap<i64, (u64, u64)>;

/// The start of the first day that counts.
fn first_day(now: TimestampMs, days: i64) -> i64 {
    now.0 - now.0.rem_euclid(DAY_MS) - (days - 1) * DAY_MS
}

/// Keeps what was met. A later word on the same day takes the place of the one before.
pub(super) fn keep(tx: &mut Tx<'_>, met: &[&Met]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into intel_met(value, kind, day, count) values (?1, ?2, ?3, ?4)
         on conflict (value, kind, day) do update set count = excluded.count where excluded.count > intel_met.count",
        met.iter().map(|one| values![one.observable.value(), one.observable.kind().number(), one.day, one.count]),
    )?;
    tx.execute_many(
        "update intel_assertion set met_at = ?3 where value = ?1 and kind = ?2 and coalesce(met_at, 0) < ?3",
        met.iter().map(|one| values![one.observable.value(), one.observable.kind().number(), one.last]),
    )?;
    Ok(())
}

/// Counts what was met of each source. It reads what was met, and the assertions on that alone.
pub fn count_met(reader: &mut Reader<'_>, now: TimestampMs) -> Result<MetOf, StoreError> {
    let rows = reader.query(
        "select source, count(*), cast(sum(hits) as bigint) from (
             select a.source as source, m.hits as hits from (
                 select value, kind, sum(count) as hits from intel_met where day >= ?1 group by value, kind) m
             join intel_assertion a on a.value = m.value and a.kind = m.kind
             where a.withdrawn = 0 group by a.source, m.value, m.kind, m.hits) named
         group by source",
        params![first_day(now, MET_DAYS)],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
}

/// Keeps what was counted, and forgets days that count no more.
pub fn keep_met(tx: &mut Tx<'_>, counts: &MetOf, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute("delete from intel_met_quality", params![])?;
    tx.execute_many(
        "insert into intel_met_quality(source, things, hits) values (?1, ?2, ?3)",
        counts.iter().map(|(source, (things, hits))| values![*source, *things, *hits]),
    )?;
    tx.execute(
        "delete from intel_met where (value, kind, day) in (
             select value, kind, day from intel_met where day < ?1 order by day limit ?2)",
        params![first_day(now, KEPT_DAYS), FORGOTTEN_MAX],
    )
    .map(|_| ())
}

/// What was counted last.
pub(super) fn read_met(reader: &mut Reader<'_>) -> Result<MetOf, StoreError> {
    let rows = reader.query("select source, things, hits from intel_met_quality", params![])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))).collect()
}
