//! What is known of exposures, and what became of telling their owners.

use super::{known, party};
use crate::{
    NoticesError,
    model::{
        Thing,
        measure::{Course, Gathered},
    },
};
use sipar_model::{Evidence, Exposed, ExposureState, Observable, ObservableKind, PartyId, Severity, TimestampMs, Tlp};
use sipar_store::{Reader, Row, StoreError, Tx, params, values};

const COLUMNS: &str = "exposure, party, kind, value, asset_kind, asset, class, severity, evidence, tlp, first_seen,
    last_seen, gone_at, state, state_at, times, waiting_since, told_of, notice";

fn observable(row: &Row, kind: usize, value: usize) -> Result<Observable, NoticesError> {
    let kind = known(row, kind, ObservableKind::from_number)?;
    Observable::from_parts(kind, row.text(value).unwrap_or_default()).map_err(|_| NoticesError::BadRow)
}

fn read(row: &Row) -> Result<Thing, NoticesError> {
    let exposed = Exposed {
        number: row.try_get(0)?,
        party: party(row, 1)?,
        subject: observable(row, 2, 3)?,
        asset: observable(row, 4, 5)?,
        class: row.try_get(6)?,
        severity: known(row, 7, Severity::from_number)?,
        evidence: known(row, 8, Evidence::from_number)?,
        tlp: known(row, 9, Tlp::from_number)?,
        first_seen: row.try_get(10)?,
        last_seen: row.try_get(11)?,
        gone_at: row.try_get(12)?,
        state: known(row, 13, ExposureState::from_number)?,
        state_at: row.try_get(14)?,
        times: row.try_get(15)?,
    };
    Ok(Thing { exposed, waiting_since: row.try_get(16)?, told_of: row.try_get(17)?, notice: row.try_get(18)? })
}

/// What is known of these exposures, each in its place.
///
/// # Errors
/// When the store refuses.
pub fn of_numbers(reader: &mut Reader<'_>, numbers: &[i64]) -> Result<Vec<Option<Thing>>, NoticesError> {
    let sql = format!("select {COLUMNS} from notice_thing where exposure = ?1");
    let rows = reader.query_many(&sql, numbers.iter().map(|number| values![*number]))?;
    rows.iter().map(|rows| rows.first().map(read).transpose()).collect()
}

/// Writes down what is known.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, things: &[Thing]) -> Result<(), NoticesError> {
    tx.execute_many(
        "insert into notice_thing(exposure, party, kind, value, asset_kind, asset, class, severity, evidence, tlp,
             first_seen, last_seen, gone_at, state, state_at, times, waiting_since, told_of, notice)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         on conflict (exposure) do update set asset_kind = excluded.asset_kind, asset = excluded.asset,
             severity = excluded.severity, evidence = excluded.evidence, tlp = excluded.tlp,
             first_seen = excluded.first_seen, last_seen = excluded.last_seen, gone_at = excluded.gone_at,
             state = excluded.state, state_at = excluded.state_at, times = excluded.times,
             waiting_since = excluded.waiting_since, told_of = excluded.told_of, notice = excluded.notice",
        things.iter().map(|thing| {
            let one = &thing.exposed;
            values![
                one.number,
                one.party.as_str(),
                one.subject.kind().number(),
                one.subject.value(),
                one.asset.kind().number(),
                one.asset.value(),
                &one.class,
                one.severity.number(),
                one.evidence.number(),
                one.tlp.number(),
                one.first_seen,
                one.last_seen,
                one.gone_at,
                one.state.number(),
                one.state_at,
                one.times,
                thing.waiting_since,
                thing.told_of,
                thing.notice
            ]
        }),
    )?;
    Ok(())
}

/// Parties that have to be told of something so bad, those that come behind `after` by their names; at most `limit`. With
/// how long the first of it has waited.
///
/// # Errors
/// When the store refuses.
pub fn waiting_parties(
    reader: &mut Reader<'_>,
    severity: Severity,
    since_at_most: TimestampMs,
    after: &str,
    limit: usize,
) -> Result<Vec<PartyId>, NoticesError> {
    let rows = reader.query(
        "select party from notice_thing where waiting_since is not null and severity = ?1 and party > ?3
         group by party having min(waiting_since) <= ?2 order by party limit ?4",
        params![severity.number(), since_at_most, after, limit],
    )?;
    rows.iter().map(|row| party(row, 0)).collect()
}

/// What a party has to be told of something so bad, by number; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn waiting(
    reader: &mut Reader<'_>,
    party: &PartyId,
    severity: Severity,
    limit: usize,
) -> Result<Vec<Thing>, NoticesError> {
    let sql = format!(
        "select {COLUMNS} from notice_thing where waiting_since is not null and severity = ?1 and party = ?2
         order by exposure limit ?3"
    );
    reader.query(&sql, params![severity.number(), party.as_str(), limit])?.iter().map(read).collect()
}

/// How many things wait to be told, and since when the first does.
///
/// # Errors
/// When the store refuses.
pub fn waiting_counts(reader: &mut Reader<'_>) -> Result<(u64, Option<TimestampMs>), NoticesError> {
    let sql = "select count(*), min(waiting_since) from notice_thing where waiting_since is not null";
    let row = reader.query_one(sql, params![])?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// These things stand in a notice from now on, and wait no more.
///
/// # Errors
/// When the store refuses.
pub fn enter(tx: &mut Tx<'_>, notice: i64, month: i64, things: &[Thing]) -> Result<(), NoticesError> {
    tx.execute_many(
        "update notice_thing set waiting_since = null, told_of = state_at, notice = ?2 where exposure = ?1",
        things.iter().map(|thing| values![thing.exposed.number, notice]),
    )?;
    tx.execute_many(
        "insert into notice_telling(notice, exposure, month, severity, waited_from) values (?1, ?2, ?3, ?4, ?5)",
        things.iter().map(|thing| {
            let waited = thing.waiting_since.unwrap_or(thing.exposed.state_at);
            values![notice, thing.exposed.number, month, thing.exposed.severity.number(), waited]
        }),
    )?;
    Ok(())
}

/// What stands in a notice, by number; as it is now.
///
/// # Errors
/// When the store refuses.
pub fn in_notice(reader: &mut Reader<'_>, notice: i64, limit: usize) -> Result<Vec<Thing>, NoticesError> {
    let sql = format!(
        "select {COLUMNS} from notice_thing where exposure in (select exposure from notice_telling where notice = ?1)
         order by exposure limit ?2"
    );
    reader.query(&sql, params![notice, limit])?.iter().map(read).collect()
}

/// The owner of what stands in a notice was told.
///
/// # Errors
/// When the store refuses.
pub fn told(tx: &mut Tx<'_>, notice: i64, at: TimestampMs) -> Result<(), NoticesError> {
    tx.execute("update notice_telling set told_at = ?2 where notice = ?1 and told_at is null", params![notice, at])?;
    Ok(())
}

/// What became of exposures, noted where each was told last.
///
/// # Errors
/// When the store refuses.
pub fn note_course(tx: &mut Tx<'_>, before_and_after: &[(Thing, Thing)]) -> Result<(), NoticesError> {
    let (mut known, mut fixed, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for (before, after) in before_and_after {
        let Some(notice) = before.notice else { continue };
        let row = (notice, after.exposed.number, after.exposed.state_at);
        let (was, is) = (before.exposed.state, after.exposed.state);
        if was.is_unanswered() && !is.is_unanswered() {
            known.push(row);
        }
        if is == ExposureState::Fixed && was != is {
            fixed.push(row);
        }
        if after.exposed.times > before.exposed.times {
            back.push(row);
        }
    }
    for (column, rows) in [("acknowledged_at", known), ("fixed_at", fixed), ("back_at", back)] {
        let sql =
            format!("update notice_telling set {column} = ?3 where notice = ?1 and exposure = ?2 and {column} is null");
        tx.execute_many(&sql, rows.into_iter().map(|(notice, exposure, at)| values![notice, exposure, at]))?;
    }
    Ok(())
}

/// Counts what became of the things in notices since the month `from`.
///
/// # Errors
/// When the store refuses.
pub fn gather(reader: &mut Reader<'_>, from: i64) -> Result<Gathered, NoticesError> {
    let mut gathered = Gathered::default();
    reader.each(
        "select month, severity, waited_from, told_at, acknowledged_at, fixed_at, back_at from notice_telling
         where month >= ?1",
        params![from],
        |row| {
            let severity: u8 = row.try_get(1)?;
            let unknown = || StoreError::Decode { column: 1, wanted: "a known number", found: severity.to_string() };
            gathered.add(&Course {
                month: row.try_get(0)?,
                severity: Severity::from_number(severity).ok_or_else(unknown)?,
                waited_from: row.try_get(2)?,
                told_at: row.try_get(3)?,
                acknowledged_at: row.try_get(4)?,
                fixed_at: row.try_get(5)?,
                back_at: row.try_get(6)?,
            });
            Ok(())
        },
    )?;
    Ok(gathered)
}

/// Forgets exposures that are over since before `before` and stand in no notice any more; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, before: TimestampMs, limit: usize) -> Result<u64, NoticesError> {
    Ok(tx.execute(
        "delete from notice_thing where exposure in (
             select exposure from notice_thing where state in (6, 8) and state_at < ?1 and last_seen < ?1
                 and not exists (select 1 from notice where notice.number = notice_thing.notice)
             order by exposure limit ?2)",
        params![before, limit],
    )?)
}
