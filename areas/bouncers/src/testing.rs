//! What several tests need: the area in a house crate::{Bouncers, BouncersArea, area};
use crate::{Bouncers, BouncersArea, area};
use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use sipar_area::{Area as _, AreaError, Blobs, House, Instance, OwnersCell, Packs};
use sipar_authz::SystemRandom;
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::{
    Action, Category, Clock, DecisionNumber, Fact, Observable, Severity, SnapshotSerial, TimestampMs, Tlp,
    fact::{DeltaPublished, SnapshotPublished},
};
use sipar_snapshot::{
    DeltaBuilder, DeltaHead, ListId, ListInfo, Mode, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey, Update,
};
use sipar_store::{Store, Tx, outbox, testing};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) const NOW: TimestampMs = TimestampMs(1_790_000_000_000);
pub(crate) const NOTHING: &str = r#"{"new": [], "deleted": []}"#;

/// A clock that is set by hand.
pub(crate) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

/// The area in a house of its own.
pub(crate) struct Rig {
    pub(crate) house: House,
    pub(crate) area: Arc<BouncersArea>,
    clock: Arc<HandClock>,
    _folder: TempDir,
}

pub(crate) fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    pub(crate) async fn new(store: Store) -> Self {
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
        let area = area(&house).expect("area");
        store.migrate(area.name(), area.migrations()).await.expect("tables");
        store.migrate(area.name(), area.migrations()).await.expect("tables, again");
        Self { house, area, clock, _folder: folder }
    }

    pub(crate) fn bouncers(&self) -> &Arc<Bouncers> {
        self.area.bouncers()
    }

    /// Later, by the clock of this house.
    pub(crate) fn pass_ms(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// The same house after a restart: what was in memory is gone.
    pub(crate) async fn restart(&mut self) {
        self.area = area(&self.house).expect("area");
        self.bouncers().clients.refresh().await.expect("clients");
    }

    /// Publishes a whole state in which these are blocked, by the decisions with the numbers 1, 2, ...
    pub(crate) async fn publish(&self, serial: u64, blocked: &[&str]) {
        let head = PolicyHead { serial: SnapshotSerial(serial), created: NOW, contact: "mailto:a@b.example".into() };
        let mut builder = PolicyBuilder::new(head);
        let info = ListInfo { slug: "c2".into(), title: "C2".into(), category: Category::C2, mode: Mode::Enforce };
        let list = builder.list(info).expect("list");
        for (number, text) in blocked.iter().enumerate() {
            let entry = entry(text, list, u32::try_from(number).expect("few") + 1);
            builder.add(entry).expect("entry");
        }
        let file = self.house.blobs.incoming().join("state");
        let built = builder.write(&file, &self.house.snapshot_key).expect("file");
        let blob = self.house.blobs.adopt(&file).expect("blob");
        let (entries, file_bytes) = (built.entries, built.file_bytes);
        let serial = SnapshotSerial(serial);
        let fact = Fact::Snapshot(SnapshotPublished { serial, blob, entries, file_bytes, created_at: NOW });
        self.hear(fact).await;
    }

    /// Publishes a change: what is blocked from now on, and what no longer.
    pub(crate) async fn change(&self, from: u64, blocked: &[&str], gone: &[&str]) {
        let info = ListInfo { slug: "c2".into(), title: "C2".into(), category: Category::C2, mode: Mode::Enforce };
        let (from, to) = (SnapshotSerial(from), SnapshotSerial(from + 1));
        let contact = "mailto:a@b.example".into();
        let mut builder = DeltaBuilder::new(DeltaHead { from, to, created: NOW, contact, lists: vec![info] });
        let whole = |text: &str| entry(text, ListId(0), 9);
        for text in blocked {
            let observable = Observable::guess(text).expect(text);
            builder.add(Update { observable, before: Vec::new(), after: vec![whole(text)] }).expect("update");
        }
        for text in gone {
            let observable = Observable::guess(text).expect(text);
            builder.add(Update { observable, before: vec![whole(text)], after: Vec::new() }).expect("update");
        }
        let file = self.house.blobs.incoming().join("change");
        let built = builder.write(&file, &self.house.snapshot_key).expect("file");
        let blob = self.house.blobs.adopt(&file).expect("blob");
        let (updates, file_bytes) = (built.updates as u64, built.file_bytes);
        self.hear(Fact::Delta(DeltaPublished { from, to, blob, updates, file_bytes, created_at: NOW })).await;
    }

    pub(crate) async fn hear(&self, fact: Fact) {
        self.house.store.write(move |tx| outbox::say(tx, &fact, NOW)).await.expect("said");
        let area = Arc::clone(&self.area);
        let effect = move |tx: &mut Tx<'_>, fact: &Fact| area.hear(tx, fact);
        let heard = outbox::hear(&self.house.store, "bouncers", self.area.hears(), effect).await;
        heard.unwrap_or_else(|error: AreaError| panic!("{}", error.chain()));
        self.bouncers().follow().await.expect("followed");
    }

    pub(crate) async fn key(&self, name: &str, scopes: &str) -> String {
        self.bouncers().clients.add(name, scopes, &SystemRandom).await.expect("client").key_text()
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        let router =
            self.bouncers().doors().into_iter().fold(Router::new(), |all, route| all.route(route.path, route.handler));
        let mut request = Request::builder().method(method).uri(path).header("user-agent", "test-bouncer/v1.2");
        if !key.is_empty() {
            request = request.header("x-api-key", key);
        }
        let request = request.body(Body::from(body.to_owned())).expect("request");
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.expect("whole").to_bytes();
        (status, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> String {
        let (status, body) = self.ask("GET", path, key, "").await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The values that a stream tells, new and deleted.
    pub(crate) async fn stream(&self, query: &str, key: &str) -> [Vec<String>; 2] {
        let told: Value =
            serde_json::from_str(&self.get(&format!("/v1/decisions/stream{query}"), key).await).expect("JSON");
        ["new", "deleted"].map(|part| {
            let all = told[part].as_array().expect("an array, never null");
            all.iter().map(|one| one["value"].as_str().expect("text").to_owned()).collect()
        })
    }
}

pub(crate) fn entry(text: &str, list: ListId, decision: u32) -> PolicyEntry {
    PolicyEntry {
        observable: Observable::guess(text).expect(text),
        scope: Scope::Exact,
        action: Action::Block,
        category: Category::C2,
        severity: Severity::High,
        tlp: Tlp::Clear,
        list,
        expires: NOW.plus_ms(3_600_000),
        decision: DecisionNumber(decision),
        score: 80,
        evidence: Vec::new(),
    }
}

pub(crate) fn values(new: &[&str], deleted: &[&str]) -> [Vec<String>; 2] {
    [new, deleted].map(|values| values.iter().map(|value| (*value).to_owned()).collect())
}
