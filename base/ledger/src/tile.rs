//! Where tiles and entry bundles lie (<https://c2sp.org/tlog-tiles>, "Merkle Tree" and "Log Entries").

use crate::hash::{HASH_BYTES, Hash};
use std::fmt;

/// Hashes of a full tile, and entries of a full bundle.
pub(crate) const WIDTH: u64 = 256;

/// Levels of the tree that one level of tiles spans: 2^8 = 256.
pub(crate) const HEIGHT: u32 = 8;

/// Tile levels that a tree of at most 2^63 entries can have, and more: the size is an `i64` in the store.
pub(crate) const LEVELS_MAX: u32 = 8;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes of this level, from 0.
    Hashes(u32),
    /// Entries.
    Entries,
}

/// One tile or bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Its number in its level, from 0.
    pub number: u64,
    /// How many hashes or entries: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// Its place below the log's folder.
    pub(crate) fn path(&self) -> String {
        let mut path = self.full_path();
        if self.width < WIDTH {
            path.push_str(&format!(".p/{}", self.width));
        }
        path
    }

    /// The folder of its partial forms.
    pub(crate) fn partials(&self) -> String {
        format!("{}.p", self.full_path())
    }

    fn full_path(&self) -> String {
        match self.kind {
            Kind::Hashes(level) => format!("tile/{level}/{}", number_path(self.number)),
            Kind::Entries => format!("tile/entries/{}", number_path(self.number)),
        }
    }

    /// Reads a path back; `None` when it is not exactly what [`Self::path`] writes.
    pub(crate) fn from_path(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(level.parse().ok().filter(|level| *level < LEVELS_MAX)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|width| (1..WIDTH).contains(width))?),
            None => (rest, WIDTH),
        };
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let tile = Self { kind, number: digits.parse().ok()?, width };
        (tile.path() == path).then_some(tile)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())
    }
}

/// 1234067 is `x001/x234/067`.
fn number_path(number: u64) -> String {
    let mut path = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    path
}

/// How many hashes a tree of `size` entries has in tile level `level`.
pub(crate) const fn hashes_in_level(size: u64, level: u32) -> u64 {
    // A shift by 64 or more cannot happen: `level` is below `LEVELS_MAX`.
    size >> (HEIGHT * level)
}

/// The tile of `kind` and `number` in a tree of `size`; `None` when the tree has nothing there.
pub(crate) fn tile_in(size: u64, kind: Kind, number: u64) -> Option<Tile> {
    let items = match kind {
        Kind::Hashes(level) => hashes_in_level(size, level),
        Kind::Entries => size,
    };
    let width = items.saturating_sub(number.checked_mul(WIDTH)?).min(WIDTH);
    (width > 0).then_some(Tile { kind, number, width })
}

/// The hashes in the bytes of a tile; `None` unless there are exactly `width`.
pub(crate) fn parse_hashes(bytes: &[u8], width: u64) -> Option<Vec<Hash>> {
    let right = u64::try_from(bytes.len()).ok()? == width * HASH_BYTES as u64;
    right.then(|| bytes.chunks_exact(HASH_BYTES).filter_map(Hash::from_slice).collect())
}

/// The bytes of a tile.
pub(crate) fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_as_in_the_specification() {
        let check = |kind, number, width, expect: &str| {
            let tile = Tile { kind, number, width };
            assert_eq!(tile.path(), expect);
            assert_eq!(Tile::from_path(expect), Some(tile));
        };
        check(Kind::Hashes(0), 0, 256, "tile/0/000");
        check(Kind::Hashes(0), 1_234_067, 256, "tile/0/x001/x234/067");
        check(Kind::Hashes(1), 273, 112, "tile/1/273.p/112");
        check(Kind::Entries, 999, 256, "tile/entries/999");
        check(Kind::Entries, 1_000, 1, "tile/entries/x001/000.p/1");
    }

    #[test]
    fn other_paths_are_not_tiles() {
        for bad in [
            "",
            "checkpoint",
            "tile/0",
            "tile/0/1",
            "tile/0/0000",
            "tile/00/000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/x000/000",
            "tile/0/x001/000/000",
            "tile/9/000",
            "tile/x/000",
            "tile/0/-01",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.new",
            "tile/0/x001/x234/x067",
        ] {
            assert_eq!(Tile::from_path(bad), None, "{bad}");
        }
    }

    #[test]
    fn widths_in_the_example_of_the_specification() {
        // "a tree of size 70,000": 273 full level-0 tiles and one of 112, one full level-1 tile and one of 17, and one
        // level-2 tile of 1.
        let width = |kind, number| tile_in(70_000, kind, number).map(|tile| tile.width);
        assert_eq!(width(Kind::Hashes(0), 272), Some(256));
        assert_eq!(width(Kind::Hashes(0), 273), Some(112));
        assert_eq!(width(Kind::Hashes(0), 274), None);
        assert_eq!(width(Kind::Hashes(1), 0), Some(256));
        assert_eq!(width(Kind::Hashes(1), 1), Some(17));
        assert_eq!(width(Kind::Hashes(2), 0), Some(1));
        assert_eq!(width(Kind::Hashes(3), 0), None);
        assert_eq!(width(Kind::Entries, 273), Some(112));
    }

    proptest! {
        #[test]
        fn paths_read_back(level in 0..LEVELS_MAX, number in any::<u64>(), width in 1..=WIDTH, entries in any::<bool>()) {
            let kind = if entries { Kind::Entries } else { Kind::Hashes(level) };
            let tile = Tile { kind, number, width };
            prop_assert_eq!(Tile::from_path(&tile.path()), Some(tile));
        }

        #[test]
        fn no_path_panics(path in "(tile/)?[0-9a-z./\u{660}]{0,30}") {
            let _ = Tile::from_path(&path);
        }
    }
}
