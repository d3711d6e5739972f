//! Reporters: how often each was right and wrong.

use crate::model::trust::{Record, Verdict};
use sipar_model::TimestampMs;
use sipar_store::{Reader, Row, StoreError, Tx, params, values};

/// Reporters read at once: the bound of clients, and as many again that were removed.
const REPORTERS_MAX: usize = 20_000;

/// A client that has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reporter {
    /// Its number, which stands for it in answers.
    pub number: i64,
    /// The client's name.
    pub client: String,
    /// Whether the client was removed: then nothing that it said counts.
    pub removed: bool,
    /// When it last reported.
    pub last_at: TimestampMs,
    /// How many reports it made.
    pub times: u64,
    /// How often it was right and wrong.
    pub record: Record,
    /// The share, in percent, with which its reports were last told.
    pub told_share: u8,
}

const COLUMNS: &str = "number, client, removed, last_at, times, addresses, confirmed, refuted, told_share";

fn read(row: &Row) -> Result<Reporter, StoreError> {
    Ok(Reporter {
        number: row.try_get(0)?,
        client: row.try_get(1)?,
        removed: row.try_get(2)?,
        last_at: row.try_get(3)?,
        times: row.try_get(4)?,
        record: Record { addresses: row.try_get(5)?, confirmed: row.try_get(6)?, refuted: row.try_get(7)? },
        told_share: row.try_get(8)?,
    })
}

/// The reporter that this client is; written down the first time.
///
/// # Errors
/// When the store refuses.
pub fn reporter_of(tx: &mut Tx<'_>, client: &str, share: u8, now: TimestampMs) -> Result<Reporter, StoreError> {
    let sql = format!("select {COLUMNS} from bouncer_reporter where client = ?1");
    if let Some(row) = tx.query_one_opt(&sql, params![client])? {
        return read(&row);
    }
    let number = tx.take_numbers("bouncer_reporter", 1)?;
    tx.execute(
        "insert into bouncer_reporter(number, client, removed, since, last_at, times, addresses, confirmed, refuted,
             told_share) values (?1, ?2, 0, ?3, ?3, 0, 0, 0, 0, ?4)",
        params![number, client, now, share],
    )?;
    let record = Record::default();
    Ok(Reporter {
        number,
        client: client.to_owned(),
        removed: false,
        last_at: now,
        times: 0,
        record,
        told_share: share,
    })
}

/// Whether anybody has ever reported.
///
/// # Errors
/// When the store refuses.
pub fn any_reporter(reader: &mut Reader<'_>) -> Result<bool, StoreError> {
    Ok(reader.query_one_opt("select 1 from bouncer_reporter limit 1", params![])?.is_some())
}

/// Every reporter, by its client's name.
///
/// # Errors
/// When the store refuses.
pub fn reporters(reader: &mut Reader<'_>) -> Result<Vec<Reporter>, StoreError> {
    let sql = format!("select {COLUMNS} from bouncer_reporter order by client limit ?1");
    reader.query(&sql, params![REPORTERS_MAX])?.iter().map(read).collect()
}

/// Every reporter whose share, as `share_of` has it, is another one than it was told with, by five percent or more.
///
/// # Errors
/// When the store refuses.
pub fn stale_reporters(
    reader: &mut Reader<'_>,
    share_of: impl Fn(&Reporter) -> u8,
) -> Result<Vec<Reporter>, StoreError> {
    let moved = |reporter: &Reporter| {
        let share = share_of(reporter);
        share.abs_diff(reporter.told_share) >= 5 || (share == 0) != (reporter.told_share == 0)
    };
    Ok(reporters(reader)?.into_iter().filter(moved).collect())
}

/// Notes what was learnt of reports that were open or learnt otherwise: the address in 16 bytes, and its reporter.
///
/// # Errors
/// When the store refuses.
pub fn learn(tx: &mut Tx<'_>, learnt: &[([u8; 16], i64, Verdict)]) -> Result<(), StoreError> {
    for (address, reporter, verdict) in learnt {
        let reporter = *reporter;
        let row = tx.query_one_opt(
            "select verdict from bouncer_report where address = ?1 and reporter = ?2 order by verdict desc limit 1",
            params![address, reporter],
        )?;
        let Some(before) = row.map(|row| row.try_get::<u8>(0)).transpose()?.filter(|before| *before != *verdict as u8)
        else {
            continue;
        };
        tx.execute(
            "update bouncer_report set verdict = ?3 where address = ?1 and reporter = ?2",
            params![address, reporter, *verdict as u8],
        )?;
        let change = |kind: Verdict| i64::from(*verdict == kind) - i64::from(before == kind as u8);
        tx.execute(
            "update bouncer_reporter set confirmed = confirmed + ?2, refuted = refuted + ?3 where number = ?1",
            params![reporter, change(Verdict::Confirmed), change(Verdict::Refuted)],
        )?;
    }
    Ok(())
}

/// Notes with which share the reports of these were told.
///
/// # Errors
/// When the store refuses.
pub fn told(tx: &mut Tx<'_>, reporter: i64, share: u8) -> Result<(), StoreError> {
    let sql = "update bouncer_reporter set told_share = ?2 where number = ?1";
    tx.execute_many(sql, [values![reporter, share]]).map(|_| ())
}

/// Removes a client as reporter, so that nothing it said counts. Its name becomes free.
///
/// # Errors
/// When the store refuses.
pub fn remove_reporter(tx: &mut Tx<'_>, client: &str) -> Result<(), StoreError> {
    let sql = "update bouncer_reporter set removed = 1, client = client || '~' || number where client = ?1";
    tx.execute(sql, params![client]).map(|_| ())
}
