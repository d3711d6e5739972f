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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bed, NOW};
    use sipar_store::testing::each_store_blocking;

    #[test]
    fn a_person_and_the_schedule_pull_at_the_same_moment() {
        each_store_blocking(|store| {
            let mut bed = Bed::new(store);
            bed.add("mine", "plain", &bed.file("mine.txt", "one.example\ntwo.example\n"));
            let intel = std::sync::Arc::get_mut(&mut bed.intel).expect("alone");
            intel.patience = std::time::Duration::from_secs(60);
            let number = bed.intel.source("mine").expect("source").number;
            bed.intel.busy.lock().expect("lock").insert(number);
            let asked_at = bed.intel.house.clock.now();
            let pulled = std::thread::scope(|scope| {
                let person = scope.spawn(|| bed.intel.pull("mine"));
                // The schedule's pull ends, whether the person waits already or not.
                bed.intel.busy.lock().expect("lock").remove(&number);
                bed.intel.freed.notify_all();
                person.join().expect("thread")
            });
            assert_eq!(pulled.expect("pulled").fresh, 2);
            let source = bed.intel.source("mine").expect("source");
            let told = bed.intel.done_since(&source, asked_at).expect("told");
            assert_eq!((told.runs.len(), told.fresh), (1, 2), "what another pull did is told");
            let later = bed.intel.done_since(&source, asked_at.plus_days(1)).expect("told");
            assert!(later.runs.is_empty(), "an older run is not told as new");
        });
    }

    #[test]
    fn long_work_goes_on_when_its_answer_is_due_and_is_told_to_who_asks_again() {
        each_store_blocking(|store| {
            let mut bed = Bed::new(store);
            bed.add("long", "plain", &bed.file("long.txt", "one.example\ntwo.example\n"));
            let number = bed.intel.source("long").expect("source").number;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
            let ask = |bed: &Bed, since| {
                runtime.block_on(bed.intel.answer("long".into(), since, Intel::pull)).expect("an answer")
            };
            bed.intel.busy.lock().expect("lock").insert(number);
            let Answer::GoesOn { since } = ask(&bed, None) else { panic!("who asks waits for ever") };
            assert_eq!(since, NOW);
            bed.intel.busy.lock().expect("lock").remove(&number);
            // The thread that was left alone ends by itself, having done the work or not.
            until_alone(&mut bed).patience = std::time::Duration::from_secs(60);
            let Answer::Done(pulled) = ask(&bed, Some(since)) else { panic!("it is not done") };
            assert_eq!((pulled.fresh, pulled.runs.len()), (2, 1));
            let Answer::Done(again) = ask(&bed, Some(since)) else { panic!("it is not done") };
            assert_eq!(again, pulled, "what was done is told, and not done again");
        });
    }

    /// The service, once no thread uses it any more.
    fn until_alone(bed: &mut Bed) -> &mut Intel {
        while std::sync::Arc::strong_count(&bed.intel) > 1 {
            std::thread::yield_now();
        }
        std::sync::Arc::get_mut(&mut bed.intel).expect("alone")
    }
}
