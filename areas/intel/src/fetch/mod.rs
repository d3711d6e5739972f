//! Brings a feed here: from a file, a folder, or over HTTP(S), into a spool file, within bounds.
//!
//! It blocks, so it runs on a thread of its own. It never applies anything.

mod unpack;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;

pub use sipar_fetch::{Limits, Names, REDIRECTS_MAX, Reach, SystemNames, Timeouts, Validators, is_public};
pub use unpack::{Bomb, RATIO_MAX, open as open_unpacked};

use sipar_fetch::{Answer, FetchError as Fault};
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Files that a folder may hold: a year of hourly exports.
pub const FOLDER_FILES_MAX: usize = 10_000;

/// Where a feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// A folder, of which each file is taken once.
    Folder(PathBuf),
    /// An HTTP or HTTPS address.
    Http(String),
}

impl Origin {
    /// Reads what an operator wrote: an `http:` or `https:` address, a path, or a path with a slash at the end, which is
    /// a folder.
    ///
    /// # Errors
    /// When it is empty, or of another scheme.
    pub fn parse(text: &str) -> Result<Self, FetchError> {
        let text = text.trim();
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Http(text.to_owned()));
        }
        if text.is_empty() || (text.contains("://") && !text.starts_with("file://")) {
            return Err(FetchError::Url { url: text.to_owned() });
        }
        let path = PathBuf::from(text.strip_prefix("file://").unwrap_or(text));
        Ok(if text.ends_with('/') || path.is_dir() { Self::Folder(path) } else { Self::File(path) })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Folder(path) => write!(f, "{}/", path.display().to_string().trim_end_matches('/')),
            Self::Http(url) => f.write_str(url),
        }
    }
}

/// A feed, or a file of it, that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file's name, in a folder; else empty.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Bytes, packed or not.
    pub bytes: u64,
    /// BLAKE3 of these bytes.
    pub digest: String,
    /// What to ask with the next time.
    pub validators: Validators,
}

/// A feed that could not be brought here.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an address.
    #[error("{}", crate::error::no_address(.url))]
    Url {
        /// What was given.
        url: String,
    },
    /// A file or folder cannot be read.
    #[error("cannot read `{}`; check that it is there and that this user may read it", .path.display())]
    Local {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Too many files in a folder.
    #[error("the folder `{}` holds more than {FOLDER_FILES_MAX} files; move old ones away", .path.display())]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// No connection, or no answer.
    #[error("cannot get an answer from `{url}`; check the address and the network")]
    Connect {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An address that is not public.
    #[error(
        "`{url}` leads to {address}, which is no public address; if the feed is on your own network, add it with `allow-private`"
    )]
    Private {
        /// The address asked for.
        url: String,
        /// Where it leads.
        address: String,
    },
    /// From HTTPS to HTTP.
    #[error("the feed redirects from https to `{url}`, where anyone on the way could change it; ask its publisher")]
    Downgrade {
        /// Where to.
        url: String,
    },
    /// Too many redirects.
    #[error("`{url}` redirects more than {REDIRECTS_MAX} times; use the address that it ends at")]
    Redirects {
        /// The first.
        url: String,
    },
    /// Not 200, not 304.
    #[error(
        "`{url}` answers with status {status}; 401 and 403 mean that it wants a key in its address, 404 that it has moved"
    )]
    Status {
        /// Which.
        url: String,
        /// The status.
        status: u16,
    },
    /// The connection broke.
    #[error("the connection to `{url}` broke after {bytes} bytes; it will be tried again")]
    Broken {
        /// Which.
        url: String,
        /// How much had come.
        bytes: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nothing more came.
    #[error("`{url}` fell silent for {seconds} s after {bytes} bytes; it will be tried again")]
    Silent {
        /// Which.
        url: String,
        /// How much had come.
        bytes: u64,
        /// How long.
        seconds: f32,
    },
    /// Less than was said.
    #[error("`{url}` gave {bytes} bytes but said {length}; only a part arrived, and it will be tried again")]
    Short {
        /// Which.
        url: String,
        /// What came.
        bytes: u64,
        /// What was said.
        length: u64,
    },
    /// Too large.
    #[error("`{from}` is larger than {max} bytes; raise `bytes_max` of its format if that is right")]
    TooLarge {
        /// Which.
        from: String,
        /// The bound.
        max: u64,
    },
    /// The authorities given for a feed cannot be used.
    #[error("cannot use the certificates in `{}`; give a PEM file with the authorities of the feed's server", .path.display())]
    Authorities {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The server's certificate is not one that may be believed.
    #[error(
        "`{url}` shows a certificate that cannot be believed; if it is your own, give its authority with `ca-file`"
    )]
    Certificate {
        /// Which.
        url: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A zip that cannot be used.
    #[error("the zip archive cannot be used: {why}")]
    Zip {
        /// Why.
        why: String,
    },
    /// Our own copy cannot be written or read.
    #[error("cannot keep the feed in `{}`; check the free space and the rights of the data folder", .path.display())]
    Spool {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The same, in words about feeds.
impl From<Fault> for FetchError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Url { url } => Self::Url { url },
            Fault::Connect { url, source } => Self::Connect { url, source },
            Fault::Private { url, address } => Self::Private { url, address },
            Fault::Downgrade { url } | Fault::Elsewhere { url } => Self::Downgrade { url },
            Fault::Redirects { url } => Self::Redirects { url },
            Fault::Status { url, status } => Self::Status { url, status },
            Fault::Broken { url, bytes, source } => Self::Broken { url, bytes, source },
            Fault::Silent { url, bytes, seconds } => Self::Silent { url, bytes, seconds },
            Fault::Short { url, bytes, length } => Self::Short { url, bytes, length },
            Fault::TooLarge { from, max } => Self::TooLarge { from, max },
            Fault::Authorities { path, source } => Self::Authorities { path, source },
            Fault::Certificate { url, source } => Self::Certificate { url, source },
            Fault::Spool { path, source } => Self::Spool { path, source },
        }
    }
}

/// Brings what is new at `origin` into files beside `spool`. `seen` tells which files of a folder, by name and digest,
/// were taken before.
///
/// # Errors
/// When it cannot be had whole.
pub fn fetch(
    origin: &Origin,
    known: &Validators,
    reach: &Reach,
    limits: &Limits,
    spool: &Path,
    seen: &dyn Fn(&str, &str) -> bool,
) -> Result<Vec<Fetched>, FetchError> {
    match origin {
        Origin::Http(url) => Ok(match sipar_fetch::to_file(url, known, reach, limits, spool)? {
            Answer::Unchanged => Vec::new(),
            Answer::Body { bytes, validators } => {
                let digest = digest(spool, u64::MAX)?;
                vec![Fetched { name: String::new(), path: spool.to_owned(), bytes, digest, validators }]
            }
        }),
        Origin::File(path) => Ok(vec![local(path, String::new(), limits)?]),
        Origin::Folder(path) => folder(path, limits, seen),
    }
}

/// A file is read where it lies: half-written ones show as truncated, and come again.
fn local(path: &Path, name: String, limits: &Limits) -> Result<Fetched, FetchError> {
    let failed = |source| FetchError::Local { path: path.to_owned(), source };
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(failed(io::Error::other("it is no regular file")));
    }
    if about.len() > limits.bytes_max {
        return Err(FetchError::TooLarge { from: path.display().to_string(), max: limits.bytes_max });
    }
    let digest = digest(path, limits.bytes_max)?;
    Ok(Fetched { name, path: path.to_owned(), bytes: about.len(), digest, validators: Validators::default() })
}

fn folder(path: &Path, limits: &Limits, seen: &dyn Fn(&str, &str) -> bool) -> Result<Vec<Fetched>, FetchError> {
    let failed = |source| FetchError::Local { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Names with a dot in front are being written (rsync, curl, editors).
        if !name.starts_with('.') && entry.path().is_file() {
            files.push((name, entry.path()));
        }
        if files.len() > FOLDER_FILES_MAX {
            return Err(FetchError::Folder { path: path.to_owned() });
        }
    }
    files.sort();
    let mut fetched = Vec::new();
    for (name, file) in files {
        let found = local(&file, name, limits)?;
        if !seen(&found.name, &found.digest) {
            fetched.push(found);
        }
    }
    Ok(fetched)
}

/// BLAKE3 of a file, reading at most `bytes_max`.
fn digest(path: &Path, bytes_max: u64) -> Result<String, FetchError> {
    let failed = |source| FetchError::Local { path: path.to_owned(), source };
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path).map_err(failed)?.take(bytes_max);
    let mut buffer = vec![0; 256 << 10];
    loop {
        let got = file.read(&mut buffer).map_err(failed)?;
        if got == 0 {
            return Ok(hasher.finalize().to_hex().to_string());
        }
        hasher.update(&buffer[..got]);
    }
}
