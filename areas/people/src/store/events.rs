//! The trail of what happened to accounts.

use super::bad;
use crate::model::{CHANGED, Event, What};
use sipar_authz::{PersonNumber, Role};
use sipar_model::TimestampMs;
use sipar_store::{Reader, Row, StoreError, Tx, params};

/// Lines of one account that a page shows: what a person reads at once.
pub const SHOWN_MAX: usize = 100;

/// Lines of one account that are kept; the oldest make room.
pub const KEPT_MAX: usize = 1_000;

/// Writes a line. What a person did themselves they need not be told.
///
/// # Errors
/// When the store refuses.
pub fn write(
    tx: &mut Tx<'_>,
    person: PersonNumber,
    what: What,
    by: &str,
    detail: &str,
    now: TimestampMs,
) -> Result<(), StoreError> {
    let number = tx.take_numbers("person_event", 1)?;
    let own: Option<String> =
        tx.query_one_opt("select handle from person where number = ?1", params![person.0])?.map(|row| row.get(0));
    let told = (own.as_deref() == Some(by) && what != What::PasskeyCopied).then_some(now);
    tx.execute(
        "insert into person_event(number, person, at, what, by_whom, detail, told_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![number, person.0, now, what.word(), by, detail, told],
    )?;
    tx.execute(
        "delete from person_event where person = ?1 and number in (
             select number from person_event where person = ?1 order by number desc limit 1000 offset ?2)",
        params![person.0, KEPT_MAX],
    )
    .map(|_| ())
}

/// The newest lines of an account.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, person: PersonNumber) -> Result<Vec<Event>, StoreError> {
    let rows = reader.query(
        "select number, person, at, what, by_whom, detail, told_at from person_event where person = ?1
         order by number desc limit ?2",
        params![person.0, SHOWN_MAX],
    )?;
    let event = |row: &Row| {
        Ok(Event {
            number: row.try_get(0)?,
            person: PersonNumber(row.try_get(1)?),
            at: row.try_get(2)?,
            what: row.text(3).and_then(What::from_word).ok_or_else(|| bad(3, "an event"))?,
            by: row.try_get(4)?,
            detail: row.try_get(5)?,
            told_at: row.try_get(6)?,
        })
    };
    rows.iter().map(event).collect()
}

/// How many lines the person has not been shown.
///
/// # Errors
/// When the store refuses.
pub fn untold(reader: &mut Reader<'_>, person: PersonNumber) -> Result<u64, StoreError> {
    reader
        .query_one("select count(*) from person_event where person = ?1 and told_at is null", params![person.0])?
        .try_get(0)
}

/// Writes down that the person was shown the lines up to `number`.
///
/// # Errors
/// When the store refuses.
pub fn told(tx: &mut Tx<'_>, person: PersonNumber, number: i64, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute(
        "update person_event set told_at = ?3 where person = ?1 and number <= ?2 and told_at is null",
        params![person.0, number, now],
    )
    .map(|_| ())
}

/// Whether somebody who was an administrator has been none since `since`, or their account ended.
///
/// # Errors
/// When the store refuses.
pub fn administrator_left(reader: &mut Reader<'_>, since: TimestampMs) -> Result<bool, StoreError> {
    let row = reader.query_one(
        "select count(*) from person_event e join person p on p.number = e.person
         where e.at > ?1 and ((e.what = ?2 and p.role = ?3) or (e.what = ?4 and e.detail like ?5))",
        params![
            since,
            What::Ended.word(),
            Role::Admin.word(),
            What::RoleChanged.word(),
            format!("{}{CHANGED}%", Role::Admin)
        ],
    )?;
    Ok(row.try_get::<i64>(0)? > 0)
}

/// Passkeys that were used out of turn since `since`: whose, and when last.
///
/// # Errors
/// When the store refuses.
pub fn copied(reader: &mut Reader<'_>, since: TimestampMs) -> Result<Vec<(String, TimestampMs)>, StoreError> {
    let rows = reader.query(
        "select p.handle, max(e.at) from person_event e join person p on p.number = e.person
         where e.what = ?1 and e.at > ?2 group by p.handle order by p.handle limit 100",
        params![What::PasskeyCopied.word(), since],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
