//! One server on its processor, the load on the other, and what both used.

use crate::account::{self, Machine, Memory};
use crate::lists::{Lists, PROBES};
use crate::load::blast::BlastReport;
use crate::load::client::{Client, NXDOMAIN, Reply};
use crate::peers::{Peer, PeerKind};
use crate::process::{CommandLine, Daemon, LOAD_CPU, SERVER_CPU, free_port, pinned};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long one question may take while a server loads.
const ASK: Duration = Duration::from_millis(500);
/// How long between two questions while a server loads.
const PAUSE: Duration = Duration::from_millis(2);
/// A name that is allowed may have to be fetched first.
const ASK_ALLOWED: Duration = Duration::from_secs(3);
/// Let a server settle before its memory is read.
const SETTLE: Duration = Duration::from_millis(300);

/// One run of the generator against one server.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// What the generator saw.
    #[serde(flatten)]
    pub seen: BlastReport,
    /// Processor time of the server for each answer, in microseconds.
    pub cpu_us: f64,
    /// The same from the coarse clock, as a check.
    pub cpu_us_coarse: f64,
    /// The share of its processor that the server used.
    pub used: f64,
    /// The share of the machine that others used meanwhile.
    pub others: f64,
}

/// How a server came up.
#[derive(Clone, Debug, Serialize)]
pub struct Loaded {
    /// Seconds from start to the first answer of any kind.
    pub first_answer_s: f64,
    /// Seconds from start until the last name of the list was blocked.
    pub first_block_s: f64,
    /// Seconds from start until all sampled names were blocked.
    pub load_s: f64,
    /// Processor time it took, in seconds.
    pub load_cpu_s: f64,
    /// Memory then.
    pub memory: Memory,
}

/// Whether a server is right.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Correct {
    /// Of 100 listed names and 100 one label below, so many were blocked.
    pub blocked: usize,
    /// Of 100 names that are not listed, so many had an address. None for servers that resolve nothing.
    pub allowed: Option<usize>,
}

/// Starts the upstream beside the load.
pub fn start_upstream(work: &Path) -> Result<(Daemon, u16)> {
    let port = free_port()?;
    let command = CommandLine::own(["backend".to_owned(), port.to_string()])?;
    let mut upstream = Daemon::start("upstream", LOAD_CPU, &command, &work.join("upstream.log"))?;
    let mut client = Client::new(port)?;
    let start = Instant::now();
    while client.ask("x.example", ASK).is_none() {
        upstream.check_alive()?;
        ensure!(start.elapsed() < Duration::from_secs(10), "the upstream does not answer");
    }
    Ok((upstream, port))
}

/// A server that has been started.
pub struct Stage<'a> {
    /// Which.
    pub kind: PeerKind,
    /// How it was started.
    pub peer: Peer,
    /// The process.
    pub server: Daemon,
    /// What it was given.
    pub lists: &'a Lists,
    upstream_pid: Option<u32>,
}

impl<'a> Stage<'a> {
    /// A server that is up already and needs no upstream.
    pub const fn of(kind: PeerKind, peer: Peer, server: Daemon, lists: &'a Lists) -> Self {
        Self { kind, peer, server, lists, upstream_pid: None }
    }

    /// Starts the server and waits until every sampled name is blocked.
    pub fn start(
        kind: PeerKind,
        peer: Peer,
        lists: &'a Lists,
        upstream_pid: u32,
        log: &Path,
        longest: Duration,
    ) -> Result<(Self, Loaded)> {
        let probes = lists.blocked_probes()?;
        let start = Instant::now();
        let server = Daemon::start(&kind.name(), SERVER_CPU, &peer.command, log)?;
        let mut stage = Self { kind, peer, server, lists, upstream_pid: Some(upstream_pid) };
        let mut client = Client::new(stage.peer.port)?;
        let mut first_answer_s = None;
        let last = probes.last().context("the list is empty")?;
        let mut wait_for = |stage: &mut Self, name: &str| -> Result<()> {
            loop {
                let reply = client.ask(&stage.asked(name), ASK);
                if reply.is_some() {
                    first_answer_s.get_or_insert(start.elapsed().as_secs_f64());
                }
                if reply.is_some_and(|reply| stage.is_block(reply)) {
                    return Ok(());
                }
                stage.server.check_alive()?;
                ensure!(start.elapsed() < longest, "not loaded after {} s", longest.as_secs());
                std::thread::sleep(PAUSE);
            }
        };
        wait_for(&mut stage, last)?;
        let first_block_s = start.elapsed().as_secs_f64();
        probes.iter().try_for_each(|name| wait_for(&mut stage, name))?;
        let load_s = start.elapsed().as_secs_f64();
        std::thread::sleep(SETTLE);
        let pid = stage.server.pid();
        let first_answer_s = first_answer_s.unwrap_or(load_s);
        let (load_cpu_s, memory) = (account::ran_s(pid), account::memory(pid));
        let loaded = Loaded { first_answer_s, first_block_s, load_s, load_cpu_s, memory };
        Ok((stage, loaded))
    }

    /// Asks for 200 names that must be blocked and 100 that must not be.
    pub fn check(&self) -> Result<Correct> {
        let mut client = Client::new(self.peer.port)?;
        let mut correct = Correct::default();
        for name in self.lists.blocked_probes()? {
            for asked in [name.clone(), format!("www.{name}")] {
                let reply = client.ask(&self.asked(&asked), ASK);
                correct.blocked += usize::from(reply.is_some_and(|reply| self.is_block(reply)));
            }
        }
        if self.kind.is_resolver() {
            let allowed = self.lists.allowed_probes()?;
            let mut right = |name: &String| client.ask(name, ASK_ALLOWED).is_some_and(Reply::found);
            correct.allowed = Some(allowed.iter().filter(|name| right(name)).count());
        }
        Ok(correct)
    }

    /// Sends every question of the file once, within so many seconds.
    pub fn warm(&self, queries: &Path, seconds: f64) -> Result<BlastReport> {
        let text = std::fs::read_to_string(queries).with_context(|| format!("reading `{}`", queries.display()))?;
        let count = text.lines().count().to_string();
        let seconds = seconds.to_string();
        self.blast(queries, &["--questions", &count, "--window", "100", "--seconds", &seconds])
    }

    /// Sends questions from the file with these options of the generator, and accounts for both sides.
    pub fn measure(&self, queries: &Path, options: &[&str]) -> Result<Measured> {
        let pid = self.server.pid();
        let upstream_ns = || self.upstream_pid.map_or(0, account::ran_ns);
        let upstream_before = upstream_ns();
        let (machine, fine, coarse, start) =
            (Machine::now()?, account::ran_ns(pid), account::ran_s(pid), Instant::now());
        let seen = self.blast(queries, options)?;
        let wall_s = start.elapsed().as_secs_f64();
        let fine_s = (account::ran_ns(pid) - fine) as f64 / 1e9;
        let coarse_s = account::ran_s(pid) - coarse;
        let upstream_s = (upstream_ns() - upstream_before) as f64 / 1e9;
        let answers = seen.received.max(1) as f64;
        let others = machine.others_since(fine_s + upstream_s + seen.generator_cpu_s)?;
        ensure!(seen.received > 0, "no answers");
        Ok(Measured {
            cpu_us: fine_s * 1e6 / answers,
            cpu_us_coarse: coarse_s * 1e6 / answers,
            used: fine_s / wall_s,
            others,
            seen,
        })
    }

    fn blast(&self, queries: &Path, options: &[&str]) -> Result<BlastReport> {
        let mut arguments = vec!["blast".to_owned(), format!("--port={}", self.peer.port)];
        arguments.push(format!("--queries={}", queries.display()));
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        let command = CommandLine::own(arguments)?;
        let output = pinned(LOAD_CPU, &command)?.stderr(Stdio::inherit()).output().context("running the generator")?;
        ensure!(output.status.success(), "the generator ended with {}", output.status);
        serde_json::from_slice(&output.stdout).context("reading the generator's report")
    }

    fn asked(&self, name: &str) -> String {
        format!("{name}{}", self.peer.suffix)
    }

    /// A listed name: NXDOMAIN from a resolver, a record from a list server.
    pub fn is_block(&self, reply: Reply) -> bool {
        if self.peer.suffix.is_empty() { reply.rcode == NXDOMAIN } else { reply.found() }
    }
}

impl Correct {
    /// As a cell of a table.
    pub fn cell(self) -> String {
        let blocked = format!("{}/{}", self.blocked, 2 * PROBES);
        self.allowed.map_or(blocked.clone(), |allowed| format!("{blocked}, {allowed}/{PROBES}"))
    }
}
