//! temporary
use anyhow::Result;
use std::path::Path;
pub fn run(_root: &Path, _name: &str) -> Result<()> {
    Ok(())
}
