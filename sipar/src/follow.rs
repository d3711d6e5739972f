//! Following the files of the policy: `current.sipar`, a whole state, and `deltas/FROM-TO.sipar`, the changes since.
//! Each is checked before it is used. What cannot be used is refused, said once, and the last good state stays.

use crate::{
    edge::Edges,
    faults::{self, Board},
    quiet::{self, Retired},
};
use sipar_model::{Clock as _, SnapshotSerial, SystemClock, TimestampMs, chain};
use sipar_snapshot::{Delta, Layers, Networks, Policy, VerifyingKey};
use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// A file that was replaced is noticed within this time, if nobody hints at it.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Changes laid at once, and files looked at in the folder: more than any control plane keeps.
const CHAIN_MAX: usize = 100_000;

/// Files that edges follow.
pub struct Followed {
    /// The whole state. The changes since are in `deltas` beside it.
    pub path: PathBuf,
    pub networks: PathBuf,
    pub key: VerifyingKey,
    /// Where it is noted that a file was refused.
    pub board: Arc<Board>,
}

/// How following goes, for whoever shows it.
#[derive(Clone, Default)]
pub struct Following(Arc<Mutex<View>>);

/// The state that edges answer from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Its serial; none while everything is refused.
    pub serial: Option<SnapshotSerial>,
    /// Since when it has been in use.
    pub since: Option<TimestampMs>,
    /// Why no later one is in use, if one was refused.
    pub error: Option<String>,
}

impl Following {
    /// How it is now.
    pub fn health(&self) -> View {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What tells one file from another at the same path.
type Identity = (u64, u64, i64, i64);

fn identity(path: &Path) -> Option<Identity> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino(), found.mtime(), found.mtime_nsec()))
}

impl Edges {
    /// Follows the files until the task is dropped. `hint` makes it look at once.
    pub async fn follow(self, files: Followed, mut hint: watch::Receiver<u64>) {
        let mut follower = Follower::new(self, files);
        loop {
            follower.look().await;
            hinted_or_due(&mut hint).await;
        }
    }
}

/// Until somebody hints, or it is time to look. When nobody is left who could hint, time alone counts.
async fn hinted_or_due(hint: &mut watch::Receiver<u64>) {
    let hinted = async {
        if hint.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let _either = tokio::time::timeout(LOOK_EVERY, hinted).await;
}

struct Follower {
    edges: Edges,
    files: Followed,
    in_use: Option<Layers>,
    /// What was in use before, as long as anybody answers from it.
    retired: Retired,
    seen: Option<Identity>,
    seen_deltas: Option<Identity>,
    seen_networks: Option<Identity>,
    /// A change that was refused is not read again.
    refused: Option<(PathBuf, Identity)>,
    /// No change led on the last time, and later ones were there: whoever writes may be about to put one in place.
    gap: bool,
}

/// How far changes lead.
pub struct Way {
    pub layers: Layers,
    /// The change that was refused, and why.
    pub refused: Option<(PathBuf, String)>,
}

/// The state that the changes beside a whole file lead to.
pub fn state_beside(path: &Path, policy: Arc<Policy>, key: &VerifyingKey) -> Way {
    advance(Layers::new(policy), &path.with_file_name("deltas"), key, None)
}

impl Follower {
    const fn new(edges: Edges, files: Followed) -> Self {
        let (in_use, seen, seen_deltas, seen_networks, refused) = (None, None, None, None, None);
        let retired = Retired::new();
        Self { edges, files, in_use, retired, seen, seen_deltas, seen_networks, refused, gap: false }
    }

    fn deltas(&self) -> PathBuf {
        self.files.path.with_file_name("deltas")
    }

    /// Takes what is new.
    async fn look(&mut self) {
        let now = identity(&self.files.path);
        if now.is_some() && now != self.seen {
            self.seen = now;
            self.take_whole().await;
        }
        self.take_changes().await;
        let now = identity(&self.files.networks);
        if now.is_some() && now != self.seen_networks {
            self.seen_networks = now;
            self.take_networks();
        }
        self.retired.let_go().await;
    }

    /// Swaps the whole file in, with the changes that lead on from it, if all is whole, signed, and not older than what
    /// is in use.
    async fn take_whole(&mut self) {
        let policy = match Policy::open(&self.files.path, &self.files.key) {
            Ok(policy) => Arc::new(policy),
            Err(error) => return self.refuse("current.sipar", "a snapshot was refused", &chain(&error)),
        };
        let way = self.advance(Layers::new(Arc::clone(&policy))).await;
        let serial = way.layers.serial();
        if self.in_use.as_ref().is_some_and(|in_use| serial < in_use.serial()) {
            let why = format!("it leads to serial {serial}, older than the one in use");
            return self.refuse("current.sipar", "an older snapshot was refused", &why);
        }
        // The first one answers at once, its head being signed, and is read whole meanwhile; later ones are read whole
        // before they take over, because there is a good one to go on with.
        let first = self.in_use.is_none();
        if first {
            self.swap(way.layers.clone());
        }
        let whole = Arc::clone(&policy);
        let scrubbed = quiet::run(move || whole.scrub()).await;
        if !matches!(scrubbed, Some(Ok(()))) {
            if first {
                self.clear();
            }
            let why = "some of its bytes are not those that were signed";
            return self.refuse("current.sipar", "a damaged snapshot was refused", why);
        }
        if !first {
            self.swap(way.layers);
        }
        self.well("current.sipar");
        self.took(way.refused);
        tracing::info!(serial = serial.0, entries = policy.entries(), "snapshot in use");
    }

    /// Lays the changes that lead on from what is in use.
    async fn take_changes(&mut self) {
        let Some(in_use) = self.in_use.clone() else { return };
        // The next one is asked for by name; the folder's own times are too coarse to tell two changes apart.
        let next = next_path(&self.deltas(), in_use.serial());
        let folder = identity(&self.deltas());
        let there = identity(&next).filter(|found| !self.was_refused(&next, *found)).is_some();
        if !there && folder == self.seen_deltas && !self.gap {
            return;
        }
        self.seen_deltas = folder;
        let before = in_use.serial();
        let way = self.advance(in_use).await;
        let serial = way.layers.serial();
        if serial > before {
            let entries = way.layers.entries();
            self.swap(way.layers);
            self.took(way.refused);
            tracing::debug!(serial = serial.0, entries, "changes in use");
        } else if way.refused.is_some() {
            self.took(way.refused);
        } else {
            self.look_for_gap(serial);
        }
    }

    /// Goes as far as the changes in the folder lead.
    async fn advance(&self, from: Layers) -> Way {
        let (folder, key) = (self.deltas(), self.files.key);
        let refused = self.refused.clone();
        let moved = tokio::task::spawn_blocking(move || advance(from, &folder, &key, refused.as_ref())).await;
        match moved {
            Ok(way) => way,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Notes whether there are changes that do not lead on from here, twice in a row.
    fn look_for_gap(&mut self, serial: SnapshotSerial) {
        let later = listed(&self.deltas()).into_keys().find(|from| *from > serial.0);
        let was = std::mem::replace(&mut self.gap, later.is_some());
        match later {
            Some(later) if was => {
                let why = format!("changes from serial {later} on are there, and none leads there from {serial}");
                self.gap = false;
                self.refuse("deltas", "changes are missing", &why);
            }
            Some(_) => {}
            None if self.refused.is_none() => self.well("deltas"),
            None => {}
        }
    }

    fn was_refused(&self, path: &Path, found: Identity) -> bool {
        self.refused.as_ref().is_some_and(|(refused, identity)| refused == path && *identity == found)
    }

    /// Notes how laying changes ended.
    fn took(&mut self, refused: Option<(PathBuf, String)>) {
        self.gap = false;
        match refused {
            None => {
                self.refused = None;
                self.well("deltas");
            }
            Some((path, why)) => {
                let known = identity(&path).map(|found| (path, found));
                if known.is_none() || known != self.refused {
                    self.refused = known;
                    self.refuse("deltas", "a change was refused", &why);
                }
            }
        }
    }

    fn swap(&mut self, layers: Layers) {
        self.edges.dns.swap(layers.clone());
        self.edges.reputation.swap(layers.clone());
        self.edges.block_page.swap(layers.clone());
        let serial = Some(layers.serial());
        self.edges.following.change(|view| {
            if view.serial != serial {
                (view.serial, view.since) = (serial, Some(SystemClock.now()));
            }
        });
        self.retired.keep(self.in_use.replace(layers));
    }

    fn clear(&mut self) {
        self.edges.dns.clear();
        self.edges.reputation.clear();
        self.edges.block_page.clear();
        self.edges.following.change(|view| (view.serial, view.since) = (None, None));
        self.retired.keep(self.in_use.take());
    }

    fn refuse(&self, subject: &str, what: &str, why: &str) {
        tracing::error!(error = why, "{what}; the last good state stays in use");
        self.files.board.note(faults::EDGE, subject, Some(why.to_owned()));
        self.edges.following.change(|view| view.error = Some(format!("{what}: {why}")));
    }

    fn well(&self, subject: &str) {
        self.files.board.note(faults::EDGE, subject, None);
        self.edges.following.change(|view| view.error = None);
    }

    fn take_networks(&self) {
        let files = &self.files;
        let opened =
            Networks::open(&files.networks, &files.key).and_then(|networks| networks.scrub().map(|()| networks));
        match opened {
            Ok(networks) => {
                files.board.note(faults::EDGE, "networks.sipar", None);
                self.edges.reputation.swap_networks(Arc::new(networks));
            }
            Err(error) => {
                let why = chain(&error);
                tracing::error!(error = why, "the table of networks was refused");
                files.board.note(faults::EDGE, "networks.sipar", Some(why));
            }
        }
    }
}

/// Lays the changes of the folder over `layers`, one from each serial to the next, until none leads on.
fn advance(layers: Layers, folder: &Path, key: &VerifyingKey, known_bad: Option<&(PathBuf, Identity)>) -> Way {
    let mut at = layers.serial();
    let mut deltas = Vec::new();
    let mut refused = None;
    let mut jumps = None;
    while deltas.len() < CHAIN_MAX {
        let mut path = next_path(folder, at);
        if !path.exists() {
            // A change may lead over several serials.
            let jumps = jumps.get_or_insert_with(|| listed(folder));
            match jumps.get(&at.0) {
                Some(other) => path.clone_from(other),
                None => break,
            }
        }
        let is_bad = |(bad, was): &&(PathBuf, Identity)| *bad == path && identity(&path) == Some(*was);
        if known_bad.filter(is_bad).is_some() {
            break;
        }
        match Delta::open(&path, key) {
            Ok(delta) if delta.from() == at => {
                at = delta.to();
                deltas.push(delta);
            }
            Ok(delta) => {
                refused = Some((path, format!("it leads from {} to {}, not as it is named", delta.from(), delta.to())));
                break;
            }
            // It was put away while we looked.
            Err(_) if !path.exists() => break,
            Err(error) => {
                refused = Some((path, chain(&error)));
                break;
            }
        }
    }
    match layers.with_all(&deltas) {
        Ok(layers) => Way { layers, refused },
        Err(error) => Way { refused: Some((next_path(folder, layers.serial()), chain(&error))), layers },
    }
}

fn next_path(folder: &Path, from: SnapshotSerial) -> PathBuf {
    folder.join(format!("{from}-{}.sipar", from.0.saturating_add(1)))
}

/// The changes of a folder by where they start; of several, the one that leads furthest.
fn listed(folder: &Path) -> BTreeMap<u64, PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let (from, to) = name.to_str()?.strip_suffix(".sipar")?.split_once('-')?;
        Some(((from.parse().ok()?, to.parse::<u64>().ok()?), entry.path()))
    };
    let all: BTreeMap<(u64, u64), PathBuf> = entries.flatten().take(CHAIN_MAX).filter_map(read).collect();
    all.into_iter().map(|((from, _), path)| (from, path)).collect()
}

#[cfg(test)]
#[path = "follow_tests.rs"]
mod tests;
