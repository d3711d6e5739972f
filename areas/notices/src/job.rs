//! What notices do by themselves, and the numbers by which telling owners is measured.

use crate::{
    Notices, NoticesError, Pace,
    model::{
        document::month_of,
        measure::{Measured, median},
    },
    store::{letters, notices, things},
};
use sipar_area::{AreaError, Job, Measure, MeasureValue};
use sipar_model::{Severity, TimestampMs};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What is critical is told as soon as it is heard, which wakes the job; hours and clocks are looked at once a minute.
const RUN_EVERY: Duration = Duration::from_secs(60);

/// How long a notice that is over is kept, in days: over a year, as with exposures.
const KEPT_DAYS: i64 = 400;

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: usize = 1_000;

/// Months that are measured.
const MONTHS: i64 = 12;

/// The jobs.
pub(crate) fn jobs(notices: &Arc<Notices>) -> Vec<Job> {
    let run = Arc::clone(notices);
    let run = Job::new("notices", RUN_EVERY, Arc::clone(&notices.wake), move || {
        let notices = Arc::clone(&run);
        Box::pin(async move {
            let (made, sent) = notices.run(Pace::Usual).await?;
            let any = made + sent.taken + sent.failed > 0;
            Ok(any.then(|| format!("{made} notices made; {} letters taken, {} not", sent.taken, sent.failed)))
        })
    });
    let forget = Arc::clone(notices);
    let forget = Job::new("forget-notices", Duration::from_secs(3_600), Arc::new(Notify::new()), move || {
        let notices = Arc::clone(&forget);
        Box::pin(async move {
            let gone = notices.forget().await?;
            Ok((gone > 0).then(|| format!("{gone} notices that are over forgotten")))
        })
    });
    vec![run, forget]
}

impl Notices {
    /// Forgets what has been over for long enough; returns how many notices.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn forget(&self) -> Result<u64, NoticesError> {
        let now = self.house.clock.now();
        let before = now.plus_days(-KEPT_DAYS);
        let written = self.house.store.write(move |tx| {
            let gone = notices::forget(tx, before, FORGOTTEN_MAX)?;
            things::forget(tx, before, FORGOTTEN_MAX)?;
            letters::forget_failing(tx, now.plus_ms(-crate::plan::FAILING_MS))?;
            Ok::<_, NoticesError>(gone)
        });
        written.await
    }

    /// What became of the things in notices of the last months.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn measured(&self) -> Result<Vec<Measured>, NoticesError> {
        let from = months_before(self.house.clock.now(), MONTHS - 1);
        let gathered = self.house.store.read(move |reader| things::gather(reader, from)).await?;
        Ok(gathered.measured())
    }
}

/// The month so many months before that of `at`.
fn months_before(at: TimestampMs, months: i64) -> i64 {
    let month = month_of(at);
    let count = month / 100 * 12 + month % 100 - 1 - months;
    count.div_euclid(12) * 100 + count.rem_euclid(12) + 1
}

/// The numbers by which NCSP 3.3b is measured here.
pub(crate) fn measures(notices: &Arc<Notices>) -> Vec<Measure> {
    let share = |name, of, part: fn(&Measured) -> u64| {
        let notices = Arc::clone(notices);
        Measure {
            name,
            clause: "3.3b",
            unit: "things",
            period: "12 months",
            of,
            read: Arc::new(move || {
                let notices = Arc::clone(&notices);
                Box::pin(async move {
                    let measured = notices.measured().await.map_err(AreaError::from)?;
                    let all: u64 = measured.iter().map(|one| one.things).sum();
                    // Where nothing was told, nothing is known of how it is answered.
                    let value = (all > 0).then(|| as_f64(measured.iter().map(part).sum()));
                    Ok(MeasureValue { value, of: (all > 0).then(|| as_f64(all)) })
                })
            }),
        }
    };
    let critical = Arc::clone(notices);
    vec![
        share("warnings-delivered", "things that owners had to be told", |one| one.delivered),
        share("warnings-acknowledged", "things that owners had to be told", |one| one.acknowledged),
        share("warnings-fixed", "things that owners had to be told", |one| one.fixed),
        Measure {
            name: "critical-warning-acknowledged-median",
            clause: "3.3b",
            unit: "hours",
            period: "12 months",
            of: "things acknowledged",
            read: Arc::new(move || {
                let notices = Arc::clone(&critical);
                Box::pin(async move {
                    let measured = notices.measured().await.map_err(AreaError::from)?;
                    let months = measured.iter().filter(|one| one.severity == Severity::Critical);
                    let known: u64 = months.clone().map(|one| one.acknowledged).sum();
                    // The middle of the months' own medians: no month of many things outweighs the others.
                    let middle = median(months.filter_map(|one| one.acknowledged_ms_median).collect());
                    let value = middle.map(|ms| as_f64(ms.unsigned_abs()) / 3_600_000.0);
                    Ok(MeasureValue { value, of: (known > 0).then(|| as_f64(known)) })
                })
            }),
        },
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts and durations stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_go_over_the_year() {
        let november = TimestampMs(1_795_478_400_000);
        for (months, expect) in [(0, 202_611), (10, 202_601), (11, 202_512), (23, 202_412)] {
            assert_eq!(months_before(november, months), expect);
        }
    }
}
