//! What is wrong with things that parties own, and what those were told: what exposures and notices tell one another.

use crate::{Observable, PartyId, Severity, TimestampMs, Tlp, vocabulary::vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// How sure it is that something is wrong.
    Evidence ("class of evidence") {
        /// Sipar has seen it itself, or sources of different families agree.
        Certain = 1 "certain",
        /// Sources of one family say so.
        Likely = 2 "likely",
        /// A service says of itself what would be wrong if it is true.
        BannerOnly = 3 "banner-only",
    }
}

vocabulary! {
    /// What has become of an exposure.
    ExposureState ("state of an exposure") {
        /// It is so, and nobody was told.
        Open = 1 "open",
        /// Its owner was told.
        Notified = 2 "notified",
        /// Its owner knows.
        Acknowledged = 3 "acknowledged",
        /// Its owner works on it.
        BeingFixed = 4 "being-fixed",
        /// Its owner says it is mended, and it waits to be tested again.
        FixClaimed = 5 "fix-claimed",
        /// It was tested again, and is no longer so.
        Fixed = 6 "fixed",
        /// Its owner lives with it until a date.
        Accepted = 7 "accepted",
        /// It never was so.
        FalsePositive = 8 "false-positive",
    }
}

impl ExposureState {
    /// Whether somebody still has to do something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Notified | Self::Acknowledged | Self::BeingFixed | Self::FixClaimed)
    }

    /// Whether nobody has said yet that they know.
    #[must_use]
    pub const fn is_unanswered(self) -> bool {
        matches!(self, Self::Open | Self::Notified)
    }
}

/// Something wrong with a thing that a party owns, whole, as it is from now on. Never who saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposed {
    /// Its number: the same when it comes back.
    pub number: i64,
    /// Whose it was when it was seen.
    pub party: PartyId,
    /// What something is wrong with.
    pub subject: Observable,
    /// The asset of theirs that covers it.
    pub asset: Observable,
    /// What is wrong with it: a class of packs/exposure.
    pub class: String,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub evidence: Evidence,
    /// Who may know.
    pub tlp: Tlp,
    /// When it was first seen.
    pub first_seen: TimestampMs,
    /// When it was last seen.
    pub last_seen: TimestampMs,
    /// Since when no source says it any more. That is no word on whether it is mended.
    pub gone_at: Option<TimestampMs>,
    /// What has become of it.
    pub state: ExposureState,
    /// Since when.
    pub state_at: TimestampMs,
    /// How often it has come.
    pub times: u32,
}

/// What became of telling the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Telling {
    /// Their mail server took it, or their own program did.
    Notified,
    /// They say that they know.
    Acknowledged,
}

/// The owner of an exposure was told of it, or has said that they know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Which exposure.
    pub exposure: i64,
    /// What became of it.
    pub what: Telling,
    /// By which notice: `notice:N-12`.
    pub by: String,
    /// When.
    pub at: TimestampMs,
}
