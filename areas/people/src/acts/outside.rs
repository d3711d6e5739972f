//! Signing in by an outside provider's word, and tying its subject to a person.
//!
//! Somebody is known by (issuer, subject) alone, once that is tied to their account: by themselves with a fresh passkey,
//! or with the link by which an administrator lets them in. An e-mail address, a name or a role that the provider tells is
//! nobody's proof and is not even asked for.

use super::{
    enrolment::{come_in, live_link},
    own, person,
};
use crate::{
    People, PeopleError,
    ceremony::{Errand, Pending},
    error::say,
    model::{Actor, LinkKind, Person, What},
    provider::{Answer, Provider, Subject},
    store::{events, links, persons, sessions, subjects},
};
use sipar_authz::{PersonNumber, Secret, secret::SecretHash};
use sipar_model::TimestampMs;

/// What came of a provider's word.
pub(crate) enum Outside {
    /// Somebody signs in.
    SignedIn(Person),
    /// A subject is tied to the person who asked for it.
    Tied,
}

impl People {
    /// The provider that people may sign in with.
    pub(crate) fn provider(&self) -> Result<&Provider, PeopleError> {
        let missing = || PeopleError::Missing(say("people-none-provider", []));
        self.provider.get().and_then(Option::as_ref).ok_or_else(missing)
    }

    /// Begins an errand: the address to go to, and the secret for the cookie.
    pub(crate) async fn begin_outside(
        &self,
        redirect: String,
        errand: Errand,
    ) -> Result<(String, Secret), PeopleError> {
        let (url, flow) = self.provider()?.begin(redirect, self.house.clock.now()).await?;
        let begun = self.begin(serde_json::Value::Null, &Pending::Outside { flow, errand }).await?;
        Ok((url, begun.cookie))
    }

    /// Begins enrolling by a link, with the provider in place of a passkey.
    pub(crate) async fn begin_outside_enrol(
        &self,
        secret: &str,
        redirect: String,
    ) -> Result<(String, Secret), PeopleError> {
        let (link, _) = self.find_link(secret).await?;
        if link.kind != LinkKind::Enrol {
            return Err(PeopleError::Link);
        }
        self.begin_outside(redirect, Errand::Enrol { link: link.hash.hex() }).await
    }

    /// Ends it: who signs in, or that a subject is tied now.
    pub(crate) async fn finish_outside(&self, pending: Pending, answer: Answer) -> Result<Outside, PeopleError> {
        let Pending::Outside { flow, errand } = pending else { return Err(PeopleError::Ceremony) };
        let now = self.house.clock.now();
        let subject = self.provider()?.finish(&flow, answer, now).await?.ok_or(PeopleError::Ceremony)?;
        match errand {
            Errand::SignIn => self.enter(subject).await.map(Outside::SignedIn),
            Errand::Enrol { link } => {
                let link = SecretHash::parse(&link).ok_or(PeopleError::Link)?;
                self.enrol_outside(subject, link, now).await.map(Outside::SignedIn)
            }
            Errand::Tie { owner, session } => {
                let session = SecretHash::parse(&session).ok_or(PeopleError::Ceremony)?;
                self.tie(subject, PersonNumber(owner), session, now).await?;
                Ok(Outside::Tied)
            }
        }
    }

    async fn enter(&self, subject: Subject) -> Result<Person, PeopleError> {
        self.look(move |reader| {
            let number = subjects::find(reader, &subject.issuer, &subject.subject)?.ok_or(PeopleError::Stranger)?;
            persons::by_number(reader, number)?.filter(Person::active).ok_or(PeopleError::Stranger)
        })
        .await
    }

    async fn enrol_outside(&self, subject: Subject, hash: SecretHash, now: TimestampMs) -> Result<Person, PeopleError> {
        self.act(move |tx| {
            let (link, person) = live_link(tx, &hash, now)?;
            let person = person.filter(|_| link.kind == LinkKind::Enrol).ok_or(PeopleError::Link)?;
            if !links::spend(tx, &hash)? {
                return Err(PeopleError::Link);
            }
            let what = come_in(tx, &person, link.kind, now)?;
            events::write(tx, person.number, what, person.handle.as_str(), &subject.issuer, now)?;
            keep(tx, &subject, &person, now)?;
            Ok(person)
        })
        .await
    }

    async fn tie(
        &self,
        subject: Subject,
        owner: PersonNumber,
        session: SecretHash,
        now: TimestampMs,
    ) -> Result<(), PeopleError> {
        self.act(move |tx| {
            // Whoever asked must still be signed in: the answer comes from another site, without the session's cookie.
            let held = sessions::find(tx, &session)?.ok_or(PeopleError::Ceremony)?;
            if held.held.identity.person != Some(owner) {
                return Err(PeopleError::Ceremony);
            }
            let person = own(tx, owner)?;
            keep(tx, &subject, &person, now)
        })
        .await
    }

    /// Unties what a provider calls somebody.
    ///
    /// # Errors
    /// When nothing is tied.
    pub async fn untie(&self, owner: PersonNumber, by: Actor) -> Result<(), PeopleError> {
        let now = self.house.clock.now();
        self.act(move |tx| {
            if subjects::untie(tx, owner)? == 0 {
                return Err(PeopleError::Missing(say("people-none-tied", [])));
            }
            Ok(events::write(tx, owner, What::SubjectUntied, &by.label, "", now)?)
        })
        .await
    }

    /// The same, by whose it is.
    ///
    /// # Errors
    /// When nothing is tied.
    pub async fn untie_of(&self, handle: String, by: Actor) -> Result<(), PeopleError> {
        let owner = self.look(move |reader| Ok(person(reader, &handle)?.number)).await?;
        self.untie(owner, by).await
    }
}

fn keep(tx: &mut sipar_store::Tx<'_>, subject: &Subject, person: &Person, now: TimestampMs) -> Result<(), PeopleError> {
    if !subjects::tie(tx, &subject.issuer, &subject.subject, person.number, now)? {
        return Err(PeopleError::Given(say("people-outside-taken", [])));
    }
    Ok(events::write(tx, person.number, What::SubjectTied, person.handle.as_str(), &subject.issuer, now)?)
}
