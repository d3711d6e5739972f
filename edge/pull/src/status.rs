//! How pulling goes, for health, metrics and reports.

use sipar_model::{SnapshotSerial, TimestampMs};
use std::sync::{Mutex, PoisonError};

/// What is known at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The state that is in the folder.
    pub serial: Option<SnapshotSerial>,
    /// The newest state that the control plane told of.
    pub newest: Option<SnapshotSerial>,
    /// When the control plane last said so, by its own signed word.
    pub said_at: Option<TimestampMs>,
    /// What went wrong last, until it goes well again.
    pub error: Option<String>,
    /// Failures so far.
    pub failures: u64,
    /// Bytes fetched so far.
    pub fetched_bytes: u64,
    /// Batches of counts that wait on disk.
    pub waiting: u64,
    /// Counts that found no room on disk and were dropped, the oldest first.
    pub dropped: u64,
}

impl View {
    /// Whether the control plane has been silent for longer than `stale_after_ms`. One that was never heard is.
    #[must_use]
    pub fn is_stale(&self, now: TimestampMs, stale_after_ms: i64) -> bool {
        self.said_at.is_none_or(|said| now.since_ms(said) > stale_after_ms)
    }
}

/// The view that threads share.
#[derive(Debug, Default)]
pub struct Status(Mutex<View>);

impl Status {
    /// What is known now.
    #[must_use]
    pub fn view(&self) -> View {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_beyond_the_bound_is_stale_and_so_is_never_having_heard() {
        let mut view = View::default();
        let now = TimestampMs(10_000);
        assert!(view.is_stale(now, 1_000));
        view.said_at = Some(TimestampMs(9_000));
        assert!(!view.is_stale(now, 1_000));
        assert!(view.is_stale(now.plus_ms(1), 1_000));
    }
}
