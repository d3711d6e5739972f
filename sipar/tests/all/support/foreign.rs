//! Other people's programs that tests need.

use super::required;
use std::process::Child;

/// Whether a program is on this machine. Where tests must not be skipped, its absence is a failure.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(found || !required("SIPAR_TEST_TOOLS_REQUIRED"), "`{program}` is required; Debian has it");
    if !found {
        eprintln!("skipped: `{program}` is not installed");
    }
    found
}

/// A program that runs until it is dropped.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}
