//! How often each decision was met, per minute: all that is remembered of block pages.

use sipar_model::{DecisionNumber, SeenBy, Sighting, TimestampMs, sighting::MINUTE_MS};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Decisions counted before the house collects; beyond, new ones are not counted. 16 MiB at most.
const ENTRIES_MAX: usize = 1 << 18;

/// Counts since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    table: Mutex<HashMap<(u32, i64, bool), u64>>,
}

impl Counts {
    /// Counts one meeting with `decision`.
    pub(crate) fn count(&self, decision: DecisionNumber, shadow: bool, now: TimestampMs) {
        let key = (decision.0, now.0 - now.0.rem_euclid(MINUTE_MS), shadow);
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() < ENTRIES_MAX || table.contains_key(&key) {
            *table.entry(key).or_default() += 1;
        }
    }

    /// Takes what was counted, in order.
    pub(crate) fn take(&self) -> Vec<Sighting> {
        let taken = std::mem::take(&mut *self.table.lock().unwrap_or_else(PoisonError::into_inner));
        let mut sightings: Vec<Sighting> = taken
            .into_iter()
            .map(|((decision, minute, shadow), count)| Sighting {
                decision: DecisionNumber(decision),
                minute: TimestampMs(minute),
                count,
                network: String::new(),
                shadow,
                by: SeenBy::BlockPage,
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
        let counts = Counts::default();
        for at in [0, 59_999, 60_000] {
            counts.count(DecisionNumber(7), false, TimestampMs(at));
        }
        let taken: Vec<(i64, u64)> = counts.take().iter().map(|s| (s.minute.0, s.count)).collect();
        assert_eq!(taken, [(0, 2), (60_000, 1)]);
        assert!(counts.take().is_empty());
    }
}
