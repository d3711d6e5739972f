//! Building small policies, and the naive model that they are held against.

use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp};
use sipar_snapshot::{
    Built, Evidence, ListId, ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey,
};
use std::fs;

/// The list in force.
pub const ENFORCED: ListId = ListId(0);

/// The list that is tried out.
pub const SHADOW: ListId = ListId(1);

pub fn key() -> SigningKey {
    SigningKey::from_seed([7; 32]).unwrap()
}

pub fn head(serial: u64) -> PolicyHead {
    PolicyHead {
        serial: SnapshotSerial(serial),
        created: TimestampMs(1_700_000_000_123),
        contact: "mailto:cert@example.pk".into(),
    }
}

/// The lists: one in force, one that is tried out.
pub fn lists() -> Vec<ListInfo> {
    let list = |(slug, mode): (&str, Mode)| {
        let title = format!("The list {slug}");
        ListInfo { slug: slug.into(), title, category: Category::Phishing, mode }
    };
    [("main", Mode::Enforce), ("trial", Mode::Shadow)].map(list).into()
}

/// The bytes of a policy with these entries, and what the builder said.
pub fn built(serial: u64, entries: &[PolicyEntry]) -> (Vec<u8>, Built) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy");
    let mut builder = PolicyBuilder::new(head(serial));
    for list in lists() {
        builder.list(list).unwrap();
    }
    for entry in entries {
        builder.add(entry.clone()).unwrap();
    }
    let built = builder.write(&path, &key()).unwrap();
    (fs::read(path).unwrap(), built)
}

pub fn policy(entries: &[PolicyEntry]) -> Policy {
    let policy = Policy::from_bytes(built(1, entries).0, &key().verifying_key()).unwrap();
    policy.scrub().unwrap();
    policy
}

/// An entry that blocks, until second 100.
pub fn block(observable: &str, scope: Scope) -> PolicyEntry {
    PolicyEntry {
        observable: Observable::guess(observable).unwrap(),
        scope,
        action: Action::Block,
        category: Category::Phishing,
        severity: Severity::High,
        tlp: Tlp::Green,
        list: ENFORCED,
        expires: TimestampMs(100_000),
        decision: DecisionNumber(1),
        score: 80,
        evidence: vec![Evidence {
            family: "reports".into(),
            first_seen: TimestampMs(1_000),
            last_seen: TimestampMs(2_000),
        }],
    }
}

/// Orders entries on things of the given depth as the module `policy` says; the largest answers.
pub fn rank(entry: &PolicyEntry, depth: usize, scoped: bool) -> impl Ord + use<> {
    (
        entry.list == ENFORCED,
        depth,
        entry.action == Action::Allow,
        scoped && entry.scope == Scope::Exact,
        entry.expires.0.div_euclid(1_000),
        entry.severity,
        std::cmp::Reverse(entry.decision),
    )
}

pub fn alive(entry: &PolicyEntry, now: TimestampMs) -> bool {
    now.0 < entry.expires.0.div_euclid(1_000) * 1_000
}
