//! Published states: the first as a whole file, those after it as changes, and in place after a kill.

use crate::rig::{HOUR_MS, NOW, allow, block, each_rig, phishing, says, thing};
use sipar_area::Packs;
use sipar_model::{Category, DecisionNumber, Fact, FactKind, Observable, SnapshotSerial, Tlp, WarningKind};
use sipar_shield::store::publications;
use std::{fs, path::PathBuf};

#[test]
fn the_first_state_is_a_whole_file_and_holds_what_is_in_force() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let mut mixed = phishing("evil.example");
        let mut secret = says("evil.example", "secret-source", Category::Phishing, NOW).assertions.remove(0);
        secret.tlp = Tlp::Amber;
        mixed.assertions.push(secret);
        rig.tell_of(vec![mixed, says("203.0.113.9", "feed", Category::C2, NOW)]).await;
        let published = rig.shield().publish().await.unwrap().unwrap();
        let policy = rig.policy();
        assert_eq!((policy.serial().0, policy.entries(), policy.created()), (1, 2, NOW));
        assert_eq!(policy.contact(), "mailto:cert@example.org");
        let Observable::Domain(name) = thing("www.evil.example") else { panic!("a name") };
        let hit = policy.name(&name, NOW).expect("what is below a blocked name is blocked");
        assert_eq!((hit.decision.0, hit.category, hit.shadow), (1, Category::Phishing, false));
        let (score, evidence) = policy.evidence(hit.entry);
        let families: Vec<&str> = evidence.iter().map(|seen| &*seen.family).collect();
        assert_eq!((score, families), (100, vec!["feed"]), "no secret witness is named");
        assert!(policy.address("203.0.113.9".parse().unwrap(), NOW).is_some());

        // The fact, the row, the ledger and the blob tell of the same file.
        let snapshot = published.snapshot().unwrap();
        assert_eq!(rig.said(FactKind::Snapshot).await, [Fact::Snapshot(snapshot.clone())]);
        assert_eq!(rig.said(FactKind::Delta).await, []);
        let bytes = fs::read(rig.shield().current_path()).unwrap();
        assert_eq!(bytes.len() as u64, snapshot.file_bytes);
        assert_eq!(rig.house.blobs.get(&snapshot.blob).unwrap(), bytes);
        let entry = rig.ledger().await.pop().unwrap();
        let expect = serde_json::json!({ "serial": 1, "blake3": snapshot.blob, "entries": 2 });
        assert_eq!((entry.kind.as_str(), entry.body), ("snapshot", expect));
    });
}

#[test]
fn a_change_is_one_small_file_that_fact_row_ledger_and_folder_agree_on() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        let mut watch = rig.shield().current();
        watch.mark_unchanged();
        let whole = fs::read(rig.shield().current_path()).unwrap();
        rig.tell_of(vec![phishing("evil.example"), phishing("bad.example")]).await;
        let published = rig.shield().publish().await.unwrap().unwrap();
        assert!(watch.has_changed().unwrap());
        assert_eq!((published.serial.0, published.entries, published.whole.clone()), (2, 2, None));
        let change = published.change().unwrap();
        assert_eq!((change.from.0, change.to.0, change.updates), (1, 2, 2));
        assert_eq!(rig.said(FactKind::Delta).await, [Fact::Delta(change.clone())]);
        assert_eq!(rig.said(FactKind::Snapshot).await.len(), 1, "no whole file was made");
        let placed = fs::read(rig.shield().current_path().with_file_name("deltas").join("1-2.sipar")).unwrap();
        assert_eq!(placed.len() as u64, change.file_bytes);
        assert_eq!(rig.house.blobs.get(&change.blob).unwrap(), placed);
        assert_eq!(fs::read(rig.shield().current_path()).unwrap(), whole, "the whole file stays");
        let entry = rig.ledger().await.pop().unwrap();
        let expect = serde_json::json!({ "from": 1, "serial": 2, "blake3": change.blob, "updates": 2 });
        assert_eq!((entry.kind.as_str(), entry.body), ("delta", expect));
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (2, 2));
    });
}

#[test]
fn nothing_is_published_without_a_change() {
    each_rig(|rig| async move {
        let mut watch = rig.shield().current();
        assert!(rig.shield().publish().await.unwrap().is_some(), "edges need a first one, even an empty one");
        assert!(watch.has_changed().unwrap());
        watch.mark_unchanged();
        assert!(rig.shield().publish().await.unwrap().is_none());
        rig.reconcile().await;
        // Lists without effect, a decision that is too secret for edges, and one that came and went: nothing to say.
        rig.warn(&[("national", WarningKind::Never, &["bank.example"])]).await;
        let mut secret = phishing("secret.example");
        secret.assertions[0].tlp = Tlp::Amber;
        rig.tell_of(vec![secret]).await;
        let number = rig.request(block("short.example")).await.unwrap();
        rig.undo(number.0, "it was a mistake of mine").await.unwrap();
        let asn = sipar_model::Observable::guess("AS64500").unwrap();
        rig.request(sipar_shield::Request { observable: asn, ..allow("x.example") }).await.unwrap();
        rig.reconcile().await;
        assert!(!watch.has_changed().unwrap());
        assert_eq!(rig.policy().serial().0, 1);
        let (newest, change) = rig
            .house
            .store
            .read(|reader| {
                Ok::<_, sipar_shield::ShieldError>((publications::newest(reader)?, publications::change(reader)?))
            })
            .await
            .unwrap();
        assert_eq!(newest.unwrap().change, change, "it is known to hold them all the same");
        assert_eq!(rig.ledger_kinds().await.iter().filter(|kind| *kind == "delta").count(), 0);
    });
}

#[test]
fn what_is_over_leaves_by_a_change_when_it_is_ended() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        rig.request(block("evil.example")).await.unwrap();
        rig.reconcile().await;
        rig.set(NOW.plus_days(10));
        assert!(rig.shield().publish().await.unwrap().is_none(), "in force until it is ended");
        assert_eq!(rig.policy().entries(), 1);
        rig.reconcile().await;
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (3, 0));
        assert_eq!(rig.said(FactKind::Delta).await.len(), 2);
    });
}

#[test]
fn a_whole_file_of_a_published_state_is_the_same_state() {
    each_rig(|rig| async move {
        rig.warn(&[("national", WarningKind::Never, &["www.host.example"])]).await;
        rig.reconcile().await;
        rig.tell_of(vec![
            phishing("host.example"),
            phishing("evil.example"),
            says("203.0.113.9", "f", Category::C2, NOW),
        ])
        .await;
        rig.request(allow("evil.example")).await.unwrap();
        rig.reconcile().await;
        let before = rig.policy();
        rig.request(block("later.example")).await.unwrap();
        let whole = rig.shield().publish_whole().await.unwrap().unwrap();
        assert_eq!((whole.serial, whole.entries), (before.serial(), before.entries()));
        assert!(rig.shield().publish_whole().await.unwrap().is_none(), "there is one already");
        let current =
            sipar_snapshot::Policy::open(&rig.shield().current_path(), &rig.house.snapshot_key.verifying_key())
                .unwrap();
        assert_eq!((current.serial(), current.created()), (before.serial(), before.created()));
        assert_eq!(current.lists(), before.lists());
        // From a change into the whole file.
        assert_eq!(current.decided(DecisionNumber(1)), Some(NOW));
        let sorted = |entries: Vec<sipar_snapshot::PolicyEntry>| {
            let mut words: Vec<String> = entries.iter().map(|entry| format!("{entry:?}")).collect();
            words.sort();
            words
        };
        assert_eq!(sorted(current.iter().collect()), sorted(before.iter().collect()));
        assert_eq!(rig.said(FactKind::Snapshot).await.last(), Some(&Fact::Snapshot(whole.snapshot().unwrap())));
        // Changes go on from it.
        rig.reconcile().await;
        assert_eq!(rig.policy().serial().0, before.serial().0 + 1);
        assert_eq!(rig.policy().entries(), before.entries() + 1);
        let kinds = rig.ledger_kinds().await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "snapshot").count(), 2);
    });
}

#[test]
fn a_whole_file_is_made_daily_while_there_are_changes() {
    each_rig(|rig| async move {
        rig.reconcile().await;
        rig.set(NOW.plus_ms(25 * HOUR_MS));
        rig.reconcile().await;
        assert_eq!(rig.said(FactKind::Snapshot).await.len(), 1, "nothing has changed");
        rig.warn(&[]).await;
        rig.request(block("evil.example")).await.unwrap();
        rig.reconcile().await;
        let whole: Vec<Fact> = rig.said(FactKind::Snapshot).await;
        assert!(matches!(&whole[..], [Fact::Snapshot(whole)] if whole.serial == SnapshotSerial(2)), "{whole:?}");
    });
}

#[test]
fn a_kill_between_the_row_and_the_files_is_mended() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.reconcile().await;
        let current = rig.shield().current_path();
        let deltas = current.with_file_name("deltas");
        // The row of the change is there, its file is not yet in place, and a half-made link lies about.
        fs::remove_file(deltas.join("1-2.sipar")).unwrap();
        fs::write(deltas.join("next.sipar"), "half").unwrap();
        fs::write(deltas.join("2-3.sipar"), "of a change that no row names").unwrap();
        // Files that no row names: killed after they were kept, or while they were written.
        let orphan = |name: &str| -> PathBuf { rig.house.blobs.incoming().join(name) };
        let strange = rig.house.blobs.put(b"of another area").unwrap();
        fs::copy(&current, orphan("copy")).unwrap();
        let bytes = fs::read(&current).unwrap();
        let other = sipar_snapshot::PolicyBuilder::new(sipar_snapshot::PolicyHead {
            serial: SnapshotSerial(9),
            created: NOW,
            contact: String::new(),
        });
        other.write(&orphan("snapshot-9"), &rig.house.snapshot_key).unwrap();
        let unnamed = rig.house.blobs.adopt(&orphan("snapshot-9")).unwrap();
        fs::write(orphan("delta-3"), "half").unwrap();
        rig.another().publish().await.unwrap();
        assert_eq!((rig.policy().serial().0, rig.policy().entries()), (2, 1));
        assert!(!deltas.join("2-3.sipar").exists() && !orphan("delta-3").exists());
        assert!(!rig.house.blobs.path(&unnamed).unwrap().exists());
        assert!(rig.house.blobs.path(&strange).unwrap().exists() && orphan("copy").exists());
        assert_eq!(fs::read(&current).unwrap(), bytes);
        // As it was before there was any.
        fs::remove_dir_all(current.parent().unwrap()).unwrap();
        rig.another().publish().await.unwrap();
        assert_eq!(rig.policy().serial().0, 2);
        assert_eq!((rig.said(FactKind::Snapshot).await.len(), rig.said(FactKind::Delta).await.len()), (1, 1));
    });
}

#[test]
fn files_that_were_lost_or_damaged_are_made_anew_as_a_new_state() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        for (round, damage) in [false, true, false].into_iter().enumerate() {
            rig.request(block(&format!("n{round}.example"))).await.unwrap();
            let change = rig.shield().publish().await.unwrap().unwrap();
            let blob = rig.house.blobs.path(&change.delta.unwrap().blob).unwrap();
            fs::remove_file(&blob).unwrap();
            if damage {
                fs::write(&blob, b"something else").unwrap();
            }
            let anew = rig.another().publish().await.unwrap().unwrap();
            assert_eq!((anew.serial.0, anew.entries), (change.serial.0 + 1, round as u64 + 1));
            assert_eq!((rig.policy().serial(), anew.delta), (anew.serial, None));
            rig.shield().publish().await.unwrap();
        }
    });
}

#[test]
fn a_list_that_is_no_longer_tried_out_takes_a_whole_file() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.reconcile().await;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("rules")).unwrap();
        let rules = rig.house.packs.text("rules/default.toml").unwrap();
        let shadow = rules.replacen("mode = \"enforce\"", "mode = \"shadow\"", 1);
        assert_ne!(rules, shadow);
        fs::write(folder.path().join("rules/default.toml"), shadow).unwrap();
        let mut house = rig.house.clone();
        house.packs = Packs::new(Some(folder.path().to_owned()));
        let other = sipar_shield::area(&house).unwrap();
        rig.request(block("bad.example")).await.unwrap();
        let published = other.shield().publish().await.unwrap().unwrap();
        assert_eq!((published.serial.0, published.entries), (2, 2));
        assert!(published.delta.is_none() && published.whole.is_some());
        assert_eq!(rig.policy().serial().0, 2);
    });
}

#[test]
fn a_change_that_nobody_published_is_swept_at_the_start_and_not_beside_who_publishes() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        let deltas = rig.shield().current_path().with_file_name("deltas");
        fs::create_dir_all(&deltas).unwrap();
        let (newer, old) = (deltas.join("7-8.sipar"), deltas.join("0-1.sipar"));
        fs::write(&newer, b"of a run that was put back").unwrap();
        fs::write(&old, b"of long ago").unwrap();
        rig.request(block("evil.example")).await.unwrap();
        rig.shield().publish_whole().await.unwrap();
        rig.shield().publish().await.unwrap().unwrap();
        rig.shield().publish_whole().await.unwrap().unwrap();
        assert_eq!((newer.exists(), old.exists()), (true, false), "another may be putting a newer one in place");
        rig.another().publish().await.unwrap();
        assert!(!newer.exists(), "at a start nobody is");
    });
}

#[test]
fn of_two_nodes_one_publishes_each_state_and_the_other_goes_on_from_it() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.reconcile().await;
        let nodes = [rig.another(), rig.another(), rig.another()];
        for node in &nodes {
            assert_eq!(node.publish().await.unwrap(), None);
        }
        for round in 0..10 {
            rig.request(block(&format!("n{round}.example"))).await.unwrap();
            let running = nodes.clone().map(|node| tokio::spawn(async move { node.publish().await.unwrap() }));
            let mut published = Vec::new();
            for node in running {
                published.extend(node.await.unwrap());
            }
            assert_eq!(published.len(), 1, "round {round}: {published:?}");
            assert_eq!((rig.policy().serial().0, rig.policy().entries()), (round + 2, round + 1));
        }
        let facts = rig.said(FactKind::Delta).await;
        let steps: Vec<(u64, u64)> = facts
            .iter()
            .map(|fact| match fact {
                Fact::Delta(delta) => (delta.from.0, delta.to.0),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(steps, (1..=10).map(|from| (from, from + 1)).collect::<Vec<_>>());
    });
}

#[test]
fn a_failed_publication_keeps_the_last_state() {
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
        rig.warn(&[]).await;
        let mut blobs = Vec::new();
        for _ in 0..13 {
            blobs.push(rig.shield().publish_anew().await.unwrap().whole.unwrap().blob);
        }
        let kept: Vec<bool> = blobs.iter().map(|blob| rig.house.blobs.path(blob).unwrap().exists()).collect();
        assert_eq!(kept, [vec![false; 3], vec![true; 10]].concat());
        let rows = rig.house.store.read(|reader| publications::list(reader, 100)).await.unwrap();
        let serials: Vec<u64> = rows.iter().map(|row| row.serial.0).collect();
        assert_eq!(serials, (1..=13).rev().collect::<Vec<_>>(), "what was published stays known");
        assert_eq!(rig.policy().serial().0, 13);
        // Of changes that a whole file covers, as many as are asked for; of others, all.
        for round in 0..5 {
            rig.request(block(&format!("n{round}.example"))).await.unwrap();
            rig.reconcile().await;
            if round == 2 {
                rig.shield().publish_whole().await.unwrap();
            }
        }
        let outdated = |bounds| {
            let store = rig.house.store.clone();
            async move {
                let files = store.read(move |reader| publications::outdated(reader, bounds)).await.unwrap();
                files.into_iter().map(|(serial, _, whole)| (serial.0, whole)).collect::<Vec<_>>()
            }
        };
        assert_eq!(outdated((10, 4_096, 1 << 30)).await, []);
        assert_eq!(outdated((9, 4, 1 << 30)).await, [(5, true), (14, false)]);
        assert_eq!(outdated((10, 1, 1 << 30)).await, [(14, false), (15, false), (16, false)]);
        assert_eq!(outdated((10, 4_096, 1)).await, [(14, false), (15, false), (16, false)]);
    });
}
