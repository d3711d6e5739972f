//! The whole policy, names and all, for those who say by value what they met. It is read when somebody asks, and goes on
//! from what was read before: a file that is mapped, and the changes since.

use crate::{
    Bouncers, BouncersError,
    store::{self, StepRow},
};
use sipar_snapshot::{Delta, Layers, Policy};
use std::sync::{Arc, Mutex, PoisonError};

/// Changes over the whole file from which on a newer whole file is taken: each further change lays all of them anew, at
/// about a microsecond each.
const OVERLAY_MIN: usize = 1_000;

/// What was read last.
#[derive(Default)]
pub(crate) struct Listed(Mutex<Option<Layers>>);

impl Bouncers {
    /// The newest state of the policy; none while nothing was published.
    ///
    /// # Errors
    /// When the store or a file cannot be read.
    pub(crate) async fn listed(self: &Arc<Self>) -> Result<Option<Layers>, BouncersError> {
        let last = self.listed.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let after = last.as_ref().map_or(0, |layers| layers.base().serial().0);
        let steps = self.house.store.read(move |reader| store::steps(reader, after)).await?;
        let bouncers = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || bouncers.read_listed(last, &steps)).await;
        let newest = read.map_err(|_| BouncersError::Thread("reading a state of the policy"))??;
        self.listed.0.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&newest);
        Ok(newest)
    }

    fn read_listed(&self, last: Option<Layers>, steps: &[StepRow]) -> Result<Option<Layers>, BouncersError> {
        let newest = steps.iter().map(|step| step.serial).max().unwrap_or(0);
        let whole = || steps.iter().rev().filter(|step| step.since.is_none()).find(|step| self.is_there(step));
        if let Some(layers) = last {
            let led = self.lay(&layers, steps);
            let heavy = led.changed() >= OVERLAY_MIN && whole().is_some();
            if led.serial().0 >= newest && !heavy {
                return Ok(Some(led));
            }
        }
        let Some(whole) = whole() else { return Ok(None) };
        let opened = |source| BouncersError::Open { serial: whole.serial, source };
        let policy = Policy::open(&self.house.blobs.path(&whole.blob)?, &self.house.snapshot_key.verifying_key());
        Ok(Some(self.lay(&Layers::new(Arc::new(policy.map_err(opened)?)), steps)))
    }

    fn is_there(&self, step: &StepRow) -> bool {
        self.house.blobs.path(&step.blob).is_ok_and(|path| path.is_file())
    }

    /// These layers and the changes that lead on, as far as they can be read: an older state is better than none.
    fn lay(&self, layers: &Layers, steps: &[StepRow]) -> Layers {
        let key = self.house.snapshot_key.verifying_key();
        let mut deltas = Vec::new();
        let mut at = layers.serial().0;
        while let Some(step) = steps.iter().find(|step| step.since == Some(at) && step.serial > at) {
            let delta = self.house.blobs.path(&step.blob).ok().and_then(|path| Delta::open(&path, &key).ok());
            let Some(delta) = delta else { break };
            deltas.push(delta);
            at = step.serial;
        }
        layers.with_all(&deltas).unwrap_or_else(|error| {
            tracing::warn!(%error, "changes of the policy could not be laid over it");
            layers.clone()
        })
    }
}
