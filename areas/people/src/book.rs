//! The book of sessions in the store, as the gate asks it.

use crate::{
    People, PeopleError,
    model::SEEN_EVERY_MS,
    store::{
        keys::{self, Holder},
        sessions::{self, Found},
    },
};
use sipar_authz::{Book, BookError, BookFuture, Held, Identity, Opening, SessionNumber, secret::SecretHash};
use sipar_model::TimestampMs;
use std::sync::Arc;

/// Answers from the store.
pub(crate) struct StoredBook(pub(crate) Arc<People>);

fn fault(error: PeopleError) -> BookError {
    BookError::because(error)
}

impl Book for StoredBook {
    fn open(&self, opening: Opening, now: TimestampMs) -> BookFuture<'_, SessionNumber> {
        let bounds = self.0.bounds;
        Box::pin(async move {
            let opened = self
                .0
                .house
                .store
                .write(move |tx| -> Result<_, PeopleError> { Ok(sessions::open(tx, &opening, now, &bounds)?) });
            opened.await.map_err(fault)
        })
    }

    fn session(&self, hash: SecretHash, now: TimestampMs) -> BookFuture<'_, Option<Held>> {
        Box::pin(async move { self.found(hash, now).await.map_err(fault) })
    }

    fn close(&self, hash: SecretHash, _: TimestampMs) -> BookFuture<'_, ()> {
        Box::pin(async move {
            let closed =
                self.0.house.store.write(move |tx| -> Result<_, PeopleError> { Ok(sessions::close(tx, &hash)?) });
            closed.await.map_err(fault)
        })
    }

    fn key(&self, hash: SecretHash, now: TimestampMs) -> BookFuture<'_, Option<Identity>> {
        Box::pin(async move { self.holder(hash, now).await.map_err(fault) })
    }
}

impl StoredBook {
    async fn holder(&self, hash: SecretHash, now: TimestampMs) -> Result<Option<Identity>, PeopleError> {
        let found = self.0.look(move |reader| Ok(keys::find(reader, &hash, now)?)).await?;
        let Some(Holder { identity, number, used_day }) = found else { return Ok(None) };
        if used_day != Some(keys::day(now)) {
            // As with sessions: a full disk keeps no program out.
            if let Err(error) = self.0.act(move |tx| Ok(keys::used(tx, number, now)?)).await {
                tracing::warn!(%error, "a key could not be marked as used");
            }
        }
        Ok(Some(identity))
    }

    async fn found(&self, hash: SecretHash, now: TimestampMs) -> Result<Option<Held>, PeopleError> {
        let store = &self.0.house.store;
        let found = store.read(move |reader| -> Result<_, PeopleError> { Ok(sessions::find(reader, &hash)?) }).await?;
        let Some(Found { held, opened_at, seen_at }) = found else { return Ok(None) };
        if !self.0.bounds.hold(opened_at, seen_at, now) {
            return Ok(None);
        }
        if now.since_ms(seen_at) >= SEEN_EVERY_MS {
            let seen =
                move |tx: &mut sipar_store::Tx<'_>| -> Result<_, PeopleError> { Ok(sessions::seen(tx, &hash, now)?) };
            // A session that cannot be written down as seen still stands: a full disk signs nobody out.
            if let Err(error) = store.write(seen).await {
                tracing::warn!(%error, "a session could not be marked as seen");
            }
        }
        Ok(Some(held))
    }
}
