//! What several tests need: a house with a clock that is set by hand, and the facts that were said.

use crate::{feeds::Intel, store};
use sipar_area::{Blobs, House, Instance, OwnersCell, Packs};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::{Clock, Fact, TimestampMs, fact::Indicator};
use sipar_snapshot::SigningKey;
use sipar_store::Store;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// 2026-01-02T04:00:00Z, when the samples were pulled.
pub(crate) const NOW: TimestampMs = TimestampMs(1_767_326_400_000);

/// A clock that is set by hand.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn set(&self, at: TimestampMs) {
        self.0.store(at.0, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::SeqCst))
    }
}

/// The area in a temporary folder.
pub(crate) struct Bed {
    pub(crate) intel: Arc<Intel>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) folder: tempfile::TempDir,
}

impl Bed {
    pub(crate) fn new(store: Store) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let clock = Arc::new(HandClock(AtomicI64::new(NOW.0)));
        store.migrate_blocking("intel", store::MIGRATIONS).expect("tables");
        store.migrate_blocking("intel", store::MIGRATIONS).expect("tables, again");
        let key = LedgerKey::generate("test.example/ledger").expect("key");
        let house = House {
            store,
            ledger: Arc::new(Ledger::open(folder.path().join("ledger"), key).expect("ledger")),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            blobs: Blobs::open(&folder.path().join("blobs")).expect("blobs"),
            packs: Packs::default(),
            owners: OwnersCell::default(),
            snapshot_key: Arc::new(SigningKey::generate().expect("key")),
            data: folder.path().to_owned(),
            instance: Arc::new(Instance {
                organisation: "Example CERT".into(),
                contact: "mailto:help@cert.example".into(),
                portal: "http://127.0.0.1".into(),
                time_zone: "Asia/Karachi".into(),
            }),
        };
        let mut intel = Intel::new(&house).expect("intel");
        intel.chance = Arc::new(|| 0.0);
        // A test that finds a feed busy sees the refusal at once.
        intel.patience = std::time::Duration::ZERO;
        Self { intel: Arc::new(intel), clock, folder }
    }

    /// Writes a feed's file and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("parent")).expect("folder");
        std::fs::write(&path, bytes).expect("file");
        path.display().to_string()
    }

    /// Adds a feed of this format at this place.
    pub(crate) fn add(&self, slug: &str, format: &str, origin: &str) {
        let mut new = self.intel.draft(format).expect("format");
        slug.clone_into(&mut new.slug);
        origin.clone_into(&mut new.origin);
        slug.clone_into(&mut new.family);
        self.intel.add(new).expect("added");
    }

    /// The facts said since the last call, in order.
    pub(crate) fn said(&self) -> Vec<Fact> {
        self.intel.house.store.write_blocking(store::take_said).expect("outbox")
    }

    /// The indicators said since the last call.
    pub(crate) fn indicators(&self) -> Vec<Indicator> {
        let indicators = self.said().into_iter().filter_map(|fact| match fact {
            Fact::Indicators(indicators) => Some(indicators),
            _ => None,
        });
        indicators.flatten().collect()
    }
}

/// The first path below `folder`, at most eight levels down, that `wanted` takes.
pub(crate) fn find_below(folder: &Path, wanted: impl Fn(&Path) -> bool + Copy) -> Option<PathBuf> {
    fn find(folder: &Path, depth: usize, wanted: impl Fn(&Path) -> bool + Copy) -> Option<PathBuf> {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        if let Some(found) = entries.iter().find(|path| wanted(path)) {
            return Some(found.clone());
        }
        let mut below = entries.iter().filter(|path| path.is_dir() && depth > 0);
        below.find_map(|folder| find(folder, depth - 1, wanted))
    }
    find(folder, 8, wanted)
}
