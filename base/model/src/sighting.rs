//! What those who enforce counted: how often a listed thing was met. Never who met it.

use crate::{DecisionNumber, Observable, TimestampMs, time::DAY_MS, vocabulary::vocabulary};
use serde::{Deserialize, Serialize};

/// One minute in milliseconds: the finest time that is kept of a sighting.
pub const MINUTE_MS: i64 = 60_000;

vocabulary! {
    /// Where a listed thing was met.
    SeenBy ("place where things are met") {
        /// A question to a DNS edge.
        Dns = 1 "dns",
        /// A look-up of reputation.
        LookUp = 2 "look-up",
        /// A visit of the block page.
        BlockPage = 3 "block-page",
        /// A question to somebody else's resolver that takes our zones.
        Resolver = 4 "resolver",
        /// A server, firewall or bouncer.
        Server = 5 "server",
    }
}

impl SeenBy {
    /// Whether this is told by our own edges.
    #[must_use]
    pub const fn is_edge(self) -> bool {
        matches!(self, Self::Dns | Self::LookUp | Self::BlockPage)
    }
}

const fn dns() -> SeenBy {
    SeenBy::Dns
}

/// How often a listed thing was asked for in one minute. Never who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The decision that listed it.
    pub decision: DecisionNumber,
    /// The start of the minute.
    pub minute: TimestampMs,
    /// How many times.
    pub count: u64,
    /// The subscriber network, as a name the operator gave; empty when there is one network only.
    #[serde(default)]
    pub network: String,
    /// Counted but not blocked.
    #[serde(default)]
    pub shadow: bool,
    /// Where.
    #[serde(default = "dns")]
    pub by: SeenBy,
}

/// How often a listed thing was met on one day, in all networks together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// The thing.
    pub observable: Observable,
    /// The start of the UTC day.
    pub day: TimestampMs,
    /// How often so far. A later word on the same day takes the place of this one.
    pub count: u64,
    /// The start of the last minute in which it was met.
    pub last: TimestampMs,
}

/// One thing in one minute: a resolver that answers a million questions a second, all of them for the same name.
pub const COUNT_MAX: u64 = 60_000_000;

/// Counts of the future are believed up to so far ahead: clocks differ.
pub const AHEAD_MAX_MS: i64 = 2 * MINUTE_MS;

/// Counts are taken up to so long after: who counts spools for days while it is cut off.
pub const BEHIND_MAX_MS: i64 = 14 * DAY_MS;

/// Whether a thing can have been met so often in the minute that starts at `minute`.
#[must_use]
pub fn is_plausible(minute: TimestampMs, count: u64, now: TimestampMs) -> bool {
    minute.0 % MINUTE_MS == 0
        && (-AHEAD_MAX_MS..=BEHIND_MAX_MS).contains(&now.since_ms(minute))
        && (1..=COUNT_MAX).contains(&count)
}
