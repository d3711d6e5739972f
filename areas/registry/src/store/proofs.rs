//! Proofs of claims: asked, found, missed, run out.

use super::{party_id, word};
use crate::{
    RegistryError,
    model::{Asset, Claim, ClaimState, Method, Period, Proof, ProofState},
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, Tx, params};

const COUNTER: &str = "registry-proof";

const COLUMNS: &str = "number, claim, method, state, sent_to, asked_by, asked_at, proven_at, expires_at, checked_at, \
    next_at, failures, why, decided_by, ledger_index";

fn proof(row: &Row) -> Result<Proof, RegistryError> {
    Ok(Proof {
        number: row.try_get(0)?,
        claim: row.try_get(1)?,
        method: word(row, 2, Method::from_number)?,
        state: word(row, 3, ProofState::from_number)?,
        sent_to: row.try_get(4)?,
        asked_by: row.try_get(5)?,
        asked_at: row.try_get(6)?,
        proven_at: row.try_get(7)?,
        expires_at: row.try_get(8)?,
        checked_at: row.try_get(9)?,
        next_at: row.try_get(10)?,
        failures: row.try_get(11)?,
        why: row.try_get(12)?,
        decided_by: row.try_get(13)?,
        ledger_index: row.try_get(14)?,
    })
}

/// The number of a new one.
///
/// # Errors
/// When the store refuses.
pub fn next_number(tx: &mut Tx<'_>) -> Result<i64, RegistryError> {
    Ok(tx.take_numbers(COUNTER, 1)?)
}

/// The proof with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Proof>, RegistryError> {
    let sql = format!("select {COLUMNS} from proof where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(proof).transpose()
}

/// What is kept of its token, which nobody is shown.
///
/// # Errors
/// When the store refuses.
pub fn challenge(reader: &mut Reader<'_>, number: i64) -> Result<String, RegistryError> {
    Ok(reader.query_one("select challenge from proof where number = ?1", params![number])?.try_get(0)?)
}

/// The proof that waits for this answer by mail.
///
/// # Errors
/// When the store refuses.
pub fn answered(reader: &mut Reader<'_>, challenge: &str) -> Result<Option<Proof>, RegistryError> {
    let sql = format!("select {COLUMNS} from proof where challenge = ?1 and method = 3 and state = 1");
    reader.query_one_opt(&sql, params![challenge])?.as_ref().map(proof).transpose()
}

/// Those of a claim, the latest first; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn of_claim(reader: &mut Reader<'_>, claim: i64, limit: usize) -> Result<Vec<Proof>, RegistryError> {
    let sql = format!("select {COLUMNS} from proof where claim = ?1 order by number desc limit ?2");
    reader.query(&sql, params![claim, limit])?.iter().map(proof).collect()
}

/// What a person has to look at first: those that fail or have run out, then those asked for, then those that count.
/// Those that ended are not among them.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Proof>, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from proof where state <> 5
         order by case state when 4 then 1 when 3 then 2 when 1 then 3 else 4 end, number desc limit ?1"
    );
    reader.query(&sql, params![limit])?.iter().map(proof).collect()
}

/// Those on which something is due, the longest due first; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn due(reader: &mut Reader<'_>, now: TimestampMs, limit: usize) -> Result<Vec<Proof>, RegistryError> {
    let sql = format!("select {COLUMNS} from proof where next_at <= ?1 order by next_at, number limit ?2");
    reader.query(&sql, params![now, limit])?.iter().map(proof).collect()
}

/// How many fail or have run out, and since when the first.
///
/// # Errors
/// When the store refuses.
pub fn troubles(reader: &mut Reader<'_>) -> Result<[(u64, Option<TimestampMs>); 2], RegistryError> {
    let sql = "select count(*), min(checked_at) from proof where state = ?1";
    let mut of = |state: ProofState| {
        let row = reader.query_one(sql, params![state.number()])?;
        Ok::<_, RegistryError>((row.try_get(0)?, row.try_get(1)?))
    };
    Ok([of(ProofState::Failing)?, of(ProofState::Expired)?])
}

/// How many of a claim, or of all, are not over.
///
/// # Errors
/// When the store refuses.
pub fn open_count(reader: &mut Reader<'_>) -> Result<u64, RegistryError> {
    Ok(reader.query_one("select count(*) from proof where state <> 5", params![])?.try_get(0)?)
}

/// Adds one.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, new: &Proof, challenge: &str) -> Result<(), RegistryError> {
    tx.execute(
        "insert into proof(number, claim, method, challenge, state, sent_to, asked_by, asked_at, next_at, failures, why, salt)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, '', '')",
        params![
            new.number,
            new.claim,
            new.method.number(),
            challenge,
            new.state.number(),
            &new.sent_to,
            &new.asked_by,
            new.asked_at,
            new.next_at
        ],
    )?;
    Ok(())
}

/// Writes how one stands now.
///
/// # Errors
/// When the store refuses.
pub fn put(tx: &mut Tx<'_>, now: &Proof) -> Result<(), RegistryError> {
    tx.execute(
        "update proof set state = ?2, proven_at = ?3, expires_at = ?4, checked_at = ?5, next_at = ?6, failures = ?7, why = ?8
         where number = ?1",
        params![
            now.number,
            now.state.number(),
            now.proven_at,
            now.expires_at,
            now.checked_at,
            now.next_at,
            now.failures,
            &now.why
        ],
    )?;
    Ok(())
}

/// Writes what a person decided.
///
/// # Errors
/// When the store refuses.
pub fn decide(tx: &mut Tx<'_>, now: &Proof, salt: &str) -> Result<(), RegistryError> {
    put(tx, now)?;
    tx.execute(
        "update proof set decided_by = ?2, ledger_index = ?3, salt = ?4 where number = ?1",
        params![now.number, now.decided_by.as_deref(), now.ledger_index, salt],
    )?;
    Ok(())
}

/// Something that its owner has proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The claim.
    pub claim: i64,
    /// Whose.
    pub party: PartyId,
    /// Where it stands among others.
    pub place: String,
    /// When it is owned.
    pub period: Period,
}

const PROVEN: &str = "select claim.number, party, place, owned_from, owned_until from claim
     where claim.state = 2 and exists (select 1 from proof
         where proof.claim = claim.number and proof.state in (2, 3) and proof.expires_at > ?1)";

fn proven(row: &Row) -> Result<Proven, RegistryError> {
    Ok(Proven {
        claim: row.try_get(0)?,
        party: party_id(row, 1)?,
        place: row.try_get(2)?,
        period: Period { from: row.try_get(3)?, until: row.try_get(4)? },
    })
}

/// Everything that is proven; as many as proofs are taken.
///
/// # Errors
/// When the store refuses.
pub fn all_proven(reader: &mut Reader<'_>, now: TimestampMs) -> Result<Vec<Proven>, RegistryError> {
    reader.query(PROVEN, params![now])?.iter().map(proven).collect()
}

/// What is proven among the things around one: the wider networks, the names above.
///
/// # Errors
/// When the store refuses.
pub fn proven_around(reader: &mut Reader<'_>, asset: &Asset, now: TimestampMs) -> Result<Vec<Proven>, RegistryError> {
    let sql = format!("{PROVEN} and place = ?2");
    let mut found = Vec::new();
    for around in super::places_around(asset) {
        for row in reader.query(&sql, params![now, &around])? {
            found.push(proven(&row)?);
        }
    }
    Ok(found)
}

/// The claims of others that count and hold now on the things around one, the innermost first.
///
/// # Errors
/// When the store refuses.
pub fn holders_around(reader: &mut Reader<'_>, of: &Claim, now: TimestampMs) -> Result<Vec<PartyId>, RegistryError> {
    let sql = "select party from claim where place = ?1 and state = ?2 and party <> ?3 and owned_from <= ?4
         and (owned_until is null or owned_until > ?4) order by number limit 8";
    let mut found = Vec::new();
    for around in super::places_around(&of.asset) {
        let active = ClaimState::Active.number();
        for row in reader.query(sql, params![&around, active, of.party.as_str(), now])? {
            found.push(party_id(&row, 0)?);
        }
    }
    Ok(found)
}
