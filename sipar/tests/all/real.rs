//! The main job with real data: 119 warning lists, 13,752 phishing names, half a million networks.
//!
//! Runs when `SIPAR_REAL_DATA` names the folder that `cargo xtask real` fills; `cargo xtask test` sets it.

use crate::support::{
    Home,
    records::{self, Records},
    required,
};
use sipar_model::{Action, Clock as _, DomainName, Observable, SystemClock, TimestampMs, WarningKind};
use sipar_shield::{EXCEPTIONS_MAX, model::unblockable, rules::Rules};
use sipar_snapshot::{Layers, ListNumber, Networks, PolicyEntry, Scope, SigningKey, WarningIndex};
use std::{collections::BTreeMap, path::PathBuf, time::Instant};

/// Pinned in tools/xtask/src/real.rs.
const LISTS: usize = 119;
const PHISHING: usize = 13_752;
const ALLOWED: usize = 1_138;

/// The list that the feed brings itself, as it stands in the table.
const ALLOWED_LIST: &str = "[\"eth-phishing-detect-allowed\"]";

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("SIPAR_REAL_DATA").map(PathBuf::from);
    assert!(given.is_some() || !required("SIPAR_TEST_TOOLS_REQUIRED"), "SIPAR_REAL_DATA is missing: cargo xtask real");
    if given.is_none() {
        eprintln!("skipped: SIPAR_REAL_DATA is not set");
    }
    given
}

/// What the package calls phishing, and what it calls allowed.
struct Listed {
    phishing: Vec<String>,
    allowed: Vec<String>,
}

fn listed(config: &std::path::Path) -> Listed {
    let text = std::fs::read_to_string(config).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names = |key: &str| -> Vec<String> {
        value[key].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let listed = Listed { phishing: names("blacklist"), allowed: names("whitelist") };
    assert_eq!((listed.phishing.len(), listed.allowed.len()), (PHISHING, ALLOWED));
    listed
}

struct Loaded {
    home: Home,
    listed: Listed,
    now: TimestampMs,
}

impl Loaded {
    /// Whether the snapshot blocks it.
    fn blocks(&self, policy: &Layers, name: &str) -> bool {
        let hit = match Observable::guess(name) {
            Ok(Observable::Domain(name)) => policy.name(&name, self.now),
            Ok(Observable::Address(address)) => policy.address(address, self.now),
            _ => None,
        };
        hit.is_some_and(|hit| hit.action == Action::Block && !hit.shadow)
    }
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    eprintln!("{what}: {:.1} s (development build)", began.elapsed().as_secs_f64());
    done
}

#[test]
fn real_feeds_and_real_warning_lists_end_as_they_should() {
    let Some(real) = folder() else { return };
    let home = Home::alone();
    let config = real.join("eth-phishing-detect/src/config.json");
    let lists = real.join("pymispwarninglists");
    let printed = timed("warning lists", || home.ok(&["warning", "load", &lists.to_string_lossy()]));
    check_lists(&home, &printed);
    home.add_feed("eth-phishing-detect", "eth-phishing-detect", &config);
    timed("phishing names", || home.ok(&["feed", "pull", "eth-phishing-detect"]));
    let networks = real.join("ip-location-db-asn");
    let (v4, v6) = (networks.join("asn-ipv4.csv"), networks.join("asn-ipv6.csv"));
    timed("networks", || home.ok(&["networks", "import", &v4.to_string_lossy(), &v6.to_string_lossy()]));
    check_networks(&home);
    let loaded = Loaded { listed: listed(&config), home, now: SystemClock.now() };
    check_phishing(&loaded);
    check_allowed(&loaded);
    let drilled = loaded.home.ok(&["drill"]);
    eprintln!("{drilled} (development build)");
    assert!(drilled.contains("nothing that must resolve"), "{drilled}");
    loaded.home.ok(&["ledger", "verify"]);
    loaded.home.ok(&["snapshot", "verify"]);
}

fn check_lists(home: &Home, printed: &str) {
    let records = Records::of(home);
    let (own, from_misp): (Vec<&str>, Vec<&str>) =
        printed.lines().filter(|line| line.contains(" entries ")).partition(|line| line.contains(" sipar-"));
    assert_eq!(from_misp.len(), LISTS, "{own:?} are our own, and these come from MISP: {from_misp:#?}");
    let entries: u64 = records.rows("select entries from intel_warning_list").iter().map(|row| row.get::<u64>(0)).sum();
    let refused: u64 = records.rows("select refused from intel_warning_list").iter().map(|row| row.get::<u64>(0)).sum();
    eprintln!("{entries} entries of warning lists, {refused} refused");
    assert!(entries > 2_400_000, "{entries}");
    assert!(refused * 1_000 < entries, "{refused} of {entries} entries were refused");
}

fn check_networks(home: &Home) {
    let key = SigningKey::from_file(&home.data.join("keys/snapshot.key")).unwrap().verifying_key();
    let networks = Networks::open(&home.data.join("snapshot/networks.sipar"), &key).unwrap();
    networks.scrub().unwrap();
    for (address, asn) in [("8.8.8.8", 15_169), ("1.1.1.1", 13_335), ("2606:4700:4700::1111", 13_335)] {
        let owner = networks.owner(address.parse().unwrap());
        assert_eq!(owner.map(|(asn, _)| asn.0), Some(asn), "{address}");
    }
    // RFC 5737: nobody announces it.
    assert_eq!(networks.owner("192.0.2.1".parse().unwrap()), None);
}

/// Every phishing name is blocked, or it is held and the report says why, or nobody may block it.
fn check_phishing(loaded: &Loaded) {
    let policy = records::snapshot(&loaded.home);
    let records = Records::of(&loaded.home);
    let held: BTreeMap<String, (String, String)> = records
        .rows("select value, lists, reason from held")
        .iter()
        .map(|row| (row.get::<String>(0), (row.get::<String>(1), row.get::<String>(2))))
        .collect();
    let rules = include_str!("../../../packs/rules/default.toml");
    let bounds = Rules::from_toml(rules).unwrap().bounds;
    let (mut blocked, mut others) = (0, BTreeMap::<&str, Vec<&str>>::new());
    for name in &loaded.listed.phishing {
        // The list has two names without a dot, which nobody would guess to be names.
        let observable = Observable::guess(name).or_else(|_| DomainName::parse(name).map(Observable::Domain));
        let why = match &observable {
            _ if loaded.blocks(&policy, name) => {
                blocked += 1;
                continue;
            }
            Ok(observable) => held.get(&observable.value()).map_or("lost", |(_, reason)| reason.as_str()),
            Err(_) => "lost",
        };
        // The list is one of names; the rules for phishing take names and pages, and leave its few addresses alone.
        match &observable {
            Ok(observable) if unblockable(observable, bounds).is_some() => {
                assert_eq!(why, "top-level-domain", "{name}")
            }
            Ok(Observable::Address(_)) => assert_eq!(why, "no-rule", "{name}"),
            _ => assert_eq!(why, "warning-list", "{name}"),
        }
        others.entry(why).or_default().push(name);
    }
    eprintln!("{blocked} of {PHISHING} phishing names blocked; {others:?}; held: {held:?}");
    assert_eq!(others.get("lost"), None);
    // Of the pinned version: three names that its publisher allows as well, `test.com`, which is among the most used
    // sites, five addresses, and two names of one label.
    assert_eq!(blocked, PHISHING - 11);
    let withheld = [("coinbased.xyz", ALLOWED_LIST), ("metmask.com", ALLOWED_LIST), ("spi.club", ALLOWED_LIST)];
    for (name, list) in withheld.into_iter().chain([("test.com", "[\"majestic_million\",\"tranco10k\"]")]) {
        assert_eq!(held.get(name).map(|(lists, _)| lists.as_str()), Some(list), "{name}");
    }
    let report = loaded.home.ok(&["held"]);
    for (value, (lists, reason)) in &held {
        let names: Vec<String> = serde_json::from_str(lists).unwrap();
        let because = if names.is_empty() { reason.clone() } else { names.join(", ") };
        let line = format!("{value}  because of {because}");
        assert!(report.contains(&line), "`{line}` is not in the report:\n{report}");
    }
    // And nothing went in that a `never` list touches.
    let never = never_hits(&loaded.home, &records, &policy);
    assert!(never.is_empty(), "blocked in spite of a `never` list: {never:?}");
}

fn never_hits(home: &Home, records: &Records, policy: &Layers) -> Vec<String> {
    let blob = records.texts("select blob from warning_index").remove(0);
    let key = SigningKey::from_file(&home.data.join("keys/snapshot.key")).unwrap().verifying_key();
    let index = WarningIndex::open(&home.data.join("blobs").join(&blob[..2]).join(&blob), &key).unwrap();
    let never = |number: &ListNumber| index.list(*number).is_some_and(|list| list.kind == WarningKind::Never);
    let touched = |entry: &PolicyEntry| index.hits(&entry.observable).iter().any(never);
    // What is allowed is what people allow, of which there is nothing here, and what `never` lists have below a block.
    let (open, blocked): (Vec<PolicyEntry>, Vec<PolicyEntry>) =
        policy.iter().partition(|entry| entry.action == Action::Allow);
    assert!(open.iter().all(|entry| touched(entry) && entry.scope == Scope::Exact), "{open:?}");
    let mut parents = 0;
    for entry in &blocked {
        let Observable::Domain(name) = &entry.observable else { continue };
        let below = index.protected_below(name, EXCEPTIONS_MAX).expect("else it would be withheld");
        parents += usize::from(!below.is_empty());
        for (below, _) in below {
            let hit = policy.name(&below, entry.expires.plus_ms(-1_000));
            assert_eq!(hit.map(|hit| hit.action), Some(Action::Allow), "{below} below {name}");
        }
    }
    eprintln!("{} names stay open below {parents} blocked parents", open.len());
    // usermd.net and fanclub.rocks: bad hosts, with nine customers whom the list's publisher allows.
    assert_eq!((parents, open.len()), (2, 9));
    blocked.iter().filter(|entry| touched(entry)).map(|entry| entry.observable.value()).collect()
}

/// Every allowed name resolves as shipped: where the source contradicts itself, what it allows stands.
fn check_allowed(loaded: &Loaded) {
    let policy = records::snapshot(&loaded.home);
    let blocked: Vec<&String> = loaded.listed.allowed.iter().filter(|name| loaded.blocks(&policy, name)).collect();
    eprintln!("{} of {ALLOWED} allowed names resolve", ALLOWED - blocked.len());
    assert_eq!(blocked, Vec::<&String>::new());
}
