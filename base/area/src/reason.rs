//! Links of the chain of reasons behind an answer, and hits of a search.

use serde::Serialize;
use sipar_model::TimestampMs;

/// One link: what is known, by whom, since when, and where to read more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// Which area says so.
    pub area: &'static str,
    /// What kind of link: `assertion`, `warning`, `score`, `decision`, `ledger`, `owner`, ...
    pub kind: &'static str,
    /// One sentence in plain English.
    pub text: String,
    /// When it was so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<TimestampMs>,
    /// The same in fields, for machines.
    pub data: serde_json::Value,
}

/// One hit of a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SearchHit {
    /// Which area found it.
    pub area: &'static str,
    /// What it is.
    pub title: String,
    /// One line about it.
    pub about: String,
    /// Its page.
    pub href: String,
}
