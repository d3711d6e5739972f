//! A decision as it stands in its row.

use crate::ShieldError;
use sipar_model::{
    Action, Assertion, Category, Decision, DecisionNumber, Indicator, Observable, ObservableKind, Severity,
    TimestampMs, Tlp, fact::DecisionState,
};
use sipar_store::Row;

/// A decision and all that was known when it was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// As other areas see it.
    pub decision: Decision,
    /// The list that it stands on.
    pub list: String,
    /// The score at that time, 0 to 100.
    pub score: u8,
    /// What sources said at that time.
    pub evidence: Vec<Assertion>,
    /// Its place in the ledger.
    pub ledger_index: u64,
    /// How it ended, if it has.
    pub end: Option<End>,
}

/// How a decision ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: TimestampMs,
    /// By the rule or the role that ended it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The place of the ending in the ledger.
    pub ledger_index: Option<u64>,
}

impl Record {
    /// What the record's evidence says, as an indicator.
    #[must_use]
    pub fn indicator(&self) -> Indicator {
        Indicator { observable: self.decision.observable.clone(), assertions: self.evidence.clone() }
    }
}

/// The columns of a row, in the order in which [`record`] reads them.
pub(super) const COLUMNS: &str = "number, kind, value, action, category, severity, list, state, decided_by, reason, score, tlp, \
                       evidence, decided_at, expires_at, ended_at, ended_by, end_reason, ledger_index, end_ledger_index";

/// The number of a state in the table. 1 is in force: the partial index says so.
#[must_use]
pub const fn state_number(state: DecisionState) -> u8 {
    match state {
        DecisionState::Active => 1,
        DecisionState::Undone => 2,
        DecisionState::Withdrawn => 3,
        DecisionState::Expired => 4,
        DecisionState::Superseded => 5,
    }
}

const fn state_of(number: u8) -> Option<DecisionState> {
    match number {
        1 => Some(DecisionState::Active),
        2 => Some(DecisionState::Undone),
        3 => Some(DecisionState::Withdrawn),
        4 => Some(DecisionState::Expired),
        5 => Some(DecisionState::Superseded),
        _ => None,
    }
}

/// A row of [`COLUMNS`].
pub(super) fn record(row: &Row) -> Result<Record, ShieldError> {
    let number: DecisionNumber = row.try_get(0)?;
    let broken = |column: &'static str| ShieldError::BadRow { number, column };
    let kind = row.try_get(1).ok().and_then(ObservableKind::from_number).ok_or_else(|| broken("kind"))?;
    let observable = Observable::from_parts(kind, row.text(2).unwrap_or_default()).map_err(|_| broken("value"))?;
    let end = match row.try_get::<Option<TimestampMs>>(15)? {
        None => None,
        Some(at) => Some(End {
            at,
            by: row.try_get::<Option<String>>(16)?.unwrap_or_default(),
            reason: row.try_get::<Option<String>>(17)?.unwrap_or_default(),
            ledger_index: row.try_get(19)?,
        }),
    };
    Ok(Record {
        decision: Decision {
            number,
            observable,
            action: row.try_get(3).ok().and_then(Action::from_number).ok_or_else(|| broken("action"))?,
            category: row.try_get(4).ok().and_then(Category::from_number).ok_or_else(|| broken("category"))?,
            severity: row.try_get(5).ok().and_then(Severity::from_number).ok_or_else(|| broken("severity"))?,
            decided_by: row.try_get(8)?,
            reason: row.try_get(9)?,
            tlp: row.try_get(11).ok().and_then(Tlp::from_number).ok_or_else(|| broken("tlp"))?,
            decided_at: row.try_get(13)?,
            expires_at: row.try_get(14)?,
            state: row.try_get(7).ok().and_then(state_of).ok_or_else(|| broken("state"))?,
        },
        list: row.try_get(6)?,
        score: row.try_get(10)?,
        evidence: serde_json::from_str(row.text(12).unwrap_or_default()).map_err(|_| broken("evidence"))?,
        ledger_index: row.try_get(18)?,
        end,
    })
}

/// A row of `kind, value`.
pub(super) fn observable(row: &Row) -> Result<Observable, ShieldError> {
    let kind = row.try_get(0).ok().and_then(ObservableKind::from_number).ok_or(ShieldError::BadHeld)?;
    Observable::from_parts(kind, row.text(1).unwrap_or_default()).map_err(|_| ShieldError::BadHeld)
}
