//! From a transaction of the store into the folder, on SQLite and on PostgreSQL.

use super::{key, open};
use crate::{Entry, EntryError, LedgerError, MIGRATIONS, Waiting, append, verify, waiting};
use serde_json::json;
use sipar_model::TimestampMs;
use sipar_store::testing::each_store;
use sipar_store::{Store, StoreError};

const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

fn entry(number: u64) -> Entry {
    Entry::new("decision", NOW, json!({"number": number, "reason": "test"}))
}

async fn add(store: &Store, numbers: std::ops::Range<u64>) -> Vec<u64> {
    let entries: Vec<Entry> = numbers.map(entry).collect();
    store.write(move |tx| append(tx, &entries, NOW)).await.expect("appended")
}

#[test]
fn entries_go_from_the_transaction_into_the_folder_once() {
    each_store(|store| async move {
        store.migrate("sipar-ledger", MIGRATIONS).await.expect("migrated");
        let dir = tempfile::tempdir().expect("a folder");
        let ledger = open(dir.path());
        let none = ledger.publish(&store).await.expect("nothing to publish");
        assert_eq!((none.entries, none.size, none.more), (0, 0, false));
        assert_eq!(add(&store, 0..1).await, [0]);
        assert_eq!(add(&store, 1..300).await, (1..300).collect::<Vec<u64>>());
        let before = store.read(waiting).await.expect("counted");
        assert_eq!(before, Waiting { entries: 300, oldest: Some(NOW) });
        let first = ledger.publish(&store).await.expect("published");
        assert_eq!((first.entries, first.size), (300, 300));
        add(&store, 300..302).await;
        ledger.publish(&store).await.expect("published");
        let after = store.read(waiting).await.expect("counted");
        assert_eq!(after, Waiting { entries: 0, oldest: None });
        assert_eq!(verify(dir.path(), key().verifying_key()).expect("whole").size, 302);
        assert_eq!(ledger.entry(299).expect("there"), entry(299));
        assert_eq!(ledger.entry(301).expect("there"), entry(301));
        assert!(matches!(ledger.entry(302), Err(LedgerError::Outside { index: 302, size: 302 })));
    });
}

#[test]
fn what_is_undone_was_never_appended() {
    each_store(|store| async move {
        store.migrate("sipar-ledger", MIGRATIONS).await.expect("migrated");
        let undone: Result<(), LedgerError> = store
            .write(|tx| {
                append(tx, &[entry(7)], NOW)?;
                Err(StoreError::Closed.into())
            })
            .await;
        assert!(undone.is_err());
        let long = Entry::new("x", NOW, json!("y".repeat(65_535)));
        let refused = store.write(move |tx| append(tx, &[entry(0), long.clone()], NOW)).await;
        assert!(matches!(refused, Err(LedgerError::Entry(EntryError::TooLong { .. }))), "{refused:?}");
        assert_eq!(add(&store, 0..2).await, [0, 1]);
    });
}

#[test]
fn many_callers_and_a_publisher_at_once_lose_nothing() {
    each_store(|store| async move {
        store.migrate("sipar-ledger", MIGRATIONS).await.expect("migrated");
        let dir = tempfile::tempdir().expect("a folder");
        let ledger = open(dir.path());
        let callers: Vec<_> = (0..20_u64)
            .map(|caller| {
                let store = store.clone();
                tokio::spawn(async move {
                    for round in 0..10 {
                        let number = caller * 10 + round;
                        add(&store, number..number + 1).await;
                    }
                })
            })
            .collect();
        for _ in 0..5 {
            ledger.publish(&store).await.expect("published");
        }
        for caller in callers {
            caller.await.expect("no panic");
        }
        ledger.publish(&store).await.expect("published");
        assert_eq!(verify(dir.path(), key().verifying_key()).expect("whole").size, 200);
        let mut seen: Vec<u64> = (0..200)
            .map(|index| ledger.entry(index).expect("there").body["number"].as_u64().expect("a number"))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..200).collect::<Vec<u64>>());
    });
}

#[test]
fn a_folder_put_back_to_an_older_state_is_refused() {
    each_store(|store| async move {
        store.migrate("sipar-ledger", MIGRATIONS).await.expect("migrated");
        let (dir, empty) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        add(&store, 0..5).await;
        open(dir.path()).publish(&store).await.expect("published");
        add(&store, 5..6).await;
        let refused = open(empty.path()).publish(&store).await;
        assert!(matches!(refused, Err(LedgerError::Diverged { .. })), "{refused:?}");
        let kept = open(dir.path()).publish(&store).await.expect("the right folder");
        assert_eq!(kept.size, 6);
    });
}
