//! The readers: threads that share one queue, each with its own connection.

use crate::job::ReadJob;
use crate::session::Session;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Runs until the last sender is gone.
pub(crate) fn work(mut session: Session, jobs: &Arc<Mutex<mpsc::Receiver<ReadJob>>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = next else { return };
        match session.begin_read() {
            Ok(()) => job(Ok(&mut session)),
            Err(failure) => job(Err(failure.into_error("beginning to read", 1))),
        }
        session.rollback();
    }
}
