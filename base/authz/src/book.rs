//! Where sessions, and the keys of people, are kept. The gate asks; who answers is the house's choice: a book in the
//! store, or one in memory for tests and for programs without records.

use crate::{
    identity::{Identity, SessionNumber},
    secret::SecretHash,
};
use sipar_model::TimestampMs;
use std::{error::Error, future::Future, pin::Pin, sync::Arc};

/// What a book answers, later.
pub type BookFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BookError>> + Send + 'a>>;

/// A book cannot be read or written now.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the records of sessions and keys cannot be used")]
pub struct BookError(#[source] Arc<dyn Error + Send + Sync>);

impl BookError {
    /// Because of `cause`.
    pub fn because(cause: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(cause))
    }
}

/// A session that is to be kept.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The hash of the secret in its cookie.
    pub hash: SecretHash,
    /// Whose it is.
    pub identity: Identity,
    /// The hash of the key that opened it, where one did: the session ends with the key.
    pub key: Option<SecretHash>,
    /// In what it was opened, as its owner knows it again.
    pub agent: String,
}

/// A session that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whose it is, as they are now.
    pub identity: Identity,
    /// The hash of the key that opened it, where one did.
    pub key: Option<SecretHash>,
}

/// Keeps sessions and people's keys, as hashes alone.
pub trait Book: Send + Sync {
    /// Keeps a session.
    fn open(&self, opening: Opening, now: TimestampMs) -> BookFuture<'_, SessionNumber>;

    /// The session whose secret has this hash, if it still stands; being seen keeps it from going idle.
    fn session(&self, hash: SecretHash, now: TimestampMs) -> BookFuture<'_, Option<Held>>;

    /// Ends the session whose secret has this hash; one that is not there is no error.
    fn close(&self, hash: SecretHash, now: TimestampMs) -> BookFuture<'_, ()>;

    /// Whose key or token this is, if it holds.
    fn key(&self, hash: SecretHash, now: TimestampMs) -> BookFuture<'_, Option<Identity>>;
}
