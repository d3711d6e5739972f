//! A roll-out over edges of a whole area: rings, soaks, halts, and what people do, on both stores.

use super::{NOW, Rig, each_rig};
use crate::{RolloutConfig, http::rollout::rollout_shown, store::rollout as rows};
use serde_json::json;
use sipar_area::Area as _;
use sipar_model::{
    Action, Category, DecisionNumber, Fact, FactKind, Observable, Severity, SnapshotSerial, TimestampMs, Tlp,
    fact::DeltaPublished,
};
use sipar_snapshot::{DeltaBuilder, DeltaHead, ListId, ListInfo, Mode, PolicyEntry, Scope, Update};
use sipar_store::{Tx, outbox};
use std::sync::{Arc, Mutex, atomic::Ordering};

const SOAK_S: i64 = 600;

const NAMES: [&str; 5] = ["lahore", "multan", "quetta", "karachi", "gilgit"];

/// Five edges that tell, the first of which is in the first ring.
struct Fleet {
    rig: Rig,
    keys: Vec<(String, String)>,
    first: String,
}

fn each_fleet<F: Future<Output = ()>>(test: impl Fn(Fleet) -> F) {
    each_rig(|rig| async {
        rig.area.edges().configure(&RolloutConfig::default());
        let mut keys = Vec::new();
        for name in NAMES {
            keys.push((name.to_owned(), rig.key(name).await));
        }
        rig.whole(1, b"the whole of the first state").await;
        let mut fleet = Fleet { rig, keys, first: String::new() };
        fleet.tell_all(1, |_| true).await;
        fleet.look().await;
        let view = fleet.rig.area.edges().rollout_view();
        assert_eq!(view.members.len(), 1, "a tenth of five is one");
        fleet.first = view.members.into_iter().next().expect("one");
        test(fleet).await;
    });
}

impl Fleet {
    fn key(&self, name: &str) -> &str {
        self.keys.iter().find(|(known, _)| known == name).map(|(_, key)| key.as_str()).expect("an edge")
    }

    /// An edge outside the first ring.
    fn other(&self) -> &str {
        NAMES.iter().find(|name| **name != self.first).expect("another")
    }

    async fn tell(&self, name: &str, serial: u64, healthy: bool, answers: (u64, u64, u64)) -> String {
        let (queries, blocked, failed) = answers;
        let error = if healthy { json!(null) } else { json!("pulling failed: it was refused") };
        let report = json!({
            "version": "1.0", "serial": serial, "started_at": NOW.0 - 1_000_000, "healthy": healthy, "error": error,
            "answers": { "queries": queries, "blocked": blocked, "failed": failed, "refused": 0 },
        });
        let (status, told) = self.rig.tell(self.key(name), &report).await;
        assert_eq!(status, 200, "{told}");
        told["ring"].as_str().expect("a ring").to_owned()
    }

    /// Every edge tells of this state; those that `well` names are well.
    async fn tell_all(&self, serial: u64, well: impl Fn(&str) -> bool) {
        for name in NAMES {
            self.tell(name, serial, well(name), (1_000, 10, 10)).await;
        }
    }

    /// What the jobs do.
    async fn look(&self) {
        let edges = self.rig.area.edges();
        edges.refresh().await.expect("refreshed");
        for _ in 0..2 {
            edges.roll_out().await.expect("looked");
        }
    }

    fn pass(&self, seconds: i64) {
        self.rig.clock.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    fn now(&self) -> TimestampMs {
        self.rig.house.clock.now()
    }

    /// Publishes a change: what it blocks, and what it no longer blocks.
    async fn change(&self, from: u64, blocks: &[&str], opens: &[&str]) {
        let (from, to) = (SnapshotSerial(from), SnapshotSerial(from + 1));
        let head = DeltaHead { from, to, created: self.now(), contact: String::new(), lists: vec![list()] };
        let mut builder = DeltaBuilder::new(head);
        for name in blocks {
            let observable = thing(name);
            builder.add(Update { observable, before: Vec::new(), after: vec![entry(name)] }).expect("an update");
        }
        for name in opens {
            let observable = thing(name);
            builder.add(Update { observable, before: vec![entry(name)], after: Vec::new() }).expect("an update");
        }
        let path = self.rig.house.blobs.incoming().join("delta");
        let built = builder.write(&path, &self.rig.house.snapshot_key).expect("written");
        let blob = self.rig.house.blobs.adopt(&path).expect("blob");
        let (updates, file_bytes, created_at) = (built.updates, built.file_bytes, self.now());
        self.rig.hear(Fact::Delta(DeltaPublished { from, to, blob, updates, file_bytes, created_at })).await;
        self.look().await;
    }

    /// What each ring is told: the first, and all others.
    async fn told(&self) -> (u64, u64) {
        let mut serials = [0; 2];
        for (serial, ring) in serials.iter_mut().zip(["first", "all"]) {
            let (status, body) = self.rig.get(&format!("/edge/v1/latest/{ring}"), self.key("lahore")).await;
            assert_eq!(status, 200, "{ring}");
            let key = self.rig.house.snapshot_key.verifying_key();
            *serial = sipar_snapshot::Latest::read(&body, &key).expect("signed by us").serial.0;
        }
        (serials[0], serials[1])
    }

    /// What was said to be rolled back.
    async fn rolled_back(&self) -> Vec<(u64, u64, String)> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&heard);
        let effect = move |_: &mut Tx<'_>, fact: &Fact| -> Result<(), sipar_area::AreaError> {
            if let Fact::RolledBack(back) = fact {
                into.lock().expect("heard").push((back.from.0, back.to.0, back.by.clone()));
            }
            Ok(())
        };
        outbox::hear(&self.rig.house.store, "shield", &[FactKind::RolledBack], effect).await.expect("heard");
        let heard = heard.lock().expect("heard");
        heard.clone()
    }

    async fn faults(&self) -> Vec<&'static str> {
        self.rig.area.faults().await.expect("faults").into_iter().map(|fault| fault.class).collect()
    }
}

fn thing(name: &str) -> Observable {
    Observable::guess(name).expect("a name")
}

fn list() -> ListInfo {
    ListInfo { slug: "phishing".into(), title: "Phishing".into(), category: Category::Phishing, mode: Mode::Enforce }
}

fn entry(name: &str) -> PolicyEntry {
    PolicyEntry {
        observable: thing(name),
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        tlp: Tlp::Clear,
        list: ListId(0),
        expires: NOW.plus_days(30),
        decision: DecisionNumber(1),
        score: 90,
        evidence: Vec::new(),
    }
}

#[test]
fn a_new_state_is_first_in_one_ring_and_after_its_soak_everywhere() {
    each_fleet(|mut fleet| async move {
        assert_eq!(fleet.tell(&fleet.first, 1, true, (1_000, 10, 10)).await, "first");
        assert_eq!(fleet.tell(fleet.other(), 1, true, (1_000, 10, 10)).await, "all");
        fleet.pass(60);
        fleet.tell_all(1, |_| true).await;
        fleet.change(1, &["a.example"], &[]).await;
        assert_eq!(fleet.told().await, (2, 1));
        fleet.pass(SOAK_S / 2);
        fleet.tell_all(2, |_| true).await;
        fleet.change(2, &["b.example"], &[]).await;
        assert_eq!(fleet.told().await, (3, 1));
        // In mid-soak the control plane is started again: the soak goes on where it was.
        fleet.rig.restart().await;
        fleet.rig.area.edges().configure(&RolloutConfig::default());
        fleet.look().await;
        assert_eq!(fleet.told().await, (3, 1));
        for _ in 0..SOAK_S / 2 / 60 {
            fleet.tell_all(3, |_| true).await;
            fleet.pass(60);
            fleet.look().await;
        }
        assert_eq!(fleet.told().await, (3, 1), "nobody of the first ring told since");
        fleet.tell_all(3, |_| true).await;
        fleet.look().await;
        assert_eq!(fleet.told().await, (3, 2), "the second change has half of its soak before it");
        let shown = rollout_shown(fleet.rig.area.edges()).await.expect("shown");
        assert_eq!((shown.rings[0].serial, shown.rings[1].serial), (3, 2));
        assert_eq!(shown.soaked_at, Some(NOW.plus_ms((60 + SOAK_S / 2 + SOAK_S) * 1_000)));
        assert_eq!(fleet.faults().await, [""; 0], "who waits for the soak is not behind");
        for _ in 0..SOAK_S / 2 / 60 {
            fleet.pass(60);
            fleet.tell_all(3, |_| true).await;
            fleet.look().await;
        }
        assert_eq!(fleet.told().await, (3, 3));
        assert_eq!(fleet.rolled_back().await, []);
    });
}

#[test]
fn the_rest_is_woken_when_its_ring_moves() {
    each_fleet(|fleet| async move {
        fleet.pass(60);
        fleet.tell_all(1, |_| true).await;
        fleet.change(1, &["a.example"], &[]).await;
        let edges = fleet.rig.area.edges();
        let (latest, ()) = tokio::join!(fleet.rig.latest("?after=1", fleet.key("lahore")), async {
            while edges.released.receiver_count() == 0 {
                tokio::task::yield_now().await;
            }
            edges.resume("duty-desk", "seen to be good elsewhere").await.expect("resumed");
        });
        assert_eq!((latest.serial, latest.deltas.len()), (SnapshotSerial(2), 1));
    });
}

#[test]
fn what_only_opens_goes_everywhere_at_once() {
    each_fleet(|fleet| async move {
        fleet.pass(60);
        fleet.tell_all(1, |_| true).await;
        fleet.change(1, &[], &["mistake.example"]).await;
        assert_eq!(fleet.told().await, (2, 2));
        // A block that is taken back before its soak is over opens nothing and blocks nothing.
        fleet.change(2, &["a.example"], &[]).await;
        assert_eq!(fleet.told().await, (3, 2));
        fleet.change(3, &[], &["a.example"]).await;
        assert_eq!(fleet.told().await, (4, 4));
        // Another opening takes along what it stands on.
        fleet.change(4, &["b.example"], &[]).await;
        fleet.change(5, &[], &["old.example"]).await;
        assert_eq!(fleet.told().await, (6, 6));
    });
}

#[test]
fn an_edge_that_refuses_a_state_halts_it_and_a_person_resumes() {
    each_fleet(|mut fleet| async move {
        fleet.pass(60);
        fleet.tell_all(1, |_| true).await;
        fleet.change(1, &["a.example"], &[]).await;
        fleet.pass(20);
        let first = fleet.first.clone();
        fleet.tell_all(1, |name| name != first).await;
        fleet.look().await;
        assert_eq!(fleet.faults().await, ["edge-unwell", "rollout-halted"]);
        fleet.pass(2 * SOAK_S);
        fleet.tell_all(2, |_| true).await;
        fleet.look().await;
        fleet.rig.restart().await;
        fleet.rig.area.edges().configure(&RolloutConfig::default());
        fleet.look().await;
        assert_eq!(fleet.told().await, (2, 1), "it stays halted, also after a restart, until a person decides");
        let shown = rollout_shown(fleet.rig.area.edges()).await.expect("shown");
        assert_eq!((shown.signals.len(), shown.signals[0].wrong), (1, "unwell"));
        assert!(shown.signals[0].detail.contains("refused"));
        let edges = fleet.rig.area.edges();
        assert!(edges.resume("duty-desk", "short").await.is_err());
        edges.resume("duty-desk", "its disk was full").await.expect("resumed");
        assert_eq!(fleet.told().await, (2, 2));
        assert!(edges.resume("duty-desk", "its disk was full").await.is_err(), "nothing is on its way");
        let acts = fleet.rig.house.store.read(rows::acts).await.expect("acts");
        let words: Vec<_> = acts.iter().map(|act| (act.what.as_str(), act.by.as_str())).collect();
        assert_eq!(words, [("resume", "person:duty-desk"), ("halt", "rule:signals")]);
    });
}

#[test]
fn an_edge_that_was_unwell_a_moment_ago_and_is_well_again_is_heard() {
    each_fleet(|fleet| async move {
        let first = fleet.first.clone();
        for well in [false, true] {
            fleet.pass(5);
            fleet.tell(&first, 1, well, (1_000, 10, 10)).await;
            fleet.look().await;
        }
        fleet.change(1, &["a.example"], &[]).await;
        fleet.pass(5);
        fleet.tell(&first, 1, false, (1_000, 10, 10)).await;
        fleet.look().await;
        let shown = rollout_shown(fleet.rig.area.edges()).await.expect("shown");
        assert_eq!(shown.signals.iter().map(|signal| signal.wrong).collect::<Vec<_>>(), ["unwell"]);
    });
}

#[test]
fn a_roll_back_is_said_once_and_the_state_that_says_the_old_goes_everywhere() {
    each_fleet(|fleet| async move {
        fleet.pass(60);
        fleet.tell_all(1, |_| true).await;
        fleet.change(1, &["a.example"], &[]).await;
        fleet.change(2, &["b.example"], &[]).await;
        let edges = fleet.rig.area.edges();
        edges.roll_back("duty-desk", "a bank cannot be reached").await.expect("rolled back");
        fleet.look().await;
        assert_eq!(fleet.rolled_back().await, [(1, 3, "person:duty-desk".to_owned())]);
        fleet.pass(2 * SOAK_S);
        fleet.tell_all(3, |_| true).await;
        fleet.look().await;
        assert_eq!(fleet.told().await, (3, 1), "what was taken back never goes out by itself");
        fleet.change(3, &[], &["a.example", "b.example"]).await;
        assert_eq!(fleet.told().await, (4, 4));
        assert_eq!(fleet.rolled_back().await.len(), 0, "it was heard before");
    });
}

#[test]
fn what_opens_does_not_wait_behind_a_halt() {
    each_fleet(|fleet| async move {
        fleet.pass(60);
        fleet.tell_all(1, |_| true).await;
        fleet.change(1, &["bad.example"], &[]).await;
        fleet.pass(20);
        let first = fleet.first.clone();
        fleet.tell_all(2, |name| name != first).await;
        fleet.look().await;
        assert_eq!(fleet.told().await, (2, 1));
        fleet.change(2, &[], &["old.example"]).await;
        assert_eq!(fleet.rolled_back().await, [(1, 3, "rule:opening".to_owned())]);
        // The shield answers with a state that says the old, with the opening in it.
        fleet.change(3, &[], &["bad.example"]).await;
        assert_eq!(fleet.told().await, (4, 4));
    });
}

#[test]
fn shares_of_an_edge_of_the_first_ring_are_held_against_its_past() {
    each_fleet(|fleet| async move {
        let first = fleet.first.clone();
        for minute in 1..=5 {
            fleet.pass(60);
            fleet.tell_all(1, |_| true).await;
            fleet.tell(&first, 1, true, (1_000 * minute, 100 * minute, 10 * minute)).await;
            fleet.look().await;
        }
        fleet.change(1, &["a.example"], &[]).await;
        for minute in 6..=7 {
            fleet.pass(60);
            fleet.tell(&first, 2, true, (1_000 * minute, 500 + 300 * (minute - 5), 10 * minute)).await;
            fleet.look().await;
        }
        let shown = rollout_shown(fleet.rig.area.edges()).await.expect("shown");
        assert_eq!(shown.signals.iter().map(|signal| signal.wrong).collect::<Vec<_>>(), ["blocking"]);
        assert_eq!(fleet.told().await, (2, 1));
    });
}

#[test]
fn few_edges_get_everything_at_once() {
    each_rig(|rig| async move {
        rig.area.edges().configure(&RolloutConfig::default());
        let key = rig.key("lahore").await;
        rig.whole(1, b"the whole of the first state").await;
        rig.area.edges().refresh().await.expect("refreshed");
        rig.change(1, b"no change at all").await;
        assert_eq!(rig.latest("", &key).await.serial, SnapshotSerial(2));
        rig.area.edges().roll_out().await.expect("looked");
        let shown = rollout_shown(rig.area.edges()).await.expect("shown");
        assert_eq!((shown.staged, shown.rings[1].serial, shown.soaked_at), (false, 2, None));
    });
}
