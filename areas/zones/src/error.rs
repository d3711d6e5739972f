//! What can go wrong with zones.

use crate::page::TEXTS;
use sipar_area::{AreaError, BlobError};
use sipar_snapshot::{LayerError, OpenError};
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// A fault, or a refusal that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ZonesError {
    /// The store refused.
    #[error("using the tables of zones")]
    Store(#[from] StoreError),
    /// A file's name is none.
    #[error("finding a snapshot")]
    Blob(#[from] BlobError),
    /// A snapshot cannot be opened.
    #[error("opening snapshot {serial}")]
    Open {
        /// Which.
        serial: u64,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// A change does not lead on from the state before it.
    #[error("laying a change over the state before it")]
    Layer(#[source] LayerError),
    /// A text could not be written or read as JSON.
    #[error("converting a subscriber to or from JSON")]
    Json(#[source] serde_json::Error),
    /// The key that seals the others.
    #[error("using `{path}`, which seals the keys of subscribers")]
    SealingKey {
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A sealed key does not open.
    #[error("the key of subscriber `{0}` does not open; was `keys/zones.key` replaced? rotate the subscriber's key")]
    Sealed(String),
    /// A certificate or its key does not serve.
    #[error("using `{path}` for transfers over TLS; it must be PEM, with the certificates of the chain or a key")]
    Certificate {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No randomness.
    #[error("the system gave no random bytes; no key was made")]
    Random,
    /// Asked for something that may not be.
    #[error("{0}")]
    Refused(Saying),
    /// There is no such thing.
    #[error("{0}")]
    Missing(Saying),
    /// A socket.
    #[error("listening on {0} for zone transfers; is another process there?")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
}

impl From<ZonesError> for AreaError {
    fn from(error: ZonesError) -> Self {
        Self::because("zones", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}

/// There is no subscriber of this name.
pub(crate) fn missing(slug: &str) -> ZonesError {
    ZonesError::Missing(say("zones-refused-none", [("name", slug.into())]))
}
