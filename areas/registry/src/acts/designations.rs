//! Critical infrastructure is designated by a decision, which is looked at anew every year.

use super::{Actor, parties::known};
use crate::{
    Registry, RegistryError,
    model::{
        Grade, PartyState, Review,
        designation::{Designation, NewDesignation, REVIEW_DAYS, Step},
        key::hex,
    },
    store::designations,
};
use sipar_ledger::{Commitment, Entry, Salt};
use sipar_model::TimestampMs;
use sipar_store::Tx;

/// What somebody decides on a review.
#[derive(Clone)]
pub struct Reviewed {
    /// Whether it goes on. Never [`Review::Designated`].
    pub what: Review,
    /// The grade from now on; none: as it was.
    pub grade: Option<Grade>,
    /// Why.
    pub reason: String,
}

/// Who decides, when, and the salt for the ledger's commitment.
#[derive(Clone, Copy)]
pub struct Hand<'a> {
    /// Who.
    pub by: &'a Actor,
    /// For the commitment.
    pub salt: &'a Salt,
    /// When.
    pub now: TimestampMs,
}

impl Registry {
    /// Designates a party: rows and ledger entry in this transaction.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn designate(
        &self,
        tx: &mut Tx<'_>,
        new: &NewDesignation,
        hand: &Hand<'_>,
    ) -> Result<Designation, RegistryError> {
        let now = hand.now;
        if known(tx, &new.party)?.state != PartyState::Active {
            let why = format!("`{}` does not take part yet; decide about its name first", new.party);
            return Err(RegistryError::Conflict(why));
        }
        if let Some(number) = designations::standing(tx, &new.party)? {
            let why = format!("`{}` is designated already, as {number}; review that one", new.party);
            return Err(RegistryError::Conflict(why));
        }
        let number = designations::next_number(tx)?;
        let review_by = now.plus_days(REVIEW_DAYS);
        designations::add(tx, number, new, now, review_by)?;
        let designation = Designation {
            number,
            party: new.party.clone(),
            grade: new.grade,
            sector: new.sector.clone(),
            since: now,
            review_by,
            ended_at: None,
            steps: Vec::new(),
        };
        self.step(tx, &designation, Review::Designated, &new.reason, hand)
    }

    /// Looks at a designation anew.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub fn review(
        &self,
        tx: &mut Tx<'_>,
        number: i64,
        reviewed: &Reviewed,
        hand: &Hand<'_>,
    ) -> Result<Designation, RegistryError> {
        let now = hand.now;
        let missing = || RegistryError::Missing(format!("designation {number}"));
        let mut designation = designations::one(tx, number)?.ok_or_else(missing)?;
        if designation.ended_at.is_some() {
            let why = format!("designation {number} has ended; designate the party anew");
            return Err(RegistryError::Conflict(why));
        }
        match reviewed.what {
            Review::Confirmed => designation.review_by = now.plus_days(REVIEW_DAYS),
            Review::Ended => designation.ended_at = Some(now),
            Review::Designated => {
                return Err(RegistryError::Given("a review is confirmed or ended".into()));
            }
        }
        designation.grade = reviewed.grade.unwrap_or(designation.grade);
        designations::put(tx, &designation)?;
        self.step(tx, &designation, reviewed.what, &reviewed.reason, hand)
    }

    /// Writes a decision with its ledger entry. Which party it is stands there as a commitment: what is critical is
    /// counted in public, and not named.
    fn step(
        &self,
        tx: &mut Tx<'_>,
        designation: &Designation,
        what: Review,
        reason: &str,
        hand: &Hand<'_>,
    ) -> Result<Designation, RegistryError> {
        let (by, now) = (hand.by.as_str(), hand.now);
        let about = format!("{} {reason}", designation.party);
        let body = serde_json::json!({
            "designation": designation.number, "decision": what, "grade": designation.grade,
            "sector": designation.sector, "by": by, "about": Commitment::new(hand.salt, &about).as_str(),
            "review_by": designation.ended_at.is_none().then_some(designation.review_by),
        });
        let places = sipar_ledger::append(tx, &[Entry::new("designation", now, body)], now)?;
        let step = Step {
            at: now,
            by: by.to_owned(),
            what,
            grade: designation.grade,
            reason: reason.to_owned(),
            salt: hex(hand.salt.as_bytes()),
            ledger_index: places.first().copied().unwrap_or_default(),
        };
        designations::add_step(tx, designation.number, &step)?;
        designations::one(tx, designation.number)?.ok_or(RegistryError::BadRow)
    }
}
