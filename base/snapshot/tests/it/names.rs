//! Names, URLs, files and mail senders against a naive model.

use crate::common::{ENFORCED, SHADOW, alive, block, built, key, policy, rank};
use proptest::prelude::*;
use sipar_model::{
    Action, CanonicalUrl, DecisionNumber, DomainName, FileHash, MailAddress, Observable, Severity, TimestampMs,
};
use sipar_snapshot::{Evidence, Policy, PolicyEntry, Scope};

/// Names of one to four labels out of three, so that they meet one another.
fn a_name() -> impl Strategy<Value = DomainName> {
    prop::collection::vec(prop::sample::select(vec!["a", "bb", "xn--p1ai"]), 1..5)
        .prop_map(|labels| DomainName::parse(&labels.join(".")).unwrap())
}

/// What differs between entries on one thing.
type Says = (bool, bool, bool, i64, u8);

fn says() -> impl Strategy<Value = Says> {
    (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3), 0_i64..6_000, 1_u8..5)
}

/// An entry on something else than the address it was made from; each has a decision number of its own.
fn entry(observable: Observable, says: Says, decision: usize) -> PolicyEntry {
    let (exact, allow, shadow, expires, severity) = says;
    PolicyEntry {
        observable,
        scope: if exact { Scope::Exact } else { Scope::Subtree },
        action: if allow { Action::Allow } else { Action::Block },
        list: if shadow { SHADOW } else { ENFORCED },
        expires: TimestampMs(expires),
        severity: Severity::from_number(severity).unwrap(),
        decision: DecisionNumber(u32::try_from(decision).unwrap()),
        ..block("192.0.2.1", Scope::Exact)
    }
}

fn covers(entry: &PolicyEntry, name: &DomainName) -> Option<usize> {
    let Observable::Domain(listed) = &entry.observable else { return None };
    let covers = if entry.scope == Scope::Exact { name == listed } else { name.is_within(listed) };
    covers.then(|| listed.label_count())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_name_gets_the_answer_of_the_naive_model(
        listed in prop::collection::vec((a_name(), says()), 0..60),
        asked in prop::collection::vec((a_name(), 0_i64..7_000), 1..60),
    ) {
        let entries: Vec<PolicyEntry> = listed
            .into_iter()
            .enumerate()
            .map(|(number, (name, says))| entry(Observable::Domain(name), says, number))
            .collect();
        let policy = policy(&entries);
        for (name, now) in asked {
            let now = TimestampMs(now);
            let expect = entries
                .iter()
                .filter(|entry| alive(entry, now))
                .filter_map(|entry| Some((covers(entry, &name)?, entry)))
                .max_by_key(|(depth, entry)| rank(entry, *depth, true));
            let hit = policy.name(&name, now);
            prop_assert_eq!(hit.map(|hit| hit.decision), expect.map(|(_, entry)| entry.decision), "{} at {:?}", name, now);
            if let (Some(hit), Some((depth, entry))) = (hit, expect) {
                prop_assert_eq!(usize::from(hit.depth_labels), depth);
                prop_assert_eq!((hit.action, hit.list, hit.severity), (entry.action, entry.list, entry.severity));
                prop_assert_eq!(hit.shadow, entry.list == SHADOW);
                prop_assert_eq!(hit.expires.0, entry.expires.0.div_euclid(1_000) * 1_000);
                prop_assert_eq!(policy.evidence(hit.entry), (entry.score, entry.evidence.clone()));
            }
        }
    }

    #[test]
    fn every_key_gets_the_answer_of_the_naive_model(
        listed in prop::collection::vec((0_usize..KEYS.len(), says()), 0..40),
        now in 0_i64..7_000,
    ) {
        let entries: Vec<PolicyEntry> = listed
            .into_iter()
            .enumerate()
            .map(|(number, (key, says))| entry(Observable::guess(KEYS[key]).unwrap(), says, number))
            .collect();
        let policy = policy(&entries);
        let now = TimestampMs(now);
        for text in KEYS {
            let observable = Observable::guess(text).unwrap();
            let expect = entries
                .iter()
                .filter(|entry| alive(entry, now) && entry.observable == observable)
                .max_by_key(|entry| rank(entry, 0, false));
            let hit = match &observable {
                Observable::Url(url) => policy.url(url, now),
                Observable::File(hash) => policy.file(hash, now),
                Observable::Mail(mail) => policy.mail(mail, now),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(hit.map(|hit| hit.decision), expect.map(|entry| entry.decision), "{}", text);
        }
    }

    #[test]
    fn what_goes_in_comes_out(listed in prop::collection::vec((a_name(), says()), 0..60)) {
        let entries: Vec<PolicyEntry> = listed
            .into_iter()
            .enumerate()
            .map(|(number, (name, says))| entry(Observable::Domain(name), says, number))
            .collect();
        let (bytes, built) = built(1, &entries);
        let policy = Policy::from_bytes(bytes, &key().verifying_key()).unwrap();
        prop_assert_eq!(policy.iter().count() as u64, built.entries);
        prop_assert_eq!(built.entries + built.superseded, entries.len() as u64);
        for found in policy.iter() {
            let added = &entries[found.decision.0 as usize];
            let expires = TimestampMs(added.expires.0.div_euclid(1_000) * 1_000);
            prop_assert_eq!(&found, &PolicyEntry { expires, ..added.clone() });
            let same: Vec<PolicyEntry> =
                policy.find(&found.observable).into_iter().filter_map(|entry| policy.entry(entry)).collect();
            prop_assert!(same.contains(&found));
            prop_assert!(same.iter().all(|same| same.observable == found.observable));
        }
    }
}

/// Things found by their whole key. None is the domain of another's mail sender.
const KEYS: [&str; 8] = [
    "http://a.example/",
    "http://a.example/x?y=1",
    "https://a.example/x?y=1",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "eve@a.example",
    "adam@b.example",
];

#[test]
fn an_unlisted_neighbour_is_never_found() {
    let policy = policy(&[block("evil.example.com", Scope::Subtree), block("only.example.net", Scope::Exact)]);
    let check = |name: &str, depth: Option<u8>| {
        let hit = policy.name(&DomainName::parse(name).unwrap(), TimestampMs(0));
        assert_eq!(hit.map(|hit| hit.depth_labels), depth, "{name}");
    };
    check("evil.example.com", Some(3));
    check("a.b.evil.example.com", Some(3));
    check("only.example.net", Some(3));
    for name in ["example.com", "com", "notevil.example.com", "evil.example.com.pk", "www.only.example.net"] {
        check(name, None);
    }
}

#[test]
fn a_question_is_read_up_to_its_root_label() {
    let policy = policy(&[block("evil.example", Scope::Subtree)]);
    let check = |wire: &[u8], found: bool| {
        assert_eq!(policy.name_wire(wire, TimestampMs(0)).is_some(), found, "{wire:?}");
    };
    check(b"\x04evil\x07example\0", true);
    check(b"\x04evil\x07example\0\0\x01\0\x01", true);
    check(b"\x04evil\x07example", false);
    check(b"\x04evil\xc0\x0c", false);
    check(b"\0", false);
    check(b"", false);
    check(&[b'\xff'; 300], false);
}

#[test]
fn a_senders_domain_answers_for_the_sender() {
    let mut all = block("@a.example", Scope::Exact);
    all.decision = DecisionNumber(2);
    let mut own = PolicyEntry { list: SHADOW, ..block("eve@a.example", Scope::Exact) };
    let mail = MailAddress::parse("eve@a.example").unwrap();
    let check = |entries: &[PolicyEntry], decision: Option<u32>| {
        let hit = policy(entries).mail(&mail, TimestampMs(0));
        assert_eq!(hit.map(|hit| hit.decision.0), decision);
    };
    check(&[], None);
    check(&[all.clone()], Some(2));
    check(std::slice::from_ref(&own), Some(1));
    // A list that is tried out changes no answer.
    check(&[all.clone(), own.clone()], Some(2));
    own.list = ENFORCED;
    check(&[all, own], Some(1));
}

#[test]
fn the_longest_name_and_the_longest_url_fit() {
    let label = "x".repeat(63);
    let name = format!("{label}.{label}.{label}.{}", "y".repeat(61));
    assert_eq!(name.len(), 253);
    let url = format!("http://{name}/{}", "z".repeat(7_000));
    let policy = policy(&[block(&name, Scope::Subtree), block(&url, Scope::Exact)]);
    assert!(policy.name(&DomainName::parse(&name).unwrap(), TimestampMs(0)).is_some());
    assert!(policy.url(&CanonicalUrl::parse(&url).unwrap(), TimestampMs(0)).is_some());
    let observables: Vec<String> = policy.iter().map(|entry| entry.observable.value()).collect();
    assert_eq!(observables, [name, url]);
}

#[test]
fn evidence_beyond_the_bound_keeps_what_was_seen_last() {
    let seen = |number: i64| Evidence {
        family: format!("family {number}").into(),
        first_seen: TimestampMs(0),
        last_seen: TimestampMs(number * 1_000),
    };
    let hash = "d41d8cd98f00b204e9800998ecf8427e";
    let policy = policy(&[PolicyEntry { evidence: (0..100).map(seen).collect(), ..block(hash, Scope::Exact) }]);
    let hit = policy.file(&FileHash::parse(hash).unwrap(), TimestampMs(0)).unwrap();
    let (score, evidence) = policy.evidence(hit.entry);
    assert_eq!((score, evidence.len()), (80, 32));
    assert_eq!(evidence.first(), Some(&seen(99)));
    assert_eq!(evidence.last(), Some(&seen(68)));
}

#[test]
fn some_thousands_of_names_are_each_found_by_number_and_by_name() {
    let entries: Vec<PolicyEntry> =
        (0..5_000).map(|number| block(&format!("host{number}.example.org"), Scope::Subtree)).collect();
    let policy = policy(&entries);
    assert_eq!(policy.iter().count(), 5_000);
    for entry in &entries {
        let Observable::Domain(name) = &entry.observable else { panic!("{entry:?}") };
        let hit = policy.name(name, TimestampMs(0)).unwrap();
        assert_eq!(policy.entry(hit.entry).unwrap().observable, entry.observable);
    }
}
