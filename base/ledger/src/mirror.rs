//! What anyone may take: the files of the log as tlog-tiles names them, and runs of entries.
//!
//! Only what the signed checkpoint covers is given, whatever else lies in the folder.

use crate::bundle::{parse_bundle, push_entry};
use crate::disk::{CHECKPOINT, Disk};
use crate::entry::Entry;
use crate::error::LedgerError;
use crate::hash::HASH_BYTES;
use crate::ledger::Ledger;
use crate::tile::{Kind, LEVELS_MAX, Tile, WIDTH, hashes_in_level, tile_in};

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicFile {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it may change: the checkpoint does, a tile never.
    pub changes: bool,
}

/// Where a log of `size` entries has its files, the checkpoint not among them: what a mirror fetches.
pub fn files(size: u64) -> impl Iterator<Item = String> {
    let levels = (0..LEVELS_MAX).map(move |level| (Kind::Hashes(level), hashes_in_level(size, level)));
    levels.chain([(Kind::Entries, size)]).flat_map(move |(kind, items)| {
        (0..items.div_ceil(WIDTH)).filter_map(move |number| tile_in(size, kind, number)).map(|tile| tile.path())
    })
}

impl Ledger {
    /// The file at `path` below the log's address: `checkpoint`, or a tile or bundle in exactly the form that tlog-tiles
    /// writes. `None` for everything else, and for what the checkpoint does not cover.
    ///
    /// A partial form is given as long as its entries are published, even when its file has gone: it is the beginning of
    /// the later one. So a mirror that takes its time finds what its checkpoint needs.
    pub fn file(&self, path: &str) -> Result<Option<PublicFile>, LedgerError> {
        let disk = Disk::new(self.dir());
        if path == CHECKPOINT {
            let note = self.checkpoint()?.note;
            return Ok(Some(PublicFile { bytes: note.into_bytes(), changes: true }));
        }
        let Some(asked) = Tile::from_path(path) else { return Ok(None) };
        let size = self.checkpoint()?.checkpoint.size;
        let Some(held) = tile_in(size, asked.kind, asked.number).filter(|held| held.width >= asked.width) else {
            return Ok(None);
        };
        let bytes = match disk.read(&asked.path())? {
            Some(bytes) => bytes,
            None => {
                beginning(&disk.read_tile(held)?, asked).ok_or_else(|| disk.damaged(held, "entries are missing"))?
            }
        };
        Ok(Some(PublicFile { bytes, changes: false }))
    }

    /// Published entries from number `first` on, with their numbers: the rest of the bundle that `first` is in, at most
    /// 256. None when nothing is published there yet.
    pub fn entries(&self, first: u64) -> Result<Vec<(u64, Entry)>, LedgerError> {
        let size = self.checkpoint()?.checkpoint.size;
        let Some(tile) = tile_in(size, Kind::Entries, first / WIDTH).filter(|_| first < size) else {
            return Ok(Vec::new());
        };
        let disk = Disk::new(self.dir());
        let bytes = disk.read_tile(tile)?;
        let texts = parse_bundle(&bytes).map_err(|error| disk.damaged(tile, &error.to_string()))?;
        let numbered = (tile.number * WIDTH..).zip(texts).filter(|(number, _)| *number >= first);
        let entry = |(number, text)| Entry::from_text(text).map(|entry| (number, entry)).map_err(LedgerError::Entry);
        numbered.map(entry).collect()
    }
}

/// The first hashes or entries of a wider form.
fn beginning(wider: &[u8], asked: Tile) -> Option<Vec<u8>> {
    let width = usize::try_from(asked.width).ok()?;
    match asked.kind {
        Kind::Hashes(_) => wider.get(..width * HASH_BYTES).map(<[u8]>::to_vec),
        Kind::Entries => {
            let entries = parse_bundle(wider).ok()?;
            let mut bytes = Vec::new();
            entries.get(..width)?.iter().for_each(|entry| push_entry(&mut bytes, entry));
            Some(bytes)
        }
    }
}
