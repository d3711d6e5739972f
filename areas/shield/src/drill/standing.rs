//! A drill of everything that is published: by hand, daily, and after new warning lists.

use super::{Must, drill};
use crate::{
    Shield, ShieldError,
    model::drill::{Found, is_agreed, join},
    publish::run_blocking,
    store::{drills, lists},
};
use sipar_model::Action;
use std::sync::Arc;

/// What a drill of the published state came to.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// The state.
    pub serial: u64,
    /// Blocks that were looked at.
    pub blocks: u64,
    /// How long it took.
    pub took_ms: u64,
    /// What it found that people agreed to.
    pub agreed: Vec<Found>,
    /// What it found that nobody agreed to.
    pub found: Vec<Found>,
}

impl Shield {
    /// Everything that must resolve, by the warning lists in `index`.
    pub(crate) fn must(&self, index: Option<Arc<sipar_snapshot::WarningIndex>>) -> Must {
        let (own, owners) = (Arc::clone(&self.drills.own), self.house.owners.clone());
        Must { index, own, owners, now: self.house.clock.now() }
    }

    /// Drills the published state, and notes what of it blocks something that must resolve. Nothing is taken away.
    ///
    /// # Errors
    /// When the store or a file cannot be used.
    pub async fn drill_published(self: &Arc<Self>) -> Result<Ran, ShieldError> {
        let Some(state) = self.published().await? else { return Ok(Ran::default()) };
        let in_use = self.house.store.read(lists::in_use).await?;
        let (shield, layers) = (Arc::clone(self), state.layers.clone());
        let began = std::time::Instant::now();
        let (hits, blocks) = run_blocking(move || {
            let index = in_use.as_ref().map(|in_use| shield.index(&in_use.blob)).transpose()?;
            let must = shield.must(index);
            let mut blocks = 0;
            let blocked = layers.iter().filter(|entry| entry.action == Action::Block).inspect(|_| blocks += 1);
            let hits = drill(&must, None, &layers, blocked.map(|entry| entry.observable));
            Ok::<_, ShieldError>((hits, blocks))
        })
        .await?;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (found, now) = (join(hits), self.house.clock.now());
        let noted = self.house.store.write(move |tx| {
            let agreed = drills::agreed(tx, &found)?;
            let waits = drills::waiting(tx)?;
            let is_agreed = |found: &Found| agreed.get(&found.decision).is_some_and(|lists| is_agreed(found, lists));
            let (agreed, open): (Vec<Found>, Vec<Found>) = found.iter().cloned().partition(is_agreed);
            // What waits is about to leave the published state.
            let standing: Vec<Found> = open.iter().filter(|open| !waits.contains(&open.decision)).cloned().collect();
            drills::stand(tx, &standing, now)?;
            Ok::<_, ShieldError>((agreed, open))
        });
        let (agreed, found) = noted.await?;
        Ok(Ran { serial: state.layers.serial().0, blocks, took_ms, agreed, found })
    }
}
