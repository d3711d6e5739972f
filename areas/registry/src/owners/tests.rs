//! The longest match, at a time; and the table against a scan.

use super::*;
use proptest::prelude::*;

fn thing(text: &str) -> Observable {
    Observable::guess(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn period(from: i64, until: Option<i64>) -> Period {
    Period::new(TimestampMs(from), until.map(TimestampMs)).expect("a period")
}

/// A claim as a test writes it: whose, on what, from when, until when.
type Written<'a> = (&'a str, &'a str, i64, Option<i64>);

fn table(claims: &[Written<'_>]) -> OwnerTable {
    let mut builder = OwnerTableBuilder::default();
    let mut known = HashMap::new();
    for (party, what, from, until) in claims {
        let place = *known
            .entry(*party)
            .or_insert_with(|| builder.party(PartyId::parse(party).expect("a short name"), (*party).to_uppercase()));
        builder.claim(&thing(what), place, period(*from, *until));
    }
    builder.build()
}

#[test]
fn the_longest_match_owns() {
    let table = table(&[
        ("a", "example.org", 0, None),
        ("a", "192.0.2.0/24", 0, None),
        ("a", "2001:db8::/32", 0, None),
        ("b", "b.example.org", 0, None),
        ("b", "192.0.2.128/25", 0, None),
        ("b", "2001:db8:1::/48", 0, None),
        ("b", "192.0.2.7", 0, None),
        ("b", "https://example.org/shop", 0, None),
        ("b", "AS64500", 0, None),
    ]);
    let check = |what: &str, expect: Option<(&str, &str)>| {
        let owner = table.owner_of(&thing(what), TimestampMs(5));
        let found = owner.as_ref().map(|owner| (owner.party.as_str(), owner.asset.value()));
        assert_eq!(found, expect.map(|(party, asset)| (party, asset.to_owned())), "{what}");
    };
    check("example.org", Some(("a", "example.org")));
    check("www.example.org", Some(("a", "example.org")));
    check("x.b.example.org", Some(("b", "b.example.org")));
    check("notexample.org", None);
    check("192.0.2.1", Some(("a", "192.0.2.0/24")));
    check("192.0.2.200", Some(("b", "192.0.2.128/25")));
    check("192.0.2.7", Some(("b", "192.0.2.7")));
    check("192.0.2.8", Some(("a", "192.0.2.0/24")));
    check("192.0.2.0/25", Some(("a", "192.0.2.0/24")));
    check("192.0.2.0/23", None);
    check("198.51.100.1", None);
    check("2001:db8:1::5", Some(("b", "2001:db8:1::/48")));
    check("2001:db8:2::5", Some(("a", "2001:db8::/32")));
    check("https://b.example.org/x", Some(("b", "b.example.org")));
    check("https://example.org/shop", Some(("b", "https://example.org/shop")));
    check("https://example.org/shop/a", Some(("a", "example.org")));
    check("https://192.0.2.200/", Some(("b", "192.0.2.128/25")));
    check("info@example.org", Some(("a", "example.org")));
    check("ns:ns1.b.example.org", Some(("b", "b.example.org")));
    check("AS64500", Some(("b", "AS64500")));
    check("AS64501", None);
}

#[test]
fn things_change_hands() {
    let table = table(&[
        ("old", "192.0.2.0/24", 0, Some(10)),
        ("new", "192.0.2.0/24", 10, None),
        ("inner", "192.0.2.0/26", 5, Some(15)),
    ]);
    let owner =
        |what: &str, at: i64| table.owner_of(&thing(what), TimestampMs(at)).map(|owner| owner.party.to_string());
    for (at, whole, part) in [
        (-1, None, None),
        (0, Some("old"), Some("old")),
        (5, Some("old"), Some("inner")),
        (10, Some("new"), Some("inner")),
        (15, Some("new"), Some("new")),
    ] {
        assert_eq!(owner("192.0.2.200", at).as_deref(), whole, "{at}");
        assert_eq!(owner("192.0.2.1", at).as_deref(), part, "{at}");
    }
}

#[test]
fn what_is_owned_within() {
    let table = table(&[
        ("a", "example.org", 0, None),
        ("b", "b.example.org", 0, Some(9)),
        ("c", "notexample.org", 0, None),
        ("a", "192.0.2.0/24", 0, None),
        ("b", "192.0.2.7", 0, None),
    ]);
    let within = |what: &str, at: i64, max: usize| -> Vec<String> {
        let owners = table.owned_within(&thing(what), TimestampMs(at), max);
        owners.into_iter().map(|owner| owner.asset.value()).collect()
    };
    assert_eq!(within("example.org", 5, 9), ["b.example.org"]);
    assert_eq!(within("example.org", 9, 9), [""; 0]);
    assert_eq!(within("192.0.0.0/16", 5, 9), ["192.0.2.0/24", "192.0.2.7"]);
    assert_eq!(within("192.0.0.0/16", 5, 1), ["192.0.2.0/24"]);
    assert_eq!(within("192.0.2.0/24", 5, 9), ["192.0.2.7"]);
}

/// Who owns `subject`, by looking at every claim.
fn scanned(claims: &[(u8, Observable, Period)], subject: &Observable, at: TimestampMs) -> Option<(u8, Observable)> {
    let covers = |asset: &Observable| match (asset, subject) {
        (Observable::Domain(asset), Observable::Domain(subject)) => subject.is_within(asset),
        (Observable::Domain(_), _) | (_, Observable::Domain(_)) => false,
        (asset, subject) => {
            let net = |thing: &Observable| match thing {
                Observable::Address(address) => Prefix::from(*address),
                Observable::Prefix(prefix) => *prefix,
                other => panic!("{other} is no network"),
            };
            let (asset, subject) = (net(asset), net(subject));
            asset.length() <= subject.length() && asset.contains(subject.addr())
        }
    };
    let length = |asset: &Observable| match asset {
        Observable::Domain(name) => name.label_count(),
        Observable::Prefix(prefix) => usize::from(prefix.length()),
        _ => usize::MAX,
    };
    let around = claims.iter().filter(|(_, asset, period)| covers(asset) && period.holds(at));
    let best = around.max_by_key(|(party, asset, period)| (length(asset), period.from, Reverse(*party)));
    best.map(|(party, asset, _)| (*party, asset.clone()))
}

fn things() -> impl Strategy<Value = Observable> {
    let v4 = (0_u32..16, 20_u8..=32).prop_map(|(low, length)| {
        let address = IpAddr::V4(Ipv4Addr::from_bits(0xc000_0200 | (low << 4) | low));
        Prefix::containing(address, length).map(Observable::from).expect("a network")
    });
    let v6 = (0_u128..16, 28_u8..=128).prop_map(|(low, length)| {
        let address = IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | (low << 80) | (low << 40) | low));
        Prefix::containing(address, length).map(Observable::from).expect("a network")
    });
    let name = proptest::collection::vec(prop_oneof!["a", "b", "a-b", "_c"], 1..5)
        .prop_map(|labels| thing(&format!("{}.example", labels.join("."))));
    prop_oneof![v4, v6, name]
}

proptest! {
    #[test]
    fn the_table_says_what_a_scan_says(
        claims in proptest::collection::vec((0_u8..5, things(), 0_i64..20, proptest::option::of(1_i64..20)), 0..60),
        asked in proptest::collection::vec((things(), -1_i64..30), 1..20),
    ) {
        let claims: Vec<(u8, Observable, Period)> =
            claims.into_iter().map(|(party, asset, from, lasts)| (party, asset, period(from, lasts.map(|l| from + l)))).collect();
        let mut builder = OwnerTableBuilder::default();
        for number in 0..5_u8 {
            builder.party(PartyId::parse(&format!("p{number}")).expect("a short name"), String::new());
        }
        for (party, asset, period) in &claims {
            builder.claim(asset, u32::from(*party), *period);
        }
        let table = builder.build();
        for (subject, at) in &asked {
            let at = TimestampMs(*at);
            let found = table.owner_of(subject, at).map(|owner| (owner.party.to_string(), owner.asset));
            let expect = scanned(&claims, subject, at).map(|(party, asset)| (format!("p{party}"), asset));
            prop_assert_eq!(found, expect, "{} at {}", subject, at.0);
        }
    }
}
