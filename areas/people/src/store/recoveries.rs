//! The table of recoveries that wait for a second administrator.

use super::bad;
use crate::model::{Actor, Person, Reason, Recovery};
use sipar_authz::PersonNumber;
use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx, params};

/// Keeps what was asked; it takes the place of what was asked before.
///
/// # Errors
/// When the store refuses.
pub fn ask(tx: &mut Tx<'_>, person: &Person, reason: &Reason, by: &Actor, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute("delete from person_recovery where person = ?1", params![person.number.0])?;
    tx.execute(
        "insert into person_recovery(person, reason, asked_by, asker, asked_at) values (?1, ?2, ?3, ?4, ?5)",
        params![person.number.0, reason.as_str(), &by.label, by.person.map(|person| person.0), now],
    )
    .map(|_| ())
}

/// What waits for this person.
///
/// # Errors
/// When the store refuses.
pub fn find(reader: &mut Reader<'_>, person: PersonNumber) -> Result<Option<Recovery>, StoreError> {
    let found = reader.query_one_opt(
        "select person, reason, asked_by, asker, asked_at from person_recovery where person = ?1",
        params![person.0],
    )?;
    let Some(row) = found else { return Ok(None) };
    Ok(Some(Recovery {
        person: PersonNumber(row.try_get(0)?),
        reason: Reason::parse(row.text(1).unwrap_or_default()).map_err(|_| bad(1, "a reason"))?,
        asked_by: row.try_get(2)?,
        asker: row.try_get::<Option<i64>>(3)?.map(PersonNumber),
        asked_at: row.try_get(4)?,
    }))
}

/// Whose wait since after `since`.
///
/// # Errors
/// When the store refuses.
pub fn waiting(reader: &mut Reader<'_>, since: TimestampMs) -> Result<Vec<(String, TimestampMs)>, StoreError> {
    let rows = reader.query(
        "select p.handle, r.asked_at from person_recovery r join person p on p.number = r.person
         where r.asked_at > ?1 order by r.asked_at limit 100",
        params![since],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Takes it away; false when there is none.
///
/// # Errors
/// When the store refuses.
pub fn remove(tx: &mut Tx<'_>, person: PersonNumber) -> Result<bool, StoreError> {
    Ok(tx.execute("delete from person_recovery where person = ?1", params![person.0])? == 1)
}
