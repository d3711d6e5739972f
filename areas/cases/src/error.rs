//! What can go wrong with appeals.

use crate::{model::WordsError, page::TEXTS};
use sipar_area::{AreaError, ClockError, PackError};
use sipar_ledger::LedgerError;
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// A fault, or a refusal that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// The store refused.
    #[error("using the tables of cases")]
    Store(#[from] StoreError),
    /// The ledger refused.
    #[error("writing to the ledger")]
    Ledger(#[from] LedgerError),
    /// A pack is missing.
    #[error("reading the packs of cases")]
    Pack(#[from] PackError),
    /// The clock makes no sense.
    #[error("reading packs/clocks/appeals.toml")]
    Clock(#[from] ClockError),
    /// The words cannot be taken.
    #[error(transparent)]
    Words(#[from] WordsError),
    /// There is no such block, or nobody may know.
    #[error("{0}")]
    NoBlock(Saying),
    /// Too many are open.
    #[error("{0}")]
    Full(Saying),
    /// There is no such thing.
    #[error("{0}")]
    Missing(Saying),
    /// A person asked for something that may not be.
    #[error("{0}")]
    Refused(Saying),
}

impl From<CasesError> for AreaError {
    fn from(error: CasesError) -> Self {
        Self::because("cases", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
