//! What runs by itself: facts reach their hearers, jobs run, the ledger is published, the outbox is trimmed.

use crate::{
    faults::{self, Board},
    house::Assembled,
};
use sipar_area::{Area, AreaError, Job};
use sipar_store::{Store, outbox};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// The longest wait of a hearer that was not woken: another node may have spoken.
const HEAR_EVERY: Duration = Duration::from_secs(5);
/// After a failure nobody is asked again before this.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(2);
/// The ledger's checkpoint lags its entries by no more than about this.
const LEDGER_EVERY: Duration = Duration::from_secs(1);
/// Facts that everybody heard are removed this often.
const TRIM_EVERY: Duration = Duration::from_secs(10);

/// Makes every hearer known, then starts everything. The set ends when it is dropped.
pub async fn start(assembled: &Assembled) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let store = &assembled.house.store;
    let board = &assembled.board;
    for area in assembled.areas.list.iter().filter(|area| !area.hears().is_empty()) {
        outbox::enlist(store, area.name()).await?;
    }
    for area in &assembled.areas.list {
        if !area.hears().is_empty() {
            tasks.spawn(hear(store.clone(), Arc::clone(area), Arc::clone(board)));
        }
        for job in area.jobs() {
            tasks.spawn(repeat(area.name(), job, Arc::clone(board)));
        }
    }
    tasks.spawn(publish_ledger(assembled.house.clone(), Arc::clone(board)));
    tasks.spawn(trim(store.clone(), Arc::clone(board)));
    assembled.areas.findings.look_with(faults::checkers(assembled));
    Ok(tasks)
}

/// Delivers what waits for every area, once, without waiting for more. Returns how many facts were delivered.
pub async fn deliver(assembled: &Assembled) -> Result<usize, AreaError> {
    let mut delivered = 0;
    for area in assembled.areas.list.iter().filter(|area| !area.hears().is_empty()) {
        delivered += drain(&assembled.house.store, area).await?;
    }
    Ok(delivered)
}

async fn drain(store: &Store, area: &Arc<dyn Area>) -> Result<usize, AreaError> {
    let mut delivered = 0;
    loop {
        let hearer = Arc::clone(area);
        let heard = outbox::hear(store, area.name(), area.hears(), move |tx, fact| hearer.hear(tx, fact)).await?;
        delivered += heard.facts;
        if heard.facts > 0 {
            area.heard();
        }
        if !heard.more {
            return Ok(delivered);
        }
    }
}

async fn hear(store: Store, area: Arc<dyn Area>, board: Arc<Board>) {
    let mut said = store.said();
    loop {
        let heard = drain(&store, &area).await;
        board.note(faults::FACT, area.name(), heard.as_ref().err().map(AreaError::chain));
        if let Err(error) = heard {
            tracing::error!(area = area.name(), error = error.chain(), "a fact was not taken; it comes again");
            tokio::time::sleep(REST_AFTER_FAILURE).await;
            continue;
        }
        // Either way the next round looks for itself.
        let _woken_or_late = tokio::time::timeout(HEAR_EVERY, said.notified()).await;
    }
}

async fn repeat(area: &'static str, job: Job, board: Arc<Board>) {
    let subject = format!("{area}/{}", job.name);
    loop {
        let ran = (job.run)().await;
        board.note(faults::JOB, &subject, ran.as_ref().err().map(AreaError::chain));
        match ran {
            Ok(None) => {}
            Ok(Some(done)) => tracing::info!(area, job = job.name, "{done}"),
            Err(error) => {
                tracing::error!(area, job = job.name, error = error.chain(), "a job failed; it runs again");
                tokio::time::sleep(REST_AFTER_FAILURE).await;
            }
        }
        let _woken_or_due = tokio::time::timeout(job.every, job.wake.notified()).await;
    }
}

async fn publish_ledger(house: sipar_area::House, board: Arc<Board>) {
    loop {
        let published = house.ledger.publish(&house.store).await;
        if published.as_ref().is_ok_and(|published| published.more) {
            continue;
        }
        let failed = published.err().map(|error| AreaError::because("publishing the ledger", error));
        board.note(faults::LEDGER, "ledger", failed.as_ref().map(AreaError::chain));
        if let Some(error) = failed {
            tracing::error!(error = error.chain(), "the ledger was not published; its entries wait");
            tokio::time::sleep(REST_AFTER_FAILURE).await;
        }
        tokio::time::sleep(LEDGER_EVERY).await;
    }
}

async fn trim(store: Store, board: Arc<Board>) {
    loop {
        let trimmed = outbox::trim(&store).await.map_err(|error| AreaError::because("trimming the outbox", error));
        board.note(faults::JOB, "house/trim", trimmed.as_ref().err().map(AreaError::chain));
        match trimmed {
            Ok(gone) if gone >= outbox::TRIMMED_PER_CALL_MAX => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::error!(error = error.chain(), "facts that everybody heard stay for now");
            }
        }
        tokio::time::sleep(TRIM_EVERY).await;
    }
}
