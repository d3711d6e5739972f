//! Waiting for a pull that is under way, so that who asks for one gets its result instead of a refusal; and answering
//! who asked for long work before the request has to end.
//!
//! A feed is due as soon as it is added, so the schedule and the person who added it often ask at the same moment.

use crate::{
    error::IntelError,
    feeds::Intel,
    pull::Pulled,
    store::{self, Outcome, Source},
};
use sipar_model::TimestampMs;
use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
};

/// Runs looked at to tell what another pull did: one for each new file, and a folder rarely brings more at once.
const RUNS_TOLD_MAX: u64 = 50;

/// What is answered to who asked for long work.
pub(crate) enum Answer {
    /// It is done, and this is what it did.
    Done(Pulled),
    /// It goes on. Who asks again with this time gets the result.
    GoesOn {
        /// When it was asked for first.
        since: TimestampMs,
    },
}

impl Intel {
    /// Does `work` on a feed, and answers when it is done or the patience of who asks is over: then it goes on.
    ///
    /// With `since` it was asked for at that time already, and what was done meanwhile is the answer.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        slug: String,
        since: Option<TimestampMs>,
        work: impl FnOnce(&Self, &str) -> Result<Pulled, IntelError> + Send + 'static,
    ) -> Result<Answer, IntelError> {
        let goes_on = Answer::GoesOn { since: since.unwrap_or_else(|| self.house.clock.now()) };
        let doing = self.on_thread(move |intel| match since {
            None => work(intel, &slug),
            Some(since) => intel.done_meanwhile(&slug, since)?.map_or_else(|| work(intel, &slug), Ok),
        });
        // What blocks is not ended by our not waiting for it.
        match tokio::time::timeout(self.patience, doing).await {
            Err(_) | Ok(Err(IntelError::Busy { .. })) => Ok(goes_on),
            Ok(done) => done.map(Answer::Done),
        }
    }

    fn done_meanwhile(&self, slug: &str, since: TimestampMs) -> Result<Option<Pulled>, IntelError> {
        let source = self.source(slug)?;
        self.wait_until_free(&source)?;
        let done = self.done_since(&source, since)?;
        Ok((!done.runs.is_empty()).then_some(done))
    }

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
