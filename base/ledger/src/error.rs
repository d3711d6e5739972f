//! What can go wrong in the ledger.

use crate::checkpoint::CheckpointError;
use crate::entry::EntryError;
use crate::evidence::EvidenceError;
use crate::note::NoteError;
use sipar_store::StoreError;
use std::io;
use std::path::PathBuf;

/// Something the ledger could not do.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file or folder of the log.
    #[error("cannot {doing} `{}`{}", .path.display(), full(.source))]
    File {
        /// What we were doing.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The checkpoint is not signed by the key at hand, or not a note at all.
    #[error("the checkpoint in `{}` is not signed by `{key}`; use the key that this ledger was begun with", .dir.display())]
    Signature {
        /// The log's folder.
        dir: PathBuf,
        /// The key at hand.
        key: String,
        /// Why.
        #[source]
        source: NoteError,
    },
    /// The checkpoint's text is not one.
    #[error("the checkpoint in `{}` cannot be read", .dir.display())]
    Checkpoint {
        /// The log's folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: CheckpointError,
    },
    /// A file of the log is not what the checkpoint says.
    #[error("the ledger in `{}` is damaged at `{file}`: {why}; run `sipar ledger verify` and restore the folder", .dir.display())]
    Damaged {
        /// The log's folder.
        dir: PathBuf,
        /// Which file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A proof that this ledger made does not hold.
    #[error("the proof of entry {index} does not hold; run `sipar ledger verify`")]
    Evidence {
        /// Which entry.
        index: u64,
        /// Why.
        #[source]
        source: EvidenceError,
    },
    /// The folder and the store do not belong together.
    #[error("the ledger in `{}` and the store do not belong together: {why}; restore both from the same time", .dir.display())]
    Diverged {
        /// The log's folder.
        dir: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No such entry, or no such tree yet.
    #[error("entry {index} is not in the published ledger of {size} entries")]
    Outside {
        /// Which.
        index: u64,
        /// How many are published.
        size: u64,
    },
    /// Another process publishes into the same folder.
    #[error("another process is publishing the ledger in `{}`", .dir.display())]
    InUse {
        /// The log's folder.
        dir: PathBuf,
    },
    /// An entry cannot go in.
    #[error("the entry cannot go into the ledger")]
    Entry(#[source] EntryError),
    /// The store.
    #[error("the store failed under the ledger")]
    Store(#[source] StoreError),
    /// A task of ours ended without an answer.
    #[error("a fault of ours in the ledger: {0}")]
    Fault(String),
}

impl From<StoreError> for LedgerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What to do when there was no room.
fn full(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": the disk is full; free some space, the entries wait in the store meanwhile"
        }
        io::ErrorKind::PermissionDenied => ": permission denied; this user must own the ledger's folder",
        _ => "",
    }
}
