//! Reports: one row for an address, a reporter and a day. Only addresses, days, counts and kinds are kept.

use crate::model::{
    kinds::KindSet,
    quota::day_of,
    trust::{Record, Verdict},
};
use sipar_model::{TimestampMs, time::DAY_MS};
use sipar_store::{Reader, Row, StoreError, Tx, params, values};

/// Days of reports on one address that are looked at: a hundred reporters, every day of the ten last.
const DAYS_READ_MAX: usize = 1_000;

/// A reporter's second report of the same address within this time is refused, as the original does.
pub const AGAIN_AFTER_MS: i64 = 15 * 60_000;

/// Reports older than this are forgotten: the original looks back no further.
pub const KEPT_DAYS: i64 = 365;

/// A report to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The address in 16 bytes.
    pub address: [u8; 16],
    /// For what.
    pub kinds: KindSet,
    /// When it was seen.
    pub seen_at: TimestampMs,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Written down.
    Taken,
    /// The same reporter has reported it a moment ago.
    TooSoon,
}

/// What one reporter said of an address on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The address in 16 bytes.
    pub address: [u8; 16],
    /// The reporter's number.
    pub reporter: i64,
    /// Whether its client was removed.
    pub removed: bool,
    /// How often it was right and wrong so far.
    pub record: Record,
    /// When first on that day.
    pub first_at: TimestampMs,
    /// When last on that day.
    pub last_at: TimestampMs,
    /// How often.
    pub times: u64,
    /// For what.
    pub kinds: KindSet,
}

/// A report of which nothing is known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The address in 16 bytes.
    pub address: [u8; 16],
    /// The reporter's number.
    pub reporter: i64,
    /// When it first reported the address.
    pub first_at: TimestampMs,
}

/// An address, how many have reported it, how often, and when last.
pub type Often = ([u8; 16], u64, u64, TimestampMs);

const COLUMNS: &str = "r.address, r.reporter, p.removed, p.addresses, p.confirmed, p.refuted, r.first_at, r.last_at, r.times, \
     r.kinds from bouncer_report r join bouncer_reporter p on p.number = r.reporter";

fn address(row: &Row, column: usize) -> Result<[u8; 16], StoreError> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::Decode { column, wanted: "16 bytes", found: "another number".into() })
}

fn day(row: &Row) -> Result<Day, StoreError> {
    let kinds: i64 = row.try_get(9)?;
    Ok(Day {
        address: address(row, 0)?,
        reporter: row.try_get(1)?,
        removed: row.try_get(2)?,
        record: Record { addresses: row.try_get(3)?, confirmed: row.try_get(4)?, refuted: row.try_get(5)? },
        first_at: row.try_get(6)?,
        last_at: row.try_get(7)?,
        times: row.try_get(8)?,
        kinds: KindSet(kinds.unsigned_abs()),
    })
}

/// Writes a report down, unless the same reporter has reported the same address a moment before.
///
/// # Errors
/// When the store refuses.
pub fn report(tx: &mut Tx<'_>, reporter: i64, given: &Given, now: TimestampMs) -> Result<Taken, StoreError> {
    let rows = tx.query(
        "select first_at, last_at, verdict from bouncer_report where address = ?1 and reporter = ?2",
        params![&given.address, reporter],
    )?;
    let mut verdict = Verdict::Open as u8;
    for row in &rows {
        let (first, last): (TimestampMs, TimestampMs) = (row.try_get(0)?, row.try_get(1)?);
        let near = given.seen_at.since_ms(first) > -AGAIN_AFTER_MS && given.seen_at.since_ms(last) < AGAIN_AFTER_MS;
        if near {
            return Ok(Taken::TooSoon);
        }
        verdict = verdict.max(row.try_get(2)?);
    }
    let kinds = i64::try_from(given.kinds.0).unwrap_or(i64::MAX);
    let old = tx.query_one_opt(
        "select kinds, first_at, last_at from bouncer_report where address = ?1 and reporter = ?2 and day = ?3",
        params![&given.address, reporter, day_of(given.seen_at)],
    )?;
    let (kinds, first, last) = match old {
        Some(row) => {
            let (first, last): (TimestampMs, TimestampMs) = (row.try_get(1)?, row.try_get(2)?);
            (kinds | row.try_get::<i64>(0)?, first.min(given.seen_at), last.max(given.seen_at))
        }
        None => (kinds, given.seen_at, given.seen_at),
    };
    tx.execute(
        "insert into bouncer_report(address, reporter, day, first_at, last_at, times, kinds, verdict)
         values (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)
         on conflict (address, reporter, day) do update set first_at = excluded.first_at, last_at = excluded.last_at,
             times = bouncer_report.times + 1, kinds = excluded.kinds",
        params![&given.address, reporter, day_of(given.seen_at), first, last, kinds, verdict],
    )?;
    tx.execute(
        "update bouncer_reporter set times = times + 1, addresses = addresses + ?2, last_at = ?3 where number = ?1",
        params![reporter, rows.is_empty(), now],
    )?;
    Ok(Taken::Taken)
}

/// Takes back what a reporter said of an address; gives how many reports that were.
///
/// # Errors
/// When the store refuses.
pub fn take_back(tx: &mut Tx<'_>, reporter: i64, address: &[u8; 16]) -> Result<u64, StoreError> {
    let sql = "select cast(coalesce(sum(times), 0) as bigint), count(*), coalesce(max(verdict), 0) from bouncer_report
         where address = ?1 and reporter = ?2";
    let row = tx.query_one(sql, params![address, reporter])?;
    let (times, days, verdict): (i64, i64, u8) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    if days == 0 {
        return Ok(0);
    }
    tx.execute("delete from bouncer_report where address = ?1 and reporter = ?2", params![address, reporter])?;
    // What a person found to be false stays so: taking it back in time is before that.
    tx.execute(
        "update bouncer_reporter set addresses = addresses - ?2, confirmed = confirmed - ?3 where number = ?1",
        params![reporter, verdict != Verdict::Refuted as u8, verdict == Verdict::Confirmed as u8],
    )?;
    Ok(times.unsigned_abs())
}

/// What was said of an address since that day, the latest first.
///
/// # Errors
/// When the store refuses.
pub fn days_of(reader: &mut Reader<'_>, address: &[u8; 16], since_day: i64) -> Result<Vec<Day>, StoreError> {
    let sql = format!("select {COLUMNS} where r.address = ?1 and r.day >= ?2 order by r.last_at desc limit ?3");
    reader.query(&sql, params![address, since_day, DAYS_READ_MAX])?.iter().map(day).collect()
}

/// What was said since that day of addresses from `first` to `last`, in order; at most `limit` rows.
///
/// # Errors
/// When the store refuses.
pub fn days_within(
    reader: &mut Reader<'_>,
    (first, last): (&[u8; 16], &[u8; 16]),
    since_day: i64,
    limit: usize,
) -> Result<Vec<Day>, StoreError> {
    let sql = format!(
        "select {COLUMNS} where r.address >= ?1 and r.address <= ?2 and r.day >= ?3 order by r.address, r.reporter limit ?4"
    );
    reader.query(&sql, params![first, last, since_day, limit])?.iter().map(day).collect()
}

/// Addresses that a reporter has reported since that day, after `after`; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn addresses_of(
    reader: &mut Reader<'_>,
    reporter: i64,
    after: &[u8],
    since_day: i64,
    limit: usize,
) -> Result<Vec<[u8; 16]>, StoreError> {
    let rows = reader.query(
        "select distinct address from bouncer_report where reporter = ?1 and address > ?2 and day >= ?3
         order by address limit ?4",
        params![reporter, after, since_day, limit],
    )?;
    rows.iter().map(|row| address(row, 0)).collect()
}

/// Reports of addresses from `first` to `last` with another verdict than this, each reporter once for an address;
/// at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn open_on(
    reader: &mut Reader<'_>,
    (first, last): (&[u8; 16], &[u8; 16]),
    verdict: Verdict,
    limit: usize,
) -> Result<Vec<Open>, StoreError> {
    let rows = reader.query(
        "select address, reporter, min(first_at) from bouncer_report
         where address >= ?1 and address <= ?2 and verdict < ?3 group by address, reporter order by address limit ?4",
        params![first, last, verdict as u8, limit],
    )?;
    rows.iter()
        .map(|row| Ok(Open { address: address(row, 0)?, reporter: row.try_get(1)?, first_at: row.try_get(2)? }))
        .collect()
}

/// Reports of these addresses of which nothing is known yet, each reporter once for an address.
///
/// # Errors
/// When the store refuses.
pub fn open_of(reader: &mut Reader<'_>, addresses: &[[u8; 16]]) -> Result<Vec<Open>, StoreError> {
    let found = reader.query_many(
        "select reporter, min(first_at) from bouncer_report where address = ?1 and verdict = ?2 group by reporter",
        addresses.iter().map(|address| values![address, Verdict::Open as u8]),
    )?;
    let mut open = Vec::new();
    for (address, rows) in addresses.iter().zip(found) {
        for row in rows {
            open.push(Open { address: *address, reporter: row.try_get(0)?, first_at: row.try_get(1)? });
        }
    }
    Ok(open)
}

/// The addresses reported by the most reporters since that day.
///
/// # Errors
/// When the store refuses.
pub fn most_reported(reader: &mut Reader<'_>, since_day: i64, limit: usize) -> Result<Vec<Often>, StoreError> {
    let rows = reader.query(
        "select address, count(distinct reporter), cast(sum(times) as bigint), max(last_at) from bouncer_report
         where day >= ?1 group by address order by 2 desc, 3 desc, address limit ?2",
        params![since_day, limit],
    )?;
    rows.iter().map(|row| Ok((address(row, 0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))).collect()
}

/// Forgets what is too old.
///
/// # Errors
/// When the store refuses.
pub fn drop_old(tx: &mut Tx<'_>, now: TimestampMs) -> Result<(), StoreError> {
    let oldest = day_of(now.plus_ms(-KEPT_DAYS * DAY_MS));
    tx.execute("delete from bouncer_report where day < ?1", params![oldest]).map(|_| ())
}

/// The newest warning index, by its name among the blobs.
///
/// # Errors
/// When the store refuses.
pub fn index(reader: &mut Reader<'_>) -> Result<Option<String>, StoreError> {
    let row = reader.query_one_opt("select blob from bouncer_index where id = 1", params![])?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Notes that there is another warning index.
///
/// # Errors
/// When the store refuses.
pub fn keep_index(tx: &mut Tx<'_>, blob: &str) -> Result<(), StoreError> {
    tx.execute(
        "insert into bouncer_index(id, blob) values (1, ?1) on conflict (id) do update set blob = excluded.blob",
        params![blob],
    )
    .map(|_| ())
}
