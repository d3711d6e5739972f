//! Sources: what is pulled, from where, and how it went.

use crate::fetch::Validators;
use crate::model::LastApplied;
use sipar_model::TimestampMs;
use sipar_store::{Reader, Row, StoreError, Tx, params};

/// A source to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// Its short name.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// The slug of its format.
    pub format: String,
    /// Where it is.
    pub origin: String,
    /// The member wanted from a zip.
    pub member: Option<String>,
    /// Its family.
    pub family: String,
    /// How far the operator trusts it, in percent.
    pub trust: u8,
    /// Whether it may be on a private network.
    pub allow_private: bool,
    /// Minutes between pulls.
    pub every_min: u32,
    /// The file with the authorities that sign its server's certificate; the public ones if there is none.
    pub ca_file: Option<String>,
}

/// A source and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub number: i64,
    /// What was added.
    pub about: NewSource,
    /// When it is pulled next.
    pub next_at: TimestampMs,
    /// What the server said of the last copy.
    pub validators: Validators,
    /// BLAKE3 of what was applied last.
    pub digest: Option<String>,
    /// What was applied last.
    pub last: Option<LastApplied>,
    /// When it was applied last.
    pub applied_at: Option<TimestampMs>,
    /// When it was last tried.
    pub tried_at: Option<TimestampMs>,
    /// Failures in a row.
    pub failures: u32,
    /// The last failure, if the last try failed.
    pub last_error: Option<String>,
    /// The run that is held for a person, and why.
    pub held: Option<(i64, String)>,
}

const COLUMNS: &str = "number, slug, title, format, origin, member, family, trust, allow_private, every_min, next_at, etag, \
     last_modified, digest, shape, accepted, applied_at, tried_at, failures, last_error, held_run, held_reason, ca_file";

fn read(row: &Row) -> Result<Source, StoreError> {
    let accepted: Option<u64> = row.try_get(15)?;
    let shape: Option<String> = row.try_get(14)?;
    let held: Option<i64> = row.try_get(20)?;
    let why: Option<String> = row.try_get(21)?;
    Ok(Source {
        number: row.try_get(0)?,
        about: NewSource {
            slug: row.try_get(1)?,
            title: row.try_get(2)?,
            format: row.try_get(3)?,
            origin: row.try_get(4)?,
            member: row.try_get(5)?,
            family: row.try_get(6)?,
            trust: row.try_get(7)?,
            allow_private: row.try_get(8)?,
            every_min: row.try_get(9)?,
            ca_file: row.try_get(22)?,
        },
        next_at: row.try_get(10)?,
        validators: Validators { etag: row.try_get(11)?, last_modified: row.try_get(12)? },
        digest: row.try_get(13)?,
        last: accepted.map(|accepted| LastApplied { accepted, shape: shape.unwrap_or_default() }),
        applied_at: row.try_get(16)?,
        tried_at: row.try_get(17)?,
        failures: row.try_get(18)?,
        last_error: row.try_get(19)?,
        held: held.map(|run| (run, why.unwrap_or_default())),
    })
}

/// Adds a source, due at once; `None` when the slug is taken.
pub fn add_source(tx: &mut Tx<'_>, new: &NewSource, now: TimestampMs) -> Result<Option<i64>, StoreError> {
    if tx.query_one_opt("select number from intel_source where slug = ?1", params![&new.slug])?.is_some() {
        return Ok(None);
    }
    let number = tx.take_numbers("intel_source", 1)?;
    let added = tx.execute(
        "insert into intel_source(number, slug, title, format, origin, member, family, trust, allow_private, every_min,
             added_at, next_at, failures, ca_file)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, 0, ?12) on conflict (slug) do nothing",
        params![
            number,
            &new.slug,
            &new.title,
            &new.format,
            &new.origin,
            &new.member,
            &new.family,
            new.trust,
            new.allow_private,
            new.every_min,
            now,
            &new.ca_file
        ],
    )?;
    Ok((added == 1).then_some(number))
}

/// The source with this slug.
pub fn source(reader: &mut Reader<'_>, slug: &str) -> Result<Option<Source>, StoreError> {
    let sql = format!("select {COLUMNS} from intel_source where slug = ?1 and removed_at is null");
    reader.query_one_opt(&sql, params![slug])?.as_ref().map(read).transpose()
}

/// All sources, by slug. An operator adds them one by one, so they are few.
pub fn sources(reader: &mut Reader<'_>) -> Result<Vec<Source>, StoreError> {
    let sql = format!("select {COLUMNS} from intel_source where removed_at is null order by slug limit 1000");
    reader.query(&sql, params![])?.iter().map(read).collect()
}

/// Takes the source that has been due longest, so that no other node pulls it until `lease_until`.
/// Reports are heard, not pulled. One whose time is further off than its pause allows is due too: then the clock has jumped back.
pub fn claim_due(tx: &mut Tx<'_>, now: TimestampMs, lease_until: TimestampMs) -> Result<Option<Source>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from intel_source
         where removed_at is null and format <> 'reports' and (next_at <= ?1 or next_at > ?1 + every_min * 66000 + 24000000) order by next_at limit 1"
    );
    let Some(row) = tx.query_one_opt(&sql, params![now])? else { return Ok(None) };
    let source = read(&row)?;
    let taken = tx.execute(
        "update intel_source set next_at = ?1 where number = ?2 and next_at = ?3",
        params![lease_until, source.number, source.next_at],
    )?;
    Ok((taken == 1).then_some(source))
}

/// Sets when a source is pulled next.
pub fn set_next(tx: &mut Tx<'_>, number: i64, next_at: TimestampMs) -> Result<(), StoreError> {
    tx.execute("update intel_source set next_at = ?1 where number = ?2", params![next_at, number]).map(|_| ())
}

/// Notes that a pull failed.
pub fn note_failure(
    tx: &mut Tx<'_>,
    number: i64,
    why: &str,
    now: TimestampMs,
    next_at: TimestampMs,
) -> Result<(), StoreError> {
    tx.execute(
        "update intel_source set failures = failures + 1, last_error = ?1, tried_at = ?2, next_at = ?3 where number = ?4",
        params![why, now, next_at, number],
    )
    .map(|_| ())
}

/// Notes that a pull found nothing new.
pub fn note_unchanged(tx: &mut Tx<'_>, number: i64, now: TimestampMs, next_at: TimestampMs) -> Result<(), StoreError> {
    tx.execute(
        "update intel_source set failures = 0, last_error = null, tried_at = ?1, next_at = ?2 where number = ?3",
        params![now, next_at, number],
    )
    .map(|_| ())
}

/// Lets go of what is held, without applying it.
pub fn release(tx: &mut Tx<'_>, number: i64) -> Result<(), StoreError> {
    tx.execute("update intel_source set held_run = null, held_reason = null where number = ?1", params![number])
        .map(|_| ())
}

/// Whether a file of a folder was taken before.
pub fn file_seen(reader: &mut Reader<'_>, source: i64) -> Result<Vec<(String, String)>, StoreError> {
    let rows = reader.query("select name, digest from intel_file where source = ?1", params![source])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
