//! The table of ceremonies under way, each under the hash of the secret in its browser's cookie.

use crate::model::CEREMONIES_MAX;
use sipar_authz::secret::SecretHash;
use sipar_model::TimestampMs;
use sipar_store::{StoreError, Tx, params};

/// Keeps one until `expires`; false when there are too many.
///
/// # Errors
/// When the store refuses.
pub fn begin(
    tx: &mut Tx<'_>,
    secret: &SecretHash,
    body: &str,
    now: TimestampMs,
    expires: TimestampMs,
) -> Result<bool, StoreError> {
    tx.execute("delete from person_ceremony where expires_at <= ?1", params![now])?;
    let under_way: usize = tx.query_one("select count(*) from person_ceremony", params![])?.try_get(0)?;
    if under_way >= CEREMONIES_MAX {
        return Ok(false);
    }
    tx.execute(
        "insert into person_ceremony(hash, body, expires_at) values (?1, ?2, ?3)",
        params![secret.hex(), body, expires],
    )?;
    Ok(true)
}

/// Takes it out, whatever comes of it: a challenge is answered once.
///
/// # Errors
/// When the store refuses.
pub fn take(tx: &mut Tx<'_>, secret: &SecretHash, now: TimestampMs) -> Result<Option<String>, StoreError> {
    let found = tx.query_one_opt(
        "delete from person_ceremony where hash = ?1 returning body, expires_at",
        params![secret.hex()],
    )?;
    let Some(row) = found else { return Ok(None) };
    let expires: TimestampMs = row.try_get(1)?;
    if now < expires { row.try_get(0).map(Some) } else { Ok(None) }
}
