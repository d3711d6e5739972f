//! Words are forgotten in time; and how long an answer takes is measured.

use crate::{Cases, CasesError, store::appeals};
use sipar_area::{AreaError, Job, Measure, MeasureValue};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The words of an appeal that is over, and of its answer, are kept for this long, in days: long enough to go to court.
pub const WORDS_KEPT_DAYS: i64 = 90;

/// That there was an appeal, and how it ended, is kept for this long, in days: over a year. The ledger keeps it for ever.
const APPEALS_KEPT_DAYS: i64 = 400;

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: usize = 1_000;

/// Days over which answers are measured.
const MEASURED_DAYS: i64 = 90;

/// Answers that the median is taken of: more than a desk gives in that time.
const ANSWERS_MAX: usize = 100_000;

/// The jobs.
pub(crate) fn jobs(cases: &Arc<Cases>) -> Vec<Job> {
    let cases = Arc::clone(cases);
    vec![Job::new("forget-appeals", Duration::from_secs(3_600), Arc::new(Notify::new()), move || {
        let cases = Arc::clone(&cases);
        Box::pin(async move {
            let gone = cases.forget().await?;
            Ok((gone > 0).then(|| format!("the words of {gone} appeals that are over forgotten")))
        })
    })]
}

impl Cases {
    /// Forgets what has been over for long enough; returns how many appeals that touched.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn forget(&self) -> Result<u64, CasesError> {
        let now = self.house.clock.now();
        let (words, all) = (now.plus_days(-WORDS_KEPT_DAYS), now.plus_days(-APPEALS_KEPT_DAYS));
        Ok(self.house.store.write(move |tx| appeals::forget(tx, words, all, FORGOTTEN_MAX)).await?)
    }
}

/// The numbers by which NCSP 3.2a is measured here.
pub(crate) fn measures(cases: &Arc<Cases>) -> Vec<Measure> {
    let (overdue, median) = (Arc::clone(cases), Arc::clone(cases));
    vec![
        Measure {
            name: "appeals-overdue",
            clause: "3.2a",
            unit: "appeals",
            period: "now",
            of: "open appeals",
            read: Arc::new(move || {
                let (store, now) = (overdue.house.store.clone(), overdue.house.clock.now());
                Box::pin(async move {
                    let read = store.read(move |reader| Ok((appeals::any(reader)?, appeals::counts(reader, now)?)));
                    let (any, (open, late)) = read.await.map_err(|error: CasesError| AreaError::from(error))?;
                    // Without a single appeal nothing is known of how they are dealt with.
                    Ok(MeasureValue { value: any.then(|| as_f64(late)), of: any.then(|| as_f64(open)) })
                })
            }),
        },
        Measure {
            name: "appeal-answer-median",
            clause: "3.2a",
            unit: "hours",
            period: "90 d",
            of: "answered appeals",
            read: Arc::new(move || {
                let (store, from) = (median.house.store.clone(), median.house.clock.now().plus_days(-MEASURED_DAYS));
                Box::pin(async move {
                    let read = store.read(move |reader| Ok(appeals::took_ms(reader, from, ANSWERS_MAX)?));
                    let took = read.await.map_err(|error: CasesError| AreaError::from(error))?;
                    let of = (!took.is_empty()).then(|| as_f64(took.len() as u64));
                    Ok(MeasureValue { value: median_hours(&took), of })
                })
            }),
        },
    ]
}

/// The median of durations that are in order, in hours.
#[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^52")]
fn median_hours(took_ms: &[i64]) -> Option<f64> {
    let (low, high) = (took_ms.len().checked_sub(1)? / 2, took_ms.len() / 2);
    Some((took_ms[low] + took_ms[high]) as f64 / 2.0 / 3_600_000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::median_hours;

    #[test]
    fn medians() {
        const HOUR_MS: i64 = 3_600_000;
        let check = |hours: &[i64], expect| {
            let took: Vec<i64> = hours.iter().map(|hours| hours * HOUR_MS).collect();
            assert_eq!(median_hours(&took), expect, "{hours:?}");
        };
        check(&[], None);
        check(&[2], Some(2.0));
        check(&[1, 2], Some(1.5));
        check(&[1, 2, 90], Some(2.0));
    }
}
