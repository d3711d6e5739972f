//! What people may do, what they are refused, and that rules keep away from what they decided.

use crate::rig::{NOW, Rig, allow, block, desk, each_rig, phishing, says, thing};
use sipar_ledger::Commitment;
use sipar_model::{
    Action, Category, TimestampMs,
    WarningKind::{Never, Review},
};
use sipar_shield::{
    Request, ShieldError,
    store::{held::HeldState, in_force},
};
use sipar_snapshot::Mode;

const WHY: &str = "the owner has cleaned it";

fn refused<T: std::fmt::Debug>(result: Result<T, ShieldError>, expect: &str) {
    match result {
        Err(ShieldError::Refused(why)) => assert!(why.to_string().contains(expect), "{why}"),
        other => panic!("not refused: {other:?}"),
    }
}

fn missing<T: std::fmt::Debug>(result: Result<T, ShieldError>) {
    assert!(matches!(&result, Err(ShieldError::Missing(_))), "{result:?}");
}

/// A house whose lists protect a bank and hold a popular name.
async fn guarded(rig: &Rig) {
    rig.warn(&[("national", Never, &["bank.example"]), ("popular", Review, &["popular.example"])]).await;
}

#[test]
fn nobody_blocks_before_it_is_known_what_must_never_be_blocked() {
    each_rig(|rig| async move {
        refused(rig.request(block("evil.example")).await, "not built yet");
        rig.tell_of(vec![phishing("evil.example")]).await;
        refused(rig.agree("evil.example", "seen by us, it is phishing").await, "not built yet");
        rig.request(allow("good.example")).await.unwrap();
        assert_eq!(rig.words().await, ["1 good.example allow phishing person:duty-desk active"]);
    });
}

#[test]
fn what_a_person_may_not_ask_for() {
    each_rig(|rig| async move {
        guarded(&rig).await;
        let with = |reason: &str, days| Request { reason: reason.into(), days, ..block("evil.example") };
        let why = "reported by a bank";
        refused(rig.request(with("", 5)).await, "10 to 1,000 characters");
        refused(rig.request(with("too short", 5)).await, "10 to 1,000 characters");
        refused(rig.request(with("            short            ", 5)).await, "10 to 1,000 characters");
        refused(rig.request(with(&"x".repeat(1_001), 5)).await, "10 to 1,000 characters");
        refused(rig.request(with(why, 0)).await, "1 to 90 days");
        refused(rig.request(with(why, 91)).await, "1 to 90 days");
        refused(rig.request(block("www.bank.example")).await, "`national`");
        refused(rig.request(block("gov.pk")).await, "registry");
        refused(rig.request(block("github.io")).await, "strangers");
        refused(rig.request(block("10.0.0.1")).await, "internet");
        refused(rig.request(block("11.0.0.0/8")).await, "wide");
        refused(rig.request(block("AS64500")).await, "autonomous");
        assert!(rig.records().await.is_empty() && rig.ledger().await.is_empty());
        // Twice ten characters in Urdu count as characters, not as bytes; a review list does not bind a person.
        rig.request(with("یہ جعل سازی ہے", 90)).await.unwrap();
        rig.request(block("popular.example")).await.unwrap();
        rig.request(allow("www.bank.example")).await.unwrap();
        assert_eq!(rig.records().await.len(), 3);
    });
}

#[test]
fn a_persons_words_stay_out_of_the_ledger() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.request(block("evil.example")).await.unwrap();
        rig.undo(1, WHY).await.unwrap();
        let ledger = rig.ledger().await;
        let text: String = ledger.iter().map(|entry| entry.to_text().unwrap()).collect();
        assert!(!text.contains("customers") && !text.contains("cleaned"), "{text}");
        for (entry, words) in ledger.iter().zip(["reported by a bank's customers", WHY]) {
            assert!(Commitment::opens(entry.body["reason"].as_str().unwrap(), &desk().salt, words));
        }
        let record = rig.records().await.remove(0);
        assert_eq!(record.decision.reason, "reported by a bank's customers");
        assert_eq!(record.end.map(|end| (end.by, end.reason)), Some(("person:duty-desk".into(), WHY.into())));
    });
}

#[test]
fn rules_keep_away_from_what_a_person_allowed_or_undid() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let told_at = async |at: TimestampMs| {
            rig.set(at);
            rig.tell_of(vec![
                says("allowed.example", "feed", Category::Phishing, at),
                says("undone.example", "feed", Category::Phishing, at),
            ])
            .await;
        };
        told_at(NOW).await;
        rig.request(Request { days: 12, ..allow("allowed.example") }).await.unwrap();
        rig.undo(2, WHY).await.unwrap();
        refused(rig.undo(2, WHY).await, "no longer in force");
        missing(rig.undo(99, WHY).await);
        refused(rig.undo(3, "short").await, "10 to 1,000");
        let expect = [
            "1 allowed.example block phishing rule:phishing superseded",
            "2 undone.example block phishing rule:phishing undone",
            "3 allowed.example allow phishing person:duty-desk active",
        ];
        assert_eq!(rig.words().await, expect);
        let until = rig.records().await[1].decision.expires_at;
        told_at(NOW.plus_days(5)).await;
        told_at(until.plus_ms(-1)).await;
        assert_eq!(rig.words().await, expect, "until it would have ended by itself");
        rig.set(NOW.plus_days(12));
        rig.reconcile().await;
        told_at(NOW.plus_days(12)).await;
        let words = rig.words().await;
        assert_eq!(
            words[2..],
            [
                "3 allowed.example allow phishing person:duty-desk expired",
                "4 allowed.example block phishing rule:phishing active",
                "5 undone.example block phishing rule:phishing active",
            ]
        );
    });
}

#[test]
fn what_a_person_covered_is_judged_again_when_that_ends() {
    each_rig(|rig| async move {
        rig.warn(&[("popular", Review, &["popular.example"])]).await;
        let names = ["allowed.example", "undone.example", "quiet.example", "popular.example"];
        rig.tell_of(names.map(phishing).to_vec()).await;
        for name in ["allowed.example", "popular.example"] {
            rig.request(Request { days: 2, ..allow(name) }).await.unwrap();
        }
        // Said for the first time while a person's word stands.
        rig.request(Request { days: 2, ..allow("later.example") }).await.unwrap();
        rig.tell_of(vec![phishing("later.example")]).await;
        // Nobody ever said anything of this one.
        rig.request(Request { days: 2, ..allow("unknown.example") }).await.unwrap();
        rig.undo(2, WHY).await.unwrap();
        let expect = [
            "allowed.example Resting person-allowed",
            "later.example Resting person-allowed",
            "popular.example Resting person-allowed",
            "undone.example Resting person-undid",
        ];
        assert_eq!(rig.held_words().await, expect);
        rig.set(NOW.plus_days(2).plus_ms(-1));
        rig.reconcile().await;
        assert_eq!(rig.held_words().await, expect, "not before its time");
        // No source speaks again.
        rig.set(NOW.plus_days(2));
        rig.reconcile().await;
        let words = rig.words().await;
        for name in ["allowed.example", "later.example"] {
            assert!(
                words.iter().any(|word| word.ends_with(&format!("{name} block phishing rule:phishing active"))),
                "{words:?}"
            );
        }
        assert_eq!(rig.held_words().await, ["popular.example Review popular", "undone.example Resting person-undid"]);
        assert_eq!(rig.policy().entries(), 3, "with the one that was never touched");
        // An allowance that is undone ends at once, and the rest of an undone block when the block would have ended.
        rig.request(Request { days: 9, ..allow("quiet.example") }).await.unwrap();
        let number = rig.records().await.last().unwrap().decision.number.0;
        rig.undo(number, WHY).await.unwrap();
        rig.reconcile().await;
        let words = rig.words().await;
        assert!(words.last().unwrap().contains("quiet.example block phishing rule:phishing active"), "{words:?}");
        let until = rig.held().await.iter().find_map(|held| held.until).unwrap();
        rig.set(until);
        rig.tell_of(vec![says("undone.example", "feed", Category::Phishing, until.plus_ms(-1))]).await;
        rig.reconcile().await;
        let words = rig.words().await;
        assert!(
            words.iter().any(|word| word.contains("undone.example block phishing rule:phishing active")),
            "{words:?}"
        );
    });
}

#[test]
fn a_rule_never_moves_the_end_of_what_a_person_blocked() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.request(Request { days: 2, ..block("evil.example") }).await.unwrap();
        rig.tell_of(vec![phishing("evil.example")]).await;
        assert_eq!(rig.words().await, ["1 evil.example block phishing person:duty-desk active"]);
        // Its time is over, and the job that ends it has not run yet when the feed comes.
        let later = NOW.plus_days(2);
        rig.set(later);
        rig.tell_of(vec![says("evil.example", "feed", Category::Phishing, later)]).await;
        let expect = [
            "1 evil.example block phishing person:duty-desk superseded",
            "2 evil.example block phishing rule:phishing active",
        ];
        assert_eq!(rig.words().await, expect);
        assert_eq!(rig.records().await[0].decision.expires_at, later);
    });
}

#[test]
fn an_allowance_opens_the_door_and_a_later_word_replaces_an_earlier() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.tell_of(vec![phishing("evil.example")]).await;
        rig.reconcile().await;
        rig.request(allow("evil.example")).await.unwrap();
        rig.reconcile().await;
        let policy = rig.policy();
        assert_eq!(policy.entries(), 1);
        assert_eq!(policy.iter().next().unwrap().action, sipar_model::Action::Allow);
        rig.request(block("evil.example")).await.unwrap();
        let expect = [
            "1 evil.example block phishing rule:phishing superseded",
            "2 evil.example allow phishing person:duty-desk superseded",
            "3 evil.example block phishing person:duty-desk active",
        ];
        assert_eq!(rig.words().await, expect);
    });
}

#[test]
fn what_is_held_is_agreed_to_or_refused() {
    each_rig(|rig| async move {
        rig.warn(&[("national", Never, &["bank.example"]), ("popular", Review, &["popular.example", "other.example"])])
            .await;
        let all = || vec![phishing("popular.example"), phishing("other.example"), phishing("bank.example")];
        rig.tell_of(all()).await;
        refused(rig.agree("popular.example", "short").await, "10 to 1,000");
        refused(rig.refuse("popular.example", "short").await, "10 to 1,000");
        missing(rig.agree("evil.example", WHY).await);
        missing(rig.agree("bank.example", WHY).await);
        missing(rig.refuse("bank.example", WHY).await);
        assert_eq!(rig.held().await.len(), 3);

        rig.agree("popular.example", "seen by us, it is phishing").await.unwrap();
        rig.refuse("other.example", "it is a shop that was hacked").await.unwrap();
        missing(rig.refuse("other.example", "it is a shop that was hacked").await);
        missing(rig.agree("other.example", "it is a shop that was hacked").await);
        assert_eq!(rig.words().await, ["1 popular.example block phishing person:duty-desk active"]);
        let record = rig.records().await.remove(0);
        assert_eq!(record.decision.expires_at, NOW.plus_days(30), "as long as its rule would");
        assert_eq!(record.evidence.len(), 1, "with what sources said");
        assert_eq!(rig.ledger_kinds().await, ["block", "refuse"]);

        // The feed says it again, and new lists come: the person's word stands.
        rig.tell_of(all()).await;
        rig.warn(&[("national", Never, &["bank.example"])]).await;
        rig.reconcile().await;
        assert_eq!(rig.words().await, ["1 popular.example block phishing person:duty-desk active"]);
        let states: Vec<HeldState> = rig.held().await.iter().map(|held| held.state).collect();
        assert_eq!(states, [HeldState::Withheld, HeldState::Refused, HeldState::Resting]);
    });
}

#[test]
fn an_allowance_holds_while_the_list_of_its_category_is_only_tried_out() {
    let text = include_str!("../../../../packs/rules/default.toml");
    let shadowed =
        text.replace("category = \"phishing\"\nmode = \"enforce\"", "category = \"phishing\"\nmode = \"shadow\"");
    assert_ne!(shadowed, text);
    let rules = sipar_shield::rules::Rules::from_toml(&shadowed).unwrap();
    let lists = sipar_shield::gate::lists(&rules);
    each_rig(|rig| {
        let (rules, lists) = (rules.clone(), lists.clone());
        async move {
            rig.warn(&[]).await;
            rig.request(allow("fine.evil.example")).await.unwrap();
            rig.request(block("evil.example")).await.unwrap();
            let what = [thing("fine.evil.example"), thing("evil.example")];
            let in_force = rig.house.store.read(move |reader| in_force::on(reader, &what)).await.unwrap();
            let modes: Vec<_> = in_force
                .into_iter()
                .flat_map(|decision| sipar_shield::gate::entries(decision, &rules, None).unwrap())
                .map(|entry| (entry.action, lists[usize::from(entry.list.0)].mode))
                .collect();
            assert_eq!(modes, [(Action::Allow, Mode::Enforce), (Action::Block, Mode::Shadow)]);
        }
    });
}
