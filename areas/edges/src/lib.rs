//! The edges that stand far from here: what they fetch, how they are, and what they counted. NCSP 3.2a.
//!
//! Hears snapshots and deltas, and names them to edges that have a key, in a signed pointer; the files themselves go
//! out by their content, for any cache to keep. Hears from edges how they are, and says their counts as sightings.
//! Some edges get a new state first; when they do not fare well with it the rest stays where it is, and what came is
//! said to be rolled back when a person wants that.
//! It never learns who asked an edge, nor for what that is not listed; an edge speaks for itself alone.

mod error;
mod faults;
mod fleet;
mod http;
mod job;
pub mod model;
mod page;
mod rollout;
pub mod store;
#[cfg(test)]
mod tests;

pub use error::EdgesError;
pub use model::config::RolloutConfig;
pub use rollout::Figures;

/// What reads foreign bytes, for the fuzz targets.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::http::report::fuzz as report;
}

use fleet::Fleet;
use model::book::{Book, Step};
use sipar_area::{Area, AreaError, BoxFuture, Fault, House, Job, Route};
use sipar_model::{Fact, FactKind, TimestampMs};
use sipar_snapshot::FileRef;
use sipar_store::{Migration, Tx};
use sipar_web::{NavItem, TextSource};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, watch};

/// The service behind the area.
pub struct Edges {
    pub(crate) house: House,
    /// What was published.
    book: Mutex<Book>,
    /// Is sent when there is something newer for the first ring.
    pub(crate) newest: watch::Sender<u64>,
    /// Is sent when there is something newer for the rest.
    pub(crate) released: watch::Sender<u64>,
    pub(crate) rollout: rollout::Rollout,
    /// Since when edges can have told.
    pub(crate) started: TimestampMs,
    /// Who may ask.
    pub fleet: Fleet,
    pub(crate) waiting: Arc<Semaphore>,
    pub(crate) downloads: Arc<Semaphore>,
    /// Which table of networks was read, and what it is.
    pub(crate) networks_seen: Mutex<Option<(job::Identity, FileRef)>>,
}

impl Edges {
    /// The service of `house`. It knows nothing until [`refresh`](Self::refresh).
    #[must_use]
    pub fn new(house: &House) -> Arc<Self> {
        Arc::new(Self {
            house: house.clone(),
            book: Mutex::default(),
            newest: watch::Sender::new(0),
            released: watch::Sender::new(0),
            rollout: rollout::Rollout::default(),
            started: house.clock.now(),
            fleet: Fleet::new(house.store.clone(), Arc::clone(&house.clock)),
            waiting: Arc::new(Semaphore::new(http::doors::WAITING_MAX)),
            downloads: Arc::new(Semaphore::new(http::files::DOWNLOADS_MAX)),
            networks_seen: Mutex::default(),
        })
    }

    /// The routes that edges ask, each with the resource and the act that it needs. They stand beside the portal's
    /// frame: an edge's key is no key of the portal, and caches keep what they answer.
    #[must_use]
    pub fn doors(self: &Arc<Self>) -> Vec<Route> {
        http::doors::routes(self)
    }

    /// Looks at the book.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Book) -> T) -> T {
        at(&self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes into the book, and tells whoever waits.
    pub(crate) fn note(&self, write: impl FnOnce(&mut Book)) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut book);
        drop(book);
        self.tell_waiting();
    }

    /// Tells those who wait for news of their ring.
    pub(crate) fn tell_waiting(&self) {
        let newest = self.look(Book::newest);
        let released = self.limit().map_or(newest, |limit| limit.min(newest));
        self.newest.send_if_modified(|last| std::mem::replace(last, newest) != newest);
        self.released.send_if_modified(|last| std::mem::replace(last, released) != released);
    }
}

/// The area.
#[derive(Clone)]
pub struct EdgesArea(Arc<Edges>);

impl EdgesArea {
    /// The service itself.
    #[must_use]
    pub fn edges(&self) -> &Arc<Edges> {
        &self.0
    }
}

/// The area of `house`.
#[must_use]
pub fn area(house: &House) -> Arc<EdgesArea> {
    Arc::new(EdgesArea(Edges::new(house)))
}

impl Area for EdgesArea {
    fn name(&self) -> &'static str {
        "edges"
    }

    fn clauses(&self) -> &'static [&'static str] {
        &["3.2a"]
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
        faults::CLASSES
    }

    fn faults(&self) -> BoxFuture<'_, Result<Vec<Fault>, AreaError>> {
        Box::pin(async move {
            let house = &self.0.house;
            let (now, edges) = (house.clock.now(), http::shown(&self.0).await?);
            let events = house.store.read(store::events).await.map_err(EdgesError::from)?;
            let found = edges.iter().filter_map(|edge| faults::of(edge, now));
            let halted = faults::halted(&self.0.rollout_view().row);
            Ok(found.chain(faults::doubted(&events, now)).chain(halted).collect())
        })
    }

    fn says(&self) -> &'static [FactKind] {
        &[FactKind::Sightings, FactKind::RolledBack]
    }

    fn hears(&self) -> &'static [FactKind] {
        &[FactKind::Snapshot, FactKind::Delta]
    }

    fn hear(&self, tx: &mut Tx<'_>, fact: &Fact) -> Result<(), AreaError> {
        let Some(step) = Step::of(fact) else { return Ok(()) };
        store::hear(tx, &step)?;
        // Before the commit: a file that was published is worth fetching whether or not we remember it.
        self.0.note(|book| book.add(step));
        Ok(())
    }

    fn heard(&self) {
        self.0.rollout.wake.notify_one();
    }
}
