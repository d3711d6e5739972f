//! Which snapshots were published.

use super::decisions::CHANGES;
use crate::ShieldError;
use sipar_ledger::Entry;
use sipar_model::{Fact, SnapshotSerial, TimestampMs, fact::SnapshotPublished};
use sipar_store::{Reader, Row, Tx, outbox, params};

/// A published snapshot and the state of the decisions that it was compiled from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// As other areas see it.
    pub snapshot: SnapshotPublished,
    /// The counter of changes at that time.
    pub change: i64,
}

/// Publishes: row, fact and ledger entry together.
///
/// # Errors
/// When another node published this serial first, or the store or the ledger refuses.
pub fn publish(tx: &mut Tx<'_>, published: &Published, now: TimestampMs) -> Result<(), ShieldError> {
    let snapshot = &published.snapshot;
    tx.execute(
        "insert into snapshot(serial, blob, entries, file_bytes, created_at, change, kept)
         values (?1, ?2, ?3, ?4, ?5, ?6, 1)",
        params![
            snapshot.serial,
            &snapshot.blob,
            snapshot.entries,
            snapshot.file_bytes,
            snapshot.created_at,
            published.change
        ],
    )?;
    let body = serde_json::json!({
        "serial": snapshot.serial, "blake3": snapshot.blob, "entries": snapshot.entries,
    });
    sipar_ledger::append(tx, &[Entry::new("snapshot", now, body)], now)?;
    outbox::say(tx, &Fact::Snapshot(snapshot.clone()), now)?;
    Ok(())
}

/// The newest, if any was published.
///
/// # Errors
/// When the store refuses.
pub fn newest(reader: &mut Reader<'_>) -> Result<Option<Published>, ShieldError> {
    let rows = list(reader, 1)?;
    Ok(rows.into_iter().next())
}

/// The newest ones, newest first.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Published>, ShieldError> {
    let rows = reader.query(
        "select serial, blob, entries, file_bytes, created_at, change from snapshot order by serial desc limit ?1",
        params![limit],
    )?;
    rows.iter().map(published).collect()
}

/// Kept files older than the `keep` newest.
///
/// # Errors
/// When the store refuses.
pub fn outdated(reader: &mut Reader<'_>, keep: usize) -> Result<Vec<Published>, ShieldError> {
    let rows = reader.query(
        "select serial, blob, entries, file_bytes, created_at, change from snapshot
         where kept = 1 order by serial desc limit 100 offset ?1",
        params![keep],
    )?;
    rows.iter().map(published).collect()
}

/// Notes that the file of `serial` is no longer kept.
///
/// # Errors
/// When the store refuses.
pub fn dropped(tx: &mut Tx<'_>, serial: SnapshotSerial) -> Result<(), ShieldError> {
    tx.execute("update snapshot set kept = 0 where serial = ?1", params![serial])?;
    Ok(())
}

/// The counter of changes of the decisions in force.
///
/// # Errors
/// When the store refuses.
pub fn change(reader: &mut Reader<'_>) -> Result<i64, ShieldError> {
    let row = reader.query_one_opt("select value from counter where name = ?1", params![CHANGES])?;
    Ok(row.map_or(Ok(0), |row| row.try_get(0))?)
}

fn published(row: &Row) -> Result<Published, ShieldError> {
    Ok(Published {
        snapshot: SnapshotPublished {
            serial: SnapshotSerial(row.try_get(0)?),
            blob: row.try_get(1)?,
            entries: row.try_get(2)?,
            file_bytes: row.try_get(3)?,
            created_at: TimestampMs(row.try_get(4)?),
        },
        change: row.try_get(5)?,
    })
}
