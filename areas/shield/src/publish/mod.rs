//! Publishing: from what was decided to a signed change of the policy, and now and then to a whole file of it.
//!
//! INVARIANT: what is published is the state by value: every decision in force that passes the last gate, whatever its
//! end. A change holds, for each thing that a decision or a warning list touched since, what the published state said
//! of it and what the rows say now; where both are the same, nothing is said. So it does not matter how often, in what
//! order or how late a thing is looked at again.
//!
//! The rows decide: files are put in place, and put in place again, from what the rows name.

mod changes;
mod drilled;
mod files;
mod recheck;
mod state;
mod whole;

pub use whole::{Compiler, LeftOut};

use crate::{
    Shield, ShieldError, gate,
    store::{
        drills,
        publications::{self, Publication},
    },
};
use arc_swap::ArcSwapOption;
use changes::Next;
use sipar_model::{Observable, TimestampMs};
use state::State;
use std::sync::{Arc, Mutex as StdMutex, atomic::AtomicBool};
use tokio::sync::{Mutex, Notify};

/// Whole files of this many newest states are kept, so that an edge that lags a little can still be compared.
pub const WHOLES_KEPT: usize = 10;

/// Changes that are kept: as many as edges and bouncers remember. Whoever is further behind takes a whole file.
pub const DELTAS_KEPT: usize = 4_096;

/// Bytes of changes that are kept: a night of bulk imports does not fill a disk.
pub const DELTA_BYTES_KEPT: u64 = 1 << 30;

/// Changes laid over a whole file before a new whole one is made: each costs a reader that starts about 0.1 ms.
pub const LAID_MAX: usize = 1_000;

/// Entries changed since the whole file before a new one is made. Each change lays all of them anew, at about a
/// microsecond each, so this keeps that below 20 ms.
pub const CHANGED_MAX: usize = 20_000;

/// A whole file is at most this old, while there are changes.
const WHOLE_AGE_MAX_MS: i64 = 24 * 3_600_000;

/// Tries against other nodes that publish too, each of which reads what the winner wrote; and against a drill, each of
/// which leaves out what it found.
const TRIES_MAX: usize = 10;

/// What one try to publish came to.
enum Try {
    /// It is done: a state was published, or there was nothing to publish.
    Done(Option<Publication>),
    /// A drill found something. It is held back now, or all is stopped: what is left can be tried.
    Drilled,
}

/// What publishing keeps between two times.
#[derive(Default)]
pub(crate) struct Desk {
    /// Held by who publishes.
    one_at_a_time: Mutex<()>,
    /// Held by who makes a whole file, beside that.
    whole: Mutex<()>,
    /// The published state.
    state: ArcSwapOption<State>,
    /// Whether what an earlier life of the program left behind was removed.
    swept: AtomicBool,
    /// When all decisions were last compared with the published state.
    checked_at: StdMutex<Option<TimestampMs>>,
    /// Wakes who publishes.
    pub(crate) wake: Arc<Notify>,
    /// Wakes who makes whole files.
    pub(crate) wake_upkeep: Arc<Notify>,
}

impl Shield {
    /// Publishes what has changed since the last time, if anything has.
    ///
    /// # Errors
    /// When it cannot be written or put in place; what was published last stays in use.
    pub async fn publish(self: &Arc<Self>) -> Result<Option<Publication>, ShieldError> {
        self.publish_with(Vec::new(), None).await
    }

    /// Publishes all that is decided as a new state in a whole file, compiled from the rows.
    ///
    /// # Errors
    /// When it cannot be compiled or put in place; what was published last stays in use.
    pub async fn publish_anew(self: &Arc<Self>) -> Result<Publication, ShieldError> {
        let _one_at_a_time = self.desk.one_at_a_time.lock().await;
        for _ in 0..TRIES_MAX {
            let newest = self.house.store.read(publications::newest).await?;
            match self.publish_all(newest.map(|newest| newest.serial)).await {
                Err(ShieldError::Outrun { serial }) => tracing::info!(serial = serial.0, "another node was first"),
                Ok(Try::Drilled) => {}
                Ok(Try::Done(published)) => return published.ok_or(ShieldError::Stopped),
                Err(error) => return Err(error),
            }
        }
        Err(ShieldError::Undrillable)
    }

    /// Publishes what has changed, looking at the things in `also` too; then all is judged by the warning lists in
    /// `judged_by`.
    async fn publish_with(
        self: &Arc<Self>,
        also: Vec<Observable>,
        judged_by: Option<String>,
    ) -> Result<Option<Publication>, ShieldError> {
        let _one_at_a_time = self.desk.one_at_a_time.lock().await;
        let also = Arc::new(also);
        let mut last = ShieldError::Undrillable;
        for _ in 0..TRIES_MAX {
            match self.publish_once(&also, judged_by.as_ref()).await {
                Err(ShieldError::Outrun { serial }) => {
                    tracing::info!(serial = serial.0, "another node published first; starting again from there");
                    last = ShieldError::Outrun { serial };
                    self.desk.state.store(None);
                }
                Ok(Try::Drilled) => last = ShieldError::Undrillable,
                Ok(Try::Done(published)) => return Ok(published),
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    async fn publish_once(
        self: &Arc<Self>,
        also: &Arc<Vec<Observable>>,
        judged_by: Option<&String>,
    ) -> Result<Try, ShieldError> {
        let read = |reader: &mut sipar_store::Reader<'_>| {
            let (newest, change) = (publications::newest(reader)?, publications::change(reader)?);
            Ok::<_, ShieldError>((newest, change, drills::stopped(reader)?))
        };
        let (newest, change, stop) = self.house.store.read(read).await?;
        let Some(newest) = newest else { return self.publish_all(None).await };
        let serial = newest.serial;
        let Some(state) = self.state_of(newest).await? else { return self.publish_all(Some(serial)).await };
        if stop.is_some() {
            return self.publish_openings(&state).await;
        }
        if state.publication.change == change && judged_by.is_none() {
            return Ok(Try::Done(None));
        }
        // What every entry says changes with its list.
        if state.publication.change < 0 || state.layers.lists() != gate::lists(&self.rules) {
            return self.publish_all(Some(serial)).await;
        }
        let (shield, from, also, judged_by) =
            (Arc::clone(self), Arc::clone(&state), Arc::clone(also), judged_by.cloned());
        let now = self.house.clock.now();
        match run_blocking(move || shield.next(&from, &also, judged_by, now)).await? {
            Next::Same { change, warnings } => {
                let publication = Publication { change, warnings, ..state.publication.clone() };
                let row = publication.clone();
                let write = self
                    .house
                    .store
                    .write(move |tx| publications::still_holds(tx, row.serial, row.change, &row.warnings));
                write.await?;
                self.desk.state.store(Some(Arc::new(State { publication, ..State::clone(&state) })));
                Ok(Try::Done(None))
            }
            Next::Whole(why) => {
                tracing::info!(serial = serial.0 + 1, why, "the next state is made whole");
                self.publish_all(Some(serial)).await
            }
            Next::Delta(next) => self.publish_change(next, now).await.map(|published| Try::Done(Some(published))),
            Next::Drilled(verdict) => self.keep_back(verdict).await,
        }
    }

    /// Makes a change known, then puts it in place.
    async fn publish_change(self: &Arc<Self>, next: State, now: TimestampMs) -> Result<Publication, ShieldError> {
        let row = next.publication.clone();
        self.house.store.write(move |tx| publications::publish(tx, &row, now)).await?;
        let publication = next.publication.clone();
        let placed = publication.clone();
        self.desk.state.store(Some(Arc::new(next)));
        self.in_place(move |shield| shield.place_change(&placed)).await?;
        self.wake_upkeep_if_due();
        tracing::info!(
            serial = publication.serial.0,
            changes = publication.delta.as_ref().map_or(0, |delta| delta.updates),
            entries = publication.entries,
            "change published"
        );
        Ok(publication)
    }

    /// Puts files in place. Where that fails, the next who asks for the published state begins with it.
    async fn in_place(
        self: &Arc<Self>,
        place: impl FnOnce(&Self) -> Result<(), ShieldError> + Send + 'static,
    ) -> Result<(), ShieldError> {
        let shield = Arc::clone(self);
        let placed = run_blocking(move || place(&shield)).await;
        if placed.is_err() {
            self.desk.state.store(None);
        }
        placed
    }

    /// The published state `newest`, with its files in place; `None` when they cannot be used.
    async fn state_of(self: &Arc<Self>, newest: Publication) -> Result<Option<Arc<State>>, ShieldError> {
        if let Some(state) = self.desk.state.load_full().filter(|state| state.publication.serial == newest.serial) {
            if state.publication == newest {
                return Ok(Some(state));
            }
            let state = Arc::new(State { publication: newest, ..State::clone(&state) });
            self.desk.state.store(Some(Arc::clone(&state)));
            return Ok(Some(state));
        }
        let shield = Arc::clone(self);
        let serial = newest.serial;
        let loaded = run_blocking(move || {
            let loaded = shield.load(newest);
            shield.sweep_once()?;
            if loaded.is_ok() {
                shield.arrange()?;
            }
            Ok(loaded)
        });
        match loaded.await? {
            Ok(state) => {
                let state = Arc::new(state);
                self.desk.state.store(Some(Arc::clone(&state)));
                Ok(Some(state))
            }
            Err(error) => {
                let error = sipar_area::AreaError::from(error).chain();
                tracing::error!(serial = serial.0, error, "the published files cannot be used; all is compiled anew");
                Ok(None)
            }
        }
    }

    /// The published state, if there is one that can be read.
    pub(crate) async fn published(self: &Arc<Self>) -> Result<Option<Arc<State>>, ShieldError> {
        if let Some(state) = self.desk.state.load_full() {
            return Ok(Some(state));
        }
        let _one_at_a_time = self.desk.one_at_a_time.lock().await;
        match self.house.store.read(publications::newest).await? {
            Some(newest) => self.state_of(newest).await,
            None => Ok(None),
        }
    }
}

/// Runs heavy work beside the asynchronous threads.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ShieldError> + Send + 'static,
) -> Result<T, ShieldError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
