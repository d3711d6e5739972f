//! What a mirror takes, from a log that goes on growing, and what one proof needs.

use super::{add, key, log, open, text};
use crate::disk::Disk;
use crate::{Evidence, EvidenceError, files, verify};
use std::fs;
use std::path::Path;

/// Fetches what a log of the first checkpoint's size has, as a mirror does that takes its time.
fn mirror(from: &Path, size: u64, checkpoint: &str, to: &Path) {
    let ledger = open(from);
    for path in files(size) {
        let file = ledger.file(&path).expect("read").unwrap_or_else(|| panic!("`{path}` is not there"));
        assert!(!file.changes, "{path}");
        let place = to.join(&path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::write(place, file.bytes).expect("written");
    }
    fs::write(to.join("checkpoint"), checkpoint).expect("written");
}

#[test]
fn a_mirror_verifies_even_when_the_log_has_grown_far_beyond_its_checkpoint() {
    for size in [1, 255, 256, 257, 700] {
        let dir = log(&[size]);
        let checkpoint = open(dir.path()).file("checkpoint").expect("read").expect("there");
        assert!(checkpoint.changes);
        let checkpoint = String::from_utf8(checkpoint.bytes).expect("text");
        let mut disk = Disk::new(dir.path());
        for step in 0..5 {
            add(&mut disk, size + step * 3, size + step * 3 + 3).expect("added");
        }
        let copy = tempfile::tempdir().expect("a folder");
        mirror(dir.path(), size, &checkpoint, copy.path());
        let report = verify(copy.path(), key().verifying_key()).unwrap_or_else(|faults| panic!("{size}: {faults:?}"));
        assert_eq!((report.size, report.strangers.len()), (size, 0));
    }
}

#[test]
fn nothing_else_is_given() {
    let dir = log(&[300]);
    fs::write(dir.path().join("secret"), "x").expect("written");
    fs::create_dir_all(dir.path().join("tile/9")).expect("made");
    fs::write(dir.path().join("tile/0/002"), "beyond").expect("written");
    let ledger = open(dir.path());
    for path in [
        "",
        "secret",
        "lock",
        "checkpoint.new",
        "../ledger/checkpoint",
        "tile/../checkpoint",
        "tile/0/../../secret",
        "/etc/passwd",
        "tile/0/002",
        "tile/0/001",
        "tile/0/001.p/45",
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/1/000",
        "tile/entries/001",
        "tile/0/%30%30%30",
        "tile/0/000\0",
    ] {
        assert_eq!(ledger.file(path).expect("no fault"), None, "{path}");
    }
    assert!(ledger.file("tile/0/001.p/44").expect("read").is_some());
    assert!(ledger.file("tile/0/000.p/17").expect("read").is_some(), "the beginning of a full tile");
}

#[test]
fn entries_come_in_runs() {
    let dir = log(&[300]);
    let ledger = open(dir.path());
    let run = |first| ledger.entries(first).expect("read").into_iter().map(|(number, _)| number).collect::<Vec<_>>();
    assert_eq!(run(0), (0..256).collect::<Vec<_>>());
    assert_eq!(run(250), (250..256).collect::<Vec<_>>());
    assert_eq!(run(256), (256..300).collect::<Vec<_>>());
    assert!(run(300).is_empty() && run(u64::MAX).is_empty());
}

#[test]
fn evidence_stands_by_itself_and_any_change_of_it_is_found() {
    let dir = log(&[300]);
    let ledger = open(dir.path());
    let (own, key) = (key(), ledger.verifying_key().clone());
    let evidence = ledger.evidence(257).expect("given");
    assert_eq!(evidence.entry, text(257));
    evidence.check(own.verifying_key()).expect("holds");
    let json = serde_json::to_string(&evidence).expect("JSON");
    assert_eq!(serde_json::from_str::<Evidence>(&json).expect("read back"), evidence);
    let check = |change: &dyn Fn(&mut Evidence)| {
        let mut changed = evidence.clone();
        change(&mut changed);
        changed.check(&key).expect_err("found")
    };
    assert!(matches!(check(&|e| e.index = 256), EvidenceError::Path));
    assert!(matches!(check(&|e| e.path.truncate(1)), EvidenceError::Path));
    assert!(matches!(check(&|e| e.path[0] = "x".into()), EvidenceError::Path));
    assert!(matches!(check(&|e| e.entry.push(' ')), EvidenceError::Part("leaf")));
    assert!(matches!(check(&|e| e.size = 301), EvidenceError::Part("size")));
    assert!(matches!(check(&|e| e.root = e.leaf.clone()), EvidenceError::Part("root")));
    assert!(matches!(check(&|e| e.origin.push('x')), EvidenceError::Part("origin")));
    assert!(matches!(check(&|e| e.checkpoint = e.checkpoint.replace("300", "301")), EvidenceError::Signature(_)));
    let stranger = crate::LedgerKey::from_seed(super::ORIGIN, [8; 32]).expect("a key");
    assert!(evidence.check(stranger.verifying_key()).is_err());
    assert!(ledger.evidence(300).is_err());
}
