//! What can go wrong while threat data comes in.

use crate::{fetch::FetchError, format::FormatError, parse::ParseError};
use sipar_store::StoreError;
use std::{error::Error, path::PathBuf};

/// Something that this area could not do.
#[derive(Debug, thiserror::Error)]
pub enum IntelError {
    /// The store.
    #[error("cannot use the store for threat data")]
    Store(#[from] StoreError),
    /// The feed cannot be had.
    #[error("cannot fetch the feed `{slug}`")]
    Fetch {
        /// Which.
        slug: String,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// The feed cannot be read.
    #[error("cannot read the feed `{slug}`")]
    Parse {
        /// Which.
        slug: String,
        /// Why.
        #[source]
        source: ParseError,
    },
    /// A format file is wrong.
    #[error("cannot use a feed format")]
    Format(#[from] FormatError),
    /// There is no such format.
    #[error("there is no feed format `{slug}`; there are: {known}")]
    NoFormat {
        /// What was asked for.
        slug: String,
        /// Those that exist.
        known: String,
    },
    /// There is no such feed.
    #[error("there is no feed `{slug}`; `sipar feed list` shows those that exist")]
    NoFeed {
        /// What was asked for.
        slug: String,
    },
    /// A feed of this name exists.
    #[error("there is a feed `{slug}` already; give this one another name")]
    Exists {
        /// Which.
        slug: String,
    },
    /// Another thread is at it.
    #[error("the feed `{slug}` is being taken in at this moment; look at it again in a minute")]
    Busy {
        /// Which.
        slug: String,
    },
    /// Something that was given is out of range.
    #[error("{0}")]
    Given(String),
    /// Nothing is held.
    #[error("nothing of the feed `{slug}` is held")]
    NotHeld {
        /// Which.
        slug: String,
    },
    /// A file of our own cannot be kept or read.
    #[error("cannot keep `{}`; check the free space and the rights of the data folder", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The blobs.
    #[error("cannot use the folder of large files")]
    Blob(#[from] sipar_area::BlobError),
    /// The packs.
    #[error("cannot read the data that ships with the program")]
    Pack(#[from] sipar_area::PackError),
    /// The ledger.
    #[error("cannot write the public ledger")]
    Ledger(#[source] sipar_ledger::LedgerError),
    /// The warning lists.
    #[error("cannot build the warning lists: {what}")]
    Warning {
        /// What failed, and with what.
        what: String,
        /// Why.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A thread of ours ended before its time.
    #[error("a thread of ours ended early while {0}")]
    Thread(&'static str),
}

impl IntelError {
    /// The whole chain of causes on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.source();
        while let Some(cause) = next {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            next = cause.source();
        }
        text
    }
}
