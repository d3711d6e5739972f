//! What an edge tells the control plane of itself. Never who asked it, nor for what that is not listed.

use crate::Batch;
use serde::{Deserialize, Serialize};

/// Questions by what came of them, since the edge was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// All questions.
    pub queries: u64,
    /// Answered with a block.
    pub blocked: u64,
    /// Could not be answered.
    pub failed: u64,
    /// Refused.
    pub refused: u64,
}

/// How an edge is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: String,
    /// The serial that it answers from.
    pub serial: Option<u64>,
    /// When it was started, in milliseconds since 1970.
    pub started_at: i64,
    /// Whether it answers as it should.
    pub healthy: bool,
    /// What is wrong, if anything.
    pub error: Option<String>,
    /// What it did since it was started.
    pub answers: Answers,
    /// The spool that `batch` comes from.
    pub spool: String,
    /// Counts that found no room, since the spool was made.
    pub dropped: u64,
    /// Counts per listed thing and minute.
    pub batch: Option<Batch>,
}

/// What the control plane answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Told {
    /// The ring that this edge is in.
    pub ring: String,
    /// The number of the batch that was taken, now or before.
    #[serde(default)]
    pub taken: Option<u64>,
}

impl Told {
    /// The ring, if it can stand in an address.
    #[must_use]
    pub fn ring(&self) -> Option<&str> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        let sound = (1..=32).contains(&self.ring.len()) && self.ring.bytes().all(plain);
        sound.then_some(self.ring.as_str())
    }
}
