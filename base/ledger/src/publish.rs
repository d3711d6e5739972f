//! From the store into the folder: bundles and tiles, then the checkpoint, then out of the store.
//!
//! INVARIANT: no file that a signed checkpoint covers is ever written again.
//! INVARIANT: what is written follows from the entries alone, so doing it again after a kill gives the same bytes.

use crate::bundle::{parse_bundle, push_entry};
use crate::checkpoint::Checkpoint;
use crate::disk::{CHECKPOINT, Disk};
use crate::error::LedgerError;
use crate::hash::{Hash, leaf_hash, perfect};
use crate::key::LedgerKey;
use crate::ledger::{Ledger, read_checkpoint};
use crate::pending::{Batch, next_batch, settle};
use crate::tile::{Kind, LEVELS_MAX, Tile, WIDTH, tile_bytes, tile_in};
use crate::tree::{Tiles, Tree};
use sipar_store::Store;
use std::fs::{File, TryLockError};
use std::path::Path;

/// Entries published under one checkpoint: a second's work at most, at 100,000 entries a second.
const BATCH_ENTRIES_MAX: u64 = 65_536;

/// Bytes of entries held in memory for that.
const BATCH_BYTES_MAX: usize = 64 << 20;

/// The file whose lock keeps a second process from publishing into the same folder (`flock(2)`).
const LOCK_FILE: &str = "lock";

/// What one call of [`Ledger::publish`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// How many entries it published.
    pub entries: u64,
    /// How many are published now.
    pub size: u64,
    /// True when more may be waiting: call again.
    pub more: bool,
}

impl Ledger {
    /// Publishes the oldest waiting entries of `store`, at most 65,536. May stop or be killed anywhere, and be called
    /// again. Call it on a timer, and again while there is more.
    pub async fn publish(&self, store: &Store) -> Result<Published, LedgerError> {
        let _one_at_a_time = self.inner.publishing.lock().await;
        let batch = store.read(|reader| next_batch(reader, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)).await?;
        let given = batch.texts.len();
        let published = batch.published;
        let ledger = self.clone();
        let writing =
            tokio::task::spawn_blocking(move || write_batch(&mut Disk::new(ledger.dir()), &ledger.inner.key, &batch));
        let written = writing.await.map_err(|error| LedgerError::Fault(error.to_string()))??;
        let size = written.checkpoint.size;
        if given > 0 || size != published {
            let root = written.checkpoint.root.to_base64();
            store.write(move |tx| settle(tx, size, &root)).await?;
        }
        Ok(Published { entries: written.entries, size, more: given > 0 && written.entries == given as u64 })
    }
}

/// Begins a ledger in a folder that has none: a checkpoint of no entries, so that none is ever missing.
pub(crate) fn begin(disk: &mut Disk, key: &LedgerKey) -> Result<(), LedgerError> {
    if disk.read(CHECKPOINT)?.is_some() {
        return Ok(());
    }
    if disk.dir().join("tile").exists() {
        let why = "it is missing, though there are tiles".to_owned();
        return Err(LedgerError::Damaged { dir: disk.dir().to_owned(), file: CHECKPOINT.to_owned(), why });
    }
    let empty = Checkpoint { origin: key.origin().to_owned(), size: 0, root: Hash::of_empty_tree() };
    disk.replace_checkpoint(&key.sign(empty.to_text()).to_text())
}

/// What is in the folder after a batch.
pub(crate) struct Written {
    pub(crate) entries: u64,
    pub(crate) checkpoint: Checkpoint,
}

/// Writes those entries of `batch` that the folder does not have yet.
pub(crate) fn write_batch(disk: &mut Disk, key: &LedgerKey, batch: &Batch) -> Result<Written, LedgerError> {
    let _lock = lock(disk.dir())?;
    let old = read_checkpoint(disk, key.verifying_key())?.checkpoint;
    let mut tree = Tree::new(old.size, &*disk);
    if tree.root()? != old.root {
        let why = "its hashes do not give the checkpoint's root".to_owned();
        return Err(LedgerError::Damaged { dir: disk.dir().to_owned(), file: "tile".to_owned(), why });
    }
    let fresh = fresh_entries(disk, &mut tree, batch, &old)?;
    if fresh.is_empty() {
        return Ok(Written { entries: 0, checkpoint: old });
    }
    let size = old.size + fresh.len() as u64;
    write_bundles(disk, old.size, fresh)?;
    write_tiles(disk, old.size, fresh)?;
    disk.sync_names()?;
    let root = Tree::new(size, &*disk).root()?;
    let checkpoint = Checkpoint { origin: old.origin.clone(), size, root };
    disk.replace_checkpoint(&key.sign(checkpoint.to_text()).to_text())?;
    remove_old_partials(disk, old.size, size);
    Ok(Written { entries: fresh.len() as u64, checkpoint })
}

fn lock(dir: &Path) -> Result<File, LedgerError> {
    let path = dir.join(LOCK_FILE);
    let failed = |source| LedgerError::File { doing: "lock", path: path.clone(), source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LedgerError::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The entries of `batch` from number `size` on. Those before it were published by a process that was killed before it
/// could say so: they must be the same ones.
fn fresh_entries<'b, T: Tiles>(
    disk: &Disk,
    tree: &mut Tree<T>,
    batch: &'b Batch,
    old: &Checkpoint,
) -> Result<&'b [String], LedgerError> {
    let size = old.size;
    let signed_root = old.root.to_base64();
    let diverged = |why: String| LedgerError::Diverged { dir: disk.dir().to_owned(), why };
    if size < batch.published {
        return Err(diverged(format!("the store knows {} published entries, the folder has {size}", batch.published)));
    }
    if size == batch.published && batch.root.as_ref().is_some_and(|root| *root != signed_root) {
        return Err(diverged(format!("the store knows another root of {size} entries than the folder has")));
    }
    if batch.texts.is_empty() {
        return Ok(&[]);
    }
    if batch.first > size {
        return Err(diverged(format!("the folder has {size} entries, the next in the store is {}", batch.first)));
    }
    let known = batch.texts.len().min(usize::try_from(size - batch.first).unwrap_or(usize::MAX));
    for (text, number) in batch.texts[..known].iter().zip(batch.first..) {
        if tree.leaf(number)? != leaf_hash(text.as_bytes()) {
            return Err(diverged(format!("entry {number} in the store is not the one that was published")));
        }
    }
    Ok(&batch.texts[known..])
}

fn write_bundles(disk: &mut Disk, old: u64, fresh: &[String]) -> Result<(), LedgerError> {
    let size = old + fresh.len() as u64;
    let mut rest = fresh;
    for number in old / WIDTH..size.div_ceil(WIDTH) {
        let Some(tile) = tile_in(size, Kind::Entries, number) else { break };
        let mut bytes = Vec::new();
        let mut have = 0;
        if let Some(before) = tile_in(old, Kind::Entries, number) {
            bytes = disk.read_tile(before)?;
            have = before.width;
            let entries = parse_bundle(&bytes).map_err(|error| disk.damaged(before, &error.to_string()))?;
            if entries.len() as u64 != have {
                return Err(disk.damaged(before, "entries are missing"));
            }
        }
        let (now, later) = rest.split_at((tile.width - have) as usize);
        now.iter().for_each(|text| push_entry(&mut bytes, text.as_bytes()));
        rest = later;
        disk.write(&tile.path(), &bytes)?;
    }
    Ok(())
}

/// Writes the tiles that changed, from the bottom up: each full tile adds one hash to the level above.
fn write_tiles(disk: &mut Disk, old: u64, fresh: &[String]) -> Result<(), LedgerError> {
    let size = old + fresh.len() as u64;
    let mut added: Vec<Hash> = fresh.iter().map(|text| leaf_hash(text.as_bytes())).collect();
    for level in 0..LEVELS_MAX {
        if added.is_empty() {
            break;
        }
        let kind = Kind::Hashes(level);
        let first = crate::tile::hashes_in_level(old, level) / WIDTH;
        let mut above = Vec::new();
        let mut rest = &added[..];
        for number in first.. {
            let Some(tile) = tile_in(size, kind, number).filter(|_| !rest.is_empty()) else { break };
            let mut hashes = match tile_in(old, kind, number) {
                Some(before) => (&*disk).hashes(before)?,
                None => Vec::new(),
            };
            let (now, later) = rest.split_at(tile.width as usize - hashes.len());
            hashes.extend_from_slice(now);
            rest = later;
            disk.write(&tile.path(), &tile_bytes(&hashes))?;
            if tile.width == WIDTH {
                above.push(perfect(&hashes));
            }
        }
        added = above;
    }
    Ok(())
}

/// Partial forms are of use to those who hold a checkpoint of that size: the last one and the one before.
/// A reader who finds one gone takes the full tile, or a newer checkpoint (tlog-tiles, "Partial tiles").
fn remove_old_partials(disk: &Disk, old: u64, size: u64) {
    let kinds = (0..LEVELS_MAX).map(Kind::Hashes).chain([Kind::Entries]);
    for kind in kinds {
        let last = |size: u64| match kind {
            Kind::Hashes(level) => crate::tile::hashes_in_level(size, level),
            Kind::Entries => size,
        } / WIDTH;
        for number in last(old)..=last(size) {
            let kept: Vec<u64> =
                [old, size].iter().filter_map(|size| tile_in(*size, kind, number)).map(|tile| tile.width).collect();
            let full = kept.contains(&WIDTH);
            let tile = Tile { kind, number, width: WIDTH };
            disk.remove_partials(tile, if full { &[] } else { &kept });
        }
    }
}
