//! Deltas: what goes in comes out, and nothing that is cut, damaged, forged or out of bounds is believed.

use crate::common::{ENFORCED, SHADOW, block, key, lists};
use proptest::prelude::*;
use sipar_model::{Action, Asn, Observable, SnapshotSerial, TimestampMs};
use sipar_snapshot::{
    BuildError, Delta, DeltaBuilder, DeltaHead, ListId, OpenError, PolicyEntry, Scope, SigningKey, Update,
    limits::UPDATE_ENTRIES_MAX,
};
use std::fs;

fn head(from: u64, to: u64) -> DeltaHead {
    DeltaHead {
        from: SnapshotSerial(from),
        to: SnapshotSerial(to),
        created: TimestampMs(1_700_000_000_123),
        contact: "mailto:cert@example.pk".into(),
        lists: lists(),
    }
}

fn written(builder: &DeltaBuilder) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delta");
    let built = builder.write(&path, &key()).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!((built.updates, built.file_bytes), (builder.len() as u64, bytes.len() as u64));
    assert_eq!(built.blake3_hex, blake3::hash(&bytes).to_hex().as_str());
    assert_eq!(Delta::open(&path, &key().verifying_key()).unwrap(), read(bytes.clone()).unwrap());
    bytes
}

fn read(bytes: Vec<u8>) -> Result<Delta, OpenError> {
    Delta::from_bytes(bytes, &key().verifying_key())
}

fn update(observable: &str, before: usize, after: usize) -> Update {
    let side = |count: usize, list| {
        let entry = |number: usize| PolicyEntry {
            list,
            scope: if number.is_multiple_of(2) { Scope::Exact } else { Scope::Subtree },
            ..block(observable, Scope::Exact)
        };
        (0..count).map(entry).collect()
    };
    let observable = Observable::guess(observable).unwrap();
    Update { observable, before: side(before, ENFORCED), after: side(after, SHADOW) }
}

/// One of each kind, in the order of the file.
const THINGS: [&str; 8] = [
    "a.example",
    "xn--p1ai.example",
    "192.0.2.1",
    "2001:db8::1",
    "192.0.2.0/24",
    "http://a.example/x?y",
    "d41d8cd98f00b204e9800998ecf8427e",
    "eve@a.example",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_goes_in_comes_out(sides in prop::collection::vec((0_usize..3, 0_usize..3), THINGS.len()), from in 0_u64..9) {
        let mut builder = DeltaBuilder::new(head(from, from + 1));
        let mut expect = Vec::new();
        for (thing, (before, after)) in THINGS.into_iter().zip(sides) {
            let update = update(thing, before, after);
            builder.add(update.clone()).unwrap();
            expect.push(update);
        }
        // What can never answer is left out, and what then changes nothing.
        let named = |update: &Update| matches!(update.observable, Observable::Domain(_));
        for update in &mut expect {
            let most = if named(update) { 2 } else { 1 };
            for side in [&mut update.before, &mut update.after] {
                side.truncate(most);
                *side = side.iter().cloned().map(PolicyEntry::canonical).collect();
            }
        }
        expect.retain(|update| update.before != update.after);
        expect.sort_by(|a, b| a.observable.cmp(&b.observable));
        let delta = read(written(&builder)).unwrap();
        prop_assert_eq!(delta.updates(), &expect[..]);
        prop_assert_eq!((delta.from().0, delta.to().0), (from, from + 1));
        prop_assert_eq!((delta.created().0, delta.contact()), (1_700_000_000_123, "mailto:cert@example.pk"));
        prop_assert_eq!(delta.lists(), &lists()[..]);
    }

    #[test]
    fn no_changed_byte_goes_unseen(at: prop::sample::Index, bit in 0_u8..8) {
        let mut builder = DeltaBuilder::new(head(1, 2));
        builder.add(update("a.example", 0, 2)).unwrap();
        let mut bytes = written(&builder);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(read(bytes).is_err(), "byte {}", at);
    }
}

#[test]
fn what_makes_no_sense_is_not_written() {
    let check = |update: Update, expect: fn(&BuildError) -> bool| {
        let error = DeltaBuilder::new(head(1, 2)).add(update).map(|_| ()).unwrap_err();
        assert!(expect(&error), "{error:?}");
    };
    let stray = Update { after: vec![block("b.example", Scope::Exact)], ..update("a.example", 0, 0) };
    check(stray, |error| matches!(error, BuildError::Stray { .. }));
    let unknown = PolicyEntry { list: ListId(2), ..block("a.example", Scope::Exact) };
    check(Update { after: vec![unknown], ..update("a.example", 0, 0) }, |error| {
        matches!(error, BuildError::UnknownList(2))
    });
    let asn = Update { observable: Observable::Asn(Asn(64_500)), before: Vec::new(), after: Vec::new() };
    check(asn, |error| matches!(error, BuildError::Unsupported { .. }));
    let outliving = |number: usize| PolicyEntry {
        action: if number == 0 { Action::Allow } else { Action::Block },
        severity: sipar_model::Severity::High,
        expires: TimestampMs(1_000 * i64::try_from(number + 1).unwrap()),
        ..block("a.example", Scope::Exact)
    };
    let many = (0..UPDATE_ENTRIES_MAX + 1).map(outliving).collect();
    // Of blocks on one thing the one that lasts longest answers: the rest is left out, however many there are.
    DeltaBuilder::new(head(1, 2)).add(Update { after: many, ..update("a.example", 0, 0) }).unwrap();

    let mut twice = DeltaBuilder::new(head(1, 2));
    twice.add(update("a.example", 0, 1)).unwrap();
    assert!(matches!(twice.add(update("a.example", 1, 0)), Err(BuildError::Twice(name)) if name == "a.example"));
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [(2, 2), (3, 2)] {
        let error = DeltaBuilder::new(head(from, to)).write(&folder.path().join("d"), &key()).unwrap_err();
        assert!(matches!(error, BuildError::Backwards { .. }), "{error:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "and nothing lies about");
}

#[test]
fn another_kind_another_key_and_half_a_file_are_refused() {
    let mut builder = DeltaBuilder::new(head(1, 2));
    builder.add(update("a.example", 1, 0)).unwrap();
    let bytes = written(&builder);
    for cut in [0, 1, 63, 64, bytes.len() / 2, bytes.len() - 1] {
        assert!(read(bytes[..cut].to_vec()).is_err(), "{cut} bytes");
    }
    let other = SigningKey::from_seed([8; 32]).unwrap();
    assert!(matches!(Delta::from_bytes(bytes.clone(), &other.verifying_key()), Err(OpenError::WrongKey { .. })));
    let policy = crate::common::built(1, &[]).0;
    assert!(matches!(read(policy), Err(OpenError::Kind { .. })));
    assert!(sipar_snapshot::Policy::from_bytes(bytes, &key().verifying_key()).is_err());
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Delta::open(folder.path(), &key().verifying_key()), Err(OpenError::NotRegular { .. })));
    assert!(Delta::open(&folder.path().join("absent"), &key().verifying_key()).is_err());
}
