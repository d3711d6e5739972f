//! What is followed, what is refused, and what stays.

use super::*;
use sipar_dns::DnsConfig;
use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, Tlp};
use sipar_reputation::ReputationConfig;
use sipar_sinkhole::SinkholeConfig;
use sipar_snapshot::{
    DeltaBuilder, DeltaHead, ListId, ListInfo, Mode, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey, Update,
};
use std::collections::BTreeSet;

const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

struct Rig {
    folder: tempfile::TempDir,
    key: SigningKey,
    follower: Follower,
}

fn list(mode: Mode) -> ListInfo {
    ListInfo { slug: "phishing".into(), title: "Phishing".into(), category: Category::Phishing, mode }
}

fn entry(name: &str) -> PolicyEntry {
    PolicyEntry {
        observable: Observable::guess(name).expect("a name"),
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        tlp: Tlp::Clear,
        list: ListId(0),
        expires: NOW.plus_days(5),
        decision: DecisionNumber(1),
        score: 90,
        evidence: Vec::new(),
    }
}

impl Rig {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        fs::create_dir(folder.path().join("deltas")).expect("folder");
        let key = SigningKey::from_seed([9; 32]).expect("key");
        let nothing = (DnsConfig::default(), ReputationConfig::default(), SinkholeConfig::default());
        let dns = DnsConfig { listen: Vec::new(), ..nothing.0 };
        let reputation = ReputationConfig { listen: None, ..nothing.1 };
        let running = crate::edge::start(dns, &reputation, &nothing.2).await.expect("edges");
        let files = Followed {
            path: folder.path().join("current.sipar"),
            networks: folder.path().join("networks.sipar"),
            key: key.verifying_key(),
            board: Arc::new(Board::new(Arc::new(SystemClock))),
        };
        Self { follower: Follower::new(running.edges, files), folder, key }
    }

    /// A whole state with these names.
    fn whole(&self, serial: u64, names: &[&str]) {
        let head = PolicyHead { serial: SnapshotSerial(serial), created: NOW, contact: String::new() };
        let mut builder = PolicyBuilder::new(head);
        builder.list(list(Mode::Enforce)).expect("a list");
        names.iter().for_each(|name| builder.add(entry(name)).expect("an entry"));
        builder.write(&self.follower.files.path, &self.key).expect("written");
    }

    fn delta_path(&self, from: u64, to: u64) -> PathBuf {
        self.folder.path().join("deltas").join(format!("{from}-{to}.sipar"))
    }

    /// A change that adds a name.
    fn delta(&self, from: u64, to: u64, name: &str) {
        self.write(from, to, name, Mode::Enforce, &self.key, &self.delta_path(from, to));
    }

    fn write(&self, from: u64, to: u64, name: &str, mode: Mode, key: &SigningKey, path: &Path) {
        let (from, to) = (SnapshotSerial(from), SnapshotSerial(to));
        let mut builder =
            DeltaBuilder::new(DeltaHead { from, to, created: NOW, contact: String::new(), lists: vec![list(mode)] });
        let entry = entry(name);
        let update = Update { observable: entry.observable.clone(), before: Vec::new(), after: vec![entry] };
        builder.add(update).expect("an update").write(path, key).expect("written");
    }

    /// The serial and the names in use, and what is wrong.
    async fn looks(&mut self) -> (u64, Vec<String>, Vec<String>) {
        self.follower.look().await;
        let live = self.follower.edges.dns.live();
        let names: BTreeSet<String> =
            live.iter().flat_map(|live| live.policy.iter()).map(|entry| entry.observable.value()).collect();
        let health = self.follower.edges.following.health();
        assert_eq!(health.serial, live.as_ref().map(|live| live.policy.serial()), "health tells the truth");
        assert_eq!(health.since.is_some(), live.is_some());
        let faults = self.follower.files.board.faults();
        assert_eq!(health.error.is_some(), !faults.is_empty(), "{health:?} {faults:?}");
        let faults = faults.into_iter().map(|fault| format!("{}: {}", fault.subject, fault.detail)).collect();
        (live.map_or(0, |live| live.policy.serial().0), names.into_iter().collect(), faults)
    }

    /// Looks twice, and checks; what is wrong holds `fault`, or nothing is.
    async fn check(&mut self, serial: u64, names: &[&str], fault: &str) {
        let first = self.looks().await;
        let (found, said, faults) = self.looks().await;
        assert_eq!((found, said), (serial, names.iter().map(|name| (*name).to_owned()).collect()), "{first:?}");
        match fault {
            "" => assert_eq!(faults, [""; 0]),
            fault => assert!(matches!(&faults[..], [one] if one.contains(fault)), "`{fault}` in {faults:?}"),
        }
    }
}

#[tokio::test]
async fn a_chain_is_opened_and_followed() {
    let mut rig = Rig::new().await;
    rig.check(0, &[], "").await;
    rig.whole(5, &["a.example"]);
    rig.delta(4, 5, "old.example");
    rig.delta(5, 6, "b.example");
    rig.delta(6, 7, "c.example");
    rig.check(7, &["a.example", "b.example", "c.example"], "").await;
    rig.delta(7, 8, "d.example");
    rig.check(8, &["a.example", "b.example", "c.example", "d.example"], "").await;
    // One that leads over several serials.
    rig.delta(8, 12, "e.example");
    rig.delta(12, 13, "f.example");
    let all = ["a.example", "b.example", "c.example", "d.example", "e.example", "f.example"];
    rig.check(13, &all, "").await;
    // A whole file of a state on the way: the same, with less to lay.
    rig.whole(12, &all[..5]);
    rig.check(13, &all, "").await;
    let live = rig.follower.edges.dns.live().expect("a policy");
    assert_eq!((live.policy.base().serial().0, live.policy.changed()), (12, 1));
    // A whole file to which no change leads.
    rig.whole(20, &["only.example"]);
    rig.check(20, &["only.example"], "").await;
    rig.delta(20, 21, "more.example");
    rig.check(21, &["more.example", "only.example"], "").await;
}

#[tokio::test]
async fn what_cannot_be_used_is_said_once_and_the_last_good_state_stays() {
    let mut rig = Rig::new().await;
    rig.whole(5, &["a.example"]);
    rig.delta(5, 6, "b.example");
    let good = ["a.example", "b.example"];
    rig.check(6, &good, "").await;
    let foreign = SigningKey::from_seed([1; 32]).expect("key");
    let path = rig.delta_path(6, 7);
    rig.write(6, 7, "evil.example", Mode::Enforce, &foreign, &path);
    rig.check(6, &good, "signed with the key").await;
    // Damaged, cut off, misnamed, of another mode: each in place of the one before.
    rig.delta(6, 7, "c.example");
    let bytes = fs::read(&path).expect("read");
    let replace = |bytes: &[u8]| {
        let beside = path.with_extension("new");
        fs::write(&beside, bytes).expect("written");
        fs::rename(&beside, &path).expect("renamed");
    };
    let mut damaged = bytes.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    replace(&damaged);
    rig.check(6, &good, "damaged").await;
    replace(&bytes[..bytes.len() - 9]);
    rig.check(6, &good, "bytes and should have").await;
    rig.write(8, 9, "evil.example", Mode::Enforce, &rig.key, &path);
    rig.check(6, &good, "not as it is named").await;
    rig.write(6, 7, "evil.example", Mode::Shadow, &rig.key, &path);
    rig.check(6, &good, "that takes a whole snapshot").await;
    // Going back, with and without changes.
    rig.whole(4, &["old.example"]);
    let (serial, _, faults) = rig.looks().await;
    assert!(serial == 6 && faults.iter().any(|fault| fault.contains("older than the one in use")), "{faults:?}");
    // A good one mends all.
    replace(&bytes);
    rig.whole(5, &["a.example"]);
    rig.check(7, &["a.example", "b.example", "c.example"], "").await;
}

#[tokio::test]
async fn a_gap_is_said_when_it_stays_and_a_whole_file_ends_it() {
    let mut rig = Rig::new().await;
    rig.whole(5, &["a.example"]);
    rig.check(5, &["a.example"], "").await;
    rig.delta(7, 8, "c.example");
    assert_eq!(rig.looks().await.2, [""; 0], "the one before may be on its way");
    rig.check(5, &["a.example"], "none leads there from 5").await;
    rig.whole(7, &["a.example", "b.example"]);
    rig.check(8, &["a.example", "b.example", "c.example"], "").await;
    // The same, mended by the missing changes.
    rig.delta(9, 10, "e.example");
    assert_eq!(rig.looks().await.2, [""; 0]);
    rig.check(8, &["a.example", "b.example", "c.example"], "none leads there from 8").await;
    rig.delta(8, 9, "d.example");
    rig.check(10, &["a.example", "b.example", "c.example", "d.example", "e.example"], "").await;
}

#[tokio::test]
async fn without_anybody_who_hints_it_looks_now_and_then_and_does_not_spin() {
    let (hinter, mut hint) = watch::channel(0);
    hinter.send_replace(1);
    hinted_or_due(&mut hint).await;
    assert!(!hint.has_changed().expect("somebody may hint"), "the hint was taken");
    drop(hinter);
    let start = tokio::time::Instant::now();
    hinted_or_due(&mut hint).await;
    assert!(start.elapsed() >= LOOK_EVERY);
}

#[tokio::test]
async fn what_was_replaced_is_let_go_once_nobody_answers_from_it() {
    let mut rig = Rig::new().await;
    rig.whole(5, &["a.example"]);
    rig.check(5, &["a.example"], "").await;
    let answering = rig.follower.edges.dns.live();
    rig.whole(6, &["b.example"]);
    rig.check(6, &["b.example"], "").await;
    rig.delta(6, 7, "c.example");
    rig.check(7, &["b.example", "c.example"], "").await;
    // The state of serial 6 is the one of 7 without its change: the whole file is in use still.
    assert_eq!(rig.follower.retired.count(), 2);
    drop(answering);
    rig.check(7, &["b.example", "c.example"], "").await;
    assert_eq!(rig.follower.retired.count(), 1);
    rig.whole(8, &["d.example"]);
    rig.check(8, &["d.example"], "").await;
    assert_eq!(rig.follower.retired.count(), 0);
}
