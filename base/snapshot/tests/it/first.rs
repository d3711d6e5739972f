//! A file of the format's first version, as it was written then, answers as it did then.

use sipar_model::{Action, Observable, SnapshotSerial, TimestampMs};
use sipar_snapshot::{OpenError, Policy, SigningKey};

/// Written before version 2 was thought of. It holds the networks that `answers` asks for, each with its place in the
/// list as the number of its decision; the second list is only tried out.
const FILE: &[u8] = include_bytes!("../data/version-1.sipar");

const NOW: TimestampMs = TimestampMs(1_800_000_000_000);

fn open(bytes: Vec<u8>) -> Result<Policy, OpenError> {
    Policy::from_bytes(bytes, &SigningKey::from_seed([11; 32]).unwrap().verifying_key())
}

#[test]
fn a_file_of_the_first_version_answers() {
    let policy = open(FILE.to_vec()).unwrap();
    policy.scrub().unwrap();
    assert_eq!((policy.serial(), policy.entries()), (SnapshotSerial(3), 8));
    let check = |address: &str, expect: Option<(u32, Action, bool)>| {
        let hit = policy.address(address.parse().unwrap(), NOW);
        assert_eq!(hit.map(|hit| (hit.decision.0, hit.action, hit.shadow)), expect, "{address}");
    };
    check("198.51.100.200", Some((2, Action::Block, false)));
    // The longer network is only tried out.
    check("198.51.100.1", Some((2, Action::Block, false)));
    check("198.51.100.7", Some((4, Action::Allow, false)));
    check("203.0.113.9", Some((5, Action::Block, false)));
    check("203.0.113.10", None);
    check("198.51.101.0", None);
    check("0.0.0.0", None);
    check("2001:db8::7", Some((6, Action::Block, false)));
    check("2001:db8:1::2", Some((6, Action::Block, false)));
    check("2001:db8:1::1", Some((8, Action::Block, false)));
    check("2001:db9::", None);
}

#[test]
fn every_entry_of_the_first_version_is_found_and_read() {
    let policy = open(FILE.to_vec()).unwrap();
    let entries: Vec<_> = policy.iter().collect();
    assert_eq!(entries.len(), 8);
    for entry in entries {
        let found = policy.find(&entry.observable);
        assert_eq!(found.len(), 1, "{:?}", entry.observable);
        assert_eq!(policy.entry(found[0]), Some(entry.clone()));
        assert_eq!((entry.score, entry.evidence.len()), (70, 1));
    }
    let network = Observable::guess("198.51.100.0/25").unwrap();
    assert_eq!(policy.find(&network).len(), 1);
}

#[test]
fn other_versions_are_refused() {
    for version in [0_u8, 3, 255] {
        let mut bytes = FILE.to_vec();
        bytes[8] = version;
        let refused = open(bytes);
        assert!(matches!(refused, Err(OpenError::Version { .. })), "{version}: {refused:?}");
    }
    // The signature covers the version.
    let mut bytes = FILE.to_vec();
    bytes[8] = 2;
    assert!(open(bytes).is_err());
}
