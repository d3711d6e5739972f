//! The tasks of those who work on Sipar: `cargo xtask --help`.
//!
//! What people and CI run is the same: `.ci/run` calls `cargo xtask test`.
//! This crate depends on no other crate of the workspace, so that it builds soon, and when they do not.

mod area;
mod flow;
mod fuzz;
// One starter of servers for the store's tests and for us; by its path, so that we need not build the store.
#[path = "../../../base/store/src/testing/private_postgres.rs"]
mod private_postgres;
mod programs;
mod real;
mod screen;
mod shell;
mod test;
mod tidy;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The tasks of those who work on Sipar.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every test, on SQLite and on a private PostgreSQL; install or name what is needed
    Test,
    /// The same, as CI runs it, with what takes long to install
    Ci {
        /// Install cargo-deny when it is not there, and check licences and banned crates
        #[arg(long)]
        deny: bool,
    },
    /// Check the house rules: rings, lengths, module docs, citations, clauses
    Tidy {
        /// Lower the numbers in tools/xtask/tidy.toml to what the files have now
        #[arg(long)]
        shrink: bool,
    },
    /// Make a new area: its folder, its line in the workspace and its lines in sipar/
    Area {
        /// One lower-case word, such as `screening`
        name: String,
    },
    /// Fetch the real data that tests and benchmarks use into .real/
    Real,
    /// Run every fuzz target for a while
    Fuzz {
        /// How many minutes in all
        #[arg(default_value_t = 10)]
        minutes: u64,
    },
    /// Write docs/flow.md: who says what, and who hears it
    Flow {
        /// Only compare, and fail when the page is not what the areas say
        #[arg(long)]
        check: bool,
    },
    /// Run the benchmarks: `cargo xtask bench --help` lists them
    #[command(disable_help_flag = true)]
    Bench {
        /// What to hand to the benchmark program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("error: {fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = shell::workspace_root()?;
    match task {
        Task::Test => test::run(&root, false),
        Task::Ci { deny } => test::run(&root, deny),
        Task::Tidy { shrink } => tidy::run(&root, shrink),
        Task::Area { name } => area::run(&root, &name),
        Task::Real => real::fetch(&root).map(|folder| println!("real data: {}", folder.display())),
        Task::Fuzz { minutes } => fuzz::run(&root, minutes),
        Task::Flow { check } => flow::run(&root, check),
        Task::Bench { args } => shell::run(
            shell::cargo(&root).args(["run", "--quiet", "--release", "--package", "sipar-bench", "--"]).args(args),
        ),
    }
}
