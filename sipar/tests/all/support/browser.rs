//! A real browser, driven by a script of `tests/screen`: Debian's chromium and `playwright-core` from npm, at the
//! versions and hashes of the lock file there (`cargo xtask test` fetches them).
//!
//! A script and its test talk in lines: the script says `NAME VALUE` and goes on when it is answered with a line.

use super::{
    foreign::{find, has},
    required,
};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Where the scripts are, with their packages beside them; nothing where these are not there.
pub fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screen");
    let there = folder.join("node_modules/axe-core").is_dir() && has("node") && has("chromium");
    assert!(there || !required("SIPAR_TEST_TOOLS_REQUIRED"), "`npm ci` in `{}` is required", folder.display());
    there.then_some(folder)
}

/// A script that runs until it ends or is dropped.
pub struct Script {
    child: Child,
    answers: ChildStdin,
    lines: BufReader<ChildStdout>,
}

/// Starts a script with these variables. Nothing where no browser is there and none is required.
pub fn start(script: &str, variables: &[(&str, &str)]) -> Option<Script> {
    let folder = folder()?;
    let mut command = Command::new("node");
    command.arg(folder.join(script)).envs(variables.iter().copied());
    command.env("SIPAR_TEST_CHROMIUM", find("chromium").unwrap());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (answers, lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    Some(Script { child, answers, lines })
}

impl Script {
    /// What it says next: a name and a value. Nothing when it has ended well.
    pub fn said(&mut self) -> Option<(String, String)> {
        let mut line = String::new();
        if self.lines.read_line(&mut line).unwrap() == 0 {
            let status = self.child.wait().unwrap();
            assert!(status.success(), "the script failed: {status}; what it said stands above");
            return None;
        }
        let (name, value) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        Some((name.to_owned(), value.to_owned()))
    }

    /// Lets it go on.
    pub fn answer(&mut self, line: &str) {
        writeln!(self.answers, "{line}").unwrap();
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}
