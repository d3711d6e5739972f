//! What can go wrong in the store, and what to do about it.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

/// The cause beneath an error of the store; shared, since one failed commit fails several callers.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// Something the store could not do.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or the server could not be opened.
    #[error("cannot open the store `{place}`; check that it exists, that it may be written, and its settings")]
    Open {
        /// File or server.
        place: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Another process holds the folder.
    #[error(
        "the data folder `{}` is in use by another Sipar process{}; stop that one, or choose another data folder for this one",
        .dir.display(), .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse {
        /// The folder.
        dir: PathBuf,
        /// The process that holds it, when its note could be read.
        pid: Option<u32>,
    },
    /// The folder could not be made or locked.
    #[error("cannot use `{}` as data folder; check that it is a folder and that this user may write in it", .dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: Cause,
    },
    /// No room.
    #[error(
        "the disk is full while {doing}: nothing of this was kept, everything before it is safe; free some space and try again"
    )]
    DiskFull {
        /// What we were doing.
        doing: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The connection to the server was lost before the work was sent for commit: nothing of it was kept.
    #[error("lost the connection to the database while {doing}: nothing of this was kept; check that the server runs")]
    Disconnected {
        /// What we were doing.
        doing: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The connection was lost during the commit.
    #[error(
        "lost the connection to the database during a commit: it may or may not be kept; look before doing it again"
    )]
    CommitUnknown {
        /// Why.
        #[source]
        source: Cause,
    },
    /// A unique, foreign-key, not-null or check rule of the table refused it.
    #[error("a rule of the table refused `{sql}`")]
    Constraint {
        /// The statement, shortened.
        sql: String,
        /// Which rule.
        #[source]
        source: Cause,
    },
    /// A statement failed for another reason: ours.
    #[error("the database refused `{sql}`")]
    Statement {
        /// The statement, shortened.
        sql: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Others wrote the same at the same time, again and again.
    #[error("others kept changing the same records: gave up after {tries} tries of {doing}; try again later")]
    Busy {
        /// What we were doing.
        doing: String,
        /// How many times.
        tries: u32,
        /// The last refusal.
        #[source]
        source: Cause,
    },
    /// The closure went on after a statement had failed, and returned success.
    #[error("a statement of this transaction had failed, so nothing of it was kept")]
    Doomed {
        /// The first failure.
        #[source]
        source: Cause,
    },
    /// A value came back in a form that was not asked for.
    #[error("column {column} holds {found}, where {wanted} was asked for")]
    Decode {
        /// Which column, from 0.
        column: usize,
        /// What was asked for.
        wanted: &'static str,
        /// What was there.
        found: String,
    },
    /// A migration that was applied has since been edited.
    #[error(
        "migration {version} of `{crate_name}` was applied with another text than this program has; run the program that wrote this data, and never edit an applied migration"
    )]
    ChangedMigration {
        /// Whose.
        crate_name: String,
        /// Which.
        version: u32,
    },
    /// The data was written by a newer program.
    #[error(
        "`{crate_name}` has migration {version} applied, which this program does not know: the data is newer; run a newer program"
    )]
    NewerSchema {
        /// Whose.
        crate_name: String,
        /// Which.
        version: u32,
    },
    /// A migration failed.
    #[error("cannot apply migration {version} of `{crate_name}`; nothing of it was kept")]
    Migration {
        /// Whose.
        crate_name: String,
        /// Which.
        version: u32,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The server orders text by a language's rules.
    #[error(
        "the database orders text by a language's rules; Sipar needs plain order: create it with `create database sipar template template0 encoding 'UTF8' locale 'C'`"
    )]
    Collation,
    /// A fact in the outbox cannot be read.
    #[error("fact {seq} of kind `{kind}` in the outbox cannot be read; it may come from a newer program")]
    BadFact {
        /// Its number.
        seq: i64,
        /// Its kind.
        kind: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A fact carries too much.
    #[error("a fact carries {items} items, more than the {max} allowed; say it in several facts")]
    FactTooLarge {
        /// How many it carries.
        items: usize,
        /// How many it may.
        max: usize,
    },
    /// What the caller does with each row failed.
    #[error("stopped while going through the rows")]
    Stopped {
        /// Why.
        #[source]
        source: Cause,
    },
    /// The closure panicked; the transaction was undone.
    #[error("a fault of ours in a transaction, of which nothing was kept: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
    },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// There was no room. The cause is marked as such, so that whoever answers a request can tell it from a fault of
    /// ours without knowing the store.
    pub(crate) fn disk_full(doing: String, source: Cause) -> Self {
        let marked = std::io::Error::new(std::io::ErrorKind::StorageFull, source);
        Self::DiskFull { doing, source: Arc::new(marked) }
    }

    /// The server is away. The cause is marked as such, as one of a full disk is.
    pub(crate) fn disconnected(doing: String, source: Cause) -> Self {
        let marked = std::io::Error::new(std::io::ErrorKind::NotConnected, source);
        Self::Disconnected { doing, source: Arc::new(marked) }
    }

    /// A failure of the caller's own, for use inside [`crate::Reader::each`].
    pub fn stopped(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Stopped { source: Arc::new(source) }
    }

    /// True when a unique, foreign-key, not-null or check rule refused it.
    #[must_use]
    pub const fn is_constraint(&self) -> bool {
        matches!(self, Self::Constraint { .. })
    }

    /// True when there was no room on the disk.
    #[must_use]
    pub const fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }
}

/// How a failed statement is to be handled.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Run the whole transaction again: others wrote the same records (SQLSTATE 40001, 40P01).
    Again(Cause),
    /// Tell the caller.
    Final(StoreError),
}

impl Failure {
    /// The error for a caller, where trying again is not possible.
    pub(crate) fn into_error(self, doing: &str, tries: u32) -> StoreError {
        match self {
            Self::Again(source) => StoreError::Busy { doing: doing.to_owned(), tries, source },
            Self::Final(error) => error,
        }
    }
}
