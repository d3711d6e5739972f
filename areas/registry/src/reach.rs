//! Whom one reaches at a party, and above it, for whoever warns owners.

use crate::{
    Registry, RegistryError,
    model::{Contact, KeyKind, Language, Party, PartyState, contact::Hours, party::TREE_DEPTH_MAX},
    store::{parties, people},
};
use sipar_area::{AreaError, BoxFuture, Contact as Way, Contacts, Presence, Reached};
use sipar_model::{PartyId, TimestampMs};
use sipar_store::Reader;
use sipar_web::Lang;
use std::collections::BTreeSet;

impl Contacts for Registry {
    fn reach(&self, ids: Vec<PartyId>) -> BoxFuture<'_, Result<Vec<Option<Reached>>, AreaError>> {
        let now = self.house.clock.now();
        Box::pin(async move {
            let read = self.house.store.read(move |reader| {
                let one = |id| match parties::one(reader, id)? {
                    Some(party) => reached(reader, party, now).map(Some),
                    None => Ok(None),
                };
                ids.iter().map(one).collect::<Result<Vec<_>, RegistryError>>()
            });
            Ok(read.await?)
        })
    }

    fn above(&self, id: PartyId) -> BoxFuture<'_, Result<Vec<Reached>, AreaError>> {
        let now = self.house.clock.now();
        Box::pin(async move { Ok(self.house.store.read(move |reader| above(reader, &id, now)).await?) })
    }
}

fn above(reader: &mut Reader<'_>, id: &PartyId, now: TimestampMs) -> Result<Vec<Reached>, RegistryError> {
    let Some(party) = parties::one(reader, id)? else { return Ok(Vec::new()) };
    let (mut found, mut next) = (Vec::new(), party.parent.clone());
    for _ in 0..TREE_DEPTH_MAX {
        let Some(parent) = next.take() else { break };
        let Some(parent) = parties::one(reader, &parent)? else { break };
        next.clone_from(&parent.parent);
        found.push(parent);
    }
    found.extend(parties::over(reader, &party.sector)?);
    let mut seen = BTreeSet::from([party.id]);
    let active = found.into_iter().filter(|one| one.state == PartyState::Active && seen.insert(one.id.clone()));
    active.collect::<Vec<_>>().into_iter().map(|one| reached(reader, one, now)).collect()
}

fn reached(reader: &mut Reader<'_>, party: Party, now: TimestampMs) -> Result<Reached, RegistryError> {
    // By purpose, in the order in which whoever warns wants them.
    let contacts = people::contacts(reader, &party.id)?.iter().map(way).collect();
    let mut keys = people::keys(reader, &party.id)?;
    keys.reverse();
    let valid = |end: Option<TimestampMs>| end.is_none_or(|end| now < end);
    let keys = keys.into_iter().filter(|key| key.kind == KeyKind::Smime && valid(key.not_after));
    let certificates = keys.map(|key| key.text).collect();
    Ok(Reached { party: party.id, title: party.title, title_ur: party.title_ur, contacts, certificates })
}

fn way(contact: &Contact) -> Way {
    // What was read once is read again; hours of another version would be no hours at all.
    let mut presence = Hours::parse(&contact.hours).map_or_else(|_| Presence::always(), Hours::presence);
    presence.holidays = contact.holidays.iter().filter_map(|day| day.parse().ok()).collect();
    let languages = match contact.language {
        Language::English => vec![Lang::En],
        Language::Urdu => vec![Lang::Ur],
        Language::Both => vec![Lang::Ur, Lang::En],
    };
    Way { mail: contact.mail.clone(), languages, presence }
}
