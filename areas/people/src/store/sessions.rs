//! The table of sessions. Where a session came from is not kept, but for the kind of browser.

use super::{bad, hash, parties};
use crate::model::{SESSIONS_PER_PERSON_MAX, SessionRow};
use sipar_authz::{Held, Identity, Opening, PersonNumber, Role, SessionBounds, SessionNumber, Via, secret::SecretHash};
use sipar_model::TimestampMs;
use sipar_store::{Reader, Row, StoreError, Tx, params};

/// A session that was found, with when it was last written down as seen.
pub struct Found {
    /// Whose it is.
    pub held: Held,
    /// Since when it stands.
    pub opened_at: TimestampMs,
    /// When it was last seen, as written.
    pub seen_at: TimestampMs,
}

/// Keeps a new session within the bounds: a person's oldest, and over all the one seen longest ago, make room.
///
/// # Errors
/// When the store refuses.
pub fn open(
    tx: &mut Tx<'_>,
    opening: &Opening,
    now: TimestampMs,
    bounds: &SessionBounds,
) -> Result<SessionNumber, StoreError> {
    sweep(tx, now, bounds)?;
    let number = tx.take_numbers("person_session", 1)?;
    let who = &opening.identity;
    tx.execute(
        "insert into person_session(hash, number, person, role, label, key_hash, agent, opened_at, seen_at, proved_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)",
        params![
            opening.hash.hex(),
            number,
            who.person.map(|person| person.0),
            who.role.word(),
            &*who.label,
            opening.key.map(|key| key.hex()),
            &opening.agent,
            now,
            who.proved_at.unwrap_or(now)
        ],
    )?;
    if let Some(person) = who.person {
        tx.execute(
            "delete from person_session where person = ?1 and hash in (
                 select hash from person_session where person = ?1 order by seen_at desc, number desc
                 limit 1000000 offset ?2)",
            params![person.0, SESSIONS_PER_PERSON_MAX],
        )?;
    }
    tx.execute(
        "delete from person_session where hash in (
             select hash from person_session order by seen_at desc, number desc limit 1000000 offset ?1)",
        params![bounds.sessions_max],
    )?;
    Ok(SessionNumber(number))
}

/// The session with this hash, as its holder is now: a person's role and account count as they stand.
///
/// # Errors
/// When the store refuses.
pub fn find(reader: &mut Reader<'_>, secret: &SecretHash) -> Result<Option<Found>, StoreError> {
    let found = reader.query_one_opt(
        "select s.number, s.person, s.role, s.label, s.key_hash, s.opened_at, s.seen_at, s.proved_at,
             p.role, p.handle, p.ended_at
         from person_session s left join person p on p.number = s.person where s.hash = ?1",
        params![secret.hex()],
    )?;
    let Some(row) = found else { return Ok(None) };
    let person: Option<i64> = row.try_get(1)?;
    let in_parties = person.map(|person| parties::of(reader, PersonNumber(person))).transpose()?;
    let ended: Option<i64> = row.try_get(10)?;
    let (role, label) = match person {
        None => (row.text(2), row.text(3)),
        Some(_) => (row.text(8), row.text(9)),
    };
    let (Some(role), Some(label), None) = (role, label, ended) else { return Ok(None) };
    let role: Role = role.parse().map_err(|_| bad(2, "a role"))?;
    let key = row.text(4).map(|text| hash(Some(text), 4)).transpose()?;
    let identity = Identity {
        person: person.map(PersonNumber),
        session: Some(SessionNumber(row.try_get(0)?)),
        proved_at: Some(row.try_get(7)?),
        parties: in_parties.unwrap_or_default().into(),
        ..Identity::new(role, label, Via::Session)
    };
    Ok(Some(Found { held: Held { identity, key }, opened_at: row.try_get(5)?, seen_at: row.try_get(6)? }))
}

/// Writes down that it was seen.
///
/// # Errors
/// When the store refuses.
pub fn seen(tx: &mut Tx<'_>, secret: &SecretHash, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute("update person_session set seen_at = ?2 where hash = ?1 and seen_at < ?2", params![secret.hex(), now])
        .map(|_| ())
}

/// Writes down that its holder has proved anew who they are, and goes on under another secret: whoever has come by the
/// one before has nothing of it. False when it has ended meanwhile.
///
/// # Errors
/// When the store refuses.
pub fn proved(tx: &mut Tx<'_>, before: &SecretHash, after: &SecretHash, now: TimestampMs) -> Result<bool, StoreError> {
    let written = tx.execute(
        "update person_session set hash = ?2, proved_at = ?3 where hash = ?1",
        params![before.hex(), after.hex(), now],
    )?;
    Ok(written == 1)
}

/// Ends the session with this hash.
///
/// # Errors
/// When the store refuses.
pub fn close(tx: &mut Tx<'_>, secret: &SecretHash) -> Result<(), StoreError> {
    tx.execute("delete from person_session where hash = ?1", params![secret.hex()]).map(|_| ())
}

/// Ends one of a person's; false when they have none such.
///
/// # Errors
/// When the store refuses.
pub fn end(tx: &mut Tx<'_>, person: PersonNumber, number: SessionNumber) -> Result<bool, StoreError> {
    let ended =
        tx.execute("delete from person_session where number = ?1 and person = ?2", params![number.0, person.0])?;
    Ok(ended == 1)
}

/// Ends all of a person's but one; how many.
///
/// # Errors
/// When the store refuses.
pub fn end_others(tx: &mut Tx<'_>, person: PersonNumber, but: Option<SessionNumber>) -> Result<u64, StoreError> {
    tx.execute(
        "delete from person_session where person = ?1 and number <> ?2",
        params![person.0, but.map_or(-1, |number| number.0)],
    )
}

/// A person's sessions, the one seen last first.
///
/// # Errors
/// When the store refuses.
pub fn of(
    reader: &mut Reader<'_>,
    person: PersonNumber,
    now: TimestampMs,
    bounds: &SessionBounds,
) -> Result<Vec<SessionRow>, StoreError> {
    let rows = reader.query(
        "select number, label, agent, opened_at, seen_at from person_session
         where person = ?1 and opened_at > ?2 and seen_at > ?3 order by seen_at desc, number desc limit ?4",
        params![person.0, now.plus_ms(-bounds.absolute_ms), now.plus_ms(-bounds.idle_ms), SESSIONS_PER_PERSON_MAX],
    )?;
    let session = |row: &Row| {
        Ok(SessionRow {
            number: SessionNumber(row.try_get(0)?),
            label: row.try_get(1)?,
            agent: row.try_get(2)?,
            opened_at: row.try_get(3)?,
            seen_at: row.try_get(4)?,
        })
    };
    rows.iter().map(session).collect()
}

/// Removes those that are over.
///
/// # Errors
/// When the store refuses.
pub fn sweep(tx: &mut Tx<'_>, now: TimestampMs, bounds: &SessionBounds) -> Result<u64, StoreError> {
    tx.execute(
        "delete from person_session where seen_at <= ?1 or opened_at <= ?2",
        params![now.plus_ms(-bounds.idle_ms), now.plus_ms(-bounds.absolute_ms)],
    )
}
