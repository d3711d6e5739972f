//! What was met: each listed thing per day in all networks together, and each network per day. Never who met it.

use crate::ShieldError;
use sipar_model::{
    Fact, Met, Observable, ObservableKind, SeenBy, Sighting, TimestampMs, fact::FACT_ITEMS_MAX, time::DAY_MS,
};
use sipar_store::{Reader, Row, Tx, outbox, params, values};
use std::collections::BTreeMap;

/// A day of a thing that nobody was told of yet.
const UNTOLD: u8 = 0;

/// One of which all that is known was told.
const TOLD: u8 = 1;

/// One that was told of, and has grown since.
const GROWN: u8 = 2;

/// Networks and days that one question reads: 92 days of a hundred networks, each by several ways.
const NETWORK_ROWS_MAX: usize = 50_000;

/// Which of the days that wait are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// Those that nobody was told of: the first meeting of each day.
    First,
    /// Also those before today that have grown: what the day came to.
    Whole,
}

/// The start of the UTC day.
#[must_use]
pub const fn day_of(at: TimestampMs) -> TimestampMs {
    TimestampMs(at.0 - at.0.rem_euclid(DAY_MS))
}

/// Adds counts of listed things.
pub(super) fn add(tx: &mut Tx<'_>, met: &[(&Observable, &Sighting)]) -> Result<(), ShieldError> {
    let mut days: BTreeMap<(String, u8, i64), (u64, i64)> = BTreeMap::new();
    let mut networks: BTreeMap<(i64, &str, u8), u64> = BTreeMap::new();
    for (thing, one) in met {
        let day = day_of(one.minute).0;
        let (count, last) = days.entry((thing.value(), thing.kind().number(), day)).or_default();
        (*count, *last) = (count.saturating_add(one.count), (*last).max(one.minute.0));
        let of_network = networks.entry((day, &one.network, one.by.number())).or_default();
        *of_network = of_network.saturating_add(one.count);
    }
    tx.execute_many(
        "insert into met_day(value, kind, day, count, last_at, state) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (value, kind, day) do update set count = met_day.count + excluded.count,
             last_at = case when excluded.last_at > met_day.last_at then excluded.last_at else met_day.last_at end,
             state = case when met_day.state = ?7 then ?8 else met_day.state end",
        days.iter()
            .map(|((value, kind, day), (count, last))| values![value, *kind, *day, *count, *last, UNTOLD, TOLD, GROWN]),
    )?;
    tx.execute_many(
        "insert into met_network(day, network, seen_by, count) values (?1, ?2, ?3, ?4)
         on conflict (day, network, seen_by) do update set count = met_network.count + excluded.count",
        networks.iter().map(|((day, network, by), count)| values![*day, *network, *by, *count]),
    )?;
    Ok(())
}

/// Says what waits to be told, at most [`FACT_ITEMS_MAX`]; returns how much it was.
///
/// # Errors
/// When the store refuses.
pub fn tell(tx: &mut Tx<'_>, which: Tell, now: TimestampMs) -> Result<usize, ShieldError> {
    const COLUMNS: &str = "select kind, value, day, count, last_at from met_day";
    let mut rows =
        tx.query(&format!("{COLUMNS} where state = ?1 order by day limit ?2"), params![UNTOLD, FACT_ITEMS_MAX])?;
    if which == Tell::Whole && rows.is_empty() {
        let sql = format!("{COLUMNS} where state = ?1 and day < ?2 order by day limit ?3");
        rows = tx.query(&sql, params![GROWN, day_of(now), FACT_ITEMS_MAX])?;
    }
    let met = rows.iter().map(read).collect::<Result<Vec<Met>, _>>()?;
    if met.is_empty() {
        return Ok(0);
    }
    tx.execute_many(
        "update met_day set state = ?4 where value = ?1 and kind = ?2 and day = ?3",
        met.iter().map(|one| values![one.observable.value(), one.observable.kind().number(), one.day, TOLD]),
    )?;
    let told = met.len();
    outbox::say(tx, &Fact::Met(met), now)?;
    Ok(told)
}

fn read(row: &Row) -> Result<Met, ShieldError> {
    let observable = super::record::observable(row)?;
    Ok(Met { observable, day: row.try_get(2)?, count: row.try_get(3)?, last: row.try_get(4)? })
}

/// How often one thing was met on each day from that of `from` on, and when last.
///
/// # Errors
/// When the store refuses.
pub fn days_of(
    reader: &mut Reader<'_>,
    thing: &Observable,
    from: TimestampMs,
) -> Result<Vec<(TimestampMs, u64, TimestampMs)>, ShieldError> {
    let rows = reader.query(
        "select day, count, last_at from met_day where value = ?1 and kind = ?2 and day >= ?3 order by day limit 1000",
        params![thing.value(), thing.kind().number(), day_of(from)],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// How often each network met anything, and where, from the day of `from` on.
///
/// # Errors
/// When the store refuses.
pub fn by_network(reader: &mut Reader<'_>, from: TimestampMs) -> Result<Vec<(String, SeenBy, u64)>, ShieldError> {
    let rows = reader.query(
        "select network, seen_by, cast(sum(count) as bigint) from met_network where day >= ?1
         group by network, seen_by order by network, seen_by limit ?2",
        params![day_of(from), NETWORK_ROWS_MAX],
    )?;
    // A way of a newer version is not this version's to show.
    let known = rows.iter().filter_map(|row| Some((row, SeenBy::from_number(row.try_get(1).ok()?)?)));
    known.map(|(row, by)| Ok((row.try_get(0)?, by, row.try_get(2)?))).collect()
}

/// Forgets the days before that of `before`, at most `limit` of each; returns how many.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: usize) -> Result<u64, ShieldError> {
    let networks = tx.execute(
        "delete from met_network where (day, network, seen_by) in (
             select day, network, seen_by from met_network where day < ?1 order by day limit ?2)",
        params![day_of(before), limit],
    )?;
    let things = tx.execute(
        "delete from met_day where (value, kind, day) in (
             select value, kind, day from met_day where day < ?1 order by day limit ?2)",
        params![day_of(before), limit],
    )?;
    Ok(networks + things)
}

/// What is listed by decisions of these numbers, and since when; those that block alone.
pub(super) fn listed_by(
    reader: &mut Reader<'_>,
    sightings: &[Sighting],
) -> Result<BTreeMap<u32, (Observable, TimestampMs)>, ShieldError> {
    let mut numbers: Vec<u32> = sightings.iter().map(|one| one.decision.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let sql = "select kind, value, decided_at from decision where number = ?1 and action = ?2";
    let block = sipar_model::Action::Block.number();
    let found = reader.query_many(sql, numbers.iter().map(|number| values![*number, block]))?;
    let one = |(number, rows): (&u32, &Vec<Row>)| {
        let row = rows.first()?;
        let kind = row.try_get(0).ok().and_then(ObservableKind::from_number)?;
        let thing = Observable::from_parts(kind, row.text(1)?).ok()?;
        Some((*number, (thing, row.try_get(2).ok()?)))
    };
    Ok(numbers.iter().zip(&found).filter_map(one).collect())
}
