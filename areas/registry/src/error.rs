//! What can go wrong in the register.

use sipar_area::AreaError;
use sipar_ledger::LedgerError;
use sipar_store::StoreError;

/// A fault, or a refusal that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The store refused.
    #[error("using the registry's tables")]
    Store(#[from] StoreError),
    /// The ledger refused.
    #[error("writing to the ledger")]
    Ledger(#[from] LedgerError),
    /// A row holds what no version wrote.
    #[error("a row of the registry is not one that this version writes; was the data written by a newer one?")]
    BadRow,
    /// A file cannot be read.
    #[error("reading an imported file")]
    File(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A look at a name ended early.
    #[error("looking for a proof of ownership")]
    Look(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What was given cannot be taken.
    #[error("{0}")]
    Given(String),
    /// There is no such thing.
    #[error("there is no {0}")]
    Missing(String),
    /// It is there already, or no longer as it was.
    #[error("{0}")]
    Conflict(String),
    /// Not by this person.
    #[error("{0}")]
    NotYou(String),
    /// A bound is reached.
    #[error("{0}")]
    Full(String),
}

impl From<RegistryError> for AreaError {
    fn from(error: RegistryError) -> Self {
        Self::because("the registry", error)
    }
}
