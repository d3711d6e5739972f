//! PostgreSQL: statements on one connection, run to their end on the calling thread.

use crate::bulk::Bulk;
use crate::error::Failure;
use crate::postgres_value::{decoding, failure, row};
use crate::{Row, StoreError, Value, sql};
use deadpool_postgres::{ClientWrapper, Object, Pool};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, pin_mut};
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// Statements sent before their answers are awaited: enough to hide the way to the server and back.
const PIPELINED_MAX: usize = 256;

/// A connection that is taken from the pool with each transaction.
pub(crate) struct PgSession {
    pool: Pool,
    runtime: Handle,
    client: Option<Object>,
}

impl PgSession {
    pub(crate) const fn new(pool: Pool, runtime: Handle) -> Self {
        Self { pool, runtime, client: None }
    }

    /// Takes a connection and starts a transaction with `begin`. Connections that died in the pool, as all do when the
    /// server is started anew, are thrown away here: nothing was done on them yet.
    pub(crate) fn begin(&mut self, begin: &str) -> Result<(), Failure> {
        let mut dead = self.pool.status().max_size;
        loop {
            let taken = self.runtime.block_on(self.pool.get()).map_err(|error| {
                let doing = "opening a connection".to_owned();
                Failure::Final(StoreError::disconnected(doing, Arc::new(error)))
            })?;
            self.client = Some(taken);
            match self.batch(begin) {
                Err(Failure::Final(StoreError::Disconnected { .. })) if dead > 0 => self.discard(),
                outcome => return outcome.inspect_err(|_| self.discard()),
            }
            dead -= 1;
        }
    }

    /// Commits, and gives the connection back.
    pub(crate) fn commit(&mut self) -> Result<(), Failure> {
        let outcome = self.batch("commit");
        match outcome {
            Ok(()) => self.client = None,
            Err(_) => self.discard(),
        }
        outcome.map_err(|failure| match failure {
            Failure::Final(StoreError::Disconnected { source, .. }) => {
                Failure::Final(StoreError::CommitUnknown { source })
            }
            other => other,
        })
    }

    /// Undoes all, and gives the connection back.
    pub(crate) fn rollback(&mut self) {
        if self.client.is_none() {
            return;
        }
        match self.batch("rollback") {
            Ok(()) => self.client = None,
            Err(_) => self.discard(),
        }
    }

    /// A connection in doubt never goes back into the pool.
    fn discard(&mut self) {
        if let Some(object) = self.client.take() {
            drop(Object::take(object));
        }
    }

    /// True while a transaction is open.
    pub(crate) fn in_transaction(&self) -> bool {
        self.client.as_ref().is_some_and(|client| !client.is_closed())
    }

    fn client(&self) -> Result<&ClientWrapper, Failure> {
        self.client.as_deref().ok_or(Failure::Final(StoreError::Closed))
    }

    pub(crate) fn batch(&self, text: &str) -> Result<(), Failure> {
        let client = self.client()?;
        self.runtime.block_on(client.batch_execute(text)).map_err(|error| failure(text, error))
    }

    pub(crate) fn execute(&self, text: &str, params: &[Value<'_>]) -> Result<u64, Failure> {
        self.run(text, async |client, statement| client.execute(statement, &dynamic(params)).await)
    }

    fn run<T>(
        &self,
        text: &str,
        work: impl AsyncFnOnce(&ClientWrapper, &Statement) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failure> {
        let client = self.client()?;
        let ours = sql::for_postgres(text);
        let all = async { work(client, &client.prepare_cached(&ours).await?).await };
        self.runtime.block_on(all).map_err(|error| failure(text, error))
    }

    pub(crate) fn execute_many<'v, R: AsRef<[Value<'v>]>>(
        &self,
        text: &str,
        rows: impl Iterator<Item = R>,
    ) -> Result<u64, Failure> {
        let mut rows = rows.peekable();
        let mut touched = 0;
        while rows.peek().is_some() {
            let part: Vec<R> = rows.by_ref().take(PIPELINED_MAX).collect();
            touched += self.run(text, async |client, statement| {
                let sent = part.iter().map(|row| execute_one(client, statement, row.as_ref()));
                try_join_all(sent).await.map(|counts| counts.into_iter().sum::<u64>())
            })?;
        }
        Ok(touched)
    }

    pub(crate) fn query(
        &self,
        text: &str,
        params: &[Value<'_>],
        take: &mut dyn FnMut(&mut Row) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        let client = self.client()?;
        let ours = sql::for_postgres(text);
        self.runtime.block_on(async {
            let failed = |error| failure(text, error);
            let statement = client.prepare_cached(&ours).await.map_err(failed)?;
            let rows = client.query_raw(&statement, dynamic(params)).await.map_err(failed)?;
            pin_mut!(rows);
            while let Some(next) = rows.next().await {
                let mut next = row(&next.map_err(failed)?).map_err(|error| decoding(text, error))?;
                if take(&mut next).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    pub(crate) fn query_many<'v, R: AsRef<[Value<'v>]>>(
        &self,
        text: &str,
        keys: impl Iterator<Item = R>,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let mut keys = keys.peekable();
        let mut answers = Vec::new();
        while keys.peek().is_some() {
            let part: Vec<R> = keys.by_ref().take(PIPELINED_MAX).collect();
            let found = self.run(text, async |client, statement| {
                try_join_all(part.iter().map(|key| query_one(client, statement, key.as_ref()))).await
            })?;
            for rows in found {
                let rows: Result<Vec<Row>, _> = rows.iter().map(row).collect();
                answers.push(rows.map_err(|error| decoding(text, error))?);
            }
        }
        Ok(answers)
    }

    /// One part of a bulk write as arrays; row by row where two rows of it have the same key.
    pub(crate) fn bulk<'v, R: AsRef<[Value<'v>]>>(&self, bulk: &Bulk<'_>, part: &[R]) -> Result<u64, Failure> {
        let text = bulk.for_arrays();
        let arrays = bulk.arrays(part).map_err(Failure::Final)?;
        let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array.as_sql()).collect();
        self.batch("savepoint bulk")?;
        let client = self.client()?;
        let outcome = self.runtime.block_on(async {
            let statement = client.prepare_cached(&text).await?;
            client.execute(&statement, &params).await
        });
        match outcome {
            Ok(touched) => self.batch("release savepoint bulk").map(|()| touched),
            Err(error) if error.code() == Some(&SqlState::CARDINALITY_VIOLATION) => {
                self.batch("rollback to savepoint bulk")?;
                self.execute_many(&bulk.for_rows(), part.iter().map(AsRef::as_ref))
            }
            Err(error) => Err(failure(&text, error)),
        }
    }
}

fn dynamic<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

async fn execute_one(
    client: &ClientWrapper,
    statement: &Statement,
    params: &[Value<'_>],
) -> Result<u64, tokio_postgres::Error> {
    client.execute(statement, &dynamic(params)).await
}

async fn query_one(
    client: &ClientWrapper,
    statement: &Statement,
    params: &[Value<'_>],
) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
    client.query(statement, &dynamic(params)).await
}
