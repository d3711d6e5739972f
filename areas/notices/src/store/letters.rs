//! What letters need: the codes in them, the addresses that take none, and what happened, in order.

use super::{channels, known, party};
use crate::NoticesError;
use serde::Serialize;
use sipar_authz::secret::SecretHash;
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Tx, params, values};

sipar_model::vocabulary! {
    /// What happened to a notice.
    Happened ("event of a notice") {
        /// It was made.
        Made = 1 "made",
        /// Their server or program took it.
        Sent = 2 "sent",
        /// They were reminded.
        Reminded = 3 "reminded",
        /// Somebody above them was told.
        Escalated = 4 "escalated",
        /// Somebody said that they know.
        Acknowledged = 5 "acknowledged",
        /// Nothing is left to remind of.
        Settled = 6 "settled",
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Its number; greater than that of any before it.
    pub seq: i64,
    /// Whose notice.
    pub party: PartyId,
    /// Which notice.
    pub notice: i64,
    /// What.
    pub what: Happened,
    /// When.
    pub at: TimestampMs,
}

/// Notes what happened to notices, in order, for whoever asks and for programs that are told.
///
/// # Errors
/// When the store refuses.
pub fn happened(tx: &mut Tx<'_>, events: &[(PartyId, i64, Happened)], at: TimestampMs) -> Result<(), NoticesError> {
    if events.is_empty() {
        return Ok(());
    }
    let first = tx.take_numbers("notice-event", events.len() as u64)?;
    let rows = events.iter().zip(first..);
    tx.execute_many(
        "insert into notice_event(seq, party, notice, what, at) values (?1, ?2, ?3, ?4, ?5)",
        rows.map(|((party, notice, what), seq)| values![seq, party.as_str(), *notice, what.number(), at]),
    )?;
    channels::wake(tx, events.iter().map(|(party, _, _)| party), at)
}

/// What happened behind the event `after`, in order; to one party's notices or to all. At most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn events(
    reader: &mut Reader<'_>,
    of: Option<&PartyId>,
    after: i64,
    limit: usize,
) -> Result<Vec<Event>, NoticesError> {
    let rows = match of {
        Some(of) => reader.query(
            "select seq, party, notice, what, at from notice_event where party = ?1 and seq > ?2 order by seq limit ?3",
            params![of.as_str(), after, limit],
        )?,
        None => reader.query(
            "select seq, party, notice, what, at from notice_event where seq > ?1 order by seq limit ?2",
            params![after, limit],
        )?,
    };
    let event = |row: &sipar_store::Row| {
        Ok(Event {
            seq: row.try_get(0)?,
            party: party(row, 1)?,
            notice: row.try_get(2)?,
            what: known(row, 3, Happened::from_number)?,
            at: row.try_get(4)?,
        })
    };
    rows.iter().map(event).collect()
}

/// Keeps the hashes of codes, each for a notice and whoever gets the letter.
///
/// # Errors
/// When the store refuses.
pub fn keep_codes(tx: &mut Tx<'_>, codes: &[(SecretHash, i64, PartyId)], now: TimestampMs) -> Result<(), NoticesError> {
    tx.execute_many(
        "insert into notice_code(hash, notice, party, made_at) values (?1, ?2, ?3, ?4)",
        codes.iter().map(|(hash, notice, party)| values![hash.hex(), *notice, party.as_str(), now]),
    )?;
    Ok(())
}

/// The notice that a code is for, and who got it.
///
/// # Errors
/// When the store refuses.
pub fn by_code(reader: &mut Reader<'_>, hash: &SecretHash) -> Result<Option<(i64, PartyId)>, NoticesError> {
    let sql = "select notice, party from notice_code where hash = ?1";
    let found = reader.query_one_opt(sql, params![hash.hex()])?;
    found.map(|row| Ok((row.try_get(0)?, party(&row, 1)?))).transpose()
}

/// Which of these addresses take no letters since `after` or later.
///
/// # Errors
/// When the store refuses.
pub fn failing(reader: &mut Reader<'_>, mails: &[String], after: TimestampMs) -> Result<Vec<String>, NoticesError> {
    let sql = "select mail from notice_address where mail = ?1 and failing_since > ?2";
    let rows = reader.query_many(sql, mails.iter().map(|mail| values![mail, after]))?;
    Ok(rows.iter().flatten().filter_map(|row| row.text(0).map(str::to_owned)).collect())
}

/// An address of a party takes no letters; `said` is what the server said to that, without addresses.
///
/// # Errors
/// When the store refuses.
pub fn note_failing(
    tx: &mut Tx<'_>,
    mail: &str,
    party: &PartyId,
    said: &str,
    now: TimestampMs,
) -> Result<(), NoticesError> {
    tx.execute(
        "insert into notice_address(mail, party, failing_since, said) values (?1, ?2, ?3, ?4)
         on conflict (mail) do update set party = excluded.party, failing_since = excluded.failing_since,
             said = excluded.said",
        params![mail, party.as_str(), now, said],
    )?;
    Ok(())
}

/// An address takes letters again.
///
/// # Errors
/// When the store refuses.
pub fn note_taking(tx: &mut Tx<'_>, mail: &str) -> Result<(), NoticesError> {
    tx.execute("delete from notice_address where mail = ?1", params![mail])?;
    Ok(())
}

/// A party with an address that takes no letters: since when, and what the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Whose.
    pub party: PartyId,
    /// Since when.
    pub since: TimestampMs,
    /// What the server said, without addresses.
    pub said: String,
}

/// Parties with addresses that took no letters after `after`; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn failing_parties(
    reader: &mut Reader<'_>,
    after: TimestampMs,
    limit: usize,
) -> Result<Vec<Failing>, NoticesError> {
    let rows = reader.query(
        "select party, failing_since, said from notice_address where failing_since > ?1 order by party, mail limit ?2",
        params![after, limit],
    )?;
    let one =
        |row: &sipar_store::Row| Ok(Failing { party: party(row, 0)?, since: row.try_get(1)?, said: row.try_get(2)? });
    rows.iter().map(one).collect()
}

/// Forgets addresses that took no letters before `before`.
///
/// # Errors
/// When the store refuses.
pub fn forget_failing(tx: &mut Tx<'_>, before: TimestampMs) -> Result<u64, NoticesError> {
    Ok(tx.execute("delete from notice_address where failing_since < ?1", params![before])?)
}
