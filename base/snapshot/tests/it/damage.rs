//! Damaged, foreign and half files are refused, with where and why.

use crate::common::{block, built, key};
use sipar_model::{SnapshotSerial, TimestampMs};
use sipar_snapshot::{Networks, NetworksBuilder, OpenError, Policy, Scope, SigningKey, WarningIndex};
use std::{fs, os::unix::fs::FileExt, path::Path, process::Command};

/// A small file in which every section has something.
fn small() -> Vec<u8> {
    let things = [
        "a.example.com",
        "b.example.com",
        "http://a.example/x",
        "d41d8cd98f00b204e9800998ecf8427e",
        "eve@a.example",
        "192.0.2.0/24",
        "2001:db8::/32",
    ];
    built(9, &things.map(|thing| block(thing, Scope::Subtree))).0
}

fn check(bytes: Vec<u8>) -> Result<(), OpenError> {
    Policy::from_bytes(bytes, &key().verifying_key())?.scrub()
}

#[test]
fn one_flipped_byte_anywhere_is_found() {
    let good = small();
    check(good.clone()).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        assert!(check(bad).is_err(), "byte {at} of {}", good.len());
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let good = small();
    for length in 0..good.len() {
        assert!(check(good[..length].to_vec()).is_err(), "{length} bytes of {}", good.len());
    }
    let longer = [&good[..], &[0]].concat();
    let expected = good.len() as u64;
    assert!(matches!(check(longer), Err(OpenError::Length { found, expected: e }) if e == expected && found == e + 1));
}

#[test]
fn damage_is_named_by_section_and_offset() {
    let names: Vec<_> = (0..20_000).map(|n| block(&format!("n{n}.example.net"), Scope::Exact)).collect();
    let (good, _) = built(1, &names);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    fs::write(&path, &good).unwrap();
    // Opened first, damaged afterwards: the mapping is as open as before, and the scrub tells.
    let policy = Policy::open(&path, &key().verifying_key()).unwrap();
    policy.scrub().unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let last = good.len() as u64 - 1;
    file.write_all_at(&[good[last as usize] ^ 0x10], last).unwrap();
    let error = policy.scrub().unwrap_err();
    let OpenError::Damaged { section: "evidence", offset, bytes } = error else { panic!("{error:?}") };
    // 20,000 entries with 12 bytes of evidence each end in the fourth chunk.
    assert_eq!((offset, offset + bytes), (196_608, 240_000));
    assert_eq!(
        error.to_string(),
        "the section `evidence` is damaged within 43392 bytes from offset 196608; fetch the file again"
    );
    assert!(Policy::open(&path, &key().verifying_key()).is_ok(), "the head is as it was signed");
}

#[test]
fn another_key_is_named() {
    let other = SigningKey::from_seed([8; 32]).unwrap().verifying_key();
    let error = Policy::from_bytes(small(), &other).unwrap_err();
    assert!(matches!(&error, OpenError::WrongKey { file_key, our_key } if file_key != our_key), "{error}");
}

#[test]
fn a_later_version_and_another_kind_are_told_apart() {
    let mut later = small();
    later[8] = 3;
    assert!(matches!(check(later), Err(OpenError::Version { found: 3, supported: 2 })));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    NetworksBuilder::new(SnapshotSerial(1), TimestampMs(0)).write(&path, &key()).unwrap();
    let open = |path: &Path| Policy::open(path, &key().verifying_key()).unwrap_err().to_string();
    assert_eq!(open(&path), "the file is a network table, not a policy snapshot");
    assert!(WarningIndex::open(&path, &key().verifying_key()).is_err());
    assert!(Networks::open(&path, &key().verifying_key()).is_ok());
    fs::write(folder.path().join("text"), "not a snapshot, and long enough to have a head. ".repeat(9)).unwrap();
    let text = open(&folder.path().join("text"));
    assert_eq!(text, "this is not a Sipar snapshot: it does not begin with the right bytes");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let open = |path: &Path| Policy::open(path, &key().verifying_key()).unwrap_err();
    assert!(matches!(open(&pipe), OpenError::NotRegular { .. }));
    assert!(matches!(open(folder.path()), OpenError::NotRegular { .. }));
    assert!(matches!(open(&folder.path().join("absent")), OpenError::Read { doing: "open", .. }));
    fs::write(folder.path().join("empty"), "").unwrap();
    assert!(matches!(open(&folder.path().join("empty")), OpenError::NotASnapshot));
}
