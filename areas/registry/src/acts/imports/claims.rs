//! The claims of a file, some at a time: compared with the register and with one another, then written.

use super::{Collides, Work, of_line};
use crate::{
    RegistryError,
    acts::parties::known,
    import::{Form, LINES_MAX, Line, Options},
    model::{
        Asset, Claim, ClaimState, MatterKind, NewClaim, Party, PartyState, Period,
        claim::{CLAIMS_MAX, Collision, LABEL_CHARS_MAX, collision},
        words::line,
    },
    store::{claims, matters::NewMatter, places_around},
};
use sipar_model::{DomainName, Observable, PartyId};
use sipar_store::Tx;
use std::collections::HashSet;

/// Lines compared and written in one step.
const STEP_LINES: usize = 1_000;

/// Collisions that a report tells one by one; each is in the queue as a matter besides.
const COLLISIONS_TOLD_MAX: usize = 500;

impl Work<'_> {
    /// Enters what lines claim.
    pub(super) fn claims(
        &mut self,
        tx: &mut Tx<'_>,
        lines: &[Line],
        bad: &HashSet<PartyId>,
        options: &Options,
    ) -> Result<(), RegistryError> {
        let mut left = (CLAIMS_MAX as u64).saturating_sub(claims::count(tx)?);
        let own = match (&options.party, self.form) {
            (Some(party), Form::Certificates) => Some(own_names(tx, party)?),
            _ => None,
        };
        let mut refused: HashSet<PartyId> = bad.clone();
        let mut good: HashSet<PartyId> = HashSet::new();
        let owning = lines.iter().filter(|line| line.asset.is_some() && !self.lost.contains(&line.line));
        let owning: Vec<&Line> = owning.collect();
        for step in owning.chunks(STEP_LINES) {
            let mut new: Vec<(&Line, NewClaim)> = Vec::with_capacity(step.len());
            for line in step {
                match self.new_claim(tx, line, own.as_ref(), &mut good, &mut refused)? {
                    Ok(claim) => new.push((line, claim)),
                    Err(why) => self.refuse(line, &why)?,
                }
            }
            self.step(tx, &new, &mut left)?;
        }
        Ok(())
    }

    /// What a line claims, or why it cannot.
    fn new_claim(
        &self,
        tx: &mut Tx<'_>,
        from: &Line,
        own: Option<&HashSet<DomainName>>,
        good: &mut HashSet<PartyId>,
        refused: &mut HashSet<PartyId>,
    ) -> Result<Result<NewClaim, String>, RegistryError> {
        if refused.contains(&from.party) {
            return Ok(Err(format!("the party `{}` cannot be taken; see the line that tells of it", from.party)));
        }
        if !good.contains(&from.party) {
            match known(tx, &from.party) {
                Ok(Party { state: PartyState::Refused, .. }) => {
                    refused.insert(from.party.clone());
                    return Ok(Err(format!("the party `{}` was refused", from.party)));
                }
                Ok(_) => good.insert(from.party.clone()),
                Err(error) => return of_line(error).map(Err),
            };
        }
        let Some(asset) = from.asset.clone() else { return Ok(Err("there is no asset".into())) };
        let under = |name: &DomainName, own: &HashSet<DomainName>| {
            std::iter::successors(Some(name.clone()), DomainName::parent).any(|name| own.contains(&name))
        };
        if let (Some(own), Asset::Thing(Observable::Domain(name))) = (own, &asset)
            && !under(name, own)
        {
            return Ok(Err(
                "the name is not under one that the party owns; it may only share a certificate with it".into()
            ));
        }
        let made = line("the label", &from.label, LABEL_CHARS_MAX).and_then(|label| {
            let period = Period::new(from.from.unwrap_or(self.now), from.until)?;
            Ok(NewClaim { party: from.party.clone(), asset, label, period })
        });
        match made {
            Ok(claim) => Ok(Ok(claim)),
            Err(error) => of_line(error).map(Err),
        }
    }

    /// Compares some claims with the register and with one another, and writes them.
    fn step(&mut self, tx: &mut Tx<'_>, new: &[(&Line, NewClaim)], left: &mut u64) -> Result<(), RegistryError> {
        let own = claims::own_on_many(tx, new.iter().map(|(_, new)| (&new.party, &new.asset)))?;
        let others = claims::on_and_within_many(tx, new.iter().map(|(_, new)| (&new.party, &new.asset)))?;
        // Claims of this step, as they will be: the later lines are compared with them.
        let mut made: Vec<Claim> = Vec::with_capacity(new.len());
        let mut collisions: Vec<(usize, &Line, Collision)> = Vec::new();
        for (((line, new), own), others) in new.iter().zip(own).zip(others) {
            let again =
                |old: &&Claim| old.party == new.party && old.asset == new.asset && old.period.meets(&new.period);
            if made.iter().any(|old| again(&old)) {
                self.report.claims.same += 1;
                self.note(line, "claim of the file itself");
                continue;
            }
            if let Some(old) = own.iter().find(|old| again(old)) {
                self.again(tx, line, new, old)?;
                continue;
            }
            if made.len() as u64 >= *left {
                return Err(RegistryError::Full(format!("the register takes {CLAIMS_MAX} claims; this file has more")));
            }
            let found = collision(new, others.iter().chain(&made)).or_else(|| self.within_proven(new));
            let state = if found.is_some() { ClaimState::Held } else { ClaimState::Active };
            match found {
                None => self.report.claims.added += 1,
                Some(found) => {
                    self.report.claims.waiting += 1;
                    collisions.push((made.len(), line, found));
                }
            }
            self.note(line, &format!("claim of {}", new.party));
            made.push(Claim {
                // Numbers of this step are below nought until they are given.
                number: -1 - i64::try_from(made.len()).unwrap_or(i64::MAX),
                party: new.party.clone(),
                asset: new.asset.clone(),
                label: new.label.clone(),
                period: new.period,
                state,
                added_by: self.by.as_str().to_owned(),
                added_at: self.now,
            });
        }
        *left -= made.len() as u64;
        self.write(tx, &made, collisions)
    }

    fn write(
        &mut self,
        tx: &mut Tx<'_>,
        made: &[Claim],
        collisions: Vec<(usize, &Line, Collision)>,
    ) -> Result<(), RegistryError> {
        if made.is_empty() {
            return Ok(());
        }
        let rows: Vec<(NewClaim, ClaimState)> = made
            .iter()
            .map(|claim| {
                let new = NewClaim {
                    party: claim.party.clone(),
                    asset: claim.asset.clone(),
                    label: claim.label.clone(),
                    period: claim.period,
                };
                (new, claim.state)
            })
            .collect();
        let first = claims::add(tx, &rows, self.by.as_str(), self.now)?;
        for (place, line, found) in collisions {
            let other = match usize::try_from(-1 - found.with).ok().and_then(|place| made.get(place)) {
                Some(of_step) => Claim { number: first + (-1 - found.with), ..of_step.clone() },
                None => claims::one(tx, found.with)?.ok_or(RegistryError::BadRow)?,
            };
            let collides = Collides {
                line: line.line,
                party: made[place].party.to_string(),
                asset: made[place].asset.value(),
                kind: found.kind,
                with: other.party.to_string(),
            };
            self.note(line, &format!("{}: {} of {}", found.kind, other.asset, other.party));
            if self.report.collisions.len() < COLLISIONS_TOLD_MAX {
                self.report.collisions.push(collides);
            }
            let matter = NewMatter {
                kind: found.kind,
                party: made[place].party.clone(),
                claim: Some(first + i64::try_from(place).unwrap_or(0)),
                other_party: other.party,
                other_claim: Some(other.number),
            };
            self.registry.wait(tx, &matter, &self.by, self.now)?;
        }
        Ok(())
    }

    /// What somebody else has proven around a claim: then it waits for a person.
    fn within_proven(&self, new: &NewClaim) -> Option<Collision> {
        if self.proven.is_empty() || !new.asset.is_exclusive() {
            return None;
        }
        let mut around = places_around(&new.asset).into_iter().filter_map(|place| self.proven.get(&place)).flatten();
        let theirs = around.find(|one| one.party != new.party && one.period.meets(&new.period))?;
        Some(Collision { kind: MatterKind::Inside, with: theirs.claim })
    }

    /// A claim that is there: its label and an earlier end become those of the line, where the line says them. A later end
    /// could meet what somebody else has had since, so that is a claim of its own.
    fn again(&mut self, tx: &mut Tx<'_>, from: &Line, new: &NewClaim, old: &Claim) -> Result<(), RegistryError> {
        let mut became = "claim as it was";
        if let (Some(ours), Some(theirs)) = (from.until, old.period.until)
            && ours > theirs
        {
            let why =
                "it is claimed already, and ends earlier; give what follows with a `from` that is not before that";
            return self.refuse(from, why);
        }
        if let Some(until) = from.until.filter(|until| old.period.until != Some(*until)) {
            if until <= old.period.from {
                return self.refuse(from, "it is claimed already, and would end before it began");
            }
            claims::set_until(tx, &[old.number], until)?;
            became = "claim ends";
        }
        if !new.label.is_empty() && new.label != old.label {
            claims::set_label(tx, old.number, &new.label)?;
            became = "claim changed";
        }
        match became {
            "claim as it was" => self.report.claims.same += 1,
            _ => self.report.claims.changed += 1,
        }
        self.note(from, became);
        Ok(())
    }
}

/// The names that a party owns.
fn own_names(tx: &mut Tx<'_>, party: &PartyId) -> Result<HashSet<DomainName>, RegistryError> {
    let claims = claims::of_party(tx, party, 0, LINES_MAX)?;
    let counts = claims.into_iter().filter(|claim| claim.state == ClaimState::Active);
    Ok(counts.filter_map(|claim| claim.asset.observable().and_then(Observable::name).cloned()).collect())
}
