//! The store: opened once, shared by all.

use crate::error::{Cause, Failure};
use crate::job::{Answer, ReadJob, WriteJob, read_job, write_job};
use crate::postgres::PgSession;
use crate::session::Session;
use crate::tx::{Dialect, Reader, Tx};
use crate::{Durability, Migration, StoreConfig, StoreError, migrate, outbox, postgres_open, reading, sqlite, writing};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

/// Threads that read: twice the cores of a small machine; an export that takes long keeps one of them busy.
const READERS: usize = 4;

/// Closures that may wait for a thread. Beyond it callers wait to be let in, so memory stays bounded.
const WAITING_MAX: usize = 1_024;

/// A store. Clones share it; it closes with the last of them.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dialect: Dialect,
    writes: Option<mpsc::Sender<Box<dyn WriteJob>>>,
    reads: Option<mpsc::Sender<ReadJob>>,
    said: watch::Sender<u64>,
    threads: Vec<JoinHandle<()>>,
    runtime: Option<Runtime>,
}

/// Tells when a transaction that said a fact has been committed by this process.
pub struct Said {
    receiver: watch::Receiver<u64>,
}

impl Said {
    /// Returns at once when a fact was said since the last call, else when one is said.
    /// With several control nodes others speak too: listen on a timer beside it.
    pub async fn notified(&mut self) {
        if self.receiver.changed().await.is_err() {
            // The store is closed: nothing will ever be said.
            std::future::pending::<()>().await;
        }
    }
}

impl Store {
    /// Opens the store and brings its own tables up to date. May be called anywhere; takes some milliseconds.
    pub fn open(config: &StoreConfig) -> Result<Self, StoreError> {
        let store = match config {
            StoreConfig::Sqlite { path, durability } => Self::open_sqlite(path, *durability)?,
            StoreConfig::Postgres { url, schema } => Self::open_postgres(url, schema.as_deref())?,
        };
        on_own_thread(|| store.migrate_blocking("sipar-store", outbox::MIGRATIONS))??;
        Ok(store)
    }

    fn open_sqlite(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let writer = Session::Sqlite(sqlite::open(path, durability, false)?);
        let readers: Result<Vec<_>, _> =
            (0..READERS).map(|_| sqlite::open(path, durability, true).map(Session::Sqlite)).collect();
        Self::start(Dialect::Sqlite, writer, readers?, None)
    }

    fn open_postgres(url: &str, schema: Option<&str>) -> Result<Self, StoreError> {
        let place = StoreConfig::postgres(url).describe();
        let failed = |source: Cause| StoreError::Open { place: place.clone(), source };
        schema.map_or(Ok(()), check_schema).map_err(failed)?;
        // One thread only moves bytes between sockets and those who wait.
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("sipar-store-net").enable_all().build();
        let runtime = runtime.map_err(|error| failed(Arc::new(error)))?;
        let prepared = || {
            let pool = postgres_open::pool(url, schema, READERS + 1)?;
            let session = || PgSession::new(pool.clone(), runtime.handle().clone());
            let outcome = on_own_thread(|| prepare_server(&mut session(), schema))?;
            outcome.map_err(|error| match error {
                StoreError::Disconnected { source, .. } => failed(source),
                other => other,
            })?;
            let readers = (0..READERS).map(|_| Session::Postgres(session())).collect();
            Ok((Session::Postgres(session()), readers))
        };
        match prepared() {
            Ok((writer, readers)) => Self::start(Dialect::Postgres, writer, readers, Some(runtime)),
            Err(error) => {
                // The caller may be asynchronous: there a runtime must not be waited for.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    fn start(
        dialect: Dialect,
        writer: Session,
        readers: Vec<Session>,
        runtime: Option<Runtime>,
    ) -> Result<Self, StoreError> {
        let (writes, to_write) = mpsc::channel(WAITING_MAX);
        let (reads, to_read) = mpsc::channel(WAITING_MAX);
        let to_read = Arc::new(Mutex::new(to_read));
        let said = watch::Sender::new(0);
        let told = said.clone();
        let mut threads = vec![spawn("sipar-store-write", move || writing::work(writer, to_write, &told))?];
        for session in readers {
            let to_read = Arc::clone(&to_read);
            threads.push(spawn("sipar-store-read", move || reading::work(session, &to_read))?);
        }
        let (writes, reads) = (Some(writes), Some(reads));
        Ok(Self { inner: Arc::new(Inner { dialect, writes, reads, said, threads, runtime }) })
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Runs `closure` in a transaction, which is kept when it returns `Ok`; answers after the commit.
    /// The closure may be run again when others wrote the same records, or when a neighbour in the group commit had to
    /// be undone: it must have no effect but through `tx`.
    /// Dropping the future leaves open whether the closure runs.
    pub async fn write<F, T, E>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = write_job(closure);
        send(self.inner.writes.as_ref(), job).await?;
        receive(answer).await
    }

    /// Runs `closure` on one unchanging state, and waits for no writer.
    pub async fn read<F, T, E>(&self, closure: F) -> Result<T, E>
    where
        F: FnOnce(&mut Reader<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = read_job(closure);
        send(self.inner.reads.as_ref(), job).await?;
        receive(answer).await
    }

    /// [`Self::write`] for threads of one's own. Panics inside asynchronous code, and waits for ever inside a closure
    /// of the store.
    pub fn write_blocking<F, T, E>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = write_job(closure);
        send_blocking(self.inner.writes.as_ref(), job)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// [`Self::read`] for threads of one's own. Panics inside asynchronous code.
    pub fn read_blocking<F, T, E>(&self, closure: F) -> Result<T, E>
    where
        F: FnOnce(&mut Reader<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = read_job(closure);
        send_blocking(self.inner.reads.as_ref(), job)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Applies those of `migrations` that have not been applied, each in its own transaction.
    pub async fn migrate(&self, crate_name: &str, migrations: &'static [Migration]) -> Result<(), StoreError> {
        for step in migrate::steps(crate_name, migrations) {
            self.write(step).await?;
        }
        Ok(())
    }

    /// [`Self::migrate`] for threads of one's own.
    pub fn migrate_blocking(&self, crate_name: &str, migrations: &'static [Migration]) -> Result<(), StoreError> {
        migrate::steps(crate_name, migrations).into_iter().try_for_each(|step| self.write_blocking(step))
    }

    /// Tells when facts were said from now on.
    #[must_use]
    pub fn said(&self) -> Said {
        Said { receiver: self.inner.said.subscribe() }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.writes = None;
        self.reads = None;
        let own = thread::current().id();
        for thread in self.threads.drain(..).filter(|thread| thread.thread().id() != own) {
            // A thread that panicked has told so already.
            let _ = thread.join();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What Sipar needs of a server, looked at once.
fn prepare_server(session: &mut PgSession, schema: Option<&str>) -> Result<(), StoreError> {
    let run = |session: &mut PgSession| {
        session.begin("begin")?;
        if let Some(schema) = schema {
            session.batch(&format!("create schema if not exists {schema}"))?;
        }
        let mut plain = false;
        let question = "select 'a' < 'B' or current_setting('server_encoding') <> 'UTF8'";
        session.query(question, &[], &mut |row| {
            plain = matches!(row.try_get(0), Ok(false));
            std::ops::ControlFlow::Break(())
        })?;
        session.commit().map(|()| plain)
    };
    let mut tries = 0;
    loop {
        let outcome = run(session);
        session.rollback();
        tries += 1;
        match outcome {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(StoreError::Collation),
            // Another node makes the same schema at this moment.
            Err(Failure::Again(_)) if tries < writing::TRIES_MAX => thread::sleep(writing::pause(tries)),
            Err(failure) => return Err(failure.into_error("looking at the server", tries)),
        }
    }
}

/// A schema's name stands in statements as it is, so it has to be a plain word.
fn check_schema(name: &str) -> Result<(), Cause> {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    // 63 bytes: PostgreSQL's NAMEDATALEN less one.
    if plain && !name.is_empty() && name.len() <= 63 && !name.as_bytes()[0].is_ascii_digit() {
        return Ok(());
    }
    let why = format!("the schema `{name}` is no plain name: use a-z, 0-9 and _, at most 63, starting with a letter");
    Err(Cause::from(Box::<dyn std::error::Error + Send + Sync>::from(why)))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|error| StoreError::Open { place: format!("thread {name}"), source: Arc::new(error) })
}

/// Waiting is not allowed on a thread that runs asynchronous code; on a thread of our own it is.
fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, StoreError> {
    thread::scope(|scope| scope.spawn(work).join()).map_err(|_| StoreError::Closed)
}

async fn send<J>(queue: Option<&mpsc::Sender<J>>, job: J) -> Result<(), StoreError> {
    queue.ok_or(StoreError::Closed)?.send(job).await.map_err(|_| StoreError::Closed)
}

fn send_blocking<J>(queue: Option<&mpsc::Sender<J>>, job: J) -> Result<(), StoreError> {
    queue.ok_or(StoreError::Closed)?.blocking_send(job).map_err(|_| StoreError::Closed)
}

async fn receive<T, E: From<StoreError>>(answer: Answer<T, E>) -> Result<T, E> {
    answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
}
