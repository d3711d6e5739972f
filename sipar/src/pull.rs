//! An edge that pulls from a control plane far away: its folder, its key, and what it tells of itself.

use crate::{cli::EdgeArgs, edge::Running, health::Health};
use anyhow::{Context, Result};
use sipar_model::{Clock, Sighting, SystemClock};
use sipar_pull::{Answers, HttpConfig, Pull, Pulling, Report};
use sipar_snapshot::VerifyingKey;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};
use tokio::sync::watch;

/// Where an edge keeps what it fetched, when it is told no other place.
const FOLDER: &str = "./sipar-edge";

/// The key in a text of hexadecimal digits, or in the file of that name.
pub fn key(text: &str) -> Result<VerifyingKey> {
    let path = Path::new(text);
    let read = match path.is_file() {
        true => std::fs::read_to_string(path).with_context(|| format!("reading --key from `{text}`"))?,
        false => text.to_owned(),
    };
    read.trim().parse().context("reading --key")
}

/// A control plane far away.
pub struct Far {
    http: HttpConfig,
    data: PathBuf,
    key: VerifyingKey,
    stale_after_ms: i64,
}

/// What the arguments say of it.
pub fn far(args: &EdgeArgs, data: Option<PathBuf>, key: VerifyingKey) -> Result<Far> {
    let path = args.identity.as_ref().context("--from needs --identity")?;
    let identity =
        std::fs::read_to_string(path).with_context(|| format!("reading this edge's key from `{}`", path.display()))?;
    let http = HttpConfig {
        from: args.from.clone().unwrap_or_default(),
        identity: Some(identity.trim().to_owned()),
        authorities: args.ca_file.clone(),
    };
    let stale_after_ms = i64::from(args.stale_after) * 60_000;
    Ok(Far { http, data: data.unwrap_or_else(|| FOLDER.into()), key, stale_after_ms })
}

impl Far {
    /// The file that the edge follows.
    pub fn snapshot(&self) -> PathBuf {
        self.data.join("snapshot").join("current.sipar")
    }

    /// Starts pulling; `hinter` wakes who follows the files, and `health` is told how it goes.
    pub fn start(self, running: &Arc<Running>, hinter: watch::Sender<u64>, health: &Arc<Health>) -> Result<Pulling> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let started_at = clock.now().0;
        let (running, told) = (Arc::downgrade(running), Arc::clone(health));
        let pull = Pull {
            http: self.http,
            snapshots: self.data.join("snapshot"),
            spool: self.data.join("spool"),
            key: self.key,
            clock,
            chance: Box::new(chance),
            changed: Box::new(move || hinter.send_modify(|count| *count += 1)),
            tell: Box::new(move || report(&running, &told, started_at)),
        };
        let pulling = sipar_pull::start(pull)?;
        // It is set once.
        let _set = health.pulling.set((Arc::clone(&pulling.status), self.stale_after_ms));
        Ok(pulling)
    }
}

fn report(running: &Weak<Running>, health: &Health, started_at: i64) -> (Report, Vec<Sighting>) {
    let running = running.upgrade();
    let stats = running.as_ref().and_then(|running| running.dns.as_ref()).map(|dns| dns.stats()).unwrap_or_default();
    // What it answers from, which is not always what was fetched last.
    let serial = running.as_ref().and_then(|running| running.edges.dns.live()).map(|live| live.policy.serial().0);
    let error = health.troubles().into_iter().next();
    let report = Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        serial,
        started_at,
        healthy: serial.is_some() && error.is_none(),
        error,
        answers: Answers {
            queries: stats.queries,
            blocked: stats.blocked,
            failed: stats.server_failed,
            refused: stats.refused,
        },
        ..Report::default()
    };
    (report, running.map(|running| running.take_counts()).unwrap_or_default())
}

/// Any number: it spreads edges over time, and tells one spool from another.
pub fn chance() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(SystemClock.now().0)
}
