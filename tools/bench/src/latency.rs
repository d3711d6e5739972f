//! `bench latency`: how long single answers take, each server in turn and many times over.
//!
//! On a machine that others use too, the hundredth slowest answer says more of the minute than of the server. So all
//! servers run at once, each is asked for a second while the others idle, and the middle of all its turns counts.

use crate::lists::{Lists, SEED};
use crate::peers::{self, PeerKind, Setup};
use crate::process::Daemon;
use crate::results::{Results, Table, machine};
use crate::snapshot;
use crate::stage::{Stage, start_upstream};
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
pub struct LatencyOptions {
    /// Blocked names
    #[arg(long, default_value_t = 1_000_000)]
    names: usize,
    /// Servers to compare with, besides the echo
    #[arg(long, value_delimiter = ',', default_value = "unbound,bind,knot-resolver,pdns-recursor,dnsdist")]
    peers: Vec<PeerKind>,
    /// Turns of each server
    #[arg(long, default_value_t = 21)]
    turns: usize,
    /// Seconds of each turn
    #[arg(long, default_value_t = 1.0)]
    secs: f64,
    /// Questions a second
    #[arg(long, default_value_t = 10_000)]
    rate: u32,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

/// Longest time in which a server takes the list in.
const LOAD_MAX: Duration = Duration::from_secs(900);
/// Filling a cache with one pass over a file may take so many seconds.
const WARM_S: f64 = 60.0;

/// Blocked names, and allowed ones from the cache.
const MIXES: [(&str, &str); 2] = [("blocked", "q_blocked.txt"), ("allowed", "q_hot.txt")];

/// One turn.
#[derive(Clone, Copy, Debug, Serialize)]
struct Turn {
    p50_us: f64,
    p99_us: f64,
}

/// All turns of one server with one kind of question.
#[derive(Debug, Serialize)]
struct LatencyResult {
    server: String,
    mix: &'static str,
    turns: Vec<Turn>,
}

/// Runs everything and prints the table.
pub fn run(work: &Path, options: &LatencyOptions) -> Result<()> {
    let results = Results::new(work, "latency")?;
    let lists = Lists::prepare(&results.work, options.names, SEED)?;
    let sipar = snapshot::program(options.sipar.as_deref())?;
    let (upstream, port) = start_upstream(&results.work)?;
    let mut stages = Vec::new();
    for kind in [PeerKind::Echo, PeerKind::Sipar].iter().chain(&options.peers) {
        let setup = Setup::new(&format!("latency-{}", kind.name()), &results.work, &lists, port, &sipar)?;
        stages.push(start(*kind, &setup, &lists, &upstream)?);
    }
    let mut rows = Vec::new();
    for (mix, file) in MIXES {
        eprintln!("{mix}: {} turns of {} servers", options.turns, stages.len());
        for row in measure(&stages, mix, &lists.path(file), options)? {
            results.keep(&row)?;
            rows.push(row);
        }
    }
    let mut table =
        Table::new(&["server", "questions", "p50 us", "p99 us", "p99 us, a quarter below", "a quarter above"]);
    for row in &rows {
        table.row(cells(row));
    }
    println!(
        "### Latency, {} blocked names\n\n{}; all servers up on one core, load on the other; {} questions a second, {} \
        turns of {} s each; the middle turn.\n\n{}",
        options.names,
        machine(),
        options.rate,
        options.turns,
        options.secs,
        table.text()
    );
    Ok(())
}

/// Starts a server and fills its caches.
fn start<'a>(kind: PeerKind, setup: &Setup<'_>, lists: &'a Lists, upstream: &Daemon) -> Result<Stage<'a>> {
    eprintln!("{}: starting", kind.name());
    let peer = peers::prepare(kind, setup)?;
    let (stage, _) = Stage::start(kind, peer, lists, upstream.pid(), &setup.folder.join("out.log"), LOAD_MAX)?;
    // Twice: what was lost in the first round is there after the second.
    for (_, file) in MIXES.into_iter().chain(MIXES) {
        stage.warm(&lists.path(file), WARM_S)?;
    }
    Ok(stage)
}

/// Each server in turn, and again from the first.
fn measure(
    stages: &[Stage<'_>],
    mix: &'static str,
    queries: &Path,
    options: &LatencyOptions,
) -> Result<Vec<LatencyResult>> {
    let settings = [format!("--seconds={}", options.secs), format!("--rate={}", options.rate), "--batch=1".to_owned()];
    let settings = settings.each_ref().map(String::as_str);
    let mut rows: Vec<LatencyResult> = stages
        .iter()
        .map(|stage| LatencyResult { server: stage.kind.name(), mix, turns: Vec::with_capacity(options.turns) })
        .collect();
    for _ in 0..options.turns {
        for (stage, row) in stages.iter().zip(&mut rows) {
            let seen = stage.measure(queries, &settings).with_context(|| format!("asking {}", row.server))?.seen;
            row.turns.push(Turn { p50_us: seen.p50_us, p99_us: seen.p99_us });
        }
    }
    Ok(rows)
}

fn cells(row: &LatencyResult) -> Vec<String> {
    let at = |part: usize, of: fn(&Turn) -> f64| {
        let mut all: Vec<f64> = row.turns.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get((all.len() * part / 4).min(all.len().saturating_sub(1)))
            .map_or_else(|| "-".to_owned(), |us| format!("{us:.0}"))
    };
    let p99 = |turn: &Turn| turn.p99_us;
    vec![row.server.clone(), row.mix.to_owned(), at(2, |turn| turn.p50_us), at(2, p99), at(1, p99), at(3, p99)]
}
