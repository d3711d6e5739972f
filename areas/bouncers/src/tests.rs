//! The area in a house of its own: published states go in, and bouncers' requests come out as they know them.

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
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt as _;

const NOW: TimestampMs = TimestampMs(1_790_000_000_000);
const NOTHING: &str = r#"{"new": [], "deleted": []}"#;

struct Still;

impl Clock for Still {
    fn now(&self) -> TimestampMs {
        NOW
    }
}

struct Rig {
    house: House,
    area: Arc<BouncersArea>,
    _folder: TempDir,
}

fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let key = LedgerKey::generate("sipar.example.org/ledger").expect("key");
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).expect("ledger")),
            clock: Arc::new(Still),
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
        Self { house, area, _folder: folder }
    }

    fn bouncers(&self) -> &Arc<Bouncers> {
        self.area.bouncers()
    }

    /// The same house after a restart: what was in memory is gone.
    async fn restart(&mut self) {
        self.area = area(&self.house);
        self.bouncers().clients.refresh().await.expect("clients");
    }

    /// Publishes a whole state in which these are blocked, by the decisions with the numbers 1, 2, ...
    async fn publish(&self, serial: u64, blocked: &[&str]) {
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
    async fn change(&self, from: u64, blocked: &[&str], gone: &[&str]) {
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

    async fn hear(&self, fact: Fact) {
        self.house.store.write(move |tx| outbox::say(tx, &fact, NOW)).await.expect("said");
        let area = Arc::clone(&self.area);
        let effect = move |tx: &mut Tx<'_>, fact: &Fact| area.hear(tx, fact);
        let heard = outbox::hear(&self.house.store, "bouncers", self.area.hears(), effect).await;
        heard.unwrap_or_else(|error: AreaError| panic!("{}", error.chain()));
        self.bouncers().follow().await.expect("followed");
    }

    async fn key(&self, name: &str, scopes: &str) -> String {
        self.bouncers().clients.add(name, scopes, &SystemRandom).await.expect("client").key_text()
    }

    async fn ask(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
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

    async fn get(&self, path: &str, key: &str) -> String {
        let (status, body) = self.ask("GET", path, key, "").await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The values that a stream tells, new and deleted.
    async fn stream(&self, query: &str, key: &str) -> [Vec<String>; 2] {
        let told: Value =
            serde_json::from_str(&self.get(&format!("/v1/decisions/stream{query}"), key).await).expect("JSON");
        ["new", "deleted"].map(|part| {
            let all = told[part].as_array().expect("an array, never null");
            all.iter().map(|one| one["value"].as_str().expect("text").to_owned()).collect()
        })
    }
}

fn entry(text: &str, list: ListId, decision: u32) -> PolicyEntry {
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

fn values(new: &[&str], deleted: &[&str]) -> [Vec<String>; 2] {
    [new, deleted].map(|values| values.iter().map(|value| (*value).to_owned()).collect())
}

#[test]
fn a_stream_tells_all_and_then_what_changes() {
    each_rig(|mut rig| async move {
        let key = rig.key("web", "decisions").await;
        assert_eq!(rig.ask("GET", "/v1/decisions/stream", &key, "").await.0, 503, "nothing was read yet");
        rig.publish(1, &["192.0.2.1", "198.51.100.0/24", "a.example"]).await;
        let expect = values(&["192.0.2.1", "198.51.100.0/24"], &[]);
        assert_eq!(rig.stream("?startup=true", &key).await, expect);
        assert_eq!(rig.get("/v1/decisions/stream", &key).await, NOTHING);
        // A look at the headers alone changes nothing.
        rig.publish(2, &["192.0.2.1", "2001:db8::1"]).await;
        assert_eq!(rig.ask("HEAD", "/v1/decisions/stream", &key, "").await, (200, String::new()));
        assert_eq!(rig.stream("?startup=false", &key).await, values(&["2001:db8::1"], &["198.51.100.0/24"]));
        assert_eq!(rig.get("/v1/decisions/stream?startup=false", &key).await, NOTHING);
        // Several states at once, and a restart in between: what was told is remembered.
        rig.publish(3, &["192.0.2.9"]).await;
        rig.bouncers().clients.keep().await.expect("kept");
        rig.restart().await;
        rig.publish(4, &["192.0.2.1", "192.0.2.9"]).await;
        let expect = values(&["192.0.2.1", "192.0.2.9"], &["2001:db8::1"]);
        assert_eq!(rig.stream("", &key).await, expect);
        // A machine that nobody has seen gets everything, whatever it says.
        let other = rig.key("new", "decisions").await;
        assert_eq!(rig.stream("?startup=false", &other).await, values(&["192.0.2.1", "192.0.2.9"], &[]));
    });
}

#[test]
fn filters_and_look_ups_are_the_originals() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1", "192.0.2.0/24", "2001:db8::/32"]).await;
        let one = r#"{"duration":"1h0m0s","id":1,"origin":"sipar","scenario":"sipar/c2","scope":"Ip","type":"ban","value":"192.0.2.1"}"#;
        let net =
            one.replace(r#""id":1"#, r#""id":2"#).replace(r#""Ip""#, r#""Range""#).replace("192.0.2.1", "192.0.2.0/24");
        let six = net.replace(r#""id":2"#, r#""id":3"#).replace("192.0.2.0/24", "2001:db8::/32");
        let list = |items: &[&str]| format!("[{}]", items.join(","));
        for (query, expect) in [
            ("", list(&[&net, one, &six])),
            ("?ip=192.0.2.1", list(&[&net, one])),
            ("?ip=192.0.2.2", list(&[&net])),
            ("?ip=2001:db8:1::1", list(&[&six])),
            ("?ip=198.51.100.1", "null".into()),
            ("?range=192.0.2.0/25", list(&[&net])),
            ("?range=192.0.0.0/16", "null".into()),
            ("?range=192.0.0.0/16&contains=false", list(&[&net, one])),
            ("?ip=192.0.2.1&scopes=ip", list(&[one])),
            ("?limit=1&offset=1", list(&[one])),
            ("?limit=0", "null".into()),
            ("?origins=CAPI", "null".into()),
            ("?type=captcha", "null".into()),
            ("?value=192.0.2.1&scope=Ip", list(&[one])),
        ] {
            assert_eq!(rig.get(&format!("/v1/decisions{query}"), &key).await, expect, "{query}");
        }
        for query in ["?ip=foo", "?range=1.2.3.4/64", "?contains=perhaps", "?limit=many"] {
            let (status, body) = rig.ask("GET", &format!("/v1/decisions{query}"), &key, "").await;
            let said: Value = serde_json::from_str(&body).expect("JSON");
            assert!(status == 500 && said["message"].is_string(), "{query}: {status} {body}");
        }
        assert_eq!(
            rig.stream("?startup=true&scopes=range", &key).await,
            values(&["192.0.2.0/24", "2001:db8::/32"], &[])
        );
        assert_eq!(rig.stream("?startup=true&scenarios_not_containing=c2", &key).await, values(&[], &[]));
    });
}

#[test]
fn only_a_key_opens_the_door_and_strangers_are_counted() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1"]).await;
        for wrong in ["", "x", "sipar_x", &key[..48], &format!("{key}x")] {
            for path in ["/v1/decisions", "/v1/decisions/stream?startup=true"] {
                let refused = rig.ask("GET", path, wrong, "").await;
                assert_eq!(refused, (403, r#"{"message":"access forbidden"}"#.into()), "{wrong} {path}");
            }
        }
        assert_eq!(rig.ask("POST", "/v1/usage-metrics", "", "{}").await.0, 403);
        assert!(rig.bouncers().clients.add("web", "decisions", &SystemRandom).await.is_err(), "taken");
        assert!(rig.bouncers().clients.keep().await.expect("kept"));
        let events = rig.house.store.read(crate::store::events).await.expect("events");
        let count = |client: &str, what: &str| {
            events.iter().find(|event| event.client == client && event.what == what).map(|event| event.times)
        };
        assert_eq!(count("", "no-key"), Some(3));
        assert_eq!(count("", "unknown-key"), Some(8));
        // A key that was taken away opens nothing at once.
        rig.get("/v1/decisions", &key).await;
        rig.bouncers().clients.remove("web").await.expect("removed");
        assert_eq!(rig.ask("GET", "/v1/decisions", &key, "").await.0, 403);
        assert!(rig.bouncers().clients.remove("web").await.is_err());
        // Who goes on trying is not looked at any more.
        let mut last = 403;
        for _ in 0..=crate::model::quota::WRONG_KEYS_PER_MINUTE_MAX {
            last = rig.ask("GET", "/v1/decisions", "sipar_wrong", "").await.0;
        }
        assert_eq!(last, 429);
    });
}

#[test]
fn what_bouncers_count_is_added_up() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        let message = r#"{"remediation_components":[{"version":"v1","utc_startup_timestamp":1,"metrics":[
            {"meta":{},"items":[{"name":"dropped","value":5,"unit":"request","labels":{"origin":"sipar"}}]}]}]}"#;
        for _ in 0..2 {
            assert_eq!(rig.ask("POST", "/v1/usage-metrics", &key, message).await, (201, String::new()));
        }
        assert_eq!(rig.ask("POST", "/v1/usage-metrics", &key, "{").await.0, 400);
        let large = format!("\"{}\"", "x".repeat(2 << 20));
        assert_eq!(rig.ask("POST", "/v1/usage-metrics", &key, &large).await.0, 413);
        let usage = rig.house.store.read(|reader| crate::store::usage(reader, 0)).await.expect("usage");
        assert_eq!(usage.len(), 1);
        assert_eq!((usage[0].name.as_str(), usage[0].amount), ("dropped", 10.0));
    });
}

#[test]
fn a_damaged_state_is_not_told_and_the_last_one_stays() {
    each_rig(|rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1"]).await;
        let blob = rig.house.blobs.put(b"no state at all").expect("blob");
        rig.bouncers().follower.told(crate::store::StepRow { serial: 2, since: None, blob });
        assert!(rig.bouncers().follow().await.is_err());
        assert_eq!(rig.stream("?startup=true", &key).await, values(&["192.0.2.1"], &[]));
        rig.publish(3, &["192.0.2.3"]).await;
        assert_eq!(rig.stream("", &key).await, values(&["192.0.2.3"], &["192.0.2.1"]));
    });
}

#[test]
fn changes_by_value_lead_on_and_a_gap_is_bridged_by_a_whole_state() {
    each_rig(|mut rig| async move {
        let key = rig.key("web", "decisions").await;
        rig.publish(1, &["192.0.2.1"]).await;
        rig.stream("?startup=true", &key).await;
        rig.change(1, &["192.0.2.2", "a.example"], &[]).await;
        rig.change(2, &["192.0.2.3"], &["192.0.2.1"]).await;
        let told = rig.stream("", &key).await;
        assert_eq!(told, values(&["192.0.2.2", "192.0.2.3"], &["192.0.2.1"]));
        // A whole state of a serial that was reached before is no news.
        rig.publish(3, &["192.0.2.2", "192.0.2.3"]).await;
        assert_eq!(rig.get("/v1/decisions/stream", &key).await, NOTHING);
        rig.bouncers().clients.keep().await.expect("kept");
        rig.restart().await;
        rig.change(3, &["192.0.2.4"], &[]).await;
        assert_eq!(rig.stream("", &key).await, values(&["192.0.2.4"], &[]));
        // The change from 4 to 5 never comes.
        rig.change(5, &["192.0.2.66"], &[]).await;
        assert_eq!(rig.get("/v1/decisions/stream", &key).await, NOTHING);
        rig.publish(6, &["192.0.2.4", "192.0.2.6"]).await;
        rig.change(6, &[], &["192.0.2.4"]).await;
        let told = rig.stream("", &key).await;
        assert_eq!(told, values(&["192.0.2.6"], &["192.0.2.2", "192.0.2.3", "192.0.2.4"]));
    });
}
