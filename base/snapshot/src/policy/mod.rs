//! What is blocked and what is allowed, as one file.
//!
//! Which decision answers, when several cover the thing that was asked for:
//! 1. Only those that have not expired.
//! 2. An enforced one before one on a shadow list, so that trying a list out never changes an answer.
//! 3. The deepest name or longest network.
//! 4. On one name or network, `allow` before `block`; then the exact entry before the one for everything below.

mod build;
mod classes;
mod diff;
mod entries;
mod evidence;
mod found;
mod read;
mod servers;
pub(crate) mod times;
mod warm;

pub(crate) use build::kept;
pub use build::{Built, PolicyBuilder};
pub(crate) use classes::read_lists;
pub use diff::{Change, diff};
pub(crate) use found::{Found, Keyed, sender_hit};
pub use read::Policy;

use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp};
use std::sync::Arc;

/// Bytes of payload with each entry: class, expiry in seconds, decision.
pub(crate) const PAYLOAD_BYTES: usize = 10;

/// What a whole policy carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyHead {
    /// Grows with each snapshot. Refusing an older one than the last is the reader's caller's part.
    pub serial: SnapshotSerial,
    /// When it was compiled.
    pub created: TimestampMs,
    /// Whom to ask, as a URI such as `mailto:cert@example.pk`; edges put it into Extended DNS Errors.
    pub contact: String,
}

/// The number of a list within one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(pub u16);

/// Whether a list is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Edges do what its entries say.
    Enforce = 1,
    /// Edges count what its entries would do, and do not do it.
    Shadow = 2,
}

impl Mode {
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Enforce),
            2 => Some(Self::Shadow),
            _ => None,
        }
    }
}

/// A list that entries belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListInfo {
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it is against.
    pub category: Category,
    /// Whether it is in force.
    pub mode: Mode,
}

/// What of a name, or of name servers with such a name, an entry covers. It means nothing for other observables, which
/// read back as `Exact`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// The name alone.
    Exact = 1,
    /// The name and everything below it.
    Subtree = 2,
}

impl Scope {
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Exact),
            2 => Some(Self::Subtree),
            _ => None,
        }
    }
}

/// What one source family saw.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// The family.
    pub family: Arc<str>,
    /// When it first saw it, to the second.
    pub first_seen: TimestampMs,
    /// When it last saw it, to the second.
    pub last_seen: TimestampMs,
}

/// One decision as it goes into a file, and as it comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEntry {
    /// About what. A network of one address reads back as that address.
    pub observable: Observable,
    /// Whether what is below a name is meant too.
    pub scope: Scope,
    /// What to do.
    pub action: Action,
    /// Why.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// Who may know.
    pub tlp: Tlp,
    /// On which list.
    pub list: ListId,
    /// Until when; kept in whole seconds, rounded down, and at most 2106-02-07.
    pub expires: TimestampMs,
    /// By which decision.
    pub decision: DecisionNumber,
    /// How bad it looked, 0 to 100.
    pub score: u8,
    /// Who saw what; of more than 32 families those seen last are kept.
    pub evidence: Vec<Evidence>,
}

impl PolicyEntry {
    /// The entry as it reads back from a file: times in whole seconds, no scope but that of names,
    /// a network of one address as that address, evidence in one order.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        if let Observable::Prefix(prefix) = self.observable {
            self.observable = Observable::from(prefix);
        }
        if self.observable.name().is_none() {
            self.scope = Scope::Exact;
        }
        self.expires = time_of(seconds(self.expires));
        self.score = self.score.min(100);
        for seen in &mut self.evidence {
            seen.first_seen = time_of(seconds(seen.first_seen));
            seen.last_seen = time_of(seconds(seen.last_seen));
        }
        evidence::put_in_order(&mut self.evidence);
        self
    }
}

/// The number of an entry within one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef(pub u32);

/// The decision that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What to do.
    pub action: Action,
    /// Why.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// Who may know.
    pub tlp: Tlp,
    /// On which list.
    pub list: ListId,
    /// The list is tried out only: count, and answer as if nothing had been found.
    pub shadow: bool,
    /// By which decision.
    pub decision: DecisionNumber,
    /// Until when.
    pub expires: TimestampMs,
    /// How many labels the listed name has; for an address, the length of the listed network in bits; else 0.
    pub depth_labels: u8,
    /// Where score and evidence are.
    pub entry: EntryRef,
}

/// A time as whole seconds, as far as 32 bits reach.
pub(crate) fn seconds(time: TimestampMs) -> u32 {
    u32::try_from(time.0.div_euclid(1_000).clamp(0, i64::from(u32::MAX))).expect("clamped to 32 bits")
}

/// The time that whole seconds stand for.
pub(crate) const fn time_of(seconds: u32) -> TimestampMs {
    TimestampMs(seconds as i64 * 1_000)
}
