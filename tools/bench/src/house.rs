//! A house on SQLite in a folder of its own, for measuring what areas do.

use anyhow::{Context, Result};
use sipar_area::{Blobs, House, Instance, OwnersCell, Packs};
use sipar_ledger::{Ledger, LedgerKey};
use sipar_model::SystemClock;
use sipar_store::{Durability, Store, StoreConfig};
use std::path::Path;
use std::sync::Arc;

const LEDGER_SEED: [u8; 32] = [9; 32];

/// Opens or makes a house in `folder`.
pub fn open(folder: &Path, durability: Durability) -> Result<House> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let store = StoreConfig::Sqlite { path: folder.join("sipar.sqlite"), durability };
    let store = Store::open(&store).context("opening the store")?;
    store.migrate_blocking("ledger", sipar_ledger::MIGRATIONS).context("preparing the ledger's tables")?;
    store.migrate_blocking("intel", sipar_intel::store::MIGRATIONS).context("preparing intel's tables")?;
    store.migrate_blocking("shield", sipar_shield::store::MIGRATIONS).context("preparing the shield's tables")?;
    let key = LedgerKey::from_seed("bench.example.invalid/ledger", LEDGER_SEED).context("making the ledger's key")?;
    Ok(House {
        store,
        ledger: Arc::new(Ledger::open(folder.join("ledger"), key).context("opening the ledger")?),
        clock: Arc::new(SystemClock),
        blobs: Blobs::open(&folder.join("blobs")).context("opening the blobs")?,
        packs: Packs::new(None),
        owners: OwnersCell::default(),
        snapshot_key: Arc::new(crate::snapshot::signing_key()?),
        data: folder.to_owned(),
        instance: Arc::new(Instance {
            organisation: "Benchmark".to_owned(),
            contact: "mailto:bench@example.invalid".to_owned(),
            portal: "http://127.0.0.1:8080".to_owned(),
            time_zone: "UTC".to_owned(),
        }),
    })
}
