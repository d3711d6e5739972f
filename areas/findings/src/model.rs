//! What becomes of findings when those who look have told what is wrong now. Pure: no I/O, no clock, no chance.

use sipar_area::Fault;
use sipar_model::{FindingState, Severity, TimestampMs, time::DAY_MS};
use std::collections::{BTreeMap, BTreeSet};

/// Faults of one source in one round: more than a person reads in a day. Beyond them nothing is taken to be over.
pub const FAULTS_PER_SOURCE_MAX: usize = 500;

/// Characters of a subject or detail that are kept: a long address and a whole chain of causes fit.
pub const TEXT_CHARS_MAX: usize = 2_000;

/// That something is still so is written down this often, in ms: often enough to see who looks, and no row a second.
pub const SEEN_EVERY_MS: i64 = 5 * 60_000;

/// A finding for which nobody has looked this long lapses: a node was taken away, or an area.
pub const LAPSE_MS: i64 = DAY_MS;

/// What tells one finding from another: source, class and subject.
pub type Key = (String, String, String);

/// One finding, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number; 0: it has none yet.
    pub number: i64,
    /// Who found it.
    pub source: String,
    /// What kind of wrong.
    pub class: String,
    /// With what.
    pub subject: String,
    /// How bad.
    pub severity: Severity,
    /// What was seen last.
    pub detail: String,
    /// Where one can do something about it.
    pub href: String,
    /// Since when it is so, this time.
    pub since: TimestampMs,
    /// When it was first found.
    pub first_at: TimestampMs,
    /// When it was last seen.
    pub seen_at: TimestampMs,
    /// When it was found to be over.
    pub over_at: Option<TimestampMs>,
    /// What has become of it.
    pub state: FindingState,
    /// How often it has come.
    pub times: u32,
}

impl Record {
    /// What tells it from others.
    #[must_use]
    pub fn key(&self) -> Key {
        (self.source.clone(), self.class.clone(), self.subject.clone())
    }
}

/// What one source told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Who.
    pub source: String,
    /// What is wrong now; nothing when the source could not tell, so that nothing of it is taken to be over.
    pub faults: Option<Vec<Fault>>,
}

/// A record to be kept, and whether others are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// As it is from now on.
    pub record: Record,
    /// Whether it is news: it has come, gone, or is as bad as it was not.
    pub news: bool,
}

/// The keys of everything that was told, with its fault: each once, the worst of equal ones, texts cut to their bound.
#[must_use]
pub fn by_key(told: &[Told]) -> BTreeMap<Key, Fault> {
    let mut all: BTreeMap<Key, Fault> = BTreeMap::new();
    for one in told {
        for fault in one.faults.iter().flatten().take(FAULTS_PER_SOURCE_MAX) {
            let mut fault = fault.clone();
            fault.subject = cut(&fault.subject);
            fault.detail = cut(&fault.detail);
            let key = (one.source.clone(), fault.class.to_owned(), fault.subject.clone());
            match all.get(&key) {
                Some(held) if held.severity >= fault.severity => {}
                _ => _ = all.insert(key, fault),
            }
        }
    }
    all
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// What changes: `held` are all open findings, and of the others those that are told again.
#[must_use]
pub fn reconcile(held: &[Record], told: &[Told], now: TimestampMs) -> Vec<Change> {
    let faults = by_key(told);
    let by: BTreeMap<Key, &Record> = held.iter().map(|record| (record.key(), record)).collect();
    let mut changes: Vec<Change> =
        faults.iter().filter_map(|(key, fault)| seen(key, by.get(key).copied(), fault, now)).collect();
    let sources: BTreeSet<&str> = told.iter().map(|one| one.source.as_str()).collect();
    let whole: BTreeSet<&str> = told
        .iter()
        .filter(|one| one.faults.as_ref().is_some_and(|faults| faults.len() <= FAULTS_PER_SOURCE_MAX))
        .map(|one| one.source.as_str())
        .collect();
    for record in held.iter().filter(|record| record.state == FindingState::Open && !faults.contains_key(&record.key()))
    {
        let lapsed = !sources.contains(record.source.as_str()) && now.since_ms(record.seen_at) >= LAPSE_MS;
        let state = match (whole.contains(record.source.as_str()), lapsed) {
            (true, _) => FindingState::Fixed,
            (false, true) => FindingState::Lapsed,
            (false, false) => continue,
        };
        changes.push(Change { record: Record { state, over_at: Some(now), ..record.clone() }, news: true });
    }
    changes
}

/// What becomes of the finding `held` now that `fault` is told; nothing when it is as it was.
fn seen(key: &Key, held: Option<&Record>, fault: &Fault, now: TimestampMs) -> Option<Change> {
    let since = fault.since.filter(|since| *since <= now).unwrap_or(now);
    let fresh = Record {
        number: held.map_or(0, |held| held.number),
        source: key.0.clone(),
        class: key.1.clone(),
        subject: key.2.clone(),
        severity: fault.severity,
        detail: fault.detail.clone(),
        href: fault.href.clone(),
        since,
        first_at: held.map_or(since, |held| held.first_at.min(since)),
        seen_at: now,
        over_at: None,
        state: FindingState::Open,
        times: held.map_or(1, |held| held.times.saturating_add(1)),
    };
    let Some(held) = held.filter(|held| held.state == FindingState::Open) else {
        return Some(Change { record: fresh, news: true });
    };
    let record = Record { since: held.since.min(since), first_at: held.first_at, times: held.times, ..fresh };
    let news = record.severity != held.severity;
    let differs = Record { seen_at: held.seen_at, ..record.clone() } != *held;
    // A clock that jumped back leaves a time that is still to come: it is put right too.
    let due = now.since_ms(held.seen_at) >= SEEN_EVERY_MS || now < held.seen_at;
    (news || differs || due).then_some(Change { record, news })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(class: &'static str, subject: &str, severity: Severity) -> Fault {
        let (subject, detail) = (subject.to_owned(), "as seen".to_owned());
        Fault { class, subject, severity, detail, since: None, href: String::new() }
    }

    fn told(source: &str, faults: &[Fault]) -> Told {
        Told { source: source.into(), faults: Some(faults.to_vec()) }
    }

    /// Keeps `changes` as the store does; returns what is news, as `STATE SUBJECT`.
    fn keep(held: &mut Vec<Record>, changes: Vec<Change>) -> Vec<String> {
        let mut news = Vec::new();
        for change in changes {
            if change.news {
                news.push(format!("{} {}", change.record.state, change.record.subject));
            }
            held.retain(|record| record.key() != change.record.key());
            held.push(change.record);
        }
        news
    }

    #[test]
    fn a_finding_opens_once_and_is_over_once_and_comes_back_as_itself() {
        let mut held = Vec::new();
        let mut round = |told: &[Told], at: i64, expect: &[&str]| {
            let changes = reconcile(&held, told, TimestampMs(at));
            assert_eq!(keep(&mut held, changes), expect, "at {at}");
            held.clone()
        };
        let bad = [fault("x", "a", Severity::High)];
        round(&[told("s", &bad)], 1, &["open a"]);
        round(&[told("s", &bad)], 2, &[]);
        round(&[told("s", &[fault("x", "a", Severity::Critical)])], 3, &["open a"]);
        // Whoever cannot tell says nothing about it.
        round(&[Told { source: "s".into(), faults: None }], 4, &[]);
        round(&[], 5, &[]);
        round(&[told("other", &[])], 6, &[]);
        round(&[told("s", &[])], 7, &["fixed a"]);
        round(&[told("s", &[])], 8, &[]);
        let held = round(&[told("s", &bad)], 9, &["open a"]);
        assert_eq!(held.len(), 1);
        assert_eq!((held[0].times, held[0].first_at.0, held[0].since.0, held[0].over_at), (2, 1, 9, None));
    }

    #[test]
    fn what_nobody_looks_for_any_more_lapses_after_its_time() {
        let mut held = Vec::new();
        let first = reconcile(&held, &[told("gone", &[fault("x", "a", Severity::Low)])], TimestampMs(0));
        keep(&mut held, first);
        let other = [told("s", &[])];
        assert_eq!(reconcile(&held, &other, TimestampMs(LAPSE_MS - 1)), []);
        // One that cannot tell still looks.
        let mute = Told { source: "gone".into(), faults: None };
        assert_eq!(reconcile(&held, &[mute], TimestampMs(LAPSE_MS)), []);
        let over = reconcile(&held, &other, TimestampMs(LAPSE_MS));
        assert_eq!(keep(&mut held, over), ["lapsed a"]);
    }

    #[test]
    fn seen_is_written_now_and_then_and_a_clock_that_jumped_back_is_put_right() {
        let told = [told("s", &[fault("x", "a", Severity::Low)])];
        let mut held = Vec::new();
        let opened = reconcile(&held, &told, TimestampMs(1_000_000));
        keep(&mut held, opened);
        let check = |at: i64, seen: &[i64]| {
            let changes = reconcile(&held, &told, TimestampMs(at));
            assert!(changes.iter().all(|change| !change.news));
            assert_eq!(changes.iter().map(|change| change.record.seen_at.0).collect::<Vec<_>>(), seen);
        };
        check(1_000_000 + SEEN_EVERY_MS - 1, &[]);
        check(1_000_000 + SEEN_EVERY_MS, &[1_000_000 + SEEN_EVERY_MS]);
        check(500, &[500]);
    }

    #[test]
    fn more_than_the_bound_ends_nothing_and_long_texts_are_cut() {
        let many: Vec<Fault> = (0..=FAULTS_PER_SOURCE_MAX).map(|n| fault("x", &n.to_string(), Severity::Low)).collect();
        let mut held = Vec::new();
        let opened = reconcile(&held, &[told("s", &[fault("x", "a", Severity::Low)])], TimestampMs(0));
        keep(&mut held, opened);
        let news = reconcile(&held, &[told("s", &many)], TimestampMs(1));
        let news = keep(&mut held, news);
        assert_eq!(news.len(), FAULTS_PER_SOURCE_MAX);
        assert!(news.iter().all(|line| line.starts_with("open")));
        let long = fault("x", &"é".repeat(TEXT_CHARS_MAX + 1), Severity::Low);
        let one = reconcile(&[], &[told("s", &[long])], TimestampMs(1));
        assert_eq!(one[0].record.subject.chars().count(), TEXT_CHARS_MAX);
    }

    proptest! {
        /// Whatever comes in whatever order: no key twice, a round repeated is no news, and what is open is what is told.
        #[test]
        fn rounds_settle(rounds in prop::collection::vec(prop::collection::vec((0_u8..2, 0_u8..4, 1_u8..=4), 0..8), 1..12)) {
            let mut held: Vec<Record> = Vec::new();
            for (at, round) in rounds.iter().enumerate() {
                let of = |source: u8| -> Vec<Fault> {
                    let own = round.iter().filter(|one| one.0 == source);
                    own.map(|one| fault("x", &one.1.to_string(), Severity::from_number(one.2).unwrap())).collect()
                };
                let told = [told("0", &of(0)), told("1", &of(1))];
                let now = TimestampMs(at as i64);
                let changes = reconcile(&held, &told, now);
                keep(&mut held, changes);
                prop_assert_eq!(reconcile(&held, &told, now), vec![]);
                let keys: BTreeSet<Key> = held.iter().map(Record::key).collect();
                prop_assert_eq!(keys.len(), held.len());
                let open: BTreeSet<Key> = held.iter().filter(|one| one.state == FindingState::Open).map(Record::key).collect();
                prop_assert_eq!(open, by_key(&told).into_keys().collect::<BTreeSet<_>>());
            }
        }
    }
}
