//! Plain, gzip or zip, told by the first bytes; within bounds, so that a bomb bursts in nobody's memory.

use super::FetchError;
use crate::parse::fill;
use flate2::read::{DeflateDecoder, MultiGzDecoder};
use std::{
    fs::File,
    io::{self, BufReader, Cursor, Read, Seek, SeekFrom},
    path::Path,
};

/// How many times its size a feed may grow. Real lists grow 3 to 30 times; DEFLATE's limit is 1,032
/// (zlib Technical Details, "Maximum Expansion Factor").
pub const RATIO_MAX: u64 = 200;

/// Below this size the ratio does not count: a few repeated lines may well shrink more.
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Members that a zip file may have before we stop looking for the right one.
const MEMBERS_MAX: usize = 1_000;

/// Beyond a bound of unpacking. It travels as the cause of an [`io::Error`].
#[derive(Debug, thiserror::Error)]
pub enum Bomb {
    /// More bytes than the feed may have.
    #[error("it unpacks to more than {max} bytes; raise `bytes_max` of its format if that is right")]
    Bytes {
        /// The bound.
        max: u64,
    },
    /// More than [`RATIO_MAX`] times its size.
    #[error("it unpacks to more than {RATIO_MAX} times its size, as no real list does")]
    Ratio,
    /// An archive in an archive.
    #[error("it is an archive inside an archive; give the inner one")]
    Nested,
}

/// Opens `path` and unpacks what is in it as it is read. `member` names the file wanted from a zip.
///
/// # Errors
/// When it cannot be opened, or is a zip without one right member.
pub fn open(path: &Path, member: Option<&str>, bytes_max: u64) -> Result<Box<dyn Read>, FetchError> {
    let spool = |source| FetchError::Spool { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(spool)?;
    let packed_bytes = file.metadata().map_err(spool)?.len();
    let mut head = [0; 4];
    let got = fill(&mut file, &mut head).map_err(spool)?;
    let bounds = Bounds { bytes_max, ratio_max_bytes: (packed_bytes.saturating_mul(RATIO_MAX)).max(RATIO_FREE_BYTES) };
    let whole = || File::open(path).map_err(spool);
    let inner: Box<dyn Read> = match Packing::of(&head[..got]) {
        Packing::Plain => return Ok(Box::new(Bounded { inner: BufReader::new(whole()?), bounds, bytes: 0 })),
        Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::new(whole()?))),
        Packing::Zip => zip_member(whole()?, member)?,
    };
    let mut bounded = Bounded { inner, bounds, bytes: 0 };
    let got = fill(&mut bounded, &mut head).map_err(spool)?;
    if Packing::of(&head[..got]) != Packing::Plain {
        return Err(spool(io::Error::other(Bomb::Nested)));
    }
    Ok(Box::new(Cursor::new(head[..got].to_vec()).chain(bounded)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zip,
}

impl Packing {
    /// RFC 1952 §2.3.1; PKWARE APPNOTE 4.3.7 and, for an empty archive, 4.3.16.
    const fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6] => Self::Zip,
            _ => Self::Plain,
        }
    }
}

/// The one member of a zip, or the named one, from its place in the file.
fn zip_member(file: File, wanted: Option<&str>) -> Result<Box<dyn Read>, FetchError> {
    let bad = |why: String| FetchError::Zip { why };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|error| bad(error.to_string()))?;
    if archive.len() > MEMBERS_MAX {
        return Err(bad(format!("it has more than {MEMBERS_MAX} members")));
    }
    let names: Vec<String> = archive.file_names().filter(|name| !name.ends_with('/')).map(str::to_owned).collect();
    let name = match (wanted, names.as_slice()) {
        (Some(wanted), _) => names.iter().find(|name| *name == wanted),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let name = name.ok_or_else(|| {
        let some: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
        bad(format!("it has {} members ({}); name the one that is wanted", names.len(), some.join(", ")))
    })?;
    let index = archive.index_for_name(name).ok_or_else(|| bad(format!("no member `{name}`")))?;
    // A member borrows its archive; so its place is taken from the archive, and it is unpacked from the file itself.
    let (start, packed_bytes, method, encrypted) = {
        let member = archive.by_index_raw(index).map_err(|error| bad(error.to_string()))?;
        (member.data_start(), member.compressed_size(), member.compression(), member.encrypted())
    };
    let mut file = archive.into_inner();
    file.seek(SeekFrom::Start(start)).map_err(|error| bad(error.to_string()))?;
    let packed = file.take(packed_bytes);
    match method {
        _ if encrypted => Err(bad("it is encrypted".into())),
        zip::CompressionMethod::Stored => Ok(Box::new(packed)),
        zip::CompressionMethod::Deflated => Ok(Box::new(DeflateDecoder::new(packed))),
        other => Err(bad(format!("it is packed by {other}; repack it by deflate"))),
    }
}

#[derive(Clone, Copy)]
struct Bounds {
    bytes_max: u64,
    ratio_max_bytes: u64,
}

struct Bounded<R> {
    inner: R,
    bounds: Bounds,
    bytes: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.bytes += got as u64;
        if self.bytes > self.bounds.bytes_max {
            return Err(io::Error::other(Bomb::Bytes { max: self.bounds.bytes_max }));
        }
        if self.bytes > self.bounds.ratio_max_bytes {
            return Err(io::Error::other(Bomb::Ratio));
        }
        Ok(got)
    }
}
