//! Ceremonies: what they begin with, and what comes of an answer that holds.

use super::{Grant, NewPerson, keep_link, keep_new, own, random_user};
use crate::{
    People, PeopleError,
    ceremony::{self, Founder, Pending, credential_id, credential_text},
    error::say,
    model::{Handle, Link, LinkKind, PASSKEYS_MAX, Person, PersonName, What},
    store::{
        ceremonies, events, links,
        passkeys::{self, Kept},
        persons, sessions, subjects,
    },
};
use serde_json::Value;
use sipar_authz::{PersonNumber, Role, Secret, SystemRandom, secret::SecretHash};
use sipar_model::TimestampMs;
use sipar_store::{Reader, Tx};
use sipar_web::Lang;
use webauthn_rs::prelude::Passkey;

/// A ceremony that has begun: what the browser is asked, and the secret for its cookie.
pub(crate) struct Begun {
    pub options: Value,
    pub cookie: Secret,
}

/// Whom a set-up link makes.
pub(crate) struct FounderWords {
    pub handle: String,
    pub name: String,
}

impl People {
    /// Makes the link by which the first administrator comes in, if there is none who can sign in. Links before it open
    /// nothing any more.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn set_up_link(&self) -> Result<Option<Grant>, PeopleError> {
        if self.relying.is_none() || self.look(|reader| Ok(persons::administrators(reader)?)).await? > 0 {
            return Ok(None);
        }
        let now = self.house.clock.now();
        let grant = self.grant(LinkKind::SetUp)?;
        let kept = grant.clone();
        self.act(move |tx| Ok(keep_link(tx, &kept, LinkKind::SetUp, None, now)?)).await?;
        Ok(Some(grant))
    }

    /// A link that holds, with the person whose it is.
    pub(crate) async fn find_link(&self, secret: &str) -> Result<(Link, Option<Person>), PeopleError> {
        let hash = Secret::parse(secret).ok_or(PeopleError::Link)?.hash();
        let now = self.house.clock.now();
        self.look(move |reader| live_link(reader, &hash, now)).await
    }

    /// Begins signing in.
    pub(crate) async fn begin_sign_in(&self) -> Result<Begun, PeopleError> {
        let (options, state) = self.relying()?.ask_any()?;
        self.begin(options, &Pending::SignIn(state)).await
    }

    /// Begins proving anew who holds a session.
    pub(crate) async fn begin_confirm(&self, session: &SecretHash) -> Result<Begun, PeopleError> {
        let (options, state) = self.relying()?.ask_any()?;
        self.begin(options, &Pending::Confirm { state, session: session.hex() }).await
    }

    /// Begins enrolling by a link.
    pub(crate) async fn begin_enrol(
        &self,
        secret: &str,
        words: FounderWords,
        name: PersonName,
        lang: Lang,
    ) -> Result<Begun, PeopleError> {
        let (link, person) = self.find_link(secret).await?;
        let relying = self.relying()?;
        let (founder, (options, state)) = match &person {
            Some(person) => {
                let (handle, shown) = ceremony::shown(person);
                // A recovery may well be on a device that had one before.
                (None, relying.ask_new(person.user, handle, shown, Vec::new())?)
            }
            None => {
                let (handle, shown) = (Handle::parse(&words.handle)?, PersonName::parse(&words.name)?);
                let user = random_user()?;
                let asked = relying.ask_new(user, handle.as_str(), shown.as_str(), Vec::new())?;
                let (handle, name) = (handle.to_string(), shown.to_string());
                (Some(Founder { handle, name, lang: lang.code().into(), user }), asked)
            }
        };
        let pending = Pending::Enrol { state, link: link.hash.hex(), founder, name: name.to_string() };
        self.begin(options, &pending).await
    }

    /// Begins adding a passkey to one's own.
    pub(crate) async fn begin_add(
        &self,
        owner: PersonNumber,
        session: &SecretHash,
        name: PersonName,
    ) -> Result<Begun, PeopleError> {
        let read = move |reader: &mut Reader<'_>| Ok((own(reader, owner)?, passkeys::of(reader, owner)?));
        let (person, known) = self.look(read).await?;
        if known.len() >= PASSKEYS_MAX {
            return Err(PeopleError::FullOfPasskeys);
        }
        let known = known.iter().filter_map(|passkey| credential_id(&passkey.credential)).collect();
        let (handle, shown) = ceremony::shown(&person);
        let (options, state) = self.relying()?.ask_new(person.user, handle, shown, known)?;
        self.begin(options, &Pending::Add { state, session: session.hex(), name: name.to_string() }).await
    }

    pub(super) async fn begin(&self, options: Value, pending: &Pending) -> Result<Begun, PeopleError> {
        let cookie = Secret::generate(&SystemRandom).map_err(PeopleError::Random)?;
        let body = serde_json::to_string(pending).map_err(PeopleError::Kept)?;
        let (hash, now) = (cookie.hash(), self.house.clock.now());
        let kept = self.act(move |tx| Ok(ceremonies::begin(tx, &hash, &body, now, ceremony::ends(now))?)).await?;
        if kept { Ok(Begun { options, cookie }) } else { Err(PeopleError::Busy) }
    }

    /// The ceremony of a cookie. It is over with this, whatever comes of it.
    pub(crate) async fn take(&self, cookie: Option<Secret>) -> Result<Pending, PeopleError> {
        let hash = cookie.ok_or(PeopleError::Ceremony)?.hash();
        let now = self.house.clock.now();
        let body = self.act(move |tx| Ok(ceremonies::take(tx, &hash, now)?)).await?.ok_or(PeopleError::Ceremony)?;
        serde_json::from_str(&body).map_err(PeopleError::Kept)
    }

    /// Who signs in with this answer.
    pub(crate) async fn finish_sign_in(&self, pending: Pending, answer: &Value) -> Result<Person, PeopleError> {
        let Pending::SignIn(state) = pending else { return Err(PeopleError::Ceremony) };
        self.assert(state, answer, None).await
    }

    /// Writes down that the holder of a session has proved anew who they are; gives the session's new secret.
    pub(crate) async fn finish_confirm(
        &self,
        pending: Pending,
        answer: &Value,
        owner: PersonNumber,
        held: &SecretHash,
    ) -> Result<Secret, PeopleError> {
        let Pending::Confirm { state, session } = pending else { return Err(PeopleError::Ceremony) };
        if session != held.hex() {
            return Err(PeopleError::Ceremony);
        }
        self.assert(state, answer, Some(owner)).await?;
        let secret = Secret::generate(&SystemRandom).map_err(PeopleError::Random)?;
        let (held, after, now) = (*held, secret.hash(), self.house.clock.now());
        let written = self.act(move |tx| Ok(sessions::proved(tx, &held, &after, now)?)).await?;
        if written { Ok(secret) } else { Err(PeopleError::Ceremony) }
    }

    /// Checks an answer against the passkey that it names, and writes down that it was used.
    async fn assert(
        &self,
        state: webauthn_rs::prelude::DiscoverableAuthentication,
        answer: &Value,
        owner: Option<PersonNumber>,
    ) -> Result<Person, PeopleError> {
        let relying = self.relying()?;
        let (user, credential) = relying.whose(answer)?;
        let found = self.look(move |reader| {
            let kept = passkeys::find(reader, &credential)?.ok_or(PeopleError::Unknown)?;
            let person = persons::by_number(reader, kept.person)?.ok_or(PeopleError::Unknown)?;
            Ok((kept, person))
        });
        let (kept, person) = found.await?;
        let right = person.user == user && person.active() && owner.is_none_or(|owner| owner == person.number);
        if !right {
            return Err(PeopleError::Unknown);
        }
        let passkey: Passkey = serde_json::from_str(&kept.passkey).map_err(PeopleError::Kept)?;
        let after = match relying.take(answer, state, &passkey) {
            Ok(after) => serde_json::to_string(&after).map_err(PeopleError::Kept)?,
            Err(PeopleError::Copied) => return Err(self.copied(person).await?),
            Err(fault) => return Err(fault),
        };
        let now = self.house.clock.now();
        // Two answers of one counter at once: the second is out of turn.
        match self.act(move |tx| Ok(passkeys::used(tx, &kept, &after, now)?)).await? {
            true => Ok(person),
            false => Err(PeopleError::Ceremony),
        }
    }

    async fn copied(&self, person: Person) -> Result<PeopleError, PeopleError> {
        let (number, handle, now) = (person.number, person.handle.to_string(), self.house.clock.now());
        self.act(move |tx| Ok(events::write(tx, number, What::PasskeyCopied, &handle, "", now)?)).await?;
        Ok(PeopleError::Copied)
    }

    /// Keeps the passkey of somebody who enrols; uses the link up.
    pub(crate) async fn finish_enrol(&self, pending: Pending, answer: &Value) -> Result<Person, PeopleError> {
        let Pending::Enrol { state, link, founder, name } = pending else { return Err(PeopleError::Ceremony) };
        let passkey = self.relying()?.take_new(answer, &state)?;
        let kept = written(&passkey)?;
        let (hash, name) = (SecretHash::parse(&link).ok_or(PeopleError::Link)?, PersonName::parse(&name)?);
        let now = self.house.clock.now();
        self.act(move |tx| {
            let (link, person) = live_link(tx, &hash, now)?;
            if !links::spend(tx, &hash)? {
                return Err(PeopleError::Link);
            }
            let person = match (person, &founder) {
                (Some(person), _) => person,
                (None, Some(founder)) => found(tx, founder, now)?,
                (None, None) => return Err(PeopleError::Link),
            };
            let what = come_in(tx, &person, link.kind, now)?;
            let row = Kept { person: person.number, ..kept.clone() };
            if !passkeys::add(tx, &row, &name, now)? {
                return Err(PeopleError::Given(say("people-refused-enrolled", [])));
            }
            events::write(tx, person.number, what, person.handle.as_str(), name.as_str(), now)?;
            Ok(person)
        })
        .await
    }

    /// Keeps another passkey of one's own.
    pub(crate) async fn finish_add(
        &self,
        pending: Pending,
        answer: &Value,
        owner: PersonNumber,
        held: &SecretHash,
    ) -> Result<(), PeopleError> {
        let Pending::Add { state, session, name } = pending else { return Err(PeopleError::Ceremony) };
        if session != held.hex() {
            return Err(PeopleError::Ceremony);
        }
        let kept = written(&self.relying()?.take_new(answer, &state)?)?;
        let name = PersonName::parse(&name)?;
        let now = self.house.clock.now();
        self.act(move |tx| {
            let person = own(tx, owner)?;
            if passkeys::of(tx, owner)?.len() >= PASSKEYS_MAX {
                return Err(PeopleError::FullOfPasskeys);
            }
            if !passkeys::add(tx, &Kept { person: owner, ..kept.clone() }, &name, now)? {
                return Err(PeopleError::Given(say("people-refused-enrolled", [])));
            }
            Ok(events::write(tx, owner, What::PasskeyAdded, person.handle.as_str(), name.as_str(), now)?)
        })
        .await
    }
}

/// A link that holds now, with its person. One for setting up holds as long as no administrator can sign in.
pub(super) fn live_link(
    reader: &mut Reader<'_>,
    hash: &SecretHash,
    now: TimestampMs,
) -> Result<(Link, Option<Person>), PeopleError> {
    let link = links::find(reader, hash, now)?.ok_or(PeopleError::Link)?;
    let person = link.person.map(|number| persons::by_number(reader, number)).transpose()?.flatten();
    let holds = match (&person, link.kind) {
        (None, LinkKind::SetUp) => persons::administrators(reader)? == 0,
        (Some(person), LinkKind::Enrol | LinkKind::Recover) => person.active(),
        _ => false,
    };
    if holds { Ok((link, person)) } else { Err(PeopleError::Link) }
}

/// The first administrator.
fn found(tx: &mut Tx<'_>, founder: &Founder, now: TimestampMs) -> Result<Person, PeopleError> {
    let new = NewPerson {
        handle: Handle::parse(&founder.handle)?,
        name: PersonName::parse(&founder.name)?,
        lang: Lang::from_code(&founder.lang).unwrap_or_default(),
        role: Role::Admin,
    };
    let person = keep_new(tx, &new, founder.user, new.handle.as_str(), now)?;
    events::write(tx, person.number, What::Created, person.handle.as_str(), Role::Admin.word(), now)?;
    Ok(person)
}

/// What a link does to what was there: a recovery clears passkeys and sessions away, enrolling is for whoever never had
/// any.
pub(super) fn come_in(tx: &mut Tx<'_>, person: &Person, kind: LinkKind, now: TimestampMs) -> Result<What, PeopleError> {
    persons::set_enrolled(tx, person.number, now)?;
    if kind == LinkKind::Recover {
        passkeys::remove_all(tx, person.number)?;
        subjects::untie(tx, person.number)?;
        sessions::end_others(tx, person.number, None)?;
        return Ok(What::Recovered);
    }
    if person.enrolled_at.is_none() { Ok(What::Enrolled) } else { Err(PeopleError::Link) }
}

fn written(passkey: &Passkey) -> Result<Kept, PeopleError> {
    let credential = credential_text(passkey.cred_id());
    let passkey = serde_json::to_string(passkey).map_err(PeopleError::Kept)?;
    Ok(Kept { credential, person: PersonNumber(0), passkey })
}
