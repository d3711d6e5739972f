//! `bench ledger`: entries a second from a transaction into the published log, durably, and back through verification.

use crate::account;
use crate::results::{Results, Table, machine};
use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;
use serde_json::json;
use sipar_ledger::{Entry, Ledger, LedgerError, LedgerKey};
use sipar_model::TimestampMs;
use sipar_store::{Store, StoreConfig};
use std::path::Path;
use std::time::Instant;

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct LedgerOptions {
    /// Entries
    #[arg(long, default_value_t = 200_000)]
    entries: usize,
    /// Entries in one transaction
    #[arg(long, value_delimiter = ',', default_value = "1,1000")]
    batch: Vec<usize>,
    /// A tenth of the entries
    #[arg(long)]
    quick: bool,
}

/// With one entry a transaction each waits for the disk: this many tell enough.
const ALONE_MAX: usize = 2_000;
/// Publishing takes at most 65,536 entries a call.
const PUBLISH_CALLS_MAX: usize = 10_000;
const NOW: TimestampMs = TimestampMs(1_735_689_600_000);
const KEY_SEED: [u8; 32] = [9; 32];

#[derive(Debug, Serialize)]
struct LedgerResult {
    batch: usize,
    entries: usize,
    append_per_s: f64,
    publish_per_s: f64,
    verify_per_s: f64,
    cpu_us: f64,
}

/// Runs it for each batch size.
pub fn run(work: &Path, options: &LedgerOptions) -> Result<()> {
    let results = Results::new(work, "ledger")?;
    let entries = if options.quick { options.entries / 10 } else { options.entries };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let mut table =
        Table::new(&["entries a transaction", "entries", "appended/s", "published/s", "verified/s", "cpu us an entry"]);
    for &batch in &options.batch {
        ensure!(batch > 0, "--batch must not be 0");
        let count = if batch == 1 { entries.min(ALONE_MAX) } else { entries };
        let result = one(&results.work, &runtime, batch, count)?;
        results.keep(&result)?;
        table.row(vec![
            batch.to_string(),
            count.to_string(),
            format!("{:.0}", result.append_per_s),
            format!("{:.0}", result.publish_per_s),
            format!("{:.0}", result.verify_per_s),
            format!("{:.1}", result.cpu_us),
        ]);
    }
    println!("### Ledger on SQLite, each commit synced to the disk\n\n{}\n\n{}", machine(), table.text());
    Ok(())
}

fn one(work: &Path, runtime: &tokio::runtime::Runtime, batch: usize, count: usize) -> Result<LedgerResult> {
    // Under the work folder: /tmp may be memory, which syncs for nothing.
    let folder = tempfile::tempdir_in(work).context("making a folder")?;
    let store = Store::open(&StoreConfig::sqlite(folder.path().join("ledger.sqlite"))).context("opening the store")?;
    store.migrate_blocking("sipar-ledger", sipar_ledger::MIGRATIONS).context("preparing the store")?;
    let key = LedgerKey::from_seed("bench.example.invalid/ledger", KEY_SEED).context("making a key")?;
    let ledger = Ledger::open(folder.path().join("ledger"), key).context("opening the ledger")?;
    let (cpu_s, start) = (account::ran_s(std::process::id()), Instant::now());
    for first in (0..count).step_by(batch) {
        let entries: Vec<Entry> = (first..count.min(first + batch)).map(entry).collect();
        store
            .write_blocking(move |tx| sipar_ledger::append(tx, &entries, NOW).map(|_| ()))
            .map_err(|error: LedgerError| anyhow!(error).context("appending"))?;
    }
    let append_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 0..PUBLISH_CALLS_MAX {
        if !runtime.block_on(ledger.publish(&store)).context("publishing")?.more {
            break;
        }
    }
    let publish_s = start.elapsed().as_secs_f64();
    let cpu_us = (account::ran_s(std::process::id()) - cpu_s) * 1e6 / count as f64;
    let start = Instant::now();
    let verified = sipar_ledger::verify(ledger.dir(), ledger.verifying_key());
    ensure!(verified.is_ok(), "the ledger does not verify: {:?}", verified.err());
    let per_s = |seconds: f64| count as f64 / seconds;
    Ok(LedgerResult {
        batch,
        entries: count,
        append_per_s: per_s(append_s),
        publish_per_s: per_s(publish_s),
        verify_per_s: per_s(start.elapsed().as_secs_f64()),
        cpu_us,
    })
}

/// As large as a decision's entry.
fn entry(number: usize) -> Entry {
    let body = json!({
        "decision": number, "action": "block", "observable": {"type": "domain", "value": format!("bad{number}.example")},
        "category": "phishing", "decided_by": "rule:two-families", "reason": "two families saw it within a week",
        "expires_at": 1_738_281_600_000_u64,
    });
    Entry::new("decision", NOW, body)
}
