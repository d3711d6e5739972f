//! `bench encrypted`: answers over TLS, HTTPS and QUIC, beside the servers that offer the same transport with the same
//! list; and what a new connection costs.

pub mod certificate;
mod https;
pub mod load;
mod quic;
mod tls;

use crate::account::{self, Machine};
use crate::lists::{Lists, SEED};
use crate::load::blast::BlastReport;
use crate::peers::{self, Peer, PeerKind, Setup};
use crate::process::{CommandLine, Daemon, LOAD_CPU, free_port, pinned};
use crate::results::{Results, Table, machine, rate};
use crate::snapshot;
use crate::stage::{Stage, start_upstream};
use anyhow::{Context, Result, bail, ensure};
use certificate::Pair;
use load::Over;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// What is measured, and how long.
#[derive(Debug, clap::Args)]
pub struct EncryptedOptions {
    /// Blocked names
    #[arg(long, default_value_t = 1_000_000)]
    names: usize,
    /// Servers to compare with: dnsdist, unbound
    #[arg(long, value_delimiter = ',', default_value = "dnsdist,unbound")]
    peers: Vec<PeerKind>,
    /// Transports
    #[arg(long, value_delimiter = ',', default_value = "tls,https,quic")]
    over: Vec<Over>,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 3.0)]
    secs: f64,
    /// Measurements of each kind; the median counts
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// 100,000 names, 1 second, one measurement of each kind
    #[arg(long)]
    quick: bool,
    /// Leave Sipar out
    #[arg(long)]
    without_sipar: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

/// How long a server may take to load its list.
const LOAD_MAX: Duration = Duration::from_secs(900);
/// Filling caches: one and a half rounds of the 10,000 allowed names, each of which a slow server forwards first.
const WARM_QUESTIONS: &str = "--questions=15000";
/// Filling caches may take so many seconds.
const WARM_S: f64 = 60.0;
/// Above this share used by others, a rate is marked.
const OTHERS_MAX: f64 = 0.06;

/// One run of the generator.
#[derive(Clone, Debug, Serialize)]
struct Measured {
    #[serde(flatten)]
    seen: BlastReport,
    /// Processor time of the server for each answer, in microseconds.
    cpu_us: f64,
    /// The share of the machine that others used.
    others: f64,
}

/// One server over one transport.
#[derive(Clone, Debug, Serialize)]
struct EncryptedResult {
    server: String,
    over: Over,
    names: usize,
    blocked: Option<Measured>,
    allowed: Option<Measured>,
    anew: Option<Measured>,
    resident_mib: f64,
    error: Option<String>,
}

/// Runs everything and prints the table.
pub fn run(work: &Path, options: &EncryptedOptions) -> Result<()> {
    let (names, secs, reps) =
        if options.quick { (100_000, 1.0, 1) } else { (options.names, options.secs, options.reps.max(1)) };
    let results = Results::new(work, "encrypted")?;
    let lists = Lists::prepare(&results.work, names, SEED)?;
    let program = if options.without_sipar { PathBuf::new() } else { snapshot::program(options.sipar.as_deref())? };
    let pair = Pair::make(&results.work)?;
    let (upstream, port) = start_upstream(&results.work)?;
    let run = Run { results, lists, program, pair, upstream, port, secs, reps };
    let mut kinds: Vec<PeerKind> = (!options.without_sipar).then_some(PeerKind::Sipar).into_iter().collect();
    kinds.extend(&options.peers);
    let mut table = Table::new(&[
        "transport",
        "server",
        "blocked us",
        "answers/s",
        "allowed us",
        "answers/s",
        "new connection us",
        "MiB",
        "right",
    ]);
    let mut notes = String::new();
    for over in Over::ALL.into_iter().filter(|over| options.over.contains(over)) {
        for &kind in &kinds {
            let Some(result) = run.one(kind, over)? else {
                notes.push_str(&format!("{} does not offer {}.\n", kind.name(), over.name()));
                continue;
            };
            run.results.keep(&result)?;
            if let Some(error) = &result.error {
                notes.push_str(&format!("{} over {} failed: {error}\n", kind.name(), over.name()));
            }
            table.row(cells(&result));
        }
    }
    println!(
        "### Encrypted transports, {names} blocked names\n\n{}; server on one core, load on the other; 20 connections, \
        10 questions under way on each; {secs} s each, median of {reps}.\n`new connection`: handshake without resumption, \
        one question, and the end.\n`~`: others used more than {:.0} % of the machine meanwhile, so read the processor \
        time and not the rate.\n\n{}\n{notes}",
        machine(),
        OTHERS_MAX * 100.0,
        table.text(),
    );
    Ok(())
}

fn cells(result: &EncryptedResult) -> Vec<String> {
    let mut cells = vec![result.over.name().to_owned(), result.server.clone()];
    let us = |measured: &Measured| format!("{:.2}", measured.cpu_us);
    let speed = |measured: &Measured| {
        format!("{}{}", if measured.others > OTHERS_MAX { "~" } else { "" }, rate(measured.seen.rate))
    };
    let dash = || "-".to_owned();
    for measured in [&result.blocked, &result.allowed] {
        cells.extend(measured.as_ref().map_or_else(|| [dash(), dash()], |measured| [us(measured), speed(measured)]));
    }
    cells.push(result.anew.as_ref().map_or_else(dash, |measured| format!("{:.0}", measured.cpu_us)));
    cells.push(format!("{:.1}", result.resident_mib));
    let answers = |measured: &Option<Measured>| measured.as_ref().map_or(0, |measured| measured.seen.received);
    let right = result.blocked.as_ref().map_or(0, |measured| measured.seen.nxdomain)
        + result.allowed.as_ref().map_or(0, |measured| measured.seen.noerror);
    cells.push(format!("{right}/{}", answers(&result.blocked) + answers(&result.allowed)));
    cells
}

struct Run {
    results: Results,
    lists: Lists,
    program: PathBuf,
    pair: Pair,
    upstream: Daemon,
    port: u16,
    secs: f64,
    reps: usize,
}

impl Run {
    /// A server that fails is a row that says why; `None` where it does not offer the transport.
    fn one(&self, kind: PeerKind, over: Over) -> Result<Option<EncryptedResult>> {
        let name = format!("encrypted-{}-{}", kind.name(), over.option());
        let setup = Setup::new(&name, &self.results.work, &self.lists, self.port, &self.program)?;
        let port = free_port()?;
        let Some(peer) = self.peer(kind, &setup, over, port)? else { return Ok(None) };
        eprintln!("{} over {}: starting", kind.name(), over.name());
        let mut result = EncryptedResult {
            server: kind.name(),
            over,
            names: self.lists.count,
            blocked: None,
            allowed: None,
            anew: None,
            resident_mib: 0.0,
            error: None,
        };
        if let Err(error) = self.fill(kind, peer, &setup, port, &mut result) {
            eprintln!("{} over {}: {error:#}", kind.name(), over.name());
            result.error = Some(format!("{error:#}"));
        }
        Ok(Some(result))
    }

    fn peer(&self, kind: PeerKind, setup: &Setup<'_>, over: Over, port: u16) -> Result<Option<Peer>> {
        match kind {
            PeerKind::Sipar => peers::sipar::with_encrypted(setup, over, port, &self.pair).map(Some),
            PeerKind::Dnsdist => peers::dnsdist::with_encrypted(setup, over, port, &self.pair),
            PeerKind::Unbound => peers::unbound::with_encrypted(setup, over, port, &self.pair),
            _ => bail!("{} is not measured over encrypted transports", kind.name()),
        }
    }

    fn fill(
        &self,
        kind: PeerKind,
        peer: Peer,
        setup: &Setup<'_>,
        port: u16,
        result: &mut EncryptedResult,
    ) -> Result<()> {
        let log = setup.folder.join("out.log");
        let (stage, _) = Stage::start(kind, peer, &self.lists, self.upstream.pid(), &log, LOAD_MAX)?;
        let (blocked, allowed) = (self.lists.path("q_blocked.txt"), self.lists.path("q_hot.txt"));
        let pid = stage.server.pid();
        let measure = |queries: &Path, more: &[&str], seconds| {
            let measured = self.measure(pid, result.over, port, queries, more, seconds)?;
            eprintln!("{} over {}: {:.2} us", kind.name(), result.over.name(), measured.cpu_us);
            anyhow::Ok(measured)
        };
        measure(&allowed, &[WARM_QUESTIONS], WARM_S)?;
        measure(&blocked, &[WARM_QUESTIONS], WARM_S)?;
        let median = |queries: &Path, more: &[&str]| {
            let mut all = (0..self.reps).map(|_| measure(queries, more, self.secs)).collect::<Result<Vec<_>>>()?;
            all.sort_by(|a, b| a.cpu_us.total_cmp(&b.cpu_us));
            anyhow::Ok(all.swap_remove(all.len() / 2))
        };
        let (blocked, allowed, anew) = (median(&blocked, &[])?, median(&allowed, &[])?, median(&allowed, &["--anew"])?);
        result.resident_mib = account::memory(pid).resident_mib;
        (result.blocked, result.allowed, result.anew) = (Some(blocked), Some(allowed), Some(anew));
        Ok(())
    }

    fn measure(
        &self,
        pid: u32,
        over: Over,
        port: u16,
        queries: &Path,
        more: &[&str],
        seconds: f64,
    ) -> Result<Measured> {
        let mut arguments = vec![
            "encrypted-load".to_owned(),
            format!("--over={}", over.option()),
            format!("--port={port}"),
            format!("--certificate={}", self.pair.certificate.display()),
            format!("--queries={}", queries.display()),
            format!("--seconds={seconds}"),
        ];
        arguments.extend(more.iter().map(|&option| option.to_owned()));
        let upstream = self.upstream.pid();
        let (machine, before, upstream_before) = (Machine::now()?, account::ran_ns(pid), account::ran_ns(upstream));
        let mut command = pinned(LOAD_CPU, &CommandLine::own(arguments)?)?;
        let output = command.stderr(Stdio::inherit()).output().context("running the generator")?;
        ensure!(output.status.success(), "the generator ended with {}", output.status);
        let seen: BlastReport = serde_json::from_slice(&output.stdout).context("reading the generator's report")?;
        ensure!(seen.received > 0, "no answers");
        let used_s = (account::ran_ns(pid) - before) as f64 / 1e9;
        let upstream_s = (account::ran_ns(upstream).saturating_sub(upstream_before)) as f64 / 1e9;
        let others = machine.others_since(used_s + upstream_s + seen.generator_cpu_s)?;
        Ok(Measured { cpu_us: used_s * 1e6 / seen.received as f64, others, seen })
    }
}
