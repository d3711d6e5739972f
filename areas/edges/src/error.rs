//! What can go wrong in this area.

use crate::{model::NameError, page::TEXTS};
use sipar_area::AreaError;
use sipar_authz::RandomError;
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum EdgesError {
    /// The store refused.
    #[error("using the tables of edges")]
    Store(#[from] StoreError),
    /// A name that cannot be used.
    #[error("adding an edge")]
    Name(#[from] NameError),
    /// The name is taken.
    #[error("{0}")]
    Taken(Saying),
    /// There is no such edge.
    #[error("{0}")]
    NoEdge(Saying),
    /// There are too many.
    #[error("{0}")]
    Full(Saying),
    /// An act without a reason, or without anything to let out or take back.
    #[error("{0}")]
    Refused(Saying),
    /// No randomness for a key.
    #[error("making a key")]
    Random(#[source] RandomError),
}

impl From<EdgesError> for AreaError {
    fn from(error: EdgesError) -> Self {
        Self::because("serving edges", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
