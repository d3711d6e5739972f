//! Critical information infrastructure: which parties it is, how critical, and until when that holds (NCSP 3.13).

use super::{vocabulary::Grade, words::some_line};
use crate::RegistryError;
use serde::Serialize;
use sipar_model::{PartyId, TimestampMs};

/// A designation is looked at anew after so many days: a year.
pub const REVIEW_DAYS: i64 = 365;

/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

/// What somebody decides about a party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDesignation {
    /// Which party.
    pub party: PartyId,
    /// How critical.
    pub grade: Grade,
    /// In which sector.
    pub sector: String,
    /// Why.
    pub reason: String,
}

/// Reads a reason.
///
/// # Errors
/// When there is none, or it is no line.
pub fn reason(text: &str) -> Result<String, RegistryError> {
    some_line("the reason", text, REASON_CHARS_MAX)
}

/// A designation that stands, or stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Designation {
    /// Its number.
    pub number: i64,
    /// Which party.
    pub party: PartyId,
    /// How critical.
    pub grade: Grade,
    /// In which sector.
    pub sector: String,
    /// When it was first decided.
    pub since: TimestampMs,
    /// When it has to be looked at anew.
    pub review_by: TimestampMs,
    /// When it ended; none: it stands.
    pub ended_at: Option<TimestampMs>,
    /// What was decided, the latest first.
    pub steps: Vec<Step>,
}

impl Designation {
    /// Whether it should have been looked at anew.
    #[must_use]
    pub fn is_overdue(&self, now: TimestampMs) -> bool {
        self.ended_at.is_none() && self.review_by <= now
    }
}

/// One decision about a designation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When.
    pub at: TimestampMs,
    /// By whom.
    pub by: String,
    /// What: `designated`, `confirmed` or `ended`.
    pub what: super::vocabulary::Review,
    /// How critical, from then on.
    pub grade: Grade,
    /// Why.
    pub reason: String,
    /// With it, the party and the reason open the ledger's commitment.
    pub salt: String,
    /// Its place in the ledger.
    pub ledger_index: u64,
}
