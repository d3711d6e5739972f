//! A database of one's own on the PostgreSQL server that tests may use (`cargo xtask test` starts one).

use super::{required, until};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// Dropped with everything in it.
pub struct Database {
    pub url: String,
    name: String,
    keeper: Client,
    runtime: Runtime,
}

impl Database {
    /// `None` where there is no server; where tests must not be skipped, that is a failure.
    pub fn start(name: &str) -> Option<Self> {
        let server = std::env::var("SIPAR_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
        let Some(server) = server else {
            assert!(!required("SIPAR_TEST_POSTGRES_REQUIRED"), "PostgreSQL is required: run `cargo xtask test`");
            eprintln!("skipped: SIPAR_TEST_POSTGRES names no server");
            return None;
        };
        let name = format!("{name}_{}", std::process::id());
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let keeper = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&server, NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        let database = Self { url, name, keeper, runtime };
        database.run(&format!("create database {}", database.name));
        Some(database)
    }

    /// Nobody can connect any more, and whoever had is cut off.
    pub fn cut_off(&self) {
        self.run(&format!("alter database {} with allow_connections false", self.name));
        self.end_connections();
    }

    pub fn let_in(&self) {
        self.run(&format!("alter database {} with allow_connections true", self.name));
    }

    fn end_connections(&self) {
        self.run(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'", self.name));
    }

    fn run(&self, sql: &str) {
        self.runtime.block_on(self.keeper.batch_execute(sql)).unwrap();
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // It stays, to be looked at; the server is thrown away as a whole.
            return;
        }
        until("the end of all connections", || {
            self.end_connections();
            let drop_it = format!("drop database {}", self.name);
            self.runtime.block_on(self.keeper.batch_execute(&drop_it)).ok()
        });
    }
}
