//! What waits is decided by a person, who is not the one that entered it.

use super::{Actor, parties::known};
use crate::{
    Registry, RegistryError,
    model::{Claim, ClaimState, Decided, Matter, MatterKind, Outcome, PartyState, Period},
    store::{claims, matters, parties},
};
use sipar_ledger::{Commitment, Entry, Salt};
use sipar_model::TimestampMs;
use sipar_store::Tx;

/// What somebody decides.
#[derive(Clone)]
pub struct Verdict {
    /// Who.
    pub by: Actor,
    /// What.
    pub outcome: Outcome,
    /// Why, in a line.
    pub reason: String,
    /// For the ledger's commitment to what it was about.
    pub salt: Salt,
}

impl std::fmt::Debug for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdict").field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

impl Registry {
    /// Decides a matter: rows and ledger entry in this transaction.
    ///
    /// The ledger is public and the register is not, so the entry says that somebody decided and what came of it; what it
    /// was about stands there as a commitment.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn decide(
        &self,
        tx: &mut Tx<'_>,
        number: i64,
        verdict: &Verdict,
        now: TimestampMs,
    ) -> Result<Matter, RegistryError> {
        let no_matter =
            || RegistryError::Missing(format!("matter {number}; `sipar asset waiting` shows those that wait"));
        let matter = matters::one(tx, number)?.ok_or_else(no_matter)?;
        if matter.decided.is_some() {
            return Err(RegistryError::Conflict(format!("matter {number} is decided already")));
        }
        // INVARIANT: nobody agrees to what they entered themselves.
        if !self.house.may_approve(verdict.by.as_str(), &[&matter.opened_by], None) {
            let why = "you entered this yourself; somebody with another key has to decide about it";
            return Err(RegistryError::NotYou(why.into()));
        }
        match matter.claim {
            None => {
                let agreed = verdict.outcome == Outcome::Agreed;
                let state = if agreed { PartyState::Active } else { PartyState::Refused };
                parties::set_state(tx, &matter.party, state)?;
            }
            Some(claim) => settle(tx, &matter, claim, verdict.outcome)?,
        }
        let about = format!("{} {} {} {}", matter.kind, matter.party, matter.other_party, verdict.reason);
        let body = serde_json::json!({
            "matter": number, "of": matter.kind, "outcome": verdict.outcome, "by": verdict.by.as_str(),
            "about": Commitment::new(&verdict.salt, &about).as_str(), "opened_at": matter.opened_at,
        });
        let places = sipar_ledger::append(tx, &[Entry::new("register", now, body)], now)?;
        let decided = Decided {
            at: now,
            by: verdict.by.as_str().to_owned(),
            outcome: verdict.outcome,
            reason: verdict.reason.clone(),
            ledger_index: places.first().copied().unwrap_or_default(),
        };
        matters::close(tx, number, &decided, &crate::model::key::hex(verdict.salt.as_bytes()))?;
        known(tx, &matter.party)?;
        Ok(Matter { decided: Some(decided), ..matter })
    }
}

/// Lets a claim count, or not. Where it takes the place of another on the same thing, that one ends when it begins.
fn settle(tx: &mut Tx<'_>, matter: &Matter, number: i64, outcome: Outcome) -> Result<(), RegistryError> {
    let claim = claims::one(tx, number)?.ok_or(RegistryError::BadRow)?;
    if outcome == Outcome::Refused {
        return claims::set_state(tx, number, ClaimState::Refused);
    }
    if matter.kind == MatterKind::SameThing {
        // Others may have come since the matter was opened: of all of them one remains.
        let theirs = claims::on_and_within(tx, &claim.party, &claim.asset)?;
        for other in theirs.iter().filter(|other| other.asset == claim.asset) {
            give_way(tx, other, &claim)?;
        }
    }
    claims::set_state(tx, number, ClaimState::Active)
}

/// The part of `old` that `new` takes is over.
fn give_way(tx: &mut Tx<'_>, old: &Claim, new: &Claim) -> Result<(), RegistryError> {
    if !old.period.meets(&new.period) {
        return Ok(());
    }
    match Period::new(old.period.from, Some(new.period.from)) {
        Ok(before) => claims::set_until(tx, &[old.number], before.until.unwrap_or(new.period.from)),
        // It began no earlier: nothing of it remains.
        Err(_) => claims::set_state(tx, old.number, ClaimState::Refused),
    }
}
