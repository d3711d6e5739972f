//! Parties, their contacts and keys over the API.

use super::{actor, own, refusal, told};
use crate::{
    Registry, RegistryError,
    model::{Contact, ContactDraft, Key, Party, PartyDraft, Purpose},
    store::{claims, parties, people},
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use sipar_area::within;
use sipar_authz::Identity;
use sipar_model::PartyId;
use sipar_web::{ApiError, Caller, Permit, WebError};
use std::sync::Arc;

/// Parties in one answer and on one page.
pub(crate) const PAGE_ROWS: u64 = 100;

/// Parties directly under one that are shown with it.
const CHILDREN_MAX: usize = 500;

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Words of the title or the short name.
    #[serde(default)]
    pub q: String,
    #[serde(default)]
    pub sector: String,
    /// From 1.
    #[serde(default)]
    pub page: u64,
}

#[derive(Serialize)]
pub(crate) struct Listed {
    total: u64,
    page: u64,
    page_rows: u64,
    parties: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    party: Party,
    claims: u64,
}

impl Asked {
    /// What may be read of what is asked for.
    pub(crate) fn part(&self, registry: &Registry, permit: &Permit) -> parties::Part {
        parties::Part {
            within: within::covered(&registry.house.owners, permit),
            text: self.q.trim().to_lowercase().chars().take(100).collect(),
            sector: self.sector.trim().to_owned(),
            offset: self.page.clamp(1, 1_000_000).saturating_sub(1) * PAGE_ROWS,
            limit: usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX),
        }
    }
}

pub(crate) async fn list(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed>, ApiError> {
    let part = asked.part(&registry, &permit);
    let read = registry.house.store.read(move |reader| {
        Ok::<_, RegistryError>((parties::list_count(reader, &part)?, parties::list(reader, &part)?))
    });
    let (total, rows) = read.await.map_err(refusal)?;
    let parties = rows.into_iter().map(|(party, claims)| Row { party, claims }).collect();
    Ok(Json(Listed { total, page: asked.page.max(1), page_rows: PAGE_ROWS, parties }))
}

pub(crate) fn id(text: &str) -> Result<PartyId, WebError> {
    PartyId::parse(text).map_err(|_| WebError::not_found())
}

/// A party with all that belongs to it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Whole {
    #[serde(flatten)]
    pub party: Party,
    pub contacts: Vec<Contact>,
    pub keys: Vec<Key>,
    pub below: Vec<Party>,
    pub claims: u64,
}

pub(crate) async fn whole(registry: &Registry, permit: &Permit, text: &str) -> Result<Whole, WebError> {
    let id = id(text)?;
    own(registry, permit, &id)?;
    let read = registry.house.store.read(move |reader| {
        let Some(party) = parties::one(reader, &id)? else {
            return Err(RegistryError::Missing(format!("party `{id}`")));
        };
        Ok(Whole {
            party,
            contacts: people::contacts(reader, &id)?,
            keys: people::keys(reader, &id)?,
            below: parties::children(reader, &id, CHILDREN_MAX)?,
            claims: claims::count_of(reader, &id)?,
        })
    });
    read.await.map_err(refusal)
}

pub(crate) async fn one(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
) -> Result<Json<Whole>, ApiError> {
    Ok(Json(whole(&registry, &permit, &text).await?))
}

pub(crate) async fn do_register(
    registry: &Arc<Registry>,
    caller: &Identity,
    draft: &PartyDraft,
) -> Result<Party, WebError> {
    let (new, by) = (draft.read().map_err(refusal)?, actor(caller));
    let (inner, now) = (Arc::clone(registry), registry.house.clock.now());
    let written = registry.house.store.write(move |tx| inner.register(tx, &new, &by, now)).await;
    registry.wake();
    written.map_err(refusal)
}

pub(crate) async fn register(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Json(draft): Json<PartyDraft>,
) -> Result<(StatusCode, Json<Party>), ApiError> {
    Ok((StatusCode::CREATED, Json(do_register(&registry, &caller, &draft).await?)))
}

pub(crate) async fn do_edit(registry: &Arc<Registry>, draft: &PartyDraft) -> Result<Party, WebError> {
    let new = draft.read().map_err(refusal)?;
    let (inner, now) = (Arc::clone(registry), registry.house.clock.now());
    let written = registry.house.store.write(move |tx| inner.edit(tx, &new, now)).await;
    registry.wake();
    written.map_err(refusal)
}

pub(crate) async fn edit(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Json(draft): Json<PartyDraft>,
) -> Result<Json<Party>, ApiError> {
    if draft.id != text {
        return Err(WebError::unprocessable(told("a short name is never changed; leave it as it is")).into());
    }
    Ok(Json(do_edit(&registry, &draft).await?))
}

pub(crate) async fn do_put_contact(
    registry: &Arc<Registry>,
    permit: &Permit,
    text: &str,
    draft: &ContactDraft,
) -> Result<Contact, WebError> {
    let party = id(text)?;
    own(registry, permit, &party)?;
    let contact = draft.read().map_err(refusal)?;
    let (inner, now, new) = (Arc::clone(registry), registry.house.clock.now(), contact.clone());
    let written = registry.house.store.write(move |tx| inner.put_contact(tx, &party, &new, now)).await;
    written.map_err(refusal)?;
    Ok(contact)
}

pub(crate) async fn put_contact(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Json(draft): Json<ContactDraft>,
) -> Result<Json<Contact>, ApiError> {
    Ok(Json(do_put_contact(&registry, &permit, &text, &draft).await?))
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ContactName {
    pub purpose: String,
    pub mail: String,
}

pub(crate) async fn do_remove_contact(
    registry: &Arc<Registry>,
    permit: &Permit,
    text: &str,
    name: ContactName,
) -> Result<(), WebError> {
    let party = id(text)?;
    own(registry, permit, &party)?;
    let purpose: Purpose = name.purpose.parse().map_err(|error| refusal(RegistryError::Given(format!("{error}"))))?;
    let inner = Arc::clone(registry);
    let written =
        registry.house.store.write(move |tx| inner.remove_contact(tx, &party, purpose, name.mail.trim())).await;
    written.map_err(refusal)
}

pub(crate) async fn remove_contact(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Json(name): Json<ContactName>,
) -> Result<StatusCode, ApiError> {
    do_remove_contact(&registry, &permit, &text, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyText {
    pub key: String,
}

pub(crate) async fn do_add_key(
    registry: &Arc<Registry>,
    permit: &Permit,
    text: &str,
    body: &KeyText,
) -> Result<Key, WebError> {
    let (party, now) = (id(text)?, registry.house.clock.now());
    own(registry, permit, &party)?;
    let key = Key::read(&body.key, now).map_err(refusal)?;
    let (inner, new) = (Arc::clone(registry), key.clone());
    let written = registry.house.store.write(move |tx| inner.add_key(tx, &party, &new, now)).await;
    written.map_err(refusal)?;
    Ok(key)
}

pub(crate) async fn add_key(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Json(body): Json<KeyText>,
) -> Result<(StatusCode, Json<Key>), ApiError> {
    Ok((StatusCode::CREATED, Json(do_add_key(&registry, &permit, &text, &body).await?)))
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct KeyName {
    pub fingerprint: String,
}

pub(crate) async fn do_remove_key(
    registry: &Arc<Registry>,
    permit: &Permit,
    text: &str,
    name: KeyName,
) -> Result<(), WebError> {
    let (party, inner) = (id(text)?, Arc::clone(registry));
    own(registry, permit, &party)?;
    let fingerprint = name.fingerprint.trim().to_ascii_lowercase();
    let written = registry.house.store.write(move |tx| inner.remove_key(tx, &party, &fingerprint)).await;
    written.map_err(refusal)
}

pub(crate) async fn remove_key(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Json(name): Json<KeyName>,
) -> Result<StatusCode, ApiError> {
    do_remove_key(&registry, &permit, &text, name).await?;
    Ok(StatusCode::NO_CONTENT)
}
