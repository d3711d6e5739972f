//! SQLite: how a connection is opened, and what its errors mean.

use crate::error::Failure;
use crate::{Durability, Row, StoreError, Value, sql};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql, params_from_iter};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for another process that is writing (a backup, a person with a shell) before trying anew.
const BUSY_WAIT: Duration = Duration::from_secs(2);

/// Statements kept prepared a connection: more than all areas have together, at some 4 KiB each.
const STATEMENTS_KEPT_MAX: usize = 512;

/// Page cache of a connection, in KiB (negative means KiB, <https://sqlite.org/pragma.html#pragma_cache_size>).
const CACHE_KIB: i64 = -32_000;

/// What the write-ahead log shrinks back to after a large transaction.
const LOG_BYTES_KEPT_MAX: i64 = 64 << 20;

/// `SQLITE_IOERR_SHMSIZE`: the shared index of the log could not grow, which is want of room.
const IOERR_SHMSIZE: i32 = 4874;

/// A writing (`read_only` false) or reading connection.
pub(crate) fn open(path: &Path, durability: Durability, read_only: bool) -> Result<Connection, StoreError> {
    let opened = if read_only { connect_to_read(path) } else { connect_to_write(path, durability) };
    opened.map_err(|error| match failure("the store is being opened", error) {
        Failure::Final(full @ StoreError::DiskFull { .. }) => full,
        Failure::Final(error) => open_error(path, Arc::new(error)),
        Failure::Again(source) => open_error(path, source),
    })
}

fn open_error(path: &Path, source: crate::error::Cause) -> StoreError {
    StoreError::Open { place: path.display().to_string(), source }
}

fn connect_to_write(path: &Path, durability: Durability) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match durability {
        Durability::PowerLoss => "full",
        Durability::ProcessKill => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT_MAX)?;
    settle(&connection)?;
    Ok(connection)
}

fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_WAIT)?;
    settle(&connection)?;
    Ok(connection)
}

/// What both kinds share: the strictness that PostgreSQL has anyway.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "case_sensitive_like", true)?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    // A misspelt column in double quotes is an error, not a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let refused = |why: String| Err(rusqlite::Error::ToSqlConversionFailure(why.into()));
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            // PostgreSQL refuses it too: what one store takes, the other does.
            Value::Text(text) if text.as_bytes().contains(&0) => return refused("text holds the NUL character".into()),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::TooLarge(_) => return refused(self.describe()),
        }))
    }
}

/// Statements in one text, without parameters.
pub(crate) fn batch(connection: &Connection, text: &str) -> Result<(), Failure> {
    connection.execute_batch(text).map_err(|error| failure(text, error))
}

/// One statement; returns how many rows it touched.
pub(crate) fn execute(connection: &Connection, text: &str, params: &[Value<'_>]) -> Result<u64, Failure> {
    let run = || connection.prepare_cached(text)?.execute(params_from_iter(params));
    run().map(|rows| rows as u64).map_err(|error| failure(text, error))
}

/// One statement for each of `rows`, prepared once.
pub(crate) fn execute_many<'v, R: AsRef<[Value<'v>]>>(
    connection: &Connection,
    text: &str,
    rows: impl Iterator<Item = R>,
) -> Result<u64, Failure> {
    let run = || {
        let mut statement = connection.prepare_cached(text)?;
        let mut touched = 0;
        for row in rows {
            touched += statement.execute(params_from_iter(row.as_ref()))? as u64;
        }
        Ok(touched)
    };
    run().map_err(|error| failure(text, error))
}

/// The rows of one statement, each handed over as it comes.
pub(crate) fn query(
    connection: &Connection,
    text: &str,
    params: &[Value<'_>],
    take: &mut dyn FnMut(&mut Row) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut run = || rows_of(&mut *connection.prepare_cached(text)?, params, take);
    run().map_err(|error| failure(text, error))
}

/// The rows of one statement for each of `keys`, prepared once.
pub(crate) fn query_many<'v, R: AsRef<[Value<'v>]>>(
    connection: &Connection,
    text: &str,
    keys: impl Iterator<Item = R>,
) -> Result<Vec<Vec<Row>>, Failure> {
    let run = || {
        let mut statement = connection.prepare_cached(text)?;
        let mut answers = Vec::new();
        for key in keys {
            let mut answer = Vec::new();
            rows_of(&mut statement, key.as_ref(), &mut |row| {
                answer.push(std::mem::take(row));
                ControlFlow::Continue(())
            })?;
            answers.push(answer);
        }
        Ok(answers)
    };
    run().map_err(|error| failure(text, error))
}

/// Hands the rows over, all in one [`Row`], so that its memory serves them all; whoever keeps a row takes it out.
fn rows_of(
    statement: &mut Statement<'_>,
    params: &[Value<'_>],
    take: &mut dyn FnMut(&mut Row) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params))?;
    let mut row = Row::default();
    while let Some(found) = rows.next()? {
        row.values.resize(columns, Value::Null);
        for (column, value) in row.values.iter_mut().enumerate() {
            set(value, found.get_ref(column)?);
        }
        if take(&mut row).is_break() {
            break;
        }
    }
    Ok(())
}

fn set(value: &mut Value<'static>, found: ValueRef<'_>) {
    match (&mut *value, found) {
        (Value::Text(Cow::Owned(kept)), ValueRef::Text(text)) => {
            kept.clear();
            kept.push_str(&text_of(text));
        }
        (_, ValueRef::Null) => *value = Value::Null,
        (_, ValueRef::Integer(number)) => *value = Value::Integer(number),
        (_, ValueRef::Real(number)) => *value = Value::Real(number),
        (_, ValueRef::Text(text)) => *value = Value::Text(Cow::Owned(text_of(text).into_owned())),
        (_, ValueRef::Blob(bytes)) => *value = Value::Bytes(Cow::Owned(bytes.to_vec())),
    }
}

/// SQLite takes any bytes for text; what is none is replaced. Almost all is, and then looking for what is none is waste.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// What an error of SQLite means for the transaction. `doing` is the statement.
pub(crate) fn failure(doing: &str, error: rusqlite::Error) -> Failure {
    let (code, extended) = error.sqlite_error().map_or((None, 0), |e| (Some(e.code), e.extended_code));
    let text = sql::excerpt(doing);
    let source: crate::error::Cause = Arc::new(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Failure::Again(source),
        Some(ErrorCode::DiskFull) => Failure::Final(StoreError::disk_full(text, source)),
        Some(ErrorCode::SystemIoFailure) if extended == IOERR_SHMSIZE => {
            Failure::Final(StoreError::disk_full(text, source))
        }
        Some(ErrorCode::ConstraintViolation) => Failure::Final(StoreError::Constraint { sql: text, source }),
        _ => Failure::Final(StoreError::Statement { sql: text, source }),
    }
}
