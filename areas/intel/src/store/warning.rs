//! The warning lists as they were built into the index last.

use serde::Serialize;
use sipar_model::{
    Fact, TimestampMs, WarningKind,
    fact::{WarningIndexBuilt, WarningList},
};
use sipar_store::{Reader, Row, StoreError, Tx, outbox, params, values};

/// A warning list, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredWarningList {
    /// As other areas know it.
    pub list: WarningList,
    /// Why it is of its kind.
    pub why: String,
    /// Its version.
    pub version: String,
    /// Entries that could not be used.
    pub refused: u64,
    /// Some of these, with their reasons.
    pub refused_sample: String,
    /// BLAKE3 of its file.
    pub digest: String,
}

/// The index that was built last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexState {
    /// Its name among the blobs.
    pub blob: String,
    /// Its serial.
    pub serial: u64,
    /// What it was built from.
    pub digest: String,
    /// When.
    pub built_at: TimestampMs,
    /// How many entries it has.
    pub entries: u64,
}

/// Keeps what was built, and says it.
pub fn keep_index(tx: &mut Tx<'_>, state: &IndexState, lists: &[StoredWarningList]) -> Result<(), StoreError> {
    tx.execute("delete from intel_warning_list", params![])?;
    tx.execute_many(
        "insert into intel_warning_list(slug, title, kind, why, version, entries, refused, refused_sample, digest)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        lists.iter().map(|stored| {
            values![
                &stored.list.slug,
                &stored.list.title,
                stored.list.kind.number(),
                &stored.why,
                &stored.version,
                stored.list.entries,
                stored.refused,
                &stored.refused_sample,
                &stored.digest
            ]
        }),
    )?;
    tx.execute(
        "insert into intel_warning_index(id, blob, serial, digest, built_at, entries) values (1, ?1, ?2, ?3, ?4, ?5)
         on conflict (id) do update set blob = excluded.blob, serial = excluded.serial, digest = excluded.digest,
             built_at = excluded.built_at, entries = excluded.entries",
        params![&state.blob, state.serial, &state.digest, state.built_at, state.entries],
    )?;
    let built =
        WarningIndexBuilt { blob: state.blob.clone(), lists: lists.iter().map(|stored| stored.list.clone()).collect() };
    outbox::say(tx, &Fact::WarningIndex(built), state.built_at).map(|_| ())
}

/// The index that was built last.
pub fn index_state(reader: &mut Reader<'_>) -> Result<Option<IndexState>, StoreError> {
    let sql = "select blob, serial, digest, built_at, entries from intel_warning_index where id = 1";
    let row = reader.query_one_opt(sql, params![])?;
    row.map(|row| {
        Ok(IndexState {
            blob: row.try_get(0)?,
            serial: row.try_get(1)?,
            digest: row.try_get(2)?,
            built_at: row.try_get(3)?,
            entries: row.try_get(4)?,
        })
    })
    .transpose()
}

/// The lists in it, the strictest first.
pub fn stored_lists(reader: &mut Reader<'_>) -> Result<Vec<StoredWarningList>, StoreError> {
    let rows = reader.query(
        "select slug, title, kind, why, version, entries, refused, refused_sample, digest from intel_warning_list
         order by kind desc, slug limit 10000",
        params![],
    )?;
    rows.iter()
        .map(|row| {
            let kind = WarningKind::from_number(row.try_get(2)?).unwrap_or(WarningKind::Review);
            Ok(StoredWarningList {
                list: WarningList { slug: row.try_get(0)?, title: row.try_get(1)?, kind, entries: row.try_get(5)? },
                why: row.try_get(3)?,
                version: row.try_get(4)?,
                refused: row.try_get(6)?,
                refused_sample: row.try_get(7)?,
                digest: row.try_get(8)?,
            })
        })
        .collect()
}

/// What one feed itself says must not be blocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceList {
    /// The feed.
    pub source: i64,
    /// The list's name among the blobs.
    pub blob: String,
    /// How many entries it has.
    pub entries: u64,
}

/// Keeps a feed's list in place of the one before.
pub fn keep_source_list(tx: &mut Tx<'_>, list: &SourceList, now: TimestampMs) -> Result<(), StoreError> {
    tx.execute(
        "insert into intel_source_list(source, blob, entries, at) values (?1, ?2, ?3, ?4)
         on conflict (source) do update set blob = excluded.blob, entries = excluded.entries, at = excluded.at",
        params![list.source, &list.blob, list.entries, now],
    )
    .map(|_| ())
}

/// A feed's list.
pub fn source_list(reader: &mut Reader<'_>, source: i64) -> Result<Option<SourceList>, StoreError> {
    let sql = "select source, blob, entries from intel_source_list where source = ?1";
    reader.query_one_opt(sql, params![source])?.as_ref().map(read_source_list).transpose()
}

/// The lists of all feeds, the oldest feed first.
pub fn source_lists(reader: &mut Reader<'_>) -> Result<Vec<SourceList>, StoreError> {
    let rows = reader.query("select source, blob, entries from intel_source_list order by source", params![])?;
    rows.iter().map(read_source_list).collect()
}

fn read_source_list(row: &Row) -> Result<SourceList, StoreError> {
    Ok(SourceList { source: row.try_get(0)?, blob: row.try_get(1)?, entries: row.try_get(2)? })
}
