//! What was unblocked in an emergency, and what a second person came to.

use crate::ShieldError;
use sipar_model::{DecisionNumber, Observable, ObservableKind, TimestampMs};
use sipar_store::{Reader, Row, Tx, params};

/// What became of an emergency unblock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Nobody else has looked at it yet.
    Open,
    /// A second person agreed.
    Confirmed,
    /// A second person put the block back.
    Reversed,
}

impl ReviewState {
    /// The word in the API, the ledger and the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Reversed => "reversed",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Open => 1,
            Self::Confirmed => 2,
            Self::Reversed => 3,
        }
    }

    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Open),
            2 => Some(Self::Confirmed),
            3 => Some(Self::Reversed),
            _ => None,
        }
    }
}

/// One emergency unblock.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// The allowance that was taken.
    pub decision: DecisionNumber,
    /// Of what.
    pub observable: Observable,
    /// By whom: `person:LABEL`.
    pub by: String,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: TimestampMs,
    /// When a second person has to have looked at it.
    pub due_at: TimestampMs,
    /// The block on the same thing that it took the place of, if one stood.
    pub replaced: Option<DecisionNumber>,
    /// What became of it.
    pub state: ReviewState,
    /// The place of the emergency in the ledger.
    pub ledger_index: u64,
    /// What the second person said, once there was one.
    pub answer: Option<Answer>,
}

/// What the second person said.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Answer {
    /// Who: `person:LABEL`.
    pub by: String,
    /// Why, in words.
    pub reason: String,
    /// When.
    pub at: TimestampMs,
    /// Its place in the ledger.
    pub ledger_index: u64,
    /// The block that was put back.
    pub block: Option<DecisionNumber>,
}

const COLUMNS: &str = "decision, kind, value, taken_by, reason, at, due_at, replaced, state, ledger_index, \
                       reviewed_by, review_reason, reviewed_at, review_ledger_index, block";

/// Opens a review.
///
/// # Errors
/// When the store refuses.
pub fn open(tx: &mut Tx<'_>, review: &Review) -> Result<(), ShieldError> {
    tx.execute(
        "insert into review(decision, kind, value, taken_by, reason, at, due_at, replaced, state, ledger_index)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            review.decision,
            review.observable.kind().number(),
            review.observable.value(),
            &review.by,
            &review.reason,
            review.at,
            review.due_at,
            review.replaced,
            review.state.number(),
            review.ledger_index
        ],
    )?;
    Ok(())
}

/// Closes an open review; tells whether there was one.
///
/// # Errors
/// When the store refuses.
pub fn close(
    tx: &mut Tx<'_>,
    decision: DecisionNumber,
    state: ReviewState,
    answer: &Answer,
) -> Result<bool, ShieldError> {
    let touched = tx.execute(
        "update review set state = ?2, reviewed_by = ?3, review_reason = ?4, reviewed_at = ?5,
             review_ledger_index = ?6, block = ?7
         where decision = ?1 and state = 1",
        params![decision, state.number(), &answer.by, &answer.reason, answer.at, answer.ledger_index, answer.block],
    )?;
    Ok(touched == 1)
}

/// The review of the emergency that took `decision`.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, decision: DecisionNumber) -> Result<Option<Review>, ShieldError> {
    let sql = format!("select {COLUMNS} from review where decision = ?1");
    reader.query_one_opt(&sql, params![decision])?.as_ref().map(read).transpose()
}

/// Open reviews, the first due first, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn waiting(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Review>, ShieldError> {
    let sql = format!("select {COLUMNS} from review where state = 1 order by due_at, decision limit ?1");
    reader.query(&sql, params![limit])?.iter().map(read).collect()
}

/// Closed reviews, the latest first, at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn closed(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Review>, ShieldError> {
    let sql = format!("select {COLUMNS} from review where state <> 1 order by decision desc limit ?1");
    reader.query(&sql, params![limit])?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Review, ShieldError> {
    let decision: DecisionNumber = row.try_get(0)?;
    let broken = |column: &'static str| ShieldError::BadRow { number: decision, column };
    let kind = row.try_get(1).ok().and_then(ObservableKind::from_number).ok_or_else(|| broken("kind"))?;
    let answer = match row.try_get::<Option<String>>(10)? {
        None => None,
        Some(by) => Some(Answer {
            by,
            reason: row.try_get(11)?,
            at: row.try_get(12)?,
            ledger_index: row.try_get(13)?,
            block: row.try_get(14)?,
        }),
    };
    Ok(Review {
        decision,
        observable: Observable::from_parts(kind, row.text(2).unwrap_or_default()).map_err(|_| broken("value"))?,
        by: row.try_get(3)?,
        reason: row.try_get(4)?,
        at: row.try_get(5)?,
        due_at: row.try_get(6)?,
        replaced: row.try_get(7)?,
        state: row.try_get(8).ok().and_then(ReviewState::from_number).ok_or_else(|| broken("state"))?,
        ledger_index: row.try_get(9)?,
        answer,
    })
}
