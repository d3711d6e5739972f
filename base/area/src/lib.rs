//! What an area of the platform is, and what the house lends it.
//!
//! The house asks; an area answers. An area never calls the house, never imports another area,
//! and tells the others what happened only through facts in the outbox.
//! `docs/flow.md` is generated from [`Area::says`] and [`Area::hears`].

mod blobs;
mod contacts;
mod deadline;
mod error;
mod fault;
mod house;
mod job;
mod measure;
mod owners;
mod packs;
mod places;
mod reason;
mod route;
pub mod within;

pub use blobs::{BlobError, Blobs};
pub use contacts::{Contact, Contacts, Presence, Reached};
pub use deadline::{ClockError, Clocks, Deadline};
pub use error::AreaError;
pub use fault::Fault;
pub use house::{House, Instance};
pub use job::{Job, JobFuture};
pub use measure::{Measure, MeasureValue};
pub use owners::{Owner, Owners, OwnersCell, Standing};
pub use packs::{PackError, Packs};
pub use places::Places;
pub use reason::{Reason, SearchHit};
pub use route::Route;
pub use sipar_authz::clearance;

use maud::Markup;
use sipar_model::{Fact, FactKind, Observable, Tlp};
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, PageContext, TextSource};
use std::{future::Future, pin::Pin};

/// A boxed future, so that areas can be kept in one list.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One area of the policy. Every method but the first three has an empty default.
pub trait Area: Send + Sync + 'static {
    /// Its short name: the folder's, the crate's, and the owner of its tables and cursors.
    fn name(&self) -> &'static str;

    /// The policy's clauses that it serves, by their ids.
    fn clauses(&self) -> &'static [&'static str];

    /// Its tables.
    fn migrations(&self) -> &'static [Migration];

    /// The JSON API, each path under `/api/v1/`. Each route names a resource and an act of `packs/access`, which say who
    /// may.
    fn routes(&self) -> Vec<Route> {
        Vec::new()
    }

    /// The portal's pages.
    fn pages(&self) -> Vec<Route> {
        Vec::new()
    }

    /// Entries in the portal's menu.
    fn nav(&self) -> Vec<NavItem> {
        Vec::new()
    }

    /// Its texts, in every language.
    fn texts(&self) -> &'static [TextSource] {
        &[]
    }

    /// What it does by itself.
    fn jobs(&self) -> Vec<Job> {
        Vec::new()
    }

    /// The numbers by which its clauses are measured.
    fn measures(&self) -> Vec<Measure> {
        Vec::new()
    }

    /// The short names of what [`Area::faults`] may tell of. Each has the texts `fault-NAME`, and `fault-NAME-mend` for
    /// what to do about it.
    fn fault_classes(&self) -> &'static [&'static str] {
        &[]
    }

    /// What is wrong now: everything that is, each time. What is no longer told is over.
    ///
    /// # Errors
    /// When it cannot be known; then nothing is taken to be over.
    fn faults(&self) -> BoxFuture<'_, Result<Vec<Fault>, AreaError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// The kinds of fact that it writes.
    fn says(&self) -> &'static [FactKind] {
        &[]
    }

    /// The kinds of fact that it wants to be told.
    fn hears(&self) -> &'static [FactKind] {
        &[]
    }

    /// Takes one fact, in the transaction that also moves its cursor.
    ///
    /// # Errors
    /// The transaction is undone and the fact comes again; so an error that will not pass must not be returned.
    fn hear(&self, _tx: &mut Tx<'_>, _fact: &Fact) -> Result<(), AreaError> {
        Ok(())
    }

    /// Facts were taken, and the transaction is committed: wake what waits for them. A job that is woken within
    /// [`Area::hear`] may look before the commit.
    fn heard(&self) {}

    /// What this area knows of `subject`, as links of the chain of reasons; nothing above `clearance`.
    fn explain<'a>(
        &'a self,
        _subject: &'a Observable,
        _clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<Reason>, AreaError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Its part of the page about `subject`; nothing above the [`clearance`] of the context's reader.
    fn panel<'a>(
        &'a self,
        _context: &'a PageContext,
        _subject: &'a Observable,
    ) -> BoxFuture<'a, Result<Option<Markup>, AreaError>> {
        Box::pin(async { Ok(None) })
    }

    /// Its part of the first page.
    fn overview<'a>(&'a self, _context: &'a PageContext) -> BoxFuture<'a, Result<Option<Markup>, AreaError>> {
        Box::pin(async { Ok(None) })
    }

    /// What it finds for `text`, at most `limit` hits; nothing above `clearance`.
    fn search<'a>(
        &'a self,
        _text: &'a str,
        _limit: usize,
        _clearance: Tlp,
    ) -> BoxFuture<'a, Result<Vec<SearchHit>, AreaError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
