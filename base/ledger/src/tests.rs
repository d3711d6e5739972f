//! Tests of the whole ledger: logs of many sizes, flipped bytes, kills, other people's code as oracle.

mod flips;
mod kills;
mod mirror;
mod murder;
mod notes;
mod oracle;
mod store;

use crate::disk::Disk;
use crate::key::LedgerKey;
use crate::pending::Batch;
use crate::publish::{Written, begin, write_batch};
use crate::{Ledger, LedgerError};
use std::path::Path;
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "ledger.example/log";

pub(crate) fn key() -> LedgerKey {
    LedgerKey::from_seed(ORIGIN, [7; 32]).expect("a key")
}

/// The text of entry `number`: of different lengths.
pub(crate) fn text(number: u64) -> String {
    format!(r#"{{"at":{number},"body":"{}","kind":"test"}}"#, "x".repeat((number % 7) as usize))
}

pub(crate) fn batch(first: u64, end: u64) -> Batch {
    Batch { first, texts: (first..end).map(text).collect(), published: first, root: None }
}

pub(crate) fn add(disk: &mut Disk, first: u64, end: u64) -> Result<Written, LedgerError> {
    write_batch(disk, &key(), &batch(first, end))
}

/// A log that grew in `steps` (sizes), in a temporary folder.
pub(crate) fn log(steps: &[u64]) -> TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let mut disk = Disk::new(dir.path());
    begin(&mut disk, &key()).expect("begun");
    let mut from = 0;
    for &to in steps {
        let written = add(&mut disk, from, to).expect("written");
        assert_eq!((written.entries, written.checkpoint.size), (to - from, to));
        from = to;
    }
    dir
}

pub(crate) fn open(dir: &Path) -> Ledger {
    Ledger::open(dir, key()).expect("opened")
}
