//! Which states of the policy were published, and as which files.
//!
//! INVARIANT: one row for each state. Its serial is the key, so of two nodes that publish at once one is refused; and
//! the row, its entry in the ledger and its fact are written by one transaction.

use super::decisions::CHANGES;
use crate::ShieldError;
use sipar_ledger::Entry;
use sipar_model::{
    Fact, SnapshotSerial, TimestampMs,
    fact::{DeltaPublished, SnapshotPublished},
};
use sipar_store::{Reader, Row, Tx, outbox, params};

/// A published state of the policy.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Publication {
    /// Its serial.
    pub serial: SnapshotSerial,
    /// When it was reached.
    pub created_at: TimestampMs,
    /// How many entries it has.
    pub entries: u64,
    /// The counter of changes of the decisions that it holds.
    #[serde(skip)]
    pub change: i64,
    /// The file of the warning lists by which all of it was judged; empty: there were none.
    #[serde(skip)]
    pub warnings: String,
    /// The change that led to it, if it was published as one.
    pub delta: Option<DeltaFile>,
    /// The whole of it, if there is such a file.
    pub whole: Option<WholeFile>,
}

/// A change as a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DeltaFile {
    /// The state that it starts from.
    pub from: SnapshotSerial,
    /// BLAKE3 of the file, in hex.
    pub blob: String,
    /// How many things it changes.
    pub updates: u64,
    /// How large it is.
    pub file_bytes: u64,
    /// The file is still kept.
    pub kept: bool,
}

/// A whole state as a file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct WholeFile {
    /// BLAKE3 of the file, in hex.
    pub blob: String,
    /// How large it is.
    pub file_bytes: u64,
    /// The file is still kept.
    pub kept: bool,
}

impl Publication {
    /// The fact that a whole file of it exists.
    #[must_use]
    pub fn snapshot(&self) -> Option<SnapshotPublished> {
        self.whole.as_ref().map(|whole| SnapshotPublished {
            serial: self.serial,
            blob: whole.blob.clone(),
            entries: self.entries,
            file_bytes: whole.file_bytes,
            created_at: self.created_at,
        })
    }

    /// The fact that a change led to it.
    #[must_use]
    pub fn change(&self) -> Option<DeltaPublished> {
        self.delta.as_ref().map(|delta| DeltaPublished {
            from: delta.from,
            to: self.serial,
            blob: delta.blob.clone(),
            updates: delta.updates,
            file_bytes: delta.file_bytes,
            created_at: self.created_at,
        })
    }
}

/// Publishes a new state: row, facts and ledger entries together.
///
/// # Errors
/// [`ShieldError::Outrun`] when another node published this serial first, or the store or the ledger refuses.
pub fn publish(tx: &mut Tx<'_>, state: &Publication, now: TimestampMs) -> Result<(), ShieldError> {
    let (delta, whole) = (state.delta.as_ref(), state.whole.as_ref());
    let rows = tx.execute(
        "insert into publication(serial, change, warnings, created_at, entries,
             since, delta_blob, updates, delta_bytes, delta_kept, whole_blob, whole_bytes, whole_kept)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict (serial) do nothing",
        params![
            state.serial,
            state.change,
            &state.warnings,
            state.created_at,
            state.entries,
            delta.map(|delta| delta.from),
            delta.map(|delta| delta.blob.as_str()),
            delta.map(|delta| delta.updates),
            delta.map(|delta| delta.file_bytes),
            delta.is_some(),
            whole.map(|whole| whole.blob.as_str()),
            whole.map(|whole| whole.file_bytes),
            whole.is_some()
        ],
    )?;
    if rows == 0 {
        return Err(ShieldError::Outrun { serial: state.serial });
    }
    if let Some(delta) = state.change() {
        let body = serde_json::json!({
            "from": delta.from, "serial": delta.to, "blake3": delta.blob, "updates": delta.updates,
        });
        sipar_ledger::append(tx, &[Entry::new("delta", now, body)], now)?;
        outbox::say(tx, &Fact::Delta(delta), now)?;
    }
    if let Some(snapshot) = state.snapshot() {
        say_whole(tx, snapshot, now)?;
    }
    Ok(())
}

/// Publishes a whole file of a state that is known already. Returns whether it was the first.
///
/// # Errors
/// When the store or the ledger refuses.
pub fn publish_whole(
    tx: &mut Tx<'_>,
    serial: SnapshotSerial,
    whole: &WholeFile,
    now: TimestampMs,
) -> Result<bool, ShieldError> {
    let rows = tx.execute(
        "update publication set whole_blob = ?2, whole_bytes = ?3, whole_kept = 1
         where serial = ?1 and whole_blob is null",
        params![serial, &whole.blob, whole.file_bytes],
    )?;
    let state = if rows == 0 { None } else { after(tx, SnapshotSerial(serial.0.saturating_sub(1)), 1)?.pop() };
    let Some(snapshot) = state.and_then(|state| state.snapshot()) else { return Ok(false) };
    say_whole(tx, snapshot, now)?;
    Ok(true)
}

fn say_whole(tx: &mut Tx<'_>, snapshot: SnapshotPublished, now: TimestampMs) -> Result<(), ShieldError> {
    let body = serde_json::json!({
        "serial": snapshot.serial, "blake3": snapshot.blob, "entries": snapshot.entries,
    });
    sipar_ledger::append(tx, &[Entry::new("snapshot", now, body)], now)?;
    outbox::say(tx, &Fact::Snapshot(snapshot), now)?;
    Ok(())
}

/// Notes that the state holds all changes up to `change`, judged by `warnings`: none of them changed what it says.
///
/// # Errors
/// When the store refuses.
pub fn still_holds(tx: &mut Tx<'_>, serial: SnapshotSerial, change: i64, warnings: &str) -> Result<(), ShieldError> {
    tx.execute(
        "update publication set change = ?2, warnings = ?3 where serial = ?1 and change <= ?2",
        params![serial, change, warnings],
    )?;
    Ok(())
}

const COLUMNS: &str = "serial, change, warnings, created_at, entries, \
                       since, delta_blob, updates, delta_bytes, delta_kept, whole_blob, whole_bytes, whole_kept";

/// The newest, if any was published.
///
/// # Errors
/// When the store refuses.
pub fn newest(reader: &mut Reader<'_>) -> Result<Option<Publication>, ShieldError> {
    Ok(list(reader, 1)?.into_iter().next())
}

/// The newest ones, newest first.
///
/// # Errors
/// When the store refuses.
pub fn list(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Publication>, ShieldError> {
    let sql = format!("select {COLUMNS} from publication order by serial desc limit ?1");
    reader.query(&sql, params![limit])?.iter().map(publication).collect()
}

/// Those after `serial`, in order.
///
/// # Errors
/// When the store refuses.
pub fn after(reader: &mut Reader<'_>, serial: SnapshotSerial, limit: usize) -> Result<Vec<Publication>, ShieldError> {
    let sql = format!("select {COLUMNS} from publication where serial > ?1 order by serial limit ?2");
    reader.query(&sql, params![serial, limit])?.iter().map(publication).collect()
}

/// Those of which a whole file is kept, newest first.
///
/// # Errors
/// When the store refuses.
pub fn wholes(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Publication>, ShieldError> {
    let sql = format!("select {COLUMNS} from publication where whole_kept = 1 order by serial desc limit ?1");
    reader.query(&sql, params![limit])?.iter().map(publication).collect()
}

/// The names of every file that is kept.
///
/// # Errors
/// When the store refuses.
pub fn kept(reader: &mut Reader<'_>) -> Result<Vec<String>, ShieldError> {
    let rows = reader.query(
        "select delta_blob from publication where delta_kept = 1
         union all select whole_blob from publication where whole_kept = 1",
        params![],
    )?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Files that are too old to be kept: whole ones beyond the newest `wholes`, and changes that lead to the newest whole
/// state or before it, beyond the newest `deltas` or `bytes`. At most 1,000 at a time: serial, name, and whether whole.
///
/// # Errors
/// When the store refuses.
pub fn outdated(
    reader: &mut Reader<'_>,
    (wholes, deltas, bytes): (usize, usize, u64),
) -> Result<Vec<(SnapshotSerial, String, bool)>, ShieldError> {
    let old_wholes = reader.query(
        "select serial, whole_blob from publication where whole_kept = 1 order by serial desc limit 1000 offset ?1",
        params![wholes],
    )?;
    let old_deltas = reader.query(
        "select serial, delta_blob from (
             select serial, delta_blob, row_number() over newest as place,
                 cast(sum(delta_bytes) over newest as bigint) as together
             from publication where delta_kept = 1 window newest as (order by serial desc)) as kept
         where (place > ?1 or together > ?2)
             and serial <= (select coalesce(max(serial), 0) from publication where whole_kept = 1)
         order by serial limit 1000",
        params![deltas, bytes],
    )?;
    let wholes = old_wholes.iter().map(|row| (row, true));
    let deltas = old_deltas.iter().map(|row| (row, false));
    wholes.chain(deltas).map(|(row, whole)| Ok((row.try_get(0).map(SnapshotSerial)?, row.try_get(1)?, whole))).collect()
}

/// Notes that these files are no longer kept.
///
/// # Errors
/// When the store refuses.
pub fn dropped(tx: &mut Tx<'_>, files: &[(SnapshotSerial, String, bool)]) -> Result<(), ShieldError> {
    for (serial, _, whole) in files {
        let sql = match whole {
            true => "update publication set whole_kept = 0 where serial = ?1",
            false => "update publication set delta_kept = 0 where serial = ?1",
        };
        tx.execute(sql, params![*serial])?;
    }
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

fn publication(row: &Row) -> Result<Publication, ShieldError> {
    let delta = match row.try_get::<Option<String>>(6)? {
        None => None,
        Some(blob) => Some(DeltaFile {
            from: SnapshotSerial(row.try_get(5)?),
            blob,
            updates: row.try_get(7)?,
            file_bytes: row.try_get(8)?,
            kept: row.try_get(9)?,
        }),
    };
    let whole = match row.try_get::<Option<String>>(10)? {
        None => None,
        Some(blob) => Some(WholeFile { blob, file_bytes: row.try_get(11)?, kept: row.try_get(12)? }),
    };
    Ok(Publication {
        serial: SnapshotSerial(row.try_get(0)?),
        change: row.try_get(1)?,
        warnings: row.try_get(2)?,
        created_at: TimestampMs(row.try_get(3)?),
        entries: row.try_get(4)?,
        delta,
        whole,
    })
}
