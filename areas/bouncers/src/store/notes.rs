//! Where clients were seen, what went wrong, and what they counted: sums, written now and then.

use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx, params, values};

/// Rows of events that a page shows.
const EVENTS_SHOWN_MAX: usize = 100;

/// Where a client was seen, and what it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceRow {
    /// The client.
    pub client: String,
    /// The address that it came from.
    pub address: String,
    /// The serial that it was last told.
    pub serial: u64,
    /// When.
    pub polled_at: TimestampMs,
    /// Its program.
    pub program: String,
    /// The program's version.
    pub version: String,
}

/// How often something happened in a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCount {
    /// The UTC day.
    pub day: i64,
    /// The client, or nothing for a stranger.
    pub client: String,
    /// What happened.
    pub what: String,
    /// How often.
    pub times: u64,
    /// When last.
    pub last_at: TimestampMs,
}

/// What a client counted in a day.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageCount {
    /// The UTC day.
    pub day: i64,
    /// The client.
    pub client: String,
    /// What it counted.
    pub name: String,
    /// In which unit.
    pub unit: String,
    /// How much.
    pub amount: f64,
}

/// Writes places down.
///
/// # Errors
/// When the store refuses.
pub fn keep_places(tx: &mut Tx<'_>, places: &[PlaceRow]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into bouncer_place(client, address, serial, polled_at, program, version) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (client, address) do update set serial = excluded.serial, polled_at = excluded.polled_at,
             program = excluded.program, version = excluded.version",
        places.iter().map(|row| values![&row.client, &row.address, row.serial, row.polled_at, &row.program, &row.version]),
    )
    .map(|_| ())
}

/// Every place, the latest first.
///
/// # Errors
/// When the store refuses.
pub fn places(reader: &mut Reader<'_>) -> Result<Vec<PlaceRow>, StoreError> {
    let rows = reader.query(
        "select client, address, serial, polled_at, program, version from bouncer_place
         order by polled_at desc limit 100000",
        params![],
    )?;
    rows.iter()
        .map(|row| {
            Ok(PlaceRow {
                client: row.try_get(0)?,
                address: row.try_get(1)?,
                serial: row.try_get(2)?,
                polled_at: row.try_get(3)?,
                program: row.try_get(4)?,
                version: row.try_get(5)?,
            })
        })
        .collect()
}

/// Adds to the counts of events.
///
/// # Errors
/// When the store refuses.
pub fn count_events(tx: &mut Tx<'_>, counts: &[EventCount]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into bouncer_event(day, client, what, times, last_at) values (?1, ?2, ?3, ?4, ?5)
         on conflict (day, client, what) do update set times = bouncer_event.times + excluded.times,
             last_at = excluded.last_at",
        counts.iter().map(|row| values![row.day, &row.client, &row.what, row.times, row.last_at]),
    )
    .map(|_| ())
}

/// The latest events.
///
/// # Errors
/// When the store refuses.
pub fn events(reader: &mut Reader<'_>) -> Result<Vec<EventCount>, StoreError> {
    let rows = reader.query(
        "select day, client, what, times, last_at from bouncer_event order by last_at desc, client, what limit ?1",
        params![EVENTS_SHOWN_MAX],
    )?;
    rows.iter()
        .map(|row| {
            Ok(EventCount {
                day: row.try_get(0)?,
                client: row.try_get(1)?,
                what: row.try_get(2)?,
                times: row.try_get(3)?,
                last_at: row.try_get(4)?,
            })
        })
        .collect()
}

/// Adds to what clients counted.
///
/// # Errors
/// When the store refuses.
pub fn count_usage(tx: &mut Tx<'_>, counts: &[UsageCount]) -> Result<(), StoreError> {
    tx.execute_many(
        "insert into bouncer_usage(day, client, name, unit, amount) values (?1, ?2, ?3, ?4, ?5)
         on conflict (day, client, name, unit) do update set amount = bouncer_usage.amount + excluded.amount",
        counts.iter().map(|row| values![row.day, &row.client, &row.name, &row.unit, row.amount]),
    )
    .map(|_| ())
}

/// What clients counted since a day, by client.
///
/// # Errors
/// When the store refuses.
pub fn usage(reader: &mut Reader<'_>, since_day: i64) -> Result<Vec<UsageCount>, StoreError> {
    let rows = reader.query(
        "select day, client, name, unit, amount from bouncer_usage where day >= ?1
         order by client, name, unit, day limit 100000",
        params![since_day],
    )?;
    rows.iter()
        .map(|row| {
            Ok(UsageCount {
                day: row.try_get(0)?,
                client: row.try_get(1)?,
                name: row.try_get(2)?,
                unit: row.try_get(3)?,
                amount: row.try_get(4)?,
            })
        })
        .collect()
}
