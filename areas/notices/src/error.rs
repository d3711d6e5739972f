//! What can go wrong with notices.

use crate::{model::ClockError, page::TEXTS};
use sipar_area::{AreaError, PackError};
use sipar_authz::RandomError;
use sipar_store::StoreError;
use sipar_web::{Said, Saying};

/// A fault, or a refusal that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NoticesError {
    /// The store refused.
    #[error("using the tables of notices")]
    Store(#[from] StoreError),
    /// A pack is missing.
    #[error("reading the packs of notices")]
    Pack(#[from] PackError),
    /// The clocks make no sense.
    #[error("reading packs/notices")]
    Clocks(#[from] ClockError),
    /// The texts of classes make no sense.
    #[error("reading packs/exposure/classes.toml")]
    Classes(#[source] toml::de::Error),
    /// The zone is unknown.
    #[error("`{zone}` is not a time zone; use a name such as `Asia/Karachi`")]
    Zone {
        /// What was given.
        zone: String,
        /// Why.
        #[source]
        source: jiff::Error,
    },
    /// The texts make no sense.
    #[error("reading the texts of notices")]
    Texts,
    /// Whom one reaches is not known.
    #[error("asking the register whom one reaches")]
    Contacts(#[source] AreaError),
    /// A notice cannot be written for machines.
    #[error("writing a notice as JSON")]
    Json(#[source] serde_json::Error),
    /// No secret can be made.
    #[error("making the code of a letter")]
    Random(#[from] RandomError),
    /// A row holds what no version wrote.
    #[error("a row of a notice is not one that this version writes; was the data written by a newer one?")]
    BadRow,
    /// There is no such thing.
    #[error("{0}")]
    Missing(Saying),
    /// It may not be.
    #[error("{0}")]
    Refused(Saying),
    /// Too many tries.
    #[error("{0}")]
    TooMany(Saying),
}

impl From<NoticesError> for AreaError {
    fn from(error: NoticesError) -> Self {
        Self::because("notices", error)
    }
}

/// Something said in this area's words.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(TEXTS, key, values)
}
