//! What runs by itself: following the policy, and writing down what was seen.

use crate::{Bouncers, BouncersError, store};
use sipar_area::Job;
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The policy is looked for at least this often; a published file is read at once.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);

/// Polls and events are written down this often: a restart repeats at most this much to each client.
const KEEP_EVERY: Duration = Duration::from_secs(10);

/// Clients that another node added are known within this time.
const REFRESH_EVERY: Duration = Duration::from_secs(30);

/// Who is believed in another way is looked for at least this often; what was learnt wakes it.
const JUDGE_EVERY: Duration = Duration::from_secs(60);

/// The jobs.
pub fn jobs(bouncers: &Arc<Bouncers>) -> Vec<Job> {
    let (one, two, three) = (Arc::clone(bouncers), Arc::clone(bouncers), Arc::clone(bouncers));
    let follow = Job::new("follow", FOLLOW_EVERY, Arc::clone(&bouncers.wake), move || {
        let bouncers = Arc::clone(&one);
        Box::pin(async move { Ok(bouncers.follow().await?.then(|| "a new state is told to clients".to_owned())) })
    });
    let keep = Job::new("keep", KEEP_EVERY, Arc::new(Notify::new()), move || {
        let bouncers = Arc::clone(&two);
        Box::pin(async move {
            bouncers.clients.keep().await?;
            Ok(None)
        })
    });
    let refresh = Job::new("clients", REFRESH_EVERY, Arc::new(Notify::new()), move || {
        let bouncers = Arc::clone(&three);
        Box::pin(async move {
            bouncers.clients.refresh().await?;
            Ok(None)
        })
    });
    let four = Arc::clone(bouncers);
    let judge = Job::new("reports", JUDGE_EVERY, Arc::clone(&bouncers.judge_wake), move || {
        let bouncers = Arc::clone(&four);
        Box::pin(async move {
            let judged = bouncers.judge().await?;
            Ok((judged > 0).then(|| format!("{judged} reporters are believed in another way")))
        })
    });
    vec![follow, keep, refresh, judge]
}

impl Bouncers {
    /// Reads the states of the policy that have been published. Tells whether there was a new one.
    ///
    /// # Errors
    /// When one cannot be read; the last one stays in use.
    pub async fn follow(self: &Arc<Self>) -> Result<bool, BouncersError> {
        let reached = self.follower.state().map_or(0, |state| state.serial);
        let read = self.house.store.read(move |reader| {
            Ok::<_, sipar_store::StoreError>((store::steps(reader, reached)?, store::index(reader)?))
        });
        let (remembered, index) = read.await?;
        let bouncers = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            if let Some(blob) = index
                && let Err(error) = bouncers.reports.open_index(&bouncers.house, &blob)
            {
                // A newer one may have taken its place meanwhile; the next round finds it.
                tracing::warn!(error = sipar_area::AreaError::from(error).chain(), "warning lists were not read");
            }
            bouncers.follower.catch_up(remembered)
        })
        .await;
        read.map_err(|_| BouncersError::Thread("reading a state of the policy"))?
    }
}
