//! `bench open`: from a snapshot file to the first right answer, inside a process and for a whole restart of the edge.

use crate::account::{self, Memory};
use crate::lists::{Lists, SEED};
use crate::peers::{self, PeerKind, Setup};
use crate::process::{CommandLine, SERVER_CPU, pinned};
use crate::results::{Results, Table, machine};
use crate::snapshot;
use crate::stage::{Stage, start_upstream};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sipar_model::{Clock, DomainName, SystemClock};
use sipar_snapshot::{Policy, VerifyingKey};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct OpenOptions {
    /// Sizes of the list
    #[arg(long, value_delimiter = ',', default_value = "1000000,10000000")]
    names: Vec<usize>,
    /// Times each; the median counts
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// 100,000 names
    #[arg(long)]
    quick: bool,
    /// Leave out the restart of the whole edge
    #[arg(long)]
    without_edge: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

/// A restart may take so long.
const RESTART_MAX: Duration = Duration::from_secs(60);
/// Seconds to ask for every sampled name, so that all pages have been touched when memory is read.
const TOUCH_S: f64 = 30.0;

/// One opening, in a process that did nothing else.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Opened {
    open_ms: f64,
    first_answer_ms: f64,
}

#[derive(Debug, Serialize)]
struct OpenResult {
    names: usize,
    file_mib: f64,
    opened: Opened,
    restart_ms: Option<f64>,
    memory: Option<Memory>,
}

/// Runs it for each size.
pub fn run(work: &Path, options: &OpenOptions) -> Result<()> {
    let results = Results::new(work, "open")?;
    let sizes = if options.quick { &[100_000][..] } else { &options.names };
    let sipar = if options.without_edge { None } else { Some(snapshot::program(options.sipar.as_deref())?) };
    let mut table =
        Table::new(&["names", "file MiB", "open ms", "to first answer ms", "edge restart ms", "edge MiB (mapped)"]);
    for &names in sizes {
        let result = one(&results, names, options.reps.max(1), sipar.as_deref())?;
        results.keep(&result)?;
        let dash = || "-".to_owned();
        table.row(vec![
            names.to_string(),
            format!("{:.1}", result.file_mib),
            format!("{:.2}", result.opened.open_ms),
            format!("{:.2}", result.opened.first_answer_ms),
            result.restart_ms.map_or_else(dash, |ms| format!("{ms:.1}")),
            result.memory.map_or_else(dash, |memory| memory.cell()),
        ]);
    }
    println!("### Opening a snapshot\n\n{}; median of {}; the file is in the page cache.\n", machine(), options.reps);
    println!("{}", table.text());
    Ok(())
}

fn one(results: &Results, names: usize, reps: usize, sipar: Option<&Path>) -> Result<OpenResult> {
    let lists = Lists::prepare(&results.work, names, SEED)?;
    let path = lists.snapshot()?;
    let name = lists.blocked_probes()?.pop().context("the list is empty")?;
    let file_mib = std::fs::metadata(&path)?.len() as f64 / f64::from(1 << 20);
    let mut opened = Vec::with_capacity(reps);
    for _ in 0..reps {
        let command = CommandLine::own(["open-once".as_ref(), path.as_os_str(), name.as_ref()])?;
        let output = pinned(SERVER_CPU, &command)?.output().context("running a process that opens")?;
        ensure!(output.status.success(), "opening failed: {}", String::from_utf8_lossy(&output.stderr));
        opened.push(serde_json::from_slice::<Opened>(&output.stdout).context("reading what it says")?);
    }
    opened.sort_by(|a, b| a.first_answer_ms.total_cmp(&b.first_answer_ms));
    let opened = opened.swap_remove(reps / 2);
    let edge = sipar.map(|sipar| restart(results, &lists, sipar, reps)).transpose()?;
    let (restart_ms, memory) = edge.unzip();
    Ok(OpenResult { names, file_mib, opened, restart_ms, memory })
}

/// Starts the edge several times: milliseconds to the first right answer, and memory once every page was asked for.
fn restart(results: &Results, lists: &Lists, sipar: &Path, reps: usize) -> Result<(f64, Memory)> {
    let (upstream, port) = start_upstream(&results.work)?;
    let (mut times, mut memory) = (Vec::with_capacity(reps), Memory::default());
    for rep in 0..reps {
        let setup = Setup::new("open-sipar", &results.work, lists, port, sipar)?;
        let peer = peers::prepare(PeerKind::Sipar, &setup)?;
        let log = setup.folder.join("out.log");
        let (stage, loaded) = Stage::start(PeerKind::Sipar, peer, lists, upstream.pid(), &log, RESTART_MAX)?;
        times.push(loaded.first_block_s * 1e3);
        if rep + 1 == reps {
            stage.warm(&lists.path("q_blocked.txt"), TOUCH_S)?;
            memory = account::memory(stage.server.pid());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok((times[reps / 2], memory))
}

/// Opens the file, asks for one blocked name, and prints how long both took.
pub fn once(path: &Path, name: &str) -> Result<()> {
    let key: VerifyingKey = snapshot::verifying_key()?;
    let (name, now) = (DomainName::parse(name).context("parsing the name")?, SystemClock.now());
    let start = Instant::now();
    let policy = Policy::open(path, &key).with_context(|| format!("opening `{}`", path.display()))?;
    let open_ms = start.elapsed().as_secs_f64() * 1e3;
    let hit = policy.name(&name, now);
    let first_answer_ms = start.elapsed().as_secs_f64() * 1e3;
    ensure!(hit.is_some(), "`{}` is not blocked", name.as_str());
    println!("{}", serde_json::to_string(&Opened { open_ms, first_answer_ms })?);
    Ok(())
}
