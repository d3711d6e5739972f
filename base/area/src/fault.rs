//! What is wrong now, as whoever looks tells it.

use sipar_model::{Severity, TimestampMs};

/// Something is wrong now. Two with the same class and subject are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of wrong: one of [`Area::fault_classes`](crate::Area::fault_classes).
    pub class: &'static str,
    /// With what: a name that stays the same as long as it is wrong.
    pub subject: String,
    /// How bad.
    pub severity: Severity,
    /// What was seen, in English, as a program says it.
    pub detail: String,
    /// Since when, where that is known.
    pub since: Option<TimestampMs>,
    /// The page where one can do something about it; empty where there is none.
    pub href: String,
}
