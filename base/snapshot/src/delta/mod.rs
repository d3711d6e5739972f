//! What changed from one published state of the policy to a later one, by value, as a signed file.
//!
//! Each thing that changed stands in it once: everything the policy said of it before, and everything it says from
//! now on. So a reader needs no other file to turn back, to skip, or to put several deltas together.

mod build;
mod read;

pub use build::{BuiltDelta, DeltaBuilder};
pub use read::Delta;

use crate::policy::{ListInfo, Mode, PolicyEntry};
use sipar_model::{Action, Observable, SnapshotSerial, TimestampMs};

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

impl Update {
    /// Whether nothing of it is blocked that was not blocked before, and nothing open below a block is closed.
    /// `lists` are those of the delta; what stands on a list that is tried out only counts for nothing.
    #[must_use]
    pub fn only_opens(&self, lists: &[ListInfo]) -> bool {
        let says = |side: &[PolicyEntry], action| side.iter().any(|entry| is(entry, action, lists));
        let blocks = says(&self.after, Action::Block) && !says(&self.before, Action::Block);
        let closes = says(&self.before, Action::Allow) && !says(&self.after, Action::Allow);
        !blocks && !closes
    }

    /// Whether something is open now that was blocked, or is kept open anew. What was over at `at` by its own time does
    /// not count: edges know that without being told.
    #[must_use]
    pub fn opens(&self, lists: &[ListInfo], at: TimestampMs) -> bool {
        let was = |action| self.before.iter().any(|entry| entry.expires > at && is(entry, action, lists));
        let says = |action| self.after.iter().any(|entry| is(entry, action, lists));
        let unblocked = was(Action::Block) && !says(Action::Block);
        let allowed = says(Action::Allow) && !was(Action::Allow);
        unblocked || allowed
    }
}

fn is(entry: &PolicyEntry, action: Action, lists: &[ListInfo]) -> bool {
    let shadow = lists.get(usize::from(entry.list.0)).is_some_and(|list| list.mode == Mode::Shadow);
    entry.action == action && !shadow
}
