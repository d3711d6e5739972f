//! Imports: what was brought, what it would change or has changed, and every line that was refused.

use crate::{
    Brought, RegistryError, Report,
    import::{Form, Options, RefusedLine},
};
use serde::Serialize;
use sipar_model::TimestampMs;
use sipar_store::{Bulk, Column, Reader, Row, Tx, params, values};

const COUNTER: &str = "registry-import";

/// How an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportState {
    /// It was looked at, and nothing is changed.
    Previewed,
    /// It is written.
    Applied,
    /// Somebody decided against it.
    Discarded,
}

impl ImportState {
    const ALL: [Self; 3] = [Self::Previewed, Self::Applied, Self::Discarded];

    const fn number(self) -> u8 {
        match self {
            Self::Previewed => 1,
            Self::Applied => 2,
            Self::Discarded => 3,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The word, in the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Previewed => "previewed",
            Self::Applied => "applied",
            Self::Discarded => "discarded",
        }
    }
}

/// One import.
#[derive(Clone, Debug, Serialize)]
pub struct Import {
    /// Its number.
    pub number: i64,
    /// How the file is written.
    pub form: Form,
    /// What the file was called.
    pub name: String,
    /// Its BLAKE3, which is its name among the blobs.
    pub blob: String,
    /// What was said beside it.
    pub options: Options,
    /// How it stands.
    pub state: ImportState,
    /// What it would bring, or has brought.
    pub report: Report,
    /// Who brought it.
    pub by: String,
    /// When.
    pub at: TimestampMs,
    /// When it was applied or discarded.
    pub decided_at: Option<TimestampMs>,
    /// By whom.
    pub decided_by: Option<String>,
}

const COLUMNS: &str = "number, form, name, blob, options, state, report, brought_by, at, decided_at, decided_by";

fn import(row: &Row) -> Result<Import, RegistryError> {
    let json = |column: usize| row.text(column).unwrap_or_default();
    Ok(Import {
        number: row.try_get(0)?,
        form: Form::parse(json(1)).map_err(|_| RegistryError::BadRow)?,
        name: row.try_get(2)?,
        blob: row.try_get(3)?,
        options: serde_json::from_str(json(4)).map_err(|_| RegistryError::BadRow)?,
        state: super::word(row, 5, ImportState::from_number)?,
        report: serde_json::from_str(json(6)).map_err(|_| RegistryError::BadRow)?,
        by: row.try_get(7)?,
        at: row.try_get(8)?,
        decided_at: row.try_get(9)?,
        decided_by: row.try_get(10)?,
    })
}

/// The import with this number.
///
/// # Errors
/// When the store refuses.
pub fn one(reader: &mut Reader<'_>, number: i64) -> Result<Option<Import>, RegistryError> {
    let sql = format!("select {COLUMNS} from register_import where number = ?1");
    reader.query_one_opt(&sql, params![number])?.as_ref().map(import).transpose()
}

/// The latest.
///
/// # Errors
/// When the store refuses.
pub fn latest(reader: &mut Reader<'_>, limit: usize) -> Result<Vec<Import>, RegistryError> {
    let sql = format!("select {COLUMNS} from register_import order by number desc limit ?1");
    reader.query(&sql, params![limit])?.iter().map(import).collect()
}

/// How many wait to be applied.
///
/// # Errors
/// When the store refuses.
pub fn waiting(reader: &mut Reader<'_>) -> Result<u64, RegistryError> {
    let sql = "select count(*) from register_import where state = 1";
    Ok(reader.query_one(sql, params![])?.try_get(0)?)
}

/// Whether an import that is not discarded rests on this file.
///
/// # Errors
/// When the store refuses.
pub fn uses(reader: &mut Reader<'_>, blob: &str) -> Result<bool, RegistryError> {
    let sql = "select count(*) from register_import where blob = ?1 and state <> 3";
    let count: u64 = reader.query_one(sql, params![blob])?.try_get(0)?;
    Ok(count > 0)
}

/// What is known of a new import.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// How the file is written.
    pub form: Form,
    /// What it was called.
    pub name: String,
    /// Its name among the blobs.
    pub blob: String,
    /// What was said beside it.
    pub options: Options,
    /// What it would bring, with the refused lines.
    pub brought: Brought,
}

fn text<T: Serialize>(value: &T) -> Result<String, RegistryError> {
    serde_json::to_string(value).map_err(|_| RegistryError::BadRow)
}

/// Adds one that was looked at; returns its number.
///
/// # Errors
/// When the store refuses.
pub fn add(tx: &mut Tx<'_>, new: &NewImport, by: &str, now: TimestampMs) -> Result<i64, RegistryError> {
    let number = tx.take_numbers(COUNTER, 1)?;
    tx.execute(
        "insert into register_import(number, form, name, blob, options, state, report, brought_by, at)
         values (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)",
        params![
            number,
            new.form.word(),
            &new.name,
            &new.blob,
            text(&new.options)?,
            text(&new.brought.report)?,
            by,
            now
        ],
    )?;
    keep(tx, number, &new.brought.refused)?;
    Ok(number)
}

const REFUSED: Bulk<'_> = Bulk {
    into: "insert into register_import_refused(import, place, line, reason, text)",
    columns: &[Column::Bigint, Column::Bigint, Column::Bigint, Column::Text, Column::Text],
    then: "on conflict (import, place) do nothing",
};

fn keep(tx: &mut Tx<'_>, number: i64, refused: &[RefusedLine]) -> Result<(), RegistryError> {
    let rows = refused.iter().enumerate();
    let rows = rows.map(|(place, line)| values![number, place, line.line, &line.reason, &line.text]);
    tx.bulk(&REFUSED, rows)?;
    Ok(())
}

/// Refused lines of an import, after so many; at most `limit`.
///
/// # Errors
/// When the store refuses.
pub fn refused(
    reader: &mut Reader<'_>,
    number: i64,
    after: u64,
    limit: usize,
) -> Result<Vec<RefusedLine>, RegistryError> {
    let sql = "select line, reason, text from register_import_refused where import = ?1 and place >= ?2
         order by place limit ?3";
    let rows = reader.query(sql, params![number, after, limit])?;
    let line = |row: &Row| Ok(RefusedLine { line: row.try_get(0)?, reason: row.try_get(1)?, text: row.try_get(2)? });
    rows.iter().map(line).collect()
}

/// Writes what an import would bring now, in place of what was shown.
///
/// # Errors
/// When the store refuses.
pub fn show_anew(tx: &mut Tx<'_>, number: i64, brought: &Brought) -> Result<(), RegistryError> {
    tx.execute("update register_import set report = ?2 where number = ?1", params![number, text(&brought.report)?])?;
    tx.execute("delete from register_import_refused where import = ?1", params![number])?;
    keep(tx, number, &brought.refused)
}

/// Writes what became of an import.
///
/// # Errors
/// When the store refuses.
pub fn decide(tx: &mut Tx<'_>, import: &Import, by: &str, now: TimestampMs) -> Result<(), RegistryError> {
    tx.execute(
        "update register_import set state = ?2, decided_at = ?3, decided_by = ?4 where number = ?1",
        params![import.number, import.state.number(), now, by],
    )?;
    Ok(())
}
