//! Following a log, adding up, and telling.

use super::{
    Form, Hit,
    log::{Begin, Log},
    read_line,
};
use crate::{Backoff, Http, HttpConfig, PullError, Spool};
use serde::Serialize;
use sipar_model::{
    Clock, TimestampMs,
    sighting::{AHEAD_MAX_MS, BEHIND_MAX_MS, MINUTE_MS},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// Different things and minutes in memory before they are written down: some 10 MB.
const TALLY_MAX: usize = 100_000;

/// The log is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks between two tellings.
const LOOKS_PER_TELLING: u32 = 10;

/// Batches told in one go; after a long silence the rest follows with the next.
const BATCHES_PER_GO_MAX: usize = 50;

/// Where lines come from.
pub enum Feed {
    /// A file that grows.
    File(PathBuf),
    /// Lines that somebody hands over; the end of the sender is their end.
    Lines(Receiver<String>),
}

/// What to follow, and whom to tell.
pub struct HitsConfig {
    /// The control plane.
    pub http: HttpConfig,
    /// The folder of counts that wait.
    pub spool: PathBuf,
    /// Names a new spool.
    pub spool_name: String,
    /// How lines are written.
    pub form: Form,
    /// The policy zones whose hits count.
    pub zones: Vec<String>,
    /// `resolver` or `server`.
    pub by: &'static str,
    /// Which of the client's networks.
    pub network: String,
    /// Whether to end when everything that is there was read and told.
    pub once: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A batch as it is sent.
#[derive(Serialize)]
struct Sent<'a> {
    spool: &'a str,
    sequence: u64,
    by: &'static str,
    network: &'a str,
    counts: &'a [Hit],
}

/// Counts that are being added up, and the spool that they go to.
pub struct Hits {
    config: HitsConfig,
    http: Http,
    spool: Spool<Hit>,
    tally: BTreeMap<(TimestampMs, String), u64>,
}

impl Hits {
    /// Opens the spool; connects to nobody yet.
    ///
    /// # Errors
    /// When the address makes no sense or the folder cannot be used.
    pub fn new(config: HitsConfig) -> Result<Self, PullError> {
        let (http, spool) = (Http::new(&config.http)?, Spool::open(&config.spool, &config.spool_name)?);
        Ok(Self { config, http, spool, tally: BTreeMap::new() })
    }

    /// Counts a line, if it tells of anything. The line goes no further.
    fn count(&mut self, line: &str) {
        let Some((what, at)) = read_line(self.config.form, line, &self.config.zones) else { return };
        let now = self.config.clock.now();
        // A clock that is not set, or a line of long ago.
        let at = at.unwrap_or(now);
        let age = now.since_ms(at);
        if !(-AHEAD_MAX_MS..BEHIND_MAX_MS - MINUTE_MS).contains(&age) {
            return;
        }
        let minute = TimestampMs(at.0 - at.0.rem_euclid(MINUTE_MS));
        *self.tally.entry((minute, what)).or_default() += 1;
    }

    /// Writes down what was counted, and where the log was read up to.
    fn keep(&mut self, mark: &str) -> Result<(), PullError> {
        let hit = |((minute, what), count): (&(TimestampMs, String), &u64)| Hit {
            what: what.clone(),
            minute: *minute,
            count: *count,
        };
        self.spool.add_up_to(self.tally.iter().map(hit).collect(), mark.to_owned())?;
        // Only now: what could not be written is tried again with what comes.
        self.tally.clear();
        Ok(())
    }

    /// Tells the batches that wait. One that cannot be understood there is thrown away: it never will be.
    fn tell(&mut self) -> Result<(), PullError> {
        for _ in 0..BATCHES_PER_GO_MAX {
            let Some(batch) = self.spool.first() else { return Ok(()) };
            let (by, network) = (self.config.by, self.config.network.as_str());
            let sent = Sent { spool: self.spool.id(), sequence: batch.sequence, by, network, counts: &batch.counts };
            match self.http.send_sightings(&serde_json::to_vec(&sent).unwrap_or_default()) {
                Ok(()) => self.spool.done(batch.sequence),
                Err(error @ PullError::Status { status: 400 | 413, .. }) => {
                    tracing::error!(error = error.chain(), "a batch was refused for good and is thrown away");
                    self.spool.done(batch.sequence);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Follows until `stop` ends or, with `once`, until everything is told.
///
/// # Errors
/// When the log or the spool cannot be used; and, with `once`, when the control plane cannot be told: then the counts lie
/// in the spool, and the next run tells them.
pub fn run(mut hits: Hits, feed: Feed, stop: &Receiver<()>, chance: &dyn Fn() -> u64) -> Result<(), PullError> {
    let mut feed = match feed {
        Feed::Lines(lines) => Open::Lines(lines),
        Feed::File(path) => {
            let begin = if hits.config.once { Begin::Start } else { Begin::End };
            let log = Log::open(&path, hits.spool.mark(), begin)?;
            // From here on, whatever happens.
            hits.keep(&log.mark())?;
            Open::File(log)
        }
    };
    let (mut backoff, mut looks, mut wait_looks, mut said) = (Backoff::default(), 0, 0, None);
    loop {
        let over = feed.read(&mut hits)?;
        looks += 1;
        let ending = over || !matches!(stop.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
        if ending || hits.tally.len() >= TALLY_MAX || looks >= LOOKS_PER_TELLING.max(wait_looks) {
            hits.keep(&feed.mark())?;
            let told = hits.tell();
            (looks, wait_looks) = (0, 0);
            match told {
                Err(error) if hits.config.once && ending => return Err(error),
                Err(error) => {
                    let text = error.chain();
                    // The same failure is said once, not every minute for days.
                    if said.as_ref() != Some(&text) {
                        tracing::error!(error = text, waiting = hits.spool.waiting(), "counts wait to be told");
                    }
                    said = Some(text);
                    wait_looks = u32::try_from(backoff.next(chance()).as_secs()).unwrap_or(u32::MAX);
                }
                Ok(()) => {
                    said = None;
                    backoff.reset();
                }
            }
            if ending && (hits.spool.waiting() == 0 || !hits.config.once) {
                return Ok(());
            }
        }
        if !ending && !matches!(stop.recv_timeout(feed.pause()), Err(RecvTimeoutError::Timeout)) {
            hits.keep(&feed.mark())?;
            return Ok(());
        }
    }
}

enum Open {
    File(Log),
    Lines(Receiver<String>),
}

impl Open {
    /// Counts what is there, as much as memory takes; of lines that somebody hands over, those of one look. Whether that
    /// was the last of it.
    fn read(&mut self, hits: &mut Hits) -> Result<bool, PullError> {
        let until = Instant::now() + LOOK_EVERY;
        while hits.tally.len() < TALLY_MAX {
            match self {
                Self::File(log) => {
                    if !log.read(&mut |line| hits.count(line))? {
                        return Ok(hits.config.once);
                    }
                }
                Self::Lines(lines) => {
                    // Lines may come without a pause, for days.
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Ok(false);
                    }
                    match lines.recv_timeout(left) {
                        Ok(line) => hits.count(&line),
                        Err(RecvTimeoutError::Timeout) => return Ok(false),
                        Err(RecvTimeoutError::Disconnected) => return Ok(true),
                    }
                }
            }
        }
        Ok(false)
    }

    /// The time until the next look; who waits for lines has waited already.
    const fn pause(&self) -> Duration {
        match self {
            Self::File(_) => LOOK_EVERY,
            Self::Lines(_) => Duration::ZERO,
        }
    }

    fn mark(&self) -> String {
        match self {
            Self::File(log) => log.mark(),
            Self::Lines(_) => String::new(),
        }
    }
}
