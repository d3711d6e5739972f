//! Migrations run once, and data that does not fit this program is refused.

use crate::testing::{each_config, each_store};
use crate::{Migration, Store, StoreError, params};

const ONE: Migration =
    Migration { version: 1, sql: "create table a(id bigint primary key); create table b(id bigint);" };
const TWO: Migration =
    Migration { version: 2, sql: "--sqlite insert into b values (1);\n--postgres insert into b values (1);" };
const TWO_EDITED: Migration = Migration { version: 2, sql: "insert into b values (2);" };
const BROKEN: Migration = Migration { version: 3, sql: "insert into b values (3); insert into nowhere values (1);" };

async fn in_b(store: &Store) -> i64 {
    let counted = store.read(|r| r.query_one("select count(*) from b", params![])?.try_get(0)).await;
    counted.expect("counted")
}

#[test]
fn twice_does_no_harm_and_new_ones_are_added() {
    each_store(|store| async move {
        store.migrate("test", &[ONE]).await.expect("the first");
        assert_eq!(in_b(&store).await, 0);
        for _ in 0..2 {
            store.migrate("test", &[ONE, TWO]).await.expect("the second");
            assert_eq!(in_b(&store).await, 1);
        }
    });
}

#[test]
fn an_edited_or_newer_one_is_refused() {
    each_store(|store| async move {
        store.migrate("test", &[ONE, TWO]).await.expect("applied");
        let edited = store.migrate("test", &[ONE, TWO_EDITED]).await;
        assert!(matches!(edited, Err(StoreError::ChangedMigration { version: 2, .. })), "{edited:?}");
        let older = store.migrate("test", &[ONE]).await;
        assert!(matches!(older, Err(StoreError::NewerSchema { version: 2, .. })), "{older:?}");
        store.migrate("other", &[]).await.expect("another crate has its own");
    });
}

#[test]
fn a_broken_one_leaves_nothing_behind() {
    each_store(|store| async move {
        let broken = store.migrate("test", &[ONE, TWO, BROKEN]).await;
        assert!(matches!(broken, Err(StoreError::Migration { version: 3, .. })), "{broken:?}");
        assert_eq!(in_b(&store).await, 1);
        store.migrate("test", &[ONE, TWO]).await.expect("as if it had never been tried");
    });
}

#[test]
fn several_nodes_may_start_at_once() {
    each_config(|config| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let store = Store::open(config).expect("opened");
                    store.migrate_blocking("test", &[ONE, TWO]).expect("applied by one of them");
                });
            }
        });
        let store = Store::open(config).expect("opened");
        let rows = store.read_blocking(|r| r.query_one("select count(*) from b", params![])?.try_get::<i64>(0));
        assert_eq!(rows.expect("counted"), 1);
    });
}
