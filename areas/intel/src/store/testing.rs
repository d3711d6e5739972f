//! Queries that tests alone need.

use sipar_model::{Fact, Tlp};
use sipar_store::{StoreError, Tx, params};

/// The facts in the outbox, which is empty afterwards.
pub(crate) fn take_said(tx: &mut Tx<'_>) -> Result<Vec<Fact>, StoreError> {
    let rows = tx.query("select body from outbox order by seq", params![])?;
    tx.execute("delete from outbox", params![])?;
    Ok(rows.iter().map(|row| serde_json::from_str(row.text(0).expect("body")).expect("fact")).collect())
}

/// Marks every assertion.
pub(crate) fn mark_all(tx: &mut Tx<'_>, tlp: Tlp) -> Result<(), StoreError> {
    tx.execute("update intel_assertion set tlp = ?1", params![tlp.number()]).map(|_| ())
}
