//! All or nothing, one after the other, and no answer before the commit.

use super::{add, count, make_table};
use crate::testing::{each_config, each_store, each_store_blocking};
use crate::{Dialect, Reader, Store, StoreError, Tx, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[test]
fn an_error_undoes_everything() {
    each_store(|store| async move {
        make_table(&store).await;
        let refused: Result<(), StoreError> = store
            .write(|tx| {
                tx.execute("insert into thing(id) values (?1)", params![1])?;
                Err(StoreError::Closed)
            })
            .await;
        assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
        assert_eq!(count(&store).await, 0);
        add(&store, 1).await.expect("free to add");
        assert_eq!(count(&store).await, 1);
    });
}

#[test]
fn a_failed_statement_dooms_the_transaction() {
    each_store(|store| async move {
        make_table(&store).await;
        add(&store, 1).await.expect("the first");
        let doomed: Result<(), StoreError> = store
            .write(|tx| {
                tx.execute("insert into thing(id) values (?1)", params![2])?;
                let twice = tx.execute("insert into thing(id) values (?1)", params![1]);
                assert!(twice.is_err_and(|error| error.is_constraint()));
                let after = tx.execute("insert into thing(id) values (?1)", params![3]);
                assert!(matches!(after, Err(StoreError::Doomed { .. })));
                Ok(())
            })
            .await;
        assert!(matches!(doomed, Err(StoreError::Doomed { .. })), "{doomed:?}");
        assert_eq!(count(&store).await, 1);
    });
}

#[test]
fn neighbours_in_a_group_do_not_harm_each_other() {
    each_store(|store| async move {
        make_table(&store).await;
        let jobs = (0..200).map(|id| {
            let store = store.clone();
            tokio::spawn(async move {
                let kept = store
                    .write(move |tx| {
                        tx.execute("insert into thing(id) values (?1)", params![id])?;
                        match id % 4 {
                            0 => Err(StoreError::Closed),
                            1 => tx.execute("insert into thing(id) values (?1)", params![id]),
                            2 => panic!("a fault in job {id}"),
                            _ => Ok(1),
                        }
                    })
                    .await;
                (id, kept)
            })
        });
        for job in jobs.collect::<Vec<_>>() {
            let (id, kept) = job.await.expect("no panic reaches the caller");
            match id % 4 {
                0 => assert!(matches!(kept, Err(StoreError::Closed)), "{kept:?}"),
                1 => assert!(matches!(kept, Err(StoreError::Constraint { .. })), "{kept:?}"),
                2 => assert!(matches!(&kept, Err(StoreError::Panicked { message }) if message.contains("job"))),
                _ => assert!(kept.is_ok(), "{kept:?}"),
            }
        }
        assert_eq!(count(&store).await, 50);
    });
}

#[test]
fn numbers_are_given_once_and_without_gaps() {
    each_store(|store| async move {
        let jobs: Vec<_> = (1..=40)
            .map(|count: u64| {
                let store = store.clone();
                tokio::spawn(async move {
                    let _: Result<i64, StoreError> = store
                        .write(move |tx| {
                            tx.take_numbers("case", count)?;
                            Err(StoreError::Closed)
                        })
                        .await;
                    (store.write(move |tx| tx.take_numbers("case", count)).await, count)
                })
            })
            .collect();
        let mut given = Vec::new();
        for job in jobs {
            let (first, count) = job.await.expect("no panic");
            let first: i64 = first.expect("a number");
            given.extend((0..count).map(|n| first.unsigned_abs() + n));
        }
        given.sort_unstable();
        assert_eq!(given, (1..=820).collect::<Vec<u64>>());
    });
}

#[test]
fn two_nodes_on_one_store_lose_no_update() {
    each_config(|config| {
        let (one, two) = (Store::open(config).expect("node one"), Store::open(config).expect("node two"));
        let raise = |store: Store| {
            move || {
                for _ in 0..50 {
                    let raised: Result<(), StoreError> = store.write_blocking(|tx| {
                        let row = tx.query_one_opt("select value from counter where name = 'n'", params![])?;
                        let value = row.map_or(0, |row| row.get::<i64>(0)) + 1;
                        tx.execute(
                            "insert into counter(name, value) values ('n', ?1)
                             on conflict (name) do update set value = excluded.value",
                            params![value],
                        )?;
                        Ok(())
                    });
                    raised.expect("raised");
                }
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(raise(one.clone()));
            scope.spawn(raise(two));
        });
        let total = one.read_blocking(|r| r.query_one("select value from counter where name = 'n'", params![]));
        assert_eq!(total.expect("the total").get::<i64>(0), 100);
    });
}

#[test]
fn a_reader_sees_one_state_and_cannot_write() {
    each_store_blocking(|store| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(make_table(&store));
        let (inside, outside) = (Arc::new(std::sync::Barrier::new(2)), store.clone());
        let gate = Arc::clone(&inside);
        let reading = std::thread::spawn(move || {
            store.read_blocking(move |r| {
                let before: i64 = r.query_one("select count(*) from thing", params![])?.try_get(0)?;
                gate.wait();
                gate.wait();
                let after: i64 = r.query_one("select count(*) from thing", params![])?.try_get(0)?;
                let written = r.query("insert into thing(id) values (9) returning id", params![]);
                assert!(written.is_err(), "a reader wrote");
                Ok::<_, StoreError>((before, after))
            })
        });
        inside.wait();
        let written = outside.write_blocking(|tx| tx.execute("insert into thing(id) values (1)", params![]));
        assert_eq!(written.expect("written meanwhile"), 1);
        inside.wait();
        assert_eq!(reading.join().expect("no panic").expect("read"), (0, 0));
        assert_eq!(runtime.block_on(count(&outside)), 1);
    });
}

#[test]
fn what_takes_a_reader_takes_a_transaction_too() {
    fn names(reader: &mut Reader<'_>) -> Result<usize, StoreError> {
        reader.query("select name from thing", params![]).map(|rows| rows.len())
    }
    fn add_one(tx: &mut Tx<'_>) -> Result<usize, StoreError> {
        tx.execute("insert into thing(id) values (1)", params![])?;
        names(tx)
    }
    each_store(|store| async move {
        make_table(&store).await;
        assert_eq!(store.write(add_one).await.expect("added"), 1);
        assert_eq!(store.read(names).await.expect("read"), 1);
    });
}

#[test]
fn each_hands_rows_over_until_told_to_stop() {
    each_store(|store| async move {
        make_table(&store).await;
        let sql = "insert into thing(id) values (?1)";
        store.write(move |tx| tx.execute_many(sql, (0..1_000).map(|id| [id.into()]))).await.expect("added");
        let seen = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&seen);
        let stopped: Result<(), StoreError> = store
            .read(move |r| {
                let all = r.each("select id from thing order by id", params![], |row| {
                    match (counter.fetch_add(1, Ordering::Relaxed), row.get::<i64>(0)) {
                        (_, 700) => Err(StoreError::stopped(std::io::Error::other("enough"))),
                        _ => Ok(()),
                    }
                });
                assert_eq!(r.query("select id from thing where id < 5", params![])?.len(), 5);
                all
            })
            .await;
        assert!(matches!(stopped, Err(StoreError::Stopped { .. })), "{stopped:?}");
        assert_eq!(seen.load(Ordering::Relaxed), 701);
    });
}

#[test]
fn what_was_acknowledged_is_there_after_opening_again() {
    each_config(|config| {
        let store = Store::open(config).expect("opened");
        store.write_blocking(|tx| tx.take_numbers("x", 5)).expect("taken");
        drop(store);
        let store = Store::open(config).expect("opened again");
        assert_eq!(store.write_blocking(|tx| tx.take_numbers("x", 1)).expect("taken"), 6);
    });
}

#[test]
fn a_connection_that_died_is_replaced_and_one_that_dies_is_told() {
    each_config(|config| {
        let (store, other) = (Store::open(config).expect("opened"), Store::open(config).expect("opened"));
        if store.dialect() == Dialect::Sqlite {
            return;
        }
        fn own_pid(reader: &mut Reader<'_>) -> Result<i32, StoreError> {
            reader.query_one("select pg_backend_pid()", params![])?.try_get(0)
        }
        let end = move |pid: i32| {
            let ended = other.read_blocking(move |r| r.query("select pg_terminate_backend(?1)", params![pid]));
            ended.expect("ended");
        };
        let idle = store.write_blocking(|tx| own_pid(tx)).expect("a connection");
        end(idle);
        assert_eq!(store.write_blocking(|tx| tx.take_numbers("x", 1)).expect("on a new connection"), 1);
        let lost = store.write_blocking(move |tx| {
            tx.take_numbers("x", 1)?;
            end(own_pid(tx)?);
            tx.take_numbers("x", 1)
        });
        assert!(matches!(lost, Err(StoreError::Disconnected { .. })), "{lost:?}");
        assert_eq!(store.write_blocking(|tx| tx.take_numbers("x", 1)).expect("nothing was kept"), 2);
    });
}

#[test]
fn a_place_that_cannot_be_opened_is_named_without_its_password() {
    let check = |config: crate::StoreConfig, part: &str| {
        let error = Store::open(&config).err().expect("refused");
        let text = sipar_model::chain(&error);
        assert!(text.contains(part) && !text.contains("secret"), "{text}");
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    };
    let dir = tempfile::tempdir().expect("a folder");
    check(crate::StoreConfig::sqlite(dir.path().join("missing/x.sqlite")), "missing/x.sqlite");
    std::fs::write(dir.path().join("text"), vec![b'x'; 8_192]).expect("a file of another kind");
    check(crate::StoreConfig::sqlite(dir.path().join("text")), "not a database");
    let socket = dir.path().display().to_string().replace('/', "%2F");
    check(crate::StoreConfig::postgres(format!("postgres://u:secret@{socket}/d")), "cannot open the store");
    let odd = crate::StoreConfig::Postgres { url: "postgres://h/d".to_owned(), schema: Some("a; drop".to_owned()) };
    check(odd, "no plain name");
}
