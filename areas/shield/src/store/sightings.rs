//! What edges counted: per listed thing, per minute, per network. Never who asked.

use super::met;
use crate::ShieldError;
use sipar_model::{
    DecisionNumber, Sighting, TimestampMs,
    sighting::{AHEAD_MAX_MS, MINUTE_MS},
};
use sipar_store::{Reader, Tx, params, values};

/// Adds counts of things that a block listed at that time; what was not listed yet is not counted. A fact is heard once,
/// so adding is right.
///
/// What was listed for longer than that is counted: who is cut off enforces on.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, sightings: &[Sighting]) -> Result<(), ShieldError> {
    let listed = met::listed_by(tx, sightings)?;
    let counted = sightings.iter().filter_map(|one| {
        let (thing, since) = listed.get(&one.decision.0)?;
        // The minute in which it was listed counts, and clocks differ.
        let from = since.0 - since.0.rem_euclid(MINUTE_MS) - AHEAD_MAX_MS;
        (one.minute.0 >= from).then_some((thing, one))
    });
    let counted: Vec<(&sipar_model::Observable, &Sighting)> = counted.collect();
    met::add(tx, &counted)?;
    tx.execute_many(
        "insert into sighting_minute(decision, minute, network, shadow, count) values (?1, ?2, ?3, ?4, ?5)
         on conflict (decision, minute, network, shadow) do update set count = sighting_minute.count + excluded.count",
        counted.iter().map(|(_, s)| values![s.decision, s.minute, &s.network, s.shadow, s.count]),
    )?;
    Ok(())
}

/// Counts per hour from `from` on: the start of the hour, blocked, and counted only.
///
/// # Errors
/// When the store refuses.
pub fn per_hour(reader: &mut Reader<'_>, from: TimestampMs) -> Result<Vec<(TimestampMs, u64, u64)>, ShieldError> {
    let rows = reader.query(
        "select minute - minute % 3600000, cast(sum(case when shadow = 0 then count else 0 end) as bigint),
                cast(sum(case when shadow = 1 then count else 0 end) as bigint)
         from sighting_minute where minute >= ?1 group by 1 order by 1 limit 1000",
        params![from],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// How often one decision was enforced since `from`, and when last.
///
/// # Errors
/// When the store refuses.
pub fn of(
    reader: &mut Reader<'_>,
    decision: DecisionNumber,
    from: TimestampMs,
) -> Result<(u64, Option<TimestampMs>), ShieldError> {
    let row = reader.query_one(
        "select cast(coalesce(sum(count), 0) as bigint), max(minute) from sighting_minute
         where decision = ?1 and minute >= ?2",
        params![decision, from],
    )?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Forgets minutes before `before`, at most `limit` rows; returns how many.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: usize) -> Result<u64, ShieldError> {
    Ok(tx.execute(
        "delete from sighting_minute where (decision, minute, network, shadow) in (
             select decision, minute, network, shadow from sighting_minute where minute < ?1 order by minute limit ?2)",
        params![before, limit],
    )?)
}
