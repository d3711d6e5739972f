//! Checking a whole ledger offline, with nothing but its folder and its key: every entry, every hash of every tile, the
//! root, the signature. What is wrong is named.

mod fault;
mod leftovers;

pub use fault::{Fault, Report};

use crate::LedgerError;
use crate::bundle::parse_bundle;
use crate::checkpoint::Checkpoint;
use crate::disk::{CHECKPOINT, Disk};
use crate::hash::{Hash, leaf_hash, perfect};
use crate::key::VerifyingKey;
use crate::note::Note;
use crate::tile::{Kind, LEVELS_MAX, Tile, WIDTH, parse_hashes, tile_in};
use crate::tree::{Tiles, Tree};
use std::collections::BTreeSet;
use std::path::Path;

/// Faults that are told: the first hundred show what happened, more would only fill the screen.
pub(crate) const FAULTS_MAX: usize = 100;

/// Checks the ledger in `dir` against the key that signs for it. Without a fault the report says what was checked.
pub fn verify(dir: &Path, key: &VerifyingKey) -> Result<Report, Vec<Fault>> {
    let disk = Disk::new(dir);
    let mut check = Check { disk: &disk, faults: Vec::new(), bad_files: BTreeSet::new(), files: 0 };
    let Some(checkpoint) = check.checkpoint(key) else { return Err(check.faults) };
    let leaves = check.bundles(&checkpoint);
    check.tiles_above(&checkpoint, leaves);
    let report = check.leftovers(&checkpoint);
    if check.faults.is_empty() { Ok(report) } else { Err(check.faults) }
}

struct Check<'d> {
    disk: &'d Disk,
    faults: Vec<Fault>,
    bad_files: BTreeSet<String>,
    files: u64,
}

impl Check<'_> {
    fn fault(&mut self, fault: Fault) {
        self.bad_files.insert(fault.file().to_owned());
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    /// What the checkpoint says. Without its signature nobody knows how long the log should be, so nothing else is
    /// checked then: put the checkpoint right first.
    fn checkpoint(&mut self, key: &VerifyingKey) -> Option<Checkpoint> {
        let bytes = match self.disk.read(CHECKPOINT) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.fault(Fault::Missing { file: CHECKPOINT.to_owned() });
                return None;
            }
            Err(error) => {
                self.fault(Fault::unreadable(CHECKPOINT, &error));
                return None;
            }
        };
        let note = match Note::parse(&bytes) {
            Ok(note) => note,
            Err(error) => {
                self.fault(Fault::Checkpoint { why: error.to_string() });
                return None;
            }
        };
        let text = match note.verified_by(key) {
            Ok(text) => text,
            Err(error) => {
                self.fault(Fault::Checkpoint { why: error.to_string() });
                return None;
            }
        };
        let parsed = Checkpoint::parse(text, key.name());
        parsed.map_err(|error| self.fault(Fault::Checkpoint { why: error.to_string() })).ok()
    }

    /// Checks each bundle against its level-0 tile; returns the hashes of level 1, from what is right of the two, and
    /// the hashes of the last, unfinished tile.
    fn bundles(&mut self, checkpoint: &Checkpoint) -> Row {
        let size = checkpoint.size;
        let tiles_give_root = size > 0 && Tree::new(size, self.disk).root().is_ok_and(|root| root == checkpoint.root);
        let mut row = Row::default();
        for number in 0..size.div_ceil(WIDTH) {
            // When most of the files are gone there is no use in naming them all.
            if self.faults.len() >= FAULTS_MAX {
                break;
            }
            let of = |kind| tile_in(size, kind, number).expect("the number is below the size");
            let (bundle, tile) = (of(Kind::Entries), of(Kind::Hashes(0)));
            let told = self.tile_hashes(tile);
            let computed = self.leaf_hashes(bundle, told.as_deref());
            let hashes = match (computed, told) {
                (Some(computed), Some(told)) if computed == told => computed,
                (Some(computed), Some(told)) => {
                    let judge = |hashes: &[Hash]| self.parent(size, number).map(|parent| parent == perfect(hashes));
                    let full = tile.width == WIDTH;
                    let verdict = if full { (judge(&computed), judge(&told)) } else { (None, Some(tiles_give_root)) };
                    self.disagree(bundle, tile, &computed, &told, verdict)
                }
                (Some(hashes), None) | (None, Some(hashes)) => hashes,
                (None, None) => vec![Hash::of_empty_tree(); tile.width as usize],
            };
            row.add(hashes);
        }
        row
    }

    /// The hash that the tile above has for a full tile of level 0.
    fn parent(&self, size: u64, number: u64) -> Option<Hash> {
        let above = tile_in(size, Kind::Hashes(1), number / WIDTH)?;
        let mut disk = self.disk;
        Tiles::hashes(&mut disk, above).ok()?.get((number % WIDTH) as usize).copied()
    }

    fn tile_hashes(&mut self, tile: Tile) -> Option<Vec<Hash>> {
        let bytes = self.bytes(tile)?;
        let hashes = parse_hashes(&bytes, tile.width);
        if hashes.is_none() {
            self.fault(Fault::Length { file: tile.path(), bytes: bytes.len() as u64 });
        }
        hashes
    }

    /// The hashes of a bundle's entries. `told` are those of its tile, to find the entry at which it breaks.
    fn leaf_hashes(&mut self, bundle: Tile, told: Option<&[Hash]>) -> Option<Vec<Hash>> {
        let bytes = self.bytes(bundle)?;
        let first = bundle.number * WIDTH;
        let why = match parse_bundle(&bytes) {
            Ok(entries) if entries.len() as u64 == bundle.width => {
                return Some(entries.into_iter().map(leaf_hash).collect());
            }
            Ok(entries) => format!("the bundle has {} entries, not {}", entries.len(), bundle.width),
            Err(error) => error.to_string(),
        };
        let entry = first + first_wrong(&bytes, told.unwrap_or_default());
        self.fault(Fault::Entry { file: bundle.path(), entry, why });
        None
    }

    fn bytes(&mut self, tile: Tile) -> Option<Vec<u8>> {
        self.files += 1;
        match self.disk.read(&tile.path()) {
            Ok(Some(bytes)) => return Some(bytes),
            Ok(None) => self.fault(Fault::Missing { file: tile.path() }),
            Err(error) => self.fault(Fault::unreadable(&tile.path(), &error)),
        }
        None
    }

    /// A bundle and its tile differ: says which is wrong, as the tile above or the root tells; returns what is right.
    fn disagree(
        &mut self,
        bundle: Tile,
        tile: Tile,
        computed: &[Hash],
        told: &[Hash],
        (bundle_fits, tile_fits): (Option<bool>, Option<bool>),
    ) -> Vec<Hash> {
        let differ = (0_u64..).zip(computed.iter().zip(told)).filter(|(_, (one, other))| one != other);
        let tile_is_right = tile_fits == Some(true) && bundle_fits != Some(true);
        let both = tile_fits == Some(false) && bundle_fits == Some(false);
        for (at, _) in differ {
            let number = tile.number * WIDTH + at;
            if tile_is_right || both {
                let why = "its hash is not the one in the tree".to_owned();
                self.fault(Fault::Entry { file: bundle.path(), entry: number, why });
            }
            if !tile_is_right {
                self.fault(Fault::Hash { file: tile.path(), level: 0, number });
            }
        }
        if tile_is_right { told.to_vec() } else { computed.to_vec() }
    }

    /// Checks each tile above level 0 against the hashes of the level below, and the root against them all.
    fn tiles_above(&mut self, checkpoint: &Checkpoint, leaves: Row) {
        let mut unfinished = vec![leaves.unfinished];
        let mut hashes = leaves.above;
        for level in 1..LEVELS_MAX {
            if hashes.is_empty() {
                break;
            }
            let mut row = Row::default();
            for (number, part) in (0_u64..).zip(hashes.chunks(WIDTH as usize)) {
                let tile = Tile { kind: Kind::Hashes(level), number, width: part.len() as u64 };
                self.compare(tile, level, part);
                row.add(part.to_vec());
            }
            unfinished.push(row.unfinished);
            hashes = row.above;
        }
        let root = fold(&unfinished);
        if checkpoint.root != root && self.faults.is_empty() {
            self.fault(Fault::Root { size: checkpoint.size, signed: checkpoint.root, computed: root });
        }
    }

    fn compare(&mut self, tile: Tile, level: u32, right: &[Hash]) {
        let Some(told) = self.tile_hashes(tile) else { return };
        let differ = (tile.number * WIDTH..).zip(told.iter().zip(right)).filter(|(_, (told, right))| told != right);
        for (number, _) in differ {
            self.fault(Fault::Hash { file: tile.path(), level, number });
        }
    }
}

/// One level on its way up: the full tiles as one hash each, and what is left over.
#[derive(Default)]
struct Row {
    above: Vec<Hash>,
    unfinished: Vec<Hash>,
}

impl Row {
    fn add(&mut self, hashes: Vec<Hash>) {
        if hashes.len() as u64 == WIDTH { self.above.push(perfect(&hashes)) } else { self.unfinished = hashes }
    }
}

/// The root over the unfinished tiles, the lowest level first: perfect subtrees grow from right to left
/// (RFC 6962 §2.1).
fn fold(levels: &[Vec<Hash>]) -> Hash {
    let mut root: Option<Hash> = None;
    for hashes in levels {
        let mut end = hashes.len();
        while end > 0 {
            let count = 1 << end.trailing_zeros();
            let subtree = perfect(&hashes[end - count..end]);
            root = Some(root.map_or(subtree, |right| crate::hash::node_hash(subtree, right)));
            end -= count;
        }
    }
    root.unwrap_or_else(Hash::of_empty_tree)
}

/// The first entry of a broken bundle whose hash is not the tile's, counted from its start.
fn first_wrong(bytes: &[u8], told: &[Hash]) -> u64 {
    let mut rest = bytes;
    let mut at = 0;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let Some((entry, after)) = after.split_at_checked(u16::from_be_bytes(*length).into()) else { break };
        if told.get(at).is_some_and(|hash| *hash != leaf_hash(entry)) {
            break;
        }
        rest = after;
        at += 1;
    }
    at as u64
}

impl Fault {
    fn unreadable(file: &str, error: &LedgerError) -> Self {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Self::Unreadable { file: file.to_owned(), why: format!("{error}{cause}") }
    }
}
