//! Clears away sessions, links and keys that are over.

use crate::{
    People, PeopleError,
    store::{keys, links, sessions},
};
use sipar_area::Job;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What is over opens nothing whether it is cleared away or not; this only keeps the tables small.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// The jobs.
pub(crate) fn jobs(people: &Arc<People>) -> Vec<Job> {
    let people = Arc::clone(people);
    vec![Job::new("sweep-sessions", SWEEP_EVERY, Arc::new(Notify::new()), move || {
        let people = Arc::clone(&people);
        Box::pin(async move {
            let gone = people.sweep().await?;
            Ok((gone > 0).then(|| format!("{gone} sessions, links and keys were over")))
        })
    })]
}

impl People {
    pub(crate) async fn sweep(&self) -> Result<u64, PeopleError> {
        let (now, bounds) = (self.house.clock.now(), self.bounds);
        self.house
            .store
            .write(move |tx| -> Result<_, PeopleError> {
                Ok(sessions::sweep(tx, now, &bounds)? + links::sweep(tx, now)? + keys::sweep(tx, now)?)
            })
            .await
    }
}
