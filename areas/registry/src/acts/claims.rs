//! Claims: entered, ended, handed over, put into one another.

use super::{Actor, no_claim, parties::known, proofs::within_proven, said};
use crate::{
    Registry, RegistryError,
    model::{
        AssetKind, Claim, ClaimState, Listed, NewClaim, PartyState, Period,
        claim::{CLAIMS_MAX, collision},
    },
    store::{catch_up, claims, matters::NewMatter, parties},
};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Tx};

/// What may stand in one data centre or on one system.
const PLACED_MAX: u64 = 100_000;

/// What became of a claim.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// The matter that a person has to decide before it counts.
    pub matter: Option<i64>,
}

pub(super) fn known_claim(reader: &mut Reader<'_>, number: i64) -> Result<Claim, RegistryError> {
    claims::one(reader, number)?.ok_or_else(|| no_claim(number))
}

impl Registry {
    /// Enters a claim. One that stands in the way of somebody else's waits for a person.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn claim(
        &self,
        tx: &mut Tx<'_>,
        new: &NewClaim,
        by: &Actor,
        now: TimestampMs,
    ) -> Result<Claimed, RegistryError> {
        catch_up(tx)?;
        if known(tx, &new.party)?.state == PartyState::Refused {
            let why = format!("`{}` was refused, so it cannot own anything; enter it anew first", new.party);
            return Err(RegistryError::Conflict(why));
        }
        if claims::count(tx)? >= CLAIMS_MAX as u64 {
            return Err(RegistryError::Full(format!("the register has {CLAIMS_MAX} claims, as many as it takes")));
        }
        let again = claims::own_on(tx, &new.party, &new.asset)?;
        if let Some(old) = again.iter().find(|old| old.period.meets(&new.period)) {
            let why = format!("`{}` has {} already, as claim {}; end that one first", new.party, said(new), old.number);
            return Err(RegistryError::Conflict(why));
        }
        let others = claims::on_and_within(tx, &new.party, &new.asset)?;
        let collision = match collision(new, &others) {
            None if new.asset.is_exclusive() => within_proven(tx, new, now)?,
            found => found,
        };
        let state = if collision.is_some() { ClaimState::Held } else { ClaimState::Active };
        let number = claims::add(tx, &[(new.clone(), state)], by.as_str(), now)?;
        let matter = match collision {
            None => None,
            Some(collision) => {
                let other = known_claim(tx, collision.with)?;
                let matter = NewMatter {
                    kind: collision.kind,
                    party: new.party.clone(),
                    claim: Some(number),
                    other_party: other.party,
                    other_claim: Some(other.number),
                };
                Some(self.wait(tx, &matter, by, now)?)
            }
        };
        Ok(Claimed { claim: known_claim(tx, number)?, matter })
    }

    /// Ends a claim at a time.
    ///
    /// # Errors
    /// When there is none, it would end before it began, or it ended earlier.
    pub fn end(&self, tx: &mut Tx<'_>, number: i64, at: TimestampMs) -> Result<Claim, RegistryError> {
        let claim = known_claim(tx, number)?;
        let period = Period::new(claim.period.from, Some(at))?;
        if claim.period.until.is_some_and(|until| until <= at) {
            return Err(RegistryError::Conflict(format!("claim {number} has ended already, before that time")));
        }
        claims::set_until(tx, &[number], at)?;
        Ok(Claim { period, ..claim })
    }

    /// Ends a claim at a time, and enters the same for another party from then on: an address changes hands.
    ///
    /// # Errors
    /// As [`Self::end`] and [`Self::claim`].
    pub fn hand_over(
        &self,
        tx: &mut Tx<'_>,
        number: i64,
        to: &PartyId,
        at: TimestampMs,
        by: &Actor,
        now: TimestampMs,
    ) -> Result<Claimed, RegistryError> {
        let old = known_claim(tx, number)?;
        if old.state != ClaimState::Active {
            let why = format!("claim {number} does not count, so nobody can hand it over; decide about it first");
            return Err(RegistryError::Conflict(why));
        }
        if old.party == *to {
            return Err(RegistryError::Given(format!("claim {number} is of `{to}` already")));
        }
        let until = old.period.until;
        self.end(tx, number, at)?;
        let period = Period::new(at, until)?;
        let new = NewClaim { party: to.clone(), asset: old.asset, label: old.label, period };
        self.claim(tx, &new, by, now)
    }

    /// Puts one claim into another: into a data centre what it hosts, onto a system what runs on it.
    ///
    /// # Errors
    /// When either is not there, or one cannot stand in the other.
    pub fn put_in(&self, tx: &mut Tx<'_>, inner: i64, outer: i64) -> Result<(), RegistryError> {
        let (inside, around) = (known_claim(tx, inner)?, known_claim(tx, outer)?);
        let fits = match (around.asset.kind(), inside.asset.kind()) {
            (AssetKind::DataCentre, inner) => inner != AssetKind::DataCentre,
            (AssetKind::System, inner) => !matches!(inner, AssetKind::DataCentre | AssetKind::System | AssetKind::Asn),
            _ => false,
        };
        if !fits {
            let why = format!(
                "a {} does not stand in a {}; a data centre hosts anything but data centres, and on a system run \
                 services and products",
                inside.asset.kind(),
                around.asset.kind()
            );
            return Err(RegistryError::Given(why));
        }
        if claims::placed_count(tx, outer)? >= PLACED_MAX {
            return Err(RegistryError::Full(format!(
                "{PLACED_MAX} things stand in claim {outer}, as many as it takes"
            )));
        }
        claims::put_in(tx, inner, outer)
    }

    /// Takes it out again.
    ///
    /// # Errors
    /// When it does not stand there.
    pub fn take_out(&self, tx: &mut Tx<'_>, inner: i64, outer: i64) -> Result<(), RegistryError> {
        if claims::take_out(tx, inner, outer)? {
            return Ok(());
        }
        Err(RegistryError::Missing(format!("claim {inner} in claim {outer}")))
    }

    /// Enters the parties of a file with what they own. A party that is there is written anew; what it claimed by such a
    /// file and no longer names ends now.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn enter(&self, tx: &mut Tx<'_>, listed: &[Listed], now: TimestampMs) -> Result<(), RegistryError> {
        let by = Actor::import(0);
        for one in listed {
            match parties::one(tx, &one.party.id)? {
                None => self.register(tx, &one.party, &by, now)?,
                Some(_) => self.edit(tx, &one.party, now)?,
            };
            self.put_contact(tx, &one.party.id, &one.contact, now)?;
            // One more than a file may name: what is beyond came another way.
            let there = claims::of_party(tx, &one.party.id, 0, CLAIMS_MAX)?;
            let lasts = |claim: &&Claim| claim.state != ClaimState::Refused && claim.period.until.is_none();
            let there: Vec<&Claim> = there.iter().filter(lasts).collect();
            let gone = there.iter().filter(|claim| claim.added_by == by.as_str() && !one.assets.contains(&claim.asset));
            let gone: Vec<i64> = gone.filter(|claim| claim.period.from < now).map(|claim| claim.number).collect();
            claims::set_until(tx, &gone, now)?;
            for asset in &one.assets {
                if there.iter().any(|claim| claim.asset == *asset) {
                    continue;
                }
                let period = Period::new(one.since.unwrap_or(now), None)?;
                let new = NewClaim { party: one.party.id.clone(), asset: asset.clone(), label: String::new(), period };
                self.claim(tx, &new, &by, now)?;
            }
        }
        Ok(())
    }
}
