//! What is in a data folder that no process uses: its records, its ledger and its snapshot.

use super::Home;
use sipar_ledger::{Entry, Ledger, LedgerKey};
use sipar_snapshot::{Delta, Layers, Policy, SigningKey};
use sipar_store::{Row, Store, StoreConfig, StoreError, params};
use std::sync::Arc;

/// The records of a data folder.
pub struct Records(Store);

/// One row of the table of decisions, as far as tests ask.
#[derive(Clone, Debug)]
pub struct Decision {
    pub number: u32,
    pub value: String,
    pub active: bool,
    pub ledger_index: u64,
}

impl Records {
    pub fn of(home: &Home) -> Self {
        let sqlite = || StoreConfig::sqlite(home.data.join("sipar.db"));
        Self(Store::open(&home.database.as_ref().map_or_else(sqlite, StoreConfig::postgres)).unwrap())
    }

    pub fn rows(&self, sql: &'static str) -> Vec<Row> {
        self.0.read_blocking(move |reader| reader.query(sql, params![])).map_err(|error: StoreError| error).unwrap()
    }

    pub fn decisions(&self) -> Vec<Decision> {
        let rows = self.rows("select number, value, state, ledger_index from decision order by number");
        let decision = |row: &Row| Decision {
            number: row.get(0),
            value: row.get(1),
            active: row.get::<i64>(2) == 1,
            ledger_index: row.get(3),
        };
        rows.iter().map(decision).collect()
    }

    /// The text in the first column of every row.
    pub fn texts(&self, sql: &'static str) -> Vec<String> {
        self.rows(sql).iter().map(|row| row.get(0)).collect()
    }
}

/// Every entry of the published ledger, in order.
pub fn ledger(home: &Home) -> Vec<Entry> {
    let key = LedgerKey::from_file(&home.data.join("keys/ledger.key")).unwrap();
    let ledger = Ledger::open(home.data.join("ledger"), key).unwrap();
    let size = ledger.checkpoint().unwrap().checkpoint.size;
    (0..size).map(|index| ledger.entry(index).unwrap()).collect()
}

/// What edges answer from, the whole file checked to its last byte, and the changes since.
pub fn snapshot(home: &Home) -> Layers {
    let key = SigningKey::from_file(&home.data.join("keys/snapshot.key")).unwrap().verifying_key();
    let folder = home.data.join("snapshot");
    let policy = Policy::open(&folder.join("current.sipar"), &key).unwrap();
    policy.scrub().unwrap();
    let mut layers = Layers::new(Arc::new(policy));
    loop {
        let at = layers.serial().0;
        let next = folder.join("deltas").join(format!("{at}-{}.sipar", at + 1));
        if !next.exists() {
            return layers;
        }
        layers = layers.with(&Delta::open(&next, &key).unwrap()).unwrap();
    }
}
