//! A PostgreSQL server of one's own: a temporary folder, a Unix socket, no network, gone on drop.

use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The user `nobody`: the server refuses to run as root.
const NOBODY: u32 = 65_534;

/// Where Debian keeps the programs when they are not on the path, by version.
const DEBIAN_FOLDER: &str = "/usr/lib/postgresql";

/// How long the server may take to be ready on a busy machine.
const READY_WAIT: Duration = Duration::from_secs(60);

/// A running server. Ends with this value.
#[derive(Debug)]
pub struct PrivatePostgres {
    server: Child,
    dir: TempDir,
}

/// Why no server could be started.
#[derive(Debug, thiserror::Error)]
pub enum PrivatePostgresError {
    /// The programs are not installed.
    #[error("`{0}` not found on the path nor in {DEBIAN_FOLDER}/*/bin; install PostgreSQL (Debian: postgresql-15)")]
    Missing(&'static str),
    /// A file, folder or process could not be made.
    #[error("cannot {doing}")]
    Io {
        /// What we were doing.
        doing: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Init(String),
    /// The server ended, or said nothing.
    #[error("the server did not start: {0}")]
    Start(String),
}

impl PrivatePostgres {
    /// Starts a server that keeps nothing through a power loss, with an empty database in plain order.
    pub fn start() -> Result<Self, PrivatePostgresError> {
        Self::start_with(&["listen_addresses="])
    }

    /// The same with other settings: `NAME=VALUE`.
    pub(crate) fn start_with(settings: &[&str]) -> Result<Self, PrivatePostgresError> {
        let (initdb, postgres) = (program("initdb")?, program("postgres")?);
        let io = |doing| move |source| PrivatePostgresError::Io { doing, source };
        let dir = tempfile::Builder::new().prefix("sipar-pg").tempdir().map_err(io("make a temporary folder"))?;
        if geteuid().is_root() {
            chown(dir.path(), Some(NOBODY), Some(NOBODY)).map_err(io("hand the folder to nobody"))?;
        }
        let data = dir.path().join("data");
        let mut init = as_nobody(&initdb, dir.path());
        init.arg("--pgdata").arg(&data);
        init.args(["--username=sipar", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]);
        let made = init.output().map_err(io("run initdb"))?;
        if !made.status.success() {
            return Err(PrivatePostgresError::Init(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let mut command = as_nobody(&postgres, dir.path());
        command.arg("-D").arg(&data).arg("-k").arg(dir.path());
        let fast = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"];
        let ours = ["max_connections=400", "logging_collector=off"];
        for setting in fast.iter().chain(&ours).chain(settings) {
            command.args(["-c", setting]);
        }
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut server = Self { server: spawned.map_err(io("start postgres"))?, dir };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> String {
        let folder = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://sipar@{folder}/postgres")
    }

    /// The server says so itself; its later words are read and dropped, so that it never waits for a reader.
    fn wait_until_ready(&mut self) -> Result<(), PrivatePostgresError> {
        let Some(words) = self.server.stderr.take() else { return Ok(()) };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            let mut said = String::new();
            for line in BufReader::new(words).lines().map_while(Result::ok) {
                if line.contains("ready to accept connections") {
                    let _ = tell.send(Ok(()));
                } else if said.len() < 4_096 {
                    said.push_str(&line);
                    said.push('\n');
                }
            }
            let _ = tell.send(Err(said));
        });
        match told.recv_timeout(READY_WAIT) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(said)) => Err(PrivatePostgresError::Start(said)),
            Err(_) => Err(PrivatePostgresError::Start(format!("nothing heard for {} s", READY_WAIT.as_secs()))),
        }
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // SIGQUIT: the server ends its own children at once (PostgreSQL manual, "Shutting Down the Server").
        if let Some(pid) = i32::try_from(self.server.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = self.server.wait();
    }
}

fn program(name: &'static str) -> Result<PathBuf, PrivatePostgresError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|dir| dir.join(name));
    let versions = fs::read_dir(DEBIAN_FOLDER).into_iter().flatten().flatten();
    let in_debian = versions.map(|version| version.path().join("bin").join(name));
    on_path.chain(in_debian).find(|file| file.is_file()).ok_or(PrivatePostgresError::Missing(name))
}

fn as_nobody(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).env("LC_ALL", "C");
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
