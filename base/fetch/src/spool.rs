//! A file that something is written to before anyone reads it.

use super::FetchError;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// A file being written.
pub(super) struct Spool {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Spool {
    pub(super) fn create(path: &Path) -> Result<Self, FetchError> {
        let file = File::create(path).map_err(|source| FetchError::Spool { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::with_capacity(256 << 10, file) })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), FetchError> {
        self.file.write_all(bytes).map_err(|source| FetchError::Spool { path: self.path.clone(), source })
    }

    pub(super) fn finish(mut self) -> Result<(), FetchError> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(|source| FetchError::Spool { path: self.path.clone(), source })
    }
}
