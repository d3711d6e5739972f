//! The table of links that enrol.

use super::{bad, hash};
use crate::model::{Link, LinkKind};
use sipar_authz::{PersonNumber, secret::SecretHash};
use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx, params};

/// Keeps a new one. Those before it for the same person, or for setting up, open nothing any more.
///
/// # Errors
/// When the store refuses.
pub fn replace(tx: &mut Tx<'_>, link: &Link, now: TimestampMs) -> Result<(), StoreError> {
    let person = link.person.map(|person| person.0);
    tx.execute("delete from person_link where coalesce(person, -1) = coalesce(?1, -1)", params![person])?;
    tx.execute(
        "insert into person_link(hash, person, kind, made_at, expires_at) values (?1, ?2, ?3, ?4, ?5)",
        params![link.hash.hex(), person, link.kind.word(), now, link.expires_at],
    )
    .map(|_| ())
}

/// The one with this hash, if it holds.
///
/// # Errors
/// When the store refuses.
pub fn find(reader: &mut Reader<'_>, secret: &SecretHash, now: TimestampMs) -> Result<Option<Link>, StoreError> {
    let found = reader.query_one_opt(
        "select hash, person, kind, expires_at from person_link where hash = ?1 and expires_at > ?2",
        params![secret.hex(), now],
    )?;
    let Some(row) = found else { return Ok(None) };
    Ok(Some(Link {
        hash: hash(row.text(0), 0)?,
        person: row.try_get::<Option<i64>>(1)?.map(PersonNumber),
        kind: row.text(2).and_then(LinkKind::from_word).ok_or_else(|| bad(2, "a kind of link"))?,
        expires_at: row.try_get(3)?,
    }))
}

/// Uses it up; false when somebody else just did.
///
/// # Errors
/// When the store refuses.
pub fn spend(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<bool, StoreError> {
    Ok(tx.execute("delete from person_link where hash = ?1", params![secret.hex()])? == 1)
}

/// Takes back every link of a person, or those for setting up.
///
/// # Errors
/// When the store refuses.
pub fn take_back(tx: &mut Tx<'_>, person: Option<PersonNumber>) -> Result<u64, StoreError> {
    tx.execute(
        "delete from person_link where coalesce(person, -1) = coalesce(?1, -1)",
        params![person.map(|person| person.0)],
    )
}

/// Until when a person's link holds, if there is one.
///
/// # Errors
/// When the store refuses.
pub fn waiting(
    reader: &mut Reader<'_>,
    person: PersonNumber,
    now: TimestampMs,
) -> Result<Option<TimestampMs>, StoreError> {
    let found = reader.query_one_opt(
        "select expires_at from person_link where person = ?1 and expires_at > ?2",
        params![person.0, now],
    )?;
    found.map(|row| row.try_get(0)).transpose()
}

/// Removes those that have expired.
///
/// # Errors
/// When the store refuses.
pub fn sweep(tx: &mut Tx<'_>, now: TimestampMs) -> Result<u64, StoreError> {
    tx.execute("delete from person_link where expires_at <= ?1", params![now])
}
