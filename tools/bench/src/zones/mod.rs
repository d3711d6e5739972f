//! `bench zones`: a whole zone out, beside Knot and NSD; and how long until a change is enforced by BIND and Unbound,
//! with Sipar and with Knot as their primary.

mod enforce;
mod primary;
pub mod serve;
mod transfer;

use crate::account::{self, Memory};
use crate::lists::{Lists, SEED};
use crate::process::{Daemon, LOAD_CPU, SERVER_CPU, bind_to};
use crate::results::{Results, Table, machine};
use crate::snapshot;
use anyhow::{Context, Result};
use primary::Primary;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct ZonesOptions {
    /// Blocked names; each is two records of the zone
    #[arg(long, default_value_t = 1_000_000)]
    names: usize,
    /// Times each zone is transferred, and changes that are enforced
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// 50,000 names
    #[arg(long)]
    quick: bool,
    /// Only transfer whole zones
    #[arg(long, conflicts_with = "only_enforce")]
    only_transfer: bool,
    /// Only enforce changes
    #[arg(long)]
    only_enforce: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

/// The zone, in every form of it.
const ZONE: &str = "all.test";

/// One server sends the whole zone.
#[derive(Debug, Serialize)]
struct TransferResult {
    server: String,
    names: usize,
    ready_s: f64,
    seconds: Vec<f64>,
    first_ms: Vec<f64>,
    cpu_s: f64,
    records: u64,
    bytes: u64,
    memory: Memory,
}

/// Runs all of it and prints the tables.
pub fn run(work: &Path, options: &ZonesOptions) -> Result<()> {
    let results = Results::new(work, "zones")?;
    bind_to(LOAD_CPU)?;
    let names = if options.quick { 50_000 } else { options.names };
    let lists = Lists::prepare(&results.work, names, SEED)?;
    let folder = results.work.join("zones");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("clearing the last run away")?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    if !options.only_enforce {
        transfers(&results, &lists, &folder, options.reps)?;
    }
    if !options.only_transfer {
        let sipar = snapshot::program(options.sipar.as_deref())?;
        enforce::run(&results, &lists, &folder, &sipar, options.reps)?;
    }
    Ok(())
}

fn transfers(results: &Results, lists: &Lists, folder: &Path, reps: usize) -> Result<()> {
    let mut table = Table::new(&[
        "server",
        "seconds",
        "first ms",
        "cpu s each",
        "records",
        "MB",
        "ready s",
        "MiB resident (mapped)",
    ]);
    for primary in [Primary::Sipar, Primary::Knot, Primary::Nsd] {
        let result = one(primary, lists, folder, reps)?;
        results.keep(&result)?;
        table.row(vec![
            result.server.clone(),
            format!("{:.2}", middle(&result.seconds)),
            format!("{:.1}", middle(&result.first_ms)),
            format!("{:.2}", result.cpu_s),
            result.records.to_string(),
            format!("{:.1}", result.bytes as f64 / 1e6),
            format!("{:.2}", result.ready_s),
            result.memory.cell(),
        ]);
    }
    println!(
        "### A whole zone by AXFR, {} names\n\n{}; server on one core, reader on the other; {reps} times, the median.\n\n{}",
        lists.count,
        machine(),
        table.text()
    );
    Ok(())
}

fn one(primary: Primary, lists: &Lists, folder: &Path, reps: usize) -> Result<TransferResult> {
    let name = primary.name();
    eprintln!("{name}: starting");
    let setup = primary.prepare(lists, &folder.join(name))?;
    let start = std::time::Instant::now();
    let mut server = Daemon::start(name, SERVER_CPU, &setup.command, &setup.folder.join("out.log"))?;
    let mut all = vec![transfer::wait_for_all(setup.port, &mut server, 2 * lists.count as u64)?];
    let first_s = start.elapsed().as_secs_f64();
    let before = account::ran_s(server.pid());
    for _ in 0..reps {
        all.push(transfer::whole(setup.port)?);
    }
    let cpu_s = (account::ran_s(server.pid()) - before) / reps as f64;
    let memory = account::memory(server.pid());
    server.stop();
    let last = &all[all.len() - 1];
    let seconds: Vec<f64> = all[1..].iter().map(|one| one.seconds).collect();
    Ok(TransferResult {
        server: name.to_owned(),
        names: lists.count,
        // Some take the question at once and answer when they have loaded.
        ready_s: (first_s - middle(&seconds)).max(0.0),
        seconds,
        first_ms: all[1..].iter().map(|one| one.first_s * 1e3).collect(),
        cpu_s,
        records: last.records,
        bytes: last.bytes,
        memory,
    })
}

/// The median.
fn middle(all: &[f64]) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
