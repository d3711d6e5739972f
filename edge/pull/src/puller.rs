//! One round of pulling: ask what is the newest, and take what leads there.

use crate::{
    Folder, PullError, Status,
    folder::{Memory, failed},
};
use sipar_model::{SnapshotSerial, TimestampMs};
use sipar_snapshot::{Delta, FileName, FileRef, Latest, Layers, Networks, Policy, VerifyingKey, limits::OVERLAY_MAX};
use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A pointer may be ahead of this machine's clock by so much: clocks without NTP drift by seconds a day.
const AHEAD_MAX_MS: i64 = 10 * 60_000;

/// Changes laid over a whole file before a newer whole one is taken: each costs a file and a moment at a restart.
const DELTAS_LAID_MAX: usize = 500;

/// The time of the control plane's word is written down at most this often, to spare the disk.
const REMEMBER_EVERY_MS: i64 = 60_000;

/// Where pointers and files come from.
pub trait Source: Send {
    /// The pointer for `ring`, for somebody who has `after`. May wait until there is something newer.
    ///
    /// # Errors
    /// When it cannot be had.
    fn latest(&mut self, ring: &str, after: Option<SnapshotSerial>) -> Result<Vec<u8>, PullError>;

    /// Appends the file to `part`, which already has its beginning.
    ///
    /// # Errors
    /// When it cannot be had to its end; what came stays, and is gone on with.
    fn file(&mut self, file: &FileRef, part: &Path) -> Result<u64, PullError>;
}

/// What a round brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Another state is in place.
    Advanced(SnapshotSerial),
    /// Nothing new.
    Unchanged,
}

/// Brings one folder up to date.
pub struct Puller<S> {
    source: S,
    folder: Folder,
    key: VerifyingKey,
    status: Arc<Status>,
    state: Option<Layers>,
    laid: usize,
    memory: Memory,
    remembered_at: TimestampMs,
    /// The last pointer led nowhere: ask as one who has nothing.
    anew: bool,
}

impl<S: Source> Puller<S> {
    /// A puller into `folder`, going on from what is there.
    pub fn new(source: S, folder: Folder, key: VerifyingKey, status: Arc<Status>) -> Self {
        let (state, memory) = (folder.state(&key), folder.memory());
        let serial = state.as_ref().map(Layers::serial);
        status.change(|view| (view.serial, view.said_at) = (serial, memory.said_at));
        Self { source, folder, key, status, state, laid: 0, memory, remembered_at: TimestampMs(0), anew: false }
    }

    /// The state in place.
    #[must_use]
    pub fn serial(&self) -> Option<SnapshotSerial> {
        self.state.as_ref().map(Layers::serial)
    }

    /// Asks, and takes what is new.
    ///
    /// # Errors
    /// When something cannot be had or believed; what is in place stays.
    pub fn round(&mut self, ring: &str, now: TimestampMs) -> Result<Round, PullError> {
        let result = self.try_round(ring, now);
        self.anew = matches!(&result, Err(error) if error.is_gone() || matches!(error, PullError::NoWay { .. } | PullError::Layer { .. }));
        self.status.change(|view| match &result {
            Ok(_) => view.error = None,
            Err(error) => (view.error, view.failures) = (Some(error.chain()), view.failures + 1),
        });
        result
    }

    fn try_round(&mut self, ring: &str, now: TimestampMs) -> Result<Round, PullError> {
        let before = self.serial();
        let after = before.filter(|_| !self.anew);
        let text = self.source.latest(ring, after)?;
        let latest = Latest::read(&text, &self.key).map_err(PullError::Pointer)?;
        let ahead = latest.said_at.since_ms(now);
        if ahead > AHEAD_MAX_MS {
            return Err(PullError::Clock { ahead_s: ahead / 1_000 });
        }
        let have = before.unwrap_or(SnapshotSerial(0)).max(SnapshotSerial(self.memory.serial));
        if latest.serial < have && self.memory.said_at.is_some_and(|said| latest.said_at <= said) {
            // An answer that some cache kept. It is old, which is no fault, and says nothing.
            return Ok(Round::Unchanged);
        }
        if latest.serial < have {
            return Err(PullError::RolledBack { said: latest.serial, have });
        }
        self.heard(&latest, now)?;
        self.folder.prune_incoming(&wanted(&latest));
        self.advance(&latest)?;
        self.take_networks(&latest)?;
        self.renew_whole(&latest)?;
        match self.serial() {
            Some(serial) if before != Some(serial) => Ok(Round::Advanced(serial)),
            _ => Ok(Round::Unchanged),
        }
    }

    /// The control plane spoke.
    fn heard(&mut self, latest: &Latest, now: TimestampMs) -> Result<(), PullError> {
        let said = self.memory.said_at.map_or(latest.said_at, |said| said.max(latest.said_at));
        self.memory.said_at = Some(said);
        self.status.change(|view| (view.newest, view.said_at) = (Some(latest.serial), Some(said)));
        if now.since_ms(self.remembered_at) < REMEMBER_EVERY_MS {
            return Ok(());
        }
        self.remembered_at = now;
        self.folder.remember(&self.memory)
    }

    /// Takes changes, and a whole file where they do not lead on.
    fn advance(&mut self, latest: &Latest) -> Result<(), PullError> {
        let mut fault = self.take_deltas(latest).err();
        let have = self.serial().unwrap_or(SnapshotSerial(0));
        let lost = fault.as_ref().is_none_or(|fault| matches!(fault, PullError::Layer { .. }));
        let wanted = have < latest.serial && lost && !self.leads_on(latest);
        if let Some((serial, file)) = latest.whole.filter(|(serial, _)| wanted && *serial > have) {
            self.take_whole(serial, &file)?;
            fault = self.take_deltas(latest).err();
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        // Where more changes are waiting than one pointer names, the next one names the rest.
        let have_now = self.serial().unwrap_or(SnapshotSerial(0));
        if have_now < latest.serial && have_now == have {
            return Err(PullError::NoWay { said: latest.serial, have });
        }
        Ok(())
    }

    /// Whether some changes were taken, and the rest is for the next pointer.
    fn leads_on(&self, latest: &Latest) -> bool {
        latest.deltas.last().is_some_and(|(_, to, _)| Some(*to) == self.serial())
    }

    fn take_deltas(&mut self, latest: &Latest) -> Result<(), PullError> {
        for (from, to, file) in &latest.deltas {
            let Some(state) = self.state.clone().filter(|state| state.serial() == *from) else { continue };
            let what = format!("the change from serial {from} to {to}");
            let part = self.fetch(file)?;
            let opened = Delta::open(&part, &self.key);
            let delta = opened.map_err(|source| self.refuse(&part, what.clone(), source))?;
            if (delta.from(), delta.to()) != (*from, *to) {
                return Err(PullError::Misnumbered { what, found: delta.to(), said: *to });
            }
            let next = state.with(&delta).map_err(|source| PullError::Layer { at: *from, source })?;
            self.folder.place(&part, &self.folder.delta(*from, *to))?;
            self.laid += 1;
            self.take(next)?;
        }
        Ok(())
    }

    fn take_whole(&mut self, serial: SnapshotSerial, file: &FileRef) -> Result<(), PullError> {
        let (part, policy) = self.fetch_whole(serial, file)?;
        self.folder.place(&part, &self.folder.current())?;
        self.folder.prune(serial);
        self.laid = 0;
        self.take(Layers::new(Arc::new(policy)))
    }

    fn fetch_whole(&mut self, serial: SnapshotSerial, file: &FileRef) -> Result<(PathBuf, Policy), PullError> {
        let what = format!("the whole file of serial {serial}");
        let part = self.fetch(file)?;
        let opened = Policy::open(&part, &self.key).and_then(|policy| policy.scrub().map(|()| policy));
        let policy = opened.map_err(|source| self.refuse(&part, what.clone(), source))?;
        if policy.serial() != serial {
            return Err(PullError::Misnumbered { what, found: policy.serial(), said: serial });
        }
        Ok((part, policy))
    }

    /// Where many changes lie over an old whole file, the newer whole one takes their place.
    fn renew_whole(&mut self, latest: &Latest) -> Result<(), PullError> {
        let Some(state) = &self.state else { return Ok(()) };
        let (base, serial) = (state.base().serial(), state.serial());
        let many = self.laid > DELTAS_LAID_MAX || state.changed() > OVERLAY_MAX / 2;
        let Some((whole, file)) = latest.whole.filter(|(whole, _)| many && *whole > base && *whole <= serial) else {
            return Ok(());
        };
        let (part, _) = self.fetch_whole(whole, &file)?;
        self.folder.place(&part, &self.folder.current())?;
        self.folder.prune(whole);
        self.laid = 0;
        // The same state from other files.
        self.state = self.folder.state(&self.key).filter(|renewed| renewed.serial() >= serial).or(self.state.take());
        Ok(())
    }

    fn take_networks(&mut self, latest: &Latest) -> Result<(), PullError> {
        let Some(file) = latest.networks else { return Ok(()) };
        let name = file.name.to_string();
        if self.memory.networks.as_deref() == Some(&name) && self.folder.networks().exists() {
            return Ok(());
        }
        let part = self.fetch(&file)?;
        let opened = Networks::open(&part, &self.key).and_then(|networks| networks.scrub());
        opened.map_err(|source| self.refuse(&part, "the table of networks".into(), source))?;
        self.folder.place(&part, &self.folder.networks())?;
        self.memory.networks = Some(name);
        self.folder.remember(&self.memory)
    }

    fn take(&mut self, state: Layers) -> Result<(), PullError> {
        let serial = state.serial();
        self.state = Some(state);
        self.memory.serial = self.memory.serial.max(serial.0);
        self.status.change(|view| view.serial = Some(serial));
        self.folder.remember(&self.memory)
    }

    /// Brings a file to its end, and compares its content with its name.
    fn fetch(&mut self, file: &FileRef) -> Result<PathBuf, PullError> {
        let part = self.folder.incoming(&file.name);
        let there = fs::metadata(&part).map_or(0, |metadata| metadata.len());
        if there > file.bytes {
            fs::remove_file(&part).map_err(failed("removing", &part))?;
        }
        if there != file.bytes {
            let fetched = self.source.file(file, &part)?;
            self.status.change(|view| view.fetched_bytes += fetched);
        }
        if name_of(&part).map_err(failed("reading", &part))? != file.name {
            fs::remove_file(&part).map_err(failed("removing", &part))?;
            return Err(PullError::Content(file.name.to_string()));
        }
        Ok(part)
    }

    /// A file that cannot be believed is not kept: its content is what its name says, so it never gets better.
    fn refuse(&self, part: &Path, what: String, source: sipar_snapshot::OpenError) -> PullError {
        if let Err(error) = fs::remove_file(part) {
            tracing::debug!(%error, "a refused file stays");
        }
        PullError::File { what, source }
    }

    /// The ring that was last told.
    pub(crate) fn remembered_ring(&self) -> Option<String> {
        self.memory.ring.clone()
    }

    /// Remembers the ring.
    pub(crate) fn set_ring(&mut self, ring: &str) -> Result<(), PullError> {
        if self.memory.ring.as_deref() == Some(ring) {
            return Ok(());
        }
        self.memory.ring = Some(ring.to_owned());
        self.folder.remember(&self.memory)
    }
}

fn wanted(latest: &Latest) -> Vec<FileRef> {
    let deltas = latest.deltas.iter().map(|(_, _, file)| *file);
    deltas.chain(latest.whole.map(|(_, file)| file)).chain(latest.networks).collect()
}

fn name_of(path: &Path) -> io::Result<FileName> {
    let mut file = fs::File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let got = file.read(&mut buffer)?;
        if got == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(&buffer[..got]);
    }
}
