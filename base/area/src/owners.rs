//! The one look-up across areas: who owns this, and whom do they stand under?

use serde::Serialize;
use sipar_model::{Observable, PartyId, TimestampMs};
use std::sync::{Arc, OnceLock};

/// Who owns something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// The party.
    pub party: PartyId,
    /// Its title.
    pub title: String,
    /// The asset that covers what was asked for.
    pub asset: Observable,
}

/// Where a party stands in the tree of those that take part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether it is of the national tier: it stands over all.
    pub national: bool,
    /// Every party that it stands under: its parents, the teams of its sector, and those of the nation.
    pub above: Vec<PartyId>,
}

/// Answers who owns an address or a name, and where owners stand. Registry fills it.
pub trait Owners: Send + Sync {
    /// The owner of `subject` at `at`, by the longest match.
    fn owner_of(&self, subject: &Observable, at: TimestampMs) -> Option<Owner>;

    /// What is owned below a name or inside a network at `at`, with its owners; at most `count_max`.
    fn owned_within(&self, subject: &Observable, at: TimestampMs, count_max: usize) -> Vec<Owner>;

    /// Where a party stands; nothing where none of that name takes part.
    fn standing(&self, _party: &PartyId) -> Option<Standing> {
        None
    }

    /// A party and every party that it stands over, at most `count_max`.
    fn below(&self, party: &PartyId, _count_max: usize) -> Vec<PartyId> {
        vec![party.clone()]
    }

    /// Another number after every change of who owns what, and the same after a restart; 0: not known yet.
    fn version(&self) -> i64;
}

/// A place for the one [`Owners`], filled once while the house is being put together.
#[derive(Clone, Default)]
pub struct OwnersCell(Arc<OnceLock<Arc<dyn Owners>>>);

impl OwnersCell {
    /// Fills the place. A second call changes nothing.
    pub fn fill(&self, owners: Arc<dyn Owners>) {
        let _already_filled = self.0.set(owners);
    }
}

impl Owners for OwnersCell {
    fn owner_of(&self, subject: &Observable, at: TimestampMs) -> Option<Owner> {
        self.0.get().and_then(|owners| owners.owner_of(subject, at))
    }

    fn owned_within(&self, subject: &Observable, at: TimestampMs, count_max: usize) -> Vec<Owner> {
        self.0.get().map(|owners| owners.owned_within(subject, at, count_max)).unwrap_or_default()
    }

    fn standing(&self, party: &PartyId) -> Option<Standing> {
        self.0.get().and_then(|owners| owners.standing(party))
    }

    fn below(&self, party: &PartyId, count_max: usize) -> Vec<PartyId> {
        self.0.get().map_or_else(|| vec![party.clone()], |owners| owners.below(party, count_max))
    }

    fn version(&self) -> i64 {
        self.0.get().map_or(0, |owners| owners.version())
    }
}
