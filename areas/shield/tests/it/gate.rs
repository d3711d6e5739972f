//! The last gate: whatever the tables hold, nothing too secret and nothing protected goes into a file for edges.

use crate::rig::{NOW, each_rig, index, thing};
use proptest::prelude::*;
use sipar_area::Blobs;
use sipar_model::{Action, Category, DecisionNumber, Severity, SnapshotSerial, Tlp, WarningKind};
use sipar_shield::{
    Compiler,
    rules::Rules,
    store::{
        decisions::{self, Draft},
        in_force::{InForce, Seen},
    },
};
use sipar_snapshot::{Policy, PolicyHead, Scope, SigningKey, WarningIndex, WarningIndexBuilder};

const RULES: &str = include_str!("../../../../packs/rules/default.toml");

const THINGS: [&str; 9] = [
    "evil.example",
    "www.bank.example",
    "host.example",
    "gov.pk",
    "203.0.113.9",
    "198.51.100.9",
    "10.0.0.1",
    "https://www.bank.example/login",
    "d41d8cd98f00b204e9800998ecf8427e",
];

/// Of [`THINGS`], those that nobody may block here.
const PROTECTED: [&str; 5] =
    ["www.bank.example", "gov.pk", "198.51.100.9", "10.0.0.1", "https://www.bank.example/login"];

/// Two `never` lists, one of them below `host.example`, and one that must not matter to the gate.
fn warning_index(folder: &std::path::Path, key: &SigningKey) -> WarningIndex {
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), NOW);
    let never = builder.list("national", "National", WarningKind::Never).unwrap();
    let review = builder.list("popular", "Popular", WarningKind::Review).unwrap();
    for name in ["bank.example", "ministry.host.example", "198.51.100.0/24"] {
        builder.add(&thing(name), Scope::Subtree, never).unwrap();
    }
    builder.add(&thing("evil.example"), Scope::Subtree, review).unwrap();
    let file = folder.join("index");
    builder.write(&file, key).unwrap();
    WarningIndex::open(&file, &key.verifying_key()).unwrap()
}

fn in_force(number: u32, what: &str, action: Action, tlp: Tlp, witnesses: &[Tlp], list: &str) -> InForce {
    let seen = |tlp: &Tlp| Seen { family: format!("family-{tlp}").into(), tlp: *tlp, first_seen: NOW, last_seen: NOW };
    InForce {
        number: DecisionNumber(number),
        observable: thing(what),
        action,
        category: Category::Phishing,
        severity: Severity::High,
        list: list.into(),
        score: 90,
        tlp,
        decided_at: NOW,
        expires_at: NOW.plus_days(5),
        seen: witnesses.iter().map(seen).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_secret_and_nothing_protected_goes_in(
        lines in prop::collection::vec(
            (0..THINGS.len(), any::<bool>(), 0..Tlp::ALL.len(), prop::collection::vec(0..Tlp::ALL.len(), 0..5), any::<bool>()),
            0..20,
        ),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::from_seed([9; 32]).unwrap();
        let (rules, index) = (Rules::from_toml(RULES).unwrap(), warning_index(folder.path(), &key));
        let head = PolicyHead { serial: SnapshotSerial(1), created: NOW, contact: String::new() };
        let mut compiler = Compiler::new(head, &rules, Some(&index)).unwrap();
        let (mut expect, mut refused) = (Vec::new(), 0);
        for ((what, allow, tlp, witnesses, old_list), number) in lines.into_iter().zip(1..) {
            let (what, tlp) = (THINGS[what], Tlp::ALL[tlp]);
            let action = if allow { Action::Allow } else { Action::Block };
            let witnesses: Vec<Tlp> = witnesses.into_iter().map(|tlp| Tlp::ALL[tlp]).collect();
            let list = if old_list { "a-list-of-last-year" } else { "phishing" };
            compiler.add(in_force(number, what, action, tlp, &witnesses, list)).unwrap();
            if tlp <= Tlp::Green && (allow || !PROTECTED.contains(&what)) {
                expect.push((number, what, action));
                if what == "host.example" && action == Action::Block {
                    expect.push((number, "ministry.host.example", Action::Allow));
                }
            } else {
                refused += 1;
            }
        }
        let file = folder.path().join("policy");
        let (builder, left_out) = compiler.finish().unwrap();
        let built = builder.write(&file, &key).unwrap();
        prop_assert_eq!(left_out.never + left_out.tlp + left_out.unblockable, refused);
        prop_assert_eq!(built.entries + built.superseded, expect.len() as u64);
        let policy = Policy::open(&file, &key.verifying_key()).unwrap();
        for entry in policy.iter() {
            prop_assert!(entry.tlp <= Tlp::Green);
            let known = |(number, what, action): &(u32, &str, Action)| {
                *number == entry.decision.0 && thing(what) == entry.observable && *action == entry.action
            };
            prop_assert!(expect.iter().any(known), "{:?}", entry);
            let open = |family: &str| matches!(family, "family-clear" | "family-green");
            prop_assert!(entry.evidence.iter().all(|seen| open(&seen.family)), "{:?}", entry.evidence);
        }
        // Whatever passed still answers, if only by an equal decision on the same thing.
        for (_, what, _) in &expect {
            prop_assert!(!policy.find(&thing(what)).is_empty(), "{}", what);
        }
    }
}

#[test]
fn an_active_row_that_a_never_list_touches_stays_out() {
    each_rig(|rig| async move {
        // Rows as a fault of ours might leave them: active, protected, too secret; and lists not yet judged by.
        let draft = |what: &str, tlp| Draft {
            observable: thing(what),
            action: Action::Block,
            category: Category::Phishing,
            severity: Severity::High,
            list: "phishing".into(),
            decided_by: "rule:phishing".into(),
            reason: "a test".into(),
            ledger_reason: "a test".into(),
            score: 90,
            tlp,
            evidence: vec![],
            expires_at: NOW.plus_days(5),
        };
        let drafts = [
            draft("www.bank.example", Tlp::Clear),
            draft("secret.example", Tlp::Amber),
            draft("red.example", Tlp::Red),
            draft("gov.pk", Tlp::Clear),
            draft("evil.example", Tlp::Green),
        ];
        rig.house.store.write(move |tx| decisions::take(tx, &drafts, NOW)).await.unwrap();
        rig.warn(&[("national", WarningKind::Never, &["bank.example"])]).await;
        rig.shield().publish().await.unwrap();
        let left: Vec<String> = rig.policy().iter().map(|entry| entry.observable.value()).collect();
        assert_eq!(left, ["evil.example"]);
    });
}

#[test]
fn lists_signed_by_another_are_not_used() {
    each_rig(|rig| async move {
        let folder = tempfile::tempdir().unwrap();
        let mut other = rig.house.clone();
        other.snapshot_key = std::sync::Arc::new(SigningKey::from_seed([1; 32]).unwrap());
        other.blobs = Blobs::open(folder.path()).unwrap();
        let foreign = index(&other, &[("national", WarningKind::Never, &["bank.example"])]);
        let bytes = other.blobs.get(&foreign.blob).unwrap();
        rig.house.blobs.put(&bytes).unwrap();
        rig.tell(sipar_model::Fact::WarningIndex(foreign)).await;
        assert!(rig.shield().publish().await.is_err(), "no file is compiled past lists that cannot be believed");
        assert!(!rig.shield().current_path().exists());
    });
}
