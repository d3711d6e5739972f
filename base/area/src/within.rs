//! What somebody's parties cover: lists keep to it, and each thing is asked about with every party above its owner.

use crate::{Owners, OwnersCell};
use sipar_authz::{Act, Reach};
use sipar_model::PartyId;
use sipar_web::{Permit, WebError};

/// The most parties below one's own that a list keeps to: more than the largest sector of a country has. Whoever stands
/// over more works for the nation, and is not limited.
pub const COVERED_MAX: usize = 10_000;

/// The parties whose things a permit covers, sorted; nothing where it covers all.
#[must_use]
pub fn covered(owners: &OwnersCell, permit: &Permit) -> Option<Vec<PartyId>> {
    covered_by(owners, permit.reach())
}

/// The same, of a reach.
#[must_use]
pub fn covered_by(owners: &OwnersCell, reach: &Reach) -> Option<Vec<PartyId>> {
    let own = reach.parties()?;
    if own.iter().any(|party| owners.standing(party).is_some_and(|standing| standing.national)) {
        return None;
    }
    let mut all: Vec<PartyId> = own.iter().flat_map(|party| owners.below(party, COVERED_MAX)).collect();
    all.sort_unstable();
    all.dedup();
    all.truncate(COVERED_MAX);
    Some(all)
}

/// Asks whether a permit covers a thing of this owner.
///
/// # Errors
/// When it does not.
pub fn on(owners: &OwnersCell, permit: &Permit, owner: &PartyId) -> Result<(), WebError> {
    permit.on(owner, &above(owners, owner))
}

/// Asks whether whoever holds the permit may act on a thing of this owner in another way.
///
/// # Errors
/// When not.
pub fn to(owners: &OwnersCell, permit: &Permit, act: Act, owner: &PartyId) -> Result<(), WebError> {
    permit.to(act, owner, &above(owners, owner))
}

/// Every party that this one stands under.
#[must_use]
pub fn above(owners: &OwnersCell, party: &PartyId) -> Vec<PartyId> {
    owners.standing(party).map(|standing| standing.above).unwrap_or_default()
}
