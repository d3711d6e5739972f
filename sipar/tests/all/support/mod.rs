//! A data folder, the program on it, and what one asks it.

pub mod browser;
pub mod chance;
pub mod clock;
pub mod database;
pub mod dns;
pub mod foreign;
pub mod guide;
pub mod network;
pub mod records;
pub mod server;
pub mod service;
pub mod upstream;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Whatever is waited for comes within this time on a machine that builds at the same time, or never.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// How long between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until `probe` finds it.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(began.elapsed() < WAIT_MAX, "{what} did not come within {WAIT_MAX:?}");
        thread::sleep(LOOK_EVERY);
    }
}

/// Whether what a test needs from outside must be there: then its absence is a failure, not a reason to skip.
pub fn required(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// A folder with a configuration and a data folder, gone when dropped.
pub struct Home {
    folder: TempDir,
    pub data: PathBuf,
    /// Where its records are, when not in the data folder.
    pub database: Option<String>,
}

impl Home {
    /// Everything on ports that the system chooses; `upstream` is asked for what is not blocked.
    pub fn new(upstream: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let text = format!(
            "data = \"{}\"\n[portal]\nlisten = \"127.0.0.1:0\"\n[reputation]\nlisten = \"127.0.0.1:0\"\n\
             [dns]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\nupstreams = [\"{upstream}\"]\n",
            data.display()
        );
        fs::write(folder.path().join("sipar.toml"), text).unwrap();
        Self { folder, data, database: None }
    }

    /// The same with its records in PostgreSQL.
    pub fn with_database(mut self, url: &str) -> Self {
        let path = self.path("sipar.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{text}[database]\nurl = \"{url}\"\n")).unwrap();
        self.database = Some(url.to_owned());
        self
    }

    /// One that asks nobody: nothing listens on the discard port of the loopback.
    pub fn alone() -> Self {
        Self::new("127.0.0.1:9")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file beside the data folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A feed of phishing names in the form of eth-phishing-detect.
    pub fn write_names<'a>(&self, name: &str, names: impl Iterator<Item = &'a str>) -> PathBuf {
        let names: Vec<&str> = names.collect();
        let text = serde_json::json!({ "version": 2, "whitelist": [], "blacklist": names }).to_string();
        // Replaced as a publisher does it: a reader sees the old file or the new one.
        let new = self.write("being-written", &text);
        let path = self.path(name);
        fs::rename(new, &path).unwrap();
        path
    }

    /// The program with this home's configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.arg("--config").arg(self.path("sipar.toml")).args(arguments);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Runs a command that must succeed; returns what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).ok()
    }

    /// Adds a feed from a file.
    pub fn add_feed(&self, slug: &str, format: &str, file: &Path) {
        self.ok(&["feed", "add", slug, "--format", format, "--source", &file.to_string_lossy()]);
    }
}

/// The program under test, told nothing by this process's environment.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sipar"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SIPAR_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

/// How a command ended.
pub struct Ran {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    /// It succeeded; what it printed.
    pub fn ok(self) -> String {
        assert!(self.success, "it failed: {}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// It failed, and said each of `words`.
    pub fn refused_with(&self, words: &[&str]) {
        assert!(!self.success, "it did not fail: {}", self.stdout);
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            success: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
