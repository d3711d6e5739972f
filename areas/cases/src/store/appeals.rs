//! Appeals: keeping them, answering them, forgetting their words.

use super::{blocks::Block, row};
use crate::model::{Appeal, State, appeal::Answer};
use sipar_model::{DecisionNumber, Observable, TimestampMs};
use sipar_store::{Reader, StoreError, Tx, params, values};

/// Appeals of one block that are read: more than [`crate::OPEN_ON_ONE_MAX`].
const ROWS_MAX: u64 = 1_000;

/// Keeps a new appeal. Only the hash of its code is kept.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, appeal: &Appeal, code_hash: &str) -> Result<(), StoreError> {
    tx.execute(
        "insert into appeal(number, code_hash, decision, kind, value, category, block_by, public, words, words_salt,
             commitment, state, received_at, acknowledge_by, due_at, ledger_index)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        params![
            appeal.number.0,
            code_hash,
            appeal.decision,
            appeal.observable.kind().number(),
            appeal.observable.value(),
            appeal.category.number(),
            &appeal.block_by,
            appeal.public,
            &appeal.words,
            &appeal.words_salt,
            &appeal.commitment,
            appeal.state.number(),
            appeal.received_at,
            appeal.acknowledge_by,
            appeal.due_at,
            appeal.ledger_index
        ],
    )?;
    Ok(())
}

/// The appeal whose code has this hash.
///
/// # Errors
/// When the store refuses.
pub fn by_code(reader: &mut Reader<'_>, code_hash: &str) -> Result<Option<Appeal>, StoreError> {
    let sql = format!("select {} from appeal where code_hash = ?1", row::APPEAL);
    reader.query_one_opt(&sql, params![code_hash])?.as_ref().map(row::appeal).transpose()
}

/// Open appeals, the first due first, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn open(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Appeal>, StoreError> {
    let sql = format!("select {} from appeal where state <= 2 order by due_at, number limit ?1", row::APPEAL);
    reader.query(&sql, params![limit])?.iter().map(row::appeal).collect()
}

/// Appeals that are over, the latest first, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn over(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Appeal>, StoreError> {
    let sql =
        format!("select {} from appeal where state > 2 order by decided_at desc, number desc limit ?1", row::APPEAL);
    reader.query(&sql, params![limit])?.iter().map(row::appeal).collect()
}

/// Open appeals against one block, the first due first.
///
/// # Errors
/// When the store refuses.
pub fn open_on(reader: &mut Reader<'_>, decision: DecisionNumber) -> Result<Vec<Appeal>, StoreError> {
    let sql = format!(
        "select {} from appeal where decision = ?1 and state <= 2 order by due_at, number limit ?2",
        row::APPEAL
    );
    reader.query(&sql, params![decision, ROWS_MAX])?.iter().map(row::appeal).collect()
}

/// How many appeals are open, and how many of them are overdue at `now`.
///
/// # Errors
/// When the store refuses.
pub fn counts(reader: &mut Reader<'_>, now: TimestampMs) -> Result<(u64, u64), StoreError> {
    let row = reader.query_one(
        "select count(*), count(*) filter (where (state = 1 and acknowledge_by <= ?1) or due_at <= ?1)
         from appeal where state <= 2",
        params![now],
    )?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Whether there ever was one that is still kept.
///
/// # Errors
/// When the store refuses.
pub fn any(reader: &mut Reader<'_>) -> Result<bool, StoreError> {
    Ok(reader.query_one_opt("select 1 from appeal limit 1", params![])?.is_some())
}

/// How long each answer of a person took, of those given from `from` on, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn took_ms(reader: &mut Reader<'_>, from: TimestampMs, limit: usize) -> Result<Vec<i64>, StoreError> {
    let rows = reader.query(
        "select decided_at - received_at from appeal where state > 2 and decided_at >= ?1 and state <> ?2
         order by 1 limit ?3",
        params![from, State::Ended.number(), limit],
    )?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Notes that somebody looks at the appeals against a block; returns how many were new.
///
/// # Errors
/// When the store refuses.
pub fn take_up(tx: &mut Tx<'_>, decision: DecisionNumber, now: TimestampMs) -> Result<u64, StoreError> {
    tx.execute(
        "update appeal set state = ?2, taken_up_at = ?3 where decision = ?1 and state = ?4",
        params![decision, State::TakenUp.number(), now, State::Received.number()],
    )
}

/// Closes open appeals; each with its answer.
///
/// # Errors
/// When the store refuses.
pub fn close(tx: &mut Tx<'_>, state: State, answered: &[(&Appeal, Answer)]) -> Result<(), StoreError> {
    tx.execute_many(
        "update appeal set state = ?2, decided_at = ?3, decided_by = ?4, reason = ?5, reason_salt = ?6,
             ruling_index = ?7
         where number = ?1 and state <= 2",
        answered.iter().map(|(appeal, answer)| {
            values![
                appeal.number.0,
                state.number(),
                answer.at,
                &answer.by,
                &answer.reason,
                &answer.salt,
                answer.ledger_index
            ]
        }),
    )?;
    Ok(())
}

/// Of `things`, those that open appeals are about, each with the appeals.
///
/// # Errors
/// When the store refuses.
pub fn open_about(reader: &mut Reader<'_>, things: &[&Observable]) -> Result<Vec<Vec<Appeal>>, StoreError> {
    // Nearly always nobody has appealed: then a thousand questions are one.
    if reader.query_one_opt("select 1 from appeal where state <= 2 limit 1", params![])?.is_none() {
        return Ok(vec![Vec::new(); things.len()]);
    }
    let open = open(reader, crate::OPEN_MAX)?;
    let mut by_thing = std::collections::HashMap::<Observable, Vec<Appeal>>::new();
    for appeal in open {
        by_thing.entry(appeal.observable.clone()).or_default().push(appeal);
    }
    Ok(things.iter().map(|thing| by_thing.get(*thing).cloned().unwrap_or_default()).collect())
}

/// Open appeals are against another block on the same thing from now on.
///
/// # Errors
/// When the store refuses.
pub fn point_to(tx: &mut Tx<'_>, appeals: &[Appeal], block: &Block) -> Result<(), StoreError> {
    tx.execute_many(
        "update appeal set decision = ?2, category = ?3, block_by = ?4, public = ?5 where number = ?1 and state <= 2",
        appeals.iter().map(|appeal| {
            values![appeal.number.0, block.number, block.category.number(), &block.decided_by, block.public]
        }),
    )?;
    Ok(())
}

/// Forgets the words of what has been over since before `words`, and all of it since before `all`; returns how many.
///
/// # Errors
/// When the store refuses.
pub fn forget(tx: &mut Tx<'_>, words: TimestampMs, all: TimestampMs, limit: usize) -> Result<u64, StoreError> {
    let forgotten = tx.execute(
        "update appeal set words = null, words_salt = null, reason = null, reason_salt = null
         where number in (
             select number from appeal where state > 2 and decided_at < ?1 and words is not null
             order by decided_at limit ?2)",
        params![words, limit],
    )?;
    let gone = tx.execute(
        "delete from appeal where number in (
             select number from appeal where state > 2 and decided_at < ?1 order by decided_at limit ?2)",
        params![all, limit],
    )?;
    Ok(forgotten + gone)
}
