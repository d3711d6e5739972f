//! Rows as they are read.

use super::blocks::Block;
use crate::model::{Appeal, State, appeal::Answer};
use sipar_model::{AppealNumber, Category, Observable, ObservableKind};
use sipar_store::{Row, StoreError};

fn unknown(column: usize) -> StoreError {
    StoreError::Decode { column, wanted: "what this version writes", found: "something else".into() }
}

fn observable(row: &Row, kind: usize) -> Result<Observable, StoreError> {
    let found = row.try_get(kind).ok().and_then(ObservableKind::from_number).ok_or_else(|| unknown(kind))?;
    Observable::from_parts(found, row.text(kind + 1).unwrap_or_default()).map_err(|_| unknown(kind + 1))
}

fn category(row: &Row, column: usize) -> Result<Category, StoreError> {
    row.try_get(column).ok().and_then(Category::from_number).ok_or_else(|| unknown(column))
}

pub(super) fn block(row: &Row) -> Result<Block, StoreError> {
    Ok(Block {
        number: row.try_get(0)?,
        observable: observable(row, 1)?,
        category: category(row, 3)?,
        public: row.try_get::<i64>(4)? == 1,
        decided_by: row.try_get(5)?,
    })
}

/// The columns of an appeal, in the order in which [`appeal`] reads them.
pub(super) const APPEAL: &str = "number, decision, kind, value, category, block_by, public, words, words_salt, \
    commitment, state, received_at, acknowledge_by, due_at, taken_up_at, ledger_index, decided_at, decided_by, \
    reason, reason_salt, ruling_index";

pub(super) fn appeal(row: &Row) -> Result<Appeal, StoreError> {
    let answer = match row.try_get::<Option<sipar_model::TimestampMs>>(16)? {
        None => None,
        Some(at) => Some(Answer {
            at,
            by: row.try_get(17)?,
            reason: row.try_get(18)?,
            salt: row.try_get(19)?,
            ledger_index: row.try_get(20)?,
        }),
    };
    Ok(Appeal {
        number: AppealNumber(row.try_get(0)?),
        decision: row.try_get(1)?,
        observable: observable(row, 2)?,
        category: category(row, 4)?,
        block_by: row.try_get(5)?,
        public: row.try_get::<i64>(6)? == 1,
        words: row.try_get(7)?,
        words_salt: row.try_get(8)?,
        commitment: row.try_get(9)?,
        state: row.try_get(10).ok().and_then(State::from_number).ok_or_else(|| unknown(10))?,
        received_at: row.try_get(11)?,
        acknowledge_by: row.try_get(12)?,
        due_at: row.try_get(13)?,
        taken_up_at: row.try_get(14)?,
        ledger_index: row.try_get(15)?,
        answer,
    })
}
