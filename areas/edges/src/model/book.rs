//! What was published, and which of it leads an edge from its own state to the newest.

use sipar_model::{Fact, SnapshotSerial, TimestampMs};
use sipar_snapshot::{FileName, FileRef, Latest, latest::DELTAS_TOLD_MAX};
use std::collections::BTreeMap;

/// Whole files that are remembered: the shield keeps about as many.
pub const WHOLES_KEPT: usize = 10;

/// Changes that are remembered: an edge that was away for longer takes the whole file.
pub const CHANGES_KEPT: usize = 4_096;

/// A published file: a whole state, or the change that leads to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The serial that it leads to.
    pub serial: u64,
    /// The serial that it leads from; for a whole state, none.
    pub since: Option<u64>,
    /// The file.
    pub file: FileRef,
    /// When that state was reached.
    pub created_at: TimestampMs,
}

impl Step {
    /// The step that a fact tells of.
    #[must_use]
    pub fn of(fact: &Fact) -> Option<Self> {
        let file = |blob: &str, bytes| blob.parse::<FileName>().ok().map(|name| FileRef { name, bytes });
        match fact {
            Fact::Snapshot(whole) => Some(Self {
                serial: whole.serial.0,
                since: None,
                file: file(&whole.blob, whole.file_bytes)?,
                created_at: whole.created_at,
            }),
            Fact::Delta(change) => Some(Self {
                serial: change.to.0,
                since: Some(change.from.0),
                file: file(&change.blob, change.file_bytes)?,
                created_at: change.created_at,
            }),
            _ => None,
        }
    }
}

/// Everything published that is still remembered.
#[derive(Clone, Debug, Default)]
pub struct Book {
    wholes: BTreeMap<u64, Step>,
    /// By where they lead from.
    changes: BTreeMap<u64, Step>,
    networks: Option<FileRef>,
}

impl Book {
    /// Adds a step. Adding it again changes nothing.
    pub fn add(&mut self, step: Step) {
        let (map, kept) = match step.since {
            None => (&mut self.wholes, WHOLES_KEPT),
            Some(_) => (&mut self.changes, CHANGES_KEPT),
        };
        map.insert(step.since.unwrap_or(step.serial), step);
        while map.len() > kept {
            map.pop_first();
        }
    }

    /// The table of networks is this one now.
    pub const fn set_networks(&mut self, file: Option<FileRef>) {
        self.networks = file;
    }

    /// The table of networks.
    #[must_use]
    pub const fn networks(&self) -> Option<FileRef> {
        self.networks
    }

    /// The newest serial, 0 while nothing was published.
    #[must_use]
    pub fn newest(&self) -> u64 {
        let whole = self.wholes.keys().next_back().copied().unwrap_or(0);
        whole.max(self.changes.values().map(|step| step.serial).next_back().unwrap_or(0))
    }

    /// Whether a file of this name may go out.
    #[must_use]
    pub fn published(&self, name: &FileName) -> Option<FileRef> {
        let steps = self.wholes.values().chain(self.changes.values()).map(|step| step.file);
        steps.chain(self.networks).find(|file| file.name == *name)
    }

    /// The change that leads on from a state.
    #[must_use]
    pub fn change_from(&self, serial: u64) -> Option<Step> {
        self.changes.get(&serial).cloned()
    }

    /// The states after `serial` that are remembered, and when each was reached; in order.
    #[must_use]
    pub fn after(&self, serial: u64) -> Vec<(u64, TimestampMs)> {
        let steps = self.changes.values().chain(self.wholes.values()).filter(|step| step.serial > serial);
        let reached: BTreeMap<u64, TimestampMs> = steps.map(|step| (step.serial, step.created_at)).collect();
        reached.into_iter().collect()
    }

    /// Since when there has been something newer than `serial`.
    #[must_use]
    pub fn newer_since(&self, serial: u64) -> Option<TimestampMs> {
        let change = self.changes.range(serial..).next().map(|(_, step)| step.created_at);
        let whole = self.wholes.range(serial + 1..).next().map(|(_, step)| step.created_at);
        change.into_iter().chain(whole).min()
    }

    /// What to tell an edge that has `after`, or nothing; none while nothing was published. `there` tells whether a
    /// file is still kept. Nothing beyond the state `limit` is told, if one is given: an edge that is there already is
    /// told that it has the newest. One that has nothing, and for which no file up to the limit is kept, is told
    /// everything: an edge without a policy answers nobody.
    #[must_use]
    pub fn tell(
        &self,
        after: Option<u64>,
        limit: Option<u64>,
        now: TimestampMs,
        there: impl Fn(&FileName) -> bool,
    ) -> Option<Latest> {
        let published = Some(self.newest()).filter(|newest| *newest > 0)?;
        let newest = limit.map_or(published, |limit| limit.min(published));
        let newest = after.filter(|after| (newest..=published).contains(after)).unwrap_or(newest);
        let up_to_newest = |step: &&Step| step.serial <= newest && there(&step.file.name);
        let whole = self.wholes.values().rev().find(up_to_newest);
        if whole.is_none() && after.is_none() && limit.is_some() {
            return self.tell(None, None, now, there);
        }
        let own = after.filter(|after| *after < newest).map(|after| self.chain(after, newest, &there));
        // Changes from the edge's own state, unless they end on the way, or weigh more than the whole file.
        let ends = |chain: &[&Step]| chain.last().is_some_and(|step| step.serial == newest);
        let long = |chain: &[&Step]| chain.len() == DELTAS_TOLD_MAX;
        let bytes = |chain: &[&Step]| chain.iter().map(|step| step.file.bytes).sum::<u64>();
        let light = |chain: &[&Step]| whole.is_none_or(|whole| bytes(chain) <= whole.file.bytes);
        let own = own.filter(|chain| (ends(chain) || long(chain)) && light(chain));
        let chain = match (own, after) {
            (Some(own), _) => own,
            (None, Some(after)) if after >= newest => Vec::new(),
            (None, _) => whole.map(|whole| self.chain(whole.serial, newest, &there)).unwrap_or_default(),
        };
        let told = |step: &&Step| (SnapshotSerial(step.since.unwrap_or(0)), SnapshotSerial(step.serial), step.file);
        Some(Latest {
            said_at: now,
            serial: SnapshotSerial(newest),
            whole: whole.map(|whole| (SnapshotSerial(whole.serial), whole.file)),
            deltas: chain.iter().map(told).collect(),
            networks: self.networks,
        })
    }

    /// The changes that lead on from `serial` and not beyond `newest`, as many as one pointer names.
    fn chain(&self, serial: u64, newest: u64, there: &impl Fn(&FileName) -> bool) -> Vec<&Step> {
        let mut chain = Vec::new();
        let mut at = serial;
        let leads_on = |step: &&Step, at| step.serial > at && step.serial <= newest && there(&step.file.name);
        while let Some(step) = self.changes.get(&at).filter(|step| leads_on(step, at)) {
            chain.push(step);
            at = step.serial;
            if chain.len() == DELTAS_TOLD_MAX {
                break;
            }
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(since: Option<u64>, serial: u64, bytes: u64) -> Step {
        let name = FileName::of(format!("{since:?}-{serial}").as_bytes());
        Step { serial, since, file: FileRef { name, bytes }, created_at: TimestampMs(1) }
    }

    fn book(wholes: &[u64], changes: std::ops::Range<u64>) -> Book {
        let mut book = Book::default();
        wholes.iter().for_each(|serial| book.add(step(None, *serial, 10_000)));
        changes.for_each(|from| book.add(step(Some(from), from + 1, 10)));
        book
    }

    /// The whole file's serial, and where the changes lead from and to.
    fn told(book: &Book, after: Option<u64>) -> (u64, Option<u64>, Option<(u64, u64)>) {
        let latest = book.tell(after, None, TimestampMs(5), |_| true).expect("a pointer");
        let ends = latest.deltas.first().zip(latest.deltas.last()).map(|(first, last)| (first.0.0, last.1.0));
        (latest.serial.0, latest.whole.map(|(serial, _)| serial.0), ends)
    }

    #[test]
    fn each_edge_is_told_the_shortest_way() {
        assert_eq!(Book::default().tell(None, None, TimestampMs(5), |_| true), None);
        let book = book(&[1, 5], 1..9);
        assert_eq!(told(&book, None), (9, Some(5), Some((5, 9))));
        assert_eq!(told(&book, Some(2)), (9, Some(5), Some((2, 9))));
        assert_eq!(told(&book, Some(9)), (9, Some(5), None));
        assert_eq!(told(&book, Some(99)), (9, Some(5), None), "one from before a new start is told where we are");
        assert_eq!(told(&book, Some(0)), (9, Some(5), Some((5, 9))), "no change starts there");
    }

    #[test]
    fn nothing_beyond_the_limit_is_told_and_nobody_is_sent_back() {
        let book = book(&[1, 5], 1..9);
        let told = |after, limit| {
            let latest = book.tell(after, Some(limit), TimestampMs(5), |_| true).expect("a pointer");
            let ends = latest.deltas.first().zip(latest.deltas.last()).map(|(first, last)| (first.0.0, last.1.0));
            (latest.serial.0, latest.whole.map(|(serial, _)| serial.0), ends)
        };
        assert_eq!(told(None, 7), (7, Some(5), Some((5, 7))));
        assert_eq!(told(Some(3), 7), (7, Some(5), Some((3, 7))));
        assert_eq!(told(Some(7), 7), (7, Some(5), None));
        assert_eq!(told(Some(8), 7), (8, Some(5), None), "it was in the first ring");
        assert_eq!(told(Some(2), 4), (4, Some(1), Some((2, 4))), "no whole file of a later state");
        assert_eq!(told(Some(99), 7), (7, Some(5), None));
        assert_eq!(told(Some(3), 99), (9, Some(5), Some((3, 9))));
        let gone = self::book(&[5], 1..9);
        let latest = gone.tell(None, Some(3), TimestampMs(5), |_| true).expect("a pointer");
        assert_eq!((latest.serial.0, latest.deltas.len()), (9, 4), "no policy is worse than a new one");
        assert_eq!(book.after(7), [(8, TimestampMs(1)), (9, TimestampMs(1))]);
    }

    #[test]
    fn what_is_gone_is_not_named_and_what_is_heavy_is_passed_over() {
        let mut book = book(&[1, 5], 1..9);
        let gone = step(Some(7), 8, 10).file.name;
        let latest = book.tell(Some(6), None, TimestampMs(5), |name| *name != gone).expect("a pointer");
        assert_eq!(latest.deltas.last().map(|(_, to, _)| to.0), Some(7), "as far as it goes");
        book.add(step(None, 9, 15));
        assert_eq!(told(&book, Some(2)), (9, Some(9), None), "seven changes weigh more than the whole");
        assert_eq!(told(&book, Some(8)), (9, Some(9), Some((8, 9))));
        assert!(book.published(&step(None, 5, 0).file.name).is_some());
        assert!(book.published(&FileName::of(b"another blob")).is_none());
    }

    #[test]
    fn a_long_way_is_told_in_parts_and_the_oldest_is_forgotten() {
        let long = DELTAS_TOLD_MAX as u64 + 10;
        let book = book(&[1], 1..long);
        assert_eq!(told(&book, Some(1)), (long, Some(1), Some((1, 1 + DELTAS_TOLD_MAX as u64))));
        let mut book = self::book(&[1], 1..CHANGES_KEPT as u64 + 10);
        assert_eq!(book.changes.len(), CHANGES_KEPT);
        assert_eq!(book.newer_since(5_000), None);
        book.add(step(Some(5_000), 5_001, 1));
        assert_eq!(book.newer_since(5_000), Some(TimestampMs(1)));
    }
}
