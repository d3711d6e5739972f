//! The data folder, which one process holds at a time.

use crate::StoreError;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that carries the lock, and the number of the process that holds it.
const LOCK_FILE: &str = "lock";

/// A data folder that this process alone may use, until this is dropped. The lock ends with the process,
/// however it ends (`flock(2)`).
#[derive(Debug)]
pub struct DataDir {
    dir: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be, and takes it. Refuses at once when another process has it.
    pub fn lock(dir: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let dir = dir.into();
        let failed = |error: std::io::Error| StoreError::Folder { dir: dir.clone(), source: Arc::new(error) };
        fs::create_dir_all(&dir).map_err(failed)?;
        let path = dir.join(LOCK_FILE);
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = holder(&mut file);
                return Err(StoreError::InUse { dir, pid });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        note(&mut file).map_err(failed)?;
        Ok(Self { dir, _lock: file })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn note(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_and_told_what_to_do() {
        let temp = tempfile::tempdir().expect("a temporary folder");
        let dir = temp.path().join("data");
        let first = DataDir::lock(&dir).expect("the first");
        let error = DataDir::lock(&dir).expect_err("the second").to_string();
        assert!(error.contains(&dir.display().to_string()), "{error}");
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        assert!(error.contains("choose another data folder"), "{error}");
        drop(first);
        DataDir::lock(&dir).expect("free again");
    }

    #[test]
    fn a_file_in_its_place_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let error = DataDir::lock(file.path()).expect_err("no folder").to_string();
        assert!(error.contains("cannot use"), "{error}");
    }
}
