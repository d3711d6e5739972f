//! Making somebody an administrator: one asks, another agrees; but where there is one alone, who else should.

use super::{another, person};
use crate::{
    People, PeopleError,
    error::say,
    model::{
        Actor, CHANGED, Person, What,
        grant::{ALONE_AFTER_MS, Granted, takes_two},
        recovery::{RecoveryRefusal, may_agree},
    },
    store::{events, parties, persons},
};
use sipar_authz::Role;
use sipar_model::TimestampMs;
use sipar_store::Tx;

impl People {
    /// Agrees that somebody becomes an administrator.
    ///
    /// # Errors
    /// When the same person asked, or somebody who may not any more; it is about oneself, nobody asked, or it waited too
    /// long.
    pub async fn agree_grant(&self, handle: String, by: Actor) -> Result<(), PeopleError> {
        let (now, house) = (self.house.clock.now(), self.house.clone());
        self.act(move |tx| {
            let person = another(tx, &handle, &by)?;
            let missing = || PeopleError::Missing(say("people-none-grant", [("handle", handle.as_str().into())]));
            let pending = parties::grant(tx, person.number)?.ok_or_else(missing)?;
            let who = by.known_as(&pending.asked_by, pending.asker);
            if !house.may_approve(who, &[&pending.asked_by], Some(person.handle.as_str())) {
                return Err(RecoveryRefusal::Asker.into());
            }
            let asker = pending.asker.map(|number| persons::by_number(tx, number)).transpose()?.flatten();
            may_agree(pending.asked_at, asker.as_ref(), now)?;
            if !person.active() {
                return Err(RecoveryRefusal::Ended.into());
            }
            parties::remove_grant(tx, person.number)?;
            let detail = format!("asked by {}", pending.asked_by);
            events::write(tx, person.number, What::GrantAgreed, &by.label, &detail, now)?;
            become_administrator(tx, &person, &by, now)
        })
        .await
    }

    /// Calls it off: any administrator may.
    ///
    /// # Errors
    /// When there is none.
    pub async fn call_off_grant(&self, handle: String, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            if !parties::remove_grant(tx, person.number)? {
                return Err(PeopleError::Missing(say("people-none-grant", [("handle", handle.as_str().into())])));
            }
            Ok(events::write(tx, person.number, What::GrantCalledOff, &by.label, "", now)?)
        })
        .await
    }
}

/// Makes somebody an administrator, or asks a second one to agree.
pub(super) fn grant(tx: &mut Tx<'_>, person: &Person, by: &Actor, now: TimestampMs) -> Result<Granted, PeopleError> {
    let one_left = events::administrator_left(tx, now.plus_ms(-ALONE_AFTER_MS))?;
    if takes_two(persons::active_administrators(tx)?, one_left) {
        parties::ask_grant(tx, person.number, by, now)?;
        events::write(tx, person.number, What::GrantAsked, &by.label, "", now)?;
        return Ok(Granted::Waits);
    }
    tracing::warn!(person.number = person.number.0, "one administrator alone made another: there was nobody to agree");
    become_administrator(tx, person, by, now)?;
    Ok(Granted::Alone)
}

fn become_administrator(tx: &mut Tx<'_>, person: &Person, by: &Actor, now: TimestampMs) -> Result<(), PeopleError> {
    persons::set_role(tx, person.number, Role::Admin)?;
    let detail = format!("{}{CHANGED}{}", person.role, Role::Admin);
    Ok(events::write(tx, person.number, What::RoleChanged, &by.label, &detail, now)?)
}
