//! Designations of critical infrastructure, and every decision about them.

use super::{party_id, word};
use crate::{
    RegistryError,
    model::{
        Grade, Review,
        designation::{Designation, NewDesignation, Step},
    },
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, Tx, params, values};

const COUNTER: &str = "registry-designation";

const COLUMNS: &str = "number, party, grade, sector, since, review_by, ended_at";

fn designation(row: &Row) -> Result<Designation, RegistryError> {
    Ok(Designation {
        number: row.try_get(0)?,
        party: party_id(row, 1)?,
        grade: word(row, 2, Grade::from_number)?,
        sector: row.try_get(3)?,
        since: row.try_get(4)?,
        review_by: row.try_get(5)?,
        ended_at: row.try_get(6)?,
        steps: Vec::new(),
    })
}

fn step(row: &Row) -> Result<Step, RegistryError> {
    Ok(Step {
        at: row.try_get(0)?,
        by: row.try_get(1)?,
        what: word(row, 2, Review::from_number)?,
        grade: word(row, 3, Grade::from_number)?,
        reason: row.try_get(4)?,
        salt: row.try_get(5)?,
        ledger_index: row.try_get(6)?,
    })
}

fn with_steps(reader: &mut Reader<'_>, mut found: Vec<Designation>) -> Result<Vec<Designation>, RegistryError> {
    let sql = "select decided_at, decided_by, what, grade, reason, salt, ledger_index from designation_step
         where designation = ?1 order by decided_at desc, ledger_index desc";
    let answers = reader.query_many(sql, found.iter().map(|one| values![one.number]))?;
    for (one, rows) in found.iter_mut().zip(&answers) {
        one.steps = rows.iter().map(step).collect::<Result<_, _>>()?;
    }
    Ok(found)
}

/// The designation with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Designation>, RegistryError> {
    let sql = format!("select {COLUMNS} from designation where number = ?1");
    let found = reader.query_one_opt(&sql, params![number])?.as_ref().map(designation).transpose()?;
    Ok(with_steps(reader, found.into_iter().collect())?.pop())
}

/// Those that stand, the first to be reviewed first; then those that ended, the latest first.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Designation>, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from designation
         order by case when ended_at is null then 0 else 1 end, case when ended_at is null then review_by else -ended_at end,
             number limit ?1"
    );
    let found = reader.query(&sql, params![limit])?.iter().map(designation).collect::<Result<_, _>>()?;
    with_steps(reader, found)
}

/// The number of the one that stands for a party.
///
/// # Errors
/// When the store refuses.
pub fn standing(reader: &mut Reader<'_>, party: &PartyId) -> Result<Option<i64>, RegistryError> {
    let sql = "select number from designation where party = ?1 and ended_at is null order by number limit 1";
    Ok(reader.query_one_opt(sql, params![party.as_str()])?.map(|row| row.try_get(0)).transpose()?)
}

/// How many stand, how many of them should have been looked at anew, and since when the first.
///
/// # Errors
/// When the store refuses.
pub fn counts(reader: &mut Reader<'_>, now: TimestampMs) -> Result<(u64, u64, Option<TimestampMs>), RegistryError> {
    let sql = "select count(*), count(*) filter (where review_by <= ?1), min(review_by) from designation
         where ended_at is null";
    let row = reader.query_one(sql, params![now])?;
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

/// Adds one; returns its number.
///
/// # Errors
/// When the store refuses.
pub fn add(
    tx: &mut Tx<'_>,
    number: i64,
    new: &NewDesignation,
    now: TimestampMs,
    review_by: TimestampMs,
) -> Result<(), RegistryError> {
    tx.execute(
        "insert into designation(number, party, grade, sector, since, review_by) values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![number, new.party.as_str(), new.grade.number(), &new.sector, now, review_by],
    )?;
    Ok(())
}

/// The number of a new one.
///
/// # Errors
/// When the store refuses.
pub fn next_number(tx: &mut Tx<'_>) -> Result<i64, RegistryError> {
    Ok(tx.take_numbers(COUNTER, 1)?)
}

/// Writes how one stands now.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, now: &Designation) -> Result<(), RegistryError> {
    tx.execute(
        "update designation set grade = ?2, review_by = ?3, ended_at = ?4 where number = ?1",
        params![now.number, now.grade.number(), now.review_by, now.ended_at],
    )?;
    Ok(())
}

/// Adds a decision.
///
/// # Errors
/// When the store refuses.
pub fn add_step(tx: &mut Tx<'_>, number: i64, step: &Step) -> Result<(), RegistryError> {
    tx.execute(
        "insert into designation_step(designation, decided_at, decided_by, what, grade, reason, salt, ledger_index)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            number,
            step.at,
            &step.by,
            step.what.number(),
            step.grade.number(),
            &step.reason,
            &step.salt,
            step.ledger_index
        ],
    )?;
    Ok(())
}
