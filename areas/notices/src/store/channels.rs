//! Programs of parties: those that are told, and the keys of those that ask.

use super::party;
use crate::NoticesError;
use serde::Serialize;
use sipar_authz::secret::SecretHash;
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Row, Tx, params, values};

/// A party's program that is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// Whose.
    pub party: PartyId,
    /// Where it is.
    pub url: String,
    /// What deliveries are signed with.
    #[serde(skip)]
    pub secret: Vec<u8>,
    /// The number of the last event that it took, or that was given up.
    pub cursor: i64,
    /// When it is told next; nothing: there is nothing to tell.
    pub next_at: Option<TimestampMs>,
    /// When it took something last.
    pub taken_at: Option<TimestampMs>,
    /// Tries in a row that failed.
    pub failures: u32,
    /// Since when.
    pub failing_since: Option<TimestampMs>,
    /// How the last failed.
    pub error: String,
}

const COLUMNS: &str = "party, url, secret, cursor, next_at, taken_at, failures, failing_since, error";

fn read(row: &Row) -> Result<Hook, NoticesError> {
    Ok(Hook {
        party: party(row, 0)?,
        url: row.try_get(1)?,
        secret: row.try_get(2)?,
        cursor: row.try_get(3)?,
        next_at: row.try_get(4)?,
        taken_at: row.try_get(5)?,
        failures: row.try_get(6)?,
        failing_since: row.try_get(7)?,
        error: row.try_get(8)?,
    })
}

/// Every program that is told, by its party; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn hooks(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Hook>, NoticesError> {
    let sql = format!("select {COLUMNS} from notice_hook order by party limit ?1");
    reader.query(&sql, params![limit])?.iter().map(read).collect()
}

/// Programs that have taken nothing since before `before`; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn failing_hooks(reader: &mut Reader<'_>, before: TimestampMs, limit: usize) -> Result<Vec<Hook>, NoticesError> {
    let sql = format!("select {COLUMNS} from notice_hook where failing_since < ?1 order by party limit ?2");
    reader.query(&sql, params![before, limit])?.iter().map(read).collect()
}

/// How many there are.
///
/// # Errors
/// When the store refuses.
pub fn hook_count(reader: &mut Reader<'_>) -> Result<usize, NoticesError> {
    let count: u64 = reader.query_one("select count(*) from notice_hook", params![])?.try_get(0)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Takes up programs that have to be told, the longest due first; nobody else does before `until`. At most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn claim(tx: &mut Tx<'_>, now: TimestampMs, until: TimestampMs, limit: usize) -> Result<Vec<Hook>, NoticesError> {
    let sql = format!("select {COLUMNS} from notice_hook where next_at <= ?1 order by next_at, party limit ?2");
    let found: Vec<Hook> = tx.query(&sql, params![now, limit])?.iter().map(read).collect::<Result<_, _>>()?;
    let sql = "update notice_hook set next_at = ?2 where party = ?1";
    tx.execute_many(sql, found.iter().map(|one| values![one.party.as_str(), until]))?;
    Ok(found)
}

/// Sets a party's program; one that it had is told no more. It is told what happens from now on.
///
/// # Errors
/// When the store refuses.
pub fn set_hook(tx: &mut Tx<'_>, party: &PartyId, url: &str, secret: &[u8]) -> Result<(), NoticesError> {
    tx.execute(
        "insert into notice_hook(party, url, secret, cursor, failures, error)
         values (?1, ?2, ?3, (select coalesce(max(seq), 0) from notice_event), 0, '')
         on conflict (party) do update set url = excluded.url, secret = excluded.secret, cursor = excluded.cursor,
             next_at = null, taken_at = null, failures = 0, failing_since = null, error = ''",
        params![party.as_str(), url, secret],
    )?;
    Ok(())
}

/// Removes a party's program; says whether there was one.
///
/// # Errors
/// When the store refuses.
pub fn remove_hook(tx: &mut Tx<'_>, party: &PartyId) -> Result<bool, NoticesError> {
    Ok(tx.execute("delete from notice_hook where party = ?1", params![party.as_str()])? > 0)
}

/// Something happened to notices of these parties: their programs have to be told.
///
/// # Errors
/// When the store refuses.
pub fn wake<'a>(
    tx: &mut Tx<'_>,
    parties: impl IntoIterator<Item = &'a PartyId>,
    now: TimestampMs,
) -> Result<(), NoticesError> {
    tx.execute_many(
        "update notice_hook set next_at = ?2 where party = ?1 and next_at is null",
        parties.into_iter().map(|party| values![party.as_str(), now]),
    )?;
    Ok(())
}

/// Writes down how a program was told; one that was set anew meanwhile stays as it is.
///
/// # Errors
/// When the store refuses.
pub fn note_hook(tx: &mut Tx<'_>, hook: &Hook) -> Result<(), NoticesError> {
    tx.execute(
        "update notice_hook set cursor = ?3, next_at = ?4, taken_at = ?5, failures = ?6, failing_since = ?7, error = ?8
         where party = ?1 and secret = ?2",
        params![
            hook.party.as_str(),
            &hook.secret,
            hook.cursor,
            hook.next_at,
            hook.taken_at,
            hook.failures,
            hook.failing_since,
            &hook.error
        ],
    )?;
    Ok(())
}

/// The key of a party's own program that asks; one that it had opens nothing any more.
///
/// # Errors
/// When the store refuses.
pub fn set_key(tx: &mut Tx<'_>, party: &PartyId, hash: &SecretHash, now: TimestampMs) -> Result<(), NoticesError> {
    tx.execute(
        "insert into notice_key(party, hash, made_at) values (?1, ?2, ?3)
         on conflict (party) do update set hash = excluded.hash, made_at = excluded.made_at",
        params![party.as_str(), hash.hex(), now],
    )?;
    Ok(())
}

/// Removes a party's key; says whether there was one.
///
/// # Errors
/// When the store refuses.
pub fn remove_key(tx: &mut Tx<'_>, party: &PartyId) -> Result<bool, NoticesError> {
    Ok(tx.execute("delete from notice_key where party = ?1", params![party.as_str()])? > 0)
}

/// Whose key this is.
///
/// # Errors
/// When the store refuses.
pub fn holder(reader: &mut Reader<'_>, hash: &SecretHash) -> Result<Option<PartyId>, NoticesError> {
    let found = reader.query_one_opt("select party from notice_key where hash = ?1", params![hash.hex()])?;
    found.map(|row| party(&row, 0)).transpose()
}
