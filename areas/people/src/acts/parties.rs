//! Who is what in which party.

use super::{another, person};
use crate::{
    People, PeopleError,
    error::say,
    model::{Actor, Member, What},
    store::{events, parties},
};
use sipar_area::Owners as _;
use sipar_authz::{Membership, PartyRole, membership::MEMBERSHIPS_MAX};
use sipar_model::PartyId;

impl People {
    /// Makes somebody else this in a party. Whether `by` may say so there has been asked already.
    ///
    /// # Errors
    /// When there is no such party or person, it is oneself, or they are in too many.
    pub async fn set_member(
        &self,
        handle: String,
        party: PartyId,
        role: PartyRole,
        by: Actor,
    ) -> Result<(), PeopleError> {
        if self.house.owners.standing(&party).is_none() {
            let given = party.as_str().into();
            return Err(PeopleError::Missing(say("people-none-party", [("party", given)])));
        }
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = another(tx, &handle, &by)?;
            if !person.active() {
                return Err(crate::model::recovery::RecoveryRefusal::Ended.into());
            }
            let now_in = parties::of(tx, person.number)?;
            let new = Membership { party: party.clone(), role };
            if now_in.contains(&new) {
                return Ok(());
            }
            let others = now_in.iter().filter(|one| one.party != party).count();
            if others >= MEMBERSHIPS_MAX {
                let max = MEMBERSHIPS_MAX.into();
                return Err(PeopleError::Given(say("people-refused-memberships", [("max", max)])));
            }
            parties::set(tx, person.number, &new, &by.label, now)?;
            let detail = format!("{party}: {role}");
            Ok(events::write(tx, person.number, What::PartyRole, &by.label, &detail, now)?)
        })
        .await
    }

    /// Makes somebody nothing in a party any more.
    ///
    /// # Errors
    /// When they are nothing there.
    pub async fn end_member(&self, handle: String, party: PartyId, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            if !parties::remove(tx, person.number, &party)? {
                let values = [("handle", handle.as_str().into()), ("party", party.as_str().into())];
                return Err(PeopleError::Missing(say("people-none-member", values)));
            }
            Ok(events::write(tx, person.number, What::PartyLeft, &by.label, party.as_str(), now)?)
        })
        .await
    }

    /// Who is what in these parties, or in all.
    pub(crate) async fn members(&self, parties: Option<Vec<PartyId>>) -> Result<Vec<Member>, PeopleError> {
        self.look(move |reader| Ok(parties::members(reader, parties.as_deref())?)).await
    }
}
