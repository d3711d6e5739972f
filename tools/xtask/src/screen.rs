//! The packages from npm with which tests look at pages in a browser: at the versions and hashes of their lock file.

use crate::shell;
use anyhow::{Context, Result};
use std::path::Path;

/// Where they are: the scripts of the tests stand beside them.
const FOLDER: &str = "sipar/tests/screen";

/// Fetches what is not there yet, or is there at another version.
pub fn fetch(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    if is_current(&folder) {
        println!("    there");
        return Ok(());
    }
    println!("    fetching axe and a browser's driver");
    let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    shell::output(shell::command("npm", &folder).args(options)).map(|_| ()).context("check the connection to npm")
}

/// npm writes down what it has put there; it is newer than the lock file that it was made from.
fn is_current(folder: &Path) -> bool {
    let written = |name: &str| std::fs::metadata(folder.join(name)).and_then(|about| about.modified()).ok();
    written("node_modules/.package-lock.json").is_some_and(|there| written("package-lock.json") <= Some(there))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_not_there_are_fetched() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package-lock.json"), "{}").unwrap();
        assert!(!is_current(folder.path()));
        std::fs::create_dir(folder.path().join("node_modules")).unwrap();
        std::fs::write(folder.path().join("node_modules/.package-lock.json"), "{}").unwrap();
        assert!(is_current(folder.path()));
        std::fs::remove_file(folder.path().join("node_modules/.package-lock.json")).unwrap();
        assert!(!is_current(folder.path()));
    }
}
