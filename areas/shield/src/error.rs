//! What can go wrong in the shield.

use crate::page::TEXTS;
use sipar_area::{AreaError, BlobError, PackError};
use sipar_ledger::LedgerError;
use sipar_model::{DecisionNumber, SnapshotSerial};
use sipar_snapshot::{BuildError, LayerError, OpenError};
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// A fault, or a refusal that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ShieldError {
    /// The store refused.
    #[error("using the shield's tables")]
    Store(#[from] StoreError),
    /// The ledger refused.
    #[error("writing to the ledger")]
    Ledger(#[from] LedgerError),
    /// A text could not be written or read as JSON.
    #[error("converting a record of the shield to or from JSON")]
    Json(#[source] serde_json::Error),
    /// A row holds what no version wrote.
    #[error("decision {number} has a `{column}` that this version does not know; was the data written by a newer one?")]
    BadRow {
        /// Whose.
        number: DecisionNumber,
        /// Which column.
        column: &'static str,
    },
    /// A row holds what no version wrote.
    #[error("a row of what is held, or of a category, is not one that this version writes")]
    BadHeld,
    /// All 4,294,967,295 numbers are given.
    #[error("every decision number has been given")]
    NumbersUsedUp,
    /// A pack is missing.
    #[error("reading the shield's packs")]
    Pack(#[from] PackError),
    /// The rules make no sense.
    #[error("reading the rules in packs/rules")]
    Rules(#[source] crate::rules::RulesError),
    /// The scoring table makes no sense.
    #[error("reading packs/scoring")]
    Scoring(#[source] sipar_model::score::DecayTableError),
    /// The operator's own file makes no sense.
    #[error("reading packs/drills")]
    Drills(#[source] crate::drill::DrillsError),
    /// A change is stopped.
    #[error("a drill stopped this change, because it would block too much that must resolve; see `/drills`")]
    Stopped,
    /// What is held back comes back.
    #[error("each try finds more that must resolve and would be blocked; the last good state stays in use")]
    Undrillable,
    /// The clock of reviews makes no sense.
    #[error("reading packs/clocks/reviews.toml")]
    Clock(#[from] sipar_area::ClockError),
    /// A blob failed.
    #[error("keeping a file")]
    Blob(#[from] BlobError),
    /// A file of ours cannot be opened.
    #[error("opening `{what}`")]
    Open {
        /// Which.
        what: String,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// A snapshot cannot be compiled.
    #[error("compiling the snapshot; the last one stays in use")]
    Build(#[source] BuildError),
    /// A file cannot be put into place.
    #[error("putting `{path}` in place; what is there stays in use")]
    Place {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another node published first.
    #[error("another node published state {serial} first")]
    Outrun {
        /// Which.
        serial: SnapshotSerial,
    },
    /// A change does not lead on from what was published.
    #[error("laying change {serial} over the published state")]
    Layer {
        /// The state that it leads to.
        serial: SnapshotSerial,
        /// Why.
        #[source]
        source: LayerError,
    },
    /// A person asked for something that may not be.
    #[error("{0}")]
    Refused(Saying),
    /// There is no such thing.
    #[error("{0}")]
    Missing(Saying),
}

impl From<ShieldError> for AreaError {
    fn from(error: ShieldError) -> Self {
        Self::because("the shield", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
