//! Warning lists: what they hold and withhold, and what new ones do to what was decided before.

use crate::rig::{HOUR_MS, NOW, block, each_rig, phishing, says, thing};
use sipar_area::Area as _;
use sipar_model::{
    Action, Category, DomainName, Tlp,
    WarningKind::{Inform, Lower, Never, Review},
    fact::DecisionState,
};
use sipar_shield::{
    EXCEPTIONS_MAX,
    store::held::{self, HeldState},
};

#[test]
fn review_holds_never_withholds_lower_lowers_inform_informs() {
    each_rig(|rig| async move {
        rig.warn(&[
            ("national", Never, &["bank.example", "198.51.100.0/24"]),
            ("popular", Review, &["popular.example"]),
            ("cloud", Lower, &["cloud.example"]),
            ("sinkholes", Inform, &["sink.example"]),
        ])
        .await;
        let names =
            ["login.bank.example", "bank.example", "popular.example", "cloud.example", "sink.example", "evil.example"];
        rig.tell_of(names.map(phishing).to_vec()).await;
        rig.tell_of(vec![says("198.51.100.9", "feed", Category::C2, NOW)]).await;
        let expect = [
            "198.51.100.9 Withheld national",
            "bank.example Withheld national",
            "login.bank.example Withheld national",
            "popular.example Review popular",
        ];
        let mut held = rig.held_words().await;
        held.sort();
        assert_eq!(held, expect);
        let blocked: Vec<String> = rig.records().await.iter().map(|r| r.decision.observable.value()).collect();
        assert!(blocked.contains(&"evil.example".into()) && blocked.contains(&"sink.example".into()), "{blocked:?}");
        assert!(!blocked.iter().any(|name| name.contains("bank") || name.contains("popular")), "{blocked:?}");
        let report = rig.house.store.read(held::report).await.unwrap();
        let group = |state, list: &str, count| held::Group {
            state,
            reason: "warning-list".into(),
            lists: vec![list.into()],
            count,
        };
        assert_eq!(report, [group(HeldState::Withheld, "national", 3), group(HeldState::Review, "popular", 1)]);
    });
}

#[test]
fn a_name_above_a_protected_one_is_blocked_around_it() {
    each_rig(|rig| async move {
        rig.warn(&[("national", Never, &["www.ministry.host.example"]), ("popular", Review, &["a.other.example"])])
            .await;
        rig.tell_of(vec![phishing("host.example"), phishing("other.example"), phishing("b.host.example")]).await;
        assert_eq!(rig.held_words().await, [""; 0]);
        assert_eq!(rig.records().await.len(), 3, "a popular name below says nothing for the one above");
        rig.reconcile().await;
        let answers = |names: &[&str]| -> Vec<Option<(u32, Action)>> {
            let policy = rig.policy();
            let name = |text: &&str| DomainName::parse(text).unwrap();
            names.iter().map(name).map(|name| policy.name(&name, NOW).map(|hit| (hit.decision.0, hit.action))).collect()
        };
        let names =
            ["host.example", "ministry.host.example", "www.ministry.host.example", "x.www.ministry.host.example"];
        let (block, open) = (Some((1, Action::Block)), Some((1, Action::Allow)));
        assert_eq!(answers(&names), [block, block, open, open]);
        let subject = thing("host.example");
        let reasons = rig.area.explain(&subject, Tlp::Clear).await.unwrap();
        let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
        assert!(texts.contains(&"blocked, except www.ministry.host.example"), "{texts:?}");
        let reasons = rig.area.explain(&thing("www.ministry.host.example"), Tlp::Clear).await.unwrap();
        assert_eq!(reasons.last().unwrap().text, "snapshot 1 keeps it open by decision D-1");

        // The lists change, and no decision does: what stays open follows.
        rig.warn(&[("national", Never, &["mail.host.example"])]).await;
        rig.reconcile().await;
        assert_eq!(answers(&["www.ministry.host.example", "mail.host.example", "host.example"]), [block, open, block]);
        assert_eq!(rig.records().await.len(), 3);
    });
}

#[test]
fn a_person_may_block_around_a_protected_name_too() {
    each_rig(|rig| async move {
        rig.warn(&[("national", Never, &["www.host.example"])]).await;
        rig.request(block("host.example")).await.unwrap();
        assert!(rig.request(block("www.host.example")).await.is_err());
        rig.reconcile().await;
        let hit = rig.policy().name(&DomainName::parse("www.host.example").unwrap(), NOW).unwrap();
        assert_eq!(hit.action, Action::Allow);
    });
}

#[test]
fn a_parent_of_many_protected_names_is_withheld_as_a_whole() {
    each_rig(|rig| async move {
        let names: Vec<String> = (0..=EXCEPTIONS_MAX).map(|n| format!("n{n}.host.example")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        rig.warn(&[("national", Never, &names[1..])]).await;
        rig.tell_of(vec![phishing("host.example")]).await;
        rig.reconcile().await;
        assert_eq!(rig.policy().entries(), 1 + EXCEPTIONS_MAX as u64);
        rig.warn(&[("national", Never, &names)]).await;
        rig.reconcile().await;
        assert_eq!(rig.held_words().await, ["host.example Withheld national"]);
        assert_eq!(rig.words().await, ["1 host.example block phishing rule:phishing withdrawn"]);
        assert_eq!(rig.policy().entries(), 0);
    });
}

#[test]
fn new_lists_withdraw_what_stands_and_release_what_is_held() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.tell_of(["a.example", "b.example", "c.example"].map(phishing).to_vec()).await;
        rig.request(block("by-hand.example")).await.unwrap();
        rig.request(block("by-hand-too.example")).await.unwrap();
        rig.reconcile().await;
        assert_eq!(rig.policy().entries(), 5);
        rig.told().await;

        rig.warn(&[
            ("national", Never, &["a.example", "by-hand.example"]),
            ("popular", Review, &["b.example", "by-hand-too.example"]),
        ])
        .await;
        rig.reconcile().await;
        let expect = [
            "1 a.example block phishing rule:phishing withdrawn",
            "2 b.example block phishing rule:phishing withdrawn",
            "3 c.example block phishing rule:phishing active",
            "4 by-hand.example block phishing person:duty-desk withdrawn",
            "5 by-hand-too.example block phishing person:duty-desk active",
        ];
        assert_eq!(rig.words().await, expect, "a person has agreed already to what `review` asks for");
        let withdrawn = DecisionState::Withdrawn;
        let mut told = rig.told().await;
        told.sort_by_key(|(number, _)| *number);
        assert_eq!(told, [(1, withdrawn), (2, withdrawn), (4, withdrawn)]);
        let held = rig.held_words().await;
        assert!(held.contains(&"a.example Withheld national".into()), "{held:?}");
        assert!(held.contains(&"b.example Review popular".into()), "{held:?}");
        let mut left: Vec<String> = rig.policy().iter().map(|entry| entry.observable.value()).collect();
        left.sort();
        assert_eq!(left, ["by-hand-too.example", "c.example"]);

        // The lists no longer have them: the rules decide anew, by what sources said last.
        rig.warn(&[]).await;
        rig.reconcile().await;
        let words = rig.words().await;
        assert_eq!(
            words[5..],
            ["6 a.example block phishing rule:phishing active", "7 b.example block phishing rule:phishing active"]
        );
        assert!(rig.held().await.is_empty());
        assert_eq!(rig.policy().entries(), 4);
    });
}

#[test]
fn judging_anew_goes_through_more_than_one_part_and_ends() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        let names: Vec<String> = (0..2_500).map(|n| format!("n{n}.evil-{}.example", n % 7)).collect();
        for part in names.chunks(1_000) {
            rig.tell_of(part.iter().map(|name| phishing(name)).collect()).await;
        }
        rig.warn(&[("popular", Review, &["evil-3.example"])]).await;
        rig.reconcile().await;
        let expect = names.iter().filter(|name| name.contains("evil-3")).count();
        assert_eq!(rig.held().await.len(), expect);
        let active = rig.records().await.iter().filter(|r| r.decision.state == DecisionState::Active).count();
        assert_eq!(active, 2_500 - expect);
        assert_eq!(rig.policy().entries(), active as u64);
        // Nothing is left to do.
        let before = rig.ledger().await.len();
        rig.reconcile().await;
        assert_eq!(rig.ledger().await.len(), before);
    });
}

#[test]
fn what_is_held_is_forgotten_when_no_rule_would_take_it_any_more() {
    each_rig(|rig| async move {
        rig.warn(&[("popular", Review, &["popular.example"])]).await;
        rig.tell_of(vec![phishing("popular.example")]).await;
        rig.set(NOW.plus_ms(HOUR_MS));
        rig.tell_of(vec![phishing("popular.example")]).await;
        let held = rig.held().await.remove(0);
        assert_eq!((held.state, held.at, held.category), (HeldState::Review, NOW, Category::Phishing), "since when");
        rig.tell_of(vec![sipar_model::Indicator { observable: thing("popular.example"), assertions: vec![] }]).await;
        assert!(rig.held().await.is_empty());
    });
}
