//! What an exposure is, and what becomes of it. Pure: no I/O, no clock, no chance.

pub mod classes;
pub mod step;
pub mod words;

pub use classes::{Class, Classes, ClassesError};
pub use step::{Act, SeenNow, Step, StepError};
pub use words::{Evidence, State};

use serde::{Deserialize, Serialize};
use sipar_model::{Category, Indicator, Observable, PartyId, Severity, TimestampMs, Tlp};

/// Sources of one exposure that are kept, those that saw it last: a dozen families say all that a hundred do.
pub const SOURCES_MAX: usize = 16;

/// One family of sources, and when it saw the thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The family.
    pub family: String,
    /// Who may know.
    pub tlp: Tlp,
    /// The first time.
    pub first_seen: TimestampMs,
    /// The last time.
    pub last_seen: TimestampMs,
}

/// What tells one exposure from another: whose, what, and in which way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Whose it was when it was seen.
    pub party: PartyId,
    /// What something is wrong with.
    pub subject: Observable,
    /// What is wrong with it: a class of packs/exposure.
    pub class: String,
}

/// Something wrong with a thing that somebody owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Its number; 0: it has none yet.
    pub number: i64,
    /// What tells it from others.
    pub key: Key,
    /// The asset that covers the subject.
    pub asset: Observable,
    /// How bad.
    pub severity: Severity,
    /// How sure.
    pub evidence: Evidence,
    /// Who may know that it is so: as freely as the freest source says it.
    pub tlp: Tlp,
    /// Who saw it, the latest first.
    pub sources: Vec<Source>,
    /// When it was first seen.
    pub first_seen: TimestampMs,
    /// When it was last seen.
    pub last_seen: TimestampMs,
    /// Since when no source says it any more. That is no word on whether it is mended.
    pub gone_at: Option<TimestampMs>,
    /// What has become of it.
    pub state: State,
    /// Since when.
    pub state_at: TimestampMs,
    /// Until when it stays accepted, or has to be quiet to be taken for fixed.
    pub until: Option<TimestampMs>,
    /// How often it has come.
    pub times: u32,
}

/// The class of a thing that sources list under `category`.
#[must_use]
pub fn class_of(category: Category) -> String {
    format!("listed-{category}")
}

/// What an indicator says is wrong with its thing, by category.
#[must_use]
pub fn seen_in(indicator: &Indicator) -> Vec<(Category, SeenNow)> {
    let of = |category: &Category| {
        let said = indicator.assertions.iter().filter(|one| one.category == *category);
        let sources = said.map(|one| Source {
            family: one.family.clone(),
            tlp: one.tlp,
            first_seen: one.first_seen,
            last_seen: one.last_seen,
        });
        SeenNow::by(sources.collect()).map(|seen| (*category, seen))
    };
    Category::ALL.iter().filter_map(of).collect()
}
