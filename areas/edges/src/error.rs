//! What can go wrong in this area.

use crate::model::NameError;
use sipar_area::AreaError;
use sipar_authz::RandomError;
use sipar_store::StoreError;

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
    #[error("there is an edge `{0}` already; remove it first, or choose another name")]
    Taken(String),
    /// There is no such edge.
    #[error("there is no edge `{0}`")]
    NoEdge(String),
    /// There are too many.
    #[error("there are {max} edges, the most that are served; remove some first")]
    Full {
        /// The bound.
        max: usize,
    },
    /// An act without a reason.
    #[error("give a reason of {min} to {max} characters")]
    Reason {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// There is nothing to let out or take back.
    #[error("nothing is on its way: all edges may have the newest state; to take something back, undo its decision")]
    NothingOnTheWay,
    /// No randomness for a key.
    #[error("making a key")]
    Random(#[source] RandomError),
}

impl From<EdgesError> for AreaError {
    fn from(error: EdgesError) -> Self {
        Self::because("serving edges", error)
    }
}
