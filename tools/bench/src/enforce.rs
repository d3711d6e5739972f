//! `bench enforce`: a person decides at a running control plane; how long until the resolver beside it does it?
//!
//! The whole of `sipar serve` runs: store, ledger, change, edge. The clock starts before the request is sent, and ends
//! with the first answer that follows the decision.

use crate::compile::draft;
use crate::lists::{Lists, SEED};
use crate::load::client::{Client, NXDOMAIN, Reply};
use crate::process::{self, CommandLine, Daemon, LOAD_CPU, SERVER_CPU, free_port};
use crate::results::{Results, Table, machine};
use crate::stage::start_upstream;
use crate::{account, http, snapshot};
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Serialize;
use sipar_model::{Clock, SystemClock, fact::FACT_ITEMS_MAX};
use sipar_shield::{ShieldError, store::decisions};
use sipar_store::{Durability, Store, StoreConfig};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is measured.
#[derive(Debug, clap::Args)]
pub struct EnforceOptions {
    /// Decisions in force before
    #[arg(long, default_value_t = 1_000_000)]
    decisions: usize,
    /// Blocks that are taken, each undone again
    #[arg(long, default_value_t = 600)]
    reps: usize,
    /// 20,000 decisions, 50 blocks
    #[arg(long)]
    quick: bool,
    /// Sipar's program; without it, it is built now
    #[arg(long, value_name = "PATH")]
    sipar: Option<PathBuf>,
}

/// Between two questions: what is measured is that much too long at most.
const PROBE_EACH: Duration = Duration::from_micros(500);
/// How long one question may take.
const ASK: Duration = Duration::from_secs(2);
/// How long one decision may take to be enforced before the run is given up.
const ENFORCE_MAX: Duration = Duration::from_secs(60);
/// Warning lists, the first state, the ledger of a million entries.
const READY_MAX: Duration = Duration::from_secs(1_200);
/// The server has come to rest when it uses less than this share of its processor for so long.
const REST: (f64, Duration) = (0.10, Duration::from_secs(5));
/// A decision comes each so often, as people take them.
const DECIDE_EACH: Duration = Duration::from_millis(20);

#[derive(Debug, Serialize)]
struct Enforced {
    what: &'static str,
    decisions: usize,
    reps: usize,
    answered_p50_ms: f64,
    answered_p99_ms: f64,
    enforced_p50_ms: f64,
    enforced_p99_ms: f64,
    enforced_max_ms: f64,
}

/// Fills a data folder, serves it, and decides.
pub fn run(work: &Path, options: &EnforceOptions) -> Result<()> {
    let results = Results::new(work, "enforce")?;
    let (decisions, reps) = if options.quick { (20_000, 50) } else { (options.decisions, options.reps) };
    let program = snapshot::program(options.sipar.as_deref())?;
    let names = Lists::prepare(&results.work, decisions, SEED)?;
    let folder = tempfile::tempdir_in(&results.work).context("making a folder")?;
    fill(&folder.path().join("data"), &names)?;
    process::bind_to(LOAD_CPU)?;
    let (_upstream, upstream) = start_upstream(folder.path())?;
    let mut house = Served::start(&program, folder.path(), upstream)?;
    house.wait_ready(&names)?;
    let (mut blocked, mut open) = (Vec::with_capacity(reps), Vec::with_capacity(reps));
    let cpu_before = account::ran_s(house.server.pid());
    for number in 0..reps {
        let name = format!("n{number}.enforce.example");
        let body = serde_json::json!({
            "what": name, "action": "block", "category": "phishing", "days": 10,
            "reason": "an exercise of the response team",
        });
        let (taken, spent) = house.decide("/api/v1/shield/decisions", &body, &name, true)?;
        blocked.push(spent);
        std::thread::sleep(DECIDE_EACH);
        let undo = format!("/api/v1/shield/decisions/{taken}/undo");
        let body = serde_json::json!({ "reason": "the exercise is over" });
        open.push(house.decide(&undo, &body, &name, false)?.1);
        std::thread::sleep(DECIDE_EACH);
    }
    let cpu_ms = (account::ran_s(house.server.pid()) - cpu_before) * 1e3 / (2 * reps) as f64;
    let mut table = Table::new(&["what", "answered p50 ms", "p99 ms", "enforced p50 ms", "p99 ms", "worst ms"]);
    for (what, spent) in [("block", blocked), ("undo", open)] {
        let row = summed(what, decisions, &spent);
        results.keep(&row)?;
        let cell = |ms: f64| format!("{ms:.1}");
        table.row(vec![
            what.to_owned(),
            cell(row.answered_p50_ms),
            cell(row.answered_p99_ms),
            cell(row.enforced_p50_ms),
            cell(row.enforced_p99_ms),
            cell(row.enforced_max_ms),
        ]);
    }
    let memory = account::memory(house.server.pid());
    println!(
        "### From a decision to its enforcement, {decisions} decisions in force\n\n{}; {reps} blocks, each undone; \
        `sipar serve` on one processor, {cpu_ms:.1} ms of it for each decision, {} MiB.\n\n{}",
        machine(),
        memory.cell(),
        table.text()
    );
    Ok(())
}

/// Times of one decision.
struct Spent {
    answered: Duration,
    enforced: Duration,
}

fn summed(what: &'static str, decisions: usize, spent: &[Spent]) -> Enforced {
    let sorted = |of: fn(&Spent) -> Duration| {
        let mut ms: Vec<f64> = spent.iter().map(|spent| of(spent).as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        ms
    };
    let share = |ms: &[f64], percent: usize| ms[(ms.len() * percent / 100).min(ms.len() - 1)];
    let (answered, enforced) = (sorted(|spent| spent.answered), sorted(|spent| spent.enforced));
    Enforced {
        what,
        decisions,
        reps: spent.len(),
        answered_p50_ms: share(&answered, 50),
        answered_p99_ms: share(&answered, 99),
        enforced_p50_ms: share(&enforced, 50),
        enforced_p99_ms: share(&enforced, 99),
        enforced_max_ms: share(&enforced, 100),
    }
}

/// Decisions on each name, as rules take them.
fn fill(data: &Path, names: &Lists) -> Result<()> {
    std::fs::create_dir_all(data).context("making the data folder")?;
    // Filling is not what is measured: no need to sync each commit.
    let store = StoreConfig::Sqlite { path: data.join("sipar.db"), durability: Durability::ProcessKill };
    let store = Store::open(&store).context("opening the store")?;
    store.migrate_blocking("ledger", sipar_ledger::MIGRATIONS).context("preparing the ledger's tables")?;
    store.migrate_blocking("shield", sipar_shield::store::MIGRATIONS).context("preparing the shield's tables")?;
    let (now, start) = (SystemClock.now(), Instant::now());
    let mut waiting = Vec::with_capacity(FACT_ITEMS_MAX);
    let take = |drafts: Vec<decisions::Draft>| {
        let took = store.write_blocking(move |tx| decisions::take(tx, &drafts, now).map(|_| ()));
        took.map_err(|error: ShieldError| anyhow!(error).context("taking decisions"))
    };
    let mut number = 0;
    names.each_blocked(|name| {
        number += 1;
        waiting.push(draft(number, name, now)?);
        if waiting.len() == FACT_ITEMS_MAX { take(std::mem::take(&mut waiting)) } else { Ok(()) }
    })?;
    take(waiting)?;
    eprintln!("{number} decisions taken in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// A control plane that runs, with its edge.
struct Served {
    server: Daemon,
    portal: u16,
    dns: Client,
    key_file: PathBuf,
    key: String,
}

impl Served {
    fn start(program: &Path, folder: &Path, upstream: u16) -> Result<Self> {
        let (portal, dns, config) = (free_port()?, free_port()?, folder.join("sipar.toml"));
        let data = folder.join("data");
        let text = format!(
            "data = \"{}\"\n[portal]\nlisten = \"127.0.0.1:{portal}\"\n[reputation]\nlisten = \"127.0.0.1:0\"\n\
            [dns]\nlisten = [\"127.0.0.1:{dns}\"]\nworkers = 1\nupstreams = [\"127.0.0.1:{upstream}\"]\n",
            data.display()
        );
        std::fs::write(&config, text).context("writing the configuration")?;
        let command = CommandLine::new(program, ["--config", &config.display().to_string(), "serve"]);
        let server = Daemon::start("sipar", SERVER_CPU, &command, &folder.join("serve.log"))?;
        let key_file = data.join("keys").join("operator.key");
        Ok(Self { server, portal, dns: Client::new(dns)?, key_file, key: String::new() })
    }

    /// Until the list is enforced and what follows a start is done.
    fn wait_ready(&mut self, names: &Lists) -> Result<()> {
        let (begun, probes) = (Instant::now(), names.blocked_probes()?);
        // Of ten decisions seven are on names.
        let probe =
            |dns: &mut Client| probes.iter().filter(|name| blocks(dns.ask(name, ASK))).count() * 2 > probes.len();
        while !probe(&mut self.dns) {
            self.server.check_alive()?;
            ensure!(begun.elapsed() < READY_MAX, "the list was not enforced within {} s", READY_MAX.as_secs());
            std::thread::sleep(Duration::from_millis(200));
        }
        eprintln!("enforced {:.1} s after the start", begun.elapsed().as_secs_f64());
        loop {
            let (before, since) = (account::ran_s(self.server.pid()), Instant::now());
            std::thread::sleep(REST.1);
            let used = (account::ran_s(self.server.pid()) - before) / since.elapsed().as_secs_f64();
            if used < REST.0 {
                break;
            }
            ensure!(begun.elapsed() < READY_MAX, "it does not come to rest: {:.0} % of its processor", used * 100.0);
        }
        eprintln!("at rest {:.1} s after the start", begun.elapsed().as_secs_f64());
        let key = std::fs::read_to_string(&self.key_file).context("reading the operator's key")?;
        self.key = key.trim().to_owned();
        Ok(())
    }

    /// Decides, and asks until the name is blocked, or no longer is. Returns the decision's number.
    fn decide(&mut self, path: &str, body: &serde_json::Value, name: &str, block: bool) -> Result<(String, Spent)> {
        ensure!(blocks(self.dns.ask(name, ASK)) != block, "`{name}` is so before it was decided");
        let begun = Instant::now();
        let answer = http::post(self.portal, path, &self.key, &body.to_string())?;
        let answered = begun.elapsed();
        while blocks(self.dns.ask(name, ASK)) != block {
            if begun.elapsed() > ENFORCE_MAX {
                bail!("`{name}` was not enforced within {} s", ENFORCE_MAX.as_secs());
            }
            std::thread::sleep(PROBE_EACH);
        }
        let enforced = begun.elapsed();
        let answer: serde_json::Value = serde_json::from_str(&answer).context("reading the answer")?;
        let number = answer["decision"].to_string();
        Ok((number, Spent { answered, enforced }))
    }
}

fn blocks(reply: Option<Reply>) -> bool {
    reply.is_some_and(|reply| reply.rcode == NXDOMAIN)
}
