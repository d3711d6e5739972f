//! What a check of a ledger finds.

use crate::hash::Hash;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The signed checkpoint.
    #[error("checkpoint: {why}")]
    Checkpoint {
        /// What is wrong with it.
        why: String,
    },
    /// A file that the checkpoint covers is not there.
    #[error("{file}: the file is missing")]
    Missing {
        /// Which.
        file: String,
    },
    /// A file cannot be read.
    #[error("{file}: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// A tile has another length than its hashes take.
    #[error("{file}: has {bytes} bytes, which is not what its hashes take")]
    Length {
        /// Which.
        file: String,
        /// How many bytes it has.
        bytes: u64,
    },
    /// An entry was changed, or its bundle broken there.
    #[error("{file}: entry {entry}: {why}")]
    Entry {
        /// Which bundle.
        file: String,
        /// The entry's number in the ledger, from 0.
        entry: u64,
        /// What is wrong.
        why: String,
    },
    /// A hash in a tile was changed.
    #[error("{file}: hash {number} of tile level {level} is not that of what lies below it")]
    Hash {
        /// Which tile.
        file: String,
        /// The tile's level, from 0.
        level: u32,
        /// The number of the hash in that level, from 0: at level 0 the number of its entry.
        number: u64,
    },
    /// A partial file of an earlier checkpoint is not the beginning of what it became.
    #[error("{file}: is not the beginning of the file that it grew into")]
    Leftover {
        /// Which.
        file: String,
    },
    /// Entries and tiles agree with each other, but not with what was signed.
    #[error(
        "checkpoint: the signed root of {size} entries is {signed}, the entries give {computed}: the log was rewritten"
    )]
    Root {
        /// How many entries.
        size: u64,
        /// What was signed.
        signed: Hash,
        /// What is there.
        computed: Hash,
    },
}

impl Fault {
    /// The file that it names, below the ledger's folder.
    #[must_use]
    pub fn file(&self) -> &str {
        match self {
            Self::Checkpoint { .. } | Self::Root { .. } => crate::disk::CHECKPOINT,
            Self::Missing { file }
            | Self::Unreadable { file, .. }
            | Self::Length { file, .. }
            | Self::Entry { file, .. }
            | Self::Hash { file, .. }
            | Self::Leftover { file } => file,
        }
    }
}

/// What was checked, when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many entries the ledger has: all of them were hashed.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// How many files were compared, byte for byte.
    pub files: u64,
    /// Files of entries beyond the checkpoint, left by a process that was killed; the next publication writes them anew.
    pub unpublished: u64,
    /// Files that are no part of a ledger, the first hundred of them.
    pub strangers: Vec<String>,
}
