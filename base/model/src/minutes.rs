//! How often each decision was met, per minute: all that is remembered of who looks up or is shown what.

use crate::{DecisionNumber, SeenBy, Sighting, TimestampMs, sighting::MINUTE_MS};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Decisions counted before the house collects; beyond, new ones are not counted. 16 MiB at most.
const ENTRIES_MAX: usize = 1 << 18;

/// Counts in one place since they were last taken. They may be shared by threads.
#[derive(Debug)]
pub struct MinuteCounts {
    by: SeenBy,
    table: Mutex<HashMap<(u32, i64, bool), u64>>,
}

impl MinuteCounts {
    /// Counts of what is met there.
    #[must_use]
    pub fn of(by: SeenBy) -> Self {
        Self { by, table: Mutex::default() }
    }

    /// Counts one meeting with `decision`; `shadow`: it was let through.
    pub fn count(&self, decision: DecisionNumber, shadow: bool, now: TimestampMs) {
        let key = (decision.0, now.0 - now.0.rem_euclid(MINUTE_MS), shadow);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() < ENTRIES_MAX || table.contains_key(&key) {
            *table.entry(key).or_default() += 1;
        }
    }

    /// Takes what was counted, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Sighting> {
        let taken = std::mem::take(&mut *self.table.lock().unwrap_or_else(PoisonError::into_inner));
        let mut sightings: Vec<Sighting> = taken
            .into_iter()
            .map(|((decision, minute, shadow), count)| Sighting {
                decision: DecisionNumber(decision),
                minute: TimestampMs(minute),
                count,
                network: String::new(),
                shadow,
                by: self.by,
            })
            .collect();
        sightings.sort_unstable_by_key(|sighting| (sighting.minute, sighting.decision, sighting.shadow));
        sightings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_per_minute_and_only_once() {
        let counts = MinuteCounts::of(SeenBy::BlockPage);
        for at in [0, 59_999, 60_000] {
            counts.count(DecisionNumber(7), false, TimestampMs(at));
        }
        let taken: Vec<_> = counts.take().iter().map(|s| (s.minute.0, s.count, s.by)).collect();
        assert_eq!(taken, [(0, 2, SeenBy::BlockPage), (60_000, 1, SeenBy::BlockPage)]);
        assert!(counts.take().is_empty());
    }
}
