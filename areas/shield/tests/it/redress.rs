//! Appeals that were granted end blocks; emergencies open at once and wait for a second person.

use crate::rig::{HOUR_MS, NOW, Rig, allow, block, each_rig, phishing};
use sipar_area::Area as _;
use sipar_ledger::Salt;
use sipar_model::{
    AppealNumber, DecisionNumber, Fact, Ruling, RulingOutcome, TimestampMs,
    WarningKind::Never,
    fact::DecisionState::{Active, Superseded, Undone},
};
use sipar_shield::{
    Actor, ShieldError,
    store::reviews::{self, Review, ReviewState},
};
use std::sync::Arc;

const WHY: &str = "a hospital cannot be reached";

fn ruling(decision: u32, outcome: RulingOutcome) -> Fact {
    Fact::Ruling(Ruling {
        appeal: AppealNumber(7),
        decision: DecisionNumber(decision),
        outcome,
        by: "person:second-desk".into(),
        reason: "sha256:00".into(),
        decided_at: NOW,
    })
}

async fn guarded(rig: &Rig) {
    rig.warn(&[("national", Never, &["bank.example"])]).await;
}

#[test]
fn a_granted_appeal_ends_the_block_and_rules_keep_away() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.tell(ruling(1, RulingOutcome::Upheld)).await;
        assert_eq!(rig.words().await, ["1 evil.example block phishing rule:phishing active"]);
        rig.tell(ruling(1, RulingOutcome::Granted)).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        assert_eq!(rig.words().await, ["1 evil.example block phishing rule:phishing undone"]);
        assert_eq!(rig.told().await, [(1, Active), (1, Undone)]);
        let end = rig.records().await.remove(0).end.unwrap();
        assert_eq!((end.by.as_str(), end.reason.as_str()), ("person:second-desk", "appeal A-7 was granted"));
        let last = rig.ledger().await.pop().unwrap();
        assert_eq!((last.kind.as_str(), &last.body["action"]), ("undo", &"block".into()));
        // Told again, and told of what never was: nothing to do, and no error.
        rig.tell(ruling(1, RulingOutcome::Granted)).await;
        rig.tell(ruling(99, RulingOutcome::Granted)).await;
        assert_eq!(rig.ledger_kinds().await, ["block", "undo"]);
    });
}

#[test]
fn a_granted_appeal_ends_the_block_that_took_the_place_of_the_first() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        rig.request(block("evil.example")).await.unwrap();
        rig.request(block("evil.example")).await.unwrap();
        rig.tell(ruling(1, RulingOutcome::Granted)).await;
        assert_eq!(rig.told().await, [(1, Active), (1, Superseded), (2, Active), (2, Undone)]);
        // What a person allows in the meantime stays allowed.
        rig.request(allow("evil.example")).await.unwrap();
        rig.tell(ruling(2, RulingOutcome::Granted)).await;
        assert!(rig.words().await[2].ends_with("active"));
    });
}

fn person(label: &str) -> Actor {
    Actor { label: label.into(), salt: Salt::from_bytes([5; 32]) }
}

async fn emergency(rig: &Rig, who: &str, what: &str) -> Result<DecisionNumber, ShieldError> {
    let (shield, now, actor, what) =
        (Arc::clone(rig.shield()), rig.house.clock.now(), person(who), crate::rig::thing(what));
    rig.house.store.write(move |tx| shield.emergency(tx, &actor, &what, WHY, now)).await
}

async fn review(
    rig: &Rig,
    who: &str,
    number: u32,
    outcome: ReviewState,
) -> Result<Option<DecisionNumber>, ShieldError> {
    let (shield, now, actor) = (Arc::clone(rig.shield()), rig.house.clock.now(), person(who));
    let number = DecisionNumber(number);
    let why = "looked at it with the owner";
    rig.house.store.write(move |tx| shield.review(tx, &actor, number, outcome, why, now)).await
}

async fn waiting(rig: &Rig) -> Vec<Review> {
    rig.house.store.read(|reader| reviews::waiting(reader, 10)).await.unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, ShieldError>, expect: &str) {
    match result {
        Err(ShieldError::Refused(why)) => assert!(why.to_string().contains(expect), "{why}"),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn an_emergency_opens_at_once_and_a_second_person_confirms_it() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        assert_eq!(emergency(&rig, "first", "evil.example").await.unwrap(), DecisionNumber(2));
        assert_eq!(rig.ledger_kinds().await, ["block", "supersede", "allow", "emergency"]);
        let words = rig.words().await;
        assert_eq!(words[1], "2 evil.example allow phishing person:first active");
        let open = waiting(&rig).await.remove(0);
        assert_eq!((open.decision.0, open.replaced), (2, Some(DecisionNumber(1))));
        assert_eq!(open.due_at, NOW.plus_ms(24 * HOUR_MS));
        refused(emergency(&rig, "first", "evil.example").await, "allowed already");
        refused(review(&rig, "first", 2, ReviewState::Confirmed).await, "yourself");
        refused(review(&rig, "second", 2, ReviewState::Open).await, "`confirmed` or `reversed`");
        assert!(matches!(review(&rig, "second", 1, ReviewState::Confirmed).await, Err(ShieldError::Missing(_))));
        assert_eq!(review(&rig, "second", 2, ReviewState::Confirmed).await.unwrap(), None);
        refused(review(&rig, "third", 2, ReviewState::Reversed).await, "already");
        assert!(waiting(&rig).await.is_empty());
        assert_eq!(rig.words().await, words, "a confirmation changes nothing else");
        let last = rig.ledger().await.pop().unwrap();
        assert_eq!((last.kind.as_str(), &last.body["outcome"]), ("review", &"confirmed".into()));
        assert!(last.body["reason"].as_str().unwrap().starts_with("sha256:"), "{last:?}");
        let closed = rig.house.store.read(|reader| reviews::closed(reader, 10)).await.unwrap();
        assert_eq!(closed[0].answer.as_ref().unwrap().by, "person:second");
    });
}

#[test]
fn a_reversal_puts_the_block_back_until_it_would_have_ended() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        rig.request(block("evil.example")).await.unwrap();
        emergency(&rig, "first", "evil.example").await.unwrap();
        rig.set(NOW.plus_days(3));
        assert_eq!(review(&rig, "second", 2, ReviewState::Reversed).await.unwrap(), Some(DecisionNumber(3)));
        let last = rig.records().await.pop().unwrap();
        assert_eq!(rig.words().await[2], "3 evil.example block phishing person:second active");
        assert!(last.decision.expires_at <= NOW.plus_days(11) && last.decision.expires_at >= NOW.plus_days(10));
        // One that took the place of nothing: only the allowance ends.
        emergency(&rig, "first", "www.other.example").await.unwrap();
        assert_eq!(review(&rig, "second", 4, ReviewState::Reversed).await.unwrap(), None);
        assert!(rig.words().await[3].ends_with("undone"));
        // One whose block would have ended by now is not blocked anew.
        rig.request(block("third.example")).await.unwrap();
        emergency(&rig, "first", "third.example").await.unwrap();
        rig.set(NOW.plus_days(20));
        rig.reconcile().await;
        assert_eq!(review(&rig, "second", 6, ReviewState::Reversed).await.unwrap(), None);
    });
}

#[test]
fn an_overdue_review_is_a_fault_and_one_in_time_is_none() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        emergency(&rig, "first", "good.example").await.unwrap();
        let classes = async |at: TimestampMs| {
            rig.set(at);
            let faults = rig.area.faults().await.unwrap();
            faults
                .into_iter()
                .filter(|fault| fault.class == "review-overdue")
                .map(|fault| fault.subject)
                .collect::<Vec<_>>()
        };
        let due = NOW.plus_ms(24 * HOUR_MS);
        assert_eq!(classes(due.plus_ms(-1)).await, Vec::<String>::new());
        assert_eq!(classes(due).await, ["D-1"]);
        review(&rig, "second", 1, ReviewState::Confirmed).await.unwrap();
        assert_eq!(classes(due).await, Vec::<String>::new());
    });
}

#[test]
fn without_an_emergency_only_the_very_block_is_undone() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        rig.request(block("evil.example")).await.unwrap();
        let unblock = async |what: &str| {
            let (shield, now, what) = (Arc::clone(rig.shield()), rig.house.clock.now(), crate::rig::thing(what));
            rig.house.store.write(move |tx| shield.unblock(tx, &person("first"), &what, WHY, now)).await
        };
        refused(unblock("www.evil.example").await, "no block on exactly");
        assert_eq!(unblock("evil.example").await.unwrap(), DecisionNumber(1));
        refused(unblock("evil.example").await, "no block on exactly");
        assert!(waiting(&rig).await.is_empty());
    });
}
