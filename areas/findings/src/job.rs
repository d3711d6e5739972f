//! The round: everybody who looks is asked, and the table follows.

use crate::{Findings, model::Told, store};
use sipar_area::{AreaError, Fault, Job};
use sipar_model::Severity;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// A fault that comes by itself is on the page within this time, and what a person did or the house noticed at once.
/// One round reads some small tables.
const ROUND_EVERY: Duration = Duration::from_secs(10);

/// Whoever has not told what is wrong within this time could not tell: a store under load answers sooner.
const LOOK_MAX: Duration = Duration::from_secs(20);

/// Findings that are over are kept for this long, in days: over a year, so that what comes every year is known.
const KEPT_DAYS: i64 = 400;

/// Rows forgotten in one transaction.
const FORGOTTEN_MAX: u32 = 1_000;

/// What is found when somebody who looks cannot tell.
pub(crate) const MUTE: &str = "checker-mute";

/// The jobs.
pub(crate) fn jobs(findings: &Arc<Findings>) -> Vec<Job> {
    let (round, tidy) = (Arc::clone(findings), Arc::clone(findings));
    vec![
        Job::new("findings", ROUND_EVERY, Arc::clone(&findings.wake), move || {
            let findings = Arc::clone(&round);
            Box::pin(async move { findings.round().await })
        }),
        Job::new("forget-findings", Duration::from_secs(3_600), Arc::new(Notify::new()), move || {
            let findings = Arc::clone(&tidy);
            Box::pin(async move {
                let before = findings.house.clock.now().plus_days(-KEPT_DAYS);
                let gone = findings.house.store.write(move |tx| store::forget(tx, before, FORGOTTEN_MAX)).await?;
                Ok((gone > 0).then(|| format!("{gone} findings that are long over forgotten")))
            })
        }),
    ]
}

impl Findings {
    /// Asks everybody who looks, and writes down what follows.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn round(&self) -> Result<Option<String>, AreaError> {
        let Some(checkers) = self.checkers.get() else { return Ok(None) };
        let mut told = Vec::with_capacity(checkers.len() + 1);
        let mut mute = Vec::new();
        for checker in checkers {
            let found = match tokio::time::timeout(LOOK_MAX, (checker.look)()).await {
                Ok(found) => found,
                Err(_) => Err(AreaError::new(format!("no answer within {} s", LOOK_MAX.as_secs()))),
            };
            let faults = found.map_err(|error| mute.push(cannot_tell(&checker.source, &error))).ok();
            told.push(Told { source: checker.source.clone(), faults });
        }
        told.push(Told { source: "findings".into(), faults: Some(mute) });
        let (now, asked) = (self.house.clock.now(), told.clone());
        let due = self.house.store.read(move |reader| store::changes(reader, &asked, now)).await?;
        if due.is_empty() {
            return Ok(None);
        }
        let news = self.house.store.write(move |tx| store::take(tx, &told, now)).await?;
        Ok((news > 0).then(|| format!("{news} findings have come or gone")))
    }
}

fn cannot_tell(source: &str, error: &AreaError) -> Fault {
    Fault {
        class: MUTE,
        subject: source.to_owned(),
        severity: Severity::Medium,
        detail: error.chain(),
        since: None,
        href: String::new(),
    }
}
