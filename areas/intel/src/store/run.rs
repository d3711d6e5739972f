//! Runs: one taking-in of one file of a source, with every line that was refused.

use crate::fetch::Validators;
use crate::parse::{Counts, Refused};
use serde::Serialize;
use sipar_model::TimestampMs;
use sipar_store::{Bulk, Column, Reader, Row, StoreError, Tx, params, values};

/// Refused lines that are kept of one run; beyond them they are only counted.
/// More is a feed that has changed its shape, which is held, and 100,000 lines take some 20 MB.
pub const REFUSED_KEPT_MAX: u64 = 100_000;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Outcome {
    /// It has not ended.
    Running = 0,
    /// Applied whole.
    Applied = 1,
    /// Waits for a person.
    Held = 2,
    /// Could not be read.
    Failed = 3,
    /// The process ended in the middle. The next run does all of it again, and doubles nothing.
    Interrupted = 4,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Running, Self::Applied, Self::Held, Self::Failed, Self::Interrupted];

    /// The word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Applied => "applied",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its number.
    pub number: i64,
    /// Its source.
    pub source: i64,
    /// The file, in a folder.
    pub file: String,
    /// When it began.
    pub started_at: TimestampMs,
    /// When it ended.
    pub ended_at: Option<TimestampMs>,
    /// How.
    pub outcome: Outcome,
    /// Why, where that needs saying.
    pub detail: String,
    /// Bytes as they came.
    pub bytes: u64,
    /// Lines or items.
    pub lines: u64,
    /// Rows taken.
    pub accepted: u64,
    /// Rows refused.
    pub refused: u64,
    /// Rows left out by rule.
    pub skipped: u64,
    /// Assertions that were new.
    pub fresh: u64,
    /// Assertions that changed.
    pub changed: u64,
    /// Assertions that were taken back.
    pub withdrawn: u64,
    /// Its columns.
    pub shape: String,
    /// The held file, by its name among the blobs.
    pub blob: Option<String>,
}

const COLUMNS: &str = "number, source, file, started_at, ended_at, outcome, detail, bytes, lines, accepted, refused, skipped, \
     fresh, changed, withdrawn, shape, blob";

fn read(row: &Row) -> Result<Run, StoreError> {
    let outcome: usize = row.try_get(5)?;
    Ok(Run {
        number: row.try_get(0)?,
        source: row.try_get(1)?,
        file: row.try_get(2)?,
        started_at: row.try_get(3)?,
        ended_at: row.try_get(4)?,
        outcome: Outcome::ALL.get(outcome).copied().unwrap_or(Outcome::Interrupted),
        detail: row.try_get(6)?,
        bytes: row.try_get(7)?,
        lines: row.try_get(8)?,
        accepted: row.try_get(9)?,
        refused: row.try_get(10)?,
        skipped: row.try_get(11)?,
        fresh: row.try_get(12)?,
        changed: row.try_get(13)?,
        withdrawn: row.try_get(14)?,
        shape: row.try_get(15)?,
        blob: row.try_get(16)?,
    })
}

/// Starts a run; an earlier one of the same source that never ended was interrupted.
pub fn start_run(tx: &mut Tx<'_>, source: i64, file: &str, bytes: u64, now: TimestampMs) -> Result<i64, StoreError> {
    tx.execute(
        "update intel_run set outcome = ?1, ended_at = ?2 where source = ?3 and outcome = ?4",
        params![Outcome::Interrupted as u8, now, source, Outcome::Running as u8],
    )?;
    let number = tx.take_numbers("intel_run", 1)?;
    tx.execute(
        "insert into intel_run(number, source, file, started_at, outcome, detail, bytes, lines, accepted, refused, skipped,
             fresh, changed, withdrawn, shape)
         values (?1, ?2, ?3, ?4, ?5, '', ?6, 0, 0, 0, 0, 0, 0, 0, '')",
        params![number, source, file, now, Outcome::Running as u8, bytes],
    )?;
    Ok(number)
}

/// How a run ended, and what the source is to remember.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// How.
    pub outcome: Outcome,
    /// Why.
    pub detail: String,
    /// What was counted.
    pub counts: Counts,
    /// Assertions that were new.
    pub fresh: u64,
    /// Assertions that changed.
    pub changed: u64,
    /// Assertions that were taken back.
    pub withdrawn: u64,
    /// The held file.
    pub blob: Option<String>,
    /// BLAKE3 of the file.
    pub digest: String,
    /// The file's name, in a folder.
    pub file: String,
    /// What to ask the server with the next time.
    pub validators: Validators,
    /// When to pull next.
    pub next_at: TimestampMs,
}

/// Ends a run, and moves its source on, together.
pub fn end_run(tx: &mut Tx<'_>, source: i64, run: i64, end: &RunEnd, now: TimestampMs) -> Result<(), StoreError> {
    let counts = &end.counts;
    tx.execute(
        "update intel_run set ended_at = ?1, outcome = ?2, detail = ?3, lines = ?4, accepted = ?5, refused = ?6,
             skipped = ?7, fresh = ?8, changed = ?9, withdrawn = ?10, shape = ?11, blob = ?12 where number = ?13",
        params![
            now,
            end.outcome as u8,
            &end.detail,
            counts.lines,
            counts.accepted,
            counts.refused,
            counts.skipped,
            end.fresh,
            end.changed,
            end.withdrawn,
            &counts.shape,
            &end.blob,
            run
        ],
    )?;
    match end.outcome {
        Outcome::Applied => {
            tx.execute(
                "update intel_source set failures = 0, last_error = null, tried_at = ?1, applied_at = ?1, next_at = ?2,
                     etag = ?3, last_modified = ?4, digest = ?5, shape = ?6, accepted = ?7, held_run = null,
                     held_reason = null where number = ?8",
                params![
                    now,
                    end.next_at,
                    &end.validators.etag,
                    &end.validators.last_modified,
                    &end.digest,
                    &counts.shape,
                    counts.accepted,
                    source
                ],
            )?;
            tx.execute(
                "insert into intel_file(source, name, digest, taken_at) values (?1, ?2, ?3, ?4)
                 on conflict (source, name, digest) do update set taken_at = excluded.taken_at",
                params![source, &end.file, &end.digest, now],
            )?;
        }
        Outcome::Held => {
            tx.execute(
                "update intel_source set failures = 0, last_error = null, tried_at = ?1, next_at = ?2, held_run = ?3,
                     held_reason = ?4 where number = ?5",
                params![now, end.next_at, run, &end.detail, source],
            )?;
        }
        // Whoever pulled notes a failure with the source, as it does when nothing could be fetched.
        Outcome::Running | Outcome::Failed | Outcome::Interrupted => {}
    }
    Ok(())
}

/// Keeps lines that were refused; `from` is how many of this run are kept already.
pub fn keep_refused(tx: &mut Tx<'_>, run: i64, from: u64, lines: &[Refused]) -> Result<(), StoreError> {
    let bulk = Bulk {
        into: "insert into intel_refused(run, ordinal, line, excerpt, reason)",
        columns: &[Column::Bigint, Column::Bigint, Column::Bigint, Column::Text, Column::Text],
        then: "on conflict (run, ordinal) do nothing",
    };
    let rows = lines
        .iter()
        .zip(from..)
        .map(|(line, ordinal)| values![run, ordinal, line.line, &line.excerpt, line.reason.to_string()]);
    tx.bulk(&bulk, rows).map(|_| ())
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// Its place among the refused, from 0.
    pub ordinal: u64,
    /// Its number in the feed.
    pub line: u64,
    /// The start of it.
    pub excerpt: String,
    /// Why.
    pub reason: String,
}

/// The refused lines of a run, from `from` on.
pub fn refused_lines(reader: &mut Reader<'_>, run: i64, from: u64, limit: u64) -> Result<Vec<RefusedLine>, StoreError> {
    let rows = reader.query(
        "select ordinal, line, excerpt, reason from intel_refused where run = ?1 and ordinal >= ?2 order by ordinal limit ?3",
        params![run, from, limit],
    )?;
    rows.iter()
        .map(|row| {
            Ok(RefusedLine {
                ordinal: row.try_get(0)?,
                line: row.try_get(1)?,
                excerpt: row.try_get(2)?,
                reason: row.try_get(3)?,
            })
        })
        .collect()
}

/// The last runs of a source, newest first.
pub fn last_runs(reader: &mut Reader<'_>, source: i64, limit: u64) -> Result<Vec<Run>, StoreError> {
    let sql = format!("select {COLUMNS} from intel_run where source = ?1 order by number desc limit ?2");
    reader.query(&sql, params![source, limit])?.iter().map(read).collect()
}

/// The run with this number.
pub fn run(reader: &mut Reader<'_>, number: i64) -> Result<Option<Run>, StoreError> {
    let sql = format!("select {COLUMNS} from intel_run where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(read).transpose()
}
