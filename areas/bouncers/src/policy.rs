//! Follows the policy: keeps the newest book of addresses, and the journal of how it came about.

use crate::{
    BouncersError,
    model::{
        book::{Book, Says},
        journal::{Journal, Step},
        net::Net,
    },
    store::StepRow,
};
use arc_swap::ArcSwapOption;
use sipar_area::Blobs;
use sipar_model::{Clock, TimestampMs};
use sipar_snapshot::{Delta, Policy, Update, VerifyingKey};
use std::sync::{Arc, Mutex, PoisonError};

/// Published files that wait to be read; a node that is further behind starts again from what the store remembers.
const WAITING_MAX: usize = 1_000;

/// One state of the policy, as clients are told it.
#[derive(Debug)]
pub struct State {
    /// Its serial.
    pub serial: u64,
    /// When it was compiled.
    pub created: TimestampMs,
    /// What is blocked.
    pub book: Book,
    /// How it came about.
    pub journal: Journal,
}

/// Keeps the newest state.
pub struct Follower {
    blobs: Blobs,
    key: VerifyingKey,
    clock: Arc<dyn Clock>,
    state: ArcSwapOption<State>,
    waiting: Mutex<Vec<StepRow>>,
    /// Held while files are read.
    reading: Mutex<()>,
}

impl Follower {
    /// A follower that knows nothing yet.
    #[must_use]
    pub fn new(blobs: Blobs, key: VerifyingKey, clock: Arc<dyn Clock>) -> Self {
        let (state, waiting, reading) = (ArcSwapOption::empty(), Mutex::default(), Mutex::default());
        Self { blobs, key, clock, state, waiting, reading }
    }

    /// The newest state; `None` until the first file was read.
    #[must_use]
    pub fn state(&self) -> Option<Arc<State>> {
        self.state.load_full()
    }

    /// A file was published. It may be told twice, and before the telling is committed: files are signed and numbered.
    pub fn told(&self, step: StepRow) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < WAITING_MAX {
            waiting.push(step);
        }
    }

    /// Reads what waits, and `remembered` when nothing was read before or something is missing. Blocks.
    /// Tells whether the state is another one now.
    ///
    /// # Errors
    /// When a file cannot be read; the last state stays.
    pub fn catch_up(&self, remembered: Vec<StepRow>) -> Result<bool, BouncersError> {
        let _one_at_a_time = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut steps = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        steps.extend(remembered);
        steps.sort_by_key(|step| (step.serial, step.since.is_none()));
        steps.dedup();
        let before = self.state().map(|state| state.serial);
        while let Some(next) = self.next(&steps) {
            let state = self.read(&next)?;
            self.state.store(Some(Arc::new(state)));
        }
        Ok(self.state().map(|state| state.serial) != before)
    }

    /// The file that leads on from here: the change from this serial; without one, the next whole state.
    /// At the start, the oldest whole state that is still there, so that the journal reaches back as far as it can.
    fn next(&self, steps: &[StepRow]) -> Option<StepRow> {
        let there = |step: &&StepRow| self.blobs.path(&step.blob).is_ok_and(|path| path.is_file());
        let mut wholes = steps.iter().filter(|step| step.since.is_none());
        let Some(serial) = self.state().map(|state| state.serial) else { return wholes.find(there).cloned() };
        let change = steps.iter().find(|step| step.since == Some(serial) && step.serial > serial && there(step));
        change.or_else(|| wholes.find(|step| step.serial > serial && there(step))).cloned()
    }

    fn read(&self, step: &StepRow) -> Result<State, BouncersError> {
        match (self.state(), step.since) {
            (Some(before), Some(_)) => self.read_change(step, &before),
            (before, _) => self.read_whole(step, before.as_deref()),
        }
    }

    /// The state that a change leads to.
    fn read_change(&self, step: &StepRow, before: &State) -> Result<State, BouncersError> {
        let opened = |source| BouncersError::Open { serial: step.serial, source };
        let delta = Delta::open(&self.blobs.path(&step.blob)?, &self.key).map_err(opened)?;
        // The file's own numbers count: a fact may be wrong, what is signed is not.
        if (delta.from().0, delta.to().0) != (before.serial, step.serial) {
            return Err(BouncersError::Misnumbered { serial: step.serial });
        }
        let said = |update: &Update| Some((Net::of(&update.observable)?, Says::of(&update.after, delta.lists())));
        let said: Vec<(Net, Says)> = delta.updates().iter().filter_map(said).collect();
        let book = before.book.with(said.iter().copied());
        let serials = (before.serial, step.serial);
        let change = Step::between(serials, &before.book, &book, &said, self.clock.now());
        Ok(State { serial: step.serial, created: delta.created(), book, journal: before.journal.with(change) })
    }

    /// A whole state. Where nothing leads to it, it is compared with the one before.
    fn read_whole(&self, step: &StepRow, before: Option<&State>) -> Result<State, BouncersError> {
        let opened = |source| BouncersError::Open { serial: step.serial, source };
        let policy = Policy::open(&self.blobs.path(&step.blob)?, &self.key).map_err(opened)?;
        policy.scrub().map_err(opened)?;
        if policy.serial().0 != step.serial {
            return Err(BouncersError::Misnumbered { serial: step.serial });
        }
        let book = Book::new(policy.iter(), policy.lists());
        let journal = before.map_or_else(Journal::default, |before| {
            let serials = (before.serial, step.serial);
            before.journal.with(Step::between_whole(serials, &before.book, &book, self.clock.now()))
        });
        Ok(State { serial: step.serial, created: policy.created(), book, journal })
    }
}
