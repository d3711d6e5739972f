//! The table of passkeys: public keys, counters, and what their owners call them.

use super::bad;
use crate::model::{PASSKEYS_MAX, PasskeyRow, PersonName};
use sipar_authz::PersonNumber;
use sipar_model::TimestampMs;
use sipar_store::{Reader, Row, StoreError, Tx, params};

/// A passkey as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The credential's id, in base64url.
    pub credential: String,
    /// Whose.
    pub person: PersonNumber,
    /// The library's own form of it, as JSON.
    pub passkey: String,
}

/// Keeps a new one; false when that credential is here already.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, kept: &Kept, name: &PersonName, now: TimestampMs) -> Result<bool, StoreError> {
    let added = tx.execute(
        "insert into person_passkey(credential, person, name, passkey, created_at, used_at)
         values (?1, ?2, ?3, ?4, ?5, null) on conflict do nothing",
        params![&kept.credential, kept.person.0, name.as_str(), &kept.passkey, now],
    )?;
    Ok(added == 1)
}

/// The one with this credential's id.
///
/// # Errors
/// When the store refuses.
pub fn find(reader: &mut Reader<'_>, credential: &str) -> Result<Option<Kept>, StoreError> {
    let found = reader.query_one_opt(
        "select credential, person, passkey from person_passkey where credential = ?1",
        params![credential],
    )?;
    let kept = |row: Row| {
        Ok(Kept { credential: row.try_get(0)?, person: PersonNumber(row.try_get(1)?), passkey: row.try_get(2)? })
    };
    found.map(kept).transpose()
}

/// Writes down that it was used, if it still is as it was read; false when it was used at the same time elsewhere, so
/// that no counter counts twice.
///
/// # Errors
/// When the store refuses.
pub fn used(tx: &mut Tx<'_>, before: &Kept, passkey: &str, now: TimestampMs) -> Result<bool, StoreError> {
    let written = tx.execute(
        "update person_passkey set passkey = ?3, used_at = ?4 where credential = ?1 and passkey = ?2",
        params![&before.credential, &before.passkey, passkey, now],
    )?;
    Ok(written == 1)
}

/// A person's, the oldest first.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, person: PersonNumber) -> Result<Vec<PasskeyRow>, StoreError> {
    let rows = reader.query(
        "select credential, name, created_at, used_at from person_passkey where person = ?1
         order by created_at, credential limit ?2",
        params![person.0, PASSKEYS_MAX],
    )?;
    let passkey = |row: &Row| {
        Ok(PasskeyRow {
            credential: row.try_get(0)?,
            name: PersonName::parse(row.text(1).unwrap_or_default()).map_err(|_| bad(1, "a name"))?,
            created_at: row.try_get(2)?,
            used_at: row.try_get(3)?,
        })
    };
    rows.iter().map(passkey).collect()
}

/// Renames one of a person's; false when they have none such.
///
/// # Errors
/// When the store refuses.
pub fn rename(tx: &mut Tx<'_>, person: PersonNumber, credential: &str, name: &PersonName) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "update person_passkey set name = ?3 where credential = ?1 and person = ?2",
        params![credential, person.0, name.as_str()],
    )?;
    Ok(changed == 1)
}

/// Removes one of a person's; false when they have none such.
///
/// # Errors
/// When the store refuses.
pub fn remove(tx: &mut Tx<'_>, person: PersonNumber, credential: &str) -> Result<bool, StoreError> {
    let gone =
        tx.execute("delete from person_passkey where credential = ?1 and person = ?2", params![credential, person.0])?;
    Ok(gone == 1)
}

/// Removes all of a person's; how many there were.
///
/// # Errors
/// When the store refuses.
pub fn remove_all(tx: &mut Tx<'_>, person: PersonNumber) -> Result<u64, StoreError> {
    tx.execute("delete from person_passkey where person = ?1", params![person.0])
}
