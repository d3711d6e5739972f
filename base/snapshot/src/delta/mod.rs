//! What changed from one published state of the policy to a later one, by value, as a signed file.
//!
//! Each thing that changed stands in it once: everything the policy said of it before, and everything it says from
//! now on. So a reader needs no other file to turn back, to skip, or to put several deltas together.

mod build;
mod read;

pub use build::{BuiltDelta, DeltaBuilder};
pub use read::Delta;

use crate::policy::{ListInfo, PolicyEntry};
use sipar_model::{Observable, SnapshotSerial, TimestampMs};

/// What a delta carries beside its updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaHead {
    /// The state that it starts from.
    pub from: SnapshotSerial,
    /// The state that it leads to.
    pub to: SnapshotSerial,
    /// When that state was reached.
    pub created: TimestampMs,
    /// Whom to ask, as in a whole policy.
    pub contact: String,
    /// The lists that entries name by their place here.
    pub lists: Vec<ListInfo>,
}

/// One thing that changed. The list numbers in it are places among the lists of the delta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What changed.
    pub observable: Observable,
    /// Everything the policy said of it before; empty: it was not listed.
    pub before: Vec<PolicyEntry>,
    /// Everything it says from now on; empty: no longer listed.
    pub after: Vec<PolicyEntry>,
}
