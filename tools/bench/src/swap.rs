//! `bench swap`: one name is added to the list of a server under load. How long until it is blocked, and how long does
//! a client wait meanwhile at worst?

use crate::account::{self, Memory};
use crate::lists::{Lists, SEED};
use crate::load::client::Client;
use crate::peers::{self, PeerKind, Setup};
use crate::process::{self, CommandLine, Daemon, LOAD_CPU};
use crate::results::{Results, Table, machine};
use crate::snapshot;
use crate::stage::{Stage, start_upstream};
use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct SwapOptions {
    /// Blocked names
    #[arg(long, default_value_t = 1_000_000)]
    names: usize,
    /// Servers to compare with: unbound, bind, dnsmasq, rbldnsd
    #[arg(long, value_delimiter = ',', default_value = "unbound,bind")]
    peers: Vec<PeerKind>,
    /// Times the list is replaced
    #[arg(long, default_value_t = 10)]
    reps: u64,
    /// Questions a second meanwhile
    #[arg(long, default_value_t = 5_000)]
    rate: u32,
    /// 100,000 names, three times
    #[arg(long)]
    quick: bool,
    /// Leave Sipar out
    #[arg(long)]
    without_sipar: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

const PROBE_EACH: Duration = Duration::from_millis(2);
const PROBE_WAIT: Duration = Duration::from_secs(10);
const ASK: Duration = Duration::from_secs(5);
const LOAD_MAX: Duration = Duration::from_secs(900);
const ENFORCE_MAX: Duration = Duration::from_secs(180);
/// The probe alone, before anything is replaced: what the machine itself does.
const IDLE: Duration = Duration::from_secs(2);
/// The server may still work after the name is blocked: this long belongs to the replacement.
const AFTER: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Serialize)]
struct SwapResult {
    server: String,
    names: usize,
    enforce_ms: Vec<f64>,
    gap_ms: Vec<f64>,
    idle_gap_ms: f64,
    cpu_s: f64,
    lost: u64,
    wrong: u64,
    memory: Memory,
    error: Option<String>,
}

/// Runs it for each server.
pub fn run(work: &Path, options: &SwapOptions) -> Result<()> {
    let results = Results::new(work, "swap")?;
    // The probe must not wait for the server's processor.
    process::bind_to(LOAD_CPU)?;
    let (names, reps) = if options.quick { (100_000, 3) } else { (options.names, options.reps) };
    let lists = Lists::prepare(&results.work, names, SEED)?;
    let sipar = if options.without_sipar { PathBuf::new() } else { snapshot::program(options.sipar.as_deref())? };
    let mut kinds: Vec<PeerKind> = (!options.without_sipar).then_some(PeerKind::Sipar).into_iter().collect();
    kinds.extend(&options.peers);
    let mut runs: Vec<(PeerKind, By)> = kinds.into_iter().map(|kind| (kind, By::Whole)).collect();
    if !options.without_sipar {
        runs.insert(1, (PeerKind::Sipar, By::Change));
    }
    let mut table = Table::new(&[
        "server",
        "worst gap ms",
        "median gap ms",
        "idle gap ms",
        "blocked after ms",
        "cpu s each",
        "lost",
        "wrong",
        "MiB after",
    ]);
    for (kind, by) in runs {
        let mut result = SwapResult { server: format!("{}{}", kind.name(), by.mark()), names, ..SwapResult::default() };
        if let Err(error) = one((kind, by), &results, &lists, &sipar, (reps, options.rate), &mut result) {
            eprintln!("{}: {error:#}", result.server);
            result.error = Some(format!("{error:#}"));
        }
        results.keep(&result)?;
        table.row(cells(&mut result));
    }
    println!(
        "### Replacing the list under load, {names} names\n\n{}; {reps} times one name more, {} questions a second \
        meanwhile, a probe each {} ms.\n\n{}",
        machine(),
        options.rate,
        PROBE_EACH.as_millis(),
        table.text()
    );
    Ok(())
}

fn cells(result: &mut SwapResult) -> Vec<String> {
    if let Some(error) = &result.error {
        return vec![format!("{} failed: {error}", result.server)];
    }
    result.gap_ms.sort_by(f64::total_cmp);
    result.enforce_ms.sort_by(f64::total_cmp);
    let middle = |sorted: &[f64]| sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    vec![
        result.server.clone(),
        format!("{:.1}", result.gap_ms.last().copied().unwrap_or_default()),
        format!("{:.1}", middle(&result.gap_ms)),
        format!("{:.1}", result.idle_gap_ms),
        format!("{:.0}", middle(&result.enforce_ms)),
        format!("{:.2}", result.cpu_s),
        result.lost.to_string(),
        result.wrong.to_string(),
        format!("{:.1}", result.memory.resident_mib),
    ]
}

/// What is put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The whole list.
    Whole,
    /// What has changed, over [`CHANGED`] names that changed before.
    Change,
}

impl By {
    const fn mark(self) -> &'static str {
        match self {
            Self::Whole => "",
            Self::Change => " (a change)",
        }
    }
}

fn one(
    (kind, by): (PeerKind, By),
    results: &Results,
    lists: &Lists,
    sipar: &Path,
    (reps, rate): (u64, u32),
    result: &mut SwapResult,
) -> Result<()> {
    eprintln!("{}: starting", kind.name());
    let (upstream, port) = start_upstream(&results.work)?;
    let name = format!("swap-{}{}", kind.name(), if by == By::Change { "-change" } else { "" });
    let own = lists.copy(&results.work.join("run").join(format!("{name}-lists")))?;
    let setup = Setup::new(&name, &results.work, &own, port, sipar)?;
    let peer = peers::prepare(kind, &setup)?;
    let log = setup.folder.join("out.log");
    let (stage, loaded) = Stage::start(kind, peer, &own, upstream.pid(), &log, LOAD_MAX)?;
    eprintln!("{}: loaded in {:.2} s", kind.name(), loaded.load_s);
    if kind.is_resolver() {
        stage.warm(&own.path("q_hot.txt"), 30.0)?;
    }
    let added: Vec<String> = (0..reps).map(|rep| format!("added{rep}.example-bad{rep}.com")).collect();
    match (kind, by) {
        (PeerKind::Sipar, By::Whole) => write_snapshots(&own, &added)?,
        (PeerKind::Sipar, By::Change) => {
            let mut client = Client::new(stage.peer.port)?;
            put_change(&own, &many_names(), 1)?;
            wait_blocked(&stage, &mut client, "changed0.example-changed.com")?;
        }
        _ => {}
    }
    let load = start_load(&stage, &results.work, rate)?;
    let suffix = stage.peer.suffix;
    // Something whose answer never changes: a name that is allowed, or one that is listed.
    let asked =
        if kind.is_resolver() { own.allowed_probes()?.remove(0) } else { own.blocked_probes()?.remove(0) + suffix };
    let probe = Probe::start(stage.peer.port, asked)?;
    std::thread::sleep(IDLE);
    result.idle_gap_ms = probe.take_worst_ms();
    let (mut client, before_s) = (Client::new(stage.peer.port)?, account::ran_s(stage.server.pid()));
    for (name, serial) in added.iter().zip(2..) {
        let reply = client.ask(&format!("before.{name}{suffix}"), ASK);
        ensure!(!reply.is_some_and(|reply| stage.is_block(reply)), "`{name}` was blocked before it was listed");
        probe.take_worst_ms();
        match by {
            By::Whole => change(kind, &setup, &stage, name, serial)?,
            // The change before them all has led to serial 2.
            By::Change => put_change(&own, std::slice::from_ref(name), serial)?,
        }
        result.enforce_ms.push(wait_blocked(&stage, &mut client, name)?);
        std::thread::sleep(AFTER);
        result.gap_ms.push(probe.take_worst_ms());
    }
    result.cpu_s = (account::ran_s(stage.server.pid()) - before_s) / reps as f64;
    result.memory = account::memory(stage.server.pid());
    (result.lost, result.wrong) = probe.stop();
    drop(load);
    Ok(())
}

/// Milliseconds until something below the name is blocked; each time another, for caches may keep the old answer.
fn wait_blocked(stage: &Stage<'_>, client: &mut Client, name: &str) -> Result<f64> {
    let start = Instant::now();
    for number in 0_u64.. {
        let reply = client.ask(&format!("p{number}.{name}{}", stage.peer.suffix), ASK);
        if reply.is_some_and(|reply| stage.is_block(reply)) {
            break;
        }
        ensure!(start.elapsed() < ENFORCE_MAX, "`{name}` was never blocked");
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// Adds a name to the server's list, and tells the server in its own way. Returns once the file is in place.
fn change(kind: PeerKind, setup: &Setup<'_>, stage: &Stage<'_>, name: &str, serial: u64) -> Result<()> {
    let lists = setup.lists;
    match kind {
        PeerKind::Sipar => fs::rename(lists.path(&next_snapshot(serial)), lists.path("policy.snapshot"))
            .context("putting the snapshot in place"),
        PeerKind::Unbound => {
            append_zone(lists, name, serial)?;
            let control = Command::new("unbound-control")
                .args(["-c", &setup.path("unbound.conf"), "auth_zone_reload", "rpz.test"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            // It returns when the zone is loaded: that is part of what is timed, so it is not waited for here.
            let mut control = control.context("running `unbound-control`")?;
            std::thread::spawn(move || control.wait());
            Ok(())
        }
        PeerKind::Bind => {
            append_zone(lists, name, serial)?;
            stage.server.signal(Signal::SIGHUP)
        }
        PeerKind::Dnsmasq => {
            append(&lists.dnsmasq_servers()?, &format!("server=/{name}/\n"))?;
            stage.server.signal(Signal::SIGHUP)
        }
        PeerKind::Rbldnsd => append(&lists.rbldnsd_dnset()?, &format!(".{name}\n")),
        _ => bail!("replacing the list of {} is not measured", kind.name()),
    }
}

/// So many names have changed since the whole file, before the first change that is timed: where more have, Sipar's
/// control plane makes a new whole file.
const CHANGED: usize = 20_000;

fn many_names() -> Vec<String> {
    (0..CHANGED).map(|number| format!("changed{number}.example-changed.com")).collect()
}

/// Puts a change that lists these names beside the whole file: it leads from this serial to the next.
fn put_change(lists: &Lists, names: &[String], from: u64) -> Result<()> {
    let folder = lists.path("deltas");
    fs::create_dir_all(&folder).with_context(|| format!("creating `{}`", folder.display()))?;
    let path = folder.join(format!("{from}-{}.sipar", from + 1));
    snapshot::write_change(&path, names, from).context("writing a change")
}

/// Compiles all snapshots beforehand: what is timed is the swap.
fn write_snapshots(lists: &Lists, added: &[String]) -> Result<()> {
    for count in 1..=added.len() {
        let serial = count as u64 + 1;
        lists.write_snapshot(&lists.path(&next_snapshot(serial)), serial, &added[..count])?;
    }
    Ok(())
}

fn next_snapshot(serial: u64) -> String {
    format!("policy-{serial}.snapshot")
}

fn append(path: &Path, text: &str) -> Result<()> {
    let mut file =
        OpenOptions::new().append(true).open(path).with_context(|| format!("opening `{}`", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("appending to `{}`", path.display()))
}

fn append_zone(lists: &Lists, name: &str, serial: u64) -> Result<()> {
    let (path, next) = (lists.rpz()?, lists.path("rpz.zone.next"));
    let text = fs::read_to_string(&path).context("reading the zone")?;
    let soa = |serial| format!("hostmaster.rpz.test. {serial} 3600");
    let mut text = text.replacen(&soa(serial - 1), &soa(serial), 1);
    text.push_str(&format!("{name} CNAME .\n*.{name} CNAME .\n"));
    fs::write(&next, text).context("writing the zone")?;
    fs::rename(&next, &path).context("putting the zone in place")
}

/// Steady traffic of all kinds beside the probe, until dropped.
fn start_load(stage: &Stage<'_>, work: &Path, rate: u32) -> Result<Daemon> {
    let file = if stage.kind.is_resolver() { "q_hot.txt" } else { "q_blocked.txt" };
    let arguments = [
        "blast".to_owned(),
        format!("--port={}", stage.peer.port),
        format!("--queries={}", stage.lists.path(file).display()),
        format!("--rate={rate}"),
        "--batch=1".to_owned(),
        "--seconds=3600".to_owned(),
    ];
    Daemon::start("load", LOAD_CPU, &CommandLine::own(arguments)?, &work.join("load.log"))
}

/// Asks the same thing every two milliseconds, and remembers the longest wait.
struct Probe {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    worst_us: AtomicU64,
    lost: AtomicU64,
    wrong: AtomicU64,
}

impl Probe {
    fn start(port: u16, name: String) -> Result<Self> {
        let (shared, mut client) = (Arc::new(Shared::default()), Client::new(port)?);
        let theirs = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            while !theirs.stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                match client.ask(&name, PROBE_WAIT) {
                    None => theirs.lost.fetch_add(1, Ordering::Relaxed),
                    Some(reply) => theirs.wrong.fetch_add(u64::from(!reply.found()), Ordering::Relaxed),
                };
                let waited_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
                theirs.worst_us.fetch_max(waited_us, Ordering::Relaxed);
                std::thread::sleep(PROBE_EACH);
            }
        });
        Ok(Self { shared, thread })
    }

    /// The longest wait since the last call, in milliseconds.
    fn take_worst_ms(&self) -> f64 {
        self.shared.worst_us.swap(0, Ordering::Relaxed) as f64 / 1e3
    }

    /// Ends it: how many questions had no answer, and how many a wrong one.
    fn stop(self) -> (u64, u64) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // A probe that panicked has said so itself; its counts stand.
        let _ = self.thread.join();
        (self.shared.lost.load(Ordering::Relaxed), self.shared.wrong.load(Ordering::Relaxed))
    }
}
