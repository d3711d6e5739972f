//! `bench reputation`: address look-ups over HTTP against axum answering a constant, and rbldnsd over DNS.

use crate::account::{self, Memory};
use crate::http::{self, HttpMeasured};
use crate::lists::prefixes::{Prefixes, any_v4};
use crate::lists::{Lists, SEED};
use crate::load::client::{Client, Reply};
use crate::peers::{self, Peer, PeerKind, Setup};
use crate::process::{CommandLine, Daemon, SERVER_CPU, free_port};
use crate::random::Random;
use crate::results::{Results, Table, machine, rate};
use crate::snapshot;
use crate::stage::{Measured, Stage};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use sipar_model::{Observable, Prefix};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct ReputationOptions {
    /// Listed prefixes, a fifth of them IPv6
    #[arg(long, default_value_t = 1_000_000)]
    prefixes: usize,
    /// Seconds for each measurement
    #[arg(long, default_value_t = 4.0)]
    secs: f64,
    /// 100,000 prefixes, 1 second
    #[arg(long)]
    quick: bool,
    /// Leave Sipar out
    #[arg(long)]
    without_sipar: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

/// rbldnsd shares a folder with a list of names; the names do not matter.
const NAMES: usize = 100_000;
/// Addresses that are asked for in turn over HTTP.
const ADDRESSES: usize = 100_000;
/// Prefixes of a list that is as good as none.
const FEW: usize = 10;
/// Long enough to ask for every sampled address of each family once, so that whatever a full list needs is resident.
const TOUCH_S: f64 = 2.0;
/// How long a server may take to come up.
const START_MAX: Duration = Duration::from_secs(300);
const PAUSE: Duration = Duration::from_millis(2);
const ASK: Duration = Duration::from_millis(500);

#[derive(Debug, Serialize)]
struct ReputationResult {
    server: String,
    prefixes: usize,
    load_s: f64,
    memory: Memory,
    /// The same server with a list of a few.
    memory_empty: Memory,
    http: Option<HttpMeasured>,
    dns: Option<Measured>,
}

struct Run {
    results: Results,
    lists: Lists,
    prefixes: usize,
    secs: f64,
}

/// Runs all of it and prints the table.
pub fn run(work: &Path, options: &ReputationOptions) -> Result<()> {
    let (prefixes, secs) = if options.quick { (100_000, 1.0) } else { (options.prefixes, options.secs) };
    let results = Results::new(work, "reputation")?;
    let lists = Lists::prepare(&results.work, NAMES, SEED)?;
    let run = Run { results, lists, prefixes, secs };
    let script = run.write_addresses()?;
    let mut rows = vec![run.constant(&script)?];
    let mut lists = vec![PeerKind::Echo, PeerKind::Rbldnsd];
    let mut program = PathBuf::new();
    if !options.without_sipar {
        program = snapshot::program(options.sipar.as_deref())?;
        rows.push(run.sipar(&program, &script)?);
        lists.push(PeerKind::Sipar);
    }
    for kind in lists {
        rows.push(run.dns(kind, &program)?);
    }
    let limit = rows.first().and_then(|row| row.http.clone()).context("the constant was not measured")?;
    let mut table = Table::new(&[
        "server",
        "over",
        "answers/s",
        "of constant",
        "cpu us",
        "of constant",
        "p50/p99 us",
        "load s",
        "MiB",
        "MiB without list",
        "bytes an entry",
    ]);
    for row in &rows {
        run.results.keep(row)?;
        table.row(cells(row, &limit));
    }
    println!(
        "### Address reputation, {prefixes} prefixes\n\n{}; server on one core, load on the other; {secs} s each; HTTP \
        keep-alive over 32 connections.\n\n{}",
        machine(),
        table.text()
    );
    Ok(())
}

fn cells(row: &ReputationResult, limit: &HttpMeasured) -> Vec<String> {
    let middle = match (&row.http, &row.dns) {
        (Some(http), _) => [
            "HTTP".to_owned(),
            rate(http.rate),
            format!("{:.0} %", 100.0 * http.rate / limit.rate),
            format!("{:.2}", http.cpu_us),
            format!("{:.0} %", 100.0 * limit.cpu_us / http.cpu_us),
            format!("{:.0}/{:.0}", http.p50_us, http.p99_us),
        ],
        (None, Some(dns)) => [
            "DNS".to_owned(),
            rate(dns.seen.rate),
            "-".to_owned(),
            format!("{:.2}", dns.cpu_us),
            "-".to_owned(),
            format!("{:.0}/{:.0}", dns.seen.p50_us, dns.seen.p99_us),
        ],
        (None, None) => Default::default(),
    };
    let mut cells = vec![row.server.clone()];
    cells.extend(middle);
    cells.extend([format!("{:.2}", row.load_s), format!("{:.1}", row.memory.resident_mib)]);
    let (full, empty) = (row.memory.resident_mib, row.memory_empty.resident_mib);
    cells.extend(match row.dns.is_some() && row.server != "echo" {
        true => [format!("{empty:.1}"), format!("{:.1}", (full - empty) * 1_048_576.0 / row.prefixes as f64)],
        false => ["-".to_owned(), "-".to_owned()],
    });
    cells
}

/// rbldnsd has a zone for each family; Sipar's list is one.
const fn suffix_of(kind: PeerKind) -> &'static str {
    if matches!(kind, PeerKind::Rbldnsd) { "-own-zone" } else { "" }
}

impl Run {
    /// Half of the addresses asked for are listed.
    fn write_addresses(&self) -> Result<PathBuf> {
        let prefixes = Prefixes::new(self.prefixes, self.lists.seed);
        let mut random = Random::new(self.lists.seed ^ 0x77);
        let addresses = self.lists.form(&format!("addresses-{}.txt", self.prefixes), |_, out| {
            (0..ADDRESSES).try_for_each(|number| {
                let address = if number % 2 == 0 { prefixes.inside_v4(&mut random) } else { any_v4(&mut random) };
                Ok(writeln!(out, "{address}")?)
            })
        })?;
        let script = self.lists.path("addresses.lua");
        http::write_script(&script, &addresses)?;
        Ok(script)
    }

    fn constant(&self, script: &Path) -> Result<ReputationResult> {
        let port = free_port()?;
        let command = CommandLine::own(["constant".to_owned(), port.to_string()])?;
        self.http("axum constant", &command, port, Ipv4Addr::LOCALHOST, script)
    }

    fn sipar(&self, program: &Path, script: &Path) -> Result<ReputationResult> {
        let (path, port) = (self.lists.path("prefixes.snapshot"), free_port()?);
        let listed = self.write_snapshot(&path, self.prefixes)?;
        let arguments = [
            "edge".to_owned(),
            format!("--snapshot={}", path.display()),
            format!("--key={}", snapshot::verifying_key()?),
            format!("--reputation=127.0.0.1:{port}"),
            "--workers=1".to_owned(),
        ];
        self.http("sipar", &CommandLine::new(program, arguments), port, listed, script)
    }

    fn write_snapshot(&self, path: &Path, count: usize) -> Result<Ipv4Addr> {
        let prefixes = Prefixes::new(count, self.lists.seed);
        let (mut builder, list) = snapshot::builder(1)?;
        let v4 = prefixes.v4.iter().map(|&(bits, length)| (IpAddr::from(bits.to_be_bytes()), length));
        let v6 = prefixes.v6.iter().map(|&(bits, length)| (IpAddr::from(bits.to_be_bytes()), length));
        for ((address, length), decision) in v4.chain(v6).zip(1..) {
            let prefix = Prefix::containing(address, length).context("a prefix is too long")?;
            let observable = prefix.single().map_or(Observable::Prefix(prefix), Observable::Address);
            builder.add(snapshot::block(observable, list, decision)).context("adding a prefix")?;
        }
        builder.write(path, &snapshot::signing_key()?).context("writing the snapshot")?;
        Ok(prefixes.inside_v4(&mut Random::new(1)))
    }

    /// Starts the server, waits until `listed` is listed, and loads it.
    fn http(
        &self,
        name: &str,
        command: &CommandLine,
        port: u16,
        listed: Ipv4Addr,
        script: &Path,
    ) -> Result<ReputationResult> {
        eprintln!("{name}: starting");
        let log = self.results.work.join("reputation.log");
        let start = Instant::now();
        let mut server = Daemon::start(name, SERVER_CPU, command, &log)?;
        while !http::ask(port, &format!("/v1/ip/{listed}")).is_ok_and(|body| body.contains("\"listed\":true")) {
            server.check_alive()?;
            ensure!(start.elapsed() < START_MAX, "{name} did not come up");
            std::thread::sleep(PAUSE);
        }
        let load_s = start.elapsed().as_secs_f64();
        let measured = http::measure(server.pid(), port, script, self.secs)?;
        ensure!(measured.failed == 0, "{name}: {} answers were no success", measured.failed);
        Ok(ReputationResult {
            server: name.to_owned(),
            prefixes: self.prefixes,
            load_s,
            memory: account::memory(server.pid()),
            memory_empty: Memory::default(),
            http: Some(measured),
            dns: None,
        })
    }

    fn dns(&self, kind: PeerKind, program: &Path) -> Result<ReputationResult> {
        let memory_empty = match kind {
            PeerKind::Echo => Memory::default(),
            _ => self.start_dns(kind, program, FEW).map(|(stage, ..)| account::memory(stage.server.pid()))?,
        };
        let (stage, queries, load_s) = self.start_dns(kind, program, self.prefixes)?;
        let dns = stage.measure(&queries, &[&format!("--seconds={}", self.secs)])?;
        // Of a mapped file those pages are resident that were read: IPv6 must be asked for, too.
        stage.warm(&queries, TOUCH_S)?;
        if kind != PeerKind::Echo {
            let v6 = self.lists.path(&format!("q_ip6_hit-{}{}.txt", self.prefixes, suffix_of(kind)));
            stage.warm(&v6, TOUCH_S)?;
        }
        Ok(ReputationResult {
            server: kind.name(),
            prefixes: self.prefixes,
            load_s,
            memory: account::memory(stage.server.pid()),
            memory_empty,
            http: None,
            dns: Some(dns),
        })
    }

    /// A server with so many prefixes, what to ask it, and how long it took to come up.
    fn start_dns(&self, kind: PeerKind, program: &Path, count: usize) -> Result<(Stage<'_>, PathBuf, f64)> {
        eprintln!("{}: starting with {count} prefixes", kind.name());
        let setup = Setup::new(&format!("reputation-{}", kind.name()), &self.results.work, &self.lists, 0, program)?;
        let tries = peers::rbldnsd::with_tries(&setup, count)?;
        let peer = match kind {
            PeerKind::Rbldnsd => tries,
            PeerKind::Sipar => {
                let path = self.lists.path(&format!("prefixes-{count}.snapshot"));
                self.write_snapshot(&path, count)?;
                peers::sipar::with_blocklist(&setup, &path)?
            }
            _ => peers::prepare(kind, &setup)?,
        };
        let queries = self.lists.path(&format!("q_ip_hit-{count}.txt"));
        let text = std::fs::read_to_string(&queries).context("reading the questions")?;
        let name = text.split(' ').next().context("there is no question")?.to_owned();
        let start = Instant::now();
        let server = Daemon::start(&kind.name(), SERVER_CPU, &peer.command, &setup.folder.join("out.log"))?;
        let stage = self.wait_for(kind, peer, server, &name, start)?;
        Ok((stage, queries, start.elapsed().as_secs_f64()))
    }

    fn wait_for(&self, kind: PeerKind, peer: Peer, server: Daemon, name: &str, start: Instant) -> Result<Stage<'_>> {
        let mut client = Client::new(peer.port)?;
        let mut stage = Stage::of(kind, peer, server, &self.lists);
        let is_up = |reply: Reply| kind == PeerKind::Echo || reply.found();
        while !client.ask(name, ASK).is_some_and(is_up) {
            stage.server.check_alive()?;
            ensure!(start.elapsed() < START_MAX, "{} did not come up", kind.name());
            std::thread::sleep(PAUSE);
        }
        Ok(stage)
    }
}
