//! The life of an appeal.

use crate::rig::{NOW, Rig, block, each_rig, over};
use sipar_area::Area as _;
use sipar_cases::{
    CasesError, OPEN_ON_ONE_MAX,
    model::{State, appeal::Appeal},
    store::{appeals, blocks},
};
use sipar_ledger::{Commitment, Salt};
use sipar_model::{Action, Decision, DecisionNumber, RulingOutcome, Tlp, fact::DecisionState::*};

const WORDS: &str = "it is the site of our school";

async fn open(rig: &Rig) -> Vec<Appeal> {
    rig.house.store.read(|reader| appeals::open(reader, 1_000)).await.unwrap()
}

async fn standing(rig: &Rig) -> u64 {
    rig.house.store.read(blocks::count).await.unwrap()
}

fn no_block<T: std::fmt::Debug>(result: Result<T, CasesError>) {
    assert!(matches!(&result, Err(CasesError::NoBlock(_))), "{result:?}");
}

fn salt(hex: &str) -> Salt {
    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    Salt::from_bytes(bytes.try_into().unwrap())
}

#[test]
fn an_appeal_is_tracked_granted_and_told_with_its_entries() {
    each_rig(|rig| async move {
        rig.tell(vec![block(1, "school.example"), block(2, "other.example")]).await;
        let (code, appeal) = rig.appeal("www.school.example", WORDS).await.unwrap();
        assert_eq!((appeal.decision, appeal.state), (DecisionNumber(1), State::Received));
        // 24 working hours from Monday, 14:21: three days.
        assert_eq!(appeal.due_at, NOW.plus_days(3));
        assert_eq!(rig.follow(&code).await, Some(appeal.clone()));
        let taken = {
            let (cases, now) = (std::sync::Arc::clone(rig.area.cases()), NOW);
            rig.house.store.write(move |tx| cases.take_up(tx, DecisionNumber(1), now)).await.unwrap()
        };
        assert_eq!((taken, rig.follow(&code).await.unwrap().state), (1, State::TakenUp));
        rig.set(NOW.plus_ms(7_200_000));
        assert_eq!(rig.decide("desk", 1, RulingOutcome::Granted).await.unwrap(), [appeal.number]);
        let answered = rig.follow(&code).await.unwrap();
        let answer = answered.answer.clone().unwrap();
        assert_eq!((answered.state, answer.by.as_str()), (State::Granted, "person:desk"));
        let ruling = rig.rulings().await.remove(0);
        assert_eq!((ruling.decision, ruling.outcome), (DecisionNumber(1), RulingOutcome::Granted));
        let ledger = rig.ledger().await;
        let kinds: Vec<&str> = ledger.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["appeal", "ruling"]);
        assert_eq!((answered.ledger_index, answer.ledger_index), (0, 1));
        let written = |at: usize, key: &str| ledger[at].body[key].as_str().unwrap().to_owned();
        // The words are in the ledger as commitments alone, which whoever has the code can open.
        let text = ledger.iter().map(|entry| entry.to_text().unwrap()).collect::<String>();
        assert!(!text.contains("school") && !text.contains("looked at"), "{text}");
        assert!(Commitment::opens(&written(0, "words"), &salt(&answered.words_salt.unwrap()), WORDS));
        assert!(Commitment::opens(&written(1, "reason"), &salt(&answer.salt.unwrap()), &answer.reason.unwrap()));
        assert_eq!(ruling.reason, written(1, "reason"));
        assert_eq!(ledger[1].body["received_at"], NOW.0);
        assert!(matches!(rig.decide("desk", 1, RulingOutcome::Upheld).await, Err(CasesError::Missing(_))));
    });
}

#[test]
fn appeals_on_one_block_are_decided_together_and_each_keeps_its_code() {
    each_rig(|rig| async move {
        rig.tell(vec![block(1, "school.example")]).await;
        let (first, _) = rig.appeal("D-1", WORDS).await.unwrap();
        let (second, _) = rig.appeal("https://school.example/login", "my children learn there").await.unwrap();
        assert_eq!(rig.decide("desk", 1, RulingOutcome::Upheld).await.unwrap().len(), 2);
        assert_eq!(rig.rulings().await.len(), 1);
        for (code, words) in [(first, WORDS), (second, "my children learn there")] {
            let appeal = rig.follow(&code).await.unwrap();
            assert_eq!((appeal.state, appeal.words.as_deref()), (State::Upheld, Some(words)));
        }
        assert_eq!(rig.ledger().await.len(), 4);
    });
}

#[test]
fn only_what_stands_can_be_appealed_and_only_what_is_public_by_name() {
    each_rig(|rig| async move {
        let green = Decision { tlp: Tlp::Green, ..block(2, "green.example") };
        let amber = Decision { tlp: Tlp::Amber, ..block(3, "amber.example") };
        let allowed = Decision { action: Action::Allow, ..block(4, "allowed.example") };
        rig.tell(vec![block(1, "school.example"), green, amber, allowed]).await;
        assert_eq!(standing(&rig).await, 2);
        for what in ["D-9", "D-3", "D-4", "green.example", "amber.example", "allowed.example", "example.org"] {
            no_block(rig.appeal(what, WORDS).await);
        }
        // Who has the number met the block.
        assert!(!rig.appeal("D-2", WORDS).await.unwrap().1.public);
        assert!(matches!(rig.appeal("D-1", "short").await, Err(CasesError::Words(_))));
        rig.tell(vec![over(1, "school.example", Undone)]).await;
        no_block(rig.appeal("school.example", WORDS).await);
        assert_eq!(standing(&rig).await, 1);
    });
}

#[test]
fn appeals_follow_what_becomes_of_their_block() {
    each_rig(|rig| async move {
        rig.tell(vec![block(1, "a.example"), block(2, "b.example"), block(3, "c.example")]).await;
        let mut codes = Vec::new();
        for what in ["a.example", "b.example", "c.example"] {
            codes.push(rig.appeal(what, WORDS).await.unwrap().0);
        }
        // A later block takes the place of the first, by a person; the second ends; the third is allowed.
        rig.tell(vec![over(1, "a.example", Superseded)]).await;
        rig.tell(vec![Decision { decided_by: "person:desk".into(), ..block(11, "a.example") }]).await;
        rig.tell(vec![over(2, "b.example", Expired), over(3, "c.example", Superseded)]).await;
        rig.tell(vec![Decision { action: Action::Allow, ..block(13, "c.example") }]).await;
        let [a, b, c] = &codes[..] else { panic!("three") };
        let moved = rig.follow(a).await.unwrap();
        assert_eq!((moved.decision, moved.state), (DecisionNumber(11), State::Received));
        for code in [b, c] {
            let appeal = rig.follow(code).await.unwrap();
            assert_eq!((appeal.state, appeal.answer.unwrap().by.as_str()), (State::Ended, "rule:block-ended"));
        }
        assert!(rig.rulings().await.is_empty(), "nobody has decided anything");
        let ended = rig.ledger().await.into_iter().filter(|entry| entry.body["outcome"] == "ended");
        assert_eq!(ended.count(), 2);
        // The person who took it may not decide about it; another may.
        assert!(matches!(rig.decide("desk", 11, RulingOutcome::Upheld).await, Err(CasesError::Refused(_))));
        rig.decide("second", 11, RulingOutcome::Upheld).await.unwrap();
        // An end that is told after the answer changes nothing.
        rig.tell(vec![over(11, "a.example", Undone)]).await;
        assert_eq!(rig.follow(a).await.unwrap().state, State::Upheld);
    });
}

#[test]
fn floods_on_one_block_are_bounded() {
    each_rig(|rig| async move {
        rig.tell(vec![block(1, "a.example"), block(2, "b.example")]).await;
        for _ in 0..OPEN_ON_ONE_MAX {
            rig.appeal("a.example", WORDS).await.unwrap();
        }
        assert!(matches!(rig.appeal("a.example", WORDS).await, Err(CasesError::Full(_))));
        rig.appeal("b.example", WORDS).await.unwrap();
        assert_eq!(rig.decide("desk", 1, RulingOutcome::Upheld).await.unwrap().len(), OPEN_ON_ONE_MAX);
        rig.appeal("a.example", WORDS).await.unwrap();
    });
}

#[test]
fn overdue_appeals_are_faults_and_measures_need_evidence() {
    each_rig(|rig| async move {
        let read = async |name: &str| {
            let measure = rig.area.measures().into_iter().find(|measure| measure.name == name).unwrap();
            let value = (measure.read)().await.unwrap();
            (value.value, value.of)
        };
        assert_eq!(read("appeals-overdue").await, (None, None));
        assert_eq!(read("appeal-answer-median").await, (None, None));
        rig.tell(vec![block(1, "a.example")]).await;
        let (_, appeal) = rig.appeal("a.example", WORDS).await.unwrap();
        assert_eq!(rig.area.faults().await.unwrap(), []);
        assert_eq!(read("appeals-overdue").await, (Some(0.0), Some(1.0)));
        rig.set(appeal.acknowledge_by);
        let faults = rig.area.faults().await.unwrap();
        assert_eq!((faults[0].class, faults[0].subject.as_str()), ("appeal-overdue", "D-1"));
        assert_eq!(read("appeals-overdue").await, (Some(1.0), Some(1.0)));
        rig.set(NOW.plus_ms(3 * 3_600_000));
        rig.decide("desk", 1, RulingOutcome::Upheld).await.unwrap();
        assert_eq!(rig.area.faults().await.unwrap(), []);
        assert_eq!(read("appeal-answer-median").await, (Some(3.0), Some(1.0)));
        assert_eq!(open(&rig).await, []);
    });
}

#[test]
fn words_are_forgotten_and_later_the_appeal() {
    each_rig(|rig| async move {
        rig.tell(vec![block(1, "a.example"), block(2, "b.example")]).await;
        let (code, _) = rig.appeal("a.example", WORDS).await.unwrap();
        let (waits, _) = rig.appeal("b.example", WORDS).await.unwrap();
        rig.decide("desk", 1, RulingOutcome::Upheld).await.unwrap();
        let forget = async |days: i64| {
            rig.set(NOW.plus_days(days));
            rig.area.cases().forget().await.unwrap()
        };
        assert_eq!(forget(90).await, 0);
        assert_eq!(forget(91).await, 1);
        let appeal = rig.follow(&code).await.unwrap();
        let answer = appeal.answer.unwrap();
        assert_eq!((appeal.words, appeal.words_salt, answer.reason, answer.salt), (None, None, None, None));
        assert_eq!(appeal.state, State::Upheld);
        assert_eq!(forget(401).await, 1);
        assert_eq!(rig.follow(&code).await, None);
        assert_eq!(rig.follow(&waits).await.unwrap().words.as_deref(), Some(WORDS), "open ones are kept");
    });
}

#[test]
fn a_ruling_that_is_undone_leaves_nothing() {
    each_rig(|rig| async move {
        rig.tell(vec![block(1, "a.example")]).await;
        let (code, _) = rig.appeal("a.example", WORDS).await.unwrap();
        let cases = std::sync::Arc::clone(rig.area.cases());
        let undone: Result<(), CasesError> = rig
            .house
            .store
            .write(move |tx| {
                let verdict = sipar_cases::Verdict {
                    label: "desk".into(),
                    outcome: RulingOutcome::Granted,
                    reason: sipar_cases::model::Words::parse("a reason of some length").unwrap(),
                    salt: Salt::from_bytes([1; 32]),
                };
                cases.decide(tx, DecisionNumber(1), &verdict, NOW)?;
                Err(CasesError::Refused(sipar_web::no_chance()))
            })
            .await;
        assert!(undone.is_err());
        assert_eq!(rig.follow(&code).await.unwrap().state, State::Received);
        assert!(rig.rulings().await.is_empty());
        assert_eq!(rig.ledger().await.len(), 1);
    });
}
