//! Addresses and networks against a naive model, and who announces an address.

use crate::common::{ENFORCED, SHADOW, alive, block, key, policy, rank};
use proptest::prelude::*;
use sipar_model::{Action, Asn, DecisionNumber, Observable, Prefix, SnapshotSerial, TimestampMs};
use sipar_snapshot::{BuildError, Networks, NetworksBuilder, PolicyEntry, Scope};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses near one another and at the ends, so that networks meet.
fn an_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..64).prop_map(|low| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + low))),
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        prop::sample::select(vec![0, 1, u32::MAX - 1, u32::MAX]).prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        (0_u128..64).prop_map(|low| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + low))),
        (0_u128..64).prop_map(|middle| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) + (middle << 64)))),
        prop::sample::select(vec![1, u128::MAX - 1, u128::MAX]).prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
    ]
}

fn a_network() -> impl Strategy<Value = Prefix> {
    (an_address(), prop::sample::select(vec![0_u8, 1, 8, 16, 24, 26, 28, 30, 31, 32, 64, 100, 126, 127, 128])).prop_map(
        |(address, length)| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            Prefix::containing(address, length.min(most)).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_address_gets_the_answer_of_the_naive_model(
        listed in prop::collection::vec((a_network(), any::<bool>(), prop::bool::weighted(0.3), 0_i64..6_000), 0..60),
        asked in prop::collection::vec((an_address(), 0_i64..7_000), 1..60),
    ) {
        let entries: Vec<PolicyEntry> = listed
            .iter()
            .enumerate()
            .map(|(number, (network, allow, shadow, expires))| PolicyEntry {
                observable: Observable::Prefix(*network),
                action: if *allow { Action::Allow } else { Action::Block },
                list: if *shadow { SHADOW } else { ENFORCED },
                expires: TimestampMs(*expires),
                decision: DecisionNumber(u32::try_from(number).unwrap()),
                ..block("192.0.2.1", Scope::Exact)
            })
            .collect();
        let policy = policy(&entries);
        for (address, now) in asked {
            let now = TimestampMs(now);
            let expect = entries
                .iter()
                .zip(&listed)
                .filter(|(entry, (network, ..))| alive(entry, now) && network.contains(address))
                .max_by_key(|(entry, (network, ..))| rank(entry, usize::from(network.length()), false));
            let hit = policy.address(address, now);
            prop_assert_eq!(hit.map(|hit| hit.decision), expect.map(|(entry, _)| entry.decision), "{}", address);
            if let (Some(hit), Some((entry, (network, ..)))) = (hit, expect) {
                prop_assert_eq!((hit.action, hit.depth_labels), (entry.action, network.length()));
                prop_assert_eq!(policy.evidence(hit.entry), (entry.score, entry.evidence.clone()));
                let observable = policy.entry(hit.entry).unwrap().observable;
                prop_assert_eq!(observable, network.single().map_or(Observable::Prefix(*network), Observable::Address));
            }
        }
        for (entry, (network, ..)) in entries.iter().zip(&listed) {
            let on: Vec<PolicyEntry> =
                policy.find(&entry.observable).into_iter().filter_map(|found| policy.entry(found)).collect();
            prop_assert!(!on.is_empty(), "{}", network);
            prop_assert!(on.iter().all(|on| listed[on.decision.0 as usize].0 == *network));
        }
    }
}

#[test]
fn an_ipv4_address_in_ipv6_form_is_the_same_address() {
    let policy = policy(&[block("192.0.2.0/24", Scope::Exact)]);
    let check = |address: &str, found: bool| {
        assert_eq!(policy.address(address.parse().unwrap(), TimestampMs(0)).is_some(), found, "{address}");
    };
    check("192.0.2.9", true);
    check("::ffff:192.0.2.9", true);
    check("192.0.3.0", false);
    check("::192.0.2.9", false);
}

#[test]
fn an_autonomous_system_is_refused_with_what_to_do() {
    let mut builder = sipar_snapshot::PolicyBuilder::new(crate::common::head(1));
    let entry = PolicyEntry { observable: Observable::Asn(Asn(64_500)), ..block("192.0.2.1", Scope::Exact) };
    assert!(matches!(builder.add(entry.clone()), Err(BuildError::UnknownList(0))));
    let list = sipar_snapshot::ListInfo {
        slug: "main".into(),
        title: String::new(),
        category: entry.category,
        mode: sipar_snapshot::Mode::Enforce,
    };
    builder.list(list).unwrap();
    let error = builder.add(entry).unwrap_err();
    assert_eq!(error.to_string(), "`AS64500` cannot be looked up in such a file: add the networks that it announces");
}

fn networks(ranges: &[(&str, &str, u32, &str)]) -> Networks {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("networks");
    let mut builder = NetworksBuilder::new(SnapshotSerial(3), TimestampMs(4));
    for (first, last, asn, name) in ranges {
        builder.add(first.parse().unwrap(), last.parse().unwrap(), Asn(*asn), name).unwrap();
    }
    builder.write(&path, &key()).unwrap();
    let networks = Networks::open(&path, &key().verifying_key()).unwrap();
    networks.scrub().unwrap();
    assert_eq!((networks.serial(), networks.created()), (SnapshotSerial(3), TimestampMs(4)));
    networks
}

#[test]
fn the_owner_of_an_address_is_found() {
    let networks = networks(&[
        ("10.0.0.0", "10.0.0.255", 1, "One"),
        ("10.0.0.16", "10.0.0.31", 2, "Zwei"),
        ("10.0.2.0", "10.0.2.9", 1, "One"),
        ("2001:db8::", "2001:db8::ffff", 3, "تین"),
        ("255.255.255.0", "255.255.255.255", 4, ""),
    ]);
    let check = |address: &str, owner: Option<(u32, &str)>| {
        let expect = owner.map(|(asn, name)| (Asn(asn), name));
        assert_eq!(networks.owner(address.parse().unwrap()), expect, "{address}");
    };
    check("9.255.255.255", None);
    check("10.0.0.0", Some((1, "One")));
    check("10.0.0.16", Some((2, "Zwei")));
    check("10.0.0.32", Some((1, "One")));
    check("10.0.1.0", None);
    check("10.0.2.9", Some((1, "One")));
    check("10.0.2.10", None);
    check("255.255.255.255", Some((4, "")));
    check("2001:db8::1", Some((3, "تین")));
    check("2001:db8::1:0", None);
    check("::1", None);
}

#[test]
fn a_table_without_ranges_answers_nothing() {
    assert_eq!(networks(&[]).owner("192.0.2.1".parse().unwrap()), None);
}

#[test]
fn a_range_that_is_none_is_refused() {
    let mut builder = NetworksBuilder::new(SnapshotSerial(1), TimestampMs(0));
    for (first, last) in [("10.0.0.2", "10.0.0.1"), ("10.0.0.1", "2001:db8::1")] {
        let added = builder.add(first.parse().unwrap(), last.parse().unwrap(), Asn(1), "x");
        assert!(matches!(added, Err(BuildError::BadRange { .. })), "{first} {last}");
    }
}
