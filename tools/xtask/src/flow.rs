//! docs/flow.md: who says what and who hears it, as `sipar flow` tells it from the areas themselves.

use crate::shell;
use anyhow::{Context, Result, bail};
use std::path::Path;

const PAGE: &str = "docs/flow.md";

/// Write the page, or only compare it.
pub fn run(root: &Path, check: bool) -> Result<()> {
    // A folder of its own, made anew: the question opens a house, and must not touch anybody's data.
    let data = std::env::temp_dir().join(format!("sipar-flow-{}", std::process::id()));
    let asked = ["run", "--quiet", "--package", "sipar", "--", "flow", "--data"];
    let told = shell::output(shell::cargo(root).args(asked).arg(&data));
    // It may not have come to be.
    let _gone = std::fs::remove_dir_all(&data);
    let told = told.context("cannot ask the areas who says and hears what")?;
    let page = root.join(PAGE);
    if !check {
        std::fs::write(&page, &told).with_context(|| format!("cannot write `{PAGE}`"))?;
        println!("wrote {PAGE}");
        return Ok(());
    }
    let written = std::fs::read_to_string(&page).with_context(|| format!("cannot read `{PAGE}`"))?;
    match first_difference(&written, &told) {
        None => Ok(()),
        Some(line) => bail!("{PAGE} line {line} is not what the areas say; run `cargo xtask flow` and commit the page"),
    }
}

/// The number of the first line that differs.
fn first_difference(written: &str, told: &str) -> Option<usize> {
    if written == told {
        return None;
    }
    let same = written.lines().zip(told.lines()).take_while(|(a, b)| a == b).count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        for (written, told, expect) in [
            ("a\nb\n", "a\nb\n", None),
            ("a\nb\n", "a\nc\n", Some(2)),
            ("a\n", "a\nb\n", Some(2)),
            ("", "a\n", Some(1)),
            ("a", "a\n", Some(2)),
        ] {
            assert_eq!(first_difference(written, told), expect, "{written:?} {told:?}");
        }
    }
}
