//! The lists as files that any HTTP cache may keep: written when they are asked for and something has changed, and served
//! from disk until then, plain and compressed.
//!
//! A file's tag is the hash of what is in it, so a change elsewhere in the policy makes nobody take the same file again.

pub mod kind;
mod newest;
mod write;

use crate::{Bouncers, BouncersError};
use flate2::{Compression, write::GzEncoder};
use kind::{Kind, Which};
use newest::Newest;
use sipar_model::TimestampMs;
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, UNIX_EPOCH},
};
use write::Source;

/// A list is written anew at most this often, however fast the policy changes: a list of a million entries takes seconds.
const ANEW_AFTER_MS: i64 = 10_000;

/// A list is looked at this long after it was written even if the policy has not changed: what has run out leaves it.
const STALE_AFTER_MS: i64 = 10 * 60_000;

/// A written list. Its files stay open: whoever was told this tag gets this content, whatever is written meanwhile.
#[derive(Clone, Debug)]
pub struct Written {
    /// What is in it.
    pub plain: Arc<File>,
    /// The same, compressed.
    pub gzip: Arc<File>,
    /// BLAKE3 of what is in it, in hex.
    pub hash: String,
    /// When what is in it last changed.
    pub changed_at: TimestampMs,
    /// The state that it was last compared with.
    pub serial: u64,
    /// When.
    pub looked_at: TimestampMs,
}

/// What has been written so far. At most one entry for each list and form.
#[derive(Default)]
pub struct Lists {
    written: Mutex<HashMap<(Which, Kind), Written>>,
    newest: Newest,
    /// Held while a list is written: one at a time, because each may hold the disk and a processor for seconds.
    writing: tokio::sync::Mutex<()>,
}

impl Lists {
    fn known(&self, which: Which, kind: Kind) -> Option<Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).get(&(which, kind)).cloned()
    }

    fn keep(&self, which: Which, kind: Kind, written: Written) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert((which, kind), written);
    }
}

impl Bouncers {
    /// The list as it is now; `None` until the first state of the policy was read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn list(self: &Arc<Self>, which: Which, kind: Kind) -> Result<Option<Written>, BouncersError> {
        if let Some(written) = self.good_enough(which, kind) {
            return Ok(Some(written));
        }
        let _alone = self.lists.writing.lock().await;
        // Another request may have written it meanwhile.
        if let Some(written) = self.good_enough(which, kind) {
            return Ok(Some(written));
        }
        let steps = if kind.is_of_addresses() {
            Vec::new()
        } else {
            self.house.store.read(|reader| crate::store::steps(reader, 0)).await?
        };
        let bouncers = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || bouncers.write_list(which, kind, &steps)).await;
        done.map_err(|_| BouncersError::Thread("writing a list"))?
    }

    fn good_enough(&self, which: Which, kind: Kind) -> Option<Written> {
        let written = self.lists.known(which, kind)?;
        let age = self.house.clock.now().since_ms(written.looked_at);
        let serial = self.follower.state().map_or(0, |state| state.serial);
        let same = written.serial == serial && age < STALE_AFTER_MS;
        // A clock that was set back must not keep a list for ever.
        (same || (0..ANEW_AFTER_MS).contains(&age)).then_some(written)
    }

    fn write_list(
        &self,
        which: Which,
        kind: Kind,
        steps: &[crate::store::StepRow],
    ) -> Result<Option<Written>, BouncersError> {
        let Some(state) = self.follower.state() else { return Ok(None) };
        let layers = match kind.is_of_addresses() {
            true => None,
            false => match self.lists.newest.layers(&self.house, steps)? {
                Some(layers) => Some(layers),
                None => return Ok(None),
            },
        };
        let now = self.house.clock.now();
        let source = Source {
            book: &state.book,
            layers: layers.as_ref(),
            now,
            organisation: &self.house.instance.organisation,
            contact: &self.house.instance.contact,
        };
        let path = self.house.data.join("lists").join(format!("{}-{}", which.word(), kind.file()));
        let failed = |source| BouncersError::List { name: format!("{}/{}", which.word(), kind.file()), source };
        let before = match self.lists.known(which, kind) {
            Some(before) => Some((before.hash, before.changed_at)),
            None => left_by_before(&path),
        };
        let (hash, plain, gzip) =
            put(&path, &|out| write::write(out, kind, which, &source).map(|_| ())).map_err(failed)?;
        let same = before.filter(|(before, _)| *before == hash);
        let changed_at = same.map_or(now, |(_, changed_at)| changed_at);
        let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(changed_at.0).unwrap_or(0));
        plain.set_modified(at).map_err(failed)?;
        let (plain, gzip) = (Arc::new(plain), Arc::new(gzip));
        let written = Written { plain, gzip, hash, changed_at, serial: state.serial, looked_at: now };
        self.lists.keep(which, kind, written.clone());
        Ok(Some(written))
    }
}

/// What an earlier process has left at this place: its hash, and when it last changed.
fn left_by_before(path: &Path) -> Option<(String, TimestampMs)> {
    let mut file = File::open(path).ok()?;
    let changed = file.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut file, &mut hasher).ok()?;
    let changed_at = TimestampMs(i64::try_from(changed.as_millis()).ok()?);
    Some((hasher.finalize().to_hex().to_string(), changed_at))
}

/// Writes a file and its compressed twin beside the old ones, and then into their place; gives the hash of what is in it,
/// and both files.
fn put(path: &Path, fill: &dyn Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<(String, File, File)> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = |end: &str| PathBuf::from(format!("{}{end}", path.display()));
    let create = |path: &Path| File::options().read(true).write(true).create(true).truncate(true).open(path);
    let (plain, gzip) = (beside(".new"), beside(".gz.new"));
    let mut both = Both {
        hasher: blake3::Hasher::new(),
        plain: BufWriter::with_capacity(1 << 20, create(&plain)?),
        gzip: GzEncoder::new(BufWriter::with_capacity(1 << 18, create(&gzip)?), Compression::fast()),
    };
    fill(&mut both)?;
    let hash = both.hasher.finalize().to_hex().to_string();
    let plain_file = both.plain.into_inner().map_err(io::IntoInnerError::into_error)?;
    let gzip_file = both.gzip.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    fs::rename(&plain, path)?;
    fs::rename(&gzip, beside(".gz"))?;
    Ok((hash, plain_file, gzip_file))
}

/// Writes to both files at once.
struct Both {
    hasher: blake3::Hasher,
    plain: BufWriter<File>,
    gzip: GzEncoder<BufWriter<File>>,
}

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.plain.write_all(bytes)?;
        self.gzip.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
