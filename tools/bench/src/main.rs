//! Benchmarks: Sipar against its peers and against the limits of the machine, with one command.
//!
//! `cargo xtask bench dns` and its siblings print Markdown and add JSON lines to `.bench/results.jsonl`.
//! Everything runs on loopback; servers are pinned to one processor and the load to another.
//! Nothing here is ever part of Sipar itself.

mod access;
mod account;
mod bouncers;
mod compile;
mod dns;
mod encrypted;
mod enforce;
mod house;
mod http;
mod intake;
mod latency;
mod ledger;
mod lists;
mod load;
mod notices;
mod open;
mod owners;
mod peers;
mod process;
mod random;
mod reputation;
mod results;
mod setup;
mod snapshot;
mod stage;
mod swap;
mod zones;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Measures Sipar and its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", version)]
struct Cli {
    /// Where lists, configurations and results go (default: .bench in the workspace)
    #[arg(long, global = true, value_name = "FOLDER")]
    work: Option<PathBuf>,
    #[command(subcommand)]
    command: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Install the servers to compare with, from Debian's packages
    Setup,
    /// Blocked and allowed DNS answers: processor time, rate, latency, load time, memory
    Dns(dns::DnsOptions),
    /// How long single answers take, all servers in turn
    Latency(latency::LatencyOptions),
    /// From opening a snapshot to the first right answer; restart of the edge; memory
    Open(open::OpenOptions),
    /// The worst gap in answers while a list is replaced under load
    Swap(swap::SwapOptions),
    /// Answers and handshakes over TLS, HTTPS and QUIC
    Encrypted(encrypted::EncryptedOptions),
    /// Address look-ups over HTTP and DNS
    Reputation(reputation::ReputationOptions),
    /// Enforcement clients: everything at once, and then what has changed
    Bouncers(bouncers::BouncersOptions),
    /// Whole zones by transfer, and changes enforced by resolvers that take them
    Zones(zones::ZonesOptions),
    /// Lines of a feed a second, one core
    Parse(intake::IntakeOptions),
    /// A whole feed into the store, durably
    Ingest(intake::IntakeOptions),
    /// Decisions and warning lists into one snapshot: time and memory
    Compile(compile::CompileOptions),
    /// From a person's decision to the resolver's answer, with a million in force
    Enforce(enforce::EnforceOptions),
    /// Events matched with the owners of addresses and names, one core
    Owners(owners::OwnersOptions),
    /// Digests rendered and handed to a mail server
    Notices(notices::NoticesOptions),
    /// Decisions about who may do what: time of each, one core
    Access(access::AccessOptions),
    /// Entries a second into the public ledger
    Ledger(ledger::LedgerOptions),
    /// Build and adopt a warning index (used by the benches)
    #[command(hide = true)]
    CompileWarnings(compile::WarningsOptions),
    /// Publish a snapshot of a house (used by the benches)
    #[command(hide = true)]
    CompilePolicy {
        /// The house's folder
        house: PathBuf,
    },
    /// Answer HTTP with a constant (used by the benches)
    #[command(hide = true)]
    Constant {
        /// Port on loopback
        port: u16,
    },
    /// Open a snapshot and ask it once (used by the benches)
    #[command(hide = true)]
    OpenOnce {
        /// The snapshot
        snapshot: PathBuf,
        /// A name that it blocks
        name: String,
    },
    /// A bare UDP echo (used by the benches)
    #[command(hide = true)]
    Echo {
        /// Port on loopback
        port: u16,
    },
    /// An upstream that answers every name alike (used by the benches)
    #[command(hide = true)]
    Backend {
        /// Port on loopback
        port: u16,
    },
    /// The load generator (used by the benches)
    #[command(hide = true)]
    Blast(load::blast::BlastOptions),
    /// The load generator of encrypted transports (used by the benches)
    #[command(hide = true)]
    EncryptedLoad(encrypted::load::LoadOptions),
    /// Serve a snapshot as a zone (used by the benches)
    #[command(hide = true)]
    ZonesServe {
        /// The snapshot
        snapshot: PathBuf,
        /// Port on loopback
        port: u16,
        /// A folder of its own
        folder: PathBuf,
    },
    /// Run a command on one processor (used by the benches)
    #[command(hide = true)]
    Pinned {
        /// The processor
        #[arg(long)]
        cpu: usize,
        /// The command
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let work = cli.work.unwrap_or_else(default_work);
    match cli.command {
        Bench::Setup => setup::run(&work),
        Bench::Dns(options) => dns::run(&work, options),
        Bench::Latency(options) => latency::run(&work, &options),
        Bench::Open(options) => open::run(&work, &options),
        Bench::Swap(options) => swap::run(&work, &options),
        Bench::Encrypted(options) => encrypted::run(&work, &options),
        Bench::Reputation(options) => reputation::run(&work, &options),
        Bench::Bouncers(options) => bouncers::run(&work, &options),
        Bench::Zones(options) => zones::run(&work, &options),
        Bench::ZonesServe { snapshot, port, folder } => zones::serve::run(&snapshot, port, &folder),
        Bench::Parse(options) => intake::run_parse(&work, &options),
        Bench::Ingest(options) => intake::run_ingest(&work, &options),
        Bench::Compile(options) => compile::run(&work, &options),
        Bench::CompileWarnings(options) => compile::warnings(&options),
        Bench::CompilePolicy { house } => compile::policy(&house),
        Bench::Enforce(options) => enforce::run(&work, &options),
        Bench::Owners(options) => owners::run(&work, &options),
        Bench::Notices(options) => notices::run(&work, &options),
        Bench::Access(options) => access::run(&work, &options),
        Bench::Ledger(options) => ledger::run(&work, &options),
        Bench::Constant { port } => http::constant(port),
        Bench::OpenOnce { snapshot, name } => open::once(&snapshot, &name),
        Bench::Echo { port } => load::echo::run(port),
        Bench::Backend { port } => load::backend::run(port),
        Bench::Blast(options) => {
            println!("{}", serde_json::to_string(&load::blast::run(&options)?)?);
            Ok(())
        }
        Bench::EncryptedLoad(options) => {
            println!("{}", serde_json::to_string(&encrypted::load::run(&options)?)?);
            Ok(())
        }
        Bench::Pinned { cpu, command } => process::become_pinned(cpu, &command),
    }
}

/// Cargo says where this package lies; its workspace is two folders up.
fn default_work() -> PathBuf {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, |dir| PathBuf::from(dir).join("../.."));
    root.join(".bench")
}
