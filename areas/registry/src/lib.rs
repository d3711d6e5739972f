//! The register: who takes part, whom one reaches there, what they own from when until when, and who announces an
//! address. NCSP 2.2 and 3.13.
//!
//! Fills [`sipar_area::Owners`], the look-up of who owns what, and keeps it in memory; and [`sipar_area::Contacts`], whom
//! one reaches at a party and above it.
//! What looks wrong, such as a name like another's or a claim on somebody else's, waits for a person.
//! It hears and says no facts yet. It never keeps a person's name: contacts are roles.

mod acts;
mod error;
mod faults;
mod http;
pub mod import;
mod letter;
pub mod model;
pub mod networks;
mod owners;
mod page;
pub mod proving;
mod reach;
pub mod store;

pub use acts::{Actor, Brought, Choice, Claimed, Collides, Counts, Hand, Report, Reviewed, Verdict, WAITING_MAX};
pub use error::RegistryError;
pub use owners::{Node, OwnerTable, OwnerTableBuilder};

use arc_swap::ArcSwap;
use sipar_area::{Area, AreaError, BoxFuture, Fault, House, Job, Owners as _, Reason, Route, SearchHit};
use sipar_mail::Mailer;
use sipar_model::{Observable, TimestampMs, Tlp};
use sipar_store::Migration;
use sipar_web::{NavItem, PageContext, TextSource};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore};

/// Another node may have written: once a minute is soon enough for owners.
const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// The register.
pub struct Registry {
    pub(crate) house: House,
    table: Arc<ArcSwap<OwnerTable>>,
    /// The version of the register that the table was read from; 0: none yet.
    version: AtomicI64,
    wake: Arc<Notify>,
    /// One file is read at a time: each may take some hundreds of megabytes of memory.
    pub(crate) reading: Semaphore,
    /// What looks for challenges; none: nothing does.
    pub(crate) look: OnceLock<Arc<dyn proving::Look>>,
    /// What takes letters; none: none go out.
    pub(crate) mailer: OnceLock<Arc<Mailer>>,
}

/// How often proofs are looked for that are due.
const PROVE_EVERY: Duration = Duration::from_secs(60);

impl Registry {
    /// Writes parties and what they own, and knows them at once.
    ///
    /// # Errors
    /// A refusal that says why, or a fault.
    pub async fn import(self: &Arc<Self>, listed: Vec<model::Listed>) -> Result<usize, RegistryError> {
        let (count, now, inner) = (listed.len(), self.house.clock.now(), Arc::clone(self));
        self.house.store.write(move |tx| inner.enter(tx, &listed, now)).await?;
        self.refresh().await?;
        Ok(count)
    }

    /// Reads the table of owners again, if the register has changed since; says whether it had.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn refresh(&self) -> Result<bool, RegistryError> {
        let known = self.version.load(Ordering::SeqCst);
        let read = self.house.store.read(move |reader| {
            let version = store::version(reader)?;
            let table = if version == known { None } else { Some(store::claims::table(reader)?.of_version(version)) };
            Ok::<_, RegistryError>((version, table))
        });
        let (version, table) = read.await?;
        let Some(table) = table else { return Ok(false) };
        self.table.store(Arc::new(table));
        self.version.store(version, Ordering::SeqCst);
        Ok(true)
    }

    /// Letters go out through `mailer`. A second call changes nothing.
    pub fn send_by(&self, mailer: Arc<Mailer>) {
        let _already_set = self.mailer.set(mailer);
    }

    /// Something was written: whoever keeps the table reads it again.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
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
    let registry = Registry {
        house: house.clone(),
        table,
        version: AtomicI64::new(0),
        wake: Arc::default(),
        reading: Semaphore::new(1),
        look: OnceLock::new(),
        mailer: OnceLock::new(),
    };
    Ok(Arc::new(RegistryArea(Arc::new(registry))))
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
        // The data folder is locked by one process: what others left there is nobody's.
        if let Err(error) = http::imports::sweep(&registry) {
            tracing::warn!(error = %error, "what was left of unfinished imports stays");
        }
        let owners = Job::new("owners", REFRESH_EVERY, Arc::clone(&self.0.wake), move || {
            let registry = Arc::clone(&registry);
            Box::pin(async move {
                registry.house.store.write(store::catch_up).await?;
                registry.refresh().await?;
                Ok(None)
            })
        });
        let registry = Arc::clone(&self.0);
        let proofs = Job::new("proofs", PROVE_EVERY, Arc::default(), move || {
            let registry = Arc::clone(&registry);
            Box::pin(async move { Ok(registry.prove_due().await?) })
        });
        vec![owners, proofs]
    }

    fn fault_classes(&self) -> &'static [&'static str] {
        faults::CLASSES
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<Fault>, AreaError>> {
        Box::pin(async move { Ok(self.0.faults().await?) })
    }

    fn explain<'a>(&'a self, subject: &'a Observable, clearance: Tlp) -> BoxFuture<'a, Result<Vec<Reason>, AreaError>> {
        Box::pin(async move {
            // Who owns what says where the country can be hit.
            if clearance < Tlp::Green {
                return Ok(Vec::new());
            }
            // A command that runs without a server has no job that reads the table.
            self.0.refresh().await?;
            let now: TimestampMs = self.0.house.clock.now();
            let owner = self.0.house.owners.owner_of(subject, now);
            let reason = owner.map(|owner| Reason {
                area: "registry",
                kind: "owner",
                text: format!("`{}` belongs to {}", owner.asset, owner.title),
                at: None,
                data: serde_json::json!({ "party": owner.party, "asset": owner.asset }),
            });
            Ok(reason.into_iter().collect())
        })
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
        clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<SearchHit>, AreaError>> {
        let part = store::parties::Part { text: text.to_lowercase(), limit, ..store::parties::Part::default() };
        Box::pin(async move {
            // Who takes part is not public.
            if clearance < Tlp::Green {
                return Ok(Vec::new());
            }
            let found = self.0.house.store.read(move |reader| store::parties::list(reader, &part)).await?;
            let hit = |(party, _): (model::Party, u64)| SearchHit {
                area: "registry",
                title: party.title,
                about: party.sector,
                href: format!("/parties/{}", party.id),
            };
            Ok(found.into_iter().map(hit).collect())
        })
    }
}
