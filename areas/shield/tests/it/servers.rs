//! Name servers are decided on for what they answer for, apart from what is decided on their names and addresses.

use crate::rig::{NOW, Rig, allow, block, each_rig, says, thing};
use sipar_model::{
    Action, Category, Indicator, NameServer,
    WarningKind::{Never, Review},
};
use sipar_shield::ShieldError;

/// What the policy in place does with what servers there answer for.
fn serving(rig: &Rig, server: &str) -> Option<Action> {
    let server = NameServer::parse(server).unwrap();
    rig.policy().name_server(&server, NOW).map(|hit| hit.action)
}

#[test]
fn a_name_and_its_name_server_are_two_decisions() {
    each_rig(|rig| async move {
        rig.warn(&[]).await;
        rig.request(block("ns:ns1.evil.example")).await.unwrap();
        rig.request(block("ns:203.0.113.53")).await.unwrap();
        rig.shield().publish().await.unwrap();
        assert_eq!(serving(&rig, "a.ns1.evil.example"), Some(Action::Block));
        assert_eq!(serving(&rig, "203.0.113.53"), Some(Action::Block));
        assert_eq!(serving(&rig, "evil.example"), None);
        assert!(!rig.blocks("ns1.evil.example"));
        assert_eq!(rig.policy().address("203.0.113.53".parse().unwrap(), NOW), None);
        rig.request(block("ns1.evil.example")).await.unwrap();
        rig.shield().publish().await.unwrap();
        assert!(rig.blocks("ns1.evil.example"));
        let expect = [
            "1 ns:ns1.evil.example block phishing person:duty-desk active",
            "2 ns:203.0.113.53 block phishing person:duty-desk active",
            "3 ns1.evil.example block phishing person:duty-desk active",
        ];
        assert_eq!(rig.words().await, expect);
        assert_eq!(
            rig.ledger().await[0].body["observable"],
            serde_json::json!({ "type": "name-server", "value": "ns:ns1.evil.example" })
        );
        rig.undo(1, "its owner has cleaned it").await.unwrap();
        rig.shield().publish().await.unwrap();
        assert_eq!(serving(&rig, "ns1.evil.example"), None);
        assert!(rig.blocks("ns1.evil.example"), "the other decision stands");
        // What is over at its end is so for name servers too.
        let later = NOW.plus_days(11);
        let server = NameServer::parse("203.0.113.53").unwrap();
        assert_eq!(rig.policy().name_server(&server, later), None);
        rig.set(later);
        rig.reconcile().await;
        assert!(rig.words().await.contains(&"2 ns:203.0.113.53 block phishing person:duty-desk expired".to_owned()));
    });
}

#[test]
fn who_must_never_be_blocked_keeps_its_name_servers() {
    each_rig(|rig| async move {
        let national: &[&str] = &["bank.example", "ministry.host.example", "198.51.100.0/24"];
        rig.warn(&[("national", Never, national)]).await;
        for what in ["ns:ns1.bank.example", "ns:198.51.100.53", "ns:198.51.0.0/16", "ns:com.pk", "ns:10.0.0.53"] {
            assert!(matches!(rig.request(block(what)).await, Err(ShieldError::Refused(_))), "{what}");
        }
        rig.request(block("ns:host.example")).await.unwrap();
        rig.shield().publish().await.unwrap();
        assert_eq!(serving(&rig, "a.host.example"), Some(Action::Block));
        assert_eq!(serving(&rig, "ns1.ministry.host.example"), Some(Action::Allow));
        // An exception of name servers opens nothing else.
        let names = ["ministry.host.example", "host.example"];
        assert!(names.iter().all(|name| rig.policy().find(&thing(name)).is_empty()));
        // Compiled anew from all rows it says the same.
        let whole = rig.shield().publish_whole().await.unwrap();
        assert!(whole.is_some() || rig.policy().entries() == 2);
        assert_eq!(rig.policy().entries(), 2);
        // A list that comes to cover it withdraws the block.
        rig.warn(&[("national", Never, &["host.example"])]).await;
        rig.reconcile().await;
        assert_eq!(rig.words().await, ["1 ns:host.example block phishing person:duty-desk withdrawn"]);
    });
}

#[test]
fn rules_want_two_sure_families_and_a_person_where_a_review_list_has_them() {
    each_rig(|rig| async move {
        rig.warn(&[("popular", Review, &["popular.example"])]).await;
        let both = |what: &str| {
            let mut indicator = says(what, "one", Category::Malware, NOW);
            indicator.assertions.extend(says(what, "two", Category::Malware, NOW).assertions);
            indicator
        };
        let told: [Indicator; 3] = [
            both("ns:ns1.evil.example"),
            both("ns:ns1.popular.example"),
            says("ns:ns2.evil.example", "one", Category::Malware, NOW),
        ];
        rig.tell_of(told.into()).await;
        assert_eq!(rig.words().await, ["1 ns:ns1.evil.example block malware rule:malware-server active"]);
        assert_eq!(rig.held_words().await, ["ns:ns1.popular.example Review popular"]);
        rig.agree("ns:ns1.popular.example", "seen by us, it serves nothing else").await.unwrap();
        rig.request(allow("ns:ns1.evil.example")).await.unwrap();
        let expect = [
            "1 ns:ns1.evil.example block malware rule:malware-server superseded",
            "2 ns:ns1.popular.example block malware person:duty-desk active",
            "3 ns:ns1.evil.example allow malware person:duty-desk active",
        ];
        assert_eq!(rig.words().await, expect.map(|word| word.replace("allow malware", "allow phishing")));
    });
}
