//! Killed a hundred times at random points of ingest, decision, ledger and compile: nothing is lost, nothing doubled.

use crate::support::{Place, ledger_entries};
use sipar_snapshot::{Policy, SigningKey};
use sipar_store::{Store, StoreConfig, StoreError, params};
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    time::{Duration, Instant},
};

const ROUNDS: u32 = 100;

/// Names at the start, and more in every tenth round.
const NAMES: usize = 4_000;
const NAMES_MORE: usize = 400;

/// xorshift64*: the pauses follow from the seed, which is printed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound
    }
}

fn names(count: usize) -> String {
    (0..count).map(|n| format!("login-{n}.bank-{}.example\n", n % 97)).collect()
}

#[test]
fn a_hundred_kills_lose_nothing_and_double_nothing() {
    let seed = std::env::var("SIPAR_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_123);
    println!("SIPAR_TEST_SEED={seed}");
    let mut chance = Chance(seed);
    let place = Place::new();
    let mut count = NAMES;
    let feed = place.file("feed.txt", &names(count));
    place.ok(&["feed", "add", "kill", "--format", "cert-polska", "--source", &feed.to_string_lossy()]);
    let mut whole = Duration::from_millis(1_500);
    let mut acknowledged = BTreeSet::new();
    let mut cut_short = 0;
    for round in 0..ROUNDS {
        if round % 10 == 9 {
            count += NAMES_MORE;
            place.file("feed.txt", &names(count));
            // What was acknowledged must be there at the end.
            let name = format!("by-hand-{round}.example");
            let said = place.ok(&["block", &name, "--reason", "killed soon after this was acknowledged"]);
            acknowledged.insert(said.split_whitespace().nth(1).expect("the number").to_owned());
        }
        let arguments: &[&str] = if round % 3 == 2 { &["serve"] } else { &["feed", "pull", "kill"] };
        let began = Instant::now();
        let mut child =
            place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
        let pause = chance.below(u64::try_from(whole.as_millis()).expect("short") + 1);
        std::thread::sleep(Duration::from_millis(pause));
        if child.try_wait().expect("its state").is_none() {
            cut_short += 1;
        } else {
            whole = whole.min(began.elapsed().max(Duration::from_millis(100)));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    println!("{cut_short} of {ROUNDS} were killed before they were done");
    assert!(cut_short >= ROUNDS / 3, "the kills came too late to mean anything");
    place.ok(&["feed", "pull", "kill"]);
    check(&place, count, &acknowledged);
}

fn check(place: &Place, count: usize, acknowledged: &BTreeSet<String>) {
    let verified = place.ok(&["ledger", "verify"]);
    assert!(verified.contains("verifies"), "{verified}");
    place.ok(&["snapshot", "verify"]);
    let (assertions, decisions) = rows(place);
    assert_eq!(assertions, count, "each name is asserted once");
    let active: Vec<&(u32, String, u64)> =
        decisions.iter().filter(|(_, value, _)| value.starts_with("login-")).collect();
    let distinct: BTreeSet<&str> = active.iter().map(|(_, value, _)| value.as_str()).collect();
    assert_eq!((active.len(), distinct.len()), (count, count), "each name is decided once");
    for number in acknowledged {
        let number: u32 = number.trim_start_matches("D-").parse().expect("a number");
        assert!(decisions.iter().any(|(known, ..)| *known == number), "decision {number} was acknowledged and is lost");
    }
    // Every decision has its entry at its place, and every entry its decision.
    let entries = ledger_entries(&place.data());
    let mut blocks: BTreeMap<u64, u64> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry["kind"] == "block") {
        let number = entry["body"]["decision"].as_u64().expect("a number");
        assert_eq!(blocks.insert(number, index as u64), None, "decision {number} stands twice in the ledger");
    }
    assert_eq!(blocks.len(), decisions.len(), "as many entries as decisions");
    for (number, value, index) in &decisions {
        assert_eq!(blocks.get(&u64::from(*number)), Some(index), "decision {number} on {value}");
    }
    let key = SigningKey::from_file(&place.data().join("keys/snapshot.key")).expect("the key").verifying_key();
    let policy = Policy::open(&place.data().join("snapshot/current.sipar"), &key).expect("the snapshot opens");
    assert_eq!(policy.entries() as usize, decisions.len(), "the snapshot holds what is in force");
}

/// How many assertions, and every active decision: number, value, place in the ledger.
fn rows(place: &Place) -> (usize, Vec<(u32, String, u64)>) {
    let store = Store::open(&StoreConfig::sqlite(place.data().join("sipar.db"))).expect("the store opens");
    store
        .read_blocking(|reader| {
            let assertions = reader.query_one("select count(*) from intel_assertion", params![])?.try_get(0)?;
            let rows = reader.query("select number, value, ledger_index from decision where state = 1", params![])?;
            let decision = |row: &sipar_store::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            Ok::<_, StoreError>((assertions, rows.iter().map(decision).collect::<Result<_, StoreError>>()?))
        })
        .expect("rows")
}
