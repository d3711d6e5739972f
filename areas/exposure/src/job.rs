//! What time does to exposures.

use crate::{ExposureError, Exposures, store};
use sipar_area::Job;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Ends are days: within a quarter of an hour is soon enough.
const PASS_EVERY: Duration = Duration::from_secs(15 * 60);

/// Exposures that one transaction looks at, or forgets.
const PASSED_MAX: usize = 1_000;

/// How long one that is over is kept, in days: over a year, so that what comes back every year is known.
const KEPT_DAYS: i64 = 400;

/// The jobs.
pub(crate) fn jobs(exposures: &Arc<Exposures>) -> Vec<Job> {
    let exposures = Arc::clone(exposures);
    vec![Job::new("exposures-in-time", PASS_EVERY, Arc::new(Notify::new()), move || {
        let exposures = Arc::clone(&exposures);
        Box::pin(async move {
            let mut passed = 0;
            loop {
                let (inner, now) = (Arc::clone(&exposures), exposures.house.clock.now());
                let written = exposures.house.store.write(move |tx| {
                    store::forget(tx, now.plus_days(-KEPT_DAYS), PASSED_MAX)?;
                    inner.pass_time(tx, now, PASSED_MAX)
                });
                let count = written.await.map_err(|error: ExposureError| sipar_area::AreaError::from(error))?;
                passed += count;
                if count < PASSED_MAX {
                    return Ok((passed > 0).then(|| format!("{passed} exposures were fixed, or accepted until now")));
                }
            }
        })
    })]
}
