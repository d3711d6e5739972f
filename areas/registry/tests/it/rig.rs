//! A house on temporary folders with the register in it, and what tests say to it.

use sipar_area::{Area as _, Blobs, House, Instance, OwnersCell, Packs};
use sipar_ledger::{Entry, Ledger, LedgerKey, Salt};
use sipar_model::{Clock, PartyId, TimestampMs};
use sipar_registry::{
    Actor, Claimed, Registry, RegistryArea, RegistryError, Verdict,
    model::{ClaimDraft, Matter, Outcome, Party, PartyDraft},
    store::matters,
};
use sipar_snapshot::SigningKey;
use sipar_store::{Store, Tx, testing};
use std::sync::{
    Arc,
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
    pub area: Arc<RegistryArea>,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

/// Runs `test` in a house on a fresh store of each kind.
pub fn each_rig<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    testing::each_store(|store| async { test(Rig::new(store).await).await });
}

pub fn id(text: &str) -> PartyId {
    PartyId::parse(text).unwrap()
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
        let area = sipar_registry::area(&house).unwrap();
        store.migrate("ledger", sipar_ledger::MIGRATIONS).await.unwrap();
        store.migrate(area.name(), area.migrations()).await.unwrap();
        Self { house, area, clock, _folder: folder }
    }

    pub fn set(&self, now: TimestampMs) {
        self.clock.0.store(now.0, Ordering::SeqCst);
    }

    /// Does something to the register in a transaction of its own.
    pub async fn act<T: Send + 'static>(
        &self,
        work: impl Fn(&Arc<Registry>, &mut Tx<'_>, TimestampMs) -> Result<T, RegistryError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let (registry, now) = (Arc::clone(self.area.registry()), self.house.clock.now());
        self.house.store.write(move |tx| work(&registry, tx, now)).await
    }

    pub async fn register(&self, id: &str, title: &str, more: &str) -> Result<Party, RegistryError> {
        let text = format!("{{\"id\":\"{id}\",\"title\":\"{title}\"{more}}}");
        let new = serde_json::from_str::<PartyDraft>(&text).unwrap().read()?;
        self.act(move |registry, tx, now| registry.register(tx, &new, &Actor::person("desk"), now)).await
    }

    pub async fn claim(
        &self,
        party: &str,
        asset: &str,
        from: Option<i64>,
        until: Option<i64>,
    ) -> Result<Claimed, RegistryError> {
        let draft = ClaimDraft {
            party: party.into(),
            asset: asset.into(),
            kind: if asset.contains(' ') { "data-centre".into() } else { String::new() },
            label: String::new(),
            from: from.map(TimestampMs),
            until: until.map(TimestampMs),
        };
        let new = draft.read(self.house.clock.now())?;
        self.act(move |registry, tx, now| registry.claim(tx, &new, &Actor::person("desk"), now)).await
    }

    pub async fn decide(&self, number: i64, label: &str, outcome: Outcome) -> Result<Matter, RegistryError> {
        let by = Actor::person(label);
        let verdict =
            Verdict { by, outcome, reason: "asked both by telephone".into(), salt: Salt::from_bytes([3; 32]) };
        self.act(move |registry, tx, now| registry.decide(tx, number, &verdict, now)).await
    }

    pub async fn waiting(&self) -> Vec<Matter> {
        self.house.store.read(|reader| matters::waiting(reader, 99)).await.unwrap()
    }

    /// Who owns something at a time, as the others are told.
    pub async fn owner(&self, what: &str, at: TimestampMs) -> Option<String> {
        use sipar_area::Owners as _;
        self.area.registry().refresh().await.unwrap();
        let thing = sipar_model::Observable::guess(what).unwrap();
        self.house.owners.owner_of(&thing, at).map(|owner| owner.party.to_string())
    }

    /// The ledger's entries, all published.
    pub async fn ledger(&self) -> Vec<Entry> {
        while self.house.ledger.publish(&self.house.store).await.unwrap().more {}
        let size = self.house.ledger.checkpoint().unwrap().checkpoint.size;
        (0..size).map(|index| self.house.ledger.entry(index).unwrap()).collect()
    }
}

/// The words of a refusal.
pub fn refused<T: std::fmt::Debug>(result: Result<T, RegistryError>, words: &str) {
    let error = result.expect_err(words).to_string();
    assert!(error.contains(words), "{error}");
}
