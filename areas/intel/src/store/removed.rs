//! Feeds that are changed or removed. A removed one keeps its number and its runs, under a name that frees its own.

use super::source::NewSource;
use sipar_ledger::Salt;
use sipar_model::{Category, Observable, ObservableKind, TimestampMs};
use sipar_store::{Reader, StoreError, Tx, params};

/// A removed feed whose assertions are to be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedSource {
    /// Its number.
    pub number: i64,
    /// The name that it has now.
    pub slug: String,
    /// When it was removed.
    pub removed_at: TimestampMs,
}

/// The place after which the next part of what a feed says begins; the first part begins at [`Place::default`].
#[derive(Clone, Debug, Default)]
pub struct Place {
    value: String,
    kind: u8,
    category: u8,
}

/// Things that a feed names, each with what it says of it.
pub type Said = Vec<(Observable, Category)>;

/// Changes a feed. `moved` says that it is somewhere else now: what the old server said of its copy counts no more.
pub fn edit_source(
    tx: &mut Tx<'_>,
    number: i64,
    about: &NewSource,
    moved: bool,
    now: TimestampMs,
) -> Result<(), StoreError> {
    tx.execute(
        "update intel_source set title = ?2, origin = ?3, member = ?4, family = ?5, trust = ?6, allow_private = ?7,
             every_min = ?8, ca_file = ?9, next_at = ?10 where number = ?1",
        params![
            number,
            &about.title,
            &about.origin,
            &about.member,
            &about.family,
            about.trust,
            about.allow_private,
            about.every_min,
            &about.ca_file,
            now
        ],
    )?;
    // A file that is the same may mean something else now: it is taken in again.
    tx.execute("update intel_source set digest = null where number = ?1", params![number])?;
    if moved {
        tx.execute(
            "update intel_source set etag = null, last_modified = null, failures = 0, last_error = null
             where number = ?1",
            params![number],
        )?;
    }
    Ok(())
}

/// Removes a feed; what it has said is still to be taken back. Returns whether it was there.
pub fn remove_source(tx: &mut Tx<'_>, number: i64, by: &str, why: &str, now: TimestampMs) -> Result<bool, StoreError> {
    let touched = tx.execute(
        "update intel_source set removed_at = ?2, removed_by = ?3, removed_why = ?4, next_at = ?2, held_run = null,
             held_reason = null, slug = slug || '~' || number
         where number = ?1 and removed_at is null",
        params![number, now, by, why],
    )?;
    Ok(touched > 0)
}

/// Keeps what opens the ledger's commitment to a person's reason.
pub fn keep_reason(tx: &mut Tx<'_>, commitment: &str, salt: &Salt, reason: &str) -> Result<(), StoreError> {
    tx.execute(
        "insert into intel_reason_salt(commitment, salt, reason) values (?1, ?2, ?3)
         on conflict (commitment) do nothing",
        params![commitment, salt.as_bytes(), reason],
    )
    .map(|_| ())
}

/// The removed feeds whose turn to be cleared has come.
pub fn to_clear(reader: &mut Reader<'_>, now: TimestampMs) -> Result<Vec<RemovedSource>, StoreError> {
    let rows = reader.query(
        "select number, slug, removed_at from intel_source where removed_at is not null and next_at <= ?1
         order by number limit 100",
        params![now],
    )?;
    rows.iter()
        .map(|row| Ok(RemovedSource { number: row.try_get(0)?, slug: row.try_get(1)?, removed_at: row.try_get(2)? }))
        .collect()
}

/// Part of what a source says now, after `from`, at most `limit`, with the place where it ends.
pub fn part_of_source(
    reader: &mut Reader<'_>,
    source: i64,
    from: &Place,
    limit: usize,
) -> Result<Option<(Said, Place)>, StoreError> {
    let rows = reader.query(
        "select value, kind, category from intel_assertion
         where source = ?1 and withdrawn = 0 and (value, kind, category) > (?2, ?3, ?4)
         order by value, kind, source, category limit ?5",
        params![source, &from.value, from.kind, from.category, limit],
    )?;
    let Some(last) = rows.last() else { return Ok(None) };
    let end = Place { value: last.try_get(0)?, kind: last.try_get(1)?, category: last.try_get(2)? };
    let part = rows.iter().filter_map(|row| {
        let kind = ObservableKind::from_number(row.try_get(1).ok()?)?;
        let observable = Observable::from_parts(kind, row.text(0)?).ok()?;
        Some((observable, Category::from_number(row.try_get(2).ok()?)?))
    });
    Ok(Some((part.collect(), end)))
}

/// Forgets what only a feed that is pulled needs. Its list of exceptions is returned, to be deleted.
pub fn forget_source(tx: &mut Tx<'_>, number: i64, next_at: TimestampMs) -> Result<Option<String>, StoreError> {
    let list = tx.query_one_opt("select blob from intel_source_list where source = ?1", params![number])?;
    let blob = list.map(|row| row.try_get(0)).transpose()?;
    tx.execute("delete from intel_source_list where source = ?1", params![number])?;
    tx.execute("delete from intel_file where source = ?1", params![number])?;
    tx.execute("delete from intel_quality where source = ?1 or other = ?1", params![number])?;
    tx.execute("update intel_source set next_at = ?2 where number = ?1", params![number, next_at])?;
    Ok(blob)
}
