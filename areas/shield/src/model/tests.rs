//! What the rules do, case by case and for anything.

use super::*;
use proptest::prelude::*;
use sipar_model::{Confidence, Observable, Severity};

const RULES: &str = include_str!("../../../../packs/rules/default.toml");
const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

fn rules() -> Rules {
    Rules::from_toml(RULES).expect("sound rules")
}

fn says(family: &str, category: Category, confidence: u8, days_ago: i64, tlp: Tlp) -> Assertion {
    Assertion {
        source: family.into(),
        family: family.into(),
        category,
        confidence: Confidence::new(confidence).expect("percent"),
        first_seen: NOW.plus_days(-days_ago - 1),
        last_seen: NOW.plus_days(-days_ago),
        tlp,
        reference: None,
        met: None,
    }
}

fn indicator(what: &str, assertions: Vec<Assertion>) -> Indicator {
    Indicator { observable: Observable::guess(what).expect(what), assertions }
}

fn hit(kind: WarningKind) -> WarningHit {
    WarningHit { kind, list: "some-list".into() }
}

fn word(outcome: &Outcome<'_>) -> &'static str {
    match outcome {
        Outcome::Block { .. } => "block",
        Outcome::Held(_) => "held",
        Outcome::Withheld(_) => "withheld",
        Outcome::Unblockable(_) => "unblockable",
        Outcome::PersonDecided => "person",
        Outcome::NoRule => "no rule",
        Outcome::Below { .. } => "below",
        Outcome::TooSecret => "secret",
    }
}

fn check(
    what: &str,
    assertions: Vec<Assertion>,
    warnings: Option<&[WarningHit]>,
    standing: Option<Standing>,
) -> String {
    let rules = rules();
    let outcome = decide(&indicator(what, assertions), warnings, standing, &rules, &DecayTable::standard(), NOW);
    word(&outcome).to_owned()
}

#[test]
fn what_comes_of_an_indicator() {
    use Category::{C2, Malware, Phishing};
    let sure = || vec![says("a", Phishing, 90, 0, Tlp::Clear)];
    let none: &[WarningHit] = &[];
    assert_eq!(check("login.bank.example", sure(), Some(none), None), "block");
    assert_eq!(check("login.bank.example", vec![], Some(none), None), "below");
    assert_eq!(check("login.bank.example", vec![says("a", Phishing, 20, 0, Tlp::Clear)], Some(none), None), "below");
    assert_eq!(check("login.bank.example", vec![says("a", Phishing, 90, 30, Tlp::Clear)], Some(none), None), "below");
    assert_eq!(check("login.bank.example", vec![says("a", Phishing, 90, 0, Tlp::Amber)], Some(none), None), "secret");
    assert_eq!(check("login.bank.example", sure(), None, None), "held");
    assert_eq!(check("login.bank.example", sure(), Some(&[hit(WarningKind::Never)]), None), "withheld");
    assert_eq!(check("login.bank.example", sure(), Some(&[hit(WarningKind::Review)]), None), "held");
    assert_eq!(
        check("login.bank.example", sure(), Some(&[hit(WarningKind::Review), hit(WarningKind::Never)]), None),
        "withheld"
    );
    assert_eq!(check("login.bank.example", sure(), Some(&[hit(WarningKind::Inform)]), None), "block");
    assert_eq!(check("login.bank.example", sure(), Some(&[hit(WarningKind::Lower)]), None), "below");
    assert_eq!(check("203.0.113.9", vec![says("a", Phishing, 100, 0, Tlp::Green)], Some(none), None), "no rule");
    assert_eq!(check("203.0.113.9", vec![says("a", C2, 10, 0, Tlp::Green)], Some(none), None), "below");
    assert_eq!(check("203.0.113.9", vec![says("a", C2, 80, 1, Tlp::Green)], Some(none), None), "block");
    assert_eq!(check("203.0.113.0/24", vec![says("a", Malware, 90, 1, Tlp::Green)], Some(none), None), "block");
}

#[test]
fn what_no_rule_may_block() {
    let none: &[WarningHit] = &[];
    for name in ["gov.pk", "com.pk", "co.uk", "github.io"] {
        let sure = vec![says("a", Category::Phishing, 100, 0, Tlp::Clear)];
        assert_eq!(check(name, sure, Some(none), None), "unblockable", "{name}");
    }
    for address in ["10.1.2.3", "127.0.0.1", "100.64.0.1", "224.0.0.1", "fe80::1", "::1", "fd00::1", "0.0.0.0"] {
        let sure = vec![says("a", Category::C2, 100, 0, Tlp::Clear)];
        assert_eq!(check(address, sure, Some(none), None), "unblockable", "{address}");
    }
    for network in ["11.0.0.0/8", "2001:4000::/23", "10.0.0.0/16"] {
        let sure = vec![says("a", Category::Malware, 100, 0, Tlp::Clear)];
        assert_eq!(check(network, sure, Some(none), None), "unblockable", "{network}");
    }
}

#[test]
fn a_persons_word_stands_until_its_time_is_over() {
    let none: &[WarningHit] = &[];
    let sure = || vec![says("a", Category::Phishing, 90, 0, Tlp::Clear)];
    let (later, earlier) = (NOW.plus_days(1), NOW.plus_days(-1));
    let check = |standing| check("login.bank.example", sure(), Some(none), Some(standing));
    assert_eq!(check(Standing::Person(Action::Allow, later)), "person");
    assert_eq!(check(Standing::Person(Action::Allow, earlier)), "block");
    assert_eq!(check(Standing::Person(Action::Block, later)), "person");
    assert_eq!(check(Standing::UndoneByPerson(later)), "person");
    assert_eq!(check(Standing::UndoneByPerson(earlier)), "block");
    assert_eq!(check(Standing::Refused), "person");
    assert_eq!(check(Standing::BlockedByRule(later)), "block");
}

#[test]
fn the_strongest_category_decides_the_rule() {
    let rules = rules();
    let both = vec![says("a", Category::Phishing, 60, 0, Tlp::Clear), says("b", Category::C2, 95, 0, Tlp::Clear)];
    let both = indicator("x.bank.example", both);
    let Outcome::Block { rule, category, expires, .. } =
        decide(&both, Some(&[]), None, &rules, &DecayTable::standard(), NOW)
    else {
        panic!("not blocked")
    };
    assert_eq!((rule.name.as_str(), category, rule.severity), ("c2-name", Category::C2, Severity::Critical));
    assert!(expires > NOW && expires <= NOW.plus_days(90));
}

fn any_assertion() -> impl Strategy<Value = Assertion> {
    (0_u8..4, 0..Category::ALL.len(), 0_u8..=100, 0_i64..200, 0..Tlp::ALL.len()).prop_map(
        |(family, category, confidence, days, tlp)| {
            says(&format!("f{family}"), Category::ALL[category], confidence, days, Tlp::ALL[tlp])
        },
    )
}

proptest! {
    /// NCSP 3.2a and DESIGN §6.6: nothing secret is decided upon, nothing is blocked for ever, `never` always wins.
    #[test]
    fn every_block_keeps_the_safeguards(
        assertions in prop::collection::vec(any_assertion(), 0..6),
        kinds in prop::collection::vec(0..WarningKind::ALL.len(), 0..3),
        what in prop::sample::select(vec!["a.bank.example", "203.0.113.9", "gov.pk", "10.0.0.1", "198.51.100.0/24"]),
    ) {
        let rules = rules();
        let decays = DecayTable::standard();
        let warnings: Vec<WarningHit> = kinds.iter().map(|kind| hit(WarningKind::ALL[*kind])).collect();
        let indicator = indicator(what, assertions);
        let outcome = decide(&indicator, Some(&warnings), None, &rules, &decays, NOW);
        if let Outcome::Block { rule, category, expires, score } = &outcome {
            prop_assert!(*expires > NOW && *expires <= NOW.plus_days(i64::from(rules.bounds.days_max)));
            prop_assert!(!warnings.iter().any(|hit| matches!(hit.kind, WarningKind::Never | WarningKind::Review)));
            prop_assert!(unblockable(&indicator.observable, rules.bounds).is_none());
            let witnesses = || indicator.assertions.iter().filter(|a| a.tlp <= SNAPSHOT_TLP_MAX);
            prop_assert!(witnesses().any(|a| a.category == *category));
            prop_assert!(*score >= rule.score_block);
            // What stricter sources say changes nothing.
            let open = Indicator { assertions: witnesses().cloned().collect(), ..indicator.clone() };
            prop_assert_eq!(decide(&open, Some(&warnings), None, &rules, &decays, NOW), outcome);
        }
    }
}
