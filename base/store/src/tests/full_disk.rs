//! A full disk: a clear error, everything before it safe, and work goes on once there is room.
//! SQLite's `max_page_count` gives the same error (`SQLITE_FULL`) as a disk without room does.

use super::{add, count, make_table};
use crate::{Store, StoreConfig, StoreError, params};

#[test]
fn a_full_disk_is_told_and_harms_nobody_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(&StoreConfig::sqlite(dir.path().join("x.sqlite"))).expect("opened");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        make_table(&store).await;
        add(&store, 1).await.expect("room for one");
        set_pages(&store, 30).await;
        let big = |id: i64| {
            let store = store.clone();
            async move {
                let insert = "insert into thing(id, name) values (?1, ?2)";
                store.write(move |tx| tx.execute(insert, params![id, "x".repeat(1 << 20)])).await
            }
        };
        // The small ones share a group with the big ones, or not: they are kept either way.
        let (a, b, c, d, e) = tokio::join!(add(&store, 2), big(3), add(&store, 4), big(5), add(&store, 6));
        for small in [a, c, e] {
            assert_eq!(small.expect("kept"), 1);
        }
        for big in [b, d] {
            let error = big.expect_err("no room");
            assert!(error.is_disk_full(), "{error:?}");
            assert!(error.to_string().contains("free some space"), "{error}");
        }
        assert_eq!(count(&store).await, 4);
        set_pages(&store, 1 << 20).await;
        big(7).await.expect("room again");
        assert_eq!(count(&store).await, 5);
    });
}

async fn set_pages(store: &Store, pages: u32) {
    let set = store.write(move |tx| tx.query(&format!("pragma max_page_count = {pages}"), params![]).map(|_| ()));
    let set: Result<(), StoreError> = set.await;
    set.expect("the bound is set");
}
