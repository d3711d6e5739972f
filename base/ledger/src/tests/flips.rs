//! One flipped byte anywhere is found, and its file named; in entries and tiles the number too.

use super::{ORIGIN, key, log, open};
use crate::tile::{Kind, Tile, WIDTH};
use crate::{Fault, LedgerKey, verify};
use std::fs;
use std::path::Path;

fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in fs::read_dir(folder).expect("a folder").flatten() {
            if file.path().is_dir() {
                folders.push(file.path());
            } else {
                let path = file.path();
                found.push(path.strip_prefix(dir).expect("inside").display().to_string());
            }
        }
    }
    found.retain(|file| file != "lock");
    found.sort();
    found
}

/// Positions to flip: all of a small file, some hundred spread over a large one, always the first and the last.
fn positions(length: usize, most: usize) -> Vec<usize> {
    let step = length.div_ceil(most).max(1);
    let mut all: Vec<usize> = (0..length).step_by(step).collect();
    all.push(length - 1);
    all
}

/// Flips bytes in every file, one at a time, and looks at what is found.
fn flip_all(dir: &Path, most: usize) -> usize {
    let mut flipped = 0;
    for file in files(dir) {
        let path = dir.join(&file);
        let good = fs::read(&path).expect("a file");
        for at in positions(good.len(), most) {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            fs::write(&path, &bad).expect("written");
            let faults = verify(dir, key().verifying_key()).expect_err("a flipped byte");
            assert!(faults.iter().all(|fault| fault.file() == file), "{file} byte {at}: {faults:?}");
            check_number(&file, at, &faults[0]);
            flipped += 1;
        }
        fs::write(&path, &good).expect("restored");
    }
    verify(dir, key().verifying_key()).expect("whole again");
    flipped
}

/// A hash of a tile is named by its number; an entry of a bundle too.
fn check_number(file: &str, at: usize, fault: &Fault) {
    match (Tile::from_path(file), fault) {
        (Some(Tile { kind: Kind::Hashes(level), number, .. }), Fault::Hash { level: told, number: hash, .. }) => {
            assert_eq!((level, number * WIDTH + at as u64 / 32), (*told, *hash), "{file} byte {at}");
        }
        (Some(Tile { kind: Kind::Entries, number, width }), Fault::Entry { entry, .. }) => {
            assert!((number * WIDTH..number * WIDTH + width).contains(entry), "{file} byte {at}: {fault}");
        }
        (Some(_), Fault::Leftover { .. }) | (None, Fault::Checkpoint { .. }) => {}
        (_, fault) => panic!("{file} byte {at}: {fault}"),
    }
}

#[test]
fn in_small_logs_every_byte() {
    assert!(flip_all(log(&[1]).path(), usize::MAX) > 200);
    assert!(flip_all(log(&[2, 5]).path(), usize::MAX) > 500);
}

#[test]
fn in_logs_with_full_tiles() {
    for steps in [&[255, 256][..], &[256], &[257], &[511, 512, 513], &[100, 600]] {
        flip_all(log(steps).path(), 60);
    }
}

#[test]
fn in_a_log_of_70_000_entries() {
    let dir = log(&[65_536, 69_999, 70_000]);
    let mut sampled = 0;
    for (at, file) in files(dir.path()).into_iter().enumerate() {
        let important = file.contains(".p/") || file.starts_with("tile/1") || file.starts_with("tile/2");
        if at % 61 != 0 && !important && file != "checkpoint" {
            continue;
        }
        let path = dir.path().join(&file);
        let good = fs::read(&path).expect("a file");
        let mut bad = good.clone();
        let place = good.len() / 2;
        bad[place] ^= 1;
        fs::write(&path, &bad).expect("written");
        let faults = verify(dir.path(), key().verifying_key()).expect_err("a flipped byte");
        assert!(faults.iter().all(|fault| fault.file() == file), "{file}: {faults:?}");
        check_number(&file, place, &faults[0]);
        fs::write(&path, &good).expect("restored");
        sampled += 1;
    }
    assert!(sampled > 15, "{sampled}");
}

#[test]
fn files_cut_short_lengthened_or_lost() {
    let dir = log(&[300, 600]);
    for file in files(dir.path()) {
        let path = dir.path().join(&file);
        let good = fs::read(&path).expect("a file");
        for bad in [&good[..good.len() - 1], &[&good[..], &[0]].concat(), &[]] {
            fs::write(&path, bad).expect("written");
            let faults = verify(dir.path(), key().verifying_key()).expect_err("another length");
            assert!(faults.iter().any(|fault| fault.file() == file), "{file}: {faults:?}");
        }
        fs::remove_file(&path).expect("removed");
        let verdict = verify(dir.path(), key().verifying_key());
        let leftover = Tile::from_path(&file).is_some_and(|tile| {
            crate::tile::tile_in(600, tile.kind, tile.number).is_some_and(|whole| whole.width != tile.width)
        });
        assert_eq!(verdict.is_ok(), leftover, "{file}: only a file of an earlier checkpoint may be gone");
        fs::write(&path, &good).expect("restored");
    }
}

#[test]
fn a_rewritten_log_and_a_foreign_key_are_told() {
    // Another log of the same length, put under the first one's checkpoint: everything fits but the root.
    let (dir, other) = (log(&[300]), tempfile::tempdir().expect("a folder"));
    let ledger = open(other.path());
    let mut batch = super::batch(0, 300);
    batch.texts[17] = "another".to_owned();
    let mut disk = crate::disk::Disk::new(other.path());
    crate::publish::write_batch(&mut disk, &key(), &batch).expect("written");
    let note = ledger.checkpoint().expect("signed").note;
    assert!(verify(other.path(), key().verifying_key()).is_ok());
    fs::copy(dir.path().join("checkpoint"), other.path().join("checkpoint")).expect("copied");
    let faults = verify(other.path(), key().verifying_key()).expect_err("rewritten");
    assert!(matches!(faults[..], [Fault::Root { size: 300, .. }]), "{faults:?}");

    fs::write(other.path().join("checkpoint"), note).expect("restored");
    let foreign = LedgerKey::from_seed(ORIGIN, [8; 32]).expect("a key");
    let faults = verify(other.path(), foreign.verifying_key()).expect_err("another key");
    assert!(matches!(faults[..], [Fault::Checkpoint { .. }]), "{faults:?}");
    let named = LedgerKey::from_seed("another.example/log", [7; 32]).expect("a key");
    assert!(verify(other.path(), named.verifying_key()).is_err());
    assert!(crate::Ledger::open(other.path(), foreign).is_err());
}

#[test]
fn an_empty_ledger_verifies_and_a_missing_one_does_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = verify(dir.path(), key().verifying_key()).expect_err("nothing there");
    assert!(matches!(faults[..], [Fault::Missing { .. }]), "{faults:?}");
    open(dir.path());
    assert_eq!(verify(dir.path(), key().verifying_key()).expect("empty").size, 0);
}

#[test]
fn a_forged_checkpoint_is_told_at_once() {
    let dir = log(&[3]);
    let path = dir.path().join("checkpoint");
    let note = fs::read_to_string(&path).expect("a note").replace("\n3\n", "\n9223372036854775807\n");
    fs::write(&path, note).expect("forged");
    let faults = verify(dir.path(), key().verifying_key()).expect_err("forged");
    assert!(matches!(faults[..], [Fault::Checkpoint { .. }]), "{faults:?}");
}

#[test]
fn no_more_than_a_hundred_faults_are_told() {
    let dir = log(&[70_000]);
    fs::remove_dir_all(dir.path().join("tile")).expect("removed");
    let faults = verify(dir.path(), key().verifying_key()).expect_err("all is gone");
    assert_eq!(faults.len(), crate::verify::FAULTS_MAX);
}
