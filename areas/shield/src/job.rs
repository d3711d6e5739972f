//! What the shield does by itself: judge anew, expire, publish, keep its files, forget.

use crate::{
    Shield, ShieldError,
    store::{
        changed, decisions, drills, judged,
        met::{self, Tell},
        read, sightings,
    },
};
use sipar_area::{AreaError, Job, Measure, MeasureValue};
use sipar_model::{
    SeenBy,
    fact::{DecisionState, FACT_ITEMS_MAX},
};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// Counts per minute are kept for this long, in days: three months show a season, and no more is needed (NCSP 2.4a).
pub const SIGHTINGS_KEPT_DAYS: i64 = 92;

/// Parts of one kind of work in one run, so that a run ends even while work keeps coming.
const PARTS_MAX: usize = 10_000;

/// Between two changes, for each thing that the first changed: who follows lays each change over the others, and bulk
/// imports decide faster than that. 50,000 things rest five seconds, one thing not at all.
const REST_PER_UPDATE: Duration = Duration::from_micros(100);

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: usize = 10_000;

/// What was met is told this often at least; hearing of it wakes the job.
const MET_EVERY: Duration = Duration::from_secs(60);

/// What the days before came to is told once in so long, so that counts that come late are told of together.
const MET_WHOLE_EVERY_MS: i64 = 3_600_000;

/// Days over which networks that report are counted.
const NETWORK_DAYS: i64 = 30;

/// The shield's jobs.
pub fn jobs(shield: &Arc<Shield>) -> Vec<Job> {
    let (settle, publish, upkeep) = (Arc::clone(shield), Arc::clone(shield), Arc::clone(shield));
    let (tidy, met) = (Arc::clone(shield), Arc::clone(shield));
    vec![
        Job::new("settle", Duration::from_secs(30), Arc::clone(&shield.wake), move || {
            let shield = Arc::clone(&settle);
            Box::pin(async move {
                shield.settle().await?;
                shield.desk.wake.notify_one();
                Ok(None)
            })
        }),
        // Another node may have decided, or published.
        Job::new("publish", Duration::from_secs(5), Arc::clone(&shield.desk.wake), move || {
            let shield = Arc::clone(&publish);
            Box::pin(async move {
                let published = shield.publish().await?;
                // After much, a while: what is decided meanwhile goes out together.
                let updates = published.and_then(|state| state.delta).map_or(0, |delta| delta.updates);
                tokio::time::sleep(REST_PER_UPDATE * u32::try_from(updates).unwrap_or(u32::MAX)).await;
                Ok(None)
            })
        }),
        Job::new("upkeep", Duration::from_secs(60), Arc::clone(&shield.desk.wake_upkeep), move || {
            let shield = Arc::clone(&upkeep);
            Box::pin(async move { Ok(shield.upkeep().await?) })
        }),
        Job::new("met", MET_EVERY, Arc::clone(&shield.met_wake), move || {
            let shield = Arc::clone(&met);
            Box::pin(async move {
                shield.tell_met().await?;
                Ok(None)
            })
        }),
        Job::new("forget", Duration::from_secs(3_600), Arc::new(Notify::new()), move || {
            let shield = Arc::clone(&tidy);
            Box::pin(async move { Ok(shield.forget().await?) })
        }),
    ]
}

impl Shield {
    /// All that its jobs would do now, but for comparing all decisions without a reason: ends what is over, judges anew,
    /// publishes.
    ///
    /// # Errors
    /// When the store, the ledger or a file cannot be used.
    pub async fn reconcile(self: &Arc<Self>) -> Result<(), ShieldError> {
        self.settle().await?;
        self.publish().await?;
        self.recheck_for_new_lists().await?;
        self.publish_whole_if_due().await?;
        self.drop_outdated().await
    }

    /// Ends what is over, judges anew what new warning lists ask for and what a person's decision covered until now.
    async fn settle(self: &Arc<Self>) -> Result<(), ShieldError> {
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
        self.lapse().await?;
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
        Ok(())
    }

    /// What was agreed to for a time waits again when that is over.
    async fn lapse(&self) -> Result<(), ShieldError> {
        for _ in 0..PARTS_MAX {
            let now = self.house.clock.now();
            let lapse = self.house.store.write(move |tx| {
                let lapsed = drills::lapse(tx, now, FACT_ITEMS_MAX)?;
                changed::touch(tx, &lapsed)?;
                Ok::<_, ShieldError>(lapsed.len())
            });
            if lapse.await? < FACT_ITEMS_MAX {
                break;
            }
        }
        Ok(())
    }

    /// Tells of what was met: of each thing once on the day, and what the day came to when it is over.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn tell_met(&self) -> Result<(), ShieldError> {
        let now = self.house.clock.now();
        let hour = now.0.div_euclid(MET_WHOLE_EVERY_MS);
        let which = if self.met_hour.swap(hour, Ordering::SeqCst) == hour { Tell::First } else { Tell::Whole };
        for _ in 0..PARTS_MAX {
            if self.house.store.write(move |tx| met::tell(tx, which, now)).await? == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn forget(&self) -> Result<Option<String>, ShieldError> {
        let before = self.house.clock.now().plus_days(-SIGHTINGS_KEPT_DAYS);
        let gone = self.house.store.write(move |tx| sightings::forget(tx, before, FORGOTTEN_MAX)).await?;
        self.house.store.write(move |tx| judged::forget(tx, before, FORGOTTEN_MAX)).await?;
        self.house.store.write(drills::forget).await?;
        self.house.store.write(move |tx| met::forget(tx, before, FORGOTTEN_MAX)).await?;
        Ok((gone > 0).then(|| format!("{gone} counts older than {SIGHTINGS_KEPT_DAYS} days forgotten")))
    }
}

/// The numbers by which NCSP 3.2a is measured so far.
pub fn measures(shield: &Arc<Shield>) -> Vec<Measure> {
    let (blocks, hits) = (Arc::clone(shield), Arc::clone(shield));
    let mut all = vec![
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
    ];
    all.extend(by_network(shield));
    all
}

type Networks = [(String, SeenBy, u64)];

/// What is read of the counts of networks; none when there are no counts, for then nobody may have told.
type OfNetworks = fn(&Networks) -> MeasureValue;

/// How much was met by whom, and how many networks told of it.
fn by_network(shield: &Arc<Shield>) -> Vec<Measure> {
    fn hits(all: &Networks, by: impl Fn(SeenBy) -> bool) -> MeasureValue {
        let sum = |all: &mut dyn Iterator<Item = &(String, SeenBy, u64)>| as_f64(all.map(|one| one.2).sum());
        let of = (!all.is_empty()).then(|| sum(&mut all.iter()));
        MeasureValue { value: of.map(|_| sum(&mut all.iter().filter(|one| by(one.1)))), of }
    }
    let measure = |name, unit, of, read: OfNetworks| {
        let shield = Arc::clone(shield);
        Measure {
            name,
            clause: "3.2a",
            unit,
            period: "30 days",
            of,
            read: Arc::new(move || {
                let (store, from) = (shield.house.store.clone(), shield.house.clock.now().plus_days(1 - NETWORK_DAYS));
                Box::pin(async move {
                    let all = store.read(move |reader| met::by_network(reader, from)).await.map_err(AreaError::from)?;
                    Ok(read(&all))
                })
            }),
        }
    };
    vec![
        measure("met-by-edges", "meetings", "meetings", |all| hits(all, SeenBy::is_edge)),
        measure("met-by-resolvers", "meetings", "meetings", |all| hits(all, |by| by == SeenBy::Resolver)),
        measure("met-by-servers", "meetings", "meetings", |all| hits(all, |by| by == SeenBy::Server)),
        measure("networks-reporting", "networks", "", |all| {
            let names: std::collections::BTreeSet<&str> = all.iter().map(|one| one.0.as_str()).collect();
            MeasureValue { value: (!names.is_empty()).then(|| as_f64(names.len() as u64)), of: None }
        }),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
