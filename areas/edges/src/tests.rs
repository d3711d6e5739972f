//! The area in a house of its own: states go in, and edges' questions and reports come out as they should.

mod rollout;

use crate::{EdgesArea, area, http::report::REPORT_BYTES_MAX, store};
use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response},
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sipar_area::{Area as _, AreaError, Blobs, House, Instance, OwnersCell, Packs};
use sipar_authz::SystemRandom;
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::{
    Clock, Fact, FactKind, Sighting, SnapshotSerial, TimestampMs,
    fact::{DeltaPublished, SnapshotPublished},
};
use sipar_snapshot::{FileName, Latest, SigningKey};
use sipar_store::{Store, Tx, outbox, testing};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use tempfile::TempDir;
use tower::ServiceExt as _;

const NOW: TimestampMs = TimestampMs(1_790_000_040_000);

/// A clock that is set by hand.
struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

struct Rig {
    house: House,
    area: Arc<EdgesArea>,
    clock: Arc<HandClock>,
    _folder: TempDir,
}

fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let key = LedgerKey::generate("sipar.example.org/ledger").expect("key");
        let clock = Arc::new(HandClock(AtomicI64::new(NOW.0)));
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).expect("ledger")),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            blobs: Blobs::open(&folder.path().join("blobs")).expect("blobs"),
            packs: Packs::default(),
            owners: OwnersCell::default(),
            snapshot_key: Arc::new(SigningKey::from_seed([9; 32]).expect("key")),
            data: folder.path().to_owned(),
            instance: Arc::new(Instance {
                organisation: "Example CERT".into(),
                contact: "mailto:cert@example.org".into(),
                portal: "http://localhost".into(),
                time_zone: "Asia/Karachi".into(),
            }),
        };
        let area = area(&house);
        store.migrate(area.name(), area.migrations()).await.expect("tables");
        store.migrate(area.name(), area.migrations()).await.expect("tables, again");
        Self { house, area, clock, _folder: folder }
    }

    /// The same house after a restart: what was in memory is gone.
    async fn restart(&mut self) {
        self.area = area(&self.house);
        self.area.edges().refresh().await.expect("refreshed");
    }

    fn blob(&self, content: &[u8]) -> String {
        let file = self.house.blobs.incoming().join("new");
        std::fs::write(&file, content).expect("written");
        self.house.blobs.adopt(&file).expect("blob")
    }

    async fn whole(&self, serial: u64, content: &[u8]) {
        let (serial, blob) = (SnapshotSerial(serial), self.blob(content));
        let file_bytes = content.len() as u64;
        self.hear(Fact::Snapshot(SnapshotPublished { serial, blob, entries: 1, file_bytes, created_at: NOW })).await;
    }

    async fn change(&self, from: u64, content: &[u8]) {
        let (from, to, blob) = (SnapshotSerial(from), SnapshotSerial(from + 1), self.blob(content));
        let file_bytes = content.len() as u64;
        self.hear(Fact::Delta(DeltaPublished { from, to, blob, updates: 1, file_bytes, created_at: NOW })).await;
    }

    async fn hear(&self, fact: Fact) {
        self.house.store.write(move |tx| outbox::say(tx, &fact, NOW)).await.expect("said");
        let area = Arc::clone(&self.area);
        let effect = move |tx: &mut Tx<'_>, fact: &Fact| area.hear(tx, fact);
        let heard = outbox::hear(&self.house.store, "edges", self.area.hears(), effect).await;
        heard.unwrap_or_else(|error: AreaError| panic!("{}", error.chain()));
    }

    async fn key(&self, name: &str) -> String {
        self.area.edges().fleet.add(name, &SystemRandom).await.expect("edge").key_text()
    }

    async fn send(&self, method: &str, path: &str, key: &str, body: Vec<u8>) -> (u16, Response<Body>) {
        let doors = self.area.edges().doors();
        let router = doors.into_iter().fold(Router::new(), |all, route| all.route(route.path, route.handler));
        let mut request = Request::builder().method(method).uri(path);
        if !key.is_empty() {
            request = request.header("x-api-key", key);
        }
        let response = router.oneshot(request.body(Body::from(body)).expect("request")).await.expect("response");
        (response.status().as_u16(), response)
    }

    async fn get(&self, path: &str, key: &str) -> (u16, Bytes) {
        let (status, response) = self.send("GET", path, key, Vec::new()).await;
        (status, response.into_body().collect().await.expect("body").to_bytes())
    }

    async fn latest(&self, query: &str, key: &str) -> Latest {
        let (status, body) = self.get(&format!("/edge/v1/latest/all{query}"), key).await;
        assert_eq!(status, 200, "{query}");
        Latest::read(&body, &self.house.snapshot_key.verifying_key()).expect("signed by us")
    }

    async fn tell(&self, key: &str, report: &Value) -> (u16, Value) {
        let (status, response) = self.send("POST", "/edge/v1/report", key, report.to_string().into_bytes()).await;
        let body = response.into_body().collect().await.expect("body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Every count that was said since the last time.
    async fn counts(&self) -> Vec<Sighting> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let effect = move |_: &mut Tx<'_>, fact: &Fact| -> Result<(), AreaError> {
            if let Fact::Sightings(counts) = fact {
                into.lock().expect("heard").extend(counts.clone());
            }
            Ok(())
        };
        outbox::hear(&self.house.store, "counter", &[FactKind::Sightings], effect).await.expect("heard");
        let heard = heard.lock().expect("heard");
        heard.clone()
    }

    async fn events(&self) -> Vec<(String, String, u64)> {
        self.area.edges().fleet.keep().await.expect("kept");
        let events = self.house.store.read(store::events).await.expect("events");
        let mut events: Vec<_> = events.into_iter().map(|event| (event.name, event.what, event.times)).collect();
        events.sort();
        events
    }
}

fn report(serial: u64, sequence: u64, counts: &[(i64, u64)]) -> Value {
    let counts: Vec<Value> = counts
        .iter()
        .map(|(minute, count)| {
            json!({ "decision": 7, "minute": NOW.0 - minute * 60_000, "count": count, "network": "", "shadow": false })
        })
        .collect();
    json!({
        "version": "1.0", "serial": serial, "started_at": NOW.0, "healthy": true, "error": null,
        "answers": { "queries": 10, "blocked": 2, "failed": 0, "refused": 0 },
        "spool": "abc", "dropped": 0, "batch": { "sequence": sequence, "counts": counts },
    })
}

#[test]
fn an_edge_is_told_the_way_and_fetches_what_was_published_alone() {
    each_rig(|mut rig| async move {
        let key = rig.key("lahore").await;
        assert_eq!(rig.get("/edge/v1/latest/all", &key).await.0, 503, "nothing was published");
        rig.whole(1, b"the whole of the first state").await;
        rig.change(1, b"one change").await;
        rig.change(2, b"another").await;
        let other = rig.blob(b"a blob of somebody else");
        let all = rig.latest("", &key).await;
        let own = rig.latest("?after=2", &key).await;
        for rig_again in [false, true] {
            if rig_again {
                rig.restart().await;
            }
            assert_eq!(rig.latest("", &key).await.serial, SnapshotSerial(3), "{rig_again}");
            let steps = |latest: &Latest| latest.deltas.iter().map(|(from, to, _)| (from.0, to.0)).collect::<Vec<_>>();
            assert_eq!((steps(&all), steps(&own)), (vec![(1, 2), (2, 3)], vec![(2, 3)]));
            let name = FileName::of(b"another").to_string();
            assert_eq!(rig.get(&format!("/edge/v1/files/{name}"), &key).await, (200, Bytes::from_static(b"another")));
            assert_eq!(rig.get(&format!("/edge/v1/files/{other}"), &key).await.0, 404, "{rig_again}");
        }
        for (path, status) in [("/edge/v1/latest/other", 404), ("/edge/v1/latest/all?after=-1", 400)] {
            assert_eq!(rig.get(path, &key).await.0, status, "{path}");
        }
    });
}

#[test]
fn who_is_up_to_date_is_held_until_there_is_news() {
    each_rig(|rig| async move {
        let key = rig.key("lahore").await;
        rig.whole(1, b"the whole of the first state").await;
        let (latest, ()) = tokio::join!(rig.latest("?after=1", &key), async {
            // The question stands before the news comes.
            while rig.area.edges().released.receiver_count() == 0 {
                tokio::task::yield_now().await;
            }
            rig.change(1, b"one change").await;
        });
        assert_eq!(latest.serial, SnapshotSerial(2));
    });
}

#[test]
fn a_batch_is_counted_once_in_the_edges_own_name() {
    each_rig(|mut rig| async move {
        let key = rig.key("lahore").await;
        rig.whole(1, b"the whole of the first state").await;
        for _ in 0..2 {
            let (status, told) = rig.tell(&key, &report(1, 5, &[(1, 3), (2, 4)])).await;
            assert_eq!((status, told), (200, json!({ "ring": "all", "taken": 5 })));
        }
        let counts: Vec<_> = rig.counts().await.into_iter().map(|count| (count.network, count.count)).collect();
        assert_eq!(counts, [("lahore".to_owned(), 3), ("lahore".to_owned(), 4)]);
        // An older number that comes late, also after a restart, is taken already; a later one is not.
        rig.restart().await;
        assert_eq!(rig.tell(&key, &report(1, 4, &[(1, 9)])).await.0, 200);
        assert_eq!(rig.counts().await, []);
        assert_eq!(rig.tell(&key, &report(1, 6, &[(1, 9)])).await.0, 200);
        assert_eq!(rig.counts().await.len(), 1);
        let states = rig.house.store.read(store::states).await.expect("states");
        let state = &states[0];
        assert_eq!((state.name.as_str(), state.serial, state.healthy, state.blocked), ("lahore", Some(1), true, 2));
        assert_eq!(rig.events().await, []);
    });
}

#[test]
fn what_cannot_be_is_left_out_and_stands_on_the_page() {
    each_rig(|rig| async move {
        let (key, other) = (rig.key("lahore").await, rig.key("multan").await);
        rig.whole(1, b"the whole of the first state").await;
        // A count of tomorrow, one of nothing, and a state that was never published.
        assert_eq!(rig.tell(&key, &report(9, 1, &[(-1_440, 3), (1, 0), (1, 2)])).await.0, 200);
        assert_eq!(rig.counts().await.len(), 1);
        let states = rig.house.store.read(store::states).await.expect("states");
        assert_eq!(states[0].serial, None);
        let mut long = report(1, 2, &[]);
        long["batch"]["counts"] = report(1, 2, &[(1, 1); 1_001])["batch"]["counts"].clone();
        let mut strange = report(1, 2, &[(1, 1)]);
        strange["spool"] = json!("../spool");
        for bad in [json!({}), json!([]), json!("x"), long, strange] {
            assert_eq!(rig.tell(&other, &bad).await.0, 400);
        }
        let huge = vec![b' '; REPORT_BYTES_MAX + 1];
        assert_eq!(rig.send("POST", "/edge/v1/report", &other, huge).await.0, 413);
        for wrong in ["", "x", &key[..key.len() - 1]] {
            assert_eq!(rig.tell(wrong, &report(1, 3, &[(1, 1)])).await.0, 401, "{wrong}");
        }
        let event = |name: &str, what: &str, times| (name.to_owned(), what.to_owned(), times);
        let expect = [
            event("", "no-key", 1),
            event("", "unknown-key", 2),
            event("lahore", "implausible-count", 2),
            event("lahore", "impossible-serial", 1),
            event("multan", "bad-report", 5),
        ];
        assert_eq!(rig.events().await, expect);
        assert_eq!(rig.counts().await, []);
    });
}

#[test]
fn a_flood_of_reports_is_refused_for_its_minute() {
    each_rig(|rig| async move {
        let (key, other) = (rig.key("lahore").await, rig.key("multan").await);
        rig.whole(1, b"the whole of the first state").await;
        for _ in 0..crate::fleet::REPORTS_PER_MINUTE_MAX {
            assert!(!rig.area.edges().fleet.too_often("lahore"));
        }
        assert_eq!(rig.tell(&key, &report(1, 1, &[(1, 1)])).await.0, 429);
        assert_eq!(rig.tell(&other, &report(1, 1, &[(1, 1)])).await.0, 200, "it is another's flood");
        rig.clock.0.fetch_add(60_000, Ordering::SeqCst);
        assert_eq!(rig.tell(&key, &report(1, 1, &[(1, 1)])).await.0, 200);
        assert_eq!(rig.events().await, [("lahore".to_owned(), "too-often".to_owned(), 1)]);
    });
}

#[test]
fn a_removed_edge_opens_nothing_and_a_name_is_used_once() {
    each_rig(|rig| async move {
        let key = rig.key("lahore").await;
        rig.whole(1, b"the whole of the first state").await;
        let fleet = &rig.area.edges().fleet;
        assert!(fleet.add("lahore", &SystemRandom).await.is_err());
        assert!(fleet.add("La hore", &SystemRandom).await.is_err());
        assert_eq!(rig.get("/edge/v1/latest/all", &key).await.0, 200);
        assert_eq!(rig.tell(&key, &report(1, 1, &[(1, 1)])).await.0, 200);
        fleet.remove("lahore").await.expect("removed");
        assert!(fleet.remove("lahore").await.is_err());
        assert_eq!(rig.get("/edge/v1/latest/all", &key).await.0, 401);
        assert_eq!(rig.house.store.read(store::states).await.expect("states"), []);
        assert_eq!(fleet.all(), []);
    });
}
