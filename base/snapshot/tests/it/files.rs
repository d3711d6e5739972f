//! Files on disk: written whole or not at all, the same from the same, and compared with one another.

use crate::common::{ENFORCED, SHADOW, block, built, head, key, policy};
use sipar_model::{Action, DecisionNumber, Observable, SnapshotSerial, TimestampMs};
use sipar_snapshot::{BuildError, Change, Policy, PolicyBuilder, PolicyEntry, Scope, diff};
use std::{fs, os::unix::fs::MetadataExt};

#[test]
fn what_the_head_says_comes_back() {
    let (bytes, built) = built(42, &[block("a.example", Scope::Exact)]);
    assert_eq!(built.file_bytes, bytes.len() as u64);
    assert_eq!(built.blake3_hex, blake3::hash(&bytes).to_hex().to_string());
    let policy = Policy::from_bytes(bytes, &key().verifying_key()).unwrap();
    assert_eq!(policy.serial(), SnapshotSerial(42));
    assert_eq!(policy.created(), TimestampMs(1_700_000_000_123));
    assert_eq!(policy.contact(), "mailto:cert@example.pk");
    assert_eq!(policy.entries(), 1);
    assert_eq!(policy.file_bytes(), built.file_bytes);
    let slugs: Vec<&str> = policy.lists().iter().map(|list| list.slug.as_str()).collect();
    assert_eq!(slugs, ["main", "trial"]);
    assert_eq!(policy.list(SHADOW).map(|list| list.title.as_str()), Some("The list trial"));
}

#[test]
fn an_empty_policy_answers_nothing() {
    let policy = policy(&[]);
    assert_eq!((policy.entries(), policy.iter().count()), (0, 0));
    assert!(policy.name_wire(b"\x01a\0", TimestampMs(0)).is_none());
    assert!(policy.address("192.0.2.1".parse().unwrap(), TimestampMs(0)).is_none());
    assert!(policy.address("2001:db8::1".parse().unwrap(), TimestampMs(0)).is_none());
}

#[test]
fn the_same_entries_give_the_same_file() {
    let entries = ["b.example", "a.example", "192.0.2.0/24"].map(|thing| block(thing, Scope::Exact));
    assert_eq!(built(1, &entries).0, built(1, &entries).0);
}

#[test]
fn a_file_in_use_is_replaced_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    PolicyBuilder::new(head(1)).write(&path, &key()).unwrap();
    let old = Policy::open(&path, &key().verifying_key()).unwrap();
    PolicyBuilder::new(head(2)).write(&path, &key()).unwrap();
    let new = Policy::open(&path, &key().verifying_key()).unwrap();
    assert_eq!((old.serial(), new.serial()), (SnapshotSerial(1), SnapshotSerial(2)));
    old.scrub().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o222, 0, "nobody may write to a published file");
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    // A folder stands where the file should go, so that the last step fails.
    let path = folder.path().join("policy");
    fs::create_dir(&path).unwrap();
    let error = PolicyBuilder::new(head(1)).write(&path, &key()).unwrap_err();
    assert!(matches!(error, BuildError::Write { doing: "put in place", .. }), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let absent = folder.path().join("absent").join("policy");
    assert!(PolicyBuilder::new(head(1)).write(&absent, &key()).is_err());
}

#[test]
fn the_remains_of_a_killed_writer_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    // No process has this number: the kernel's largest is 2^22.
    fs::write(folder.path().join(".sipar-99999999-0.tmp"), "half").unwrap();
    fs::write(folder.path().join(".sipar-mine.tmp"), "not one of ours").unwrap();
    PolicyBuilder::new(head(1)).write(&folder.path().join("policy"), &key()).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".sipar-mine.tmp", "policy"]);
}

#[test]
fn a_preferred_decision_that_ends_first_does_not_take_the_other_with_it() {
    let blocked = block("a.example", Scope::Subtree);
    let allowed = PolicyEntry {
        action: Action::Allow,
        expires: TimestampMs(50_000),
        decision: DecisionNumber(2),
        ..blocked.clone()
    };
    let again = PolicyEntry { expires: TimestampMs(90_000), decision: DecisionNumber(3), ..blocked.clone() };
    let (bytes, built) = built(1, &[blocked.clone(), allowed, again, blocked]);
    assert_eq!((built.entries, built.superseded), (2, 2));
    let policy = Policy::from_bytes(bytes, &key().verifying_key()).unwrap();
    let check = |now: i64, expect: Option<(Action, u32)>| {
        let hit = policy.name_wire(b"\x01a\x07example\0", TimestampMs(now));
        assert_eq!(hit.map(|hit| (hit.action, hit.decision.0)), expect, "at {now}");
    };
    check(49_999, Some((Action::Allow, 2)));
    check(50_000, Some((Action::Block, 1)));
    check(99_999, Some((Action::Block, 1)));
    check(100_000, None);
}

#[test]
fn a_list_that_is_tried_out_changes_no_answer() {
    let shadow = PolicyEntry { list: SHADOW, ..block("www.a.example", Scope::Exact) };
    let enforced = PolicyEntry { list: ENFORCED, decision: DecisionNumber(2), ..block("a.example", Scope::Subtree) };
    let wire = b"\x03www\x01a\x07example\0";
    let both = policy(&[shadow.clone(), enforced]).name_wire(wire, TimestampMs(0)).unwrap();
    assert_eq!((both.shadow, both.decision.0), (false, 2));
    let alone = policy(&[shadow]).name_wire(wire, TimestampMs(0)).unwrap();
    assert_eq!((alone.shadow, alone.decision.0), (true, 1));
}

#[test]
fn differences_are_added_removed_and_changed() {
    let stays = block("stays.example", Scope::Subtree);
    let goes = block("192.0.2.0/24", Scope::Exact);
    let comes = block("http://comes.example/", Scope::Exact);
    let before = block("changes.example", Scope::Subtree);
    let after = PolicyEntry { score: 90, ..before.clone() };
    let older = policy(&[stays.clone(), goes.clone(), before.clone()]);
    let newer = policy(&[after.clone(), comes.clone(), stays]);
    let mut changes: Vec<Change> = diff(&older, &newer).collect();
    changes.sort_by_key(|change| format!("{change:?}"));
    let exact = |entry: PolicyEntry| PolicyEntry { scope: Scope::Exact, ..entry };
    assert_eq!(
        changes,
        [
            Change::Added(exact(comes)),
            Change::Changed { before: Box::new(before), after: Box::new(after) },
            Change::Removed(exact(goes)),
        ]
    );
    assert_eq!(diff(&newer, &newer).count(), 0);
    assert!(newer.find(&Observable::guess("absent.example").unwrap()).is_empty());
}
