//! Which warning lists are in use, and how far the existing decisions have been judged by them.

use super::decisions::{CHANGES, json};
use crate::ShieldError;
use sipar_model::{
    DecisionNumber, TimestampMs,
    fact::{WarningIndexBuilt, WarningList},
};
use sipar_store::{Reader, Tx, params};

/// The warning lists in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    /// The file's name among the blobs.
    pub blob: String,
    /// The lists in it.
    pub lists: Vec<WarningList>,
    /// Decisions up to this number have been judged.
    pub judged_decision: DecisionNumber,
    /// What is held up to this value has been judged.
    pub judged_held: String,
    /// Everything has been judged.
    pub done: bool,
}

/// Takes new lists into use. Everything is to be judged by them, and what stays open below a block may have changed.
///
/// # Errors
/// When the store refuses.
pub fn adopt(tx: &mut Tx<'_>, built: &WarningIndexBuilt, now: TimestampMs) -> Result<(), ShieldError> {
    tx.execute(
        "insert into warning_index(one, blob, lists, at, judged_decision, judged_held, done)
         values (1, ?1, ?2, ?3, 0, '', 0)
         on conflict (one) do update set blob = excluded.blob, lists = excluded.lists, at = excluded.at,
             judged_decision = 0, judged_held = '', done = 0",
        params![&built.blob, json(&built.lists)?, now],
    )?;
    tx.take_numbers(CHANGES, 1)?;
    Ok(())
}

/// Notes how far the judging has come.
///
/// # Errors
/// When the store refuses.
pub fn judged(tx: &mut Tx<'_>, in_use: &InUse) -> Result<(), ShieldError> {
    tx.execute(
        "update warning_index set judged_decision = ?2, judged_held = ?3, done = ?4 where blob = ?1",
        params![&in_use.blob, in_use.judged_decision, &in_use.judged_held, in_use.done],
    )?;
    Ok(())
}

/// The lists in use, if there are any.
///
/// # Errors
/// When the store refuses.
pub fn in_use(reader: &mut Reader<'_>) -> Result<Option<InUse>, ShieldError> {
    let row = reader.query_one_opt(
        "select blob, lists, judged_decision, judged_held, done from warning_index where one = 1",
        params![],
    )?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(InUse {
        blob: row.try_get(0)?,
        lists: serde_json::from_str(row.text(1).unwrap_or_default()).map_err(ShieldError::Json)?,
        judged_decision: row.try_get(2)?,
        judged_held: row.try_get(3)?,
        done: row.try_get(4)?,
    }))
}
