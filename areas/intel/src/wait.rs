//! Waiting for a pull that is under way, so that who asks for one gets its result instead of a refusal.
//!
//! A feed is due as soon as it is added, so the schedule and the person who added it often ask at the same moment.

use crate::{
    error::IntelError,
    feeds::Intel,
    pull::Pulled,
    store::{self, Outcome, Source},
};
use sipar_model::TimestampMs;
use std::{collections::HashSet, sync::PoisonError};

/// Runs looked at to tell what another pull did: one for each new file, and a folder rarely brings more at once.
const RUNS_TOLD_MAX: u64 = 50;

impl Intel {
    /// Waits until no thread works on the feed.
    pub(crate) fn wait_until_free(&self, source: &Source) -> Result<(), IntelError> {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let still = |busy: &mut HashSet<i64>| busy.contains(&source.number);
        let (_busy, waited) =
            self.freed.wait_timeout_while(busy, self.patience, still).unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(IntelError::Busy { slug: source.about.slug.clone() });
        }
        Ok(())
    }

    /// What others did with a feed since then, in the runs that they ended.
    pub(crate) fn done_since(&self, source: &Source, since: TimestampMs) -> Result<Pulled, IntelError> {
        let number = source.number;
        let runs = self.house.store.read_blocking(move |reader| store::last_runs(reader, number, RUNS_TOLD_MAX))?;
        let mut pulled = Pulled { slug: source.about.slug.clone(), ..Pulled::default() };
        let ended = |run: &&store::Run| {
            run.ended_at.is_some_and(|at| at >= since) && matches!(run.outcome, Outcome::Applied | Outcome::Held)
        };
        for run in runs.iter().filter(ended) {
            pulled.runs.push(run.number);
            pulled.fresh += run.fresh;
            pulled.changed += run.changed;
            pulled.withdrawn += run.withdrawn;
            pulled.refused += run.refused;
            if run.outcome == Outcome::Held {
                pulled.held.get_or_insert_with(|| run.detail.clone());
            }
        }
        Ok(pulled)
    }
}
