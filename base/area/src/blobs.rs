//! Large files, each named by its BLAKE3 hash, so that one with a name is whole and never changes.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A blob cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The name is not a hash.
    #[error("`{0}` is not the name of a blob: 64 hexadecimal digits")]
    Name(String),
    /// Using the folder failed.
    #[error("{doing} blob `{path}`")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// The folder of blobs: `ab/abcdef…`.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: Arc<Path>,
}

impl Blobs {
    /// The blobs in `folder`, which is made when missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> Result<Self, BlobError> {
        fs::create_dir_all(folder.join("incoming")).map_err(io_error("making the folder of", folder))?;
        Ok(Self { folder: folder.into() })
    }

    /// Where a file may be written before [`Blobs::adopt`] takes it: on the same disk, so that the move is atomic.
    #[must_use]
    pub fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    /// Where the blob named `hash` is, or would be.
    ///
    /// # Errors
    /// When `hash` is not a name of a blob.
    pub fn path(&self, hash: &str) -> Result<PathBuf, BlobError> {
        let valid = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !valid {
            return Err(BlobError::Name(hash.chars().take(80).collect()));
        }
        Ok(self.folder.join(&hash[..2]).join(hash))
    }

    /// Keeps `bytes`; returns their name.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<String, BlobError> {
        let hash = blake3::hash(bytes).to_hex().to_string();
        let target = self.path(&hash)?;
        if target.exists() {
            return Ok(hash);
        }
        let temporary = self.incoming().join(format!("{hash}.{}", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(io_error("writing", &temporary))?;
        self.place(&temporary, &target)?;
        Ok(hash)
    }

    /// Takes over a finished and synced file from [`Blobs::incoming`]; returns its name.
    ///
    /// # Errors
    /// When it cannot be read or moved.
    pub fn adopt(&self, file: &Path) -> Result<String, BlobError> {
        let mut hasher = blake3::Hasher::new();
        let mut source = fs::File::open(file).map_err(io_error("opening", file))?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let got = source.read(&mut buffer).map_err(io_error("reading", file))?;
            if got == 0 {
                break;
            }
            hasher.update(&buffer[..got]);
        }
        let hash = hasher.finalize().to_hex().to_string();
        self.place(file, &self.path(&hash)?)?;
        Ok(hash)
    }

    /// The bytes of a small blob.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn get(&self, hash: &str) -> Result<Vec<u8>, BlobError> {
        let path = self.path(hash)?;
        fs::read(&path).map_err(io_error("reading", &path))
    }

    /// The names and places of all blobs that are there now, in no order.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<(String, PathBuf)>, BlobError> {
        let entries = |folder: &Path| {
            let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
            read().map_err(io_error("listing", folder))
        };
        let mut found = Vec::new();
        for folder in entries(&self.folder)?.into_iter().filter(|path| path.is_dir() && *path != self.incoming()) {
            for path in entries(&folder)? {
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
                // Anything else is not ours to know.
                if self.path(&name).is_ok_and(|place| place == path) {
                    found.push((name, path));
                }
            }
        }
        Ok(found)
    }

    /// Removes a blob. One that is not there is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, hash: &str) -> Result<(), BlobError> {
        let path = self.path(hash)?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(io_error("removing", &path)(source)),
            _ => Ok(()),
        }
    }

    fn place(&self, from: &Path, to: &Path) -> Result<(), BlobError> {
        let folder = to.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(io_error("making the folder of", to))?;
        fs::rename(from, to).map_err(io_error("moving into place", to))?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("syncing the folder of", to))
    }
}

fn io_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    let path = path.to_owned();
    move |source| BlobError::Io { doing, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_got_and_adopting_gives_the_same_name() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let blobs = Blobs::open(folder.path()).expect("blobs");
        let name = blobs.put(b"some bytes").expect("put");
        assert_eq!(blobs.get(&name).expect("get"), b"some bytes");
        let file = blobs.incoming().join("x");
        fs::write(&file, b"some bytes").expect("write");
        assert_eq!(blobs.adopt(&file).expect("adopt"), name);
        assert!(!file.exists());
        fs::write(blobs.path(&name).expect("path").with_file_name("stray"), b"").expect("write");
        fs::write(blobs.incoming().join("half"), b"").expect("write");
        assert_eq!(blobs.list().expect("list"), [(name.clone(), blobs.path(&name).expect("path"))]);
        blobs.remove(&name).expect("remove");
        blobs.remove(&name).expect("removing twice is no error");
        assert!(blobs.get(&name).is_err());
    }

    #[test]
    fn a_name_that_is_not_a_hash_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let blobs = Blobs::open(folder.path()).expect("blobs");
        for bad in ["", "../../etc/passwd", &"G".repeat(64), &"A".repeat(64)] {
            assert!(matches!(blobs.path(bad), Err(BlobError::Name(_))), "{bad}");
        }
    }
}
