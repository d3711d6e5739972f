//! What the shield does by itself: judge anew, expire, publish, forget.

use crate::{
    Shield, ShieldError,
    store::{decisions, judged, read, sightings},
};
use sipar_area::{AreaError, Job, Measure, MeasureValue};
use sipar_model::fact::{DecisionState, FACT_ITEMS_MAX};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Counts per minute are kept for this long, in days: three months show a season, and no more is needed (NCSP 2.4a).
pub const SIGHTINGS_KEPT_DAYS: i64 = 92;

/// Parts of one kind of work in one run, so that a run ends even while work keeps coming.
const PARTS_MAX: usize = 10_000;

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: usize = 10_000;

/// The shield's jobs.
pub fn jobs(shield: &Arc<Shield>) -> Vec<Job> {
    let reconcile = Arc::clone(shield);
    let tidy = Arc::clone(shield);
    vec![
        Job::new("reconcile", Duration::from_secs(30), Arc::clone(&shield.wake), move || {
            let shield = Arc::clone(&reconcile);
            Box::pin(async move { Ok(shield.reconcile().await?) })
        }),
        Job::new("forget", Duration::from_secs(3_600), Arc::new(Notify::new()), move || {
            let shield = Arc::clone(&tidy);
            Box::pin(async move { Ok(shield.forget().await?) })
        }),
    ]
}

impl Shield {
    /// Ends what is over, judges anew what new warning lists ask for and what a person's decision covered until now,
    /// and publishes if anything changed.
    ///
    /// # Errors
    /// When the store, the ledger or a file cannot be used.
    pub async fn reconcile(self: &Arc<Self>) -> Result<Option<String>, ShieldError> {
        // First of all, so that nothing is judged by a decision whose time is over.
        for _ in 0..PARTS_MAX {
            let now = self.house.clock.now();
            let ended = self
                .house
                .store
                .write(move |tx| {
                    let over = decisions::over(tx, now, FACT_ITEMS_MAX)?;
                    let count = over.len();
                    let why = "its time is over";
                    decisions::end(tx, over, DecisionState::Expired, "rule:expiry", (why, why), now)?;
                    Ok::<_, ShieldError>(count)
                })
                .await?;
            if ended < FACT_ITEMS_MAX {
                break;
            }
        }
        for _ in 0..PARTS_MAX {
            let shield = Arc::clone(self);
            let now = self.house.clock.now();
            if !self.house.store.write(move |tx| shield.judge_anew(tx, now)).await? {
                break;
            }
        }
        for _ in 0..PARTS_MAX {
            let shield = Arc::clone(self);
            let now = self.house.clock.now();
            if !self.house.store.write(move |tx| shield.judge_rested(tx, now)).await? {
                break;
            }
        }
        let published = self.publish(false).await?;
        Ok(published.map(|published| {
            format!("snapshot {} with {} entries", published.snapshot.serial, published.snapshot.entries)
        }))
    }

    async fn forget(&self) -> Result<Option<String>, ShieldError> {
        let before = self.house.clock.now().plus_days(-SIGHTINGS_KEPT_DAYS);
        let gone = self.house.store.write(move |tx| sightings::forget(tx, before, FORGOTTEN_MAX)).await?;
        self.house.store.write(move |tx| judged::forget(tx, before, FORGOTTEN_MAX)).await?;
        Ok((gone > 0).then(|| format!("{gone} counts older than {SIGHTINGS_KEPT_DAYS} days forgotten")))
    }
}

/// The numbers by which NCSP 3.2a is measured so far.
pub fn measures(shield: &Arc<Shield>) -> Vec<Measure> {
    let (blocks, hits) = (Arc::clone(shield), Arc::clone(shield));
    vec![
        Measure {
            name: "blocks-in-force",
            clause: "3.2a",
            unit: "blocks",
            period: "now",
            of: "",
            read: Arc::new(move || {
                let store = blocks.house.store.clone();
                Box::pin(async move {
                    let counts = store.read(read::in_force_by_category).await.map_err(AreaError::from)?;
                    let sum: u64 = counts.iter().map(|(_, count)| count).sum();
                    Ok(MeasureValue { value: Some(as_f64(sum)), of: None })
                })
            }),
        },
        Measure {
            name: "enforced",
            clause: "3.2a",
            unit: "answers blocked",
            period: "24 h",
            of: "",
            read: Arc::new(move || {
                let (store, from) = (hits.house.store.clone(), hits.house.clock.now().plus_days(-1));
                Box::pin(async move {
                    let hours =
                        store.read(move |reader| sightings::per_hour(reader, from)).await.map_err(AreaError::from)?;
                    // No counts at all is no evidence: an edge may be silent.
                    let sum = hours.iter().map(|(_, blocked, _)| blocked).sum();
                    Ok(MeasureValue { value: (!hours.is_empty()).then(|| as_f64(sum)), of: None })
                })
            }),
        },
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
