//! Clients and the hashes of their keys.

use super::reporters::remove_reporter;
use crate::model::client::Scopes;
use sipar_authz::secret::SecretHash;
use sipar_model::TimestampMs;
use sipar_store::{Reader, StoreError, Tx, params};

/// A client as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// What its key opens.
    pub scopes: Scopes,
    /// The hash of its key.
    pub hash: SecretHash,
    /// Since when it is here.
    pub created_at: TimestampMs,
}

/// Adds a client; false when the name is taken.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, client: &Stored) -> Result<bool, StoreError> {
    let added = tx.execute(
        "insert into bouncer_client(name, scopes, hash, created_at) values (?1, ?2, ?3, ?4) on conflict do nothing",
        params![&client.name, client.scopes.0, client.hash.hex(), client.created_at],
    )?;
    Ok(added == 1)
}

/// Removes a client and where it was seen; false when there is none. What was counted stays; what it
/// reported counts for nothing from then on.
///
/// # Errors
/// When the store refuses.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<bool, StoreError> {
    remove_reporter(tx, name)?;
    tx.execute("delete from bouncer_place where client = ?1", params![name])?;
    tx.execute("delete from bouncer_spool where client = ?1", params![name])?;
    Ok(tx.execute("delete from bouncer_client where name = ?1", params![name])? == 1)
}

/// Every client, by name; an operator adds them one by one, and [`CLIENTS_MAX`](crate::clients::CLIENTS_MAX) bounds them.
///
/// # Errors
/// When the store refuses.
pub fn all(reader: &mut Reader<'_>) -> Result<Vec<Stored>, StoreError> {
    let rows = reader.query("select name, scopes, hash, created_at from bouncer_client order by name", params![])?;
    rows.iter()
        .map(|row| {
            let hash = row.text(2).and_then(SecretHash::parse);
            let hash =
                hash.ok_or_else(|| StoreError::Decode { column: 2, wanted: "a hash", found: "other text".into() })?;
            Ok(Stored { name: row.try_get(0)?, scopes: Scopes(row.try_get(1)?), hash, created_at: row.try_get(3)? })
        })
        .collect()
}
