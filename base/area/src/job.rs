//! What an area does by itself.

use crate::{AreaError, BoxFuture};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// What a job's run returns: a line for the log, or nothing when there was nothing to do.
pub type JobFuture = BoxFuture<'static, Result<Option<String>, AreaError>>;

/// A reconciler: it compares what is with what should be, and mends the difference.
/// It takes no argument, may run twice and may be stopped half-way.
#[derive(Clone)]
pub struct Job {
    /// Its short name.
    pub name: &'static str,
    /// It runs at least this often.
    pub every: Duration,
    /// It also runs when this is notified.
    pub wake: Arc<Notify>,
    /// The work.
    pub run: Arc<dyn Fn() -> JobFuture + Send + Sync>,
}

impl Job {
    /// A job that runs every `every`, and when `wake` is notified.
    pub fn new(
        name: &'static str,
        every: Duration,
        wake: Arc<Notify>,
        run: impl Fn() -> JobFuture + Send + Sync + 'static,
    ) -> Self {
        Self { name, every, wake, run: Arc::new(run) }
    }
}
