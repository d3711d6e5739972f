//! What a closure may do with the store: read, or read and write.

use crate::bulk::Bulk;
use crate::error::{Cause, Failure};
use crate::session::Session;
use crate::{Row, StoreError, Value, params};
use std::ops::{ControlFlow, Deref, DerefMut};
use std::sync::Arc;

/// Which database this is, for the few places where a text cannot be portable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL, or what speaks its protocol.
    Postgres,
}

/// Why the transaction cannot be kept any more.
#[derive(Debug)]
pub(crate) enum Doom {
    Again(Cause),
    Final(StoreError),
}

/// One unchanging state of the store.
pub struct Reader<'s> {
    pub(crate) session: &'s mut Session,
    pub(crate) doom: Option<Doom>,
}

impl<'s> Reader<'s> {
    pub(crate) const fn new(session: &'s mut Session) -> Self {
        Self { session, doom: None }
    }

    /// Which database this is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.session.dialect()
    }

    /// All rows of an answer. Put a `limit` into the statement, or use [`Self::each`].
    pub fn query(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.run(|session| {
            session.query(sql, params, &mut |row| {
                rows.push(std::mem::take(row));
                ControlFlow::Continue(())
            })
        })?;
        Ok(rows)
    }

    /// The first row of an answer, if there is one.
    pub fn query_one_opt(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        let mut first = None;
        self.run(|session| {
            session.query(sql, params, &mut |row| {
                first = Some(std::mem::take(row));
                ControlFlow::Break(())
            })
        })?;
        Ok(first)
    }

    /// The first row of an answer that always has one, such as a count.
    pub fn query_one(&mut self, sql: &str, params: &[Value<'_>]) -> Result<Row, StoreError> {
        self.query_one_opt(sql, params)?.ok_or_else(|| StoreError::Statement {
            sql: crate::sql::excerpt(sql),
            source: Arc::from(Box::<dyn std::error::Error + Send + Sync>::from("the answer has no row")),
        })
    }

    /// Hands each row over as it comes; memory stays small however many there are.
    /// An error of the closure's own can be passed out as [`StoreError::stopped`].
    pub fn each(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        mut take: impl FnMut(&Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut stopped = None;
        self.run(|session| {
            session.query(sql, params, &mut |row| match take(row) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    stopped = Some(error);
                    ControlFlow::Break(())
                }
            })
        })?;
        stopped.map_or(Ok(()), Err)
    }

    /// The answers of one statement for each of `keys`, in their order: one prepared statement, and on PostgreSQL
    /// no waiting between them.
    pub fn query_many<'v, R: AsRef<[Value<'v>]>>(
        &mut self,
        sql: &str,
        keys: impl IntoIterator<Item = R>,
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        self.run(|session| session.query_many(sql, keys.into_iter()))
    }

    fn run<T>(&mut self, work: impl FnOnce(&Session) -> Result<T, Failure>) -> Result<T, StoreError> {
        // INVARIANT: after a failed statement nothing more is done, on SQLite as on PostgreSQL.
        match &self.doom {
            None => {}
            Some(Doom::Again(source)) => return Err(StoreError::Doomed { source: Arc::clone(source) }),
            Some(Doom::Final(error)) => return Err(StoreError::Doomed { source: Arc::new(error.clone()) }),
        }
        work(self.session).map_err(|failure| match failure {
            Failure::Again(source) => {
                self.doom = Some(Doom::Again(Arc::clone(&source)));
                StoreError::Busy { doing: "a transaction".to_owned(), tries: 1, source }
            }
            Failure::Final(error) => {
                self.doom = Some(Doom::Final(error.clone()));
                error
            }
        })
    }
}

/// A transaction: a [`Reader`] that can also write. What it wrote is kept when the closure returns `Ok`.
pub struct Tx<'s> {
    pub(crate) reader: Reader<'s>,
    pub(crate) said: bool,
}

impl<'s> Deref for Tx<'s> {
    type Target = Reader<'s>;

    fn deref(&self) -> &Self::Target {
        &self.reader
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.reader
    }
}

impl<'s> Tx<'s> {
    pub(crate) const fn new(session: &'s mut Session) -> Self {
        Self { reader: Reader::new(session), said: false }
    }

    /// Runs one statement; returns how many rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        self.run(|session| session.execute(sql, params))
    }

    /// Runs one statement for each of `rows`, in order; returns how many rows they touched together.
    /// [`Self::bulk`] is some ten times as fast on PostgreSQL where all it does is insert or upsert.
    pub fn execute_many<'v, R: AsRef<[Value<'v>]>>(
        &mut self,
        sql: &str,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<u64, StoreError> {
        self.run(|session| session.execute_many(sql, rows.into_iter()))
    }

    /// Inserts or upserts many rows; returns how many rows were touched.
    /// With `on conflict ... do update`, rows of equal key count one after the other, as if written singly.
    pub fn bulk<'v, R: AsRef<[Value<'v>]>>(
        &mut self,
        bulk: &Bulk<'_>,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<u64, StoreError> {
        self.run(|session| session.bulk(bulk, rows.into_iter()))
    }

    /// Several statements without parameters: for migrations.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.run(|session| session.batch(sql))
    }

    /// The first of `count` numbers that nobody else gets: 1 the first time.
    /// The order of the numbers is the order of the commits; a transaction that is undone leaves no gap.
    pub fn take_numbers(&mut self, counter: &str, count: u64) -> Result<i64, StoreError> {
        let row = self.query_one(
            "insert into counter(name, value) values (?1, ?2)
             on conflict (name) do update set value = counter.value + excluded.value
             returning value - ?2 + 1",
            params![counter, count],
        )?;
        row.try_get(0)
    }
}
