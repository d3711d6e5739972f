//! Every test there is: `cargo xtask test`, on a machine with nothing set up but Rust, Python and Node.

use crate::private_postgres::PrivatePostgres;
use crate::shell::{self, Report};
use crate::{flow, programs, real, screen, tidy};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Do all of it. `deny` also installs cargo-deny, which takes minutes.
pub fn run(root: &Path, deny: bool) -> Result<()> {
    let mut report = Report::default();
    report.check("programs", || programs::install_missing(root));
    report.check("real data", || real::fetch(root).map(|_| ()));
    report.check("packages for the browser", || screen::fetch(root));
    report.check("format", || {
        shell::run(shell::cargo(root).args(["fmt", "--all", "--check"]))
            .context("run `cargo fmt --all` and commit what it changes")
    });
    report.check("tidy", || tidy::run(root, false));
    report.check("lint", || {
        let clippy = ["clippy", "--quiet", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
        shell::run(shell::cargo(root).args(clippy))
    });
    report.check("flow", || flow::run(root, true));
    check_tests(&mut report, root);
    check_licences(&mut report, root, deny);
    report.close()
}

fn check_tests(report: &mut Report, root: &Path) {
    let mut server = None;
    report.check("private PostgreSQL", || {
        server = Some(PrivatePostgres::start()?);
        Ok(())
    });
    let database = server.as_ref().map(PrivatePostgres::url).unwrap_or_default();
    let nextest = programs::has_cargo_command(root, "nextest");
    report.check("tests", || {
        let command = &mut shell::cargo(root);
        if nextest {
            command.args(["nextest", "run", "--locked", "--workspace", "--no-fail-fast"]);
        } else {
            println!(
                "    cargo-nextest is not there, `cargo test` does as well (`cargo install cargo-nextest --locked`)"
            );
            command.args(["test", "--locked", "--workspace", "--all-targets", "--no-fail-fast"]);
        }
        shell::run(tell_tests(command, root, &database))
    });
    report.check("examples in the documentation", || {
        let command = &mut shell::cargo(root);
        command.args(["test", "--quiet", "--locked", "--workspace", "--doc"]);
        shell::run(tell_tests(command, root, &database))
    });
}

/// What tests are told. With these set, a test that cannot reach what it needs fails instead of passing silently.
fn tell_tests<'a>(command: &'a mut Command, root: &Path, database: &str) -> &'a mut Command {
    if !database.is_empty() {
        command.env("SIPAR_TEST_POSTGRES", database);
    }
    command
        .env("SIPAR_TEST_POSTGRES_REQUIRED", "1")
        .env("SIPAR_TEST_TOOLS_REQUIRED", "1")
        .env("SIPAR_REAL_DATA", root.join(".real"))
}

fn check_licences(report: &mut Report, root: &Path, install: bool) {
    const TITLE: &str = "licences and bans";
    if !programs::has_cargo_command(root, "deny") {
        if !install {
            return report.skip(TITLE, "cargo-deny is not installed; `cargo xtask ci --deny` installs it (minutes)");
        }
        report.check("cargo-deny", || {
            println!("    installing cargo-deny; this takes minutes");
            shell::run(shell::cargo(root).args(["install", "--quiet", "--locked", "cargo-deny"]))
        });
    }
    report.check(TITLE, || {
        // The advisory database is not in the registry, so advisories need a machine that reaches it.
        shell::run(shell::cargo(root).args(["deny", "--workspace", "check", "licenses", "bans", "sources"]))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_server_starts_and_is_gone_when_dropped() {
        if programs::find("initdb").is_none() {
            let required = std::env::var_os("SIPAR_TEST_TOOLS_REQUIRED").is_some_and(|value| value == "1");
            assert!(!required, "PostgreSQL is required but not installed");
            return;
        }
        let server = PrivatePostgres::start().unwrap();
        let folder = server.url().replace("%2F", "/");
        let folder = Path::new(folder.strip_prefix("postgres://sipar@").unwrap()).parent().unwrap();
        assert!(folder.is_dir());
        drop(server);
        assert!(!folder.exists(), "the server's folder was left behind");
    }
}
