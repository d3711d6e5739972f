//! Killed a hundred times at random moments while it takes in, decides, publishes and compiles: nothing that was
//! accepted is lost, nothing is there twice, the ledger and the snapshot verify.

use crate::support::{
    Home, Ran,
    chance::Chance,
    records::{self, Decision, Records},
    server::{self, Server, operator_key},
};
use serde_json::json;
use sipar_ledger::Entry;
use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::process::ExitStatusExt as _,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// As many as the issue asks for.
const ROUNDS: u64 = 100;

/// Names at the start: enough for a run of a quarter of a second, so that a kill hits different steps.
const NAMES_AT_START: u64 = 1_000;

/// Names that a publisher adds between two rounds, at most.
const NAMES_ADDED_MAX: u64 = 120;

/// Every so many rounds, one is left alone, and its time is the new measure for pauses.
const WHOLE_EVERY: u64 = 20;

const FEED: &str = "phish";

/// Files of other areas: the warning index, and what a kill left between its adoption and its row; few kills hit there.
const OTHER_BLOBS_MAX: usize = 1 + ROUNDS as usize / 10;

struct Run {
    home: Home,
    chance: Chance,
    names: Vec<String>,
    /// Decisions whose number was printed: number and name.
    acknowledged: BTreeMap<u32, String>,
    asked: BTreeSet<String>,
    /// How long a whole run takes.
    whole: Duration,
    killed: u64,
}

#[test]
fn killed_a_hundred_times_nothing_is_lost_or_doubled() {
    let mut run = Run {
        home: Home::alone(),
        chance: Chance::from_environment(),
        names: Vec::new(),
        acknowledged: BTreeMap::new(),
        asked: BTreeSet::new(),
        whole: Duration::ZERO,
        killed: 0,
    };
    run.publish(NAMES_AT_START);
    run.home.add_feed(FEED, "eth-phishing-detect", &run.home.path("feed.json"));
    run.whole_pull();
    for round in 1..=ROUNDS {
        if run.chance.below(3) > 0 {
            let added = 1 + run.chance.below(NAMES_ADDED_MAX);
            run.publish(added);
        }
        match round {
            _ if round % WHOLE_EVERY == 0 => run.whole_pull(),
            _ if round % 3 == 0 => run.kill_server(),
            _ if round % 4 == 0 => run.kill_block(round),
            _ if round % 5 == 0 => run.kill_build(),
            _ => run.kill_pull(),
        }
    }
    eprintln!("{} of {ROUNDS} rounds were killed midway, {} names", run.killed, run.names.len());
    assert!(run.killed > ROUNDS / 3, "pauses are too long: only {} rounds were killed midway", run.killed);
    run.whole_pull();
    run.check();
}

impl Run {
    /// The publisher adds names.
    fn publish(&mut self, count: u64) {
        let from = self.names.len() as u64;
        self.names.extend((from..from + count).map(|number| format!("n{number}.kill.example")));
        self.home.write_names("feed.json", self.names.iter().map(String::as_str));
    }

    fn whole_pull(&mut self) {
        let began = Instant::now();
        self.home.ok(&["feed", "pull", FEED]);
        self.whole = began.elapsed();
    }

    fn kill_pull(&mut self) {
        self.kill_midway(&["feed", "pull", FEED]);
    }

    /// A whole file of the published state is made.
    fn kill_build(&mut self) {
        self.kill_midway(&["snapshot", "build"]);
    }

    fn kill_midway(&mut self, arguments: &[&str]) {
        let pause = self.chance.pause(self.whole);
        let mut command = self.home.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(pause);
        child.kill().unwrap();
        self.killed += u64::from(child.wait().unwrap().signal().is_some());
    }

    /// A person blocks something, and the process is killed. What it has acknowledged by then must stay.
    fn kill_block(&mut self, round: u64) {
        let name = format!("by-a-person-{round}.kill.test");
        let pause = self.chance.pause(self.whole * 2);
        let mut command = self.home.command(&["block", &name, "--reason", "an exercise of the response team"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        thread::sleep(pause);
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        self.killed += u64::from(output.status.signal().is_some());
        let printed = Ran::from(output).stdout;
        self.asked.insert(name.clone());
        if let Some((number, _)) = printed.strip_prefix("decision D-").and_then(|rest| rest.split_once(' ')) {
            self.acknowledged.insert(number.parse().unwrap(), name);
        }
    }

    /// The whole server, asked to pull as soon as it listens, until it is killed.
    fn kill_server(&mut self) {
        let pause = self.chance.pause(self.whole * 2);
        let began = Instant::now();
        let server = Server::start(&mut self.home.command(&["serve"]));
        let portal = loop {
            match server.address_now("portal") {
                Some(portal) => break Some(portal),
                None if began.elapsed() >= pause => break None,
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        let key = operator_key(&self.home);
        thread::scope(|scope| {
            if let Some(portal) = portal {
                // Not answered when the server is killed first.
                scope
                    .spawn(move || server::post(portal, &format!("/api/v1/intel/feeds/{FEED}/pull"), &key, &json!({})));
            }
            thread::sleep(pause.saturating_sub(began.elapsed()));
            server.kill();
        });
        self.killed += 1;
    }

    fn check(&self) {
        let names: BTreeSet<&str> = self.names.iter().map(String::as_str).collect();
        let records = Records::of(&self.home);
        let asserted = records.texts("select value from intel_assertion where withdrawn = 0");
        let found: BTreeSet<&str> = asserted.iter().map(String::as_str).collect();
        assert_eq!(asserted.len(), found.len(), "an assertion is there twice");
        assert!(found == names, "assertions: {:?}", found.symmetric_difference(&names).take(5).collect::<Vec<_>>());
        let decisions = records.decisions();
        self.check_decisions(&decisions, &names);
        self.check_ledger(&decisions);
        self.check_snapshot(&decisions);
    }

    fn check_decisions(&self, decisions: &[Decision], names: &BTreeSet<&str>) {
        let numbers: BTreeSet<u32> = decisions.iter().map(|decision| decision.number).collect();
        assert_eq!(numbers.len(), decisions.len(), "a number was given twice");
        assert_eq!(numbers.last().copied(), u32::try_from(decisions.len()).ok(), "a number was lost");
        let mut active: BTreeMap<&str, u32> = BTreeMap::new();
        for decision in decisions {
            assert!(decision.active, "nothing ended here: {decision:?}");
            let earlier = active.insert(&decision.value, decision.number);
            assert_eq!(earlier, None, "`{}` is blocked twice", decision.value);
            let known = names.contains(decision.value.as_str()) || self.asked.contains(&decision.value);
            assert!(known, "nobody asked for {decision:?}");
        }
        let lost: Vec<&&str> = names.iter().filter(|name| !active.contains_key(**name)).take(5).collect();
        assert!(lost.is_empty(), "without a decision: {lost:?}");
        for (number, name) in &self.acknowledged {
            assert_eq!(active.get(name.as_str()), Some(number), "D-{number} on `{name}` was acknowledged");
        }
        eprintln!("{} decisions of persons acknowledged, {} asked for", self.acknowledged.len(), self.asked.len());
    }

    fn check_ledger(&self, decisions: &[Decision]) {
        eprint!("{}", self.home.ok(&["ledger", "verify"]));
        let entries = records::ledger(&self.home);
        let of = |decision: &Decision| {
            let entry = &entries[usize::try_from(decision.ledger_index).unwrap()];
            (entry.kind.as_str(), entry.body["decision"].as_u64())
        };
        for decision in decisions {
            assert_eq!(of(decision), ("block", Some(u64::from(decision.number))), "{decision:?}");
        }
        let blocks = entries.iter().filter(|entry| entry.kind == "block").count();
        assert_eq!(blocks, decisions.len(), "the ledger holds blocks that are no decisions, or twice");
        self.check_published(&entries, entries.len() - blocks);
    }

    /// Each state was published once, in order: by a change from the one before, or whole; and of each there is at most
    /// one whole file.
    fn check_published(&self, entries: &[Entry], others: usize) {
        let of = |kind: &str| -> Vec<u64> {
            let of_kind = entries.iter().filter(|entry| entry.kind == kind);
            of_kind.map(|entry| entry.body["serial"].as_u64().unwrap()).collect()
        };
        let (changes, wholes) = (of("delta"), of("snapshot"));
        assert_eq!(changes.len() + wholes.len(), others, "entries of another kind");
        let each: BTreeSet<u64> = changes.iter().chain(&wholes).copied().collect();
        assert!(each.iter().copied().eq(1..=each.len() as u64), "{changes:?} {wholes:?}");
        for serials in [&changes, &wholes] {
            assert!(serials.is_sorted_by(|one, next| one < next), "{serials:?}");
        }
        assert!(changes.len() > 10 && wholes.len() > 1, "{} changes, {} whole files", changes.len(), wholes.len());
        let from_before = entries.iter().filter(|entry| entry.kind == "delta");
        for entry in from_before {
            assert_eq!(entry.body["from"].as_u64().map(|from| from + 1), entry.body["serial"].as_u64());
        }
        // What is kept is what the rows name, and nothing of the policy beside it.
        let records = Records::of(&self.home);
        let named = records.texts(
            "select delta_blob from publication where delta_kept = 1
             union all select whole_blob from publication where whole_kept = 1",
        );
        for name in &named {
            let path = self.home.data.join("blobs").join(&name[..2]).join(name);
            assert!(path.is_file(), "{name} is named, and not there");
        }
        let kept = files_under(&self.home.data.join("blobs"));
        eprintln!("{} changes, {} whole files; {kept} files among the blobs", changes.len(), wholes.len());
        assert!(kept <= named.len() + OTHER_BLOBS_MAX, "{kept} files are kept, {} are named", named.len());
    }

    fn check_snapshot(&self, decisions: &[Decision]) {
        self.home.ok(&["snapshot", "verify"]);
        let policy = records::snapshot(&self.home);
        let listed: BTreeMap<String, u32> =
            policy.iter().map(|entry| (entry.observable.value(), entry.decision.0)).collect();
        let active: BTreeMap<String, u32> =
            decisions.iter().map(|decision| (decision.value.clone(), decision.number)).collect();
        assert_eq!(policy.entries(), active.len() as u64);
        assert!(listed == active, "the snapshot has other entries than the decisions in force");
    }
}

fn files_under(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_under(&path) } else { 1 }).sum()
}
