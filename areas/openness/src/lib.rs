//! What anyone may check: the mirror of the public ledger, the proof of each entry, and monthly figures that are counted
//! from the entries alone. NCSP 3.2a and 2.4a.
//!
//! Hears nothing and says nothing: it reads the published ledger, as any stranger could.
//! It never shows what is not in the ledger, and never counts from a table of another area: whoever mirrors the ledger
//! can count the same figures.

mod http;
mod job;
pub mod model;
mod page;
pub mod store;

use sipar_area::{Area, AreaError, House, Job, Route};
use sipar_ledger::LedgerError;
use sipar_store::{Migration, StoreError};
use sipar_web::{NavItem, TextSource};
use std::sync::Arc;

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum OpennessError {
    /// The store refused.
    #[error("using the tables of the figures")]
    Store(#[from] StoreError),
    /// The ledger cannot be read.
    #[error("reading the ledger")]
    Ledger(#[from] LedgerError),
    /// The work was given up.
    #[error("reading the ledger was given up")]
    Given,
}

impl From<OpennessError> for AreaError {
    fn from(error: OpennessError) -> Self {
        Self::because("openness", error)
    }
}

/// The mirror and the figures.
pub struct Openness {
    pub(crate) house: House,
}

/// The area.
#[derive(Clone)]
pub struct OpennessArea(Arc<Openness>);

impl OpennessArea {
    /// The service itself.
    #[must_use]
    pub fn openness(&self) -> &Arc<Openness> {
        &self.0
    }
}

/// The area of `house`.
#[must_use]
pub fn area(house: &House) -> Arc<OpennessArea> {
    Arc::new(OpennessArea(Arc::new(Openness { house: house.clone() })))
}

impl Area for OpennessArea {
    fn name(&self) -> &'static str {
        "openness"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.2a", "2.4a"]
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
}
