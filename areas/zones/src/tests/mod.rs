//! The area in a house of its own, asked over the loopback: states go in, transfers and refusals come out.

mod journal;
mod refusals;
mod transfers;
mod warnings;

use crate::{
    Server, Zones, ZonesArea, area,
    asked::seconds,
    model::About,
    store,
    wire::{Algorithm, Key, Name, SOA, Signer, last_signature, record_bytes, sign_request},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sipar_area::{Area as _, AreaError, Blobs, House, Instance, OwnersCell, Packs};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::{
    Action, Category, Clock, DecisionNumber, Fact, Observable, Severity, SnapshotSerial, TimestampMs, Tlp,
    fact::{DeltaPublished, SnapshotPublished},
};
use sipar_snapshot::{
    DeltaBuilder, DeltaHead, ListId, ListInfo, Mode, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey, Update,
};
use sipar_store::{Store, Tx, outbox, testing};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

const NOW: TimestampMs = TimestampMs(1_790_000_000_000);
pub const ZONE: &str = "all.rpz.sipar";
/// Types of questions.
pub const AXFR: u16 = 252;
pub const IXFR: u16 = 251;

/// A clock that is set by hand.
pub struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

pub struct Rig {
    house: House,
    area: Arc<ZonesArea>,
    clock: Arc<HandClock>,
    server: Server,
    folder: TempDir,
}

/// Runs a test on every database, with blocking clients beside the server.
pub fn each_rig<F: Future<Output = ()>>(test: impl Fn(Arc<Rig>) -> F) {
    testing::each_store(|store| async { test(Arc::new(Rig::new(store).await)).await });
}

fn list() -> ListInfo {
    ListInfo { slug: "l".into(), title: "l".into(), category: Category::Phishing, mode: Mode::Enforce }
}

fn entry(name: &str) -> PolicyEntry {
    PolicyEntry {
        observable: Observable::guess(name).unwrap(),
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
    async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(NOW.0)));
        let key = LedgerKey::generate("sipar.example.org/ledger").unwrap();
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
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
        let area = area(&house).unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        let server = Server::start(area.zones(), &["127.0.0.1:0".parse().unwrap()]).await.unwrap();
        Self { house, area, clock, server, folder }
    }

    pub fn zones(&self) -> &Arc<Zones> {
        self.area.zones()
    }

    pub fn address(&self) -> SocketAddr {
        self.server.addresses[0]
    }

    pub fn pass_s(&self, s: i64) {
        self.clock.0.fetch_add(s * 1_000, Ordering::SeqCst);
    }

    pub fn now_s(&self) -> u64 {
        seconds(&*self.clock)
    }

    /// Publishes a whole state with these names.
    pub async fn whole<S: AsRef<str>>(&self, serial: u64, names: &[S]) {
        let head =
            PolicyHead { serial: SnapshotSerial(serial), created: self.clock.now(), contact: "mailto:a@b.pk".into() };
        let mut builder = PolicyBuilder::new(head);
        builder.list(list()).unwrap();
        names.iter().for_each(|name| builder.add(entry(name.as_ref())).unwrap());
        let file = self.folder.path().join("new");
        builder.write(&file, &self.house.snapshot_key).unwrap();
        let (serial, blob) = (SnapshotSerial(serial), self.adopt(&file));
        let told = SnapshotPublished { serial, blob, entries: 1, file_bytes: 1, created_at: self.clock.now() };
        self.hear(Fact::Snapshot(told)).await;
    }

    /// Publishes what changes from `from` to the next state: names that come and names that go.
    pub async fn change<S: AsRef<str>>(&self, from: u64, come: &[S], gone: &[S]) {
        let (from, to) = (SnapshotSerial(from), SnapshotSerial(from + 1));
        let created = self.clock.now();
        let head = DeltaHead { from, to, created, contact: "mailto:a@b.pk".into(), lists: vec![list()] };
        let mut builder = DeltaBuilder::new(head);
        for (names, is_come) in [(come, true), (gone, false)] {
            for name in names {
                let entry = entry(name.as_ref());
                let observable = entry.observable.clone();
                let (before, after) = if is_come { (vec![], vec![entry]) } else { (vec![entry], vec![]) };
                builder.add(Update { observable, before, after }).unwrap();
            }
        }
        let file = self.folder.path().join("new");
        builder.write(&file, &self.house.snapshot_key).unwrap();
        let blob = self.adopt(&file);
        let told = DeltaPublished { from, to, blob, updates: 1, file_bytes: 1, created_at: created };
        self.hear(Fact::Delta(told)).await;
    }

    fn adopt(&self, file: &Path) -> String {
        let incoming = self.house.blobs.incoming().join("new");
        std::fs::rename(file, &incoming).unwrap();
        self.house.blobs.adopt(&incoming).unwrap()
    }

    async fn hear(&self, fact: Fact) {
        self.house.store.write(move |tx| outbox::say(tx, &fact, NOW)).await.unwrap();
        let area = Arc::clone(&self.area);
        let effect = move |tx: &mut Tx<'_>, fact: &Fact| area.hear(tx, fact);
        let heard = outbox::hear(&self.house.store, "zones", self.area.hears(), effect).await;
        heard.unwrap_or_else(|error: AreaError| panic!("{}", error.chain()));
        self.zones().keep_up().await.unwrap();
    }

    /// Adds a subscriber; returns its key.
    pub async fn subscribe(&self, json: &str) -> Key {
        let about: About = serde_json::from_str(json).unwrap();
        let issued = self.zones().subscribe(about).await.unwrap();
        let algorithm = Algorithm::from_word(&issued.algorithm).unwrap();
        Key::new(Name::from_text(&issued.key_name).unwrap(), algorithm, &STANDARD.decode(issued.secret).unwrap())
    }

    /// Waits until so much was counted of a subscriber; of strangers with an empty name. Never more comes.
    pub async fn counts(&self, subscriber: &str, kind: &str, expect: u64) {
        let counted = || async {
            self.zones().keep_counts().await.unwrap();
            let events = self.house.store.read(store::events).await.unwrap();
            events.iter().find(|one| one.0 == subscriber && one.1 == kind).map_or(0, |one| one.2)
        };
        until(&format!("`{kind}` of `{subscriber}`"), || async { counted().await >= expect }).await;
        assert_eq!(counted().await, expect, "{subscriber} {kind}");
    }
}

/// A question, unsigned; with the serial that the asker has.
pub fn question(kind: u16, serial: Option<u32>) -> Vec<u8> {
    static NUMBER: AtomicI64 = AtomicI64::new(1);
    let id = NUMBER.fetch_add(1, Ordering::Relaxed) as u16;
    let mut message = vec![0, 0, 0, 0, 0, 1, 0, 0, 0, u8::from(serial.is_some()), 0, 0];
    message[..2].copy_from_slice(&id.to_be_bytes());
    message.extend_from_slice(Name::from_text(ZONE).unwrap().wire());
    message.extend_from_slice(&kind.to_be_bytes());
    message.extend_from_slice(&[0, 1]);
    if let Some(serial) = serial {
        message.extend_from_slice(&[0xC0, 12]);
        message.extend_from_slice(&SOA.to_be_bytes());
        message.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 22, 0, 0]);
        message.extend_from_slice(&serial.to_be_bytes());
        message.extend_from_slice(&[0; 16]);
    }
    message
}

/// The same, signed; and its code.
pub fn signed(kind: u16, serial: Option<u32>, key: &Key, now_s: u64) -> (Vec<u8>, Vec<u8>) {
    let mut message = question(kind, serial);
    let mac = sign_request(&mut message, key, now_s);
    (message, mac)
}

pub fn connect(rig: &Rig) -> TcpStream {
    let stream = TcpStream::connect(rig.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

pub fn send(stream: &mut TcpStream, message: &[u8]) {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], message].concat()).unwrap();
}

/// The next message; `None` at the end.
pub fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// The code of an answer, and the error in its signature.
pub fn refusal(message: &[u8]) -> (u8, Option<u16>) {
    (message[3] & 15, last_signature(message).map(|signature| signature.error))
}

/// Owner and type of each answer; the serial too, where it is an SOA.
pub fn answers(message: &[u8]) -> Vec<(String, u16, Option<u32>)> {
    let count = usize::from(u16::from_be_bytes([message[6], message[7]]));
    let (_, mut at) = Name::read(message, 12).unwrap();
    at += 4;
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        let (owner, fixed) = Name::read(message, at).unwrap();
        let kind = u16::from_be_bytes([message[fixed], message[fixed + 1]]);
        let end = fixed + 10 + usize::from(u16::from_be_bytes([message[fixed + 8], message[fixed + 9]]));
        let serial = message[end - 20..].first_chunk().map(|four| u32::from_be_bytes(*four));
        all.push((owner.to_string(), kind, serial.filter(|_| kind == SOA)));
        at = end;
    }
    all
}

/// A transfer as it comes in: every message is checked against the one before (RFC 8945 §5.3.1).
pub struct Incoming {
    pub stream: TcpStream,
    key: Key,
    signer: Signer,
    soas: usize,
    /// When each message was signed.
    pub signed_s: Vec<u64>,
    pub records: Vec<(String, u16, Option<u32>)>,
}

impl Incoming {
    /// Asks for a transfer.
    pub fn ask(rig: &Rig, key: &Key, kind: u16, serial: Option<u32>) -> Self {
        let mut stream = connect(rig);
        let (message, mac) = signed(kind, serial, key, rig.now_s());
        send(&mut stream, &message);
        let signer = Signer::new(key, &mac);
        Self { stream, key: key.clone(), signer, soas: 0, signed_s: Vec::new(), records: Vec::new() }
    }

    /// Reads one message; false when it was the last.
    pub fn step(&mut self) -> bool {
        let message = receive(&mut self.stream).unwrap();
        assert_eq!(message[3] & 15, 0, "refused");
        let time_s = last_signature(&message).unwrap().time_s;
        // Signed anew, it must come out the same.
        let mut again = message[..message.len() - record_bytes(&self.key)].to_vec();
        again[11] -= 1;
        self.signer.sign(&mut again, time_s);
        assert!(again == message, "a signature that does not hold");
        self.signed_s.push(time_s);
        self.records.extend(answers(&message));
        // The first record comes again at the end: once in a whole zone, twice more in changes (RFC 1995 §4).
        let newest = self.records[0].2;
        self.soas = self.records.iter().filter(|one| one.1 == SOA && one.2 == newest).count();
        let is_changes = self.records.get(1).is_some_and(|one| one.1 == SOA);
        let whole = if is_changes { 3 } else { 2 };
        self.soas < whole && self.records.len() > 1
    }

    /// Reads to the end.
    pub fn rest(mut self) -> Self {
        while self.step() {}
        self
    }

    /// Names of the records between the SOAs, without the zone's own.
    pub fn names(&self) -> Vec<&str> {
        let names = self.records.iter().filter(|one| one.1 == crate::wire::CNAME).map(|one| one.0.as_str());
        names.filter_map(|name| name.strip_suffix(".all.rpz.sipar.")).collect()
    }
}

/// Runs a blocking client beside the server.
pub async fn beside<T: Send + 'static>(client: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(client).await.unwrap()
}

/// Waits for something that is sure to come.
pub async fn until<F: Future<Output = bool>>(what: &str, probe: impl Fn() -> F) {
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    while !probe().await {
        assert!(tokio::time::Instant::now() < end, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
