//! What tests need: a fresh store of each kind, and a private PostgreSQL.
//!
//! Every test of a store runs on SQLite, and on PostgreSQL when [`POSTGRES_VARIABLE`] holds a URL
//! (`cargo xtask test` starts such a server). With [`REQUIRED_VARIABLE`] set to 1, as in CI, a missing server fails
//! the test: nothing is skipped in silence.

mod private_postgres;

use crate::{Durability, Store, StoreConfig};
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};

pub use private_postgres::{PrivatePostgres, PrivatePostgresError};

/// Holds the URL of a PostgreSQL server whose database tests may use.
pub const POSTGRES_VARIABLE: &str = "SIPAR_TEST_POSTGRES";

/// Holds 1 where a missing PostgreSQL is a failure.
pub const REQUIRED_VARIABLE: &str = "SIPAR_TEST_POSTGRES_REQUIRED";

/// Runs an asynchronous `test` on a fresh store of each kind.
///
/// ```no_run
/// sipar_store::testing::each_store(|store| async move {
///     store.write(|tx| tx.take_numbers("x", 1)).await.expect("a number");
/// });
/// ```
pub fn each_store<F: Future<Output = ()>>(test: impl Fn(Store) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    each_store_blocking(|store| runtime.block_on(test(store)));
}

/// Runs `test`, which may use [`Store::write_blocking`], on a fresh store of each kind.
pub fn each_store_blocking(test: impl Fn(Store)) {
    each_config(|config| test(open(config)));
}

/// Runs `test` with the configuration of a fresh store of each kind: for tests that open it themselves.
pub fn each_config(test: impl Fn(&StoreConfig)) {
    with_sqlite(&test);
    if let Some(url) = postgres_url() {
        with_postgres(&url, &test);
    }
}

fn with_sqlite(test: &impl Fn(&StoreConfig)) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    // A test outlives no power loss; without the syncs it is faster.
    let durability = Durability::ProcessKill;
    test(&StoreConfig::Sqlite { path: dir.path().join("test.sqlite"), durability });
}

fn with_postgres(url: &str, test: &impl Fn(&StoreConfig)) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let schema = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    test(&StoreConfig::Postgres { url: url.to_owned(), schema: Some(schema.clone()) });
    // After a failed test the schema stays, to be looked at; the server is thrown away as a whole.
    let keeper = open(&StoreConfig::postgres(url));
    let dropped = keeper.write_blocking(move |tx| tx.batch(&format!("drop schema {schema} cascade")));
    dropped.expect("the schema of the test can be dropped");
}

fn open(config: &StoreConfig) -> Store {
    Store::open(config).unwrap_or_else(|error| panic!("{}", sipar_model::chain(&error)))
}

/// The server that tests may use; panics when there must be one and is not.
#[must_use]
pub fn postgres_url() -> Option<String> {
    let url = std::env::var(POSTGRES_VARIABLE).ok().filter(|url| !url.is_empty());
    let required = std::env::var(REQUIRED_VARIABLE).is_ok_and(|value| value == "1");
    assert!(
        url.is_some() || !required,
        "{REQUIRED_VARIABLE} is set but {POSTGRES_VARIABLE} is not: run the tests with `cargo xtask test`"
    );
    url
}
