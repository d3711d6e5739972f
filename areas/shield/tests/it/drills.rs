//! Drills: what must resolve does not go out blocked, and what is broken stops as a whole.

use crate::rig::{NOW, Rig, allow, block, desk, each_rig, phishing, thing};
use sipar_area::Area as _;
use sipar_model::{
    Fact, Observable, SnapshotSerial,
    WarningKind::{Inform, Review},
    fact::RolledBack,
};
use sipar_shield::{ShieldError, drill::Rolled};
use std::sync::Arc;

/// More than this many hits stop a change in these tests.
const HITS_MAX: usize = 3;

/// The operator's own names: `own1.example` to `own9.example`.
fn each_own<F: Future<Output = ()>>(test: impl Fn(Rig) -> F) {
    sipar_store::testing::each_store(|store| async {
        let own: Vec<String> = (1..10).map(|at| format!("\"own{at}.example\"")).collect();
        let text = format!("hits_max = {HITS_MAX}\nmust_resolve = [{}]", own.join(","));
        let rig = Rig::with_packs(store, &[("drills/default.toml", &text)]).await;
        rig.warn(&[("some-list", Inform, &["unrelated.example"])]).await;
        test(rig).await;
    });
}

fn refused<T: std::fmt::Debug>(result: Result<T, ShieldError>, expect: &str) {
    let error = result.expect_err(expect);
    assert!(matches!(error, ShieldError::Refused(_) | ShieldError::Missing(_)), "{error:?}");
    assert!(error.to_string().contains(expect), "{error}");
}

async fn faults(rig: &Rig) -> Vec<&'static str> {
    rig.area.faults().await.unwrap().into_iter().map(|fault| fault.class).collect()
}

#[test]
fn a_top_site_goes_out_only_when_somebody_else_agrees_and_only_so_long() {
    each_rig(|rig| async move {
        rig.warn(&[("popular", Review, &["top.example"])]).await;
        rig.request(block("first.example")).await.unwrap();
        rig.reconcile().await;
        rig.request(block("top.example")).await.unwrap();
        rig.request(block("evil.example")).await.unwrap();
        rig.reconcile().await;
        assert_eq!(["first.example", "evil.example", "top.example"].map(|name| rig.blocks(name)), [true, true, false]);
        assert_eq!(rig.drilled_words().await, ["2 waiting top.example popular"]);
        assert_eq!(faults(&rig).await, ["drill-waiting"]);
        refused(rig.agree_to("duty-desk", 2, 3).await, "cannot agree to it");
        refused(rig.agree_to("second-desk", 2, 0).await, "1 to");
        refused(rig.agree_to("second-desk", 3, 3).await, "among what a drill found");
        // Held also by whoever compiles everything anew.
        rig.shield().publish_anew().await.unwrap();
        assert!(!rig.blocks("top.example") && rig.blocks("evil.example"));
        rig.agree_to("second-desk", 2, 3).await.unwrap();
        rig.reconcile().await;
        assert!(rig.blocks("top.example"));
        assert_eq!(faults(&rig).await, [""; 0]);
        rig.shield().publish_anew().await.unwrap();
        assert!(rig.blocks("top.example"));
        let kinds = rig.ledger_kinds().await;
        assert_eq!(kinds.iter().filter(|kind| ["hold", "agree"].contains(&kind.as_str())).count(), 2, "{kinds:?}");
        // The agreement ends before the block does: it waits again.
        rig.set(NOW.plus_days(3));
        rig.reconcile().await;
        assert!(!rig.blocks("top.example") && rig.blocks("evil.example"));
        assert_eq!(rig.drilled_words().await, ["2 waiting top.example popular"]);
        rig.undo(2, "the site is well again").await.unwrap();
        assert_eq!(rig.drilled_words().await, [""; 0]);
    });
}

#[test]
fn what_a_rule_asked_a_person_for_needs_no_third() {
    each_rig(|rig| async move {
        rig.warn(&[("popular", Review, &["top.example"])]).await;
        rig.tell_of(vec![phishing("top.example")]).await;
        rig.reconcile().await;
        rig.agree("top.example", "reported by many people").await.unwrap();
        rig.reconcile().await;
        assert!(rig.blocks("top.example"));
        assert_eq!(rig.drilled_words().await, ["1 agreed  popular"]);
    });
}

#[test]
fn a_list_that_comes_later_takes_nothing_away_and_asks() {
    each_rig(|rig| async move {
        rig.warn(&[("some-list", Inform, &["unrelated.example"])]).await;
        rig.request(block("later.example")).await.unwrap();
        rig.reconcile().await;
        rig.warn(&[("popular", Review, &["later.example"])]).await;
        rig.reconcile().await;
        let ran = rig.shield().drill_published().await.unwrap();
        assert_eq!((ran.blocks, ran.found.len()), (1, 1));
        assert!(rig.blocks("later.example"), "edges answer so already");
        assert_eq!(rig.drilled_words().await, ["1 standing later.example popular"]);
        assert_eq!(faults(&rig).await, ["drill-standing"]);
        rig.agree_to("second-desk", 1, 10).await.unwrap();
        let ran = rig.shield().drill_published().await.unwrap();
        assert_eq!((ran.agreed.len(), ran.found.len()), (1, 0));
        assert_eq!(faults(&rig).await, [""; 0]);
    });
}

/// A feed with six names of the operator's own, and two that are bad.
async fn poison(rig: &Rig) {
    let own = (1..=6).map(|at| phishing(&format!("own{at}.example")));
    rig.tell_of(own.chain([phishing("bad1.example"), phishing("bad2.example")]).collect()).await;
}

#[test]
fn a_poisoned_change_stops_and_what_opens_still_goes_out() {
    each_own(|rig| async move {
        rig.request(block("first.example")).await.unwrap();
        rig.request(block("second.example")).await.unwrap();
        rig.reconcile().await;
        let serial = rig.policy().serial();
        poison(&rig).await;
        rig.reconcile().await;
        assert_eq!(rig.policy().serial(), serial, "the last good state stays");
        assert_eq!(rig.drilled_words().await.len(), 6);
        assert_eq!(faults(&rig).await, ["drill-stopped"]);
        // An emergency does not wait, neither an undoing nor an allowance; a new block does.
        rig.undo(1, "it was cleaned by its owner").await.unwrap();
        rig.request(allow("second.example")).await.unwrap();
        rig.request(block("third.example")).await.unwrap();
        rig.reconcile().await;
        assert_eq!(
            ["first.example", "second.example", "third.example", "bad1.example"].map(|name| rig.blocks(name)),
            [false; 4]
        );
        let opened = rig.policy();
        assert!(opened.serial() > serial);
        rig.reconcile().await;
        assert_eq!(rig.policy().serial(), opened.serial(), "nothing is said twice");
        // Another node, or a later life, knows of the stop.
        rig.another().reconcile().await.unwrap();
        assert_eq!(rig.policy().serial(), opened.serial());
        let shield = Arc::clone(rig.shield());
        rig.house.store.write(move |tx| shield.go_on(tx, &desk(), "the rest of it is good", NOW)).await.unwrap();
        rig.reconcile().await;
        for name in ["third.example", "bad1.example", "bad2.example"] {
            assert!(rig.blocks(name), "{name}");
        }
        assert!((1..=6).all(|at| !rig.blocks(&format!("own{at}.example"))));
        assert!(rig.drilled_words().await.iter().all(|word| word.contains(" waiting ")));
        assert_eq!(faults(&rig).await, ["drill-waiting"]);
    });
}

#[test]
fn what_a_poisoned_source_brought_is_undone_and_does_not_come_back() {
    each_own(|rig| async move {
        rig.tell_of(vec![phishing("old.example")]).await;
        rig.reconcile().await;
        poison(&rig).await;
        rig.request(block("by-hand.example")).await.unwrap();
        rig.reconcile().await;
        assert_eq!(faults(&rig).await, ["drill-stopped"]);
        refused(rig.shield().undo_source(&desk(), "another-feed", "that feed is poisoned").await, "another-feed");
        let undone = rig.shield().undo_source(&desk(), "feed", "that feed is poisoned").await.unwrap();
        assert_eq!(undone, 8, "what it said before, and is out, stays");
        rig.reconcile().await;
        assert_eq!(
            ["old.example", "by-hand.example", "bad1.example", "own1.example"].map(|name| rig.blocks(name)),
            [true, true, false, false]
        );
        assert_eq!(faults(&rig).await, [""; 0]);
        poison(&rig).await;
        rig.reconcile().await;
        assert!(!rig.blocks("bad1.example"), "rules leave it alone");
        assert_eq!(faults(&rig).await, [""; 0]);
    });
}

#[test]
fn when_single_ones_are_undone_until_few_are_left_the_change_goes_on_by_itself() {
    each_own(|rig| async move {
        rig.reconcile().await;
        poison(&rig).await;
        rig.reconcile().await;
        for number in 1..=3 {
            rig.undo(number, "a mistake of that feed").await.unwrap();
        }
        rig.reconcile().await;
        assert!(rig.blocks("bad1.example") && !rig.blocks("own6.example"));
        assert_eq!(rig.drilled_words().await.len(), 3);
        assert_eq!(faults(&rig).await, ["drill-waiting"]);
    });
}

#[test]
fn a_first_state_that_is_stopped_lets_resolvers_answer_and_blocks_nothing() {
    each_own(|rig| async move {
        poison(&rig).await;
        rig.request(allow("good.example")).await.unwrap();
        rig.reconcile().await;
        assert_eq!(rig.policy().entries(), 1);
        let shield = Arc::clone(rig.shield());
        rig.house.store.write(move |tx| shield.go_on(tx, &desk(), "the rest of it is good", NOW)).await.unwrap();
        rig.reconcile().await;
        assert!(rig.blocks("bad1.example") && !rig.blocks("own1.example"));
    });
}

#[test]
fn a_roll_back_makes_a_state_that_says_the_old() {
    each_own(|rig| async move {
        rig.request(block("first.example")).await.unwrap();
        rig.reconcile().await;
        let from = rig.policy();
        rig.set(NOW.plus_days(1));
        rig.request(block("second.example")).await.unwrap();
        rig.request(block("third.example")).await.unwrap();
        rig.reconcile().await;
        let to = rig.policy().serial();
        let back = RolledBack { from: from.serial(), to, by: "person:duty-desk".into() };
        for _ in 0..2 {
            rig.tell(Fact::RolledBack(back.clone())).await;
        }
        rig.request(block("fourth.example")).await.unwrap();
        rig.reconcile().await;
        let names = ["first.example", "second.example", "third.example", "fourth.example"];
        assert_eq!(names.map(|name| rig.blocks(name)), [true, false, false, true]);
        let said = |of: &str| rig.policy().said_of(&thing(of));
        assert_eq!(said("first.example"), from.said_of(&thing("first.example")));
        assert_eq!(rig.drilled_words().await.len(), 2);
        let settled = rig.shield().settle_rolled_back(&desk(), Rolled::LetOut, "the edge had another fault").await;
        assert_eq!(settled.unwrap(), 2);
        rig.reconcile().await;
        assert_eq!(names.map(|name| rig.blocks(name)), [true; 4]);
        refused(rig.shield().settle_rolled_back(&desk(), Rolled::Undo, "nothing is left of it").await, "rolled back");
        // One of a state that was never published says nothing.
        let strange = RolledBack { from: SnapshotSerial(7_000), to: SnapshotSerial(8_000), by: "rule:opening".into() };
        rig.tell(Fact::RolledBack(strange)).await;
        rig.reconcile().await;
        assert_eq!(names.map(|name| rig.blocks(name)), [true; 4]);
        assert!(matches!(thing(names[0]), Observable::Domain(_)));
    });
}
