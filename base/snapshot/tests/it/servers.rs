//! Name servers are listed as such, and found as such alone.

use crate::common::{SHADOW, block, built, key, policy};
use sipar_model::{Action, NameServer, Observable, TimestampMs};
use sipar_snapshot::{Policy, PolicyEntry, Scope};

const NOW: TimestampMs = TimestampMs(0);

fn found(policy: &Policy, server: &str) -> Option<(Observable, Action)> {
    let hit = policy.name_server(&NameServer::parse(server).unwrap(), NOW)?;
    Some((policy.entry(hit.entry).unwrap().observable, hit.action))
}

fn check(policy: &Policy, server: &str, expect: &str) {
    let text = |(thing, action): (Observable, Action)| format!("{action} {}", thing.value());
    assert_eq!(found(policy, server).map(text).as_deref(), (!expect.is_empty()).then_some(expect), "{server}");
}

#[test]
fn the_deepest_name_and_the_longest_network_answer() {
    let allow = |thing| PolicyEntry { action: Action::Allow, ..block(thing, Scope::Subtree) };
    let policy = policy(&[
        block("ns:evil.example", Scope::Subtree),
        allow("ns:fine.evil.example"),
        block("ns:only.example", Scope::Exact),
        block("ns:192.0.2.0/24", Scope::Exact),
        allow("ns:192.0.2.53"),
        block("ns:2001:db8::/32", Scope::Exact),
        PolicyEntry { list: SHADOW, ..block("ns:tried.evil.example", Scope::Subtree) },
    ]);
    check(&policy, "evil.example", "block ns:evil.example");
    check(&policy, "ns1.evil.example", "block ns:evil.example");
    check(&policy, "a.fine.evil.example", "allow ns:fine.evil.example");
    check(&policy, "a.tried.evil.example", "block ns:evil.example");
    check(&policy, "only.example", "block ns:only.example");
    check(&policy, "below.only.example", "");
    check(&policy, "example", "");
    check(&policy, "192.0.2.1", "block ns:192.0.2.0/24");
    check(&policy, "192.0.2.53", "allow ns:192.0.2.53");
    check(&policy, "192.0.2.128/25", "block ns:192.0.2.0/24");
    check(&policy, "192.0.0.0/16", "");
    check(&policy, "2001:db8::53", "block ns:2001:db8::/32");
    assert_eq!(policy.iter().count(), 7);
}

#[test]
fn a_name_server_is_no_name_and_no_address_and_the_other_way_round() {
    let things = ["evil.example", "192.0.2.0/24", "2001:db8::1"];
    let servers = policy(&things.map(|thing| block(&format!("ns:{thing}"), Scope::Subtree)));
    let plain = policy(&things.map(|thing| block(thing, Scope::Subtree)));
    for thing in ["evil.example", "ns1.evil.example", "192.0.2.1", "2001:db8::1"] {
        let observable = Observable::guess(thing).unwrap();
        let asked = |policy: &Policy| match &observable {
            Observable::Domain(name) => policy.name(name, NOW),
            Observable::Address(address) => policy.address(*address, NOW),
            other => panic!("{other}"),
        };
        assert!(asked(&servers).is_none() && found(&servers, thing).is_some(), "{thing}");
        assert!(asked(&plain).is_some() && found(&plain, thing).is_none(), "{thing}");
    }
    assert!(servers.find(&Observable::guess("evil.example").unwrap()).is_empty());
}

/// A file that lists none is what it was before there were any.
#[test]
fn a_file_without_name_servers_has_no_place_for_them() {
    let (bytes, _) = built(1, &[block("evil.example", Scope::Subtree)]);
    let sections = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let id = |row: usize| u32::from_le_bytes(bytes[64 + row * 32..68 + row * 32].try_into().unwrap());
    assert!((0..sections).all(|row| id(row) < 0x80));
    let policy = Policy::from_bytes(bytes, &key().verifying_key()).unwrap();
    check(&policy, "evil.example", "");
}
