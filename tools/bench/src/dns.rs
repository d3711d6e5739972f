//! `bench dns`: blocked and allowed answers of every server against the bare echo, in one run on one machine.

use crate::lists::{Lists, SEED};
use crate::peers::{self, PeerKind, Setup};
use crate::process::Daemon;
use crate::results::{Results, Table, machine, rate};
use crate::stage::{Correct, Loaded, Measured, Stage, start_upstream};
use crate::{account, snapshot};
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is measured, and how long.
#[derive(Debug, clap::Args)]
pub struct DnsOptions {
    /// Blocked names
    #[arg(long, default_value_t = 1_000_000)]
    names: usize,
    /// Servers to compare with, besides the echo
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "unbound,bind,knot-resolver,pdns-recursor,dnsmasq,dnsdist,rbldnsd"
    )]
    peers: Vec<PeerKind>,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 4.0)]
    secs: f64,
    /// Measurements of each kind; the median counts
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// Questions a second when latency is measured
    #[arg(long, default_value_t = 10_000)]
    rate: u32,
    /// 100,000 names, 1 second, one measurement of each kind
    #[arg(long)]
    quick: bool,
    /// Wait for an idle machine before each measurement, at most two minutes
    #[arg(long)]
    quiet: bool,
    /// Leave Sipar out
    #[arg(long)]
    without_sipar: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
    /// What the lists are made from
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// Seconds a server may take to load the list
    #[arg(long, default_value_t = 900)]
    load_timeout: u64,
}

/// Waits for a quiet machine at most so long.
const QUIET_WAIT: Duration = Duration::from_secs(120);
/// Filling a cache with one pass over a file may take so many seconds.
const WARM_S: f64 = 60.0;
/// Above this share used by others, a figure is marked.
const OTHERS_MAX: f64 = 0.06;

/// A kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Mix {
    Blocked,
    Allowed,
    Mixed,
}

impl Mix {
    const ALL: [Self; 3] = [Self::Blocked, Self::Allowed, Self::Mixed];

    const fn file(self) -> &'static str {
        match self {
            Self::Blocked => "q_blocked.txt",
            Self::Allowed => "q_hot.txt",
            Self::Mixed => "q_zipf.txt",
        }
    }
}

/// One kind of traffic, as fast as it goes and at a fixed rate.
#[derive(Clone, Debug, Serialize)]
struct MixResult {
    full: Measured,
    paced: Measured,
}

/// One server.
#[derive(Clone, Debug, Default, Serialize)]
struct DnsResult {
    server: String,
    names: usize,
    loaded: Option<Loaded>,
    correct: Correct,
    mixes: BTreeMap<Mix, MixResult>,
    memory_end: account::Memory,
    error: Option<String>,
}

/// Runs everything and prints the table.
pub fn run(work: &Path, mut options: DnsOptions) -> Result<()> {
    if options.quick {
        (options.names, options.secs, options.reps) = (100_000, 1.0, 1);
    }
    let results = Results::new(work, "dns")?;
    let lists = Lists::prepare(&results.work, options.names, options.seed)?;
    let sipar = if options.without_sipar { PathBuf::new() } else { snapshot::program(options.sipar.as_deref())? };
    let (upstream, port) = start_upstream(&results.work)?;
    let run = Run { options, results, lists, sipar, upstream, port };
    // The echo comes first and last: how far the two lie apart tells how steady the machine was.
    let mut kinds = vec![PeerKind::Echo];
    kinds.extend((!run.options.without_sipar).then_some(PeerKind::Sipar));
    kinds.extend(run.options.peers.iter().copied().filter(|kind| !matches!(kind, PeerKind::Echo | PeerKind::Sipar)));
    kinds.push(PeerKind::Echo);
    let mut rows = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let row = run.one(kind);
        run.results.keep(&row)?;
        rows.push(row);
    }
    println!("{}", report(&rows, &run.options));
    Ok(())
}

struct Run {
    options: DnsOptions,
    results: Results,
    lists: Lists,
    sipar: PathBuf,
    upstream: Daemon,
    port: u16,
}

impl Run {
    /// A server that fails is a row that says why; the others go on.
    fn one(&self, kind: PeerKind) -> DnsResult {
        eprintln!("{}: starting", kind.name());
        let mut result = DnsResult { server: kind.name(), names: self.lists.count, ..DnsResult::default() };
        if let Err(error) = self.fill(kind, &mut result) {
            eprintln!("{}: {error:#}", kind.name());
            result.error = Some(format!("{error:#}"));
        }
        result
    }

    fn fill(&self, kind: PeerKind, result: &mut DnsResult) -> Result<()> {
        let setup = Setup::new(&kind.name(), &self.results.work, &self.lists, self.port, &self.sipar)?;
        let peer = peers::prepare(kind, &setup)?;
        let longest = Duration::from_secs(self.options.load_timeout);
        let log = setup.folder.join("out.log");
        let (stage, loaded) = Stage::start(kind, peer, &self.lists, self.upstream.pid(), &log, longest)?;
        eprintln!("{}: loaded in {:.2} s", kind.name(), loaded.load_s);
        result.loaded = Some(loaded);
        if kind != PeerKind::Echo {
            result.correct = stage.check()?;
        }
        if kind.is_resolver() {
            self.warm(&stage)?;
        }
        for mix in Mix::ALL {
            if !kind.is_resolver() && kind != PeerKind::Echo && mix != Mix::Blocked {
                continue;
            }
            let measured = self.mix(&stage, &self.queries(&stage, mix)?)?;
            eprintln!(
                "{}: {mix:?} {:.2} us an answer, {}/s",
                kind.name(),
                measured.full.cpu_us,
                rate(measured.full.seen.rate)
            );
            result.mixes.insert(mix, measured);
        }
        result.memory_end = account::memory(stage.server.pid());
        Ok(())
    }

    /// Fills caches: of names, and of whole answers, which some servers keep for blocked names too.
    fn warm(&self, stage: &Stage<'_>) -> Result<()> {
        // Allowed names twice: what was lost in the first round is there after the second.
        let allowed = if self.options.quick { Mix::Allowed.file() } else { "q_warm.txt" };
        for file in [allowed, allowed, Mix::Blocked.file()] {
            stage.warm(&self.lists.path(file), WARM_S)?;
        }
        stage.warm(&self.lists.path(Mix::Mixed.file()), 3.0 * self.options.secs)?;
        Ok(())
    }

    fn mix(&self, stage: &Stage<'_>, queries: &Path) -> Result<MixResult> {
        let (seconds, rate) = (format!("--seconds={}", self.options.secs), format!("--rate={}", self.options.rate));
        let full = self.median(|| stage.measure(queries, &[&seconds]), |measured| measured.cpu_us)?;
        let paced = self.median(|| stage.measure(queries, &[&seconds, &rate, "--batch=1"]), |m| m.seen.p99_us)?;
        Ok(MixResult { full, paced })
    }

    /// The middle one of several measurements, by this figure.
    fn median(&self, measure: impl Fn() -> Result<Measured>, by: impl Fn(&Measured) -> f64) -> Result<Measured> {
        let mut all = Vec::with_capacity(self.options.reps);
        for _ in 0..self.options.reps.max(1) {
            if self.options.quiet {
                account::wait_quiet(QUIET_WAIT)?;
            }
            all.push(measure()?);
        }
        all.sort_by(|a, b| by(a).total_cmp(&by(b)));
        Ok(all.swap_remove(all.len() / 2))
    }

    /// The questions, in the server's own zone if it is asked so.
    fn queries(&self, stage: &Stage<'_>, mix: Mix) -> Result<PathBuf> {
        let (file, suffix) = (mix.file(), stage.peer.suffix);
        if suffix.is_empty() {
            return Ok(self.lists.path(file));
        }
        self.lists.form(&format!("{}{suffix}", file.trim_end_matches(".txt")), |lists, out| {
            let text = std::fs::read_to_string(lists.path(file))?;
            text.lines()
                .filter_map(|line| line.split_once(' '))
                .try_for_each(|(name, kind)| Ok(writeln!(out, "{name}{suffix} {kind}")?))
        })
    }
}

fn report(rows: &[DnsResult], options: &DnsOptions) -> String {
    let echo_us = |mix| mean(rows.iter().filter(|row| row.server == "echo").filter_map(|row| row.mixes.get(&mix)));
    let mut cost = Table::new(&[
        "server",
        "blocked us",
        "x echo",
        "answers/s",
        "allowed us",
        "x echo",
        "answers/s",
        "10/90 us",
        "x echo",
        "answers/s",
    ]);
    let mut rest = Table::new(&[
        "server",
        "blocked p50/p99/p99.9 us",
        "allowed p50/p99/p99.9 us",
        "load s",
        "load cpu s",
        "MiB loaded (mapped)",
        "MiB after (mapped)",
        "right",
    ]);
    for row in rows {
        let mut cells = vec![row.server.clone()];
        for mix in Mix::ALL {
            cells.extend(
                row.mixes.get(&mix).map_or_else(|| vec!["-".to_owned(); 3], |r| cost_cells(&r.full, echo_us(mix))),
            );
        }
        cost.row(cells);
        rest.row(rest_cells(row));
    }
    let mut text = format!(
        "### DNS, {} blocked names\n\n{}; server on one core, load on the other; {} s each, median of {}.\n\
        `~`: others used more than {:.0} % of the machine meanwhile, so read the processor time and not the rate.\n\
        Latency at {} questions a second.\n\n{}\n{}",
        options.names,
        machine(),
        options.secs,
        options.reps,
        OTHERS_MAX * 100.0,
        options.rate,
        cost.text(),
        rest.text()
    );
    for (server, error) in rows.iter().filter_map(|row| Some((&row.server, row.error.as_ref()?))) {
        text.push_str(&format!("\n{server} failed: {error}\n"));
    }
    text
}

fn cost_cells(full: &Measured, echo_us: Option<f64>) -> Vec<String> {
    let ratio = echo_us.map_or_else(|| "-".to_owned(), |echo_us| format!("{:.2}", full.cpu_us / echo_us));
    let mark = if full.others > OTHERS_MAX { "~" } else { "" };
    vec![format!("{:.2}", full.cpu_us), ratio, format!("{mark}{}", rate(full.seen.rate))]
}

fn rest_cells(row: &DnsResult) -> Vec<String> {
    let dash = || "-".to_owned();
    let latency = |mix| {
        row.mixes.get(&mix).map_or_else(dash, |result: &MixResult| {
            let seen = &result.paced.seen;
            let mark = if result.paced.others > OTHERS_MAX { "~" } else { "" };
            format!("{mark}{:.0}/{:.0}/{:.0}", seen.p50_us, seen.p99_us, seen.p999_us)
        })
    };
    let loaded = |cell: &dyn Fn(&Loaded) -> String| row.loaded.as_ref().map_or_else(dash, cell);
    vec![
        row.server.clone(),
        latency(Mix::Blocked),
        latency(Mix::Allowed),
        loaded(&|loaded| format!("{:.2}", loaded.load_s)),
        loaded(&|loaded| format!("{:.2}", loaded.load_cpu_s)),
        loaded(&|loaded| loaded.memory.cell()),
        row.memory_end.cell(),
        if row.server == "echo" { dash() } else { row.correct.cell() },
    ]
}

fn mean<'a>(of: impl Iterator<Item = &'a MixResult>) -> Option<f64> {
    let all: Vec<f64> = of.map(|result| result.full.cpu_us).collect();
    (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}
