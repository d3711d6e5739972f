//! The whole policy as it is now, opened only when a list of more than addresses is written.

use crate::{BouncersError, store::StepRow};
use sipar_area::House;
use sipar_snapshot::{Delta, Layers, Policy};
use std::sync::{Arc, Mutex, PoisonError};

/// What was opened last: the next time only what came since is laid over it.
#[derive(Default)]
pub struct Newest(Mutex<Option<Layers>>);

impl Newest {
    /// The newest state that the published files lead to; `None` when there is none. Blocks.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn layers(&self, house: &House, steps: &[StepRow]) -> Result<Option<Layers>, BouncersError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = |step: &&StepRow| house.blobs.path(&step.blob).is_ok_and(|path| path.is_file());
        let wholes = steps.iter().filter(|step| step.since.is_none());
        let whole = wholes.filter(there).max_by_key(|step| step.serial);
        // A newer whole file takes the place of what has been laid over an old one.
        let open = kept.take().filter(|open| whole.is_none_or(|whole| whole.serial <= open.serial().0));
        let start = match (open, whole) {
            (Some(open), _) => open,
            (None, Some(whole)) => Layers::new(Arc::new(policy(house, whole)?)),
            (None, None) => return Ok(None),
        };
        let layers = laid(house, steps, &start)?;
        *kept = Some(layers.clone());
        Ok(Some(layers))
    }
}

fn policy(house: &House, step: &StepRow) -> Result<Policy, BouncersError> {
    let opened = |source| BouncersError::Open { serial: step.serial, source };
    let policy = Policy::open(&house.blobs.path(&step.blob)?, &house.snapshot_key.verifying_key()).map_err(opened)?;
    policy.scrub().map_err(opened)?;
    Ok(policy)
}

/// These layers with every change that leads on from them.
fn laid(house: &House, steps: &[StepRow], start: &Layers) -> Result<Layers, BouncersError> {
    let (mut serial, mut deltas) = (start.serial().0, Vec::new());
    let next = |serial: u64| steps.iter().find(|step| step.since == Some(serial) && step.serial > serial);
    while let Some(step) = next(serial) {
        let path = house.blobs.path(&step.blob)?;
        if !path.is_file() {
            break;
        }
        let opened = |source| BouncersError::Open { serial: step.serial, source };
        deltas.push(Delta::open(&path, &house.snapshot_key.verifying_key()).map_err(opened)?);
        serial = step.serial;
    }
    start.with_all(&deltas).map_err(|source| BouncersError::Layers { serial, source })
}
