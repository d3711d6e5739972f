//! The binary: configuration, command line, wiring.

mod areas;
mod cli;
mod client;
mod commands;
mod config;
mod demo;
mod edge;
mod faults;
mod follow;
mod health;
mod house;
mod pages;
mod pull;
mod quiet;
mod router;
mod serve;
mod tasks;

use clap::Parser as _;
use cli::{Cli, Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    end_quietly_when_nobody_reads();
    let cli = Cli::parse();
    start_logging(&cli.command);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("starting the runtime")),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

/// `sipar ... | head` closes our output early. That is no fault of ours: end as if all had been read.
fn end_quietly_when_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let text = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
        if text.starts_with("failed printing to stdout") && text.contains("Broken pipe") {
            std::process::exit(0);
        }
        usual(panic);
    }));
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("sipar: {error:#}");
    if sipar_web::no_room(error.as_ref()) {
        eprintln!("sipar: the disk is full; free some space on the disk of the data folder, then do it again");
    }
    ExitCode::FAILURE
}

/// Servers say what they do; commands only what goes wrong. `RUST_LOG` overrules both.
fn start_logging(command: &Command) {
    let usual = match command {
        Command::Serve | Command::Edge(_) => "info",
        _ => "warn",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| usual.into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = || {
        let mut config = config::Config::load(cli.config.as_deref(), cli.data.as_deref())?;
        config.key_file.clone_from(&cli.key_file);
        anyhow::Ok(config)
    };
    match cli.command {
        Command::Demo(args) => demo::run(config()?, args).await,
        Command::Serve => serve::run(&config()?).await,
        Command::Edge(args) => edge::run(*args, cli.data).await,
        Command::Feed(command) => commands::feed::run(&config()?, command).await,
        Command::Warning(command) => commands::warning::run(&config()?, command).await,
        Command::Check { what, json } => commands::check::run(&config()?, &what, json).await,
        Command::Block(args) => commands::decision::take(&config()?, "block", args).await,
        Command::Allow(args) => commands::decision::take(&config()?, "allow", args).await,
        Command::Undo { number, reason } => commands::decision::undo(&config()?, &number, &reason).await,
        Command::Unblock(args) => commands::review::unblock(&config()?, args).await,
        Command::Appeal(command) => commands::appeal::run(&config()?, command).await,
        Command::Review(command) => commands::review::run(&config()?, command).await,
        Command::Held(args) => commands::decision::held(&config()?, &args).await,
        Command::Drill { command } => commands::drill::run(&config()?, command).await,
        Command::Decision(command) => commands::decision::run(&config()?, command).await,
        Command::Snapshot(command) => commands::snapshot::run(&config()?, command).await,
        Command::Ledger(command) => commands::ledger::run(&config()?, command),
        Command::Key(command) => commands::key::run(&config()?, command),
        Command::Access(command) => commands::access::run(&config()?, command).await,
        Command::People(command) => commands::people::run(&config()?, command).await,
        Command::Bouncer(command) => commands::bouncer::run(&config()?, command).await,
        Command::Edges(command) => commands::edges::run(&config()?, command).await,
        Command::Sightings(command) => commands::sightings::run(command).await,
        Command::Subscriber(command) => commands::subscriber::run(&config()?, command).await,
        Command::Finding(command) => commands::finding::run(&config()?, command).await,
        Command::Exposure(command) => commands::exposure::run(&config()?, command).await,
        Command::Notice(command) => commands::notice::run(&config()?, command).await,
        Command::Mail(command) => commands::mail::run(&config()?, command).await,
        Command::Networks(command) => commands::networks::run(&config()?, command),
        Command::Party(command) => commands::party::run(&config()?, command).await,
        Command::Asset(command) => commands::asset::run(&config()?, command).await,
        Command::Flow => commands::about::flow(&config()?).await,
        Command::Roles => commands::about::roles(&config()?).await,
        Command::Routes => commands::about::routes(&config()?).await,
    }
}
