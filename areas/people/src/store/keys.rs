//! The tables of keys and tokens, both by the hash of their secret.

use super::{bad, hash, parties};
use crate::model::{
    KeyRow, KeyUse, NewKey,
    key::{KEYS_MAX, TOKENS_PER_KEY_MAX},
};
use sipar_authz::{Identity, PersonNumber, Role, Scopes, Via, secret::SecretHash};
use sipar_model::{TimestampMs, time::DAY_MS};
use sipar_store::{Reader, Row, StoreError, Tx, params};

/// Keeps a new key; gives its number.
///
/// # Errors
/// When the store refuses.
pub fn add(
    tx: &mut Tx<'_>,
    person: PersonNumber,
    secret: &SecretHash,
    key: &NewKey,
    now: TimestampMs,
) -> Result<i64, StoreError> {
    let number = tx.take_numbers("person_key", 1)?;
    tx.execute(
        "insert into person_key(hash, number, person, name, scopes, kind, created_at, expires_at, used_day)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, null)",
        params![
            secret.hex(),
            number,
            person.0,
            key.name.as_str(),
            key.scopes.to_string(),
            key.kind.word(),
            now,
            key.expires(now)
        ],
    )?;
    Ok(number)
}

fn row(row: &Row) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        number: row.try_get(0)?,
        name: row.try_get(1)?,
        scopes: scopes(row, 2)?,
        kind: row.text(3).and_then(KeyUse::from_word).ok_or_else(|| bad(3, "a use of a key"))?,
        created_at: row.try_get(4)?,
        expires_at: row.try_get(5)?,
        used_day: row.try_get(6)?,
    })
}

fn scopes(row: &Row, column: usize) -> Result<Scopes, StoreError> {
    row.text(column).and_then(|text| text.parse().ok()).ok_or_else(|| bad(column, "scopes"))
}

/// A person's keys that have not expired, the newest first.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, person: PersonNumber, now: TimestampMs) -> Result<Vec<KeyRow>, StoreError> {
    let rows = reader.query(
        "select number, name, scopes, kind, created_at, expires_at, used_day from person_key
         where person = ?1 and expires_at > ?2 order by number desc limit ?3",
        params![person.0, now, KEYS_MAX],
    )?;
    rows.iter().map(row).collect()
}

/// Revokes one of a person's keys with its tokens; gives its name.
///
/// # Errors
/// When the store refuses.
pub fn revoke(tx: &mut Tx<'_>, person: PersonNumber, number: i64) -> Result<Option<String>, StoreError> {
    let found = tx.query_one_opt(
        "delete from person_key where number = ?1 and person = ?2 returning name",
        params![number, person.0],
    )?;
    tx.execute("delete from person_token where key_number not in (select number from person_key)", params![])?;
    found.map(|row| row.try_get(0)).transpose()
}

/// Revokes all of a person's keys with their tokens.
///
/// # Errors
/// When the store refuses.
pub fn revoke_all(tx: &mut Tx<'_>, person: PersonNumber) -> Result<(), StoreError> {
    tx.execute("delete from person_key where person = ?1", params![person.0])?;
    tx.execute("delete from person_token where key_number not in (select number from person_key)", params![])
        .map(|_| ())
}

/// Somebody behind a key or token, with when the key was last used.
pub struct Holder {
    /// Who.
    pub identity: Identity,
    /// The key's number.
    pub number: i64,
    /// The UTC day on which it was last used.
    pub used_day: Option<i64>,
}

fn holder(reader: &mut Reader<'_>, row: &Row) -> Result<Holder, StoreError> {
    let role: Role = row.text(1).and_then(|word| word.parse().ok()).ok_or_else(|| bad(1, "a role"))?;
    let person = PersonNumber(row.try_get(0)?);
    let identity = Identity {
        person: Some(person),
        parties: parties::of(reader, person)?.into(),
        scopes: scopes(row, 3)?,
        ..Identity::new(role, row.text(2).unwrap_or_default(), Via::Key)
    };
    Ok(Holder { identity, number: row.try_get(4)?, used_day: row.try_get(5)? })
}

/// Whose key this is, with its person as they are now. One of a client opens nothing itself.
///
/// # Errors
/// When the store refuses.
pub fn find(reader: &mut Reader<'_>, secret: &SecretHash, now: TimestampMs) -> Result<Option<Holder>, StoreError> {
    let found = reader.query_one_opt(
        "select p.number, p.role, p.handle, k.scopes, k.number, k.used_day
         from person_key k join person p on p.number = k.person
         where k.hash = ?1 and k.kind = ?3 and k.expires_at > ?2 and p.ended_at is null",
        params![secret.hex(), now, KeyUse::Direct.word()],
    )?;
    if let Some(row) = found {
        return holder(reader, &row).map(Some);
    }
    let found = reader.query_one_opt(
        "select p.number, p.role, p.handle, t.scopes, k.number, k.used_day
         from person_token t join person_key k on k.number = t.key_number join person p on p.number = k.person
         where t.hash = ?1 and t.expires_at > ?2 and k.expires_at > ?2 and p.ended_at is null",
        params![secret.hex(), now],
    )?;
    found.map(|row| holder(reader, &row)).transpose()
}

/// The scopes of a client's key, if number and secret are one client's and hold.
///
/// # Errors
/// When the store refuses.
pub fn client(
    reader: &mut Reader<'_>,
    number: i64,
    secret: &SecretHash,
    now: TimestampMs,
) -> Result<Option<Scopes>, StoreError> {
    let found = reader.query_one_opt(
        "select k.scopes, k.hash from person_key k join person p on p.number = k.person
         where k.number = ?1 and k.kind = ?3 and k.expires_at > ?2 and p.ended_at is null",
        params![number, now, KeyUse::Client.word()],
    )?;
    let Some(row) = found else { return Ok(None) };
    if !hash(row.text(1), 1)?.same(secret) {
        return Ok(None);
    }
    scopes(&row, 0).map(Some)
}

/// Keeps a token; the oldest of its key make room.
///
/// # Errors
/// When the store refuses.
pub fn add_token(
    tx: &mut Tx<'_>,
    number: i64,
    token: &SecretHash,
    scopes: &Scopes,
    now: TimestampMs,
    expires: TimestampMs,
) -> Result<(), StoreError> {
    tx.execute("delete from person_token where expires_at <= ?1", params![now])?;
    tx.execute(
        "insert into person_token(hash, key_number, scopes, expires_at) values (?1, ?2, ?3, ?4)",
        params![token.hex(), number, scopes.to_string(), expires],
    )?;
    tx.execute(
        "delete from person_token where key_number = ?1 and hash in (
             select hash from person_token where key_number = ?1 order by expires_at desc, hash limit 1000 offset ?2)",
        params![number, TOKENS_PER_KEY_MAX],
    )?;
    used(tx, number, now)
}

/// Removes keys and tokens that have expired.
///
/// # Errors
/// When the store refuses.
pub fn sweep(tx: &mut Tx<'_>, now: TimestampMs) -> Result<u64, StoreError> {
    tx.execute("delete from person_token where expires_at <= ?1", params![now])?;
    let gone = tx.execute("delete from person_key where expires_at <= ?1", params![now])?;
    if gone > 0 {
        tx.execute("delete from person_token where key_number not in (select number from person_key)", params![])?;
    }
    Ok(gone)
}

/// The UTC day of a time.
#[must_use]
pub const fn day(now: TimestampMs) -> i64 {
    now.0.div_euclid(DAY_MS)
}

/// Writes down that a key was used today.
///
/// # Errors
/// When the store refuses.
pub fn used(tx: &mut Tx<'_>, number: i64, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute("update person_key set used_day = ?2 where number = ?1", params![number, day(now)]).map(|_| ())
}
