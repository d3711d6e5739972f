//! A policy with deltas over it answers exactly as one compiled from everything at once.

use crate::common::{ENFORCED, SHADOW, block, built, head, key, lists};
use proptest::prelude::*;
use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs};
use sipar_snapshot::{
    Delta, DeltaBuilder, DeltaHead, EntryRef, Hit, LayerError, Layers, ListInfo, Mode, Policy, PolicyBuilder,
    PolicyEntry, Scope, Update,
};
use std::{collections::BTreeMap, fs, sync::Arc};

/// What is listed, and what else is asked for: names within names, networks within networks, and one of each key.
const THINGS: [&str; 29] = [
    "a.example",
    "b.a.example",
    "c.b.a.example",
    "d.c.b.a.example",
    "bb.example",
    "x.bb.example",
    "192.0.2.1",
    "192.0.2.0/24",
    "192.0.2.0/25",
    "192.0.2.128/25",
    "192.0.0.0/16",
    "0.0.0.0/0",
    "2001:db8::1",
    "2001:db8::/32",
    "2001:db8::/48",
    "2001:db8::/127",
    "http://a.example/",
    "http://a.example/x",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "eve@a.example",
    "@a.example",
    "adam@a.example",
    "192.0.2.200",
    "ns:a.example",
    "ns:b.a.example",
    "ns:192.0.2.0/25",
    "ns:192.0.2.1",
    "ns:2001:db8::/32",
];

type Says = (bool, bool, bool, i64, u8);

fn says() -> impl Strategy<Value = Says> {
    (any::<bool>(), any::<bool>(), prop::bool::weighted(0.3), 0_i64..6_000, 1_u8..5)
}

/// Some things, and all that is said of each from then on.
fn a_state() -> impl Strategy<Value = Vec<(usize, Vec<Says>)>> {
    prop::collection::vec((0..THINGS.len(), prop::collection::vec(says(), 0..4)), 0..12)
}

fn entry(observable: &Observable, (exact, allow, shadow, expires, severity): Says, decision: u32) -> PolicyEntry {
    let entry = PolicyEntry {
        observable: observable.clone(),
        scope: if exact { Scope::Exact } else { Scope::Subtree },
        action: if allow { Action::Allow } else { Action::Block },
        list: if shadow { SHADOW } else { ENFORCED },
        expires: TimestampMs(expires),
        severity: Severity::from_number(severity).unwrap(),
        decision: DecisionNumber(decision),
        ..block("192.0.2.1", Scope::Exact)
    };
    entry.canonical()
}

type State = BTreeMap<Observable, Vec<PolicyEntry>>;

/// Moves the state on; returns what changed.
fn advance(state: &mut State, changes: &[(usize, Vec<Says>)], decision: &mut u32) -> Vec<Update> {
    let mut updates: BTreeMap<Observable, Update> = BTreeMap::new();
    for (thing, says) in changes {
        let observable = Observable::guess(THINGS[*thing]).unwrap();
        let after: Vec<PolicyEntry> = says
            .iter()
            .map(|says| {
                *decision += 1;
                entry(&observable, *says, *decision)
            })
            .collect();
        let before = state.insert(observable.clone(), after.clone()).unwrap_or_default();
        updates.entry(observable.clone()).or_insert(Update { observable, before, after: Vec::new() }).after = after;
    }
    updates.into_values().collect()
}

fn delta(from: u64, to: u64, updates: Vec<Update>, lists: Vec<ListInfo>) -> Delta {
    let head = DeltaHead {
        from: SnapshotSerial(from),
        to: SnapshotSerial(to),
        created: TimestampMs(i64::try_from(to).unwrap()),
        contact: format!("mailto:{to}@example.pk"),
        lists,
    };
    let mut builder = DeltaBuilder::new(head);
    for update in updates {
        builder.add(update).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delta");
    builder.write(&path, &key()).unwrap();
    Delta::from_bytes(fs::read(path).unwrap(), &key().verifying_key()).unwrap()
}

fn whole(serial: u64, state: &State) -> Layers {
    let entries: Vec<PolicyEntry> = state.values().flatten().cloned().collect();
    Layers::new(Arc::new(Policy::from_bytes(built(serial, &entries).0, &key().verifying_key()).unwrap()))
}

fn hit(layers: &Layers, observable: &Observable, now: TimestampMs) -> Option<Hit> {
    let hit = match observable {
        Observable::Domain(name) => layers.name(name, now),
        Observable::Address(address) => layers.address(*address, now),
        Observable::Prefix(prefix) => layers.address(prefix.addr(), now),
        Observable::Url(url) => layers.url(url, now),
        Observable::File(hash) => layers.file(hash, now),
        Observable::Mail(mail) => layers.mail(mail, now),
        Observable::NameServer(server) => layers.name_server(server, now),
        Observable::Asn(_) => None,
    };
    // The number of an entry means something in its own layers alone.
    hit.map(|hit| Hit { entry: EntryRef(0), ..hit })
}

fn sorted(mut entries: Vec<PolicyEntry>) -> Vec<PolicyEntry> {
    entries.sort_by(|a, b| (&a.observable, a.decision).cmp(&(&b.observable, b.decision)));
    entries
}

/// Holds layers against one whole file of the same state.
fn same(layers: &Layers, whole: &Layers, times: &[i64]) {
    assert_eq!(layers.serial(), whole.serial());
    assert_eq!(sorted(layers.iter().collect()), sorted(whole.iter().collect()));
    assert_eq!(layers.entries(), whole.entries());
    for thing in THINGS {
        let observable = Observable::guess(thing).unwrap();
        assert_eq!(sorted(layers.said_of(&observable)), sorted(whole.said_of(&observable)), "{thing}");
        for found in layers.find(&observable) {
            let entry = layers.entry(found).unwrap();
            assert_eq!(layers.evidence(found), (entry.score, entry.evidence));
        }
        for now in times {
            let now = TimestampMs(*now);
            assert_eq!(hit(layers, &observable, now), hit(whole, &observable, now), "{thing} at {now:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn layers_answer_as_one_whole_policy(
        first in a_state(),
        later in prop::collection::vec(a_state(), 1..5),
        times in prop::collection::vec(0_i64..7_000, 4),
    ) {
        let (mut state, mut decision) = (State::new(), 0);
        advance(&mut state, &first, &mut decision);
        let start = whole(1, &state);
        let (mut layers, mut serial, mut deltas) = (start.clone(), 1, Vec::new());
        for changes in &later {
            let updates = advance(&mut state, changes, &mut decision);
            deltas.push(delta(serial, serial + 1, updates, lists()));
            layers = layers.with(deltas.last().unwrap()).unwrap();
            serial += 1;
            let expect = whole(serial, &state);
            same(&layers, &expect, &times);
            // What the delta says of before and after is what the layers said.
            for update in deltas.last().unwrap().updates() {
                prop_assert_eq!(sorted(update.after.clone()), sorted(expect.said_of(&update.observable)));
            }
            let warmed = [b"\x01b\x01a\x07example\0".as_slice(), b"\0", b"", b"\xc0\x0c"];
            layers.warm_names(warmed.into_iter());
            same(&layers, &expect, &times);
        }
        let at_once = start.with_all(&deltas).unwrap();
        same(&at_once, &layers, &times);
        prop_assert_eq!((at_once.contact(), at_once.created()), (layers.contact(), layers.created()));
        // Each delta turned round leads back: `before` is what was there.
        let first: Vec<PolicyEntry> = sorted(start.iter().collect());
        let mut back: State = layers.iter().fold(State::new(), |mut all, entry| {
            all.entry(entry.observable.clone()).or_default().push(entry);
            all
        });
        for update in deltas.iter().rev().flat_map(Delta::updates) {
            back.insert(update.observable.clone(), update.before.clone());
        }
        prop_assert_eq!(sorted(back.into_values().flatten().collect()), first);
    }
}

fn listed(name: &str) -> Update {
    let observable = Observable::guess(name).unwrap();
    Update { observable, before: Vec::new(), after: vec![block(name, Scope::Subtree)] }
}

#[test]
fn a_gap_or_a_step_back_is_refused() {
    let layers = whole(5, &State::new());
    for (from, to) in [(6, 7), (4, 5), (4, 6)] {
        let error = layers.with(&delta(from, to, vec![listed("a.example")], lists())).unwrap_err();
        assert!(matches!(error, LayerError::Gap { at: SnapshotSerial(5), .. }), "{error:?}");
    }
    let chain = [delta(5, 6, vec![listed("a.example")], lists()), delta(7, 8, Vec::new(), lists())];
    assert!(matches!(layers.with_all(&chain), Err(LayerError::Gap { at: SnapshotSerial(6), .. })));
    assert_eq!(layers.serial().0, 5, "and what was there still answers");
    let stepped = layers.with(&delta(5, 9, vec![listed("a.example")], lists())).unwrap();
    assert_eq!((stepped.serial().0, stepped.entries(), stepped.changed()), (9, 1, 1));
    assert_eq!(layers.with_all([]).unwrap().serial().0, 5);
}

#[test]
fn lists_keep_their_numbers_and_new_ones_come_behind() {
    let layers = whole(1, &State::new());
    let info = |slug: &str, mode| ListInfo { slug: slug.into(), title: "new".into(), category: Category::Fraud, mode };
    // In another order, with a new one in front: its entries are on list 0 there.
    let reordered = vec![info("fraud", Mode::Shadow), info("trial", Mode::Shadow), info("main", Mode::Enforce)];
    let layers = layers.with(&delta(1, 2, vec![listed("a.example")], reordered)).unwrap();
    let slugs: Vec<&str> = layers.lists().iter().map(|list| list.slug.as_str()).collect();
    assert_eq!(slugs, ["main", "trial", "fraud"]);
    assert_eq!(layers.lists()[0].title, "new");
    let observable = Observable::guess("a.example").unwrap();
    let hit = hit(&layers, &observable, TimestampMs(0)).unwrap();
    assert_eq!((hit.list.0, hit.shadow), (2, true));
    let changed = vec![info("main", Mode::Shadow)];
    let error = layers.with(&delta(2, 3, Vec::new(), changed)).unwrap_err();
    assert!(matches!(error, LayerError::ListMode(slug) if slug == "main"));
}

#[test]
fn an_entry_of_another_layer_is_not_taken_for_ones_own() {
    let mut state = State::new();
    let observable = Observable::guess("a.example").unwrap();
    state.insert(observable.clone(), vec![block("a.example", Scope::Subtree)]);
    let before = whole(1, &state);
    let old = before.find(&observable)[0];
    let unlisted = Update { before: state[&observable].clone(), after: Vec::new(), observable: observable.clone() };
    let after = before.with(&delta(1, 2, vec![unlisted, listed("b.example")], lists())).unwrap();
    assert_eq!((after.entry(old), after.evidence(old).0), (None, 0));
    let new = after.find(&Observable::guess("b.example").unwrap())[0];
    assert_ne!(new, old);
    assert_eq!((before.entry(new), before.evidence(new).0), (None, 0));
    assert_eq!(after.changed(), 2);
    assert_eq!((before.contact(), before.lists()), (head(1).contact.as_str(), &lists()[..]));
}

#[test]
fn when_a_decision_was_taken_is_told_by_the_layer_that_it_is_in() {
    const HOUR_MS: i64 = 3_600_000;
    let thing = |text: &str| Observable::guess(text).unwrap();
    let of = |text: &str, number| entry(&thing(text), (false, false, false, 1_000_000_000, 1), number);
    let decided = |layers: &Layers, text: &str| {
        let Observable::Domain(name) = thing(text) else { panic!("a name") };
        layers.decided(&layers.name(&name, TimestampMs(0)).unwrap()).map(|at| at.0 / HOUR_MS)
    };
    let mut builder = PolicyBuilder::new(head(1));
    lists().into_iter().for_each(|list| _ = builder.list(list).unwrap());
    for (text, number, hour) in [("a.example", 1, 5), ("b.example", 2, 5), ("c.example", 9, 7)] {
        builder.add(of(text, number)).unwrap();
        builder.decided(DecisionNumber(number), TimestampMs(hour * HOUR_MS + i64::from(number)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    builder.write(&path, &key()).unwrap();
    let base = Layers::new(Arc::new(Policy::open(&path, &key().verifying_key()).unwrap()));
    assert_eq!(["a.example", "b.example", "c.example"].map(|text| decided(&base, text)), [Some(5), Some(5), Some(7)]);
    assert_eq!(base.decision_times().count(), 2, "one for each hour");

    // What an old decision says anew, and a new one; then one that nobody told the time of.
    let update = |text: &str, after: u32| Update {
        observable: thing(text),
        before: base.said_of(&thing(text)),
        after: vec![of(text, after)],
    };
    let mut builder = DeltaBuilder::new(DeltaHead {
        from: SnapshotSerial(1),
        to: SnapshotSerial(2),
        created: TimestampMs(1),
        contact: String::new(),
        lists: lists(),
    });
    builder.add(update("b.example", 4)).unwrap().add(update("d.example", 12)).unwrap();
    builder.decided(DecisionNumber(4), TimestampMs(6 * HOUR_MS));
    builder.decided(DecisionNumber(12), TimestampMs(9 * HOUR_MS));
    let path = folder.path().join("delta");
    builder.write(&path, &key()).unwrap();
    let layers = base.with(&Delta::open(&path, &key().verifying_key()).unwrap()).unwrap();
    let hours = ["a.example", "b.example", "c.example", "d.example"].map(|text| decided(&layers, text));
    assert_eq!(hours, [Some(5), Some(6), Some(7), Some(9)]);
    let later = layers.with(&delta(2, 3, vec![update("e.example", 13)], lists())).unwrap();
    assert_eq!(["b.example", "d.example"].map(|text| decided(&later, text)), [Some(6), Some(9)], "it goes on");

    // A file in which nobody noted a time.
    assert_eq!(
        decided(&whole(1, &BTreeMap::from([(thing("a.example"), vec![of("a.example", 1)])])), "a.example"),
        None
    );
}
