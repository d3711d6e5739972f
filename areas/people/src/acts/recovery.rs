//! Letting somebody in again who has lost every passkey: one administrator asks, another agrees.

use super::{Grant, keep_link, person};
use crate::{
    People, PeopleError,
    error::say,
    model::{
        Actor, LinkKind, Reason, What,
        recovery::{RecoveryRefusal, may_agree, may_ask},
    },
    store::{events, persons, recoveries},
};

impl People {
    /// Asks for somebody's recovery.
    ///
    /// # Errors
    /// When it is one's own, or the account is ended.
    pub async fn ask_recovery(&self, handle: String, reason: Reason, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            may_ask(&by, &person)?;
            recoveries::ask(tx, &person, &reason, &by, now)?;
            Ok(events::write(tx, person.number, What::RecoveryAsked, &by.label, reason.as_str(), now)?)
        })
        .await
    }

    /// Agrees to it: makes the link, which replaces every passkey once it is used. Until then the passkeys before go on,
    /// so that a person who still has one sees what happens and can say so.
    ///
    /// # Errors
    /// When the same person asked, or somebody who may not any more; it is one's own, nobody asked, or it waited too long.
    pub async fn agree_recovery(&self, handle: String, by: Actor) -> Result<Grant, PeopleError> {
        let now = self.house.clock.now();
        let grant = self.grant(LinkKind::Recover)?;
        let (kept, house) = (grant.clone(), self.house.clone());
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            let missing = || PeopleError::Missing(say("people-none-recovery", [("handle", handle.as_str().into())]));
            let recovery = recoveries::find(tx, person.number)?.ok_or_else(missing)?;
            let asker = recovery.asker.map(|number| persons::by_number(tx, number)).transpose()?.flatten();
            may_ask(&by, &person)?;
            let who = by.known_as(&recovery.asked_by, recovery.asker);
            if !house.may_approve(who, &[&recovery.asked_by], Some(person.handle.as_str())) {
                return Err(RecoveryRefusal::Asker.into());
            }
            may_agree(recovery.asked_at, asker.as_ref(), now)?;
            recoveries::remove(tx, person.number)?;
            keep_link(tx, &kept, LinkKind::Recover, Some(person.number), now)?;
            let detail = format!("asked by {}", recovery.asked_by);
            Ok(events::write(tx, person.number, What::RecoveryAgreed, &by.label, &detail, now)?)
        })
        .await?;
        Ok(grant)
    }

    /// Calls a recovery off, and takes its link back: any administrator may, and the person themselves.
    ///
    /// # Errors
    /// When there is none.
    pub async fn call_off_recovery(&self, handle: String, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            let waited = recoveries::remove(tx, person.number)?;
            let linked = crate::store::links::take_back(tx, Some(person.number))? > 0;
            if !waited && !linked {
                return Err(PeopleError::Missing(say("people-none-to-call-off", [("handle", handle.as_str().into())])));
            }
            Ok(events::write(tx, person.number, What::RecoveryCalledOff, &by.label, "", now)?)
        })
        .await
    }
}
