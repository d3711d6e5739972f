//! Runs every fuzz target of tools/fuzz for a while.

use crate::{programs, shell};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// A target that runs for less than this finds nothing but its own start.
const TARGET_S_MIN: u64 = 10;
/// An input that takes longer than this is a find.
const INPUT_S_MAX: u64 = 10;
/// A target that needs more memory than this is a find: every parser is bounded far below it.
const MEMORY_MB_MAX: u64 = 2_048;

/// Share `minutes` out among the targets; the first crash ends the run and names its input.
pub fn run(root: &Path, minutes: u64) -> Result<()> {
    let folder = root.join("tools/fuzz");
    let targets = targets(&folder)?;
    if !programs::has_cargo_command(root, "fuzz") {
        println!("installing cargo-fuzz");
        shell::run(shell::cargo(root).args(["install", "--quiet", "--locked", "cargo-fuzz"]))?;
    }
    let seconds = seconds_each(minutes, targets.len());
    for (number, target) in targets.iter().enumerate() {
        println!("==> fuzz {target} for {seconds} s ({} of {})", number + 1, targets.len());
        let limits = [
            format!("-max_total_time={seconds}"),
            format!("-timeout={INPUT_S_MAX}"),
            format!("-rss_limit_mb={MEMORY_MB_MAX}"),
        ];
        // rustup, not our own cargo: sanitizers need the nightly compiler.
        let mut fuzz = shell::command("rustup", root);
        fuzz.args(["run", "nightly", "cargo", "fuzz", "run", "--fuzz-dir"]).arg(&folder).arg(target).arg("--");
        shell::run(fuzz.args(limits)).with_context(|| {
            format!("target {target}: the input that did it is under tools/fuzz/artifacts/{target}")
        })?;
    }
    println!("fuzz targets: {} passed, 0 failed", targets.len());
    Ok(())
}

fn seconds_each(minutes: u64, targets: usize) -> u64 {
    (minutes.saturating_mul(60) / (targets.max(1) as u64)).max(TARGET_S_MIN)
}

/// The targets by the names of their files, in order.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let sources = folder.join("fuzz_targets");
    let entries = std::fs::read_dir(&sources).with_context(|| format!("cannot list `{}`", sources.display()))?;
    let mut targets: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
        .collect();
    targets.sort();
    if targets.is_empty() {
        bail!("`{}` holds no fuzz target", sources.display());
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_shared_out_and_never_too_short() {
        for (minutes, targets, expect) in [(10, 5, 120), (1, 60, TARGET_S_MIN), (0, 3, TARGET_S_MIN), (1, 0, 60)] {
            assert_eq!(seconds_each(minutes, targets), expect, "{minutes} min, {targets} targets");
        }
    }

    #[test]
    fn targets_are_the_rust_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        assert!(targets(folder.path()).is_err());
        std::fs::create_dir(folder.path().join("fuzz_targets")).unwrap();
        assert!(targets(folder.path()).is_err());
        for name in ["url.rs", "domain.rs", "notes.txt"] {
            std::fs::write(folder.path().join("fuzz_targets").join(name), "").unwrap();
        }
        assert_eq!(targets(folder.path()).unwrap(), ["domain", "url"]);
    }
}
