//! The ledger's folder: what is published, and the proofs of it.

use crate::bundle::parse_bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::{CHECKPOINT, Disk};
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::hash::Hash;
use crate::key::{LedgerKey, VerifyingKey};
use crate::note::Note;
use crate::publish::begin;
use crate::tile::{Kind, WIDTH, tile_in};
use crate::tree::Tree;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A ledger. Clones share it.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) dir: PathBuf,
    pub(crate) key: LedgerKey,
    /// One publication at a time.
    pub(crate) publishing: Mutex<()>,
}

/// A checkpoint with the signed note that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note, as anyone may keep it.
    pub note: String,
}

/// A proof, with the checkpoint that it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The hashes, from the bottom up.
    pub hashes: Vec<Hash>,
    /// The checkpoint that they lead to.
    pub signed: SignedCheckpoint,
}

impl Ledger {
    /// Opens the ledger in `dir`, and begins it there when there is none. `key` names it and signs for it.
    /// Reads and writes files: call it outside of asynchronous code, or where a moment does not matter.
    pub fn open(dir: impl Into<PathBuf>, key: LedgerKey) -> Result<Self, LedgerError> {
        let dir = dir.into();
        std::fs::create_dir_all(&dir).map_err(|source| LedgerError::File {
            doing: "make",
            path: dir.clone(),
            source,
        })?;
        let ledger = Self { inner: Arc::new(Inner { dir, key, publishing: Mutex::new(()) }) };
        begin(&mut Disk::new(&ledger.inner.dir), &ledger.inner.key)?;
        ledger.checkpoint()?;
        Ok(ledger)
    }

    /// The ledger's folder, which may be served as it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The key that others verify with.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey {
        self.inner.key.verifying_key()
    }

    /// The last checkpoint.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, LedgerError> {
        read_checkpoint(&Disk::new(&self.inner.dir), self.verifying_key())
    }

    /// A published entry.
    pub fn entry(&self, index: u64) -> Result<Entry, LedgerError> {
        Entry::from_text(&self.text(index)?).map_err(LedgerError::Entry)
    }

    /// The very bytes of a published entry: what is hashed.
    pub(crate) fn text(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        let disk = Disk::new(&self.inner.dir);
        let size = self.checkpoint()?.checkpoint.size;
        let outside = LedgerError::Outside { index, size };
        let tile = tile_in(size, Kind::Entries, index / WIDTH).filter(|_| index < size).ok_or(outside)?;
        let bytes = disk.read_tile(tile)?;
        let entries = parse_bundle(&bytes).map_err(|error| disk.damaged(tile, &error.to_string()))?;
        // Below 256.
        let text = entries.get((index % WIDTH) as usize).ok_or_else(|| disk.damaged(tile, "entries are missing"))?;
        Ok(text.to_vec())
    }

    /// The proof that entry `index` is in the published ledger (RFC 6962 §2.1.1).
    pub fn inclusion(&self, index: u64) -> Result<Proof, LedgerError> {
        let signed = self.checkpoint()?;
        let size = signed.checkpoint.size;
        if index >= size {
            return Err(LedgerError::Outside { index, size });
        }
        let hashes = Tree::new(size, &Disk::new(&self.inner.dir)).inclusion(index)?;
        Ok(Proof { hashes, signed })
    }

    /// The hash of a published entry, for checking [`Self::inclusion`].
    pub fn leaf(&self, index: u64) -> Result<Hash, LedgerError> {
        let size = self.checkpoint()?.checkpoint.size;
        if index >= size {
            return Err(LedgerError::Outside { index, size });
        }
        Tree::new(size, &Disk::new(&self.inner.dir)).leaf(index)
    }

    /// The proof that the ledger of `old` entries is the beginning of the published one (RFC 6962 §2.1.2).
    pub fn consistency(&self, old: u64) -> Result<Proof, LedgerError> {
        let signed = self.checkpoint()?;
        let size = signed.checkpoint.size;
        if old == 0 || old > size {
            return Err(LedgerError::Outside { index: old, size });
        }
        let hashes = Tree::new(size, &Disk::new(&self.inner.dir)).consistency(old)?;
        Ok(Proof { hashes, signed })
    }
}

/// The checkpoint in a folder, when `key` has signed it.
pub(crate) fn read_checkpoint(disk: &Disk, key: &VerifyingKey) -> Result<SignedCheckpoint, LedgerError> {
    let missing = || LedgerError::Damaged {
        dir: disk.dir().to_owned(),
        file: CHECKPOINT.to_owned(),
        why: "the file is missing".to_owned(),
    };
    let bytes = disk.read(CHECKPOINT)?.ok_or_else(missing)?;
    let unsigned = |source| LedgerError::Signature { dir: disk.dir().to_owned(), key: key.to_string(), source };
    let note = Note::parse(&bytes).map_err(unsigned)?;
    let text = note.verified_by(key).map_err(unsigned)?;
    let checkpoint = Checkpoint::parse(text, key.name())
        .map_err(|source| LedgerError::Checkpoint { dir: disk.dir().to_owned(), source })?;
    Ok(SignedCheckpoint { checkpoint, note: note.to_text() })
}
