//! What can go wrong while threat data comes in.

use crate::{fetch::FetchError, format::FormatError, page::TEXTS, parse::ParseError};
use sipar_store::StoreError;
use sipar_web::{Said, Saying};
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
    #[error("{}", no_format(.slug, .known))]
    NoFormat {
        /// What was asked for.
        slug: String,
        /// Those that exist.
        known: String,
    },
    /// There is no such feed.
    #[error("{}", of("intel-refused-no-feed", .slug))]
    NoFeed {
        /// What was asked for.
        slug: String,
    },
    /// A feed of this name exists.
    #[error("{}", of("intel-refused-exists", .slug))]
    Exists {
        /// Which.
        slug: String,
    },
    /// Another thread is at it.
    #[error("{}", of("intel-refused-busy", .slug))]
    Busy {
        /// Which.
        slug: String,
    },
    /// Something that was given is out of range.
    #[error("{0}")]
    Given(Saying),
    /// Nothing is held.
    #[error("{}", of("intel-refused-not-held", .slug))]
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
    /// The scoring table.
    #[error("packs/scoring/default.toml is not right")]
    Scoring(#[source] sipar_model::score::DecayTableError),
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
    /// What the caller can mend, in the caller's language; nothing when it is our fault. What a machine far away or the
    /// system said stays in English.
    #[must_use]
    pub fn said(&self) -> Option<Saying> {
        let because = |key, slug: &String, source: &dyn Error| {
            Some(say(key, [("name", slug.as_str().into()), ("why", sipar_model::chain(source).into())]))
        };
        match self {
            Self::NoFormat { slug, known } => Some(no_format(slug, known)),
            Self::NoFeed { slug } => Some(of("intel-refused-no-feed", slug)),
            Self::Exists { slug } => Some(of("intel-refused-exists", slug)),
            Self::Busy { slug } => Some(of("intel-refused-busy", slug)),
            Self::NotHeld { slug } => Some(of("intel-refused-not-held", slug)),
            Self::Given(saying) => Some(saying.clone()),
            Self::Fetch { source: FetchError::Url { url }, .. } => Some(no_address(url)),
            Self::Fetch { slug, source } => because("intel-refused-fetch", slug, source),
            Self::Parse { slug, source } => because("intel-refused-parse", slug, source),
            _ => None,
        }
    }

    /// The whole chain of causes on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        sipar_model::chain(self)
    }
}

fn no_format(slug: &str, known: &str) -> Saying {
    say("intel-refused-no-format", [("name", slug.into()), ("known", known.into())])
}

/// What is no address of a feed.
pub(crate) fn no_address(url: &str) -> Saying {
    say("intel-refused-address", [("url", url.into())])
}

/// A message about one feed.
fn of(key: &'static str, slug: &str) -> Saying {
    Saying::new(TEXTS, key, [("name", slug.into())])
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
