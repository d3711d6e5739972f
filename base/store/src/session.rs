//! One open connection of either kind, and the steps of a transaction on it.

use crate::bulk::{Bulk, next_part};
use crate::error::Failure;
use crate::postgres::PgSession;
use crate::{Dialect, Row, Value, sqlite};
use rusqlite::Connection;
use std::ops::ControlFlow;

/// Serializable, as SQLite's one writer is, so that a closure means the same on both.
const PG_BEGIN_WRITE: &str = "begin isolation level serializable";
/// One unchanging state, as SQLite's readers see it.
const PG_BEGIN_READ: &str = "begin isolation level repeatable read read only";

pub(crate) enum Session {
    Sqlite(Connection),
    Postgres(PgSession),
}

impl Session {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) fn begin_write(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::batch(connection, "begin immediate"),
            Self::Postgres(session) => session.begin(PG_BEGIN_WRITE),
        }
    }

    pub(crate) fn begin_read(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::batch(connection, "begin deferred"),
            Self::Postgres(session) => session.begin(PG_BEGIN_READ),
        }
    }

    /// On failure nothing is kept and no transaction is open.
    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => {
                let outcome = sqlite::batch(connection, "commit");
                if outcome.is_err() {
                    self.rollback();
                }
                outcome
            }
            Self::Postgres(session) => session.commit(),
        }
    }

    pub(crate) fn rollback(&mut self) {
        match self {
            Self::Sqlite(connection) if connection.is_autocommit() => {}
            Self::Sqlite(connection) => {
                if let Err(error) = connection.execute_batch("rollback") {
                    tracing::error!(%error, "cannot undo a transaction");
                }
            }
            Self::Postgres(session) => session.rollback(),
        }
    }

    /// False once the database itself gave the transaction up, as SQLite does on a full disk.
    pub(crate) fn in_transaction(&self) -> bool {
        match self {
            Self::Sqlite(connection) => !connection.is_autocommit(),
            Self::Postgres(session) => session.in_transaction(),
        }
    }

    pub(crate) fn batch(&self, text: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::batch(connection, text),
            Self::Postgres(session) => session.batch(text),
        }
    }

    pub(crate) fn execute(&self, text: &str, params: &[Value<'_>]) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::execute(connection, text, params),
            Self::Postgres(session) => session.execute(text, params),
        }
    }

    pub(crate) fn execute_many<'v, R: AsRef<[Value<'v>]>>(
        &self,
        text: &str,
        rows: impl Iterator<Item = R>,
    ) -> Result<u64, Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::execute_many(connection, text, rows),
            Self::Postgres(session) => session.execute_many(text, rows),
        }
    }

    pub(crate) fn bulk<'v, R: AsRef<[Value<'v>]>>(
        &self,
        bulk: &Bulk<'_>,
        mut rows: impl Iterator<Item = R>,
    ) -> Result<u64, Failure> {
        let session = match self {
            Self::Sqlite(connection) => return sqlite::execute_many(connection, &bulk.for_rows(), rows),
            Self::Postgres(session) => session,
        };
        let mut touched = 0;
        loop {
            let part = next_part(&mut rows);
            if part.is_empty() {
                return Ok(touched);
            }
            touched += session.bulk(bulk, &part)?;
        }
    }

    pub(crate) fn query(
        &self,
        text: &str,
        params: &[Value<'_>],
        take: &mut dyn FnMut(&mut Row) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::query(connection, text, params, take),
            Self::Postgres(session) => session.query(text, params, take),
        }
    }

    pub(crate) fn query_many<'v, R: AsRef<[Value<'v>]>>(
        &self,
        text: &str,
        keys: impl Iterator<Item = R>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        match self {
            Self::Sqlite(connection) => sqlite::query_many(connection, text, keys),
            Self::Postgres(session) => session.query_many(text, keys),
        }
    }
}
