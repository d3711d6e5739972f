//! The tree over the tiles: roots and proofs (RFC 6962 §2.1), made from the hashes of perfect subtrees.

use crate::error::LedgerError;
use crate::hash::{Hash, node_hash, perfect};
use crate::tile::{HEIGHT, Kind, Tile, WIDTH, tile_in};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

/// Gives the hashes of a tile.
pub(crate) trait Tiles {
    /// The hashes of `tile`, as many as its width says.
    fn hashes(&mut self, tile: Tile) -> Result<Vec<Hash>, LedgerError>;
}

/// A tree of a fixed size, read from tiles; keeps those that it has read.
pub(crate) struct Tree<T> {
    size: u64,
    tiles: T,
    read: HashMap<Tile, Vec<Hash>>,
}

impl<T: Tiles> Tree<T> {
    pub(crate) fn new(size: u64, tiles: T) -> Self {
        Self { size, tiles, read: HashMap::new() }
    }

    /// The root (MTH of RFC 6962 §2.1).
    pub(crate) fn root(&mut self) -> Result<Hash, LedgerError> {
        if self.size == 0 { Ok(Hash::of_empty_tree()) } else { self.range(0..self.size) }
    }

    /// The hash of one entry.
    pub(crate) fn leaf(&mut self, index: u64) -> Result<Hash, LedgerError> {
        self.subtree(0, index)
    }

    /// The audit path of entry `index` (RFC 6962 §2.1.1). `index` is below the size.
    pub(crate) fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>, LedgerError> {
        let mut path = Vec::new();
        let mut range = 0..self.size;
        while range.end - range.start > 1 {
            let middle = split(&range);
            let (into, beside) = halves(&range, middle, index < middle);
            path.push(self.range(beside)?);
            range = into;
        }
        path.reverse();
        Ok(path)
    }

    /// The proof that the tree of `old` entries is the beginning of this one (RFC 6962 §2.1.2).
    /// `old` is at least 1 and at most the size.
    pub(crate) fn consistency(&mut self, old: u64) -> Result<Vec<Hash>, LedgerError> {
        let mut path = Vec::new();
        let mut range = 0..self.size;
        while range.end != old {
            let middle = split(&range);
            let (into, beside) = halves(&range, middle, old <= middle);
            path.push(self.range(beside)?);
            range = into;
        }
        // The verifier has the old root; what is left of it is told only when it is not all of that.
        if range.start > 0 {
            path.push(self.range(range)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The hash over a range that RFC 6962's splitting can bring about.
    fn range(&mut self, range: Range<u64>) -> Result<Hash, LedgerError> {
        let length = range.end - range.start;
        if length.is_power_of_two() {
            return self.subtree(length.trailing_zeros(), range.start / length);
        }
        let middle = split(&range);
        let left = self.range(range.start..middle)?;
        let right = self.range(middle..range.end)?;
        Ok(node_hash(left, right))
    }

    /// The hash of the perfect subtree `number` of 2^`height` entries.
    fn subtree(&mut self, height: u32, number: u64) -> Result<Hash, LedgerError> {
        let level = height / HEIGHT;
        let count = 1_u64 << (height % HEIGHT);
        let first = number * count;
        let outside = LedgerError::Outside { index: first, size: self.size };
        let tile = tile_in(self.size, Kind::Hashes(level), first / WIDTH).ok_or(outside)?;
        let hashes = match self.read.entry(tile) {
            Entry::Occupied(read) => read.into_mut(),
            Entry::Vacant(place) => place.insert(self.tiles.hashes(tile)?),
        };
        // Both are below 256.
        let (from, to) = ((first % WIDTH) as usize, (first % WIDTH + count) as usize);
        let part = hashes.get(from..to).ok_or(LedgerError::Outside { index: first, size: self.size })?;
        Ok(perfect(part))
    }
}

/// Where RFC 6962 splits `range`: after the largest power of two that is smaller than its length, at least 2.
fn split(range: &Range<u64>) -> u64 {
    let length = range.end - range.start;
    range.start + (1 << (u64::BITS - 1 - (length - 1).leading_zeros()))
}

fn halves(range: &Range<u64>, middle: u64, left: bool) -> (Range<u64>, Range<u64>) {
    let (first, second) = (range.start..middle, middle..range.end);
    if left { (first, second) } else { (second, first) }
}
