//! The published state as it is kept open: a whole file and the changes since, by the rows that name them.

use super::{DELTAS_KEPT, changes};
use crate::{
    Shield, ShieldError,
    error::say,
    store::publications::{self, Publication},
};
use sipar_snapshot::{Delta, Layers, OpenError, Policy};
use std::sync::Arc;

/// The published state.
#[derive(Clone, Debug)]
pub(crate) struct State {
    /// Its row.
    pub publication: Publication,
    /// What it says.
    pub layers: Layers,
    /// Changes laid over the whole file.
    pub laid: usize,
}

impl Shield {
    /// Opens the state of `newest`: the newest whole file, and the changes from there.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the changes do not lead there.
    pub(super) fn load(self: &Arc<Self>, newest: Publication) -> Result<State, ShieldError> {
        let whole = self.house.store.read_blocking(|reader| publications::wholes(reader, 1))?.pop();
        let whole = whole.ok_or_else(|| ShieldError::Missing(say("shield-refused-no-whole", [])))?;
        let blob = whole.whole.as_ref().map(|file| file.blob.clone()).unwrap_or_default();
        let path = self.house.blobs.path(&blob)?;
        let opened = |source: OpenError| ShieldError::Open { what: path.display().to_string(), source };
        let policy = Policy::open(&path, &self.house.snapshot_key.verifying_key()).map_err(opened)?;
        policy.scrub().map_err(opened)?;
        self.lay(newest, Layers::new(Arc::new(policy)))
    }

    /// Lays the published changes up to `newest` over a whole state.
    pub(super) fn lay(self: &Arc<Self>, newest: Publication, base: Layers) -> Result<State, ShieldError> {
        let from = base.serial();
        let rows = self.house.store.read_blocking(move |reader| publications::after(reader, from, DELTAS_KEPT))?;
        let mut deltas: Vec<Delta> = Vec::with_capacity(rows.len());
        for row in rows.iter().filter(|row| row.serial <= newest.serial) {
            let missing =
                || ShieldError::Missing(say("shield-refused-no-change", [("serial", row.serial.to_string().into())]));
            let file = row.delta.as_ref().ok_or_else(missing)?;
            deltas.push(changes::open(&self.house.blobs.path(&file.blob)?, self)?);
        }
        let serial = newest.serial;
        let layers = base.with_all(&deltas).map_err(|source| ShieldError::Layer { serial, source })?;
        if layers.serial() != serial {
            return Err(ShieldError::Missing(say(
                "shield-refused-no-way",
                [("from", from.to_string().into()), ("to", serial.to_string().into())],
            )));
        }
        Ok(State { publication: newest, layers, laid: deltas.len() })
    }
}
