//! What is wrong now, in one table: what every area and the house itself find, since when, and what to do about it.
//!
//! It hears nothing. It says [`FactKind::Finding`] when something is found, gets better or worse, and is over, in the
//! transaction that writes it down.
//! It never finds anything by itself, and never takes silence for good news: what is not looked for any more lapses.

mod http;
mod job;
pub mod model;
mod page;
pub mod store;

use maud::Markup;
use sipar_area::{Area, AreaError, BoxFuture, Fault, House, Job, Route};
use sipar_model::{FactKind, Severity};
use sipar_store::{Migration, StoreError};
use sipar_web::{NavItem, PageContext, TextSource};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// Tells what is wrong now.
pub type Look = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<Fault>, AreaError>> + Send + Sync>;

/// One who looks whether something is wrong.
#[derive(Clone)]
pub struct Checker {
    /// Its short name, which stays the same over restarts. Two nodes that look at different things differ in it.
    pub source: String,
    /// How it looks.
    pub look: Look,
}

/// The findings.
pub struct Findings {
    pub(crate) house: House,
    pub(crate) checkers: OnceLock<Vec<Checker>>,
    /// Wakes the round.
    pub(crate) wake: Arc<Notify>,
}

impl Findings {
    /// Says who looks. Without it nobody does, and nothing is taken to be over. Only the first call counts.
    pub fn look_with(&self, checkers: Vec<Checker>) {
        if self.checkers.set(checkers).is_err() {
            tracing::error!("who looks for findings was said twice");
        }
        self.wake.notify_one();
    }

    /// Notified, it looks at once: by who knows that something has changed.
    #[must_use]
    pub fn look_soon(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// How many are open of each severity.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn open_by_severity(&self) -> Result<Vec<(Severity, u64)>, StoreError> {
        self.house.store.read(store::open_by_severity).await
    }
}

/// The area.
#[derive(Clone)]
pub struct FindingsArea(Arc<Findings>);

impl FindingsArea {
    /// The service itself.
    #[must_use]
    pub fn findings(&self) -> &Arc<Findings> {
        &self.0
    }
}

/// The area of `house`.
#[must_use]
pub fn area(house: &House) -> Arc<FindingsArea> {
    let findings = Findings { house: house.clone(), checkers: OnceLock::new(), wake: Arc::default() };
    Arc::new(FindingsArea(Arc::new(findings)))
}

impl Area for FindingsArea {
    fn name(&self) -> &'static str {
        "findings"
    }

    fn clauses(&self) -> &'static [&'static str] {
        // So far it finds what is wrong with Sipar itself, which serves every clause and none of its own.
        &[]
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
        job::jobs(&self.0)
    }

    fn fault_classes(&self) -> &'static [&'static str] {
        &[job::MUTE]
    }

    fn says(&self) -> &'static [FactKind] {
        &[FactKind::Finding]
    }

    fn overview<'a>(&'a self, context: &'a PageContext) -> BoxFuture<'a, Result<Option<Markup>, AreaError>> {
        Box::pin(async move { page::overview(&self.0, context).await })
    }
}
