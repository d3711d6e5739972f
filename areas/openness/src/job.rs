//! Counts what the published ledger has gained.

use crate::{Openness, OpennessError, model::Tally, store};
use sipar_area::Job;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The figures lag the ledger by no more than about this. A look without news reads one row and one small file.
const COUNT_EVERY: Duration = Duration::from_secs(2);

/// Bundles counted in one transaction: some 4,000 entries, a tenth of a second.
const BUNDLES_MAX: usize = 16;

/// Transactions of one run; what is left is for the next one.
const PARTS_MAX: usize = 1_000;

/// The jobs.
pub(crate) fn jobs(openness: &Arc<Openness>) -> Vec<Job> {
    let openness = Arc::clone(openness);
    vec![Job::new("count-ledger", COUNT_EVERY, Arc::new(Notify::new()), move || {
        let openness = Arc::clone(&openness);
        Box::pin(async move {
            openness.count().await?;
            Ok(None)
        })
    })]
}

impl Openness {
    /// Counts the entries that were published since the last time; returns the number of the next one.
    ///
    /// # Errors
    /// When the store refuses or the ledger cannot be read.
    pub async fn count(&self) -> Result<u64, OpennessError> {
        let mut next = self.house.store.read(store::next).await?;
        for _ in 0..PARTS_MAX {
            let size = self.blocking(|house| Ok(house.ledger.checkpoint()?.checkpoint.size)).await?;
            let from = match next {
                Some(from) if from <= size => from,
                // The rules have changed, or the ledger is another one: what was counted is of no use.
                _ => {
                    self.house.store.write(store::reset).await?;
                    0
                }
            };
            if from == size {
                return Ok(from);
            }
            let (tally, to) = self.blocking(move |house| tally(house, from)).await?;
            if to == from {
                return Ok(from);
            }
            let added = self.house.store.write(move |tx| store::add(tx, from, to, &tally)).await?;
            // Another node has counted in the meantime: go on from where it is.
            next = if added { Some(to) } else { self.house.store.read(store::next).await? };
        }
        Ok(next.unwrap_or(0))
    }

    /// Work on files, off the threads that answer.
    pub(crate) async fn blocking<T, F>(&self, work: F) -> Result<T, OpennessError>
    where
        T: Send + 'static,
        F: FnOnce(&sipar_area::House) -> Result<T, OpennessError> + Send + 'static,
    {
        let house = self.house.clone();
        tokio::task::spawn_blocking(move || work(&house)).await.map_err(|_| OpennessError::Given)?
    }
}

fn tally(house: &sipar_area::House, from: u64) -> Result<(Tally, u64), OpennessError> {
    let (mut tally, mut next) = (Tally::default(), from);
    for _ in 0..BUNDLES_MAX {
        let entries = house.ledger.entries(next)?;
        if entries.is_empty() {
            break;
        }
        for (number, entry) in &entries {
            tally.add(*number, entry);
            next = number + 1;
        }
    }
    Ok((tally, next))
}
