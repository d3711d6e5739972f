//! Reading and writing the log's folder, so that what is synced stays.

use crate::error::LedgerError;
use crate::hash::Hash;
use crate::tile::{Tile, parse_hashes};
use crate::tree::Tiles;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file with the signed checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// Where the next checkpoint is written before it takes the place of the last.
const CHECKPOINT_NEXT: &str = "checkpoint.new";

/// A full tile or bundle is at most 256 entries of 65,535 bytes with their lengths; nothing longer is read.
const FILE_BYTES_MAX: u64 = 256 * (65_535 + 2);

/// Tests outlive no loss of power, and take a tenth of the time without the syncs.
const SYNC: bool = !cfg!(test);

/// The folder of a log.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    /// Folders that got a new file and have to be synced, so that its name stays too.
    unsynced: BTreeSet<PathBuf>,
    /// In tests: how many more writes are let through before the process is taken to be dead.
    #[cfg(test)]
    pub(crate) writes_left: Option<usize>,
}

impl Disk {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            unsynced: BTreeSet::new(),
            #[cfg(test)]
            writes_left: None,
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The bytes of a file below the folder; `None` when it is not there.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, LedgerError> {
        let path = self.dir.join(path);
        let read = || -> io::Result<Vec<u8>> {
            let bytes = fs::metadata(&path)?.len();
            if bytes > FILE_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{bytes} bytes")));
            }
            fs::read(&path)
        };
        match read() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(LedgerError::File { doing: "read", path, source }),
        }
    }

    /// The bytes of a file that has to be there.
    pub(crate) fn read_tile(&self, tile: Tile) -> Result<Vec<u8>, LedgerError> {
        self.read(&tile.path())?.ok_or_else(|| self.damaged(tile, "the file is missing"))
    }

    pub(crate) fn damaged(&self, tile: Tile, why: &str) -> LedgerError {
        LedgerError::Damaged { dir: self.dir.clone(), file: tile.path(), why: why.to_owned() }
    }

    /// Writes and syncs a file below the folder; its name is synced by [`Self::sync_names`].
    pub(crate) fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), LedgerError> {
        let path = self.dir.join(path);
        let outcome = self.try_write(&path, bytes);
        outcome.map_err(|source| LedgerError::File { doing: "write", path, source })
    }

    fn try_write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().unwrap_or(&self.dir);
        if !self.unsynced.contains(parent) {
            fs::create_dir_all(parent)?;
            // Each folder on the way may be new, and then its own name has to stay as well.
            for folder in parent.ancestors().take_while(|folder| folder.starts_with(&self.dir)) {
                self.unsynced.insert(folder.to_owned());
            }
        }
        let mut file = File::create(path)?;
        #[cfg(test)]
        if let Some(left) = &mut self.writes_left {
            if *left == 0 {
                file.write_all(&bytes[..bytes.len() / 2])?;
                return Err(io::Error::other("killed by the test"));
            }
            *left -= 1;
        }
        file.write_all(bytes)?;
        if SYNC { file.sync_data() } else { Ok(()) }
    }

    /// Makes the names of all files written since the last call stay.
    pub(crate) fn sync_names(&mut self) -> Result<(), LedgerError> {
        for folder in std::mem::take(&mut self.unsynced).into_iter().filter(|_| SYNC) {
            let outcome = File::open(&folder).and_then(|file| file.sync_all());
            outcome.map_err(|source| LedgerError::File { doing: "sync", path: folder, source })?;
        }
        Ok(())
    }

    /// Puts a new checkpoint in the place of the last, at once: a reader sees the one or the other.
    pub(crate) fn replace_checkpoint(&mut self, note: &str) -> Result<(), LedgerError> {
        self.write(CHECKPOINT_NEXT, note.as_bytes())?;
        let path = self.dir.join(CHECKPOINT);
        let renamed = fs::rename(self.dir.join(CHECKPOINT_NEXT), &path);
        renamed.map_err(|source| LedgerError::File { doing: "replace", path, source })?;
        self.sync_names()
    }

    /// Removes the partial forms of `tile` other than those of `widths`; the folder too when none is left.
    /// Failures do not matter: what stays is checked with the rest, and removed the next time.
    pub(crate) fn remove_partials(&self, tile: Tile, widths: &[u64]) {
        let folder = self.dir.join(tile.partials());
        let Ok(files) = fs::read_dir(&folder) else { return };
        for file in files.flatten() {
            let width = file.file_name().to_str().and_then(|name| name.parse::<u64>().ok());
            if width.is_some_and(|width| !widths.contains(&width)) {
                let _ = fs::remove_file(file.path());
            }
        }
        // Fails, as it should, while a file is left.
        let _ = fs::remove_dir(&folder);
    }
}

impl Tiles for &Disk {
    fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, LedgerError> {
        let bytes = self.read_tile(tile)?;
        parse_hashes(&bytes, tile.width).ok_or_else(|| self.damaged(tile, "the file has another length"))
    }
}
