//! Proof of what is claimed: asked for, found or missed, answered, agreed to by a second person.

use super::{Actor, claims::known_claim, parties::known};
use crate::{
    Registry, RegistryError, Verdict,
    model::{
        Claim, ClaimState, Collision, MatterKind, Method, NewClaim, Outcome, Proof, ProofState, Purpose, key::hex,
        proof::fits,
    },
    store::{people, proofs},
};
use sipar_ledger::{Commitment, Entry};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::{Reader, Tx};

/// Proofs that are not over: five of a hundred claims of the largest register. Each is looked at once a week.
const PROOFS_MAX: u64 = 100_000;

/// Proofs of one claim that are shown: a new one takes the place of the old of its way.
pub const OF_CLAIM_MAX: usize = 50;

pub(crate) fn no_proof(number: i64) -> RegistryError {
    RegistryError::Missing(format!("proof {number}; `sipar asset proofs` shows those that there are"))
}

fn known_proof(reader: &mut Reader<'_>, number: i64) -> Result<Proof, RegistryError> {
    proofs::one(reader, number)?.ok_or_else(|| no_proof(number))
}

/// Whether anything of a claim can still be proven.
fn lasts(claim: &Claim, now: TimestampMs) -> bool {
    claim.state != ClaimState::Refused && claim.period.until.is_none_or(|until| until > now)
}

/// Whom a letter about a claim goes to: whoever holds the innermost network around it in the register, or the party
/// itself; there, whom one reaches about technical matters.
fn registered_contact(
    reader: &mut Reader<'_>,
    claim: &Claim,
    now: TimestampMs,
) -> Result<(PartyId, String), RegistryError> {
    let holder = proofs::holders_around(reader, claim, now)?.into_iter().next();
    let party = holder.unwrap_or_else(|| claim.party.clone());
    let contacts = people::contacts(reader, &party)?;
    let contact = contacts.into_iter().find(|contact| contact.purpose == Purpose::Technical).ok_or_else(|| {
        RegistryError::Given(format!(
            "`{party}` has no technical contact to write to; enter one, or let a second person agree with `approval`"
        ))
    })?;
    Ok((party, contact.mail))
}

/// A claim within what somebody else has proven waits for a person.
pub(super) fn within_proven(
    reader: &mut Reader<'_>,
    new: &NewClaim,
    now: TimestampMs,
) -> Result<Option<Collision>, RegistryError> {
    let around = proofs::proven_around(reader, &new.asset, now)?;
    let theirs = around.into_iter().find(|one| one.party != new.party && one.period.meets(&new.period));
    Ok(theirs.map(|one| Collision { kind: MatterKind::Inside, with: one.claim }))
}

impl Registry {
    /// Asks for proof of a claim. What was asked in the same way before is over.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn ask_proof(
        &self,
        tx: &mut Tx<'_>,
        number: i64,
        method: Method,
        challenge: &str,
        by: &Actor,
        now: TimestampMs,
    ) -> Result<Proof, RegistryError> {
        let claim = known_claim(tx, number)?;
        if !lasts(&claim, now) {
            let why = format!("claim {number} does not count any more, so there is nothing to prove");
            return Err(RegistryError::Conflict(why));
        }
        if !fits(method, claim.asset.kind()) {
            let why = "names are proven by `dns` or `file`, addresses and networks by `mail` or `approval`";
            return Err(RegistryError::Given(format!("a {} is not proven by {method}; {why}", claim.asset.kind())));
        }
        if proofs::open_count(tx)? >= PROOFS_MAX {
            return Err(RegistryError::Full(format!("{PROOFS_MAX} proofs are open, as many as the register takes")));
        }
        let sent_to = match method {
            Method::Mail => registered_contact(tx, &claim, now)?.1,
            Method::Dns | Method::File | Method::Approval => String::new(),
        };
        for old in proofs::of_claim(tx, number, OF_CLAIM_MAX)? {
            // What is proven stays so until the new one is, too.
            if old.method == method && old.state == ProofState::Asked {
                proofs::put(tx, &old.ended("it was asked for anew"))?;
            }
        }
        let proof = Proof::asked(proofs::next_number(tx)?, number, method, &sent_to, by.as_str(), now);
        proofs::add(tx, &proof, challenge)?;
        Ok(proof)
    }

    /// Writes what a look at a name found: that the challenge stands there, or why not. Nothing to do when somebody else
    /// has looked meanwhile.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn looked(
        &self,
        tx: &mut Tx<'_>,
        before: &Proof,
        found: &Result<(), String>,
        now: TimestampMs,
    ) -> Result<Option<Proof>, RegistryError> {
        let proof = known_proof(tx, before.number)?;
        if (proof.state, proof.checked_at) != (before.state, before.checked_at) || proof.state == ProofState::Ended {
            return Ok(None);
        }
        let claim = known_claim(tx, proof.claim)?;
        let after = match (lasts(&claim, now), found) {
            (false, _) => proof.ended("the claim is over"),
            (true, Ok(())) => self.now_proven(tx, &proof, now)?,
            (true, Err(why)) => proof.missed(why, now),
        };
        proofs::put(tx, &after)?;
        Ok(Some(after))
    }

    /// Ends what time alone has ended.
    ///
    /// # Errors
    /// When the store refuses.
    pub fn lapse(&self, tx: &mut Tx<'_>, number: i64, now: TimestampMs) -> Result<Proof, RegistryError> {
        let proof = known_proof(tx, number)?;
        let claim = known_claim(tx, proof.claim)?;
        let after = if lasts(&claim, now) { proof.lapsed(now) } else { proof.ended("the claim is over") };
        proofs::put(tx, &after)?;
        Ok(after)
    }

    /// The new proof of its way takes the place of the old one.
    fn now_proven(&self, tx: &mut Tx<'_>, proof: &Proof, now: TimestampMs) -> Result<Proof, RegistryError> {
        for old in proofs::of_claim(tx, proof.claim, OF_CLAIM_MAX)? {
            if old.number != proof.number && old.method == proof.method && old.state != ProofState::Ended {
                proofs::put(tx, &old.ended("a newer proof took its place"))?;
            }
        }
        Ok(proof.proven(now))
    }

    /// The code of a letter came back.
    ///
    /// # Errors
    /// When no letter that waits has it.
    pub fn answer_proof(&self, tx: &mut Tx<'_>, challenge: &str, now: TimestampMs) -> Result<Proof, RegistryError> {
        let found = proofs::answered(tx, challenge)?;
        let no_letter = || {
            let why = "letter that waits for this code; it was answered already, or has run out: ask for a new one";
            RegistryError::Missing(why.into())
        };
        let proof = found.ok_or_else(no_letter)?;
        let claim = known_claim(tx, proof.claim)?;
        if now >= proof.asked_at.plus_days(crate::model::proof::ASKED_DAYS) || !lasts(&claim, now) {
            return Err(no_letter());
        }
        let after = self.now_proven(tx, &proof, now)?;
        proofs::put(tx, &after)?;
        Ok(after)
    }

    /// A second person agrees to a claim, or does not: rows and ledger entry in this transaction.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn decide_proof(
        &self,
        tx: &mut Tx<'_>,
        number: i64,
        verdict: &Verdict,
        now: TimestampMs,
    ) -> Result<Proof, RegistryError> {
        let proof = known_proof(tx, number)?;
        if (proof.method, proof.state) != (Method::Approval, ProofState::Asked) {
            return Err(RegistryError::Conflict(format!("proof {number} does not wait for the word of a person")));
        }
        let claim = known_claim(tx, proof.claim)?;
        known(tx, &claim.party)?;
        // INVARIANT: nobody agrees to what they asked for, or to a claim that they entered.
        let by = verdict.by.as_str();
        if !self.house.may_approve(by, &[&proof.asked_by, &claim.added_by], None) {
            let why = "you entered this yourself; somebody with another key has to agree";
            return Err(RegistryError::NotYou(why.into()));
        }
        if !lasts(&claim, now) {
            return Err(RegistryError::Conflict(format!("claim {} does not count any more", claim.number)));
        }
        let about = format!("{} {} {}", claim.party, claim.asset, verdict.reason);
        let body = serde_json::json!({
            "proof": number, "outcome": verdict.outcome, "by": by,
            "about": Commitment::new(&verdict.salt, &about).as_str(),
        });
        let places = sipar_ledger::append(tx, &[Entry::new("proof", now, body)], now)?;
        let after = match verdict.outcome {
            Outcome::Agreed => self.now_proven(tx, &proof, now)?,
            Outcome::Refused => proof.ended(""),
        };
        let after = Proof {
            why: verdict.reason.clone(),
            decided_by: Some(by.to_owned()),
            ledger_index: places.first().copied(),
            ..after
        };
        proofs::decide(tx, &after, &hex(verdict.salt.as_bytes()))?;
        Ok(after)
    }
}
