//! What opens the ledger's commitments to people's reasons.

use crate::ShieldError;
use sipar_ledger::Salt;
use sipar_store::{Reader, Tx, params};

/// Keeps the salt and the words behind `commitment`.
///
/// # Errors
/// When the store refuses.
pub fn keep(tx: &mut Tx<'_>, commitment: &str, salt: &Salt, reason: &str) -> Result<(), ShieldError> {
    tx.execute(
        "insert into reason_salt(commitment, salt, reason) values (?1, ?2, ?3) on conflict (commitment) do nothing",
        params![commitment, salt.as_bytes(), reason],
    )?;
    Ok(())
}

/// The salt and the words behind `commitment`, if they are kept here.
///
/// # Errors
/// When the store refuses.
pub fn of(reader: &mut Reader<'_>, commitment: &str) -> Result<Option<(Salt, String)>, ShieldError> {
    let row =
        reader.query_one_opt("select salt, reason from reason_salt where commitment = ?1", params![commitment])?;
    let Some(row) = row else { return Ok(None) };
    let salt: Vec<u8> = row.try_get(0)?;
    let salt = salt.try_into().map_err(|_| ShieldError::BadHeld)?;
    Ok(Some((Salt::from_bytes(salt), row.try_get(1)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_ledger::Commitment;

    #[test]
    fn a_commitment_can_be_opened_later() {
        sipar_store::testing::each_store(|store| async move {
            store.migrate("ledger", sipar_ledger::MIGRATIONS).await.expect("migrate");
            store.migrate("shield", crate::store::MIGRATIONS).await.expect("migrate");
            let salt = Salt::from_bytes([7; 32]);
            let commitment = Commitment::new(&salt, "because").as_str().to_owned();
            let kept = commitment.clone();
            store.write(move |tx| keep(tx, &kept, &Salt::from_bytes([7; 32]), "because")).await.expect("kept");
            let asked = commitment.clone();
            let (salt, reason) = store.read(move |reader| of(reader, &asked)).await.expect("read").expect("there");
            assert!(Commitment::opens(&commitment, &salt, &reason));
        });
    }
}
