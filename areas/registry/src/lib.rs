//! Parties, what they own, and who announces an address. NCSP 2.2 and 3.13, the beginning.
//!
//! Fills [`sipar_area::Owners`], the one look-up across areas, and keeps it in memory.
//! It hears and says no facts yet.

mod http;
pub mod model;
pub mod networks;
mod owners;
mod page;
pub mod store;

use arc_swap::ArcSwap;
use owners::OwnerTable;
use sipar_area::{Area, AreaError, BoxFuture, House, Job, Owners as _, Reason, Route, SearchHit};
use sipar_authz::Resource;
use sipar_model::{Observable, TimestampMs, Tlp};
use sipar_store::{Migration, StoreError};
use sipar_web::{NavItem, PageContext, TextSource};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What can go wrong in the registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store refused.
    #[error("using the registry's tables")]
    Store(#[from] StoreError),
    /// A row holds what no version wrote.
    #[error("a row of the registry is not one that this version writes; was the data written by a newer one?")]
    BadRow,
    /// A file of parties makes no sense.
    #[error("reading parties: {0}")]
    Parties(String),
}

impl From<RegistryError> for AreaError {
    fn from(error: RegistryError) -> Self {
        Self::because("the registry", error)
    }
}

/// The registry.
pub struct Registry {
    pub(crate) house: House,
    pub(crate) table: Arc<ArcSwap<OwnerTable>>,
    wake: Arc<Notify>,
}

impl Registry {
    /// Writes parties and what they own, and knows them at once.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn import(&self, parties: Vec<model::Party>) -> Result<usize, RegistryError> {
        let (count, now) = (parties.len(), self.house.clock.now());
        self.house.store.write(move |tx| store::put(tx, &parties, now)).await?;
        self.refresh().await?;
        self.wake.notify_one();
        Ok(count)
    }

    /// Reads everything again into the table of owners.
    async fn refresh(&self) -> Result<(), RegistryError> {
        let parties = self.house.store.read(store::all).await?;
        self.table.store(Arc::new(OwnerTable::new(&parties)));
        Ok(())
    }
}

/// The registry as an area.
pub struct RegistryArea(Arc<Registry>);

impl RegistryArea {
    /// The registry itself.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.0
    }
}

/// The area of `house`.
///
/// # Errors
/// None yet; areas have one shape.
pub fn area(house: &House) -> Result<Arc<RegistryArea>, RegistryError> {
    let table = Arc::new(ArcSwap::from_pointee(OwnerTable::default()));
    house.owners.fill(Arc::new(owners::Live(Arc::clone(&table))));
    Ok(Arc::new(RegistryArea(Arc::new(Registry { house: house.clone(), table, wake: Arc::default() }))))
}

impl Area for RegistryArea {
    fn name(&self) -> &'static str {
        "registry"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["2.2", "3.13"]
    }

    fn migrations(&self) -> &'static [Migration] {
        store::MIGRATIONS
    }

    fn resources(&self) -> Vec<Resource> {
        http::resources()
    }

    fn routes(&self) -> Vec<Route> {
        http::routes(&self.0)
    }

    fn pages(&self) -> Vec<Route> {
        page::routes(&self.0)
    }

    fn nav(&self) -> Vec<NavItem> {
        page::nav()
    }

    fn texts(&self) -> &'static [TextSource] {
        page::TEXTS
    }

    fn jobs(&self) -> Vec<Job> {
        let registry = Arc::clone(&self.0);
        // Another node may have written: once a minute is soon enough for owners.
        vec![Job::new("owners", Duration::from_secs(60), Arc::clone(&self.0.wake), move || {
            let registry = Arc::clone(&registry);
            Box::pin(async move {
                registry.refresh().await?;
                Ok(None)
            })
        })]
    }

    fn explain<'a>(
        &'a self,
        subject: &'a Observable,
        _clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<Reason>, AreaError>> {
        let now: TimestampMs = self.0.house.clock.now();
        let owner = self.0.house.owners.owner_of(subject, now);
        let reason = owner.map(|owner| Reason {
            area: "registry",
            kind: "owner",
            text: format!("`{}` belongs to {}", owner.asset, owner.title),
            at: None,
            data: serde_json::json!({ "party": owner.party, "asset": owner.asset }),
        });
        Box::pin(async move { Ok(reason.into_iter().collect()) })
    }

    fn panel<'a>(
        &'a self,
        context: &'a PageContext,
        subject: &'a Observable,
    ) -> BoxFuture<'a, Result<Option<maud::Markup>, AreaError>> {
        let owner = self.0.house.owners.owner_of(subject, context.now);
        Box::pin(async move { Ok(owner.map(|owner| page::owner(context, &owner))) })
    }

    fn search<'a>(
        &'a self,
        text: &'a str,
        limit: usize,
        _clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<SearchHit>, AreaError>> {
        let text = text.to_lowercase();
        Box::pin(async move {
            let parties = self.0.house.store.read(store::all).await.map_err(AreaError::from)?;
            let hits = parties.into_iter().filter(|party| party.title.to_lowercase().contains(&text)).take(limit);
            let hit = |party: model::Party| SearchHit {
                area: "registry",
                title: party.title,
                about: party.sector,
                href: format!("/parties/{}", party.slug),
            };
            Ok(hits.map(hit).collect())
        })
    }
}
