//! Measures the ledger: entries a second into the store, from there into the folder, and through a whole check.
//!
//!     cargo run --release -p sipar-ledger --example entries [ENTRIES]
//!
//! It works in a temporary folder, with every sync that a real ledger does, and removes the folder at the end.

use serde_json::json;
use sipar_ledger::{Entry, Ledger, LedgerError, LedgerKey, MIGRATIONS, append, verify};
use sipar_model::TimestampMs;
use sipar_store::{Store, StoreConfig};
use std::error::Error;
use std::time::Instant;

/// Entries of one transaction, as a decision job writes them.
const BATCH: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let entries: u64 = std::env::args().nth(1).map_or(Ok(500_000), |text| text.parse())?;
    let dir = std::env::temp_dir().join(format!("sipar-entries-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let store = Store::open(&StoreConfig::sqlite(dir.join("store.sqlite")))?;
    store.migrate_blocking("sipar-ledger", MIGRATIONS)?;
    let ledger = Ledger::open(dir.join("ledger"), LedgerKey::generate("example.org/ledger")?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;

    rate("one entry a transaction, one caller", 1_000, || (0..1_000).try_for_each(|at| add(&store, at..at + 1)))?;
    rate("1,000 entries a transaction", entries, || {
        (0..entries).step_by(1_000).try_for_each(|at| add(&store, at..entries.min(at + BATCH)))
    })?;
    rate("published, with every sync", entries, || runtime.block_on(publish_all(&ledger, &store)))?;
    let key = ledger.verifying_key().clone();
    rate("checked whole", entries, || {
        let faults = verify(ledger.dir(), &key).err();
        faults.map_or(Ok(()), |faults| Err(LedgerError::Fault(format!("{faults:?}"))))
    })?;
    rate("inclusion proofs", 2_000, || (0..2_000).try_for_each(|at| ledger.inclusion(at * 977 % entries).map(|_| ())))?;
    drop(store);
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn add(store: &Store, numbers: std::ops::Range<u64>) -> Result<(), LedgerError> {
    let now = TimestampMs(1_700_000_000_000);
    let entry = |number| {
        let body = json!({"number": number, "action": "block", "observable": format!("domain:name{number}.example.com"),
            "category": "phishing", "by": "rule:two-families", "reason": "two independent families within seven days"});
        Entry::new("decision", now, body)
    };
    let entries: Vec<Entry> = numbers.map(entry).collect();
    store.write_blocking(move |tx| append(tx, &entries, now).map(|_| ()))
}

async fn publish_all(ledger: &Ledger, store: &Store) -> Result<(), LedgerError> {
    while ledger.publish(store).await?.more {}
    Ok(())
}

fn rate(what: &str, count: u64, work: impl FnOnce() -> Result<(), LedgerError>) -> Result<(), LedgerError> {
    let start = Instant::now();
    work()?;
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate to print")]
    let per_second = count as f64 / seconds;
    println!("{what}: {count} in {seconds:.2} s = {per_second:.0}/s");
    Ok(())
}
