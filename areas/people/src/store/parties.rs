//! The tables of who is what in which party, and of roles of administrators that wait for a second one.

use super::bad;
use crate::model::{Actor, Member, PendingGrant};
use sipar_authz::{Membership, PartyRole, PersonNumber, membership::MEMBERSHIPS_MAX};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, StoreError, Tx, Value, params};

/// Members that are listed at once: more than the largest sector's officers.
const LISTED_MAX: usize = 1_000;

fn party(row: &Row, column: usize) -> Result<PartyId, StoreError> {
    row.text(column).and_then(|text| PartyId::parse(text).ok()).ok_or_else(|| bad(column, "a party"))
}

fn role(row: &Row, column: usize) -> Result<PartyRole, StoreError> {
    row.text(column).and_then(|word| word.parse().ok()).ok_or_else(|| bad(column, "a role in a party"))
}

/// What a person is in parties.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, person: PersonNumber) -> Result<Vec<Membership>, StoreError> {
    let rows = reader.query(
        "select party, role from person_party where person = ?1 order by party limit ?2",
        params![person.0, MEMBERSHIPS_MAX],
    )?;
    rows.iter().map(|row| Ok(Membership { party: party(row, 0)?, role: role(row, 1)? })).collect()
}

/// Who is what in these parties, or in all; by party and handle.
///
/// # Errors
/// When the store refuses.
pub fn members(reader: &mut Reader<'_>, parties: Option<&[PartyId]>) -> Result<Vec<Member>, StoreError> {
    let (condition, own): (String, Vec<Value<'_>>) = match parties {
        None => (String::new(), Vec::new()),
        Some(parties) => match sipar_store::one_of(2, parties.iter().map(PartyId::as_str)) {
            None => return Ok(Vec::new()),
            Some((places, own)) => (format!("and m.party in ({places})"), own),
        },
    };
    let sql = format!(
        "select m.party, m.role, p.handle, p.name, m.granted_by, m.granted_at
         from person_party m join person p on p.number = m.person
         where p.ended_at is null {condition} order by m.party, p.handle limit ?1"
    );
    let mut asked = vec![Value::from(LISTED_MAX)];
    asked.extend(own);
    let member = |row: &Row| {
        Ok(Member {
            party: party(row, 0)?,
            role: role(row, 1)?,
            handle: row.try_get(2)?,
            name: row.try_get(3)?,
            granted_by: row.try_get(4)?,
            granted_at: row.try_get(5)?,
        })
    };
    reader.query(&sql, &asked)?.iter().map(member).collect()
}

/// Makes a person this in a party, whatever they were there before.
///
/// # Errors
/// When the store refuses.
pub fn set(
    tx: &mut Tx<'_>,
    person: PersonNumber,
    what: &Membership,
    by: &str,
    now: TimestampMs,
) -> Result<(), StoreError> {
    remove(tx, person, &what.party)?;
    tx.execute(
        "insert into person_party(person, party, role, granted_by, granted_at) values (?1, ?2, ?3, ?4, ?5)",
        params![person.0, what.party.as_str(), what.role.word(), by, now],
    )
    .map(|_| ())
}

/// Makes a person nothing in a party; false when they were nothing there.
///
/// # Errors
/// When the store refuses.
pub fn remove(tx: &mut Tx<'_>, person: PersonNumber, party: &PartyId) -> Result<bool, StoreError> {
    let gone =
        tx.execute("delete from person_party where person = ?1 and party = ?2", params![person.0, party.as_str()])?;
    Ok(gone == 1)
}

/// Makes a person nothing anywhere.
///
/// # Errors
/// When the store refuses.
pub fn remove_all(tx: &mut Tx<'_>, person: PersonNumber) -> Result<u64, StoreError> {
    tx.execute("delete from person_party where person = ?1", params![person.0])
}

/// Keeps that somebody is to become an administrator; it takes the place of what was asked before.
///
/// # Errors
/// When the store refuses.
pub fn ask_grant(tx: &mut Tx<'_>, person: PersonNumber, by: &Actor, now: TimestampMs) -> Result<(), StoreError> {
    remove_grant(tx, person)?;
    tx.execute(
        "insert into person_grant(person, asked_by, asker, asked_at) values (?1, ?2, ?3, ?4)",
        params![person.0, &by.label, by.person.map(|person| person.0), now],
    )
    .map(|_| ())
}

/// What waits for this person.
///
/// # Errors
/// When the store refuses.
pub fn grant(reader: &mut Reader<'_>, person: PersonNumber) -> Result<Option<PendingGrant>, StoreError> {
    let found = reader
        .query_one_opt("select asked_by, asker, asked_at from person_grant where person = ?1", params![person.0])?;
    let Some(row) = found else { return Ok(None) };
    Ok(Some(PendingGrant {
        asked_by: row.try_get(0)?,
        asker: row.try_get::<Option<i64>>(1)?.map(PersonNumber),
        asked_at: row.try_get(2)?,
    }))
}

/// Whose wait since after `since`.
///
/// # Errors
/// When the store refuses.
pub fn grants_waiting(reader: &mut Reader<'_>, since: TimestampMs) -> Result<Vec<(String, TimestampMs)>, StoreError> {
    let rows = reader.query(
        "select p.handle, g.asked_at from person_grant g join person p on p.number = g.person
         where g.asked_at > ?1 order by g.asked_at limit 100",
        params![since],
    )?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Takes it away; false when there is none.
///
/// # Errors
/// When the store refuses.
pub fn remove_grant(tx: &mut Tx<'_>, person: PersonNumber) -> Result<bool, StoreError> {
    Ok(tx.execute("delete from person_grant where person = ?1", params![person.0])? == 1)
}
