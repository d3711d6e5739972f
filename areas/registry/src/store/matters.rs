//! What waits for a person, and what persons came to.

use super::{party_id, word};
use crate::{
    RegistryError,
    model::{Decided, Matter, MatterKind, Outcome},
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, Tx, params};

const COUNTER: &str = "registry-matter";

const COLUMNS: &str = "number, kind, party, claim, other_party, other_claim, opened_at, opened_by, decided_at, decided_by, \
    outcome, reason, ledger_index";

fn matter(row: &Row) -> Result<Matter, RegistryError> {
    let decided = match row.try_get::<Option<TimestampMs>>(8)? {
        None => None,
        Some(at) => Some(Decided {
            at,
            by: row.try_get(9)?,
            outcome: word(row, 10, Outcome::from_number)?,
            reason: row.try_get(11)?,
            ledger_index: row.try_get(12)?,
        }),
    };
    Ok(Matter {
        number: row.try_get(0)?,
        kind: word(row, 1, MatterKind::from_number)?,
        party: party_id(row, 2)?,
        claim: row.try_get(3)?,
        other_party: party_id(row, 4)?,
        other_claim: row.try_get(5)?,
        opened_at: row.try_get(6)?,
        opened_by: row.try_get(7)?,
        decided,
    })
}

/// A matter that begins.
#[derive(Clone, Debug)]
pub struct NewMatter {
    /// Why it waits.
    pub kind: MatterKind,
    /// Whose name or claim waits.
    pub party: PartyId,
    /// The claim that waits.
    pub claim: Option<i64>,
    /// The party that it touches.
    pub other_party: PartyId,
    /// The claim that it touches.
    pub other_claim: Option<i64>,
}

/// Opens a matter; returns its number.
///
/// # Errors
/// When the store refuses.
pub fn open(tx: &mut Tx<'_>, new: &NewMatter, by: &str, now: TimestampMs) -> Result<i64, RegistryError> {
    let number = tx.take_numbers(COUNTER, 1)?;
    tx.execute(
        "insert into register_matter(number, kind, party, claim, other_party, other_claim, opened_at, opened_by)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            number,
            new.kind.number(),
            new.party.as_str(),
            new.claim,
            new.other_party.as_str(),
            new.other_claim,
            now,
            by
        ],
    )?;
    Ok(number)
}

/// The matter with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Matter>, RegistryError> {
    let sql = format!("select {COLUMNS} from register_matter where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(matter).transpose()
}

/// Those that wait, the oldest first.
///
/// # Errors
/// When the store refuses.
pub fn waiting(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Matter>, RegistryError> {
    let sql = format!("select {COLUMNS} from register_matter where decided_at is null order by number limit ?1");
    reader.query(&sql, params![limit])?.iter().map(matter).collect()
}

/// Those that were decided, the latest first.
///
/// # Errors
/// When the store refuses.
pub fn decided(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Matter>, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from register_matter where decided_at is not null order by decided_at desc, number desc limit ?1"
    );
    reader.query(&sql, params![limit])?.iter().map(matter).collect()
}

/// How many wait, and since when the first.
///
/// # Errors
/// When the store refuses.
pub fn counts(reader: &mut Reader<'_>) -> Result<(u64, Option<TimestampMs>), RegistryError> {
    let sql = "select count(*), min(opened_at) from register_matter where decided_at is null";
    let row = reader.query_one(sql, params![])?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Whether a party's name waits.
///
/// # Errors
/// When the store refuses.
pub fn about_name(reader: &mut Reader<'_>, party: &PartyId) -> Result<Option<i64>, RegistryError> {
    let sql = "select number from register_matter where party = ?1 and claim is null and decided_at is null
         order by number limit 1";
    Ok(reader.query_one_opt(sql, params![party.as_str()])?.map(|row| row.try_get(0)).transpose()?)
}

/// Writes what was decided, with the salt that opens the ledger's commitment to the reason.
///
/// # Errors
/// When the store refuses.
pub fn close(tx: &mut Tx<'_>, number: i64, decided: &Decided, salt: &str) -> Result<(), RegistryError> {
    tx.execute(
        "update register_matter set decided_at = ?2, decided_by = ?3, outcome = ?4, reason = ?5, salt = ?6,
             ledger_index = ?7
         where number = ?1",
        params![number, decided.at, &decided.by, decided.outcome.number(), &decided.reason, salt, decided.ledger_index],
    )?;
    Ok(())
}
