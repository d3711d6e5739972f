//! Which states of the policy were published: enough to be where we were after a restart.

use sipar_store::{Reader, StoreError, Tx, params};

/// Whole states that are remembered: the shield keeps the files of about as many.
const WHOLES_KEPT: usize = 10;

/// Changes that are remembered, as many as the journal holds.
const CHANGES_KEPT: usize = crate::model::journal::STEPS_MAX;

/// A published file: a whole state, or the change that leads to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// The serial that it leads to.
    pub serial: u64,
    /// The serial that it leads from; for a whole state, none.
    pub since: Option<u64>,
    /// BLAKE3 of the file.
    pub blob: String,
}

/// Remembers a published file, and forgets the oldest. Hearing it again changes nothing.
///
/// # Errors
/// When the store refuses.
pub fn hear(tx: &mut Tx<'_>, step: &StepRow) -> Result<(), StoreError> {
    // Serials start at 1; -1 marks a whole state.
    let since = step.since.map_or(Ok(-1), i64::try_from).unwrap_or(i64::MAX);
    tx.execute(
        "insert into bouncer_step(serial, since, blob) values (?1, ?2, ?3)
         on conflict (serial, since) do update set blob = excluded.blob",
        params![step.serial, since, &step.blob],
    )?;
    for (whole, kept) in [(true, WHOLES_KEPT), (false, CHANGES_KEPT)] {
        tx.execute(
            "delete from bouncer_step where (case when since < 0 then 1 else 0 end) = ?1 and serial <= coalesce((
                 select serial from bouncer_step where (case when since < 0 then 1 else 0 end) = ?1
                 order by serial desc limit 1 offset ?2), -1)",
            params![whole, kept],
        )?;
    }
    Ok(())
}

/// Every remembered file that leads beyond the state `after`, the oldest first.
///
/// # Errors
/// When the store refuses.
pub fn steps(reader: &mut Reader<'_>, after: u64) -> Result<Vec<StepRow>, StoreError> {
    let sql = "select serial, since, blob from bouncer_step where serial > ?1 order by serial, since";
    let rows = reader.query(sql, params![after])?;
    rows.iter()
        .map(|row| {
            let since: i64 = row.try_get(1)?;
            Ok(StepRow { serial: row.try_get(0)?, since: u64::try_from(since).ok(), blob: row.try_get(2)? })
        })
        .collect()
}
