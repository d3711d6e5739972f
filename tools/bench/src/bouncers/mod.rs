//! `bench bouncers`: many bouncers that take every decision at once, and then ask again and again for what has changed,
//! against axum answering a constant and against CrowdSec's own local API.

mod crowdsec;
mod sipar;
mod start;

use crate::account::{self, Memory};
use crate::http::{self, HttpMeasured};
use crate::process::{CommandLine, Daemon, SERVER_CPU, free_port};
use crate::random::Random;
use crate::results::{Results, Table, machine, rate};
use crate::snapshot;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use start::Started;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct BouncersOptions {
    /// Addresses that are blocked
    #[arg(long, default_value_t = 300_000)]
    decisions: usize,
    /// Bouncers, each with a key of its own
    #[arg(long, default_value_t = 100)]
    bouncers: usize,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 4.0)]
    secs: f64,
    /// 20,000 decisions, 1 second
    #[arg(long)]
    quick: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
    /// A folder with CrowdSec's `usr/bin` (default: what `bench setup` unpacks)
    #[arg(long, value_name = "FOLDER")]
    crowdsec: Option<PathBuf>,
}

/// The path that bouncers ask.
pub const POLL: &str = "/v1/decisions/stream";
/// What nothing new looks like.
pub const NOTHING_NEW: &str = "{\"new\": [], \"deleted\": []}";
/// How long a server may take to have all decisions: intake, judgement, ledger and compile take a minute or two.
const READY_MAX: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_millis(200);
/// CrowdSec puts each answer together in memory, so only so many of its bouncers start at once here.
const CROWDSEC_AT_ONCE: usize = 5;
/// Seconds that a server may take to come to rest.
const SETTLE_S_MAX: u64 = 60;
/// A server rests when it uses less than this share of a processor.
const IDLE_SHARE: f64 = 0.03;
/// The seed of the addresses.
const SEED: u64 = 0x5ec;

#[derive(Debug, Serialize)]
struct BouncersResult {
    server: String,
    decisions: usize,
    bouncers: usize,
    /// Until every decision was there, from nothing.
    ready_s: Option<f64>,
    started: Option<Started>,
    /// After every bouncer had everything, and at the most.
    memory: Memory,
    unchanged: HttpMeasured,
}

/// A server with all decisions, and the keys of its bouncers.
struct Ready {
    name: &'static str,
    server: Daemon,
    port: u16,
    keys: Vec<String>,
    ready_s: f64,
    at_once: usize,
}

/// Unpacks the peer.
pub fn unpack_crowdsec(work: &Path) -> Result<()> {
    crowdsec::unpack(work)
}

/// Runs all of it and prints the table.
pub fn run(work: &Path, options: &BouncersOptions) -> Result<()> {
    let (decisions, secs) = if options.quick { (20_000, 1.0) } else { (options.decisions, options.secs) };
    let results = Results::new(work, "bouncers")?;
    let folder = results.work.join("bouncers");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let bench = Bench { folder, decisions, bouncers: options.bouncers.max(1), secs };
    let mut rows = vec![bench.constant()?];
    rows.push(bench.measure(sipar::start(&bench, &snapshot::program(options.sipar.as_deref())?)?)?);
    let unpacked = options.crowdsec.clone().unwrap_or_else(|| crowdsec::folder(work));
    match crowdsec::start(&bench, &unpacked)? {
        Some(ready) => rows.push(bench.measure(ready)?),
        None => eprintln!("crowdsec: left out, it is not in `{}`; run `bench setup`", unpacked.display()),
    }
    rows.push(bench.constant()?);
    let limit = rows.first().map(|row| row.unchanged.cpu_us).context("the constant was not measured")?;
    let mut table = Table::new(&[
        "server",
        "ready s",
        "starts at once",
        "start: MB each",
        "cpu s each",
        "MiB after",
        "MiB most",
        "unchanged polls/s",
        "cpu us",
        "of constant",
        "p50/p99 us",
    ]);
    for row in &rows {
        results.keep(row)?;
        table.row(cells(row, limit));
    }
    println!(
        "### Bouncers, {decisions} decisions, {} bouncers\n\n{}; server on one core, load on the other; {secs} s each; \
        HTTP keep-alive over 32 connections.\n\n{}",
        bench.bouncers,
        machine(),
        table.text()
    );
    Ok(())
}

fn cells(row: &BouncersResult, limit: f64) -> Vec<String> {
    let dash = || "-".to_owned();
    let started = |write: &dyn Fn(&Started) -> String| row.started.as_ref().map_or_else(dash, write);
    vec![
        row.server.clone(),
        row.ready_s.map_or_else(dash, |ready_s| format!("{ready_s:.1}")),
        started(&|start| start.at_once.to_string()),
        started(&|start| format!("{:.1}", start.bytes as f64 / 1e6 / start.bouncers as f64)),
        started(&|start| format!("{:.3}", start.cpu_s / start.bouncers as f64)),
        format!("{:.0}", row.memory.resident_mib),
        format!("{:.0}", row.memory.peak_mib),
        rate(row.unchanged.rate),
        format!("{:.2}", row.unchanged.cpu_us),
        format!("{:.2}", row.unchanged.cpu_us / limit),
        format!("{:.0}/{:.0}", row.unchanged.p50_us, row.unchanged.p99_us),
    ]
}

/// Waits until the server has ended what it does by itself, such as writing a whole snapshot; not for ever.
fn settle(pid: u32) {
    for _ in 0..SETTLE_S_MAX {
        let before = account::ran_s(pid);
        std::thread::sleep(Duration::from_secs(1));
        if account::ran_s(pid) - before < IDLE_SHARE {
            return;
        }
    }
}

/// One run.
struct Bench {
    folder: PathBuf,
    decisions: usize,
    bouncers: usize,
    secs: f64,
}

impl Bench {
    /// Different unicast addresses, in order.
    fn addresses(&self) -> BTreeSet<Ipv4Addr> {
        let mut random = Random::new(SEED);
        let mut all = BTreeSet::new();
        while all.len() < self.decisions {
            let address = Ipv4Addr::from(random.between(1 << 24, (223 << 24) - 1) as u32);
            // Loopback, private and shared space is nothing that anybody blocks.
            let [a, b, ..] = address.octets();
            let local =
                matches!((a, b), (10 | 127, _) | (100, 64..=127) | (169, 254) | (172, 16..=31) | (192 | 198, _));
            if !local {
                all.insert(address);
            }
        }
        all
    }

    /// A script that polls with each key in turn.
    fn script(&self, name: &str, keys: &[String]) -> Result<PathBuf> {
        let mut script = "local requests, next = {}, 0\ninit = function()\n".to_owned();
        for key in keys {
            writeln!(
                script,
                "  requests[#requests + 1] = wrk.format('GET', '{POLL}', {{ ['X-Api-Key'] = '{key}', \
                ['User-Agent'] = 'bench-bouncer/v1.0' }})"
            )
            .context("writing the script")?;
        }
        script.push_str("end\nrequest = function()\n  next = next % #requests + 1\n  return requests[next]\nend\n");
        let path = self.folder.join(format!("{name}.lua"));
        std::fs::write(&path, script).with_context(|| format!("writing `{}`", path.display()))?;
        Ok(path)
    }

    fn constant(&self) -> Result<BouncersResult> {
        let port = free_port()?;
        let command = CommandLine::own(["constant".to_owned(), port.to_string()])?;
        let mut server = Daemon::start("axum constant", SERVER_CPU, &command, &self.folder.join("constant.log"))?;
        self.wait(&mut server, "axum constant", || http::ask(port, POLL).is_ok())?;
        let script = self.script("constant", &["none".to_owned()])?;
        let unchanged = http::measure(server.pid(), port, &script, self.secs)?;
        let memory = account::memory(server.pid());
        let (decisions, bouncers) = (self.decisions, self.bouncers);
        Ok(BouncersResult {
            server: "axum constant".to_owned(),
            decisions,
            bouncers,
            ready_s: None,
            started: None,
            memory,
            unchanged,
        })
    }

    fn measure(&self, mut ready: Ready) -> Result<BouncersResult> {
        eprintln!("{}: {} bouncers start, {} at once", ready.name, ready.keys.len(), ready.at_once);
        let started = start::all(ready.server.pid(), ready.port, &ready.keys, ready.at_once)?;
        let least = self.decisions * ready.keys.len();
        ensure!(started.told >= least, "{}: {} decisions were told, not {least}", ready.name, started.told);
        // What has started has nothing new to be told.
        let script = self.script(ready.name, &ready.keys)?;
        settle(ready.server.pid());
        let before = account::ran_s(ready.server.pid());
        let mut unchanged = http::measure(ready.server.pid(), ready.port, &script, self.secs)?;
        // Threads that end meanwhile count too: the finer account forgets them.
        unchanged.cpu_us = (account::ran_s(ready.server.pid()) - before) * 1e6 / unchanged.requests.max(1) as f64;
        ensure!(unchanged.failed == 0, "{}: {} polls failed", ready.name, unchanged.failed);
        let memory = account::memory(ready.server.pid());
        ready.server.stop();
        Ok(BouncersResult {
            server: ready.name.to_owned(),
            decisions: self.decisions,
            bouncers: self.bouncers,
            ready_s: Some(ready.ready_s),
            started: Some(started),
            memory,
            unchanged,
        })
    }

    fn wait(&self, server: &mut Daemon, name: &str, mut is_ready: impl FnMut() -> bool) -> Result<()> {
        let start = Instant::now();
        while !is_ready() {
            server.check_alive()?;
            ensure!(start.elapsed() < READY_MAX, "{name} was not ready in time");
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}
