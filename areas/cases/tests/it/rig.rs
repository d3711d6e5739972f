//! A house on temporary folders with cases in it, and what tests say to it.

use sipar_area::{Area as _, AreaError, Blobs, House, Instance, OwnersCell, Packs};
use sipar_authz::SystemRandom;
use sipar_cases::{
    CasesArea, CasesError, Submission, Verdict,
    model::{Appeal, Asked, Code, Words},
    store::appeals,
};
use sipar_ledger::{Entry, Ledger, LedgerKey, Salt};
use sipar_model::{
    Action, AppealNumber, Category, Clock, Decision, DecisionNumber, Fact, FactKind, Observable, Ruling, RulingOutcome,
    Severity, TimestampMs, Tlp, fact::DecisionState,
};
use sipar_snapshot::SigningKey;
use sipar_store::{Store, Tx, outbox, testing};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

/// A Monday in November 2026, 14:21 in Karachi.
pub const NOW: TimestampMs = TimestampMs(1_795_425_660_000);

pub struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

pub struct Rig {
    pub house: House,
    pub area: Arc<CasesArea>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

/// Runs `test` in a house on a fresh store of each kind.
pub fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

impl Rig {
    pub async fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock(AtomicI64::new(NOW.0)));
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
        let area = sipar_cases::area(&house).unwrap();
        store.migrate("ledger", sipar_ledger::MIGRATIONS).await.unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        Self { house, area, clock, _folder: folder }
    }

    pub fn set(&self, now: TimestampMs) {
        self.clock.0.store(now.0, Ordering::SeqCst);
    }

    /// Says that these decisions are so, and lets cases hear it.
    pub async fn tell(&self, decisions: Vec<Decision>) {
        let (fact, now) = (Fact::Decisions(decisions), self.house.clock.now());
        self.house.store.write(move |tx| outbox::say(tx, &fact, now)).await.unwrap();
        let area = Arc::clone(&self.area);
        let effect = move |tx: &mut Tx<'_>, fact: &Fact| area.hear(tx, fact);
        let heard = outbox::hear(&self.house.store, "cases", self.area.hears(), effect).await;
        heard.unwrap_or_else(|error: AreaError| panic!("{}", error.chain()));
    }

    pub async fn appeal(&self, what: &str, words: &str) -> Result<(Code, Appeal), CasesError> {
        let code = Code::generate(&SystemRandom).unwrap();
        let sent = Submission {
            asked: Asked::parse(what).unwrap(),
            words: Words::parse(words)?,
            code: code.clone(),
            salt: Salt::fresh().unwrap(),
        };
        let (cases, now) = (Arc::clone(self.area.cases()), self.house.clock.now());
        let appeal = self.house.store.write(move |tx| cases.submit(tx, &sent, now)).await?;
        Ok((code, appeal))
    }

    pub async fn follow(&self, code: &Code) -> Option<Appeal> {
        let hash = code.hash();
        self.house.store.read(move |reader| appeals::by_code(reader, &hash)).await.unwrap()
    }

    pub async fn decide(
        &self,
        label: &str,
        decision: u32,
        outcome: RulingOutcome,
    ) -> Result<Vec<AppealNumber>, CasesError> {
        let verdict = Verdict {
            label: label.into(),
            outcome,
            reason: Words::parse("we looked at the site and at the feed").unwrap(),
            salt: Salt::from_bytes([3; 32]),
        };
        let (cases, now) = (Arc::clone(self.area.cases()), self.house.clock.now());
        self.house.store.write(move |tx| cases.decide(tx, DecisionNumber(decision), &verdict, now)).await
    }

    /// Rulings that were said since the last time this was asked.
    pub async fn rulings(&self) -> Vec<Ruling> {
        let all = Arc::<Mutex<Vec<Ruling>>>::default();
        let into = Arc::clone(&all);
        let effect = move |_: &mut Tx<'_>, fact: &Fact| {
            if let Fact::Ruling(ruling) = fact {
                into.lock().unwrap().push(ruling.clone());
            }
            Ok::<_, AreaError>(())
        };
        outbox::hear(&self.house.store, "test", &[FactKind::Ruling], effect).await.unwrap();
        std::mem::take(&mut *all.lock().unwrap())
    }

    /// The ledger's entries, all published.
    pub async fn ledger(&self) -> Vec<Entry> {
        while self.house.ledger.publish(&self.house.store).await.unwrap().more {}
        let size = self.house.ledger.checkpoint().unwrap().checkpoint.size;
        (0..size).map(|index| self.house.ledger.entry(index).unwrap()).collect()
    }
}

/// A block by a rule.
pub fn block(number: u32, what: &str) -> Decision {
    Decision {
        number: DecisionNumber(number),
        observable: Observable::guess(what).unwrap(),
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        decided_by: "rule:phishing".into(),
        reason: "score 90 of 100".into(),
        tlp: Tlp::Clear,
        decided_at: NOW,
        expires_at: NOW.plus_days(10),
        state: DecisionState::Active,
    }
}

/// The same, over.
pub fn over(number: u32, what: &str, state: DecisionState) -> Decision {
    Decision { state, ..block(number, what) }
}
