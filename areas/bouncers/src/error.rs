//! What can go wrong in this area.

use crate::{
    model::{client::ClientError, kinds::KindsError, trust::BadTrust},
    page::TEXTS,
};
use sipar_area::{AreaError, BlobError, PackError};
use sipar_authz::RandomError;
use sipar_snapshot::{LayerError, OpenError};
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum BouncersError {
    /// The store refused.
    #[error("using the tables of clients")]
    Store(#[from] StoreError),
    /// A client that cannot be added as it was asked for.
    #[error("adding a client")]
    Client(#[from] ClientError),
    /// The name is taken.
    #[error("{0}")]
    Taken(Saying),
    /// There is no such client.
    #[error("{0}")]
    NoClient(Saying),
    /// There are too many.
    #[error("{0}")]
    Full(Saying),
    /// No key could be made.
    #[error("no key was made")]
    Random(#[source] RandomError),
    /// A state of the policy could not be found.
    #[error("finding a state of the policy")]
    Blob(#[from] BlobError),
    /// A state of the policy could not be read.
    #[error("reading state {serial} of the policy")]
    Open {
        /// Its serial.
        serial: u64,
        /// Why not.
        #[source]
        source: OpenError,
    },
    /// A file holds another state than it was published as.
    #[error("the file of state {serial} holds another state")]
    Misnumbered {
        /// As it was published.
        serial: u64,
    },
    /// A pack file is missing.
    #[error("reading what ships with the program")]
    Pack(#[from] PackError),
    /// How reporters are believed makes no sense.
    #[error("reading how far reporters are believed")]
    Trust(#[from] BadTrust),
    /// The kinds of abuse make no sense.
    #[error("reading the kinds of abuse")]
    Kinds(#[from] KindsError),
    /// The warning lists could not be read.
    #[error("reading the warning lists")]
    Index(#[source] OpenError),
    /// The changes of the policy could not be laid over one another.
    #[error("putting together state {serial} of the policy")]
    Layers {
        /// Its serial.
        serial: u64,
        /// Why not.
        #[source]
        source: LayerError,
    },
    /// A list could not be written.
    #[error("writing the list `{name}`")]
    List {
        /// Which.
        name: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A thread ended early.
    #[error("a thread that was {0} ended early")]
    Thread(&'static str),
}

impl From<BouncersError> for AreaError {
    fn from(error: BouncersError) -> Self {
        Self::because("enforcement clients", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
