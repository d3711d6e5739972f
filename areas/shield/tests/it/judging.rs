//! What becomes of indicators: rows, facts and ledger entries together, extended, replaced, expired.

use sipar_shield::{
    model::verdict::Verdict,
    store::{
        held::{self, HeldState},
        judged,
    },
};

use crate::rig::{HOUR_MS, NOW, each_rig, phishing, says, thing};
use sipar_area::{Area as _, AreaError};
use sipar_model::{Category, Fact, FactKind, TimestampMs, Tlp, fact::DecisionState};
use std::sync::Arc;

#[test]
fn a_decision_its_fact_and_its_ledger_entry_come_together() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.tell_of(vec![phishing("evil.example"), says("203.0.113.9", "feed", Category::C2, NOW)]).await;
        let expect =
            ["1 evil.example block phishing rule:phishing active", "2 203.0.113.9 block c2 rule:c2-address active"];
        assert_eq!(rig.words().await, expect);
        assert_eq!(rig.told().await, [(1, DecisionState::Active), (2, DecisionState::Active)]);
        let (records, ledger) = (rig.records().await, rig.ledger().await);
        for record in &records {
            let decision = &record.decision;
            let entry = &ledger[usize::try_from(record.ledger_index).unwrap()];
            assert_eq!((entry.kind.as_str(), entry.at), ("block", NOW));
            let expect = serde_json::json!({
                "decision": decision.number, "observable": decision.observable, "category": decision.category,
                "by": decision.decided_by, "reason": decision.reason, "expires_at": decision.expires_at,
            });
            assert_eq!(entry.body, expect);
            assert!(decision.reason.contains("score 100 of 100"), "{}", decision.reason);
            assert!(decision.expires_at > NOW && decision.expires_at <= NOW.plus_days(90));
            assert_eq!((record.score, record.evidence.len(), decision.tlp), (100, 1, Tlp::Clear));
        }
        assert_eq!(ledger.len(), 2);
    });
}

#[test]
fn of_a_transaction_that_fails_nothing_stays() {
    each_rig(|rig| async move {
        rig.warn(&[("list", sipar_model::WarningKind::Review, &["held.example"])]).await;
        let area = Arc::clone(&rig.area);
        let fact = Fact::Indicators(vec![phishing("evil.example"), phishing("held.example")]);
        let failed = rig.house.store.write(move |tx| {
            area.hear(tx, &fact)?;
            Err::<(), _>(AreaError::new("the machine stops here"))
        });
        assert!(failed.await.is_err());
        assert!(rig.records().await.is_empty() && rig.held().await.is_empty() && rig.ledger().await.is_empty());
        assert!(rig.told().await.is_empty());
        // The same fact later is decided as if nothing had been.
        rig.tell_of(vec![phishing("evil.example")]).await;
        assert_eq!(rig.words().await, ["1 evil.example block phishing rule:phishing active"]);
    });
}

#[test]
fn what_is_left_out_is_kept_with_its_reason() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let mut secret = phishing("secret.example");
        secret.assertions[0].tlp = Tlp::Amber;
        let mut old = phishing("old.example");
        old.assertions[0].last_seen = NOW.plus_days(-30);
        let withdrawn = sipar_model::Indicator { observable: thing("gone.example"), assertions: vec![] };
        let local = says("10.0.0.1", "feed", Category::C2, NOW);
        let bare = says("203.0.113.9", "other", Category::Phishing, NOW);
        rig.tell_of(vec![secret.clone(), old, withdrawn, phishing("gov.pk"), local, bare]).await;
        assert!(rig.records().await.is_empty() && rig.ledger().await.is_empty());
        let expect = [
            "10.0.0.1 LeftOut local-address",
            "203.0.113.9 LeftOut no-rule",
            "gov.pk LeftOut registry-name",
            "secret.example LeftOut too-secret",
        ];
        assert_eq!(rig.held_words().await, expect);
        // Said again, it is counted again and kept once.
        rig.tell_of(vec![secret]).await;
        assert_eq!(rig.held().await.len(), 4);
        let store = &rig.house.store;
        let judged = store.read(|reader| judged::since(reader, NOW)).await.unwrap();
        let count = |source: &str, verdict| judged.get(&(source.to_owned(), verdict)).copied();
        assert_eq!(count("feed", Verdict::TooSecret), Some(2));
        assert_eq!(count("feed", Verdict::Below), Some(1), "one is too old, of the other nobody says anything");
        assert_eq!(count("feed", Verdict::Unblockable), Some(2));
        assert_eq!((count("other", Verdict::NoRule), count("other", Verdict::Blocked)), (Some(1), None));
        let of = store.read(held::by_feed).await.unwrap();
        let of: Vec<String> = of.iter().map(|of| format!("{} {} {}", of.source, of.reason, of.count)).collect();
        assert_eq!(of, ["feed local-address 1", "feed registry-name 1", "feed too-secret 1", "other no-rule 1"]);
        let part = held::Part { state: Some(HeldState::LeftOut), reason: "no-rule".into(), after: String::new() };
        assert_eq!(store.read(move |reader| held::page(reader, &part, 10)).await.unwrap().len(), 1);
        // Its source takes it back: nothing is left of it.
        let gone = sipar_model::Indicator { observable: thing("203.0.113.9"), assertions: vec![] };
        rig.tell_of(vec![gone]).await;
        assert_eq!(rig.held().await.len(), 3);
        // A blocked thing is not left out when the category changes to one that no rule takes.
        rig.tell_of(vec![says("203.0.113.7", "feed", Category::C2, NOW)]).await;
        rig.tell_of(vec![says("203.0.113.7", "feed", Category::Phishing, NOW)]).await;
        assert_eq!((rig.held().await.len(), rig.words().await.len()), (3, 1));
        let late = NOW.plus_days(2);
        store.write(move |tx| judged::forget(tx, late, 100)).await.unwrap();
        assert!(store.read(|reader| judged::since(reader, NOW)).await.unwrap().is_empty());
    });
}

#[test]
fn without_warning_lists_everything_is_held() {
    each_rig(|rig| async move {
        rig.tell_of(vec![phishing("evil.example")]).await;
        assert_eq!(rig.held_words().await, ["evil.example Review no-warning-lists"]);
        assert!(rig.records().await.is_empty());
        // Once there are lists it is decided.
        rig.warn(&[]).await;
        rig.reconcile().await;
        assert_eq!(rig.words().await, ["1 evil.example block phishing rule:phishing active"]);
        assert!(rig.held().await.is_empty());
    });
}

#[test]
fn one_thing_told_twice_at_once_is_decided_once() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let twice = vec![phishing("evil.example"), says("evil.example", "feed", Category::Malware, NOW)];
        rig.tell_of(twice).await;
        assert_eq!(rig.words().await, ["1 evil.example block malware rule:malware active"]);
    });
}

#[test]
fn a_refresh_moves_the_end_only_by_a_day_or_more() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let refresh = async |at: TimestampMs| {
            rig.set(at);
            rig.tell_of(vec![says("evil.example", "feed", Category::Phishing, at)]).await;
            rig.records().await.remove(0).decision.expires_at
        };
        let first = refresh(NOW).await;
        assert_eq!(refresh(NOW.plus_ms(12 * HOUR_MS)).await, first);
        assert_eq!(refresh(NOW.plus_ms(23 * HOUR_MS)).await, first);
        assert_eq!(rig.ledger_kinds().await, ["block"]);
        let moved = refresh(NOW.plus_ms(25 * HOUR_MS)).await;
        assert!(moved.since_ms(first) >= 24 * HOUR_MS && moved.since_ms(first) <= 26 * HOUR_MS);
        assert_eq!(rig.ledger_kinds().await, ["block", "extend"]);
        assert_eq!(rig.words().await, ["1 evil.example block phishing rule:phishing active"]);
        assert_eq!(rig.told().await, [(1, DecisionState::Active), (1, DecisionState::Active)]);
        // Never earlier: one quiet source does not open the door.
        rig.tell_of(vec![sipar_model::Indicator { observable: thing("evil.example"), assertions: vec![] }]).await;
        assert_eq!(rig.records().await.remove(0).decision.expires_at, moved);
    });
}

#[test]
fn another_category_takes_the_place() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        let mut both = phishing("evil.example");
        both.assertions.extend(says("evil.example", "other", Category::C2, NOW).assertions);
        rig.tell_of(vec![both]).await;
        let expect =
            ["1 evil.example block phishing rule:phishing superseded", "2 evil.example block c2 rule:c2-name active"];
        assert_eq!(rig.words().await, expect);
        assert_eq!(rig.ledger_kinds().await, ["block", "supersede", "block"]);
        let ended = rig.records().await.remove(0).end.unwrap();
        assert_eq!((ended.at, ended.by.as_str(), ended.ledger_index), (NOW, "rule:newer", Some(1)));
        let told = [(1, DecisionState::Active), (1, DecisionState::Superseded), (2, DecisionState::Active)];
        assert_eq!(rig.told().await, told);
    });
}

#[test]
fn what_is_over_ends_and_a_clock_that_jumps_back_revives_nothing() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.reconcile().await;
        assert_eq!(rig.policy().entries(), 1);
        let end = rig.records().await.remove(0).decision.expires_at;
        rig.set(end.plus_ms(-1));
        rig.reconcile().await;
        assert_eq!(rig.words().await, ["1 evil.example block phishing rule:phishing active"]);
        rig.set(end);
        rig.reconcile().await;
        let over = ["1 evil.example block phishing rule:phishing expired"];
        assert_eq!(rig.words().await, over);
        assert_eq!((rig.policy().entries(), rig.policy().serial().0), (0, 2));
        rig.set(NOW.plus_days(-400));
        rig.reconcile().await;
        assert_eq!(rig.words().await, over);
        assert_eq!((rig.policy().entries(), rig.policy().serial().0), (0, 2));
        assert_eq!(rig.ledger_kinds().await, ["block", "snapshot", "expire", "delta", "snapshot"]);
        // Another change under the wrong clock: the serial goes on, and what has ended stays ended.
        rig.request(crate::rig::block("other.example")).await.unwrap();
        rig.reconcile().await;
        assert_eq!((rig.policy().entries(), rig.policy().serial().0), (1, 3));
        assert_eq!((rig.said(FactKind::Snapshot).await.len(), rig.said(FactKind::Delta).await.len()), (2, 2));
    });
}
