//! A PostgreSQL server of our own for one test run: its own folder, its own port, its own password.
//!
//! It ends with the run, by its process id; should the run be killed, the kernel ends it (`setpriv --pdeathsig`).

use crate::{programs, shell};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// PostgreSQL refuses root; this account exists on every Debian and owns nothing.
const UNPRIVILEGED: &str = "nobody";
/// A start takes about a second; on a very busy machine a few.
const START_S_MAX: u64 = 60;
/// An orderly stop takes a fraction of a second; after this the server is killed.
const STOP_S_MAX: u64 = 10;
/// Between finding a free port and using it somebody else may take it: try again that often.
const PORT_TRIES_MAX: u32 = 5;
const POLL: Duration = Duration::from_millis(50);

/// A running server. Dropping it stops it and removes its folder.
pub struct PrivatePostgres {
    server: Child,
    url: String,
    // Dropped after the server has stopped: fields drop after `drop` has run.
    _folder: TempDir,
}

impl PrivatePostgres {
    /// Make a database cluster in a temporary folder and start a server on it, on loopback alone.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sipar-postgres-").tempdir().context("cannot make a folder")?;
        let account = programs::is_root().then(|| account_ids(UNPRIVILEGED)).transpose()?;
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group)).context("cannot hand the server its folder")?;
        }
        let password = random_hex()?;
        let data = folder.path().join("data");
        initialise(folder.path(), &data, &password, account.is_some())?;
        let mut refusal = None;
        for _ in 0..PORT_TRIES_MAX {
            let port = free_port()?;
            let mut server = spawn(folder.path(), &data, port, account.is_some())?;
            match wait_until_ready(&mut server, port) {
                Ok(()) => {
                    let url = format!("postgres://sipar:{password}@127.0.0.1:{port}/postgres");
                    return Ok(Self { server, url, _folder: folder });
                }
                Err(fault) => {
                    stop(&mut server);
                    refusal = Some(fault);
                }
            }
        }
        let log = std::fs::read_to_string(folder.path().join("server.log")).unwrap_or_default();
        let fault = refusal.context("no try was made")?;
        Err(fault.context(format!("cannot start PostgreSQL; its last words:\n{}", last_lines(&log, 10))))
    }

    /// How to connect to it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        stop(&mut self.server);
    }
}

fn account_ids(account: &str) -> Result<(u32, u32)> {
    let id = |flag| -> Result<u32> {
        let text = shell::output(Command::new("id").args([flag, account]))?;
        text.trim().parse().with_context(|| format!("`id {flag} {account}` printed no number"))
    };
    Ok((id("-u")?, id("-g")?))
}

/// A program of PostgreSQL's, run as somebody who is not root, and ended by the kernel when we end.
fn as_somebody(program: &str, drop_root: bool, folder: &Path) -> Result<Command> {
    let program: PathBuf = programs::find(program)
        .with_context(|| format!("`{program}` is not there: install the Debian package postgresql"))?;
    let mut command = shell::command("setpriv", folder);
    command.args(["--pdeathsig", "INT"]);
    if drop_root {
        command.args(["--reuid", UNPRIVILEGED, "--regid", "nogroup", "--clear-groups"]);
    }
    // The server's messages are read by `last_lines` and by people: plain English, no translation.
    command.arg("--").arg(program).env("LC_ALL", "C").env("TZ", "UTC");
    Ok(command)
}

fn initialise(folder: &Path, data: &Path, password: &str, drop_root: bool) -> Result<()> {
    let password_file = folder.join("password");
    std::fs::write(&password_file, password).context("cannot write the server's password")?;
    let mut initdb = as_somebody("initdb", drop_root, folder)?;
    initdb.arg("--pgdata").arg(data).arg("--pwfile").arg(&password_file);
    initdb.args(["--username", "sipar", "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"]);
    shell::output(&mut initdb).context("cannot make a PostgreSQL database cluster")?;
    Ok(())
}

fn spawn(folder: &Path, data: &Path, port: u16, drop_root: bool) -> Result<Child> {
    let log = std::fs::File::create(folder.join("server.log")).context("cannot write the server's log")?;
    let mut settings = vec![
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        // No socket file: the port is the one way in.
        "unix_socket_directories=".to_owned(),
        // Each test opens a small pool of its own, and nextest runs one test a core.
        "max_connections=200".to_owned(),
        // The data does not outlive the run, so nothing is gained by waiting for the disk.
        "fsync=off".to_owned(),
        "full_page_writes=off".to_owned(),
    ];
    settings.push("max_wal_size=256MB".to_owned());
    let mut server = as_somebody("postgres", drop_root, folder)?;
    server.arg("-D").arg(data);
    for setting in settings {
        server.args(["-c", &setting]);
    }
    let errors = log.try_clone().context("cannot write the server's log")?;
    server.stdout(Stdio::from(log)).stderr(Stdio::from(errors)).spawn().context("cannot start PostgreSQL")
}

/// Ready when `pg_isready`'s question, asked by a plain connection, is accepted and `postmaster.pid` says so.
fn wait_until_ready(server: &mut Child, port: u16) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
    let pg_isready = programs::find("pg_isready").context("`pg_isready` is not there: install postgresql-client")?;
    while Instant::now() < deadline {
        if let Some(status) = server.try_wait().context("cannot watch PostgreSQL")? {
            bail!("PostgreSQL ended with {status} while starting");
        }
        let mut ask = Command::new(&pg_isready);
        ask.args(["--quiet", "--host", "127.0.0.1", "--port", &port.to_string()]);
        if ask.status().is_ok_and(|status| status.success()) {
            return Ok(());
        }
        std::thread::sleep(POLL);
    }
    bail!("PostgreSQL was not ready after {START_S_MAX} s")
}

/// Ask the server to stop at once but in order (SIGINT, "fast shutdown"), and kill it if it does not.
fn stop(server: &mut Child) {
    let Ok(pid) = i32::try_from(server.id()) else { return };
    if let Some(pid) = rustix::process::Pid::from_raw(pid) {
        // An error means that it has ended already.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    }
    let deadline = Instant::now() + Duration::from_secs(STOP_S_MAX);
    while Instant::now() < deadline {
        if !matches!(server.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(POLL);
    }
    let _ = server.kill();
    let _ = server.wait();
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port on 127.0.0.1")?;
    Ok(listener.local_addr().context("cannot tell the free port")?.port())
}

fn random_hex() -> Result<String> {
    use std::io::Read as _;
    let mut bytes = [0_u8; 16];
    let mut source = std::fs::File::open("/dev/urandom").context("cannot open the system's random source")?;
    source.read_exact(&mut bytes).context("cannot read the system's random source")?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_are_the_last() {
        assert_eq!(last_lines("a\nb\nc", 2), "b\nc");
        assert_eq!(last_lines("", 2), "");
    }

    #[test]
    fn a_server_starts_answers_and_is_gone_when_dropped() {
        if programs::find("initdb").is_none() || programs::find("pg_isready").is_none() {
            let required = std::env::var_os("SIPAR_TEST_TOOLS_REQUIRED").is_some_and(|value| value == "1");
            assert!(!required, "PostgreSQL is required but not installed");
            return;
        }
        let server = PrivatePostgres::start().unwrap();
        let (address, folder) = (server.url().to_owned(), server._folder.path().to_owned());
        assert!(address.starts_with("postgres://sipar:") && address.contains("@127.0.0.1:"), "{address}");
        let port: u16 = address.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
        drop(server);
        assert!(!folder.exists(), "the server's folder was left behind");
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "the server still listens");
    }
}
