//! What goes wrong outside is said clearly, and nothing is lost.

use crate::support::Place;

#[test]
fn a_second_process_on_the_same_folder_is_told_so() {
    let place = Place::new();
    let _first = place.serve();
    let complaint = place.refused(&["serve"]);
    assert!(complaint.contains("data"), "{complaint}");
    assert!(complaint.contains("another process") || complaint.contains("in use"), "{complaint}");
}

#[test]
fn an_unknown_key_of_the_configuration_refuses_to_start() {
    let place = Place::new();
    let text = std::fs::read_to_string(place.config()).expect("the configuration");
    std::fs::write(place.config(), text + "\n[portal2]\nx = 1\n").expect("written");
    let complaint = place.refused(&["roles"]);
    assert!(complaint.contains("portal2"), "{complaint}");
}

#[test]
fn what_cannot_be_blocked_is_refused_with_a_reason() {
    let place = Place::new();
    let check = |what: &str, reason: &str, expect: &str| {
        let complaint = place.refused(&["block", what, "--reason", reason]);
        assert!(complaint.contains(expect), "{what}: {complaint}");
    };
    check("gov.pk", "long enough a reason", "registry");
    check("www.example.gov.pk", "long enough a reason", "sipar-national");
    check("10.0.0.1", "long enough a reason", "not reached over the internet");
    check("bank.example", "short", "10 to 1000 characters");
    check("0x7f.1", "long enough a reason", "notation");
}

#[test]
fn a_flipped_byte_of_the_ledger_or_the_snapshot_is_named() {
    let place = Place::new();
    place.ok(&["block", "phish.example", "--reason", "for the test of damage"]);
    let bundle = place.data().join("ledger/tile/entries");
    let bundle = std::fs::read_dir(&bundle).expect("entries").flatten().map(|entry| entry.path()).next().expect("one");
    let bundle = if bundle.is_dir() {
        std::fs::read_dir(&bundle).expect("entries").flatten().map(|entry| entry.path()).next().expect("one")
    } else {
        bundle
    };
    flip(&bundle, 20);
    let complaint = place.refused(&["ledger", "verify"]);
    assert!(complaint.contains("tile/entries"), "{complaint}");
    let snapshot = place.data().join("snapshot/current.sipar");
    let length = std::fs::metadata(&snapshot).expect("the snapshot").len();
    flip(&snapshot, usize::try_from(length / 2).expect("small"));
    let complaint = place.refused(&["snapshot", "verify"]);
    assert!(complaint.contains("current.sipar"), "{complaint}");
}

fn flip(path: &std::path::Path, at: usize) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bytes = std::fs::read(path).expect("read");
    bytes[at] ^= 1;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).expect("writable");
    std::fs::write(path, bytes).expect("written");
}
