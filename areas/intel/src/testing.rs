//! What several tests need.

use std::path::{Path, PathBuf};

/// The first path below `folder`, at most eight levels down, that `wanted` takes.
pub(crate) fn find_below(folder: &Path, wanted: impl Fn(&Path) -> bool + Copy) -> Option<PathBuf> {
    fn find(folder: &Path, depth: usize, wanted: impl Fn(&Path) -> bool + Copy) -> Option<PathBuf> {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        if let Some(found) = entries.iter().find(|path| wanted(path)) {
            return Some(found.clone());
        }
        let below = entries.iter().filter(|path| path.is_dir() && depth > 0);
        below.into_iter().find_map(|folder| find(folder, depth - 1, wanted))
    }
    find(folder, 8, wanted)
}
