//! Counts that wait on disk until the control plane has taken them.
//!
//! A batch has a number, and keeps its content once it was sent for the first time: sent again, it is the same batch,
//! and is counted once. Batches that were never sent take in what comes, so that a long silence costs little room.

use crate::{PullError, folder::failed};
use serde::{Deserialize, Serialize};
use sipar_model::{Sighting, fact::FACT_ITEMS_MAX};
use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
};

/// Batches that wait: 4 million counts, some 400 MB at the very most, and days at a busy edge. Then the oldest goes.
pub const BATCHES_MAX: usize = 4_096;

/// Some counts under one number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its number in this spool, growing by one.
    pub sequence: u64,
    /// The counts.
    pub counts: Vec<Sighting>,
}

/// What is remembered of a spool beside its batches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// Tells this spool from one that was lost.
    id: String,
    next: u64,
    dropped: u64,
}

/// The batches in one folder.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    memory: Memory,
    waiting: VecDeque<u64>,
    /// Batches up to here may have been sent, and are changed no more.
    sealed: u64,
}

impl Spool {
    /// The spool in `folder`, made when missing; `id` names a new one.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path, id: &str) -> Result<Self, PullError> {
        fs::create_dir_all(folder).map_err(failed("making the folder", folder))?;
        let text = fs::read(folder.join("spool.json")).unwrap_or_default();
        let mut memory: Memory = serde_json::from_slice(&text).unwrap_or_default();
        let mut waiting: Vec<u64> = fs::read_dir(folder)
            .map_err(failed("listing", folder))?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".batch")?.parse().ok())
            .collect();
        waiting.sort_unstable();
        if memory.id.is_empty() {
            id.clone_into(&mut memory.id);
            memory.next = 1;
        }
        memory.next = memory.next.max(waiting.last().map_or(0, |last| last + 1)).max(1);
        // Whatever was there may have been sent by the process before.
        let sealed = memory.next - 1;
        let spool = Self { folder: folder.to_owned(), memory, waiting: waiting.into(), sealed };
        spool.remember()?;
        Ok(spool)
    }

    /// The name of this spool.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.memory.id
    }

    /// Counts dropped so far for want of room.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.memory.dropped
    }

    /// Batches that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes in counts.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn add(&mut self, counts: Vec<Sighting>) -> Result<(), PullError> {
        if counts.is_empty() {
            return Ok(());
        }
        let mut all = counts;
        if let Some(last) = self.waiting.back().copied().filter(|last| *last > self.sealed) {
            all.extend(self.read(last).map(|batch| batch.counts).unwrap_or_default());
            self.waiting.pop_back();
            self.memory.next = last;
        }
        for part in summed(all).chunks(FACT_ITEMS_MAX) {
            let batch = Batch { sequence: self.memory.next, counts: part.to_vec() };
            self.write(&batch)?;
            self.waiting.push_back(batch.sequence);
            self.memory.next += 1;
        }
        while self.waiting.len() > BATCHES_MAX {
            self.drop_oldest();
        }
        self.remember()
    }

    /// The oldest batch. From now on it stays as it is.
    pub fn first(&mut self) -> Option<Batch> {
        while let Some(sequence) = self.waiting.front().copied() {
            self.sealed = self.sealed.max(sequence);
            match self.read(sequence) {
                Some(batch) => return Some(batch),
                // Half written when the machine stopped: there is nothing to tell.
                None => self.done(sequence),
            }
        }
        None
    }

    /// The batch was taken.
    pub fn done(&mut self, sequence: u64) {
        if self.waiting.front() == Some(&sequence) {
            self.waiting.pop_front();
        }
        if let Err(error) = fs::remove_file(self.path(sequence)) {
            tracing::debug!(%error, sequence, "a batch that was taken stays; it is taken once all the same");
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.waiting.front().copied() else { return };
        let counts = self.read(oldest).map_or(0, |batch| batch.counts.iter().map(|count| count.count).sum());
        self.memory.dropped = self.memory.dropped.saturating_add(counts);
        self.done(oldest);
    }

    fn path(&self, sequence: u64) -> PathBuf {
        self.folder.join(format!("{sequence:016}.batch"))
    }

    fn read(&self, sequence: u64) -> Option<Batch> {
        let batch: Batch = serde_json::from_slice(&fs::read(self.path(sequence)).ok()?).ok()?;
        (batch.sequence == sequence).then_some(batch)
    }

    fn write(&self, batch: &Batch) -> Result<(), PullError> {
        let (path, beside) = (self.path(batch.sequence), self.folder.join("batch.new"));
        let text = serde_json::to_vec(batch).unwrap_or_default();
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed("writing", &path))
    }

    fn remember(&self) -> Result<(), PullError> {
        let (path, beside) = (self.folder.join("spool.json"), self.folder.join("spool.json.new"));
        let text = serde_json::to_vec(&self.memory).unwrap_or_default();
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed("writing", &path))
    }
}

/// One line for each thing, minute and network.
fn summed(counts: Vec<Sighting>) -> Vec<Sighting> {
    let mut sums: BTreeMap<_, u64> = BTreeMap::new();
    for count in counts {
        let sum = sums.entry((count.minute, count.decision, count.network, count.shadow)).or_default();
        *sum = sum.saturating_add(count.count);
    }
    let line = |((minute, decision, network, shadow), count)| Sighting { decision, minute, count, network, shadow };
    sums.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_model::{DecisionNumber, TimestampMs};

    fn count(decision: u32, minute: i64, count: u64) -> Sighting {
        let minute = TimestampMs(minute * 60_000);
        Sighting { decision: DecisionNumber(decision), minute, count, network: String::new(), shadow: false }
    }

    #[test]
    fn what_was_sent_once_stays_as_it_is_and_the_rest_takes_in_more() {
        let folder = tempfile::tempdir().expect("folder");
        let mut spool = Spool::open(folder.path(), "one").expect("spool");
        spool.add(vec![count(1, 1, 2), count(1, 1, 3)]).expect("added");
        let sent = spool.first().expect("batch");
        assert_eq!((sent.sequence, &sent.counts), (1, &vec![count(1, 1, 5)]));
        spool.add(vec![count(1, 1, 1)]).expect("added");
        spool.add(vec![count(1, 1, 1), count(2, 2, 1)]).expect("added");
        assert_eq!(spool.first(), Some(sent.clone()), "sent again, it is the same");
        // A restart: everything that waits is as it was, and nothing is added to it.
        let mut spool = Spool::open(folder.path(), "two").expect("spool");
        assert_eq!(spool.id(), "one");
        assert_eq!(spool.first(), Some(sent));
        spool.done(1);
        let next = spool.first().expect("batch");
        assert_eq!((next.sequence, next.counts), (2, vec![count(1, 1, 2), count(2, 2, 1)]));
        spool.done(2);
        assert_eq!(spool.first(), None);
        spool.add(vec![count(3, 3, 1)]).expect("added");
        assert_eq!(spool.first().map(|batch| batch.sequence), Some(3), "numbers never come again");
        spool.done(3);
        let mut spool = Spool::open(folder.path(), "three").expect("spool");
        spool.add(vec![count(3, 3, 1)]).expect("added");
        assert_eq!(spool.first().map(|batch| batch.sequence), Some(4), "not after a restart either");
    }

    #[test]
    fn without_room_the_oldest_goes_and_is_counted() {
        let folder = tempfile::tempdir().expect("folder");
        let mut spool = Spool::open(folder.path(), "one").expect("spool");
        for number in 0..=BATCHES_MAX {
            spool.sealed = u64::MAX;
            spool.add(vec![count(u32::try_from(number).expect("few"), 1, 7)]).expect("added");
        }
        assert_eq!((spool.waiting(), spool.dropped()), (BATCHES_MAX, 7));
        assert_eq!(spool.first().map(|batch| batch.sequence), Some(2));
    }

    #[test]
    fn a_half_written_batch_is_passed_over() {
        let folder = tempfile::tempdir().expect("folder");
        let mut spool = Spool::open(folder.path(), "one").expect("spool");
        spool.add(vec![count(1, 1, 1)]).expect("added");
        fs::write(spool.path(1), "{\"sequence\": 1, \"cou").expect("written");
        assert_eq!(Spool::open(folder.path(), "x").expect("spool").first(), None);
    }
}
