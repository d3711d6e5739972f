//! What a file made by somebody hostile must not do: crash, loop, or be read out of bounds.
//! The fuzz targets in tools/fuzz and the tests here call the same functions.

use crate::{
    Delta, DeltaBuilder, DeltaHead, Layers, Networks, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope,
    SigningKey, Update, WarningIndex, WarningIndexBuilder, diff,
    networks::NetworksBuilder,
    policy::{Evidence, ListInfo, Mode},
};
use sipar_model::{
    Action, Asn, Category, DecisionNumber, DomainName, Observable, Severity, SnapshotSerial, TimestampMs, Tlp,
    WarningKind,
};
use std::{fs, net::IpAddr, path::Path, sync::Arc};

/// Entries read from one hostile file: enough to meet every table, and each input stays quick.
const ENTRIES_READ: usize = 2_000;

/// One thing of each kind, some of which the samples hold.
const THINGS: [&str; 14] = [
    "a.example.com",
    "www.a.example.com",
    "b.example.co.uk",
    "absent.example",
    "http://a.example.com/x?y",
    "http://192.0.2.7/",
    "d41d8cd98f00b204e9800998ecf8427e",
    "eve@a.example.com",
    "192.0.2.7",
    "192.0.2.0/25",
    "2001:db8::1",
    "2001:db8::/32",
    "ns:ns1.a.example.com",
    "ns:192.0.2.0/25",
];

/// Opens bytes as a policy, and asks it for everything.
pub fn policy(bytes: Vec<u8>) {
    let Ok(policy) = Policy::from_bytes_unverified(bytes) else { return };
    let now = TimestampMs(0);
    for observable in things() {
        match &observable {
            Observable::Domain(name) => _ = policy.name(name, now),
            Observable::Url(url) => _ = policy.url(url, now),
            Observable::File(hash) => _ = policy.file(hash, now),
            Observable::Mail(mail) => _ = policy.mail(mail, now),
            Observable::Address(address) => _ = policy.address(*address, now),
            Observable::NameServer(server) => _ = policy.name_server(server, now),
            _ => {}
        }
        for entry in policy.find(&observable) {
            let _ = policy.entry(entry);
        }
    }
    for entry in policy.iter().take(ENTRIES_READ) {
        if let Observable::Domain(name) = &entry.observable {
            let _ = policy.name(name, now);
        }
        let _ = policy.list(entry.list);
    }
    let _ = diff(&policy, &policy).take(ENTRIES_READ).count();
    let _ = policy.scrub();
}

/// Opens bytes as a warning index, and asks it for everything.
pub fn warnings(bytes: Vec<u8>) {
    let Ok(index) = WarningIndex::from_bytes_unverified(bytes) else { return };
    for observable in things() {
        for list in index.hits(&observable) {
            assert!(index.list(list).is_some(), "lists that do not exist are left out");
        }
        if let Observable::Domain(name) = &observable {
            let _ = index.below(name);
            let _ = index.protected_below(name, 100);
        }
    }
    let parent = DomainName::parse("com").expect("a name");
    let _ = (index.below(&parent), index.protected_below(&parent, ENTRIES_READ));
    let _ = index.scrub();
}

/// Opens bytes as a network table, and asks it.
pub fn networks(bytes: Vec<u8>) {
    let Ok(networks) = Networks::from_bytes_unverified(bytes) else { return };
    for address in ["0.0.0.0", "192.0.2.7", "255.255.255.255", "::", "2001:db8::1", "ff::"] {
        let _ = networks.owner(address.parse().expect("an address"));
    }
    let _ = networks.scrub();
}

/// Opens bytes as a delta, and lays it over a policy.
pub fn delta(bytes: Vec<u8>) {
    let Ok(delta) = Delta::from_bytes_unverified(bytes) else { return };
    for update in delta.updates() {
        for entry in update.before.iter().chain(&update.after) {
            assert_eq!(entry.observable, update.observable, "an entry is about what its update is about");
            assert!(delta.lists().get(usize::from(entry.list.0)).is_some(), "lists that do not exist are refused");
        }
    }
    let layers = Layers::new(empty(delta.from()));
    let Ok(layers) = layers.with(&delta) else { return };
    assert_eq!(layers.serial(), delta.to());
    for update in delta.updates() {
        assert_eq!(layers.said_of(&update.observable).is_empty(), update.after.is_empty());
    }
}

/// A policy that says nothing.
fn empty(serial: SnapshotSerial) -> Arc<Policy> {
    let head = PolicyHead { serial, created: TimestampMs(0), contact: String::new() };
    let container = PolicyBuilder::new(head).in_memory().expect("nothing fits every bound");
    Arc::new(Policy::read(container).expect("just laid out"))
}

/// Applies patches of six bytes, a place and a value, to a good file: hostile files that get past the first checks.
#[must_use]
pub fn patched(mut bytes: Vec<u8>, patches: &[u8]) -> Vec<u8> {
    for patch in patches.chunks_exact(6) {
        let at = usize::from(u16::from_le_bytes([patch[0], patch[1]])) % bytes.len().max(1);
        for (offset, value) in patch[2..].iter().enumerate() {
            if let Some(byte) = bytes.get_mut(at + offset) {
                *byte = *value;
            }
        }
    }
    bytes
}

/// A good file of each kind: policy, warnings, networks, delta.
///
/// # Panics
/// When the folder for temporary files cannot be written to.
#[must_use]
pub fn samples(folder: &Path) -> [Vec<u8>; 4] {
    let key = SigningKey::from_seed([1; 32]).expect("a seed");
    let path = folder.join("sample");
    let read = || fs::read(&path).expect("just written");
    let (serial, created) = (SnapshotSerial(1), TimestampMs(0));
    let mut policy = PolicyBuilder::new(PolicyHead { serial, created, contact: "mailto:a@example".into() });
    let mut warnings = WarningIndexBuilder::new(serial, created);
    for mode in [Mode::Enforce, Mode::Shadow] {
        let list = ListInfo { slug: "s".into(), title: "T".into(), category: Category::Fraud, mode };
        let list = policy.list(list).expect("within bounds");
        for observable in things() {
            policy.add(sample_entry(observable, list)).expect("within bounds");
        }
        let list = warnings.list("s", "T", WarningKind::Never).expect("within bounds");
        for observable in things().filter(|thing| !matches!(thing, Observable::Mail(_) | Observable::NameServer(_))) {
            warnings.add(&observable, Scope::Subtree, list).expect("within bounds");
        }
    }
    policy.write(&path, &key).expect("a writable folder");
    let policy = read();
    warnings.write(&path, &key).expect("a writable folder");
    let warnings = read();
    let mut networks = NetworksBuilder::new(serial, created);
    for (first, last) in [("192.0.2.0", "192.0.2.255"), ("2001:db8::", "2001:db8::ffff")] {
        let address = |text: &str| -> IpAddr { text.parse().expect("an address") };
        networks.add(address(first), address(last), Asn(64_500), "Owner").expect("a range");
    }
    networks.write(&path, &key).expect("a writable folder");
    let networks = read();
    sample_delta().write(&path, &key).expect("a writable folder");
    [policy, warnings, networks, read()]
}

fn sample_delta() -> DeltaBuilder {
    let list = ListInfo { slug: "s".into(), title: "T".into(), category: Category::Fraud, mode: Mode::Enforce };
    let head = DeltaHead {
        from: SnapshotSerial(1),
        to: SnapshotSerial(2),
        created: TimestampMs(0),
        contact: "mailto:a@example".into(),
        lists: vec![list],
    };
    let mut delta = DeltaBuilder::new(head);
    for (number, observable) in things().enumerate() {
        let entry = sample_entry(observable.clone(), crate::ListId(0));
        let (before, after) =
            if number.is_multiple_of(2) { (Vec::new(), vec![entry]) } else { (vec![entry], Vec::new()) };
        delta.add(Update { observable, before, after }).expect("within bounds");
    }
    delta
}

fn things() -> impl Iterator<Item = Observable> {
    THINGS.iter().map(|thing| Observable::guess(thing).expect("each is valid"))
}

fn sample_entry(observable: Observable, list: crate::ListId) -> PolicyEntry {
    let (first_seen, last_seen) = (TimestampMs(0), TimestampMs(9_000));
    PolicyEntry {
        observable,
        scope: Scope::Subtree,
        action: Action::Block,
        category: Category::Fraud,
        severity: Severity::Low,
        tlp: Tlp::Clear,
        list,
        expires: TimestampMs(9_000),
        decision: DecisionNumber(1),
        score: 50,
        evidence: vec![Evidence { family: "f".into(), first_seen, last_seen }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_patched_file_harms() {
        let folder = tempfile::tempdir().unwrap();
        let [sample_policy, sample_warnings, sample_networks, sample_delta] = samples(folder.path());
        let places = prop::collection::vec(any::<[u8; 6]>(), 0..12);
        proptest!(ProptestConfig::with_cases(2_000), |(patches in places)| {
            let patches = patches.concat();
            policy(patched(sample_policy.clone(), &patches));
            warnings(patched(sample_warnings.clone(), &patches));
            networks(patched(sample_networks.clone(), &patches));
            delta(patched(sample_delta.clone(), &patches));
        });
    }

    #[test]
    fn every_number_set_to_its_extremes_harms_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let samples = samples(folder.path());
        let ask: [fn(Vec<u8>); 4] = [policy, warnings, networks, delta];
        for (sample, ask) in samples.into_iter().zip(ask) {
            ask(sample.clone());
            for at in 0..sample.len().saturating_sub(4) {
                for value in [0, 1, 0x7fff_ffff, u32::MAX] {
                    let mut bytes = sample.clone();
                    bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
                    ask(bytes);
                }
            }
        }
    }
}
