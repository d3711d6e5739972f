//! A data folder, and the program run on it.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// The longest that anything is waited for: slow machines are slow, and a hang must end.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with a configuration on ports that the system chooses.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("temporary folder");
        let place = Self { folder };
        place.configure(&[]);
        place
    }

    /// Writes the configuration, with these upstream resolvers.
    pub fn configure(&self, upstreams: &[SocketAddr]) {
        let upstreams: Vec<String> = upstreams.iter().map(|address| format!("\"{address}\"")).collect();
        let text = format!(
            "data = \"{}\"\n[portal]\nlisten = \"127.0.0.1:0\"\n[dns]\nlisten = [\"127.0.0.1:0\"]\nworkers = 1\n\
             upstreams = [{}]\n[reputation]\nlisten = \"127.0.0.1:0\"\n",
            self.data().display(),
            upstreams.join(", ")
        );
        std::fs::write(self.config(), text).expect("configuration");
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("sipar.toml")
    }

    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("file");
        path
    }

    /// A command of the program, not yet run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sipar"));
        command.arg("--config").arg(self.config()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Runs a command that must succeed; returns what it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?} failed: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command that must fail; returns what it complained of.
    pub fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?} did not fail");
        String::from_utf8(output.stderr).expect("UTF-8")
    }

    /// Starts the server and waits until it says where it is.
    pub fn serve(&self) -> Served {
        Served::start(self.command(&["serve"]))
    }
}

/// A server that ends with its test.
pub struct Served {
    child: Child,
    pub portal: SocketAddr,
    pub dns: SocketAddr,
    pub reputation: SocketAddr,
}

impl Served {
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the server starts");
        let stderr = child.stderr.take().expect("piped");
        let (tell, told) = std::sync::mpsc::channel();
        // Reads to the end, so that the server never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                eprintln!("| {line}");
                // The test may have heard enough.
                let _heard = tell.send(line);
            }
        });
        let address = |what: &str| -> SocketAddr {
            loop {
                let line = told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the server did not say `{what}`"));
                if let Some(rest) = line.strip_prefix(what) {
                    return rest.trim().trim_start_matches("http://").parse().expect("an address");
                }
            }
        };
        Self { portal: address("portal"), dns: address("dns"), reputation: address("reputation"), child }
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks until `found` says yes.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the log of `data` holds: every entry, in order.
pub fn ledger_entries(data: &Path) -> Vec<Value> {
    let key = sipar_ledger::LedgerKey::from_file(&data.join("keys/ledger.key")).expect("the ledger's key");
    let ledger = sipar_ledger::Ledger::open(data.join("ledger"), key).expect("the ledger opens");
    let size = ledger.checkpoint().expect("a checkpoint").checkpoint.size;
    (0..size)
        .map(|index| {
            let text = ledger.entry(index).expect("the entry").to_text().expect("its text");
            serde_json::from_str(&text).expect("JSON")
        })
        .collect()
}
