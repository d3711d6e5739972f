//! Who says that they own what, from when until when.

use super::{
    asset::Asset,
    vocabulary::{ClaimState, MatterKind, Outcome},
    words::line,
};
use crate::RegistryError;
use serde::{Deserialize, Serialize};
use sipar_model::{Observable, PartyId, TimestampMs};

/// Claims of all parties: a country's networks, names and systems, some ten times over. A look-up needs 50 bytes for each.
pub const CLAIMS_MAX: usize = 2_000_000;

/// Characters of a label.
pub const LABEL_CHARS_MAX: usize = 120;

/// When something is owned: from a time on, until before another, or for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first moment.
    pub from: TimestampMs,
    /// The first moment after it; none: it goes on.
    pub until: Option<TimestampMs>,
}

impl Period {
    /// A period that is not empty.
    ///
    /// # Errors
    /// When it ends before it begins.
    pub fn new(from: TimestampMs, until: Option<TimestampMs>) -> Result<Self, RegistryError> {
        if until.is_some_and(|until| until <= from) {
            let why = "what is owned is owned for some time: `until` must be later than `from`";
            return Err(RegistryError::Given(why.into()));
        }
        Ok(Self { from, until })
    }

    /// Whether `at` lies in it.
    #[must_use]
    pub fn holds(&self, at: TimestampMs) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Whether both hold at some moment.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let begins_before = |one: &Self, other: &Self| other.until.is_none_or(|until| one.from < until);
        begins_before(self, other) && begins_before(other, self)
    }
}

/// A party says that it owns something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// Its number.
    pub number: i64,
    /// Who.
    pub party: PartyId,
    /// What.
    pub asset: Asset,
    /// What the party calls it.
    pub label: String,
    /// When.
    #[serde(flatten)]
    pub period: Period,
    /// How it stands.
    pub state: ClaimState,
    /// Where it came from: `person:ROLE` or `import:NUMBER`.
    pub added_by: String,
    /// When it was entered.
    pub added_at: TimestampMs,
}

/// What somebody claims, as it comes in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimDraft {
    /// Who.
    pub party: String,
    /// What.
    pub asset: String,
    /// Of which kind; empty: as it looks.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// What the party calls it.
    #[serde(default)]
    pub label: String,
    /// From when; none: from now.
    #[serde(default)]
    pub from: Option<TimestampMs>,
    /// Until when; none: it goes on.
    #[serde(default)]
    pub until: Option<TimestampMs>,
}

/// What somebody claims, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewClaim {
    /// Who.
    pub party: PartyId,
    /// What.
    pub asset: Asset,
    /// What the party calls it.
    pub label: String,
    /// When.
    pub period: Period,
}

impl ClaimDraft {
    /// Reads it.
    ///
    /// # Errors
    /// Names the part that cannot be taken.
    pub fn read(&self, now: TimestampMs) -> Result<NewClaim, RegistryError> {
        let party = PartyId::parse(self.party.trim()).map_err(|error| RegistryError::Given(error.to_string()))?;
        Ok(NewClaim {
            party,
            asset: Asset::read(&self.kind, &self.asset)?,
            label: line("the label", &self.label, LABEL_CHARS_MAX)?,
            period: Period::new(self.from.unwrap_or(now), self.until)?,
        })
    }
}

/// Why a claim has to wait for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// What is wrong.
    pub kind: MatterKind,
    /// The claim of somebody else.
    pub with: i64,
}

/// What stands in the way of `new` among the claims that count: the same thing at the same time first, then what it
/// would cover. A claim inside somebody else's is none: the longest match leaves the rest with them.
#[must_use]
pub fn collision<'a>(new: &NewClaim, others: impl IntoIterator<Item = &'a Claim>) -> Option<Collision> {
    let mut covered = None;
    for other in others {
        let theirs = other.state == ClaimState::Active && other.party != new.party && other.period.meets(&new.period);
        if !theirs || !new.asset.is_exclusive() {
            continue;
        }
        if other.asset == new.asset {
            return Some(Collision { kind: MatterKind::SameThing, with: other.number });
        }
        if covered.is_none() && covers(&new.asset, &other.asset) {
            covered = Some(Collision { kind: MatterKind::Covers, with: other.number });
        }
    }
    covered
}

/// Whether `inner` lies within `outer`, and is not the same.
#[must_use]
pub fn covers(outer: &Asset, inner: &Asset) -> bool {
    let (Some(outer), Some(inner)) = (outer.observable(), inner.observable()) else { return false };
    outer != inner
        && match (outer, inner) {
            (Observable::Domain(outer), Observable::Domain(inner)) => inner.is_within(outer),
            (Observable::Prefix(outer), Observable::Address(inner)) => outer.contains(*inner),
            (Observable::Prefix(outer), Observable::Prefix(inner)) => {
                outer.length() < inner.length() && outer.contains(inner.addr())
            }
            _ => false,
        }
}

/// Something that waits for a person, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matter {
    /// Its number.
    pub number: i64,
    /// Why it waits.
    pub kind: MatterKind,
    /// Whose name or claim waits.
    pub party: PartyId,
    /// The claim that waits; none: the party's name.
    pub claim: Option<i64>,
    /// The party that it touches.
    pub other_party: PartyId,
    /// The claim that it touches.
    pub other_claim: Option<i64>,
    /// Since when.
    pub opened_at: TimestampMs,
    /// Who entered what waits.
    pub opened_by: String,
    /// What was decided.
    pub decided: Option<Decided>,
}

/// What a person decided on a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// When.
    pub at: TimestampMs,
    /// Who.
    pub by: String,
    /// What.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// Where it stands in the ledger.
    pub ledger_index: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: i64, until: Option<i64>) -> Period {
        Period::new(TimestampMs(from), until.map(TimestampMs)).expect("a period")
    }

    #[test]
    fn periods() {
        assert!(Period::new(TimestampMs(5), Some(TimestampMs(5))).is_err());
        let check = |one: Period, other: Period, expect: bool| {
            assert_eq!((one.meets(&other), other.meets(&one)), (expect, expect), "{one:?} {other:?}");
        };
        check(period(0, None), period(9, None), true);
        check(period(0, Some(5)), period(5, None), false);
        check(period(0, Some(6)), period(5, Some(9)), true);
        check(period(0, Some(5)), period(9, Some(10)), false);
        let some = period(2, Some(4));
        let at: Vec<bool> = (1..=4).map(|at| some.holds(TimestampMs(at))).collect();
        assert_eq!(at, [false, true, true, false]);
    }

    fn claim(number: i64, party: &str, asset: &str) -> Claim {
        Claim {
            number,
            party: PartyId::parse(party).expect(party),
            asset: Asset::guess(asset).expect(asset),
            label: String::new(),
            period: period(10, None),
            state: ClaimState::Active,
            added_by: "person:desk".into(),
            added_at: TimestampMs(0),
        }
    }

    #[test]
    fn what_collides() {
        let there = [claim(1, "a", "bank.example"), claim(2, "a", "192.0.2.0/24"), claim(3, "b", "2001:db8:1::/48")];
        let check = |party: &str, asset: &str, period: Period, expect: Option<(MatterKind, i64)>| {
            let new = NewClaim {
                party: PartyId::parse(party).expect(party),
                asset: Asset::guess(asset).expect(asset),
                label: String::new(),
                period,
            };
            let found = collision(&new, &there).map(|found| (found.kind, found.with));
            assert_eq!(found, expect, "{party} {asset}");
        };
        let always = period(0, None);
        check("b", "bank.example", always, Some((MatterKind::SameThing, 1)));
        check("a", "bank.example", always, None);
        check("b", "bank.example", period(0, Some(10)), None);
        check("b", "www.bank.example", always, None);
        check("b", "192.0.0.0/16", always, Some((MatterKind::Covers, 2)));
        check("b", "192.0.2.0/24", always, Some((MatterKind::SameThing, 2)));
        check("b", "192.0.2.7", always, None);
        check("c", "2001:db8::/32", always, Some((MatterKind::Covers, 3)));
        check("b", "2001:db8::/32", always, None);
        check("c", "pkg:cargo/serde", always, None);
    }
}
