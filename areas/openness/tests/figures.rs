//! Figures are counted from the ledger alone: bit by bit or all at once, they are the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::json;
use sipar_area::{Area as _, Blobs, House, Instance, OwnersCell, Packs};
use sipar_ledger::{Entry, Ledger, LedgerKey};
use sipar_model::{SystemClock, TimestampMs};
use sipar_openness::{
    OpennessArea, OpennessError,
    model::{Figures, Month, measure},
    store,
};
use sipar_snapshot::SigningKey;
use sipar_store::testing::each_store;
use std::sync::Arc;

/// 1 November 2026 in UTC.
const NOVEMBER: i64 = 1_793_491_200_000;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

struct Rig {
    house: House,
    area: Arc<OpennessArea>,
    _folder: tempfile::TempDir,
}

impl Rig {
    async fn new(store: sipar_store::Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = LedgerKey::generate("sipar.example.org/ledger").unwrap();
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).unwrap()),
            clock: Arc::new(SystemClock),
            blobs: Blobs::open(&folder.path().join("blobs")).unwrap(),
            packs: Packs::default(),
            owners: OwnersCell::default(),
            snapshot_key: Arc::new(SigningKey::from_seed([9; 32]).unwrap()),
            data: folder.path().to_owned(),
            instance: Arc::new(Instance {
                organisation: "Example CERT".into(),
                contact: "mailto:cert@example.org".into(),
                portal: "http://localhost".into(),
                time_zone: "Asia/Karachi".into(),
            }),
        };
        let area = sipar_openness::area(&house);
        store.migrate("ledger", sipar_ledger::MIGRATIONS).await.unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        Self { house, area, _folder: folder }
    }

    async fn publish(&self, entries: Vec<Entry>) {
        let write = self.house.store.write(move |tx| sipar_ledger::append(tx, &entries, TimestampMs(1)));
        write.await.unwrap();
        while self.house.ledger.publish(&self.house.store).await.unwrap().more {}
    }

    async fn count(&self) -> u64 {
        self.area.openness().count().await.unwrap()
    }

    async fn figures(&self) -> Vec<Figures> {
        let now = Month::parse("2026-12");
        self.house.store.read(move |reader| store::figures(reader, 60, now)).await.unwrap()
    }
}

fn block(day: i64, category: &str, by: &str) -> Entry {
    Entry::new("block", TimestampMs(NOVEMBER + day * DAY_MS), json!({ "category": category, "by": by }))
}

fn ruling(day: i64, outcome: &str, took_hours: i64) -> Entry {
    let at = NOVEMBER + day * DAY_MS;
    Entry::new("ruling", TimestampMs(at), json!({ "outcome": outcome, "received_at": at - took_hours * HOUR_MS }))
}

/// Two months of all kinds.
fn entries() -> Vec<Entry> {
    let mut entries = vec![ruling(3, "granted", 2), ruling(4, "upheld", 10), ruling(5, "granted", 4)];
    entries.extend((0..400).map(|n| block(n % 20, if n % 4 == 0 { "c2" } else { "phishing" }, "rule:phishing")));
    entries.extend((0..7).map(|n| block(31 + n, "fraud", "person:night desk")));
    entries.push(ruling(32, "ended", 90));
    entries.push(Entry::new("undo", TimestampMs(NOVEMBER), json!({ "action": "block" })));
    entries.push(Entry::new("delta", TimestampMs(NOVEMBER), json!({})));
    entries
}

#[test]
fn counted_bit_by_bit_or_anew_the_figures_are_the_same() {
    each_store(|store| async move {
        let rig = Rig::new(store).await;
        assert_eq!(rig.count().await, 0);
        assert!(rig.figures().await.is_empty());
        let mut all = entries();
        let size = all.len() as u64;
        let rest = all.split_off(2);
        rig.publish(all).await;
        assert_eq!(rig.count().await, 2);
        for part in rest.chunks(150) {
            rig.publish(part.to_vec()).await;
            rig.count().await;
        }
        assert_eq!((rig.count().await, rig.count().await), (size, size));
        let figures = rig.figures().await;
        let [november, december] = &figures[..] else { panic!("{figures:?}") };
        assert_eq!((november.month.as_str(), november.complete), ("2026-11", true));
        assert_eq!((december.month.as_str(), december.complete), ("2026-12", false));
        assert_eq!((november.of(measure::BLOCK_CATEGORY, "c2"), november.all(measure::BLOCK_CATEGORY)), (100, 400));
        assert_eq!(november.of(measure::BLOCK_SOURCE, "rule:phishing"), 400);
        assert_eq!(december.of(measure::BLOCK_SOURCE, "person"), 7);
        assert_eq!((november.answered, november.answer_median_hours), (3, Some(4.0)));
        assert_eq!((december.answered, december.answer_median_hours), (0, None));
        assert_eq!((november.of(measure::END, "undone"), december.of(measure::RULING, "ended")), (1, 1));
        rig.house.store.write(store::reset).await.unwrap();
        assert!(rig.figures().await.is_empty());
        assert_eq!(rig.count().await, size);
        assert_eq!(rig.figures().await, figures);
    });
}

#[test]
fn what_another_node_counted_is_not_counted_twice_and_another_ledger_is_counted_anew() {
    each_store(|store| async move {
        let rig = Rig::new(store).await;
        rig.publish(entries()).await;
        let size = rig.count().await;
        let figures = rig.figures().await;
        // Somebody who was slower brings the same part.
        let late = rig.house.store.write(|tx| store::add(tx, 0, 7, &sipar_openness::model::Tally::default())).await;
        assert!(!late.unwrap());
        // The folder was restored from an earlier time: the cursor stands beyond its end.
        let beyond = rig.house.store.write(move |tx| {
            let mut tally = sipar_openness::model::Tally::default();
            tally.add(size, &block(1, "c2", "rule:x"));
            Ok::<_, OpennessError>(store::add(tx, size, size + 10, &tally)?)
        });
        assert!(beyond.await.unwrap());
        assert_ne!(rig.figures().await, figures);
        assert_eq!(rig.count().await, size);
        assert_eq!(rig.figures().await, figures);
    });
}
