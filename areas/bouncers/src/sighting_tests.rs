//! Counts of what was met, as resolvers and servers of others send them.

use crate::{
    model::limits::Door,
    testing::{NOW, Rig, each_rig},
};
use serde_json::{Value, json};
use sipar_area::AreaError;
use sipar_model::{Fact, FactKind, SeenBy, Sighting};
use sipar_store::{Tx, outbox};
use std::sync::{Arc, Mutex};

const MINUTE: i64 = NOW.0 - NOW.0 % 60_000;

fn batch(sequence: u64, counts: &[(&str, i64, u64)]) -> Value {
    let count = |(what, minutes, count): &(&str, i64, u64)| json!({ "what": what, "minute": MINUTE - minutes * 60_000, "count": count });
    let counts: Vec<Value> = counts.iter().map(count).collect();
    json!({ "spool": "abc", "sequence": sequence, "by": "resolver", "counts": counts })
}

async fn send(rig: &Rig, key: &str, body: &Value) -> (u16, Value) {
    let (status, text) = rig.ask("POST", "/v1/sightings", key, &body.to_string()).await;
    (status, serde_json::from_str(&text).unwrap_or_default())
}

/// Every count that was said since the last time: decision, network, minutes ago, times.
async fn said(rig: &Rig) -> Vec<(u32, String, i64, u64)> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&heard);
    let effect = move |_: &mut Tx<'_>, fact: &Fact| -> Result<(), AreaError> {
        if let Fact::Sightings(counts) = fact {
            into.lock().expect("heard").extend(counts.clone());
        }
        Ok(())
    };
    outbox::hear(&rig.house.store, "counter", &[FactKind::Sightings], effect).await.expect("heard");
    let heard: Vec<Sighting> = heard.lock().expect("heard").clone();
    assert!(heard.iter().all(|one| one.by == SeenBy::Resolver && !one.shadow));
    let line = |one: Sighting| (one.decision.0, one.network, (MINUTE - one.minute.0) / 60_000, one.count);
    heard.into_iter().map(line).collect()
}

async fn events(rig: &Rig) -> Vec<(String, String, u64)> {
    rig.bouncers().clients.keep().await.expect("kept");
    let events = rig.house.store.read(crate::store::events).await.expect("events");
    let mut events: Vec<_> = events.into_iter().map(|event| (event.client, event.what, event.times)).collect();
    events.sort();
    events
}

fn event(client: &str, what: &str, times: u64) -> (String, String, u64) {
    (client.into(), what.into(), times)
}

#[test]
fn what_is_listed_is_counted_once_and_nothing_else_is_kept() {
    each_rig(|mut rig| async move {
        let key = rig.key("isp-one", "sightings").await;
        assert_eq!(send(&rig, &key, &batch(1, &[])).await.0, 503, "nothing was published");
        rig.publish(1, &["evil.example", "192.0.2.1", "198.51.100.0/24"]).await;
        let counts = [
            ("evil.example", 1, 3),
            ("n1.evil.example", 1, 4),
            ("evil.example", 2, 1),
            ("192.0.2.1/32", 1, 5),
            ("198.51.100.7", 1, 6),
            ("198.51.100.0/24", 1, 7),
            ("198.51.100.0/25", 1, 1),
            ("good.example", 1, 8),
            ("192.0.2.9", 1, 8),
        ];
        for _ in 0..2 {
            assert_eq!(send(&rig, &key, &batch(7, &counts)).await, (200, json!({ "taken": 7, "listed": 4 })));
        }
        let one = || "isp-one".to_owned();
        let expect = [(1, one(), 2, 1), (1, one(), 1, 3), (2, one(), 1, 5), (3, one(), 1, 13)];
        assert_eq!(said(&rig).await, expect, "a listing of this name alone does not cover what is below it");
        // An older number comes late, also after a restart; a later one is new, from one of its networks.
        rig.bouncers().clients.keep().await.expect("kept");
        rig.restart().await;
        assert_eq!(send(&rig, &key, &batch(6, &counts)).await.0, 200);
        assert_eq!(said(&rig).await, []);
        rig.change(1, &["later.example"], &["evil.example"]).await;
        let mut next = batch(8, &[("later.example", 1, 1), ("evil.example", 1, 1)]);
        next["network"] = json!("mobile");
        assert_eq!(send(&rig, &key, &next).await, (200, json!({ "taken": 8, "listed": 1 })));
        assert_eq!(said(&rig).await, [(9, "isp-one/mobile".to_owned(), 1, 1)]);
        assert_eq!(events(&rig).await, [event("isp-one", "sightings-not-listed", 5)]);
    });
}

#[test]
fn what_cannot_be_is_left_out_and_what_is_no_batch_is_refused() {
    each_rig(|rig| async move {
        let key = rig.key("isp-one", "sightings").await;
        let other = rig.key("web", "decisions").await;
        rig.publish(1, &["evil.example"]).await;
        let long = "a".repeat(256);
        let odd = [
            ("evil.example", -10, 1),
            ("evil.example", 15 * 1_440, 1),
            ("evil.example", 1, 0),
            ("evil.example", 1, 60_000_001),
            ("not a name", 1, 1),
            ("https://evil.example/", 1, 1),
            (long.as_str(), 1, 1),
        ];
        assert_eq!(send(&rig, &key, &batch(1, &odd)).await, (200, json!({ "taken": 1, "listed": 0 })));
        let many: Vec<_> = (0..1_001).map(|_| ("evil.example", 1, 1)).collect();
        let changed = |name: &str, value: Value| {
            let mut batch = batch(2, &[("evil.example", 1, 1)]);
            batch[name] = value;
            batch
        };
        let bad = [
            json!({}),
            json!([]),
            batch(2, &many),
            changed("spool", json!("../x")),
            changed("spool", json!("")),
            changed("network", json!("a/b")),
            changed("by", json!("dns")),
            changed("by", json!("me")),
            changed("client", json!("192.0.2.7")),
            changed("sequence", json!(-1)),
        ];
        for body in &bad {
            let (status, told) = send(&rig, &key, body).await;
            assert!(status == 400 && told["message"].is_string(), "{body}: {status} {told}");
        }
        let huge = json!({ "spool": "x".repeat(3 << 20) });
        assert_eq!(send(&rig, &key, &huge).await.0, 413);
        for (wrong, status) in [("", 401), ("sipar_x", 401), (other.as_str(), 403)] {
            assert_eq!(send(&rig, wrong, &batch(3, &[("evil.example", 1, 1)])).await.0, status);
        }
        assert_eq!(said(&rig).await.len(), 0);
        let expect = [
            event("", "no-key", 1),
            event("", "unknown-key", 1),
            event("isp-one", "sightings-bad", bad.len() as u64 + 1),
            event("isp-one", "sightings-implausible", odd.len() as u64),
            event("web", "wrong-scope", 1),
        ];
        assert_eq!(events(&rig).await, expect);
    });
}

#[test]
fn a_flood_of_batches_is_refused_for_its_minute() {
    each_rig(|rig| async move {
        let (key, other) = (rig.key("isp-one", "sightings").await, rig.key("isp-two", "sightings").await);
        rig.publish(1, &["evil.example"]).await;
        let now = rig.house.clock.now();
        for _ in 0..Door::Sightings.bounds().1 {
            rig.bouncers().clients.quotas.take("isp-one", Door::Sightings, now).expect("left");
        }
        assert_eq!(send(&rig, &key, &batch(1, &[("evil.example", 1, 1)])).await.0, 429);
        assert_eq!(send(&rig, &other, &batch(1, &[("evil.example", 1, 1)])).await.0, 200, "it is another's flood");
        rig.pass_ms(60_000);
        assert_eq!(send(&rig, &key, &batch(1, &[("evil.example", 1, 1)])).await.0, 200);
        assert_eq!(said(&rig).await.len(), 2);
        assert_eq!(events(&rig).await, [event("isp-one", "quota", 1)]);
    });
}
