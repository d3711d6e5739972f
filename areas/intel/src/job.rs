//! What this area does by itself: pulls what is due, builds the warning index, counts quality.

use crate::{error::IntelError, feeds::Intel, store};
use sipar_area::{Job, JobFuture};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Feeds become due at most once a minute, so looking more often finds nothing.
const PULL_EVERY: Duration = Duration::from_secs(60);

/// Another node may have built the index, or an operator changed a file of packs.
const WARNINGS_EVERY: Duration = Duration::from_secs(600);

/// Quality is for people who look at it now and then, and reads every assertion.
const QUALITY_EVERY: Duration = Duration::from_secs(900);

/// A look at one number; what follows reads every assertion, once the number has stood still from one look to the next.
const OWNED_EVERY: Duration = Duration::from_secs(15);

/// The jobs of `intel`.
pub(crate) fn jobs(intel: &Arc<Intel>) -> Vec<Job> {
    vec![
        job("feeds", PULL_EVERY, &intel.pull_wake, intel, pull),
        job("warning-lists", WARNINGS_EVERY, &intel.warning_wake, intel, Intel::refresh_warnings),
        job("removed-feeds", PULL_EVERY, &intel.removed_wake, intel, Intel::clear_removed),
        job("feed-quality", QUALITY_EVERY, &intel.quality_wake, intel, quality),
        job("owned-again", OWNED_EVERY, &intel.owned_wake, intel, Intel::say_owned),
    ]
}

fn job(
    name: &'static str,
    every: Duration,
    wake: &Arc<Notify>,
    intel: &Arc<Intel>,
    work: fn(&Intel) -> Result<Option<String>, IntelError>,
) -> Job {
    let intel = Arc::clone(intel);
    Job::new(name, every, Arc::clone(wake), move || -> JobFuture {
        let intel = Arc::clone(&intel);
        Box::pin(async move { Ok(intel.on_thread(work).await?) })
    })
}

fn pull(intel: &Intel) -> Result<Option<String>, IntelError> {
    let done = intel.pull_due()?;
    let mut parts = Vec::new();
    for result in &done {
        match result {
            Ok(pulled) if pulled.held.is_some() => parts.push(format!("{} held for a person", pulled.slug)),
            Ok(pulled) if pulled.runs.is_empty() => {}
            Ok(pulled) => parts.push(format!("{}: {} new, {} changed", pulled.slug, pulled.fresh, pulled.changed)),
            // One feed's failure is that feed's, and no failure of the job; its page shows it.
            Err(error) => {
                tracing::warn!(error = error.chain(), "a feed could not be taken in");
                parts.push("one failed".to_owned());
            }
        }
    }
    Ok((!parts.is_empty()).then(|| parts.join("; ")))
}

fn quality(intel: &Intel) -> Result<Option<String>, IntelError> {
    let now = intel.house.clock.now();
    let met = intel.house.store.read_blocking(move |reader| store::count_met(reader, now))?;
    intel.write(move |tx| store::keep_met(tx, &met, now))?;
    let Some((run, counts)) = intel.house.store.read_blocking(store::count_quality)? else { return Ok(None) };
    intel.write(move |tx| store::keep_quality(tx, run, &counts, now))?;
    Ok(None)
}

/// Counts quality at once, for tests of what it counts.
#[cfg(test)]
pub(crate) fn tests_quality(intel: &Intel) {
    quality(intel).expect("quality");
}
