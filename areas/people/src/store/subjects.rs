//! The table of subjects: whom an outside provider means by its own name for them.

use sipar_authz::PersonNumber;
use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx, params};

/// Ties a subject to a person; false when it is tied to somebody already, or the person to another one of the same
/// provider.
///
/// # Errors
/// When the store refuses.
pub fn tie(
    tx: &mut Tx<'_>,
    issuer: &str,
    subject: &str,
    person: PersonNumber,
    now: TimestampMs,
) -> Result<bool, StoreError> {
    let tied = tx.execute(
        "insert into person_subject(issuer, subject, person, created_at) values (?1, ?2, ?3, ?4)
         on conflict do nothing",
        params![issuer, subject, person.0, now],
    )?;
    Ok(tied == 1)
}

/// Whose subject this is.
///
/// # Errors
/// When the store refuses.
pub fn find(reader: &mut Reader<'_>, issuer: &str, subject: &str) -> Result<Option<PersonNumber>, StoreError> {
    let found = reader.query_one_opt(
        "select person from person_subject where issuer = ?1 and subject = ?2",
        params![issuer, subject],
    )?;
    found.map(|row| row.try_get(0).map(PersonNumber)).transpose()
}

/// Since when a person is tied to a subject of this provider.
///
/// # Errors
/// When the store refuses.
pub fn since(reader: &mut Reader<'_>, issuer: &str, person: PersonNumber) -> Result<Option<TimestampMs>, StoreError> {
    let found = reader.query_one_opt(
        "select created_at from person_subject where issuer = ?1 and person = ?2",
        params![issuer, person.0],
    )?;
    found.map(|row| row.try_get(0)).transpose()
}

/// Unties all subjects of a person; how many.
///
/// # Errors
/// When the store refuses.
pub fn untie(tx: &mut Tx<'_>, person: PersonNumber) -> Result<u64, StoreError> {
    tx.execute("delete from person_subject where person = ?1", params![person.0])
}
