//! The house rules that a machine can check. Where CONTRIBUTING.md and this disagree, this wins; then mend the page.
//!
//! Each rule is a function from the tree to its faults, and says what to do about them.

mod clauses;
mod lengths;
mod rings;
mod rust;
mod text;
mod tree;

use anyhow::{Result, bail};
use std::fmt;
use std::path::Path;
use tree::Tree;

/// A printed list longer than this hides its own beginning.
const FAULTS_SHOWN_MAX: usize = 100;

/// One breach of one rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fault {
    path: String,
    /// Counted from 1; 0 when it is about the whole file.
    line: usize,
    what: String,
}

impl Fault {
    fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }

    fn whole(path: &str, what: impl Into<String>) -> Self {
        Self::at(path, 0, what)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Check everything; print every fault.
pub fn run(root: &Path, shrink: bool) -> Result<()> {
    let tree = Tree::read(root)?;
    let graph = rings::Graph::read(root)?;
    let mut faults = rings::check(&graph);
    faults.extend(rust::check(&tree));
    faults.extend(text::check(&tree));
    faults.extend(clauses::check(&tree));
    let measured = lengths::measure(&tree, rings::depth(&graph));
    if shrink {
        lengths::shrink(root, &measured)?;
    }
    faults.extend(lengths::check(&measured, &lengths::Allowed::read(root)?));
    println!("    {}", measured.figures());
    faults.sort();
    faults.dedup();
    for fault in faults.iter().take(FAULTS_SHOWN_MAX) {
        println!("    {fault}");
    }
    match faults.len() {
        0 => Ok(()),
        count if count > FAULTS_SHOWN_MAX => {
            bail!("{count} breaches of the house rules, {FAULTS_SHOWN_MAX} of them above")
        }
        count => bail!("{count} breaches of the house rules"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_its_place() {
        assert_eq!(Fault::at("a/b.rs", 7, "too long").to_string(), "a/b.rs:7: too long");
        assert_eq!(Fault::whole("a/b.rs", "too long").to_string(), "a/b.rs: too long");
    }
}
