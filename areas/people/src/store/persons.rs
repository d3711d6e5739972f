//! The table of persons.

use super::bad;
use crate::model::{Handle, PERSONS_MAX, Person, PersonName};
use sipar_authz::{PersonNumber, Role};
use sipar_model::TimestampMs;
use sipar_store::{Reader, Row, StoreError, Tx, params};
use sipar_web::Lang;
use uuid::Uuid;

const COLUMNS: &str = "number, handle, name, lang, role, user_id, created_at, created_by, enrolled_at, ended_at";

/// A number for a new person.
///
/// # Errors
/// When the store refuses.
pub fn take_number(tx: &mut Tx<'_>) -> Result<PersonNumber, StoreError> {
    tx.take_numbers("person", 1).map(PersonNumber)
}

/// Keeps a new person; false when the handle is taken.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, person: &Person) -> Result<bool, StoreError> {
    let added = tx.execute(
        "insert into person(number, handle, name, lang, role, user_id, created_at, created_by, enrolled_at, ended_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, null, null) on conflict do nothing",
        params![
            person.number.0,
            person.handle.as_str(),
            person.name.as_str(),
            person.lang.code(),
            person.role.word(),
            person.user.to_string(),
            person.created_at,
            &person.created_by
        ],
    )?;
    Ok(added == 1)
}

fn row(row: &Row) -> Result<Person, StoreError> {
    let text = |column: usize| row.text(column).unwrap_or_default();
    Ok(Person {
        number: PersonNumber(row.try_get(0)?),
        handle: Handle::parse(text(1)).map_err(|_| bad(1, "a handle"))?,
        name: PersonName::parse(text(2)).map_err(|_| bad(2, "a name"))?,
        lang: Lang::from_code(text(3)).ok_or_else(|| bad(3, "a language"))?,
        role: text(4).parse::<Role>().map_err(|_| bad(4, "a role"))?,
        user: Uuid::parse_str(text(5)).map_err(|_| bad(5, "a user id"))?,
        created_at: row.try_get(6)?,
        created_by: row.try_get(7)?,
        enrolled_at: row.try_get(8)?,
        ended_at: row.try_get(9)?,
    })
}

/// The person with this handle.
///
/// # Errors
/// When the store refuses.
pub fn by_handle(reader: &mut Reader<'_>, handle: &str) -> Result<Option<Person>, StoreError> {
    let found = reader.query_one_opt(&format!("select {COLUMNS} from person where handle = ?1"), params![handle])?;
    found.as_ref().map(row).transpose()
}

/// The person with this number.
///
/// # Errors
/// When the store refuses.
pub fn by_number(reader: &mut Reader<'_>, number: PersonNumber) -> Result<Option<Person>, StoreError> {
    let found = reader.query_one_opt(&format!("select {COLUMNS} from person where number = ?1"), params![number.0])?;
    found.as_ref().map(row).transpose()
}

/// Every person with how many passkeys they have, by handle.
///
/// # Errors
/// When the store refuses.
pub fn all(reader: &mut Reader<'_>) -> Result<Vec<(Person, u32)>, StoreError> {
    let rows = reader.query(
        &format!(
            "select {COLUMNS}, (select count(*) from person_passkey where person_passkey.person = person.number)
             from person order by handle limit ?1"
        ),
        params![PERSONS_MAX],
    )?;
    rows.iter().map(|found| Ok((row(found)?, found.try_get(10)?))).collect()
}

/// How many persons there are.
///
/// # Errors
/// When the store refuses.
pub fn count(reader: &mut Reader<'_>) -> Result<usize, StoreError> {
    reader.query_one("select count(*) from person", params![])?.try_get(0)
}

/// How many administrators can sign in: active, with a passkey.
///
/// # Errors
/// When the store refuses.
pub fn administrators(reader: &mut Reader<'_>) -> Result<usize, StoreError> {
    let row = reader.query_one(
        "select count(*) from person where role = ?1 and ended_at is null
             and exists (select 1 from person_passkey where person_passkey.person = person.number)",
        params![Role::Admin.word()],
    )?;
    row.try_get(0)
}

/// How many administrators have an account, whether or not they have come in yet.
///
/// # Errors
/// When the store refuses.
pub fn active_administrators(reader: &mut Reader<'_>) -> Result<usize, StoreError> {
    let asked = "select count(*) from person where role = ?1 and ended_at is null";
    reader.query_one(asked, params![Role::Admin.word()])?.try_get(0)
}

/// Changes what a person may be.
///
/// # Errors
/// When the store refuses.
pub fn set_role(tx: &mut Tx<'_>, number: PersonNumber, role: Role) -> Result<(), StoreError> {
    tx.execute("update person set role = ?2 where number = ?1", params![number.0, role.word()]).map(|_| ())
}

/// Changes what a person is called, and their language.
///
/// # Errors
/// When the store refuses.
pub fn set_name(tx: &mut Tx<'_>, number: PersonNumber, name: &PersonName, lang: Lang) -> Result<(), StoreError> {
    tx.execute(
        "update person set name = ?2, lang = ?3 where number = ?1",
        params![number.0, name.as_str(), lang.code()],
    )
    .map(|_| ())
}

/// Writes down when a person first made a passkey.
///
/// # Errors
/// When the store refuses.
pub fn set_enrolled(tx: &mut Tx<'_>, number: PersonNumber, at: TimestampMs) -> Result<(), StoreError> {
    tx.execute("update person set enrolled_at = ?2 where number = ?1 and enrolled_at is null", params![number.0, at])
        .map(|_| ())
}

/// Ends an account, or opens it again.
///
/// # Errors
/// When the store refuses.
pub fn set_ended(tx: &mut Tx<'_>, number: PersonNumber, at: Option<TimestampMs>) -> Result<(), StoreError> {
    tx.execute("update person set ended_at = ?2 where number = ?1", params![number.0, at]).map(|_| ())
}
