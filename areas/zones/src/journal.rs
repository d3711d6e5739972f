//! The newest state and the way to it from older ones, kept up to date by what the shield publishes.

use crate::{
    Zones, ZonesError,
    model::{is_current, zone_serial},
    render::step::{Change, Lists, Step, View, compare, condense, step},
    store::{self, Heard},
};
use sipar_model::{Observable, TimestampMs};
use sipar_snapshot::{Delta, Layers, Policy};
use std::{collections::VecDeque, sync::Arc};

/// Steps that are kept: a change every ten seconds for eleven hours.
pub const STEPS_MAX: usize = 4_096;

/// Changes in all steps together. A subscriber that lags more is served faster with the whole zone, and they stay
/// below some 100 MB.
pub const CHANGES_MAX: usize = 1_000_000;

/// Entries laid over the whole file before a newer whole file is put under them: each further change lays all of them
/// anew, at about a microsecond each (`sipar_snapshot::limits::OVERLAY_MAX`).
const OVERLAY_MIN: usize = 1_000;

/// What transfers are served from.
#[derive(Clone)]
pub struct Live {
    /// The newest state.
    pub view: Arc<View>,
    /// The steps that lead to it, the oldest first, without a gap.
    pub steps: VecDeque<Arc<Step>>,
}

/// What changed since a serial.
#[derive(Debug, PartialEq, Eq)]
pub enum Since {
    /// Nothing: it is the newest, or newer than ours.
    Current,
    /// This.
    Changes(Vec<Change>),
    /// We do not know that serial any more.
    Unknown,
}

impl Live {
    /// The serial of the newest state.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.view.layers.serial().0
    }

    /// What changed since the zone had `serial`; steps that start before `oldest` do not count.
    #[must_use]
    pub fn since(&self, serial: u32, oldest: u64) -> Since {
        if is_current(zone_serial(self.serial()), serial) {
            return Since::Current;
        }
        let first = self.steps.iter().position(|step| zone_serial(step.from) == serial && step.from >= oldest);
        match first {
            Some(first) => Since::Changes(condense(self.steps.iter().skip(first).map(|step| &step.changes[..]))),
            None => Since::Unknown,
        }
    }

    /// When the state after `serial` was reached: since then who has it is behind.
    #[must_use]
    pub fn behind_since(&self, serial: u32) -> Option<TimestampMs> {
        if is_current(zone_serial(self.serial()), serial) {
            return None;
        }
        let next = self.steps.iter().find(|step| zone_serial(step.from) == serial).or_else(|| self.steps.front());
        Some(next.map_or_else(|| self.view.layers.created(), |step| step.created))
    }

    fn push(&mut self, step: Step) {
        if self.steps.back().is_some_and(|last| last.to != step.from) {
            self.steps.clear();
        }
        self.steps.push_back(Arc::new(step));
        let mut changes: usize = self.steps.iter().map(|step| step.changes.len()).sum();
        while self.steps.len() > STEPS_MAX || changes > CHANGES_MAX {
            changes -= self.steps.pop_front().map_or(0, |step| step.changes.len());
        }
    }
}

impl Zones {
    /// Brings the newest state up to what was heard. Returns whether anything is newer now.
    ///
    /// # Errors
    /// When the store or a file fails; the last state goes on being served.
    pub(crate) fn follow(&self) -> Result<bool, ZonesError> {
        let mut moved = false;
        // Bounded by what was heard; each round reaches a later serial.
        while self.follow_once()? {
            moved = true;
        }
        Ok(moved)
    }

    fn follow_once(&self) -> Result<bool, ZonesError> {
        let Some(live) = self.live.load_full() else { return self.begin() };
        let serial = live.serial();
        let files = self.house.store.read_blocking(move |reader| store::files(reader, serial))?;
        let live = match self.rebased(&live)? {
            Some(layers) => {
                let view = Arc::new(View { layers, index: live.view.index.clone() });
                let live = Arc::new(Live { view, steps: live.steps.clone() });
                self.live.store(Some(Arc::clone(&live)));
                live
            }
            None => live,
        };
        let next = files.iter().find(|file| file.from == serial && file.serial > serial);
        let advanced = next.and_then(|file| match self.by_delta(&live, file) {
            Ok(advanced) => Some(advanced),
            Err(error) => {
                let error = sipar_area::AreaError::from(error);
                tracing::warn!(error = error.chain(), "a delta cannot be used; the next whole snapshot is compared");
                None
            }
        });
        let advanced = match advanced {
            Some(advanced) => advanced,
            None => {
                let whole = files.iter().rev().find(|file| file.from == 0 && file.serial > serial);
                let Some(whole) = whole else { return Ok(false) };
                let after = Layers::new(Arc::new(self.open(whole)?));
                let observables = compare(&live.view.layers, &after);
                (after, observables)
            }
        };
        self.advance(&live, advanced.0, &advanced.1)?;
        Ok(true)
    }

    /// The same state on a newer whole file, if there is one and it is worth it. A file that cannot be used changes
    /// nothing: what is served rests on the whole file before.
    fn rebased(&self, live: &Live) -> Result<Option<Layers>, ZonesError> {
        let (layers, serial) = (&live.view.layers, live.serial());
        if layers.changed() < OVERLAY_MIN {
            return Ok(None);
        }
        let whole = self.house.store.read_blocking(move |reader| store::newest_whole(reader, serial))?;
        let Some(whole) = whole.filter(|whole| whole.serial > layers.base().serial().0) else { return Ok(None) };
        let from = whole.serial;
        let files = self.house.store.read_blocking(move |reader| store::files(reader, from))?;
        let rebased = self.laid_over(&whole, &files, serial);
        Ok(rebased.filter(|rebased| rebased.serial().0 == serial && rebased.changed() < layers.changed()))
    }

    /// A whole file and the changes from it to `serial`; `None` when one of them is missing or damaged.
    fn laid_over(&self, whole: &Heard, files: &[Heard], serial: u64) -> Option<Layers> {
        let mut deltas = Vec::new();
        let mut at = whole.serial;
        while at < serial {
            let file = files.iter().find(|file| file.from == at && file.serial <= serial)?;
            deltas.push(self.delta(file).ok()?);
            at = file.serial;
        }
        Layers::new(Arc::new(self.open(whole).ok()?)).with_all(&deltas).ok()
    }

    /// Starts from the newest whole file, with the steps that lead to it.
    fn begin(&self) -> Result<bool, ZonesError> {
        let files = self.house.store.read_blocking(|reader| store::files(reader, 0))?;
        // The newest that a step leads to comes first: from there the journal goes on without a gap.
        let newest_step = self.house.store.read_blocking(store::newest_step)?;
        let whole = |newest: u64| files.iter().rev().find(|file| file.from == 0 && file.serial <= newest);
        let candidates = [newest_step.and_then(whole), whole(u64::MAX)];
        for file in candidates.into_iter().flatten() {
            let Ok(policy) = self.open(file) else { continue };
            let serial = file.serial;
            let steps = self.house.store.read_blocking(move |reader| store::steps(reader, serial))?;
            let mut live = Live { view: Arc::new(View::new(Layers::new(Arc::new(policy)))), steps: VecDeque::new() };
            steps.into_iter().for_each(|step| live.push(step));
            if live.steps.back().is_some_and(|last| last.to != serial) {
                live.steps.clear();
            }
            self.publish(live);
            return Ok(true);
        }
        Ok(false)
    }

    fn open(&self, file: &Heard) -> Result<Policy, ZonesError> {
        let path = self.house.blobs.path(&file.blob)?;
        Policy::open(&path, &self.house.snapshot_key.verifying_key())
            .map_err(|source| ZonesError::Open { serial: file.serial, source })
    }

    fn delta(&self, file: &Heard) -> Result<Delta, ZonesError> {
        let path = self.house.blobs.path(&file.blob)?;
        Delta::open(&path, &self.house.snapshot_key.verifying_key())
            .map_err(|source| ZonesError::Open { serial: file.serial, source })
    }

    fn by_delta(&self, live: &Live, file: &Heard) -> Result<(Layers, Vec<Observable>), ZonesError> {
        let delta = self.delta(file)?;
        let layers = live.view.layers.with(&delta).map_err(ZonesError::Layer)?;
        let observables = delta.updates().iter().map(|update| update.observable.clone()).collect();
        Ok((layers, observables))
    }

    fn advance(&self, live: &Live, after: Layers, observables: &[Observable]) -> Result<(), ZonesError> {
        let (from, to, created) = (live.serial(), after.serial().0, after.created());
        let takes_lists = self.subscribers.load().iter().any(|one| !one.about.lists.is_empty());
        let lists = if takes_lists { Lists::Told } else { Lists::Untold };
        let (view, changes) = step(&live.view, after, observables, lists);
        let mut next = Live { view: Arc::new(view), steps: live.steps.clone() };
        match changes {
            Ok(changes) if changes.len() <= CHANGES_MAX => {
                let step = Step { from, to, created, changes };
                next.push(step.clone());
                let oldest = next.steps.front().map_or(to, |first| first.to);
                let body = crate::render::step::encode(&step.changes);
                self.house.store.write_blocking(move |tx| store::keep_step(tx, &step, &body, oldest))?;
            }
            // So much has changed that the whole zone is smaller than the way to it.
            _ => next.steps.clear(),
        }
        self.publish(next);
        Ok(())
    }

    fn publish(&self, live: Live) {
        let serial = live.serial();
        self.live.store(Some(Arc::new(live)));
        self.newest.send_replace(serial);
    }
}
