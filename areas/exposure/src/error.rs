//! What can go wrong with exposures.

use crate::{model::ClassesError, page::TEXTS};
use sipar_area::{AreaError, PackError};
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// A fault, or a refusal that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ExposureError {
    /// The store refused.
    #[error("using the tables of exposures")]
    Store(#[from] StoreError),
    /// A pack is missing.
    #[error("reading the packs of exposures")]
    Pack(#[from] PackError),
    /// The classes make no sense.
    #[error("reading packs/exposure")]
    Classes(#[from] ClassesError),
    /// What stands in a row is no JSON.
    #[error("converting the sources of an exposure to or from JSON")]
    Json(#[source] serde_json::Error),
    /// A row holds what no version wrote.
    #[error("a row of an exposure is not one that this version writes; was the data written by a newer one?")]
    BadRow,
    /// There is no such thing.
    #[error("{0}")]
    Missing(Saying),
    /// It may not be.
    #[error("{0}")]
    Refused(Saying),
}

impl From<ExposureError> for AreaError {
    fn from(error: ExposureError) -> Self {
        Self::because("exposures", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
