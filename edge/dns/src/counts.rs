//! How often each decision was met, per minute: all that an edge remembers of queries.
//!
//! A worker counts into tables of its own and hands a whole table over when the minute is past or the house asks,
//! so that counting never waits for anybody. Who asked, and for which name below a listed one, is never kept.

use sipar_model::{DecisionNumber, SeenBy, Sighting, TimestampMs, sighting::MINUTE_MS};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Smallest table that is allocated.
const SLOTS_MIN: usize = 64;
/// Most decisions counted in one minute by one worker: 7/8 of this. 2 MiB; a national resolver with 1,000,000
/// queries a second, of which 0.05 % are blocked, meets at most 30,000.
const SLOTS_MAX: usize = 1 << 18;
/// Decisions met before they are put into a table: some batches of queries.
const MET_MAX: usize = 256;
/// Tables kept for a house that does not collect; then the oldest is dropped and its counts are told as lost.
const TABLES_MAX: usize = 64;

/// Decision number and count in one word each, found by linear probing; a count of 0 is a free place.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<u64>,
    used: usize,
}

impl Table {
    /// Counts `decision` once more, or says that there is no room for a new one.
    fn count(&mut self, decision: u32) -> bool {
        let full = self.used * 8 >= self.slots.len() * 7 && !self.grow();
        let slot = Self::find(&mut self.slots, decision);
        if *slot == 0 {
            if full {
                return false;
            }
            self.used += 1;
        }
        // INVARIANT: the low half is the count. 4 billion in one minute is beyond one core; it would stop there.
        *slot = (u64::from(decision) << 32) | ((*slot & 0xffff_ffff) + 1).min(0xffff_ffff);
        true
    }

    fn find(slots: &mut [u64], decision: u32) -> &mut u64 {
        let mask = slots.len() - 1;
        // Decisions are numbered one after the other: a multiplication spreads them (Knuth, TAOCP 6.4).
        let mut at = decision.wrapping_mul(2_654_435_769) as usize & mask;
        // Ends: the table is never full, `count` sees to it.
        while slots[at] != 0 && slots[at] >> 32 != u64::from(decision) {
            at = (at + 1) & mask;
        }
        &mut slots[at]
    }

    fn grow(&mut self) -> bool {
        let size = (self.slots.len() * 2).max(SLOTS_MIN);
        if size > SLOTS_MAX {
            return false;
        }
        let mut slots = vec![0; size];
        for value in self.slots.iter().filter(|value| **value != 0) {
            *Self::find(&mut slots, (value >> 32) as u32) = *value;
        }
        self.slots = slots;
        true
    }

    fn entries(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        self.slots.iter().filter(|value| **value != 0).map(|value| ((value >> 32) as u32, value & 0xffff_ffff))
    }
}

/// What one worker counted in one minute.
#[derive(Debug, Default)]
pub struct Minute {
    start: TimestampMs,
    blocked: Table,
    shadow: Table,
}

/// A worker's own counter.
#[derive(Debug, Default)]
pub struct Counter {
    minute: Minute,
    /// Met, but not yet in a table. Tables are too large for the processor's caches; counting many at once lets it
    /// wait for memory once instead of each time (measured: 0.1 us a blocked answer).
    met: Vec<(DecisionNumber, bool)>,
    /// How many counts found no room.
    pub lost: u64,
}

impl Counter {
    /// Counts one meeting with `decision`.
    #[inline]
    pub fn count(&mut self, decision: DecisionNumber, shadow: bool) {
        if self.met.len() == MET_MAX {
            self.settle();
        }
        self.met.push((decision, shadow));
    }

    /// Puts what was met into the tables.
    fn settle(&mut self) {
        let Self { minute, met, lost } = self;
        for (decision, shadow) in met.drain(..) {
            let table = if shadow { &mut minute.shadow } else { &mut minute.blocked };
            *lost += u64::from(!table.count(decision.0));
        }
    }

    /// Tells the time. When a minute is past, or `collect` is set, what was counted goes to `shared`.
    pub fn tick(&mut self, now: TimestampMs, collect: bool, shared: &Collected) {
        self.settle();
        let start = TimestampMs(now.0.div_euclid(MINUTE_MS) * MINUTE_MS);
        if start != self.minute.start || collect {
            let past = std::mem::replace(&mut self.minute, Minute { start, ..Minute::default() });
            if past.blocked.used + past.shadow.used > 0 {
                self.lost += shared.put(past);
            }
        }
    }
}

/// Where workers leave their tables and the house collects them.
#[derive(Debug, Default)]
pub struct Collected {
    tables: Mutex<std::collections::VecDeque<Minute>>,
}

impl Collected {
    /// Leaves a table; returns how many counts had to be dropped for it.
    fn put(&self, minute: Minute) -> u64 {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.push_back(minute);
        if tables.len() <= TABLES_MAX {
            return 0;
        }
        tables.pop_front().map_or(0, |old| old.blocked.entries().chain(old.shadow.entries()).map(|(_, n)| n).sum())
    }

    /// Takes everything: one sighting for each minute, decision and mode, in that order.
    #[must_use]
    pub fn take(&self, network: &str) -> Vec<Sighting> {
        let tables = std::mem::take(&mut *self.tables.lock().unwrap_or_else(PoisonError::into_inner));
        let mut sums: BTreeMap<(TimestampMs, u32, bool), u64> = BTreeMap::new();
        for minute in &tables {
            for (table, shadow) in [(&minute.blocked, false), (&minute.shadow, true)] {
                for (decision, count) in table.entries() {
                    *sums.entry((minute.start, decision, shadow)).or_default() += count;
                }
            }
        }
        let sighting = |((minute, decision, shadow), count)| Sighting {
            decision: DecisionNumber(decision),
            minute,
            count,
            network: network.to_owned(),
            shadow,
            by: SeenBy::Dns,
        };
        sums.into_iter().map(sighting).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(shared: &Collected) -> Vec<(i64, u32, u64, bool)> {
        shared.take("").into_iter().map(|s| (s.minute.0, s.decision.0, s.count, s.shadow)).collect()
    }

    #[test]
    fn counts_are_kept_per_minute_decision_and_mode() {
        let (mut counter, shared) = (Counter::default(), Collected::default());
        counter.tick(TimestampMs(60_500), false, &shared);
        counter.count(DecisionNumber(7), false);
        counter.count(DecisionNumber(7), false);
        counter.count(DecisionNumber(7), true);
        counter.count(DecisionNumber(0), false);
        counter.tick(TimestampMs(119_999), false, &shared);
        assert_eq!(taken(&shared), [], "the minute is not over");
        counter.tick(TimestampMs(120_000), false, &shared);
        assert_eq!(taken(&shared), [(60_000, 0, 1, false), (60_000, 7, 2, false), (60_000, 7, 1, true)]);
        assert_eq!(taken(&shared), [], "taken once");
        counter.count(DecisionNumber(9), false);
        counter.tick(TimestampMs(121_000), true, &shared);
        assert_eq!(taken(&shared), [(120_000, 9, 1, false)], "collected at once when asked");
    }

    #[test]
    fn workers_are_added_up_and_a_clock_may_jump_back() {
        let shared = Collected::default();
        for _ in 0..2 {
            let mut counter = Counter::default();
            counter.tick(TimestampMs(600_000), false, &shared);
            counter.count(DecisionNumber(5), false);
            counter.tick(TimestampMs(540_000), false, &shared);
            counter.count(DecisionNumber(5), false);
            counter.tick(TimestampMs(540_000), true, &shared);
        }
        assert_eq!(taken(&shared), [(540_000, 5, 2, false), (600_000, 5, 2, false)]);
    }

    #[test]
    fn the_table_is_bounded_and_says_what_it_lost() {
        let (mut counter, shared) = (Counter::default(), Collected::default());
        for n in 0..300_000 {
            counter.count(DecisionNumber(n * 3), false);
        }
        counter.settle();
        assert!(counter.lost > 50_000 && counter.lost < 90_000, "{}", counter.lost);
        let lost = counter.lost;
        counter.count(DecisionNumber(3), false);
        counter.tick(TimestampMs(0), true, &shared);
        let all = taken(&shared);
        assert_eq!(all.iter().map(|c| c.2).sum::<u64>(), 300_001 - counter.lost);
        assert!(counter.lost - lost <= 1);
    }

    #[test]
    fn a_house_that_never_collects_costs_bounded_memory() {
        let (mut counter, shared) = (Counter::default(), Collected::default());
        for minute in 0..100 {
            counter.tick(TimestampMs(minute * MINUTE_MS), false, &shared);
            counter.count(DecisionNumber(1), false);
        }
        assert_eq!(taken(&shared).len(), TABLES_MAX);
        assert_eq!(counter.lost, 99 - 64);
    }
}
