//! Takes one file of a feed in: reads it whole to judge it, then applies it in batches.
//!
//! Nothing is applied before the whole has been read once: a feed that is cut off, has shrunk or has changed its shape
//! leaves everything as it was. A batch and the facts that tell of it are one transaction; a run that was killed is
//! done again from its start and doubles nothing, because what is no news is neither written nor said.

use crate::{
    error::IntelError,
    format::{FeedFormat, Recipe},
    model::{Verdict, judge, trusted},
    parse::{Counts, ParseError, Parsed, Refused, Row, parse},
    store::{self, Applied, Group, REFUSED_KEPT_MAX, Source},
};
use sipar_model::{Category, Observable, TimestampMs};
use sipar_store::{Store, StoreError};
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{BuildHasher, RandomState},
    io::{Cursor, Read},
    ops::ControlFlow,
    sync::{Arc, mpsc},
};

/// Rows in one transaction: some 100 ms of the one writer, so that others wait no longer than that.
pub const BATCH_ROWS_MAX: usize = 10_000;

/// Refused lines in one transaction.
const REFUSED_BATCH_MAX: usize = 2_000;

/// Batches that wait for the writer while the next is read.
const BATCHES_WAITING_MAX: usize = 2;

/// Things withdrawn in one transaction.
const WITHDRAWN_BATCH_MAX: usize = 2_000;

/// Opens the feed from its start; called once for each of the two passes.
pub type Open<'a> = dyn Fn() -> Result<Box<dyn Read>, IntelError> + 'a;

/// What is taken in.
pub struct Intake<'a> {
    /// Where to.
    pub store: &'a Store,
    /// From which source.
    pub source: &'a Source,
    /// How it is written.
    pub format: &'a FeedFormat,
    /// In which run.
    pub run: i64,
    /// When it was pulled.
    pub seen_at: TimestampMs,
    /// Why a person must look in any case, if one must.
    pub objection: Option<String>,
    /// What is done once nothing is odd, and before anything is applied.
    pub first: &'a dyn Fn() -> Result<(), IntelError>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What was counted.
    pub counts: Counts,
    /// Why it is held, if it is.
    pub held: Option<String>,
    /// Assertions that were new.
    pub fresh: u64,
    /// Assertions that changed.
    pub changed: u64,
    /// Assertions that were taken back.
    pub withdrawn: u64,
}

/// Whether the bounds of the feed hold, or a person has said that it is right as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Hold what is beyond the bounds.
    ByBounds,
    /// A person has looked.
    ByPerson,
}

impl Intake<'_> {
    /// Reads the feed, judges it, and applies it if nothing is odd.
    ///
    /// # Errors
    /// When it cannot be read to its end, or the store fails. Then nothing of it was applied, or only whole batches.
    pub fn take(&self, open: &Open<'_>, judgement: Judgement) -> Result<Taken, IntelError> {
        let recipe = Recipe::new(self.format)?;
        let counts = self.look(&recipe, open()?)?;
        let mut taken = Taken { counts, held: None, fresh: 0, changed: 0, withdrawn: 0 };
        if judgement == Judgement::ByBounds {
            taken.held = match judge(&taken.counts, self.source.last.as_ref(), &self.format.bounds) {
                Verdict::Hold(why) => Some(why),
                Verdict::Apply => self.objection.clone(),
            };
        }
        if taken.held.is_some() {
            return Ok(taken);
        }
        (self.first)()?;
        let (applied, present) = self.apply(&recipe, open()?)?;
        (taken.fresh, taken.changed) = (applied.fresh, applied.changed);
        if let Some(present) = present {
            taken.withdrawn = self.withdraw(&present)?;
        }
        Ok(taken)
    }

    /// The first pass: counts, and keeps every line that is refused.
    fn look(&self, recipe: &Recipe, feed: Box<dyn Read>) -> Result<Counts, IntelError> {
        let mut kept = 0;
        let mut waiting: Vec<Refused> = Vec::new();
        let mut failed = None;
        let counts = parse(recipe, self.seen_at, feed, &mut |row| {
            if let Row::Refused(refused) = row {
                if kept + (waiting.len() as u64) < REFUSED_KEPT_MAX {
                    waiting.push(refused);
                }
                if waiting.len() >= REFUSED_BATCH_MAX
                    && let Err(error) = self.keep_refused(&mut kept, &mut waiting)
                {
                    failed = Some(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        if let Some(error) = failed {
            return Err(error.into());
        }
        self.keep_refused(&mut kept, &mut waiting)?;
        counts.map_err(|source| self.unreadable(source))
    }

    fn keep_refused(&self, kept: &mut u64, waiting: &mut Vec<Refused>) -> Result<(), StoreError> {
        if waiting.is_empty() {
            return Ok(());
        }
        let (run, from, lines) = (self.run, *kept, std::mem::take(waiting));
        *kept += lines.len() as u64;
        self.store.write_blocking(move |tx| store::keep_refused(tx, run, from, &lines))
    }

    /// The second pass: applies. For a feed that says what is so now, also returns what it named.
    fn apply(&self, recipe: &Recipe, feed: Box<dyn Read>) -> Result<(Applied, Option<Present>), IntelError> {
        let mut present = self.format.withdraw.then(Present::default);
        let (batches, to_write) = mpsc::sync_channel::<Vec<Group>>(BATCHES_WAITING_MAX);
        let (source, run, now, store) = (self.source.number, self.run, self.seen_at, self.store.clone());
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut sum = Applied::default();
                for batch in to_write {
                    let applied = store.write_blocking(move |tx| store::apply(tx, source, run, &batch, now))?;
                    sum.fresh += applied.fresh;
                    sum.changed += applied.changed;
                }
                Ok::<_, StoreError>(sum)
            });
            let mut batch = Batch::default();
            let read = parse(recipe, self.seen_at, feed, &mut |row| {
                let Row::Parsed(mut parsed) = row else { return ControlFlow::Continue(()) };
                parsed.confidence = trusted(parsed.confidence, self.source.about.trust);
                if let Some(present) = &mut present {
                    present.insert(&parsed.observable, parsed.category);
                }
                batch.push(parsed);
                if batch.rows < BATCH_ROWS_MAX {
                    return ControlFlow::Continue(());
                }
                // A writer that has stopped tells why below.
                match batches.send(batch.finish()) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            let _stopped = batches.send(batch.finish());
            drop(batches);
            let sum = writer.join().map_err(|_| IntelError::Thread("writing a batch"))??;
            read.map_err(|source| self.unreadable(source))?;
            Ok((sum, present))
        })
    }

    /// Takes back what the source has said before and does not say now.
    fn withdraw(&self, present: &Present) -> Result<u64, IntelError> {
        let source = self.source.number;
        // The set is moved to the reader's thread, and comes back with what is missing from it.
        let present = present.clone();
        let gone = self.store.read_blocking(move |reader| {
            let mut gone = Vec::new();
            store::each_of_source(reader, source, |kind, value, category| {
                if let Ok(observable) = Observable::from_parts(kind, value)
                    && !present.contains(&observable, category)
                {
                    gone.push((observable, category));
                }
            })?;
            Ok::<_, StoreError>(gone)
        })?;
        let mut withdrawn = 0;
        for part in gone.chunks(WITHDRAWN_BATCH_MAX) {
            let (part, run, now) = (Arc::new(part.to_vec()), self.run, self.seen_at);
            withdrawn += self.store.write_blocking(move |tx| store::withdraw(tx, source, run, &part, now))?;
        }
        Ok(withdrawn)
    }

    fn unreadable(&self, source: ParseError) -> IntelError {
        IntelError::Parse { slug: self.source.about.slug.clone(), source }
    }
}

/// Takes `bytes` in as one run of the feed `slug`, which must have been added: what a pull does after it has fetched.
///
/// # Errors
/// When there is no such feed, or as [`Intake::take`].
pub fn ingest_bytes(
    store: &Store,
    slug: &str,
    format: &FeedFormat,
    bytes: &Arc<[u8]>,
    seen_at: TimestampMs,
) -> Result<Taken, IntelError> {
    let asked = slug.to_owned();
    let found = store.read_blocking(move |reader| store::source(reader, &asked))?;
    let source = found.ok_or_else(|| IntelError::NoFeed { slug: slug.to_owned() })?;
    let (number, length) = (source.number, bytes.len() as u64);
    let run = store.write_blocking(move |tx| store::start_run(tx, number, "", length, seen_at))?;
    let open = || -> Result<Box<dyn Read>, IntelError> { Ok(Box::new(Cursor::new(Arc::clone(bytes)))) };
    let open: &Open<'_> = &open;
    let first = || Ok(());
    let intake = Intake { store, source: &source, format, run, seen_at, objection: None, first: &first };
    intake.take(open, Judgement::ByBounds)
}

/// Rows of one transaction, those of one thing together.
#[derive(Default)]
struct Batch {
    places: HashMap<Observable, usize>,
    groups: Vec<Vec<Parsed>>,
    rows: usize,
}

impl Batch {
    fn push(&mut self, parsed: Parsed) {
        self.rows += 1;
        match self.places.entry(parsed.observable.clone()) {
            Entry::Occupied(place) => self.groups[*place.get()].push(parsed),
            Entry::Vacant(place) => {
                place.insert(self.groups.len());
                self.groups.push(vec![parsed]);
            }
        }
    }

    /// The groups in the order of the table's key, so that neighbours are written together.
    fn finish(&mut self) -> Vec<Group> {
        self.rows = 0;
        self.places.clear();
        let mut groups: Vec<Group> = std::mem::take(&mut self.groups)
            .into_iter()
            .map(|parsed| {
                let observable = parsed[0].observable.clone();
                Group { value: observable.value(), observable, parsed }
            })
            .collect();
        groups.sort_unstable_by(|a, b| (&a.value, a.observable.kind()).cmp(&(&b.value, b.observable.kind())));
        groups
    }
}

/// What a feed named, as 128-bit keyed hashes: a clash, which nobody can arrange, would keep one thing a little longer.
#[derive(Clone, Default)]
struct Present {
    keys: [RandomState; 2],
    seen: HashSet<(u64, u64)>,
}

impl Present {
    fn key(&self, observable: &Observable, category: Category) -> (u64, u64) {
        let both = (observable, category);
        (self.keys[0].hash_one(both), self.keys[1].hash_one(both))
    }

    fn insert(&mut self, observable: &Observable, category: Category) {
        self.seen.insert(self.key(observable, category));
    }

    fn contains(&self, observable: &Observable, category: Category) -> bool {
        self.seen.contains(&self.key(observable, category))
    }
}
