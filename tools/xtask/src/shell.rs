//! Running other programs, and telling the person who waits what is going on.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The workspace's folder: the nearest one upwards whose Cargo.toml has a `[workspace]`.
pub fn workspace_root() -> Result<PathBuf> {
    let start = std::env::current_dir().context("cannot tell the current folder")?;
    for folder in start.ancestors() {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        if manifest.contains("[workspace]") && folder.join("tools/xtask").is_dir() {
            return Ok(folder.to_path_buf());
        }
    }
    bail!("`{}` is not inside Sipar's folder; change into it first", start.display())
}

/// The cargo that runs us, in the workspace's folder.
pub fn cargo(root: &Path) -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), root)
}

/// A program that is started in `folder`.
pub fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Run a program to its end; its output goes to the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let line = show(command);
    let status = command.status().with_context(|| format!("cannot start `{line}`"))?;
    if status.success() { Ok(()) } else { bail!("`{line}` ended with {status}") }
}

/// Run a program to its end and keep what it prints; on failure its complaint is in the error.
pub fn output(command: &mut Command) -> Result<String> {
    let line = show(command);
    let output = command.output().with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed something that is not UTF-8"))
}

/// The command as a person would type it.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    format!("{} {}", program.to_string_lossy(), words.join(" ")).trim_end().to_owned()
}

/// What a run of several checks has come to.
#[derive(Default)]
pub struct Report {
    passed: usize,
    failed: Vec<(&'static str, String)>,
    skipped: Vec<(&'static str, String)>,
}

impl Report {
    /// Do one check, say so before and after, and go on whatever becomes of it.
    pub fn check(&mut self, title: &'static str, work: impl FnOnce() -> Result<()>) {
        println!("\n==> {title}");
        let start = Instant::now();
        match work() {
            Ok(()) => {
                self.passed += 1;
                println!("    {title}: passed in {} s", start.elapsed().as_secs());
            }
            Err(fault) => {
                println!("    {title}: FAILED after {} s\n    {fault:#}", start.elapsed().as_secs());
                self.failed.push((title, format!("{fault:#}")));
            }
        }
    }

    /// Leave one check out, and say why.
    pub fn skip(&mut self, title: &'static str, why: &str) {
        println!("\n==> {title}\n    {title}: left out, {why}");
        self.skipped.push((title, why.to_owned()));
    }

    /// The plain closing line, and an error when something failed.
    pub fn close(self) -> Result<()> {
        println!();
        for (title, why) in &self.skipped {
            println!("left out: {title}: {why}");
        }
        for (title, why) in &self.failed {
            println!("failed: {title}: {}", why.lines().next().unwrap_or_default());
        }
        println!("checks: {} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len());
        if self.failed.is_empty() { Ok(()) } else { bail!("{} of the checks failed", self.failed.len()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_does_not_stop_the_others_and_fails_the_whole() {
        let mut report = Report::default();
        report.check("first", || bail!("no"));
        report.check("second", || Ok(()));
        assert_eq!((report.passed, report.failed.len()), (1, 1));
        assert!(report.close().is_err());
    }

    #[test]
    fn a_program_that_fails_is_named_with_its_complaint() {
        let fault = output(command("sh", Path::new("/")).args(["-c", "echo broken >&2; exit 3"])).unwrap_err();
        let text = format!("{fault:#}");
        assert!(text.contains("sh -c") && text.contains("broken") && text.contains('3'), "{text}");
    }
}
