//! Pulling from a control plane in memory: good and bad, half and whole, forward and back.

use crate::{Folder, PullError, Puller, Round, Source, Status};
use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp};
use sipar_snapshot::{
    DeltaBuilder, DeltaHead, FileName, FileRef, Latest, ListId, ListInfo, Mode, PolicyBuilder, PolicyEntry, PolicyHead,
    Scope, SigningKey, Update,
};
use std::{
    collections::HashMap,
    fs,
    io::{self, Write as _},
    path::Path,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

/// A control plane as its edges see it.
#[derive(Default)]
struct Plane {
    pointer: Vec<u8>,
    files: HashMap<FileName, Vec<u8>>,
    /// Files break off after so many bytes.
    breaks_after: Option<usize>,
    /// Bytes that were sent.
    sent: u64,
    asked_after: Option<u64>,
}

#[derive(Clone, Default)]
struct Link(Arc<Mutex<Plane>>);

impl Source for Link {
    fn latest(&mut self, _ring: &str, after: Option<SnapshotSerial>) -> Result<Vec<u8>, PullError> {
        let mut plane = self.0.lock().expect("plane");
        plane.asked_after = after.map(|after| after.0);
        Ok(plane.pointer.clone())
    }

    fn file(&mut self, file: &FileRef, part: &Path) -> Result<u64, PullError> {
        let mut plane = self.0.lock().expect("plane");
        let url = file.name.to_string();
        let Some(bytes) = plane.files.get(&file.name).cloned() else {
            return Err(PullError::Status { url, status: 404, hint: "" });
        };
        let there = fs::metadata(part).map_or(0, |metadata| usize::try_from(metadata.len()).expect("small"));
        let end = plane.breaks_after.map_or(bytes.len(), |count| bytes.len().min(there + count));
        let mut out = fs::OpenOptions::new().create(true).append(true).open(part).expect("part");
        out.write_all(&bytes[there..end]).expect("written");
        plane.sent += (end - there) as u64;
        if end < bytes.len() {
            return Err(PullError::Reach { url, source: io::ErrorKind::ConnectionReset.into() });
        }
        Ok((end - there) as u64)
    }
}

struct Rig {
    link: Link,
    key: SigningKey,
    folder: TempDir,
    status: Arc<Status>,
    said_at: TimestampMs,
}

impl Rig {
    fn new() -> Self {
        let (link, status) = (Link::default(), Arc::default());
        let key = SigningKey::from_seed([5; 32]).expect("key");
        Self { link, key, folder: tempfile::tempdir().expect("folder"), status, said_at: NOW }
    }

    fn plane(&self) -> std::sync::MutexGuard<'_, Plane> {
        self.link.0.lock().expect("plane")
    }

    fn puller(&self) -> Puller<Link> {
        let folder = Folder::open(&self.folder.path().join("snapshot")).expect("folder");
        Puller::new(self.link.clone(), folder, self.key.verifying_key(), Arc::clone(&self.status))
    }

    fn keep(&self, path: &Path) -> FileRef {
        let bytes = fs::read(path).expect("built");
        let file = FileRef { name: FileName::of(&bytes), bytes: bytes.len() as u64 };
        self.plane().files.insert(file.name, bytes);
        file
    }

    fn whole(&self, serial: u64, names: &[&str]) -> (SnapshotSerial, FileRef) {
        let serial = SnapshotSerial(serial);
        let mut builder = PolicyBuilder::new(PolicyHead { serial, created: NOW, contact: String::new() });
        let list = builder.list(list()).expect("list");
        for name in names {
            builder.add(entry(name, list)).expect("entry");
        }
        let path = self.folder.path().join("built");
        builder.write(&path, &self.key).expect("file");
        (serial, self.keep(&path))
    }

    fn delta(&self, from: u64, to: u64, name: &str) -> (SnapshotSerial, SnapshotSerial, FileRef) {
        let (from, to) = (SnapshotSerial(from), SnapshotSerial(to));
        let lists = vec![list()];
        let mut builder = DeltaBuilder::new(DeltaHead { from, to, created: NOW, contact: String::new(), lists });
        let observable = Observable::guess(name).expect(name);
        builder.add(Update { observable, before: Vec::new(), after: vec![entry(name, ListId(0))] }).expect("update");
        let path = self.folder.path().join("built");
        builder.write(&path, &self.key).expect("file");
        (from, to, self.keep(&path))
    }

    /// The control plane says this from now on.
    fn say(
        &mut self,
        serial: u64,
        whole: Option<(SnapshotSerial, FileRef)>,
        deltas: Vec<(SnapshotSerial, SnapshotSerial, FileRef)>,
    ) {
        self.said_at = self.said_at.plus_ms(1_000);
        let serial = SnapshotSerial(serial);
        let latest = Latest { said_at: self.said_at, serial, whole, deltas, networks: None };
        self.plane().pointer = latest.sign(&self.key).into_bytes();
    }

    /// Whether the folder, read anew, blocks this name.
    fn blocks(&self, name: &str) -> bool {
        let folder = Folder::open(&self.folder.path().join("snapshot")).expect("folder");
        let state = folder.state(&self.key.verifying_key()).expect("a state");
        state.name(&name.parse().expect(name), NOW).is_some()
    }
}

fn list() -> ListInfo {
    ListInfo { slug: "phishing".into(), title: "Phishing".into(), category: Category::Phishing, mode: Mode::Enforce }
}

fn entry(name: &str, list: ListId) -> PolicyEntry {
    PolicyEntry {
        observable: Observable::guess(name).expect(name),
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        tlp: Tlp::Clear,
        list,
        expires: NOW.plus_days(30),
        decision: DecisionNumber(1),
        score: 90,
        evidence: Vec::new(),
    }
}

fn at(serial: u64) -> Round {
    Round::Advanced(SnapshotSerial(serial))
}

#[test]
fn a_whole_file_then_changes_then_nothing_and_on_after_a_restart() {
    let mut rig = Rig::new();
    let whole = rig.whole(7, &["a.example"]);
    rig.say(7, Some(whole), Vec::new());
    let mut puller = rig.puller();
    assert_eq!(puller.round("rest", NOW).expect("round"), at(7));
    assert!(rig.blocks("a.example") && !rig.blocks("b.example"));
    let deltas = vec![rig.delta(7, 8, "b.example"), rig.delta(8, 9, "c.example")];
    rig.say(9, Some(whole), deltas);
    let before = rig.plane().sent;
    assert_eq!(puller.round("rest", NOW).expect("round"), at(9));
    assert!(rig.plane().sent - before < 4_000, "the whole file is not fetched again");
    assert!(["a.example", "b.example", "www.c.example"].iter().all(|name| rig.blocks(name)));
    assert_eq!(puller.round("rest", NOW).expect("round"), Round::Unchanged);
    let mut again = rig.puller();
    assert_eq!(again.serial(), Some(SnapshotSerial(9)));
    let before = rig.plane().sent;
    assert_eq!(again.round("rest", NOW).expect("round"), Round::Unchanged);
    let sent = rig.plane().sent;
    assert_eq!((sent, rig.plane().asked_after), (before, Some(9)));
    assert_eq!(rig.status.view().serial, Some(SnapshotSerial(9)));
}

#[test]
fn what_broke_off_is_gone_on_with() {
    let mut rig = Rig::new();
    let whole = rig.whole(1, &["a.example"]);
    rig.say(1, Some(whole), Vec::new());
    rig.plane().breaks_after = Some(usize::try_from(whole.1.bytes / 3 + 1).expect("small"));
    assert!(matches!(rig.puller().round("rest", NOW), Err(PullError::Reach { .. })));
    assert!(matches!(rig.puller().round("rest", NOW), Err(PullError::Reach { .. })));
    assert_eq!(rig.puller().round("rest", NOW).expect("round"), at(1));
    assert_eq!(rig.plane().sent, whole.1.bytes, "no byte came twice");
}

#[test]
fn a_chain_that_broke_leads_to_the_whole_file() {
    let mut rig = Rig::new();
    let whole = rig.whole(1, &["a.example"]);
    rig.say(1, Some(whole), Vec::new());
    let mut puller = rig.puller();
    puller.round("rest", NOW).expect("round");
    // A change that is no longer kept: the pointer was old, and the next question is that of somebody who has nothing.
    let gone = rig.delta(1, 2, "b.example");
    rig.plane().files.remove(&gone.2.name);
    rig.say(2, Some(whole), vec![gone]);
    assert!(puller.round("rest", NOW).expect_err("gone").is_gone());
    assert!(rig.blocks("a.example"));
    // Changes that start elsewhere, under a newer whole file.
    let (newer, on) = (rig.whole(5, &["c.example"]), rig.delta(5, 6, "d.example"));
    rig.say(6, Some(newer), vec![on]);
    assert_eq!(puller.round("rest", NOW).expect("round"), at(6));
    assert_eq!(rig.plane().asked_after, None);
    assert!(!rig.blocks("a.example") && rig.blocks("c.example") && rig.blocks("d.example"));
    // Nothing leads on from here.
    let far = rig.delta(8, 9, "e.example");
    rig.say(9, Some(newer), vec![far]);
    assert!(matches!(puller.round("rest", NOW), Err(PullError::NoWay { .. })));
    assert_eq!(puller.serial(), Some(SnapshotSerial(6)));
}

#[test]
fn a_change_of_a_lists_mode_takes_the_whole_file() {
    let mut rig = Rig::new();
    let whole = rig.whole(1, &["a.example"]);
    rig.say(1, Some(whole), Vec::new());
    let mut puller = rig.puller();
    puller.round("rest", NOW).expect("round");
    let (from, to) = (SnapshotSerial(1), SnapshotSerial(2));
    let lists = vec![ListInfo { mode: Mode::Shadow, ..list() }];
    let mut builder = DeltaBuilder::new(DeltaHead { from, to, created: NOW, contact: String::new(), lists });
    let observable = Observable::guess("b.example").expect("name");
    let after = vec![entry("b.example", ListId(0))];
    builder.add(Update { observable, before: Vec::new(), after }).expect("update");
    let path = rig.folder.path().join("built");
    builder.write(&path, &rig.key).expect("file");
    let delta = (from, to, rig.keep(&path));
    rig.say(2, Some(whole), vec![delta]);
    assert!(matches!(puller.round("rest", NOW), Err(PullError::Layer { .. })));
    let newer = rig.whole(2, &["b.example"]);
    rig.say(2, Some(newer), vec![delta]);
    assert_eq!(puller.round("rest", NOW).expect("round"), at(2));
}

#[test]
fn nothing_unsigned_changed_older_or_from_the_future_is_taken() {
    let mut rig = Rig::new();
    let whole = rig.whole(5, &["a.example"]);
    rig.say(5, Some(whole), Vec::new());
    let mut puller = rig.puller();
    puller.round("rest", NOW).expect("round");
    let good = rig.plane().pointer.clone();
    let refused = |puller: &mut Puller<Link>, rig: &Rig| {
        let error = puller.round("rest", NOW).expect_err("refused");
        assert!(rig.blocks("a.example") && !rig.blocks("evil.example"), "{error}");
        assert_eq!(puller.serial(), Some(SnapshotSerial(5)));
        assert!(rig.status.view().error.is_some());
        error
    };
    // A pointer of somebody else, and one that was changed on the way.
    let stranger = Rig { key: SigningKey::from_seed([6; 32]).expect("key"), ..Rig::new() };
    let evil = stranger.whole(9, &["evil.example"]);
    let latest =
        Latest { said_at: NOW.plus_ms(60_000), serial: evil.0, whole: Some(evil), deltas: Vec::new(), networks: None };
    rig.plane().pointer = latest.sign(&stranger.key).into_bytes();
    assert!(matches!(refused(&mut puller, &rig), PullError::Pointer(_)));
    // A good pointer to a file that somebody else signed.
    let bytes = stranger.plane().files[&evil.1.name].clone();
    rig.plane().files.insert(evil.1.name, bytes);
    rig.plane().pointer = latest.sign(&rig.key).into_bytes();
    assert!(matches!(refused(&mut puller, &rig), PullError::File { .. }));
    // A file with another content than its name says.
    let newer = rig.whole(9, &["evil.example"]);
    rig.plane().files.get_mut(&newer.1.name).expect("file")[100] ^= 1;
    rig.said_at = NOW.plus_ms(61_000);
    rig.say(9, Some(newer), Vec::new());
    assert!(matches!(refused(&mut puller, &rig), PullError::Content(_)));
    // A file of another serial than announced.
    let other = (SnapshotSerial(11), rig.whole(10, &["evil.example"]).1);
    rig.say(11, Some(other), Vec::new());
    assert!(matches!(refused(&mut puller, &rig), PullError::Misnumbered { .. }));
    // Back to an older state, newly signed: refused. An old pointer out of a cache: passed over.
    let older = rig.whole(3, &["evil.example"]);
    rig.say(3, Some(older), Vec::new());
    assert!(matches!(refused(&mut puller, &rig), PullError::RolledBack { .. }));
    rig.plane().pointer = good;
    assert_eq!(puller.round("rest", NOW).expect("old"), Round::Unchanged);
    // From the future.
    rig.said_at = NOW.plus_days(1);
    rig.say(9, Some(newer), Vec::new());
    assert!(matches!(refused(&mut puller, &rig), PullError::Clock { .. }));
}

#[test]
fn an_emptied_or_damaged_file_in_place_is_fetched_again() {
    let mut rig = Rig::new();
    let whole = rig.whole(5, &["a.example"]);
    rig.say(5, Some(whole), Vec::new());
    rig.puller().round("rest", NOW).expect("round");
    let current = rig.folder.path().join("snapshot/current.sipar");
    let mut bytes = fs::read(&current).expect("file");
    let end = bytes.len() - 1;
    bytes[end] ^= 1;
    fs::write(&current, bytes).expect("damage");
    let mut puller = rig.puller();
    assert_eq!(puller.serial(), None);
    assert_eq!(puller.round("rest", NOW).expect("round"), at(5));
    assert!(rig.blocks("a.example"));
    // An older state is refused even then.
    fs::remove_file(&current).expect("removed");
    let older = rig.whole(4, &["b.example"]);
    rig.say(4, Some(older), Vec::new());
    assert!(matches!(rig.puller().round("rest", NOW), Err(PullError::RolledBack { .. })));
}
