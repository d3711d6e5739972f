//! The two threads: one brings files, one tells how the edge is.

use crate::{Backoff, Folder, Http, HttpConfig, PullError, Puller, Report, Round, Spool, Status};
use sipar_model::{Clock, Sighting};
use sipar_snapshot::VerifyingKey;
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

/// The ring of an edge that was not told one.
const RING: &str = "all";

/// The shortest time between two questions: a control plane or cache that answers at once is asked no more often.
const ASK_EVERY_MIN: Duration = Duration::from_secs(1);

/// One tenth of the processor's time beside a thread that answers all the time (setpriority(2)): changes are on their
/// way to people.
const NICENESS: i32 = 10;

/// The control plane is told this often how the edge is.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// An edge of another ring than the usual has new states before others, which wait for its word.
const TELL_EVERY_FIRST: Duration = Duration::from_secs(3);

/// Batches told in one go; after a long silence the rest follows with the next.
const BATCHES_PER_GO_MAX: usize = 50;

/// How an edge says what it is and has counted: everything of the report but spool and batch, and the new counts.
pub type Tell = Box<dyn Fn() -> (Report, Vec<Sighting>) + Send>;

/// What to pull, and where to.
pub struct Pull {
    /// The control plane.
    pub http: HttpConfig,
    /// The folder of snapshots.
    pub snapshots: PathBuf,
    /// The folder of counts that wait.
    pub spool: PathBuf,
    /// The key that must have signed everything.
    pub key: VerifyingKey,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Any numbers, for jitter and for the name of the spool.
    pub chance: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Is called when another file was put in place.
    pub changed: Box<dyn Fn() + Send>,
    /// What to tell.
    pub tell: Tell,
}

/// Pulling that goes on until it is dropped.
pub struct Pulling {
    /// How it goes.
    pub status: Arc<Status>,
    stop: Vec<Sender<()>>,
    /// The last thing it does is to write down what was counted.
    teller: Option<thread::JoinHandle<()>>,
}

impl Pulling {
    /// Ends it; what was counted lies on disk then. What is being fetched is gone on with at the next start.
    pub fn stop(mut self) {
        self.stop.clear();
        if let Some(Err(_)) = self.teller.take().map(thread::JoinHandle::join) {
            tracing::error!("the thread that tells of counts ended in a panic");
        }
    }
}

/// Starts pulling.
///
/// # Errors
/// When the address makes no sense or the folders cannot be used.
pub fn start(pull: Pull) -> Result<Pulling, PullError> {
    let status = Arc::new(Status::default());
    let (fetching, telling) = (Http::new(&pull.http)?, Http::new(&pull.http)?);
    let folder = Folder::open(&pull.snapshots)?;
    let id = format!("{:016x}{:016x}", (pull.chance)(), (pull.chance)());
    let spool = Spool::open(&pull.spool, &id)?;
    let puller = Puller::new(fetching, folder, pull.key, Arc::clone(&status));
    let ring = Arc::new(Mutex::new(puller.remembered_ring().unwrap_or_else(|| RING.to_owned())));
    let (stop_fetching, fetching_stopped) = channel();
    let (stop_telling, telling_stopped) = channel();
    let chance: Arc<dyn Fn() -> u64 + Send + Sync> = pull.chance.into();
    let mut fetcher = Fetcher { puller, ring: Arc::clone(&ring), clock: pull.clock, chance: Arc::clone(&chance) };
    let changed = pull.changed;
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    // It is not waited for: a question may be held for half a minute, and nothing is lost by leaving it.
    let fetching = move || {
        step_back();
        fetcher.run(&fetching_stopped, &*changed);
    };
    named("pull").spawn(fetching).map_err(PullError::Thread)?;
    let mut teller = Teller { http: telling, spool, status: Arc::clone(&status), ring, tell: pull.tell, chance };
    let teller = named("tell").spawn(move || teller.run(&telling_stopped)).map_err(PullError::Thread)?;
    Ok(Pulling { status, stop: vec![stop_fetching, stop_telling], teller: Some(teller) })
}

/// Lowers the priority of this thread: a whole file is read to its end here, beside who answers on the same processor.
/// Linux counts each thread by itself (setpriority(2), notes), and lowering one's own needs no right.
fn step_back() {
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

/// Waits; true when it is over.
fn stopped(stop: &Receiver<()>, wait: Duration) -> bool {
    !matches!(stop.recv_timeout(wait), Err(RecvTimeoutError::Timeout))
}

struct Fetcher {
    puller: Puller<Http>,
    ring: Arc<Mutex<String>>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Fetcher {
    fn run(&mut self, stop: &Receiver<()>, changed: &dyn Fn()) {
        let mut backoff = Backoff::default();
        let mut said: Option<String> = None;
        loop {
            let began = Instant::now();
            let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let round = self.puller.set_ring(&ring).and_then(|()| self.puller.round(&ring, self.clock.now()));
            let wait = match round {
                Ok(Round::Advanced(serial)) => {
                    tracing::info!(serial = serial.0, "a newer state was fetched");
                    changed();
                    backoff.reset();
                    Duration::ZERO
                }
                Ok(Round::Unchanged) => {
                    if said.take().is_some() {
                        tracing::info!("the control plane answers again");
                    }
                    backoff.reset();
                    let jitter = Duration::from_millis((self.chance)() % 250);
                    (ASK_EVERY_MIN + jitter).saturating_sub(began.elapsed())
                }
                Err(error) => {
                    // The same failure is said once, not every minute for days.
                    let text = error.chain();
                    if said.as_ref() != Some(&text) {
                        tracing::error!(error = text, "pulling failed; the last good state stays in use");
                    }
                    said = Some(text);
                    backoff.next((self.chance)())
                }
            };
            if stopped(stop, wait) {
                return;
            }
        }
    }
}

struct Teller {
    http: Http,
    spool: Spool,
    status: Arc<Status>,
    ring: Arc<Mutex<String>>,
    tell: Tell,
    chance: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl Teller {
    fn run(&mut self, stop: &Receiver<()>) {
        let mut backoff = Backoff::default();
        let mut wait = Duration::from_millis((self.chance)() % 1_000);
        loop {
            let over = stopped(stop, wait);
            let (report, counts) = (self.tell)();
            if let Err(error) = self.spool.add(counts) {
                tracing::error!(error = error.chain(), "counts could not be kept");
            }
            if over {
                return;
            }
            wait = match self.go(report) {
                Ok(()) => {
                    backoff.reset();
                    let usual = *self.ring.lock().unwrap_or_else(PoisonError::into_inner) == RING;
                    let every = if usual { TELL_EVERY } else { TELL_EVERY_FIRST };
                    every + Duration::from_millis((self.chance)() % 1_000)
                }
                Err(error) => {
                    tracing::debug!(error = error.chain(), "the control plane was not told; counts wait");
                    backoff.next((self.chance)()).max(TELL_EVERY)
                }
            };
            let (waiting, dropped) = (self.spool.waiting() as u64, self.spool.dropped());
            self.status.change(|view| (view.waiting, view.dropped) = (waiting, dropped));
        }
    }

    /// Tells how the edge is, and the batches that wait.
    fn go(&mut self, mut report: Report) -> Result<(), PullError> {
        self.spool.id().clone_into(&mut report.spool);
        for _ in 0..BATCHES_PER_GO_MAX {
            report.dropped = self.spool.dropped();
            report.batch = self.spool.first();
            let told = self.http.tell(&serde_json::to_vec(&report).unwrap_or_default())?;
            if let Some(ring) = told.ring() {
                ring.clone_into(&mut self.ring.lock().unwrap_or_else(PoisonError::into_inner));
            }
            let Some(batch) = report.batch.take() else { return Ok(()) };
            if told.taken != Some(batch.sequence) {
                return Ok(());
            }
            self.spool.done(batch.sequence);
            if self.spool.waiting() == 0 {
                return Ok(());
            }
        }
        Ok(())
    }
}
