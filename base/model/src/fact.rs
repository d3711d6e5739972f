//! What areas tell one another. A fact is written to the outbox with the state it tells of, and is never changed.

use crate::{
    Action, AppealNumber, Category, Confidence, DecisionNumber, Exposed, FindingNumber, FindingState, Met, Observable,
    Severity, Sighting, SnapshotSerial, TimestampMs, Tlp, Told, WarningKind,
};
use serde::{Deserialize, Serialize};

/// At most this many items travel in one fact, so that a hearer's transaction stays short.
pub const FACT_ITEMS_MAX: usize = 1_000;

/// One fact. Each kind is said by one area (see docs/flow.md).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Fact {
    /// These indicators are new or have changed: each stands here whole, by value.
    Indicators(Vec<Indicator>),
    /// What is said of these things, said again because who owns what has changed: each has an owner.
    Owned(Vec<Indicator>),
    /// The warning lists were built anew.
    WarningIndex(WarningIndexBuilt),
    /// These decisions were taken, undone, or have expired.
    Decisions(Vec<Decision>),
    /// A whole file of a state of the policy was published.
    Snapshot(SnapshotPublished),
    /// The policy changed: from one state to the next, by value.
    Delta(DeltaPublished),
    /// What edges and others who enforce counted.
    Sightings(Vec<Sighting>),
    /// What was met in the country, each listed thing by value, once or twice for each day.
    Met(Vec<Met>),
    /// What those who were attacked say of addresses, all who reported one joined.
    Reports(Vec<Reported>),
    /// Something is wrong with an asset or with Sipar itself, or no longer is.
    Finding(Finding),
    /// A roll-out over the edges was taken back.
    RolledBack(RolledBack),
    /// A person has decided appeals against one block.
    Ruling(Ruling),
    /// What is wrong with things that parties own, each that is new or has changed, whole.
    Exposures(Vec<Exposed>),
    /// Owners were told of exposures, or have said that they know.
    Notices(Vec<Told>),
}

impl Fact {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> FactKind {
        match self {
            Self::Indicators(_) => FactKind::Indicators,
            Self::Owned(_) => FactKind::Owned,
            Self::WarningIndex(_) => FactKind::WarningIndex,
            Self::Decisions(_) => FactKind::Decisions,
            Self::Snapshot(_) => FactKind::Snapshot,
            Self::Delta(_) => FactKind::Delta,
            Self::Sightings(_) => FactKind::Sightings,
            Self::Met(_) => FactKind::Met,
            Self::Reports(_) => FactKind::Reports,
            Self::Finding(_) => FactKind::Finding,
            Self::RolledBack(_) => FactKind::RolledBack,
            Self::Ruling(_) => FactKind::Ruling,
            Self::Exposures(_) => FactKind::Exposures,
            Self::Notices(_) => FactKind::Notices,
        }
    }
}

/// The kinds of fact, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// [`Fact::Indicators`]
    Indicators,
    /// [`Fact::Owned`]
    Owned,
    /// [`Fact::WarningIndex`]
    WarningIndex,
    /// [`Fact::Decisions`]
    Decisions,
    /// [`Fact::Snapshot`]
    Snapshot,
    /// [`Fact::Delta`]
    Delta,
    /// [`Fact::Sightings`]
    Sightings,
    /// [`Fact::Met`]
    Met,
    /// [`Fact::Reports`]
    Reports,
    /// [`Fact::Finding`]
    Finding,
    /// [`Fact::RolledBack`]
    RolledBack,
    /// [`Fact::Ruling`]
    Ruling,
    /// [`Fact::Exposures`]
    Exposures,
    /// [`Fact::Notices`]
    Notices,
}

impl FactKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Indicators,
        Self::Owned,
        Self::WarningIndex,
        Self::Decisions,
        Self::Snapshot,
        Self::Delta,
        Self::Sightings,
        Self::Met,
        Self::Reports,
        Self::Finding,
        Self::RolledBack,
        Self::Ruling,
        Self::Exposures,
        Self::Notices,
    ];

    /// The word in the outbox's `kind` column.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Indicators => "indicators",
            Self::Owned => "owned",
            Self::WarningIndex => "warning_index",
            Self::Decisions => "decisions",
            Self::Snapshot => "snapshot",
            Self::Delta => "delta",
            Self::Sightings => "sightings",
            Self::Met => "met",
            Self::Reports => "reports",
            Self::Finding => "finding",
            Self::RolledBack => "rolled_back",
            Self::Ruling => "ruling",
            Self::Exposures => "exposures",
            Self::Notices => "notices",
        }
    }
}

/// One observable and everything that sources say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// What it is about.
    pub observable: Observable,
    /// One per source and category; empty once every source has withdrawn.
    pub assertions: Vec<Assertion>,
}

/// What one source says of one observable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assertion {
    /// The source's short name.
    pub source: String,
    /// Sources that copy one another share a family, and count once.
    pub family: String,
    /// What the source says it is.
    pub category: Category,
    /// How sure the source is.
    pub confidence: Confidence,
    /// When the source first saw it.
    pub first_seen: TimestampMs,
    /// When the source last saw it.
    pub last_seen: TimestampMs,
    /// Who may know.
    pub tlp: Tlp,
    /// Where one can read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the thing was last met in the country while it was listed; nobody's word, but a reason to believe this one
    /// for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<TimestampMs>,
}

/// A warning list, as those who decide need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningList {
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What it does.
    pub kind: WarningKind,
    /// How many entries it has.
    pub entries: u64,
}

/// The warning lists as one file in the form of base/snapshot's `WarningIndex`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningIndexBuilt {
    /// BLAKE3 of the file, in hex: its name in the blob store.
    pub blob: String,
    /// The lists in it.
    pub lists: Vec<WarningList>,
}

/// What has become of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionState {
    /// In force.
    Active,
    /// A person undid it.
    Undone,
    /// A warning list of type `never` or `review` stopped it after the fact.
    Withdrawn,
    /// Its time ran out.
    Expired,
    /// A later decision on the same observable took its place.
    Superseded,
}

/// A block or an allowance, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its number.
    pub number: DecisionNumber,
    /// What it is about.
    pub observable: Observable,
    /// What it does.
    pub action: Action,
    /// Why, in one of four words.
    pub category: Category,
    /// How bad.
    pub severity: Severity,
    /// The rule's name, or the role of the person: `rule:NAME` or `person:ROLE`.
    pub decided_by: String,
    /// Why, in words.
    pub reason: String,
    /// Who may know.
    pub tlp: Tlp,
    /// Since when.
    pub decided_at: TimestampMs,
    /// Until when. Nothing is blocked for ever.
    pub expires_at: TimestampMs,
    /// What has become of it.
    pub state: DecisionState,
}

/// A whole file of the policy's state `serial`. It may be of a state that deltas have already led beyond:
/// then it is the same state by value, and saves whoever comes late the way there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPublished {
    /// Its serial.
    pub serial: SnapshotSerial,
    /// BLAKE3 of the file, in hex.
    pub blob: String,
    /// How many entries it holds.
    pub entries: u64,
    /// How large it is.
    pub file_bytes: u64,
    /// When it was compiled.
    pub created_at: TimestampMs,
}

/// A change of the policy that is in force from now on, as a file in the form of base/snapshot's `Delta`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaPublished {
    /// The state that it starts from.
    pub from: SnapshotSerial,
    /// The state that it leads to.
    pub to: SnapshotSerial,
    /// BLAKE3 of the file, in hex: its name in the blob store.
    pub blob: String,
    /// How many things it changes.
    pub updates: u64,
    /// How large it is.
    pub file_bytes: u64,
    /// When that state was reached.
    pub created_at: TimestampMs,
}

/// What all reports of one thing say together, as far as their reporters are believed. Never who reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// What was reported.
    pub observable: Observable,
    /// For what.
    pub category: Category,
    /// How far it is believed; 0 takes back what was said before.
    pub confidence: Confidence,
    /// When the first of them saw it.
    pub first_seen: TimestampMs,
    /// When the last of them saw it.
    pub last_seen: TimestampMs,
}

/// Something is wrong, or no longer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its number: the same when it comes back.
    pub number: FindingNumber,
    /// Who found it.
    pub source: String,
    /// What kind of wrong, as a short name.
    pub class: String,
    /// With what.
    pub subject: String,
    /// How bad.
    pub severity: Severity,
    /// What was seen.
    pub detail: String,
    /// When it was found, or found to be over.
    pub seen_at: TimestampMs,
    /// What has become of it.
    pub state: FindingState,
}

/// The blocks that came after one state, up to another, are to be held back: edges that had them did not fare well,
/// or a person wants the old state again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    /// The state whose blocks are good.
    pub from: SnapshotSerial,
    /// The last state whose blocks are not.
    pub to: SnapshotSerial,
    /// The role or the rule that took it back.
    pub by: String,
}

/// What a person decides on an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulingOutcome {
    /// The block was wrong, and ends.
    Granted,
    /// The block stands.
    Upheld,
}

impl RulingOutcome {
    /// The word in the API, the ledger and the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Upheld => "upheld",
        }
    }
}

/// A person has decided the appeals against one block: all that were open, at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The first of the appeals that it answers.
    pub appeal: AppealNumber,
    /// The decision appealed against.
    pub decision: DecisionNumber,
    /// What was decided.
    pub outcome: RulingOutcome,
    /// By whom: `person:ROLE`.
    pub by: String,
    /// The ledger's commitment to the reasons. The words are for those who appealed.
    pub reason: String,
    /// When.
    pub decided_at: TimestampMs,
}
