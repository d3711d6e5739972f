//! Tests that run on SQLite and on PostgreSQL.

mod bulk;
mod full_disk;
mod migrations;
mod outbox;
mod tls;
mod transactions;
mod values;

use crate::{Store, StoreError, params};

/// A table to play with.
pub(crate) async fn make_table(store: &Store) {
    let made = store.write(|tx| tx.batch("create table thing(id bigint primary key, name text)")).await;
    made.expect("the table is made");
}

/// How many things there are.
pub(crate) async fn count(store: &Store) -> i64 {
    let counted = store.read(|r| r.query_one("select count(*) from thing", params![])?.try_get(0));
    counted.await.expect("things can be counted")
}

/// Adds one thing.
pub(crate) async fn add(store: &Store, id: i64) -> Result<u64, StoreError> {
    store.write(move |tx| tx.execute("insert into thing(id) values (?1)", params![id])).await
}
