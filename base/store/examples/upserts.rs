//! Measures upserts a second: two integers and a text, in transactions of 10,000 rows, on a store that keeps what it
//! acknowledged through a loss of power.
//!
//!     cargo run --release -p sipar-store --example upserts [ROWS [postgres://...]]
//!
//! It makes a temporary SQLite file, or the table `upserts_measured` on the server, and removes it at the end.

use sipar_store::{Bulk, Column, Migration, Store, StoreConfig, StoreError, params, values};
use std::env::args;
use std::error::Error;
use std::time::Instant;

const ROWS_A_TRANSACTION: i64 = 10_000;

const TABLE: &[Migration] = &[Migration {
    version: 1,
    sql: "create table upserts_measured(id bigint primary key, seen bigint not null, name text not null);",
}];

const BULK: Bulk<'static> = Bulk {
    into: "insert into upserts_measured(id, seen, name)",
    columns: &[Column::Bigint, Column::Bigint, Column::Text],
    then: "on conflict (id) do update set seen = excluded.seen, name = excluded.name",
};

const ONE: &str = "insert into upserts_measured(id, seen, name) values (?1, ?2, ?3)
    on conflict (id) do update set seen = excluded.seen, name = excluded.name";

fn main() -> Result<(), Box<dyn Error>> {
    let rows: i64 = args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let file = std::env::temp_dir().join(format!("sipar-upserts-{}.sqlite", std::process::id()));
    let config = args().nth(2).map_or_else(|| StoreConfig::sqlite(&file), StoreConfig::postgres);
    let store = Store::open(&config)?;
    store.migrate_blocking("upserts-example", TABLE)?;
    measure("new rows, bulk", rows, |from, to| bulk(&store, from, to))?;
    measure("same rows again, bulk", rows, |from, to| bulk(&store, from, to))?;
    measure("same rows again, execute_many", rows, |from, to| many(&store, from, to))?;
    measure("one row a transaction, one caller", 1_000, |from, to| singly(&store, from, to))?;
    measure("one row a transaction, 64 callers", 20_000, |from, to| crowd(&store, from, to))?;
    measure("look-ups by key, query_many", rows.min(200_000), |from, to| look_up(&store, from, to))?;
    store.write_blocking(|tx| {
        tx.execute("drop table upserts_measured", params![])?;
        tx.execute("delete from migration where crate_name = 'upserts-example'", params![])
    })?;
    drop(store);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
    Ok(())
}

fn measure(what: &str, rows: i64, work: impl Fn(i64, i64) -> Result<(), StoreError>) -> Result<(), StoreError> {
    let start = Instant::now();
    let mut from = 0;
    while from < rows {
        let to = rows.min(from + ROWS_A_TRANSACTION);
        work(from, to)?;
        from = to;
    }
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate to print")]
    let rate = rows as f64 / seconds;
    println!("{what}: {rows} rows in {seconds:.2} s = {rate:.0} rows/s");
    Ok(())
}

fn bulk(store: &Store, from: i64, to: i64) -> Result<(), StoreError> {
    store.write_blocking(move |tx| {
        tx.bulk(&BULK, (from..to).map(|id| values![id, id * 7, format!("name{id}.example.com")])).map(|_| ())
    })
}

fn many(store: &Store, from: i64, to: i64) -> Result<(), StoreError> {
    store.write_blocking(move |tx| {
        tx.execute_many(ONE, (from..to).map(|id| values![id, id * 7, format!("name{id}.example.com")])).map(|_| ())
    })
}

fn singly(store: &Store, from: i64, to: i64) -> Result<(), StoreError> {
    (from..to).try_for_each(|id| {
        store.write_blocking(move |tx| tx.execute(ONE, params![id, id, "a.example.com"]).map(|_| ()))
    })
}

fn crowd(store: &Store, from: i64, to: i64) -> Result<(), StoreError> {
    std::thread::scope(|scope| {
        let share = (to - from) / 64 + 1;
        let callers: Vec<_> = (0..64)
            .map(|n| scope.spawn(move || singly(store, from + n * share, to.min(from + (n + 1) * share))))
            .collect();
        callers.into_iter().try_for_each(|caller| caller.join().unwrap_or(Err(StoreError::Closed)))
    })
}

fn look_up(store: &Store, from: i64, to: i64) -> Result<(), StoreError> {
    store.read_blocking(move |r| {
        r.query_many("select name from upserts_measured where id = ?1", (from..to).map(|id| values![id])).map(|_| ())
    })
}
