//! A house on temporary folders with a shield in it, and what tests say to it.

use sipar_area::{Area as _, AreaError, Blobs, House, Instance, OwnersCell, Packs};
use sipar_ledger::{Entry, Ledger, LedgerKey, Salt};
use sipar_model::{
    Action, Assertion, Category, Clock, Confidence, Decision, DecisionNumber, Fact, FactKind, Indicator, Observable,
    SnapshotSerial, TimestampMs, Tlp, WarningKind,
    fact::{DecisionState, WarningIndexBuilt},
};
use sipar_shield::{
    Actor, Request, Shield, ShieldArea, ShieldError,
    store::{
        drills::{self, DrillState, Drilled},
        held::{self, Held},
        read::{self, Filter},
        record::Record,
    },
};
use sipar_snapshot::{Delta, Layers, Policy, Scope, SigningKey, WarningIndex, WarningIndexBuilder};
use sipar_store::{Store, outbox, testing};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use tempfile::TempDir;

/// The time at which every test begins.
pub const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

pub const HOUR_MS: i64 = 3_600_000;

/// A clock that a test sets.
pub struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

/// A house with a shield.
pub struct Rig {
    pub house: House,
    pub area: Arc<ShieldArea>,
    clock: Arc<ManualClock>,
    _folder: TempDir,
}

/// Runs `test` in a house on a fresh store of each kind.
pub fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    pub async fn new(store: Store) -> Self {
        Self::with_packs(store, &[]).await
    }

    /// One with files of its own before the packs that are shipped.
    pub async fn with_packs(store: Store, own: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in own {
            let path = folder.path().join("packs").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let clock = Arc::new(ManualClock(AtomicI64::new(NOW.0)));
        let key = LedgerKey::generate("sipar.example.org/ledger").unwrap();
        let house = House {
            store: store.clone(),
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            blobs: Blobs::open(&folder.path().join("blobs")).unwrap(),
            packs: Packs::new(Some(folder.path().join("packs"))),
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
        let area = sipar_shield::area(&house).unwrap();
        store.migrate("sipar-ledger", sipar_ledger::MIGRATIONS).await.unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        Self { house, area, clock, _folder: folder }
    }

    pub fn shield(&self) -> &Arc<Shield> {
        self.area.shield()
    }

    pub fn set(&self, now: TimestampMs) {
        self.clock.0.store(now.0, Ordering::SeqCst);
    }

    /// Says `fact` and lets the shield hear it.
    pub async fn tell(&self, fact: Fact) {
        let now = self.house.clock.now();
        self.house.store.write(move |tx| outbox::say(tx, &fact, now)).await.unwrap();
        loop {
            let area = Arc::clone(&self.area);
            let effect = move |tx: &mut sipar_store::Tx<'_>, fact: &Fact| area.hear(tx, fact);
            let heard = outbox::hear(&self.house.store, "shield", self.area.hears(), effect).await;
            if !heard.unwrap_or_else(|error: AreaError| panic!("{}", error.chain())).more {
                return;
            }
        }
    }

    pub async fn tell_of(&self, indicators: Vec<Indicator>) {
        self.tell(Fact::Indicators(indicators)).await;
    }

    /// Takes these warning lists into use; what they mean for what exists waits for [`Rig::reconcile`].
    pub async fn warn(&self, lists: &[(&str, WarningKind, &[&str])]) {
        self.tell(Fact::WarningIndex(index(&self.house, lists))).await;
    }

    pub async fn reconcile(&self) {
        self.shield().reconcile().await.unwrap();
    }

    /// Every decision, by number.
    pub async fn records(&self) -> Vec<Record> {
        let filter = Filter::default();
        let mut records = self.house.store.read(move |reader| read::decisions(reader, &filter, 100_000)).await.unwrap();
        records.reverse();
        records
    }

    /// Every decision in few words: `1 evil.example block phishing rule:phishing active`.
    pub async fn words(&self) -> Vec<String> {
        let word = |record: Record| {
            let Decision { number, observable, action, category, decided_by, state, .. } = record.decision;
            format!(
                "{} {observable} {action} {category} {decided_by} {}",
                number.0,
                format!("{state:?}").to_lowercase()
            )
        };
        self.records().await.into_iter().map(word).collect()
    }

    pub async fn held(&self) -> Vec<Held> {
        self.house.store.read(|reader| held::page(reader, &held::Part::default(), 100_000)).await.unwrap()
    }

    /// Everything held in few words: `evil.example Review some-list`.
    pub async fn held_words(&self) -> Vec<String> {
        let word = |held: Held| {
            let why = if held.lists.is_empty() { held.reason } else { held.lists.join(" ") };
            format!("{} {:?} {why}", held.indicator.observable, held.state)
        };
        self.held().await.into_iter().map(word).collect()
    }

    /// Facts of `kind` that were said since the last time this was asked.
    pub async fn said(&self, kind: FactKind) -> Vec<Fact> {
        let facts = Arc::new(Mutex::new(Vec::new()));
        loop {
            let into = Arc::clone(&facts);
            let effect = move |_: &mut sipar_store::Tx<'_>, fact: &Fact| {
                into.lock().unwrap().push(fact.clone());
                Ok::<_, AreaError>(())
            };
            let hearer = format!("test-{}", kind.word());
            if !outbox::hear(&self.house.store, &hearer, &[kind], effect).await.unwrap().more {
                return std::mem::take(&mut *facts.lock().unwrap());
            }
        }
    }

    /// The decisions that were told to others since the last time this was asked.
    pub async fn told(&self) -> Vec<(u32, DecisionState)> {
        let facts = self.said(FactKind::Decisions).await;
        let decisions = facts.into_iter().flat_map(|fact| match fact {
            Fact::Decisions(decisions) => decisions,
            _ => Vec::new(),
        });
        decisions.map(|decision| (decision.number.0, decision.state)).collect()
    }

    /// The ledger's entries, all published.
    pub async fn ledger(&self) -> Vec<Entry> {
        while self.house.ledger.publish(&self.house.store).await.unwrap().more {}
        let size = self.house.ledger.checkpoint().unwrap().checkpoint.size;
        (0..size).map(|index| self.house.ledger.entry(index).unwrap()).collect()
    }

    /// The kinds of the ledger's entries, in order.
    pub async fn ledger_kinds(&self) -> Vec<String> {
        self.ledger().await.into_iter().map(|entry| entry.kind).collect()
    }

    /// What edges of this machine answer from: the whole file and the changes beside it.
    pub fn policy(&self) -> Layers {
        let key = self.house.snapshot_key.verifying_key();
        let current = self.shield().current_path();
        let whole = Policy::open(&current, &key).unwrap();
        whole.scrub().unwrap();
        let mut layers = Layers::new(Arc::new(whole));
        loop {
            let at = layers.serial().0;
            let next = current.with_file_name("deltas").join(format!("{at}-{}.sipar", at + 1));
            if !next.exists() {
                return layers;
            }
            layers = layers.with(&Delta::open(&next, &key).unwrap()).unwrap();
        }
    }

    /// Another shield on the same house: another node, or a later life of this one.
    pub fn another(&self) -> Arc<Shield> {
        Arc::clone(sipar_shield::area(&self.house).unwrap().shield())
    }

    pub async fn request(&self, request: Request) -> Result<DecisionNumber, ShieldError> {
        let (shield, now) = (Arc::clone(self.shield()), self.house.clock.now());
        self.house.store.write(move |tx| shield.request(tx, &desk(), &request, now)).await
    }

    pub async fn undo(&self, number: u32, reason: &str) -> Result<Record, ShieldError> {
        let (shield, now, reason) = (Arc::clone(self.shield()), self.house.clock.now(), reason.to_owned());
        let write = self.house.store.write(move |tx| shield.undo(tx, &desk(), DecisionNumber(number), &reason, now));
        write.await
    }

    pub async fn agree(&self, what: &str, reason: &str) -> Result<DecisionNumber, ShieldError> {
        let (shield, now, reason, what) =
            (Arc::clone(self.shield()), self.house.clock.now(), reason.to_owned(), thing(what));
        self.house.store.write(move |tx| shield.agree(tx, &desk(), &what, &reason, now)).await
    }

    /// Somebody at another desk agrees to what a drill found.
    pub async fn agree_to(&self, label: &str, number: u32, days: u32) -> Result<(), ShieldError> {
        let (shield, now) = (Arc::clone(self.shield()), self.house.clock.now());
        let actor = Actor { label: label.into(), ..desk() };
        let number = DecisionNumber(number);
        let why = ("the site was taken over, its owner knows", days);
        self.house.store.write(move |tx| shield.agree_to(tx, &actor, number, why, now)).await
    }

    /// What drills found: `1 waiting top.example popular`.
    pub async fn drilled_words(&self) -> Vec<String> {
        let read = self.house.store.read(|reader| {
            let mut all = Vec::new();
            for state in DrillState::ALL {
                all.extend(drills::list(reader, state, 1_000)?);
            }
            Ok::<_, ShieldError>(all)
        });
        let word = |drilled: Drilled| {
            let (state, musts, lists) = (drilled.state.word(), drilled.musts.join(" "), drilled.lists.join(" "));
            format!("{} {state} {musts} {lists}", drilled.decision.0)
        };
        read.await.unwrap().into_iter().map(|(drilled, _)| word(drilled)).collect()
    }

    /// Whether edges that answer from what is in place block it.
    pub fn blocks(&self, name: &str) -> bool {
        let Observable::Domain(name) = thing(name) else { panic!("a name") };
        self.policy().name(&name, self.house.clock.now()).is_some_and(|hit| hit.action == Action::Block)
    }

    pub async fn refuse(&self, what: &str, reason: &str) -> Result<(), ShieldError> {
        let (shield, now, reason, what) =
            (Arc::clone(self.shield()), self.house.clock.now(), reason.to_owned(), thing(what));
        self.house.store.write(move |tx| shield.refuse(tx, &desk(), &what, &reason, now)).await
    }
}

/// Whoever decides in these tests.
pub fn desk() -> Actor {
    Actor { label: "duty-desk".into(), salt: Salt::from_bytes([3; 32]) }
}

/// A person's block for ten days.
pub fn block(what: &str) -> Request {
    Request {
        observable: thing(what),
        action: Action::Block,
        category: Category::Phishing,
        reason: "reported by a bank's customers".into(),
        days: 10,
    }
}

/// A person's allowance for ten days.
pub fn allow(what: &str) -> Request {
    Request { action: Action::Allow, reason: "a false alarm of one feed".into(), ..block(what) }
}

pub fn thing(what: &str) -> Observable {
    Observable::guess(what).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// An indicator of which `family` is entirely sure, seen at `at`.
pub fn says(what: &str, family: &str, category: Category, at: TimestampMs) -> Indicator {
    let assertion = Assertion {
        source: family.into(),
        family: family.into(),
        category,
        confidence: Confidence::new(100).unwrap(),
        first_seen: at.plus_days(-1),
        last_seen: at,
        tlp: Tlp::Clear,
        reference: None,
        met: None,
    };
    Indicator { observable: thing(what), assertions: vec![assertion] }
}

/// A name of which a feed is entirely sure that it is phishing.
pub fn phishing(what: &str) -> Indicator {
    says(what, "feed", Category::Phishing, NOW)
}

/// The warning lists as a file among the blobs.
pub fn index(house: &House, lists: &[(&str, WarningKind, &[&str])]) -> WarningIndexBuilt {
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), NOW);
    for (slug, kind, things) in lists {
        let list = builder.list(slug, slug, *kind).unwrap();
        for what in *things {
            builder.add(&thing(what), Scope::Subtree, list).unwrap();
        }
    }
    let file = house.blobs.incoming().join("index");
    builder.write(&file, &house.snapshot_key).unwrap();
    let lists = WarningIndex::open(&file, &house.snapshot_key.verifying_key()).unwrap().lists().to_vec();
    WarningIndexBuilt { blob: house.blobs.adopt(&file).unwrap(), lists }
}
