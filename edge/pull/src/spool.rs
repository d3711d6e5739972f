//! Counts that wait on disk until the control plane has taken them.
//!
//! A batch has a number, and keeps its content once it was sent for the first time: sent again, it is the same batch,
//! and is counted once. Batches that were never sent take in what comes, so that a long silence costs little room.
//! What is added counts from the instant at which `spool.json` is replaced: with it changes where its source was read
//! up to, so that a kill at any instant neither loses nor doubles what stands in a file elsewhere.

use crate::{PullError, folder::failed};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sipar_model::{Sighting, fact::FACT_ITEMS_MAX};
use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
};

/// Batches that wait: 4 million counts, some 400 MB at the very most, and days at a busy edge. Then the oldest goes.
pub const BATCHES_MAX: usize = 4_096;

/// What a spool holds.
pub trait Counted: Clone + Serialize + DeserializeOwned {
    /// One line for all that differ in nothing but how often.
    fn summed(all: Vec<Self>) -> Vec<Self>;

    /// How often.
    fn times(&self) -> u64;
}

/// Some counts under one number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch<T = Sighting> {
    /// Its number in this spool, growing with each.
    pub sequence: u64,
    /// The counts.
    pub counts: Vec<T>,
}

/// What is remembered of a spool beside its batches.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// Tells this spool from one that was lost.
    id: String,
    /// The number of the next batch. A file with this one or a later one was never added.
    next: u64,
    dropped: u64,
    /// Where the source of what is here was read up to, in that source's own words.
    mark: String,
    /// The batch whose content stands in later ones. A file with this number is left over.
    replaced: u64,
}

/// The batches in one folder.
#[derive(Debug)]
pub struct Spool<T = Sighting> {
    folder: PathBuf,
    memory: Memory,
    waiting: VecDeque<u64>,
    /// Batches up to here may have been sent, and are changed no more.
    sealed: u64,
    holds: std::marker::PhantomData<T>,
}

impl<T: Counted> Spool<T> {
    /// The spool in `folder`, made when missing; `id` names a new one.
    ///
    /// # Errors
    /// When the folder cannot be used.
    pub fn open(folder: &Path, id: &str) -> Result<Self, PullError> {
        fs::create_dir_all(folder).map_err(failed("making the folder", folder))?;
        let text = fs::read(folder.join("spool.json")).unwrap_or_default();
        let mut memory: Memory = serde_json::from_slice(&text).unwrap_or_default();
        let mut found: Vec<u64> = fs::read_dir(folder)
            .map_err(failed("listing", folder))?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".batch")?.parse().ok())
            .collect();
        found.sort_unstable();
        if memory.id.is_empty() {
            id.clone_into(&mut memory.id);
            memory.next = found.last().map_or(1, |last| last + 1);
        }
        // Whatever was there may have been sent by the process before.
        let sealed = memory.next - 1;
        let spool =
            Self { folder: folder.to_owned(), memory, waiting: VecDeque::new(), sealed, holds: Default::default() };
        let added = |number: &u64| *number < spool.memory.next && *number != spool.memory.replaced;
        let (waiting, left): (Vec<u64>, Vec<u64>) = found.into_iter().partition(added);
        left.into_iter().try_for_each(|number| spool.remove(number))?;
        spool.remember(&spool.memory)?;
        Ok(Self { waiting: waiting.into(), ..spool })
    }

    /// The name of this spool.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.memory.id
    }

    /// Where the source was read up to; empty at first.
    #[must_use]
    pub fn mark(&self) -> &str {
        &self.memory.mark
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
    /// When they cannot be written; then nothing was added.
    pub fn add(&mut self, counts: Vec<T>) -> Result<(), PullError> {
        let mark = self.memory.mark.clone();
        self.add_up_to(counts, mark)
    }

    /// Takes in counts, and that their source was read up to `mark`: both or neither.
    ///
    /// # Errors
    /// When they cannot be written; then nothing was added.
    pub fn add_up_to(&mut self, counts: Vec<T>, mark: String) -> Result<(), PullError> {
        if counts.is_empty() && mark == self.memory.mark {
            return Ok(());
        }
        let mut memory = Memory { mark, ..self.memory.clone() };
        let open = self.waiting.back().copied().filter(|last| *last > self.sealed && !counts.is_empty());
        let mut all = counts;
        if let Some(last) = open {
            all.extend(self.read(last).map(|batch| batch.counts).unwrap_or_default());
            memory.replaced = last;
        }
        for part in T::summed(all).chunks(FACT_ITEMS_MAX) {
            self.write(&Batch { sequence: memory.next, counts: part.to_vec() })?;
            memory.next += 1;
        }
        // INVARIANT: what is written so far counts for nothing, until this replaces the file.
        self.remember(&memory)?;
        self.waiting.extend(self.memory.next..memory.next);
        self.memory = memory;
        if let Some(last) = open {
            self.waiting.retain(|number| *number != last);
            self.remove(last)?;
        }
        if self.waiting.len() > BATCHES_MAX {
            while self.waiting.len() > BATCHES_MAX {
                self.drop_oldest();
            }
            self.remember(&self.memory)?;
        }
        Ok(())
    }

    /// The oldest batch. From now on it stays as it is.
    pub fn first(&mut self) -> Option<Batch<T>> {
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
        if let Err(error) = self.remove(sequence) {
            tracing::debug!(
                error = error.chain(),
                sequence,
                "a batch that was taken stays; it is taken once all the same"
            );
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.waiting.front().copied() else { return };
        let counts = self.read(oldest).map_or(0, |batch| batch.counts.iter().map(T::times).sum());
        self.memory.dropped = self.memory.dropped.saturating_add(counts);
        self.done(oldest);
    }

    fn path(&self, sequence: u64) -> PathBuf {
        self.folder.join(format!("{sequence:016}.batch"))
    }

    fn read(&self, sequence: u64) -> Option<Batch<T>> {
        let batch: Batch<T> = serde_json::from_slice(&fs::read(self.path(sequence)).ok()?).ok()?;
        (batch.sequence == sequence).then_some(batch)
    }

    fn remove(&self, sequence: u64) -> Result<(), PullError> {
        let path = self.path(sequence);
        fs::remove_file(&path).map_err(failed("removing", &path))
    }

    fn write(&self, batch: &Batch<T>) -> Result<(), PullError> {
        let (path, beside) = (self.path(batch.sequence), self.folder.join("batch.new"));
        let text = serde_json::to_vec(batch).unwrap_or_default();
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed("writing", &path))
    }

    fn remember(&self, memory: &Memory) -> Result<(), PullError> {
        let (path, beside) = (self.folder.join("spool.json"), self.folder.join("spool.json.new"));
        let text = serde_json::to_vec(memory).unwrap_or_default();
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(failed("writing", &path))
    }
}

impl Counted for Sighting {
    fn summed(all: Vec<Self>) -> Vec<Self> {
        let mut sums: BTreeMap<_, u64> = BTreeMap::new();
        for one in all {
            let sum = sums.entry((one.minute, one.decision, one.network, one.shadow, one.by)).or_default();
            *sum = sum.saturating_add(one.count);
        }
        let line =
            |((minute, decision, network, shadow, by), count)| Self { decision, minute, count, network, shadow, by };
        sums.into_iter().map(line).collect()
    }

    fn times(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_model::{DecisionNumber, SeenBy, TimestampMs};

    fn count(decision: u32, minute: i64, count: u64) -> Sighting {
        let minute = TimestampMs(minute * 60_000);
        let (decision, network) = (DecisionNumber(decision), String::new());
        Sighting { decision, minute, count, network, shadow: false, by: SeenBy::Dns }
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
        assert_eq!((next.sequence, next.counts), (3, vec![count(1, 1, 2), count(2, 2, 1)]));
        spool.done(3);
        assert_eq!(spool.first(), None);
        spool.add(vec![count(3, 3, 1)]).expect("added");
        assert_eq!(spool.first().map(|batch| batch.sequence), Some(4), "numbers never come again");
        spool.done(4);
        let mut spool = Spool::open(folder.path(), "three").expect("spool");
        spool.add(vec![count(3, 3, 1)]).expect("added");
        assert_eq!(spool.first().map(|batch| batch.sequence), Some(5), "not after a restart either");
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
        assert_eq!(Spool::<Sighting>::open(folder.path(), "x").expect("spool").first(), None);
    }

    /// Every file of a spool, by its name.
    fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let each = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path());
        each.map(|path| (path.clone(), fs::read(path).expect("file"))).collect()
    }

    #[test]
    fn a_kill_at_any_instant_of_adding_adds_all_or_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let mut spool = Spool::open(folder.path(), "one").expect("spool");
        spool.add_up_to(vec![count(1, 1, 1)], "up to 1".into()).expect("added");
        let before = files(folder.path());
        // More than one batch holds, joined with what waits.
        let more: Vec<Sighting> = (1..=1_500).map(|number| count(number, 2, 1)).collect();
        spool.add_up_to(more, "up to 2".into()).expect("added");
        let after = files(folder.path());
        let json = folder.path().join("spool.json");
        let (old, new): (Vec<_>, Vec<_>) =
            (before.iter().collect(), after.iter().filter(|(path, _)| **path != json).collect());
        // The files as they come: each new batch in turn, the memory, the removal of the batch that was joined.
        for step in 0..=new.len() + 2 {
            let state = tempfile::tempdir().expect("folder");
            let put = |(path, content): (&PathBuf, &Vec<u8>)| {
                fs::write(state.path().join(path.file_name().expect("name")), content).expect("written");
            };
            old.iter().copied().for_each(put);
            new.iter().copied().take(step).for_each(put);
            let done = step > new.len();
            if done {
                put((&json, &after[&json]));
            }
            if step == new.len() + 2 {
                fs::remove_file(state.path().join(format!("{:016}.batch", 1))).expect("removed");
            }
            let mut spool = Spool::<Sighting>::open(state.path(), "two").expect("spool");
            assert_eq!(spool.mark(), if done { "up to 2" } else { "up to 1" }, "{step}");
            let mut told = 0;
            while let Some(batch) = spool.first() {
                told += batch.counts.iter().map(|one| one.count).sum::<u64>();
                spool.done(batch.sequence);
            }
            assert_eq!(told, if done { 1_501 } else { 1 }, "{step}");
        }
    }
}
