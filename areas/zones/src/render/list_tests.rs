//! What a name server that follows RFC 4592 makes of a list of addresses is what the longest listed network says.

use super::{
    super::list::{About, List},
    tests::{Collect, Listed, Records, layers},
    *,
};
use crate::wire::{A, Name};
use proptest::prelude::*;
use sipar_snapshot::SigningKey;

fn form(about: About) -> Form {
    Form::List(List::new(Feed::All, about, &Name::from_text("all.ip4.bl.sipar").unwrap()).unwrap())
}

fn zone(view: &View, about: About) -> Records {
    let mut all = Collect(Records::new());
    view.walk(&form(about), &mut all).unwrap();
    all.0
}

/// Whether an address record answers for this owner.
fn answers(zone: &Records, owner: &[u8]) -> bool {
    let has = |place: &[u8], wild| zone.iter().any(|one| one.0 == place && one.1 == wild && one.2 == A);
    let exists = |place: &[u8]| zone.iter().any(|one| is_below(&one.0, place));
    if exists(owner) {
        return has(owner, false);
    }
    let mut above = owner;
    while let Some(length) = above.first() {
        above = &above[1 + usize::from(*length)..];
        if exists(above) {
            return has(above, true);
        }
    }
    false
}

fn is_below(mut owner: &[u8], place: &[u8]) -> bool {
    while owner.len() > place.len() {
        owner = &owner[1 + usize::from(owner[0])..];
    }
    owner == place
}

/// Networks that overlap often: few bits are chosen freely.
fn network() -> impl Strategy<Value = String> {
    let some = || proptest::sample::select(vec![0_u8, 1, 2, 3, 64, 127, 128, 200, 255]);
    let v4 = (proptest::sample::select(vec![8, 10]), some(), some(), some(), 8_u8..=32);
    let v4 = v4.prop_map(|(a, b, c, d, length)| Prefix::containing([a, b, c, d].into(), length).unwrap().to_string());
    let v6 = (some(), some(), some(), 8_u8..=128).prop_map(|(a, b, c, length)| {
        let mut octets = [0; 16];
        (octets[0], octets[1], octets[2], octets[15]) = (0x20, a, b, c);
        Prefix::containing(octets.into(), length).unwrap().to_string()
    });
    prop_oneof![3 => v4, 1 => v6]
}

fn listed() -> impl Strategy<Value = Listed> {
    proptest::collection::btree_map(network(), any::<bool>(), 0..9).prop_map(|all| {
        // A network of one address is that address.
        let plain = |text: String| Observable::guess(&text).unwrap().to_string();
        all.into_iter().map(|(text, block)| (plain(text), block)).collect()
    })
}

/// Both ends of each network, and what is just beside it.
fn probes(listed: &Listed) -> Vec<Net> {
    let ends = |text: &String| {
        let net = Net::from(super::network(&Observable::guess(text).unwrap()).unwrap());
        let unit = if net.is_v6 { 1 } else { 1 << 96 };
        let last = net.last() & !(unit - 1);
        [net.bits, last, net.bits.wrapping_sub(unit), last.wrapping_add(unit)].map(|bits| Net {
            is_v6: net.is_v6,
            bits,
            length: net.length_max(),
        })
    };
    listed.keys().flat_map(ends).filter(|net| !super::super::nodes::is_left_out(net)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rfc4592_every_address_is_answered_by_the_longest_network_around_it(listed in listed()) {
        let key = SigningKey::generate().unwrap();
        let view = View::new(layers(&listed, &key));
        let zones = [zone(&view, About::Ip4), zone(&view, About::Ip6)];
        let nets: Vec<(Net, bool)> = listed
            .iter()
            .map(|(text, block)| (Net::from(super::network(&Observable::guess(text).unwrap()).unwrap()), *block))
            .collect();
        for probe in probes(&listed) {
            let around = nets.iter().filter(|(net, _)| net.holds(&probe)).max_by_key(|(net, _)| net.length);
            let expect = around.is_some_and(|(_, block)| *block);
            let zone = &zones[usize::from(probe.is_v6)];
            prop_assert_eq!(answers(zone, &probe.labels()), expect, "{:?} in {:?}", probe.prefix(), listed);
        }
    }

    #[test]
    fn changes_lead_from_list_to_list(states in proptest::collection::vec(listed(), 2..4)) {
        let key = SigningKey::generate().unwrap();
        let mut view = View::new(layers(&states[0], &key));
        let first = [About::Ip4, About::Ip6].map(|about| zone(&view, about));
        let mut steps = Vec::new();
        for pair in states.windows(2) {
            let changed = pair[0].keys().chain(pair[1].keys()).filter(|one| pair[0].get(*one) != pair[1].get(*one));
            let changed: BTreeSet<Observable> = changed.map(|one| Observable::guess(one).unwrap()).collect();
            let changed: Vec<Observable> = changed.into_iter().collect();
            let (next, changes) = step(&view, layers(&pair[1], &key), &changed, Lists::Told);
            let changes = changes.unwrap();
            prop_assert_eq!(decode(&encode(&changes)), Some(changes.clone()));
            steps.push(changes);
            view = next;
        }
        for (about, first) in [About::Ip4, About::Ip6].into_iter().zip(first) {
            let (mut gone, mut come) = (Collect(Records::new()), Collect(Records::new()));
            for change in condense(steps.iter().map(Vec::as_slice)) {
                change.write(&change.before, &form(about), &mut gone).unwrap();
                change.write(&change.after, &form(about), &mut come).unwrap();
            }
            prop_assert!(gone.0.is_subset(&first));
            let led: Records = first.difference(&gone.0).cloned().chain(come.0).collect();
            prop_assert_eq!(led, zone(&view, about), "{:?}", states);
        }
    }
}

#[test]
fn rfc5782_5_test_entries_are_always_there() {
    let view = View::new(layers(&Listed::new(), &SigningKey::generate().unwrap()));
    let net = |text| Net::from(Prefix::parse(text).unwrap()).labels();
    let zones = About::ALL.map(|about| zone(&view, about));
    assert!(answers(&zones[0], &net("127.0.0.2")) && !answers(&zones[0], &net("127.0.0.1")));
    // ::FFFF:7F00:2 and ::FFFF:7F00:1.
    let mapped = |last: u128| Net { is_v6: true, bits: 0xffff_7f00_0000 | last, length: 128 }.labels();
    assert!(answers(&zones[1], &mapped(2)) && !answers(&zones[1], &mapped(1)));
    assert_eq!(&mapped(2)[..14], b"\x012\x010\x010\x010\x010\x010\x01f");
    assert!(answers(&zones[2], b"\x04test") && !answers(&zones[2], b"\x07invalid"));
}

#[test]
fn names_are_listed_with_what_is_below_them_and_exceptions_hold() {
    let listed = [("evil.example", true), ("good.evil.example", false), ("a.b.good.evil.example", true)];
    let listed = listed.map(|(name, block)| (name.to_owned(), block)).into();
    let zone = zone(&View::new(layers(&listed, &SigningKey::generate().unwrap())), About::Name);
    for (name, expect) in [
        ("evil.example", true),
        ("www.evil.example", true),
        ("good.evil.example", false),
        ("www.good.evil.example", false),
        ("b.good.evil.example", false),
        ("x.a.b.good.evil.example", true),
        ("example", false),
    ] {
        let owner = crate::render::names::wire_of(&sipar_model::DomainName::parse(name).unwrap());
        assert_eq!(answers(&zone, &owner), expect, "{name}");
    }
}
