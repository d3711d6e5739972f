//! Killed at any write, the next run ends with the same bytes, as if nothing had happened.

use super::{add, batch, key, log, open};
use crate::disk::Disk;
use crate::publish::write_batch;
use crate::{LedgerError, verify};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a reader of the checkpoint needs: no partial files of the past.
fn needed(dir: &Path, size: u64) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let kinds = (0..crate::tile::LEVELS_MAX).map(crate::tile::Kind::Hashes).chain([crate::tile::Kind::Entries]);
    for kind in kinds {
        for tile in (0..).map_while(|number| crate::tile::tile_in(size, kind, number)) {
            found.insert(tile.path(), fs::read(dir.join(tile.path())).expect("a file of the log"));
        }
    }
    found.insert("checkpoint".to_owned(), fs::read(dir.join("checkpoint")).expect("a checkpoint"));
    found
}

fn copy(from: &Path, to: &Path) {
    for file in fs::read_dir(from).expect("a folder").flatten() {
        let to = to.join(file.file_name());
        if file.path().is_dir() {
            fs::create_dir(&to).expect("a folder");
            copy(&file.path(), &to);
        } else {
            fs::copy(file.path(), &to).expect("copied");
        }
    }
}

/// Grows a log from `old` to `new`, killed at write 0, 1, 2, ... until one run comes through.
fn kill_everywhere(old: u64, new: u64) -> usize {
    let expect = needed(log(&[old, new]).path(), new);
    let before = log(&[old]);
    for writes in 0.. {
        let dir = tempfile::tempdir().expect("a folder");
        copy(before.path(), dir.path());
        let mut disk = Disk::new(dir.path());
        disk.writes_left = Some(writes);
        let through = add(&mut disk, old, new).is_ok();
        let between = verify(dir.path(), key().verifying_key()).unwrap_or_else(|faults| panic!("{writes}: {faults:?}"));
        assert_eq!(between.size, if through { new } else { old });
        // The next run may find more to do than the one that was killed.
        let more = new + (writes as u64 % 2) * 300;
        let mut known = batch(old, more);
        known.published = old;
        write_batch(&mut Disk::new(dir.path()), &key(), &known).expect("done again");
        let report = verify(dir.path(), key().verifying_key()).unwrap_or_else(|faults| panic!("{writes}: {faults:?}"));
        assert_eq!((report.size, report.unpublished), (more, 0), "killed at write {writes}");
        if more == new {
            assert_eq!(needed(dir.path(), new), expect, "killed at write {writes}");
        }
        if through {
            return writes;
        }
    }
    unreachable!("a run has an end")
}

#[test]
fn at_every_write() {
    assert_eq!(kill_everywhere(0, 1), 3, "bundle, tile, checkpoint");
    kill_everywhere(3, 4);
    kill_everywhere(200, 300);
    kill_everywhere(255, 256);
    kill_everywhere(256, 257);
    kill_everywhere(300, 1_300);
    kill_everywhere(65_500, 65_600);
}

#[test]
fn killed_before_the_store_knows_nothing_is_doubled() {
    let dir = log(&[10, 20]);
    let again = write_batch(&mut Disk::new(dir.path()), &key(), &batch(5, 25)).expect("done again");
    assert_eq!((again.entries, again.checkpoint.size), (5, 25));
    let nothing = write_batch(&mut Disk::new(dir.path()), &key(), &batch(5, 25)).expect("nothing to do");
    assert_eq!((nothing.entries, nothing.checkpoint.size), (0, 25));
}

#[test]
fn a_store_and_a_folder_of_different_times_are_told_apart() {
    let dir = log(&[10, 20]);
    let check = |change: &dyn Fn(&mut crate::pending::Batch), part: &str| {
        let mut given = batch(10, 25);
        change(&mut given);
        let error = write_batch(&mut Disk::new(dir.path()), &key(), &given).err().expect("refused");
        assert!(matches!(error, LedgerError::Diverged { .. }) && error.to_string().contains(part), "{error}");
    };
    check(&|batch| batch.published = 21, "the store knows 21");
    check(&|batch| batch.first = 21, "the next in the store is 21");
    check(&|batch| batch.texts[3] = "other".to_owned(), "entry 13 in the store is not the one");
    check(&|batch| (batch.published, batch.root) = (20, Some("other".to_owned())), "another root");
    assert_eq!(verify(dir.path(), key().verifying_key()).expect("unharmed").size, 20);
}

#[test]
fn nothing_is_signed_over_a_damaged_folder() {
    let dir = log(&[300]);
    let path = dir.path().join("tile/0/001.p/44");
    let mut bytes = fs::read(&path).expect("a tile");
    bytes[40] ^= 1;
    fs::write(&path, bytes).expect("flipped");
    let refused = add(&mut Disk::new(dir.path()), 300, 301).err().expect("refused");
    assert!(matches!(refused, LedgerError::Damaged { .. }), "{refused}");
    fs::remove_file(dir.path().join("checkpoint")).expect("removed");
    assert!(crate::Ledger::open(dir.path(), key()).is_err(), "no new log is begun over an old one");
}

#[test]
fn two_processes_do_not_publish_at_once() {
    let dir = log(&[3]);
    open(dir.path());
    let lock = fs::File::options().write(true).open(dir.path().join("lock")).expect("the lock");
    lock.lock().expect("held");
    let refused = add(&mut Disk::new(dir.path()), 3, 4).err().expect("refused");
    assert!(matches!(refused, LedgerError::InUse { .. }), "{refused}");
}
