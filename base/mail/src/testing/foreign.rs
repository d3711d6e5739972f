//! A mail server of others: aiosmtpd, from Debian's package `python3-aiosmtpd`. Its reading of a letter is a second
//! opinion on ours.

use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// Debian's own interpreter, whose folders hold Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

/// Set to 1 where a missing program is a failure.
const REQUIRED: &str = "SIPAR_TEST_TOOLS_REQUIRED";

/// How the server protects the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secured {
    /// Not at all.
    Plain,
    /// With STARTTLS, before which it takes nothing.
    Starttls,
    /// With TLS from the first octet on.
    Implicit,
}

/// Certificate and key in PEM, and who may sign in.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// Who may sign in, and must; empty: nobody.
    pub user: String,
    /// With what.
    pub password: String,
}

/// A letter, as Python's `email` reads it.
#[derive(Clone, Debug, Deserialize)]
pub struct Received {
    /// The envelope's sender.
    pub sender: String,
    /// The envelope's recipients.
    pub recipients: Vec<String>,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Who signed in.
    pub user: Option<String>,
    /// Its head, decoded.
    pub headers: BTreeMap<String, String>,
    /// Its text, decoded; empty where it is sealed.
    pub text: String,
    /// The files that came with it by their names, in Base64.
    pub files: BTreeMap<String, String>,
    /// All of it as it came, in Base64.
    pub raw: String,
    /// What is wrong with it.
    pub defects: Vec<String>,
}

/// The server, until it is dropped.
pub struct ServerOfOthers {
    /// Where it listens: a port that the system chose.
    pub address: SocketAddr,
    child: Child,
    said: BufReader<ChildStdout>,
}

impl ServerOfOthers {
    /// Starts it with its files in `folder`; nothing, where it is not installed and need not be.
    ///
    /// # Panics
    /// When it is missing and must not be, or does not start.
    #[must_use]
    pub fn start(folder: &Path, secured: Secured, secrets: &Secrets) -> Option<Self> {
        let found = Command::new(PYTHON).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            let required = std::env::var(REQUIRED).is_ok_and(|value| value == "1");
            assert!(!required, "aiosmtpd is required; Debian has it: python3-aiosmtpd");
            eprintln!("skipped: aiosmtpd is not installed");
            return None;
        }
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).expect("a folder to write into");
            path
        };
        let script = write("server.py", include_str!("server.py"));
        let (certificate, key) = (write("server.pem", &secrets.certificate), write("server.key", &secrets.key));
        let how = match secured {
            Secured::Plain => "plain",
            Secured::Starttls => "starttls",
            Secured::Implicit => "implicit",
        };
        let mut command = Command::new(PYTHON);
        command.arg(script).arg(how).args([certificate, key]).args([&secrets.user, &secrets.password]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 starts");
        let mut said = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("it says its port");
        let port: u16 = line.trim().parse().unwrap_or_else(|_| panic!("no port: `{line}`"));
        Some(Self { address: SocketAddr::from(([127, 0, 0, 1], port)), child, said })
    }

    /// The next letter that it took; waits for it.
    ///
    /// # Panics
    /// When the server ends.
    pub fn letter(&mut self) -> Received {
        let mut line = String::new();
        self.said.read_line(&mut line).expect("the server goes on");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: `{line}`"))
    }
}

impl Drop for ServerOfOthers {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
