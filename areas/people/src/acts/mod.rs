//! What is done about persons: each act checks its rule and writes the account's trail in one transaction.

mod enrolment;
mod grant;
mod keys;
mod outside;
mod parties;
mod recovery;

pub(crate) use enrolment::{Begun, FounderWords};
pub use keys::MadeKey;
pub(crate) use keys::TokenRefusal;
pub(crate) use outside::Outside;

use crate::{
    People, PeopleError,
    error::say,
    model::{
        Actor, CHANGED, Granted, Handle, Link, LinkKind, PERSONS_MAX, Person, PersonName, What,
        leaves_an_administrator, may_remove,
    },
    store::{events, links, parties as in_parties, passkeys, persons, recoveries, sessions},
};
use sipar_authz::{PersonNumber, Role, Secret, SessionNumber, SystemRandom};
use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx};
use sipar_web::Lang;
use uuid::Uuid;

/// Somebody who is to become a person here.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// What they are called in records.
    pub handle: Handle,
    /// What they are called on pages.
    pub name: PersonName,
    /// Their language.
    pub lang: Lang,
    /// What they may be.
    pub role: Role,
}

/// A link that was made: its secret is shown once.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The secret.
    pub secret: Secret,
    /// Until when it holds.
    pub expires_at: TimestampMs,
}

/// The person with this handle, or that there is none.
pub(crate) fn person(reader: &mut Reader<'_>, handle: &str) -> Result<Person, PeopleError> {
    let cut = || handle.chars().take(40).collect::<String>();
    let missing = || PeopleError::Missing(say("people-none-such", [("handle", cut().into())]));
    persons::by_handle(reader, handle)?.ok_or_else(missing)
}

/// A person's own record.
pub(crate) fn own(reader: &mut Reader<'_>, number: PersonNumber) -> Result<Person, PeopleError> {
    persons::by_number(reader, number)?.ok_or_else(|| PeopleError::Missing(say("people-none-yours", [])))
}

/// A role that a person may have.
pub(crate) fn persons_role(word: &str) -> Result<Role, PeopleError> {
    let given = || word.chars().take(40).collect::<String>();
    let role = word.parse::<Role>().ok().filter(|role| *role != Role::Public);
    role.ok_or_else(|| PeopleError::Given(say("people-refused-role", [("given", given().into())])))
}

impl People {
    /// Runs an act in one transaction; what it refuses is undone.
    pub(crate) async fn act<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Tx<'_>) -> Result<T, PeopleError> + Send + 'static,
    ) -> Result<T, PeopleError> {
        self.house.store.write(act).await
    }

    /// Reads one unchanging state.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Reader<'_>) -> Result<T, PeopleError> + Send + 'static,
    ) -> Result<T, PeopleError> {
        self.house.store.read(look).await
    }

    /// Makes somebody a person here, with a link to enrol their first passkey. Whoever is to be an administrator is a
    /// member until a second one has agreed.
    ///
    /// # Errors
    /// When the handle is taken or there are too many.
    pub async fn add(&self, new: NewPerson, by: Actor) -> Result<(Grant, Granted), PeopleError> {
        let (now, user) = (self.house.clock.now(), random_user()?);
        let grant = self.grant(LinkKind::Enrol)?;
        let kept = grant.clone();
        let granted = self.act(move |tx| {
            let role = if new.role == Role::Admin { Role::Member } else { new.role };
            let person = keep_new(tx, &NewPerson { role, ..new.clone() }, user, &by.label, now)?;
            events::write(tx, person.number, What::Created, &by.label, role.word(), now)?;
            let granted = match new.role {
                Role::Admin => grant::grant(tx, &person, &by, now)?,
                _ => Granted::Done,
            };
            keep_link(tx, &kept, LinkKind::Enrol, Some(person.number), now)?;
            events::write(tx, person.number, What::LinkMade, &by.label, "", now)?;
            Ok(granted)
        });
        Ok((grant, granted.await?))
    }

    /// Makes another link for somebody who has no passkey yet.
    ///
    /// # Errors
    /// When they have one, or had: then their account is theirs, and a recovery takes two. Else an administrator who ends
    /// an account and opens it again would be in it alone.
    pub async fn link(&self, handle: String, by: Actor) -> Result<Grant, PeopleError> {
        let now = self.house.clock.now();
        let grant = self.grant(LinkKind::Enrol)?;
        let kept = grant.clone();
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            if !person.active() {
                return Err(crate::model::recovery::RecoveryRefusal::Ended.into());
            }
            if person.enrolled_at.is_some() {
                return Err(PeopleError::HasPasskeys(handle.clone()));
            }
            keep_link(tx, &kept, LinkKind::Enrol, Some(person.number), now)?;
            Ok(events::write(tx, person.number, What::LinkMade, &by.label, "", now)?)
        })
        .await?;
        Ok(grant)
    }

    /// Changes what somebody else may be. That they become an administrator takes a second one, if there is any.
    ///
    /// # Errors
    /// When it is oneself, or the last administrator.
    pub async fn set_role(&self, handle: String, role: Role, by: Actor) -> Result<Granted, PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = another(tx, &handle, &by)?;
            keep_an_administrator(tx, &person, Some(role))?;
            if person.role == role {
                return Ok(Granted::Done);
            }
            if role == Role::Admin {
                return grant::grant(tx, &person, &by, now);
            }
            in_parties::remove_grant(tx, person.number)?;
            persons::set_role(tx, person.number, role)?;
            let detail = format!("{}{CHANGED}{role}", person.role);
            events::write(tx, person.number, What::RoleChanged, &by.label, &detail, now)?;
            Ok(Granted::Done)
        })
        .await
    }

    /// Ends somebody else's account: their sessions, links and passkeys open nothing any more. Records keep their handle.
    ///
    /// # Errors
    /// When it is oneself, or the last administrator.
    pub async fn end(&self, handle: String, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = another(tx, &handle, &by)?;
            keep_an_administrator(tx, &person, None)?;
            if !person.active() {
                return Ok(());
            }
            persons::set_ended(tx, person.number, Some(now))?;
            sessions::end_others(tx, person.number, None)?;
            links::take_back(tx, Some(person.number))?;
            passkeys::remove_all(tx, person.number)?;
            recoveries::remove(tx, person.number)?;
            in_parties::remove_grant(tx, person.number)?;
            in_parties::remove_all(tx, person.number)?;
            crate::store::keys::revoke_all(tx, person.number)?;
            crate::store::subjects::untie(tx, person.number)?;
            Ok(events::write(tx, person.number, What::Ended, &by.label, "", now)?)
        })
        .await
    }

    /// Opens an account again. Whoever had a passkey needs a recovery then, to which two administrators agree; others a
    /// new link.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn reopen(&self, handle: String, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = another(tx, &handle, &by)?;
            if person.active() {
                return Ok(());
            }
            persons::set_ended(tx, person.number, None)?;
            Ok(events::write(tx, person.number, What::Reopened, &by.label, "", now)?)
        })
        .await
    }

    /// Ends every session of somebody.
    ///
    /// # Errors
    /// When there is no such person.
    pub async fn end_sessions_of(&self, handle: String, by: Actor) -> Result<u64, PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = person(tx, &handle)?;
            let ended = sessions::end_others(tx, person.number, None)?;
            if ended > 0 {
                events::write(tx, person.number, What::SessionsEnded, &by.label, &ended.to_string(), now)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// When it is not one's own, or over.
    pub async fn end_session(&self, owner: PersonNumber, number: SessionNumber) -> Result<(), PeopleError> {
        let missing = || PeopleError::Missing(say("people-none-session", []));
        self.act(move |tx| sessions::end(tx, owner, number)?.then_some(()).ok_or_else(missing)).await
    }

    /// Ends all of one's own sessions but this one.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn end_other_sessions(
        &self,
        owner: PersonNumber,
        but: Option<SessionNumber>,
    ) -> Result<u64, PeopleError> {
        self.act(move |tx| Ok(sessions::end_others(tx, owner, but)?)).await
    }

    /// Changes one's own name and language.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn set_name(&self, owner: PersonNumber, name: PersonName, lang: Lang) -> Result<(), PeopleError> {
        self.act(move |tx| Ok(persons::set_name(tx, owner, &name, lang)?)).await
    }

    /// Renames one of one's own passkeys.
    ///
    /// # Errors
    /// When there is none such.
    pub async fn rename_passkey(
        &self,
        owner: PersonNumber,
        credential: String,
        name: PersonName,
    ) -> Result<(), PeopleError> {
        let missing = || PeopleError::Missing(say("people-none-passkey", []));
        self.act(move |tx| passkeys::rename(tx, owner, &credential, &name)?.then_some(()).ok_or_else(missing)).await
    }

    /// Removes one of one's own passkeys, but never the last.
    ///
    /// # Errors
    /// When it is the last, or there is none such.
    pub async fn remove_passkey(&self, owner: PersonNumber, credential: String, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            let all = passkeys::of(tx, owner)?;
            let missing = || PeopleError::Missing(say("people-none-passkey", []));
            let gone = all.iter().find(|passkey| passkey.credential == credential).ok_or_else(missing)?;
            if !may_remove(all.len()) {
                return Err(PeopleError::LastPasskey);
            }
            passkeys::remove(tx, owner, &credential)?;
            Ok(events::write(tx, owner, What::PasskeyRemoved, &by.label, gone.name.as_str(), now)?)
        })
        .await
    }

    pub(crate) fn grant(&self, kind: LinkKind) -> Result<Grant, PeopleError> {
        let secret = Secret::generate(&SystemRandom).map_err(PeopleError::Random)?;
        Ok(Grant { secret, expires_at: self.house.clock.now().plus_ms(kind.life_ms()) })
    }
}

/// A person who is not the one who acts.
fn another(reader: &mut Reader<'_>, handle: &str, by: &Actor) -> Result<Person, PeopleError> {
    let person = person(reader, handle)?;
    if by.person == Some(person.number) { Err(PeopleError::Own) } else { Ok(person) }
}

fn keep_an_administrator(reader: &mut Reader<'_>, person: &Person, to: Option<Role>) -> Result<(), PeopleError> {
    // Who cannot sign in is no administrator that anybody could lose.
    let counts = person.active() && !passkeys::of(reader, person.number)?.is_empty();
    let left = !counts || leaves_an_administrator(person, to, persons::administrators(reader)?);
    if left { Ok(()) } else { Err(PeopleError::LastAdministrator) }
}

pub(crate) fn random_user() -> Result<Uuid, PeopleError> {
    let mut bytes = [0; 16];
    sipar_authz::Random::fill(&SystemRandom, &mut bytes).map_err(PeopleError::Random)?;
    // Version 4 (RFC 9562 §5.4): random, so that it tells nothing of its person.
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

pub(crate) fn keep_new(
    tx: &mut Tx<'_>,
    new: &NewPerson,
    user: Uuid,
    by: &str,
    now: TimestampMs,
) -> Result<Person, PeopleError> {
    if persons::count(tx)? >= PERSONS_MAX {
        return Err(PeopleError::FullOfPersons);
    }
    let person = Person {
        number: persons::take_number(tx)?,
        handle: new.handle.clone(),
        name: new.name.clone(),
        lang: new.lang,
        role: new.role,
        user,
        created_at: now,
        created_by: by.to_owned(),
        enrolled_at: None,
        ended_at: None,
    };
    if persons::add(tx, &person)? { Ok(person) } else { Err(PeopleError::Taken(new.handle.to_string())) }
}

pub(crate) fn keep_link(
    tx: &mut Tx<'_>,
    grant: &Grant,
    kind: LinkKind,
    person: Option<PersonNumber>,
    now: TimestampMs,
) -> Result<(), StoreError> {
    let link = Link { hash: grant.secret.hash(), person, kind, expires_at: grant.expires_at };
    links::replace(tx, &link, now)
}
