//! Contacts and keys of parties.

use super::{party_id, word};
use crate::{
    RegistryError,
    model::{Contact, Key, KeyKind, Language, Purpose},
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, Tx, params};

fn contact(row: &Row) -> Result<Contact, RegistryError> {
    let holidays: String = row.try_get(6)?;
    Ok(Contact {
        purpose: word(row, 0, Purpose::from_number)?,
        mail: row.try_get(1)?,
        name: row.try_get(2)?,
        phone: row.try_get(3)?,
        language: word(row, 4, Language::from_number)?,
        hours: row.try_get(5)?,
        holidays: holidays.split_whitespace().map(str::to_owned).collect(),
    })
}

/// The contacts of a party, by purpose.
///
/// # Errors
/// When the store refuses.
pub fn contacts(reader: &mut Reader<'_>, party: &PartyId) -> Result<Vec<Contact>, RegistryError> {
    let sql = "select purpose, mail, name, phone, language, hours, holidays from party_contact
         where party = ?1 order by purpose, mail";
    reader.query(sql, params![party.as_str()])?.iter().map(contact).collect()
}

/// Adds a contact, or writes the one with this purpose and address anew.
///
/// # Errors
/// When the store refuses.
pub fn put_contact(tx: &mut Tx<'_>, party: &PartyId, new: &Contact, now: TimestampMs) -> Result<(), RegistryError> {
    tx.execute(
        "insert into party_contact(party, purpose, mail, name, phone, language, hours, holidays, updated_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         on conflict (party, purpose, mail) do update set name = excluded.name, phone = excluded.phone,
             language = excluded.language, hours = excluded.hours, holidays = excluded.holidays,
             updated_at = excluded.updated_at",
        params![
            party.as_str(),
            new.purpose.number(),
            &new.mail,
            &new.name,
            &new.phone,
            new.language.number(),
            &new.hours,
            new.holidays.join(" "),
            now
        ],
    )?;
    Ok(())
}

/// Removes a contact; says whether it was there.
///
/// # Errors
/// When the store refuses.
pub fn remove_contact(tx: &mut Tx<'_>, party: &PartyId, purpose: Purpose, mail: &str) -> Result<bool, RegistryError> {
    let sql = "delete from party_contact where party = ?1 and purpose = ?2 and mail = ?3";
    Ok(tx.execute(sql, params![party.as_str(), purpose.number(), mail])? > 0)
}

fn key(row: &Row) -> Result<Key, RegistryError> {
    Ok(Key {
        kind: word(row, 0, KeyKind::from_number)?,
        fingerprint: row.try_get(1)?,
        about: row.try_get(2)?,
        not_after: row.try_get(3)?,
        text: row.try_get(4)?,
    })
}

/// The keys of a party.
///
/// # Errors
/// When the store refuses.
pub fn keys(reader: &mut Reader<'_>, party: &PartyId) -> Result<Vec<Key>, RegistryError> {
    let sql = "select kind, fingerprint, about, not_after, body from party_key where party = ?1
         order by kind, added_at, fingerprint";
    reader.query(sql, params![party.as_str()])?.iter().map(key).collect()
}

/// Whose key this is already.
///
/// # Errors
/// When the store refuses.
pub fn holder(reader: &mut Reader<'_>, key: &Key) -> Result<Option<PartyId>, RegistryError> {
    let sql = "select party from party_key where kind = ?1 and fingerprint = ?2 order by party limit 1";
    let found = reader.query_one_opt(sql, params![key.kind.number(), &key.fingerprint])?;
    found.map(|row| party_id(&row, 0)).transpose()
}

/// Adds a key.
///
/// # Errors
/// When the store refuses.
pub fn add_key(tx: &mut Tx<'_>, party: &PartyId, key: &Key, now: TimestampMs) -> Result<(), RegistryError> {
    tx.execute(
        "insert into party_key(party, kind, fingerprint, about, not_after, body, added_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![party.as_str(), key.kind.number(), &key.fingerprint, &key.about, key.not_after, &key.text, now],
    )?;
    Ok(())
}

/// Removes a key; says whether it was there.
///
/// # Errors
/// When the store refuses.
pub fn remove_key(tx: &mut Tx<'_>, party: &PartyId, fingerprint: &str) -> Result<bool, RegistryError> {
    let sql = "delete from party_key where party = ?1 and fingerprint = ?2";
    Ok(tx.execute(sql, params![party.as_str(), fingerprint])? > 0)
}
