//! Pulling: fetching what is new, taking it in as runs, holding what is odd, applying or discarding what is held.
//!
//! Everything here blocks. One path serves the schedule, a person's press of a button and the command line:
//! [`Intel::pull`].

use crate::{
    allowed::AllowedList,
    error::{IntelError, say},
    feeds::Intel,
    fetch::{self, Fetched, Limits, Origin, Reach, Validators},
    format::FeedFormat,
    ingest::{Intake, Judgement, Open, Taken},
    parse::Counts,
    reports::is_reports,
    store::{self, Outcome, RunEnd, Source},
};
use sipar_model::TimestampMs;
use std::{
    io::Read,
    path::{Path, PathBuf},
    sync::PoisonError,
};

/// A feed without a time of its own in each row is taken in again after this long even if it has not changed, so that
/// what it still names does not fade. Less than the day that counts as news, so that no day is missed.
const REFRESH_MS: i64 = 20 * 3_600_000;

/// How long one node has a feed to itself: longer than a pull may take ([`Timeouts::total`]) and its parse.
const LEASE_MS: i64 = 45 * 60_000;

/// Times that a person's pull tries when others are at the same feed: the schedule and one more person, and once more.
const TRIES_MAX: usize = 3;

/// Feeds pulled at a time: a server that hangs for its whole time-out must not keep the others waiting. They share the
/// one writer, so more would gain nothing but memory.
const PULLS_AT_ONCE: usize = 4;

/// Feeds pulled by each worker in one run of the job; the next run takes the others.
const PULLS_PER_WORKER_MAX: usize = 50;

/// A feed that one thread works on, until this is dropped.
pub(crate) struct Occupied<'a> {
    intel: &'a Intel,
    number: i64,
}

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        self.intel.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
        self.intel.freed.notify_all();
    }
}

/// What a pull did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Pulled {
    /// The feed.
    pub slug: String,
    /// The runs, one for each file that was new.
    pub runs: Vec<i64>,
    /// Assertions that were new.
    pub fresh: u64,
    /// Assertions that changed.
    pub changed: u64,
    /// Assertions that were taken back.
    pub withdrawn: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// Why it is held, if it is.
    pub held: Option<String>,
}

impl Intel {
    /// Pulls the feeds that are due, several at a time; returns what each did, or why it failed.
    ///
    /// # Errors
    /// When the store fails. A feed that fails is no error here: it is noted, and comes again later.
    pub fn pull_due(&self) -> Result<Vec<Result<Pulled, IntelError>>, IntelError> {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..PULLS_AT_ONCE).map(|_| scope.spawn(|| self.pull_some())).collect();
            let mut done = Vec::new();
            for worker in workers {
                done.extend(worker.join().map_err(|_| IntelError::Thread("pulling feeds"))??);
            }
            Ok(done)
        })
    }

    fn pull_some(&self) -> Result<Vec<Result<Pulled, IntelError>>, IntelError> {
        let mut done = Vec::new();
        while done.len() < PULLS_PER_WORKER_MAX {
            let now = self.house.clock.now();
            let lease = now.plus_ms(LEASE_MS);
            let due = self.house.store.write_blocking(move |tx| store::claim_due(tx, now, lease))?;
            let Some(source) = due else { break };
            match self.pull_source(&source) {
                // A person is pulling it at this moment; that pull says when the next is.
                Err(IntelError::Busy { .. }) => {}
                result => done.push(result),
            }
        }
        Ok(done)
    }

    /// Pulls one feed now. When a pull of it is under way, as of a feed that was added this moment, waits for it and says
    /// what that one did.
    ///
    /// # Errors
    /// When it cannot be had or read; that is also noted with the feed.
    pub fn pull(&self, slug: &str) -> Result<Pulled, IntelError> {
        let asked_at = self.house.clock.now();
        for _ in 0..TRIES_MAX {
            let source = self.source(slug)?;
            match self.pull_source(&source) {
                Err(IntelError::Busy { .. }) => self.wait_until_free(&source)?,
                result => return result,
            }
            let done = self.done_since(&source, asked_at)?;
            if !done.runs.is_empty() {
                return Ok(done);
            }
        }
        Err(IntelError::Busy { slug: slug.to_owned() })
    }

    /// A feed is worked on by one thread at a time: its spool file is one.
    pub(crate) fn occupy(&self, source: &Source) -> Result<Occupied<'_>, IntelError> {
        self.occupy_number(source.number, &source.about.slug)
    }

    /// The same, for a feed of which only this is known.
    pub(crate) fn occupy_number(&self, number: i64, slug: &str) -> Result<Occupied<'_>, IntelError> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(number) {
            return Err(IntelError::Busy { slug: slug.to_owned() });
        }
        Ok(Occupied { intel: self, number })
    }

    fn pull_source(&self, source: &Source) -> Result<Pulled, IntelError> {
        if is_reports(&source.about) {
            return Err(IntelError::Given(say("intel-refused-reports", [])));
        }
        let _alone = self.occupy(source)?;
        let result = self.try_pull(source);
        if let Err(error) = &result {
            let next = self.next(source, source.failures.saturating_add(1));
            let (number, why, now) = (source.number, error.chain(), self.house.clock.now());
            self.write(move |tx| store::note_failure(tx, number, &why, now, next))?;
        }
        result
    }

    fn try_pull(&self, source: &Source) -> Result<Pulled, IntelError> {
        let format = self.format(&source.about.format)?;
        let mut pulled = Pulled { slug: source.about.slug.clone(), ..Pulled::default() };
        let fetched = self.fetch(source, format)?;
        if fetched.is_empty() {
            let (number, now, next) = (source.number, self.house.clock.now(), self.next(source, 0));
            self.write(move |tx| store::note_unchanged(tx, number, now, next))?;
            return Ok(pulled);
        }
        for file in fetched {
            let (run, taken) = self.take_in(source, format, &file, Judgement::ByBounds)?;
            pulled.runs.push(run);
            pulled.fresh += taken.fresh;
            pulled.changed += taken.changed;
            pulled.withdrawn += taken.withdrawn;
            pulled.refused += taken.counts.refused;
            pulled.held = taken.held.or(pulled.held);
        }
        Ok(pulled)
    }

    /// Brings here what is new. A folder of warning lists is read where it is.
    fn fetch(&self, source: &Source, format: &FeedFormat) -> Result<Vec<Fetched>, IntelError> {
        let slug = &source.about.slug;
        let failed = |source| IntelError::Fetch { slug: slug.clone(), source };
        let origin = Origin::parse(&source.about.origin).map_err(failed)?;
        let now = self.house.clock.now();
        let recent = source.applied_at.is_some_and(|at| (0..REFRESH_MS).contains(&now.since_ms(at)));
        let same = |digest: &str| recent && source.digest.as_deref() == Some(digest);
        if let (true, Origin::Folder(path)) = (format.is_warning_lists(), &origin) {
            let digest = crate::warning::digest_of(path)?;
            let whole = Fetched {
                name: String::new(),
                path: path.clone(),
                bytes: 0,
                digest,
                validators: Validators::default(),
            };
            return Ok(if same(&whole.digest) { Vec::new() } else { vec![whole] });
        }
        let number = source.number;
        let seen = match origin {
            Origin::Folder(_) => self.house.store.read_blocking(move |reader| store::file_seen(reader, number))?,
            _ => Vec::new(),
        };
        let known = if recent && source.held.is_none() { source.validators.clone() } else { Validators::default() };
        let reach = if source.about.allow_private { &self.private } else { &self.public };
        let reach = Reach { authorities: source.about.ca_file.as_ref().map(PathBuf::from), ..reach.clone() };
        let limits = Limits { bytes_max: format.bounds.bytes_max, timeouts: self.timeouts };
        let taken = |name: &str, digest: &str| seen.iter().any(|(n, d)| n == name && d == digest);
        let mut fetched =
            fetch::fetch(&origin, &known, &reach, &limits, &self.spool(number), &taken).map_err(failed)?;
        let held = self.held_blob(source)?;
        fetched.retain(|file| held.as_deref() != Some(&file.digest));
        if !matches!(origin, Origin::Folder(_)) {
            fetched.retain(|file| !same(&file.digest));
        }
        Ok(fetched)
    }

    fn spool(&self, source: i64) -> PathBuf {
        self.house.blobs.incoming().join(format!("intel-{source}.spool"))
    }

    /// Takes one file in, as a run of its own.
    fn take_in(
        &self,
        source: &Source,
        format: &FeedFormat,
        file: &Fetched,
        judgement: Judgement,
    ) -> Result<(i64, Taken), IntelError> {
        let (number, name, bytes, now) = (source.number, file.name.clone(), file.bytes, self.house.clock.now());
        let run = self.write(move |tx| store::start_run(tx, number, &name, bytes, now))?;
        // Each file of a folder stands for itself: it may well be shorter than the one before.
        let last = if file.name.is_empty() { source.last.clone() } else { None };
        let source = Source { last, ..source.clone() };
        let result = if format.is_warning_lists() {
            self.look_at_lists(&source, format, file, judgement)
        } else {
            self.take_feed(&source, format, file, run, judgement)
        };
        let end = match &result {
            Ok(taken) => self.end_of(&source, format, file, taken)?,
            Err(error) => RunEnd {
                outcome: Outcome::Failed,
                detail: error.chain(),
                next_at: self.next(&source, source.failures.saturating_add(1)),
                ..run_end(file, Counts::default())
            },
        };
        if let (Some((held, _)), true) = (&source.held, end.outcome != Outcome::Failed) {
            self.forget_held(*held, end.blob.as_deref())?;
        }
        let now = self.house.clock.now();
        self.write(move |tx| store::end_run(tx, number, run, &end, now))?;
        let spool = self.spool(number);
        if file.path == spool {
            // What was held or kept has been moved away; the rest is of no more use.
            let _gone = std::fs::remove_file(&spool);
        }
        if format.is_warning_lists() {
            self.warning_wake.notify_one();
        } else if source.applied_at.is_none() {
            // A new feed's share is what people look for first; later changes wait for the timer.
            self.quality_wake.notify_one();
        }
        result.map(|taken| (run, taken))
    }

    fn take_feed(
        &self,
        source: &Source,
        format: &FeedFormat,
        file: &Fetched,
        run: i64,
        judgement: Judgement,
    ) -> Result<Taken, IntelError> {
        let seen_at = self.house.clock.now();
        let open = || -> Result<Box<dyn Read>, IntelError> {
            fetch::open_unpacked(&file.path, source.about.member.as_deref(), format.bounds.bytes_max)
                .map_err(|cause| IntelError::Fetch { slug: source.about.slug.clone(), source: cause })
        };
        let open: &Open<'_> = &open;
        let allowed = format.allowed.as_ref().map(|allowed| AllowedList::read(source, format, allowed, open, seen_at));
        let allowed = allowed.transpose()?;
        let objection = allowed.as_ref().map(|list| self.objection(source, format, list)).transpose()?.flatten();
        let first = || allowed.as_ref().map_or(Ok(()), |list| self.adopt_allowed(source, list));
        let store = &self.house.store;
        Intake { store, source, format, run, seen_at, objection, first: &first }.take(open, judgement)
    }

    fn end_of(
        &self,
        source: &Source,
        format: &FeedFormat,
        file: &Fetched,
        taken: &Taken,
    ) -> Result<RunEnd, IntelError> {
        // A held file waits for a person, and an archive of warning lists for the next build, wherever it came from.
        let keep = taken.held.is_some() || format.is_warning_lists();
        let blob = if keep && file.path.is_file() { Some(self.keep(&file.path, source.number)?) } else { None };
        Ok(RunEnd {
            outcome: if taken.held.is_some() { Outcome::Held } else { Outcome::Applied },
            detail: taken.held.clone().unwrap_or_default(),
            fresh: taken.fresh,
            changed: taken.changed,
            withdrawn: taken.withdrawn,
            blob,
            next_at: self.next(source, 0),
            ..run_end(file, taken.counts.clone())
        })
    }

    /// Keeps a copy of a file among the blobs.
    fn keep(&self, path: &Path, source: i64) -> Result<String, IntelError> {
        let copy = self.house.blobs.incoming().join(format!("intel-{source}.kept"));
        let failed = |source| IntelError::File { path: copy.clone(), source };
        std::fs::copy(path, &copy).map_err(failed)?;
        std::fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(failed)?;
        Ok(self.house.blobs.adopt(&copy)?)
    }

    /// What is held, by its BLAKE3, which is also its name among the blobs: the same again is nothing new.
    fn held_blob(&self, source: &Source) -> Result<Option<String>, IntelError> {
        let Some((run, _)) = source.held else { return Ok(None) };
        let held = self.house.store.read_blocking(move |reader| store::run(reader, run))?;
        Ok(held.and_then(|run| run.blob))
    }

    pub(crate) fn forget_held(&self, run: i64, but: Option<&str>) -> Result<(), IntelError> {
        let held = self.house.store.read_blocking(move |reader| store::run(reader, run))?;
        match held.and_then(|run| run.blob) {
            Some(blob) if Some(blob.as_str()) != but => Ok(self.house.blobs.remove(&blob)?),
            _ => Ok(()),
        }
    }

    /// Applies what is held, because a person has looked at it.
    ///
    /// # Errors
    /// When nothing is held, or it cannot be applied.
    pub fn apply_held(&self, slug: &str) -> Result<Pulled, IntelError> {
        let source = self.source(slug)?;
        let _alone = self.occupy(&source)?;
        let none = || IntelError::NotHeld { slug: slug.to_owned() };
        let held = source.held.as_ref().map(|(run, _)| *run).ok_or_else(none)?;
        let run = self.house.store.read_blocking(move |reader| store::run(reader, held))?.ok_or_else(none)?;
        let origin = Origin::parse(&source.about.origin)
            .map_err(|cause| IntelError::Fetch { slug: slug.to_owned(), source: cause })?;
        let path = match (&run.blob, origin) {
            (Some(blob), _) => self.house.blobs.path(blob)?,
            (None, Origin::Folder(path) | Origin::File(path)) => path,
            (None, Origin::Http(_)) => return Err(none()),
        };
        let digest = run.blob.clone().unwrap_or_default();
        let file =
            Fetched { name: run.file.clone(), path, bytes: run.bytes, digest, validators: Validators::default() };
        let format = self.format(&source.about.format)?;
        let (run, taken) = self.take_in(&source, format, &file, Judgement::ByPerson)?;
        Ok(Pulled {
            slug: slug.to_owned(),
            runs: vec![run],
            fresh: taken.fresh,
            changed: taken.changed,
            withdrawn: taken.withdrawn,
            refused: taken.counts.refused,
            held: None,
        })
    }

    /// Lets go of what is held; the last good state stays.
    ///
    /// # Errors
    /// When nothing is held.
    pub fn discard_held(&self, slug: &str) -> Result<(), IntelError> {
        let source = self.source(slug)?;
        let (run, _) = source.held.ok_or_else(|| IntelError::NotHeld { slug: slug.to_owned() })?;
        self.forget_held(run, None)?;
        let number = source.number;
        self.write(move |tx| store::release(tx, number))
    }
}

fn run_end(file: &Fetched, counts: Counts) -> RunEnd {
    RunEnd {
        outcome: Outcome::Applied,
        detail: String::new(),
        counts,
        fresh: 0,
        changed: 0,
        withdrawn: 0,
        blob: None,
        digest: file.digest.clone(),
        file: file.name.clone(),
        validators: file.validators.clone(),
        next_at: TimestampMs(0),
    }
}
