//! Snapshots: published when something changed, whole or not at all, and in place after a kill.

use crate::rig::{NOW, each_rig, phishing, says, thing};
use sipar_model::{Category, Fact, FactKind, Observable, Tlp};
use sipar_shield::store::snapshots;
use std::fs;

#[test]
fn a_published_file_opens_and_holds_what_is_in_force() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let mut mixed = phishing("evil.example");
        let mut secret = says("evil.example", "secret-source", Category::Phishing, NOW).assertions.remove(0);
        secret.tlp = Tlp::Amber;
        mixed.assertions.push(secret);
        rig.tell_of(vec![mixed, says("203.0.113.9", "feed", Category::C2, NOW)]).await;
        let published = rig.shield().publish(false).await.unwrap().unwrap();
        let policy = rig.policy();
        assert_eq!((policy.serial().0, policy.entries(), policy.created()), (1, 2, NOW));
        assert_eq!(policy.contact(), "mailto:cert@example.org");
        let Observable::Domain(name) = thing("www.evil.example") else { panic!("a name") };
        let hit = policy.name(&name, NOW).expect("what is below a blocked name is blocked");
        assert_eq!((hit.decision.0, hit.category, hit.shadow), (1, Category::Phishing, false));
        let (score, evidence) = policy.evidence(hit.entry);
        let families: Vec<&str> = evidence.iter().map(|seen| seen.family.as_str()).collect();
        assert_eq!((score, families), (100, vec!["feed"]), "no secret witness is named");
        assert!(policy.address("203.0.113.9".parse().unwrap(), NOW).is_some());

        // The fact, the row, the ledger and the blob tell of the same file.
        let snapshot = published.snapshot;
        assert_eq!(rig.said(FactKind::Snapshot).await, [Fact::Snapshot(snapshot.clone())]);
        let bytes = fs::read(rig.shield().current_path()).unwrap();
        assert_eq!(bytes.len() as u64, snapshot.file_bytes);
        assert_eq!(rig.house.blobs.get(&snapshot.blob).unwrap(), bytes);
        let entry = rig.ledger().await.pop().unwrap();
        let expect = serde_json::json!({ "serial": 1, "blake3": snapshot.blob, "entries": 2 });
        assert_eq!((entry.kind.as_str(), entry.body), ("snapshot", expect));
    });
}

#[test]
fn nothing_is_published_without_a_change() {
    each_rig(|rig| async move {
        let mut watch = rig.shield().current();
        assert!(rig.shield().publish(false).await.unwrap().is_some(), "edges need a first one, even an empty one");
        assert!(watch.has_changed().unwrap());
        watch.mark_unchanged();
        assert!(rig.shield().publish(false).await.unwrap().is_none());
        rig.reconcile().await;
        assert!(!watch.has_changed().unwrap());
        assert_eq!(rig.policy().serial().0, 1);
        rig.warn(&[]).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.reconcile().await;
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (2, 1));
        assert!(watch.has_changed().unwrap());
        let again = rig.shield().publish(true).await.unwrap().unwrap();
        assert_eq!((again.snapshot.serial.0, again.snapshot.entries), (3, 1));
        assert_eq!(rig.ledger_kinds().await, ["snapshot", "block", "snapshot", "snapshot"]);
    });
}

#[test]
fn a_kill_between_the_row_and_the_rename_is_mended() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        let current = rig.shield().current_path();
        let old = current.with_file_name("old");
        fs::hard_link(&current, &old).unwrap();
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.reconcile().await;
        // As it was before the rename: the row is there, the old file stands, and a half-made link lies about.
        fs::rename(&old, &current).unwrap();
        fs::write(current.with_file_name("next.sipar"), "half").unwrap();
        assert_eq!(rig.policy().serial().0, 1);
        rig.reconcile().await;
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (2, 1));
        assert_eq!(rig.said(FactKind::Snapshot).await.len(), 2, "and nothing is published twice");
        // As it was before there was any.
        fs::remove_file(&current).unwrap();
        rig.reconcile().await;
        assert_eq!(rig.policy().serial().0, 2);
    });
}

#[test]
fn a_failed_compilation_keeps_the_last_snapshot() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        // The folder in which the file would be made is gone.
        let (incoming, aside) = (rig.house.blobs.incoming(), rig.house.data.join("aside"));
        fs::rename(&incoming, &aside).unwrap();
        assert!(rig.shield().reconcile().await.is_err());
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (1, 0));
        fs::rename(&aside, &incoming).unwrap();
        rig.reconcile().await;
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (2, 1));
    });
}

#[test]
fn only_the_newest_files_are_kept() {
    each_rig(|rig| async move {
        let mut blobs = Vec::new();
        for _ in 0..13 {
            blobs.push(rig.shield().publish(true).await.unwrap().unwrap().snapshot.blob);
        }
        let kept: Vec<bool> = blobs.iter().map(|blob| rig.house.blobs.path(blob).unwrap().exists()).collect();
        assert_eq!(kept, [vec![false; 3], vec![true; 10]].concat());
        let rows = rig.house.store.read(|reader| snapshots::list(reader, 100)).await.unwrap();
        let serials: Vec<u64> = rows.iter().map(|row| row.snapshot.serial.0).collect();
        assert_eq!(serials, (1..=13).rev().collect::<Vec<_>>(), "what was published stays known");
        assert_eq!(rig.policy().serial().0, 13);
    });
}
