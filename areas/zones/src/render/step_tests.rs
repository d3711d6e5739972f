//! Whatever changes, a zone and what is told of its changes lead to the same.

use super::*;
use crate::{
    render::{
        names,
        rpz::{Answer, Rpz},
    },
    wire::{Name, Record},
};
use proptest::prelude::*;
use sipar_model::{Action, Category, DecisionNumber, DomainName, Severity, SnapshotSerial, TimestampMs, Tlp};
use sipar_snapshot::{ListInfo, Mode, Policy, PolicyBuilder, PolicyHead, Scope, SigningKey};
use std::{collections::BTreeMap, sync::Arc};

pub(super) type Records = BTreeSet<(Vec<u8>, bool, u16, Vec<u8>)>;

pub(super) struct Collect(pub(super) Records);

impl Sink for Collect {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Stopped> {
        let fresh = self.0.insert((record.owner.to_vec(), record.wild, record.kind, record.data.to_vec()));
        assert!(fresh, "{record:?} twice");
        Ok(())
    }
}

/// What is listed: `true` is blocked.
pub(super) type Listed = BTreeMap<String, bool>;

pub(super) fn layers(listed: &Listed, key: &SigningKey) -> Layers {
    let mut builder =
        PolicyBuilder::new(PolicyHead { serial: SnapshotSerial(1), created: TimestampMs(0), contact: String::new() });
    let info = ListInfo { slug: "l".into(), title: "l".into(), category: Category::Phishing, mode: Mode::Enforce };
    let list = builder.list(info).unwrap();
    for (what, block) in listed {
        let observable = Observable::guess(what).unwrap();
        let is_name = observable.name().is_some();
        let entry = PolicyEntry {
            observable,
            scope: if is_name { Scope::Subtree } else { Scope::Exact },
            action: if *block { Action::Block } else { Action::Allow },
            category: Category::Phishing,
            severity: Severity::Low,
            tlp: if what.contains("secret") { Tlp::Amber } else { Tlp::Clear },
            list,
            expires: TimestampMs(4_000_000_000_000),
            decision: DecisionNumber(1),
            score: 1,
            evidence: Vec::new(),
        };
        builder.add(entry).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p");
    builder.write(&path, key).unwrap();
    Layers::new(Arc::new(Policy::open(&path, &key.verifying_key()).unwrap()))
}

fn zone(view: &View, feed: Feed) -> Records {
    let rpz = Rpz::new(feed, &Name::from_text("all.rpz.sipar").unwrap(), &Answer::Nxdomain).unwrap();
    let rpz = Form::Rpz(rpz);
    let mut all = Collect(Records::new());
    view.walk(&rpz, &mut all).unwrap();
    all.0
}

/// What a name server that follows RFC 4592 finds for `name` in a zone: blocked, allowed, or nothing.
fn found(zone: &Records, name: &str) -> Option<bool> {
    let wire = |text: &str| names::wire_of(&DomainName::parse(text).unwrap());
    let exists = |text: &str| {
        let end = wire(text);
        zone.iter().any(|(owner, wild, ..)| owner.ends_with(&end) && (!wild || owner.len() >= end.len()))
    };
    let data = |owner: &[u8], wild| zone.iter().find(|one| one.0 == owner && one.1 == wild).map(|one| one.3 == [0]);
    if exists(name) {
        return data(&wire(name), false);
    }
    let mut above = name.split_once('.');
    while let Some((_, closest)) = above {
        if exists(closest) {
            return data(&wire(closest), true);
        }
        above = closest.split_once('.');
    }
    None
}

fn listed() -> impl Strategy<Value = Listed> {
    let label = || proptest::sample::select(vec!["a", "b"]);
    let name = proptest::collection::vec(label(), 1..5).prop_map(|labels| format!("{}.example", labels.join(".")));
    let net = proptest::sample::select(vec!["192.0.2.1", "192.0.2.0/24", "2001:db8::/32"]).prop_map(str::to_owned);
    let thing = (prop_oneof![4 => name, 1 => net], prop_oneof![2 => Just(""), 1 => Just("ns:")]);
    proptest::collection::btree_map(thing.prop_map(|(thing, kind)| format!("{kind}{thing}")), any::<bool>(), 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What RFC 4592 makes of the zone is what the deepest decision says, for each name.
    #[test]
    fn nothing_listed_hides_what_is_above_it(listed in listed(), asked in "(a|b)(\\.(a|b)){0,5}\\.example") {
        let key = SigningKey::generate().unwrap();
        let zone = zone(&View::new(layers(&listed, &key)), Feed::All);
        // As a name that is asked for, and as that of a name server.
        for (kind, end) in [("", ""), ("ns:", ".rpz-nsdname")] {
            let suffixes = std::iter::successors(Some(asked.as_str()), |name| name.split_once('.').map(|(_, up)| up));
            let expect = suffixes.filter_map(|name| listed.get(&format!("{kind}{name}"))).next().copied();
            prop_assert_eq!(found(&zone, &format!("{asked}{end}")), expect, "{}{} in {:?}", kind, asked, listed);
        }
    }

    /// A zone with the changes is the next zone, over several states at once too.
    #[test]
    fn changes_lead_from_zone_to_zone(states in proptest::collection::vec(listed(), 2..4)) {
        let key = SigningKey::generate().unwrap();
        let mut view = View::new(layers(&states[0], &key));
        let first = zone(&view, Feed::Phishing);
        let mut steps = Vec::new();
        for pair in states.windows(2) {
            let changed = pair[0].keys().chain(pair[1].keys()).filter(|one| pair[0].get(*one) != pair[1].get(*one));
            let changed: Vec<Observable> = changed.map(|one| Observable::guess(one).unwrap()).collect();
            let after = layers(&pair[1], &key);
            let compared: BTreeSet<Observable> = compare(&view.layers, &after).into_iter().collect();
            prop_assert_eq!(compared, changed.iter().cloned().collect());
            let (next, changes) = step(&view, after, &changed, Lists::Untold);
            let changes = changes.unwrap();
            prop_assert_eq!(decode(&encode(&changes)), Some(changes.clone()));
            steps.push(changes);
            view = next;
        }
        let rpz = Rpz::new(Feed::Phishing, &Name::from_text("all.rpz.sipar").unwrap(), &Answer::Nxdomain).unwrap();
        let rpz = Form::Rpz(rpz);
        let (mut gone, mut come) = (Collect(Records::new()), Collect(Records::new()));
        for change in condense(steps.iter().map(Vec::as_slice)) {
            change.write(&change.before, &rpz, &mut gone).unwrap();
            change.write(&change.after, &rpz, &mut come).unwrap();
        }
        prop_assert!(gone.0.is_subset(&first));
        let led: Records = first.difference(&gone.0).cloned().chain(come.0).collect();
        prop_assert_eq!(led, zone(&view, Feed::Phishing));
    }
}

/// The owners of a zone's records, as text.
fn owners(view: &View, feed: Feed) -> Vec<String> {
    let text = |(owner, wild, ..): (Vec<u8>, bool, u16, Vec<u8>)| {
        let name = Name::read(&[&owner[..], &[0]].concat(), 0).unwrap().0.to_string();
        format!("{}{name}", if wild { "*." } else { "" })
    };
    let mut owners: Vec<String> = zone(view, feed).into_iter().map(text).collect();
    owners.sort();
    owners
}

/// draft-vixie-dnsop-dns-rpz-00 §4.4 and §4.5.
#[test]
fn name_servers_have_triggers_of_their_own_and_no_others() {
    let key = SigningKey::generate().unwrap();
    let listed = ["ns:ns1.evil.example", "ns:192.0.2.53", "ns:198.51.100.0/24", "ns:2001:db8:2::/48"];
    let view = View::new(layers(&listed.map(|name| (name.to_owned(), true)).into(), &key));
    let expect = [
        "*.ns1.evil.example.rpz-nsdname.",
        "24.0.100.51.198.rpz-nsip.",
        "32.53.2.0.192.rpz-nsip.",
        "48.zz.2.db8.2001.rpz-nsip.",
        "ns1.evil.example.rpz-nsdname.",
    ];
    assert_eq!(owners(&view, Feed::All), expect);
    assert_eq!(owners(&view, Feed::Phishing), expect);
    assert!(owners(&view, Feed::Malware).is_empty());
    // Lists of names and of addresses are asked for what is bad itself.
    for about in About::ALL {
        let apex = Name::from_text("all.name.bl.sipar").unwrap();
        let list = Form::List(crate::render::list::List::new(Feed::All, about, &apex).unwrap());
        let mut all = Collect(Records::new());
        view.walk(&list, &mut all).unwrap();
        assert_eq!(all.0.len(), 2, "the test entry alone");
    }
    assert_eq!(view.index.left_out(10), (0, 0));
    assert_eq!(view.index.left_out(255 - "ns1.evil.example".len() - 3), (1, 0), "with its ending it is too long");
}

#[test]
fn nothing_above_green_leaves_and_other_categories_stay_out() {
    let key = SigningKey::generate().unwrap();
    let listed = [("secret.example", true), ("open.example", true), ("fine.example", false)];
    let view = View::new(layers(&listed.map(|(name, block)| (name.to_owned(), block)).into(), &key));
    assert_eq!(zone(&view, Feed::All).len(), 4);
    assert_eq!(zone(&view, Feed::Phishing).len(), 4);
    assert_eq!(zone(&view, Feed::Malware).len(), 2, "exceptions alone");
    assert_eq!(zone(&view, Feed::Trial).len(), 0);
}
