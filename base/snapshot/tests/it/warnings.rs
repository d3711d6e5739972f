//! Warning lists against a naive model.

use crate::common::key;
use proptest::prelude::*;
use sipar_model::{DomainName, Observable, Prefix, SnapshotSerial, TimestampMs, WarningKind};
use sipar_snapshot::{BuildError, ListNumber, Scope, WarningIndex, WarningIndexBuilder};

fn index(entries: &[(Observable, Scope, u16)]) -> WarningIndex {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("warnings");
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(5), TimestampMs(6));
    for kind in WarningKind::ALL {
        builder.list(kind.word(), "A list", *kind).unwrap();
    }
    for (observable, scope, list) in entries {
        builder.add(observable, *scope, ListNumber(*list)).unwrap();
    }
    builder.write(&path, &key()).unwrap();
    let index = WarningIndex::open(&path, &key().verifying_key()).unwrap();
    index.scrub().unwrap();
    index
}

fn a_thing() -> impl Strategy<Value = Observable> {
    let name = prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 1..4)
        .prop_map(|labels| Observable::Domain(DomainName::parse(&labels.join(".")).unwrap()));
    let network = (0_u32..32, 24_u8..=32).prop_map(|(low, length)| {
        let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + low);
        Observable::Prefix(Prefix::containing(address.into(), length).unwrap())
    });
    let other = prop::sample::select(vec![
        Observable::guess("http://a.b.c/x").unwrap(),
        Observable::guess("http://10.0.0.7/").unwrap(),
        Observable::guess("d41d8cd98f00b204e9800998ecf8427e").unwrap(),
    ]);
    prop_oneof![4 => name, 4 => network, 1 => other]
}

/// Whether an entry touches what is asked for, without the host of a URL.
fn touches(listed: &Observable, scope: Scope, asked: &Observable) -> bool {
    match (listed, asked) {
        (Observable::Domain(listed), Observable::Domain(asked)) if scope == Scope::Subtree => asked.is_within(listed),
        (Observable::Prefix(listed), Observable::Prefix(asked)) => {
            listed.net().contains(&asked.net()) || asked.net().contains(&listed.net())
        }
        (listed, asked) => listed == asked,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_thing_gets_the_lists_of_the_naive_model(
        listed in prop::collection::vec((a_thing(), any::<bool>(), 0_u16..4), 0..60),
        asked in prop::collection::vec(a_thing(), 1..40),
    ) {
        let entries: Vec<(Observable, Scope, u16)> = listed
            .into_iter()
            .map(|(thing, exact, list)| (thing, if exact { Scope::Exact } else { Scope::Subtree }, list))
            .collect();
        let index = index(&entries);
        for asked in asked {
            let host = match &asked {
                Observable::Url(url) => Some(Observable::guess(url.host_str()).unwrap()),
                _ => None,
            };
            let host = host.map(|host| match host {
                Observable::Address(address) => Observable::Prefix(Prefix::from(address)),
                other => other,
            });
            let mut expect: Vec<ListNumber> = entries
                .iter()
                .filter(|(listed, scope, _)| {
                    touches(listed, *scope, &asked) || host.as_ref().is_some_and(|host| touches(listed, *scope, host))
                })
                .map(|(.., list)| ListNumber(*list))
                .collect();
            expect.sort_unstable();
            expect.dedup();
            prop_assert_eq!(index.hits(&asked), expect, "{:?}", asked);
            if let Observable::Domain(asked) = &asked {
                let is_below = |listed: &Observable| {
                    matches!(listed, Observable::Domain(listed) if listed != asked && listed.is_within(asked))
                };
                let mut expect: Vec<ListNumber> =
                    entries.iter().filter(|(listed, ..)| is_below(listed)).map(|(.., list)| ListNumber(*list)).collect();
                expect.sort_unstable();
                expect.dedup();
                prop_assert_eq!(index.below(asked), expect, "below {}", asked);
            }
        }
    }
}

#[test]
fn lists_come_back_with_their_counts() {
    let index = index(&[
        (Observable::guess("a.example").unwrap(), Scope::Exact, 1),
        (Observable::guess("192.0.2.1").unwrap(), Scope::Exact, 1),
        (Observable::guess("192.0.2.1").unwrap(), Scope::Exact, 3),
    ]);
    let counts: Vec<(&str, WarningKind, u64)> =
        index.lists().iter().map(|list| (list.slug.as_str(), list.kind, list.entries)).collect();
    assert_eq!(
        counts,
        [
            ("inform", WarningKind::Inform, 0),
            ("lower", WarningKind::Lower, 2),
            ("review", WarningKind::Review, 0),
            ("never", WarningKind::Never, 1)
        ]
    );
    assert_eq!(index.hits(&Observable::guess("192.0.2.1").unwrap()), [ListNumber(1), ListNumber(3)]);
    assert_eq!(index.hits(&Observable::guess("eve@a.example").unwrap()), [ListNumber(1)]);
    assert_eq!((index.serial(), index.created()), (SnapshotSerial(5), TimestampMs(6)));
}

#[test]
fn what_no_index_can_hold_is_refused() {
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), TimestampMs(0));
    let list = builder.list("x", "X", WarningKind::Never).unwrap();
    let check = |result: Result<(), BuildError>, expect: &str| assert_eq!(result.unwrap_err().to_string(), expect);
    let mail = Observable::guess("eve@a.example").unwrap();
    check(builder.add(&mail, Scope::Exact, list), "`eve@a.example` cannot be looked up in such a file: add its domain");
    check(builder.add(&mail, Scope::Exact, ListNumber(9)), "list number 9 was not made by this builder");
}

#[test]
fn the_protected_names_below_a_name_are_told_up_to_a_bound() {
    let never = WarningKind::ALL.iter().position(|kind| *kind == WarningKind::Never).unwrap() as u16;
    let name = |text: &str| DomainName::parse(text).unwrap();
    let entry = |text: &str, scope, list| (Observable::Domain(name(text)), scope, list);
    let index = index(&[
        entry("a.host.example", Scope::Exact, never),
        entry("b.a.host.example", Scope::Subtree, never),
        // Listed with both scopes: the wider one counts.
        entry("b.a.host.example", Scope::Exact, never),
        entry("host.example", Scope::Exact, never),
        entry("host-a.example", Scope::Exact, never),
        entry("a.host0.example", Scope::Exact, never),
        entry("popular.host.example", Scope::Exact, (never + 1) % 4),
        entry("elsewhere.test", Scope::Subtree, never),
    ]);
    let below = |text: &str, max: usize| {
        index.protected_below(&name(text), max).map(|found| {
            found.into_iter().map(|(name, scope)| format!("{name} {scope:?}")).collect::<Vec<_>>().join(", ")
        })
    };
    let check = |text: &str, max, expect: Option<&str>| assert_eq!(below(text, max).as_deref(), expect, "{text}");
    check("host.example", 2, Some("a.host.example Exact, b.a.host.example Subtree"));
    check("host.example", 1, None);
    check("a.host.example", 1, Some("b.a.host.example Subtree"));
    check("b.a.host.example", 9, Some(""));
    check("ost.example", 9, Some(""));
    check("zzz.test", 9, Some(""));
    check("test", 9, Some("elsewhere.test Subtree"));
    check("example", 4, None);
    assert!(below("example", 5).is_some());
}
