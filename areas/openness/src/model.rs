//! What each entry of the ledger counts as, and what a month came to: no I/O, no clock, no chance.

use serde::Serialize;
use sipar_ledger::Entry;
use sipar_model::{Category, TimestampMs};
use std::collections::BTreeMap;

/// The rules below, counted. Whoever changes what an entry counts as adds one: then all figures are counted anew.
pub const RULES: i64 = 1;

/// A source longer than this is counted as another, in bytes: names of rules are short words (packs/rules).
const SOURCE_BYTES_MAX: usize = 72;

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(pub i64);

impl Month {
    /// The month that `at` lies in. `None` beyond what a calendar can write.
    #[must_use]
    pub fn of(at: TimestampMs) -> Option<Self> {
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        Some(Self(i64::from(at.year()) * 100 + i64::from(at.month())))
    }

    /// `2026-11`.
    #[must_use]
    pub fn word(self) -> String {
        format!("{:04}-{:02}", self.0 / 100, self.0 % 100)
    }

    /// Year and month.
    #[must_use]
    pub const fn parts(self) -> (i64, i64) {
        (self.0 / 100, self.0 % 100)
    }

    /// Reads `2026-11`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
        (1..=12).contains(&month).then_some(Self(year * 100 + month))
    }
}

/// What is counted. The words are those of the table, of JSON and of CSV.
pub mod measure {
    /// Blocks taken, by category.
    pub const BLOCK_CATEGORY: &str = "blocks-by-category";
    /// Blocks taken, by what took them: a rule, by its name, or a person.
    pub const BLOCK_SOURCE: &str = "blocks-by-source";
    /// Blocks that ended, by how.
    pub const END: &str = "ends";
    /// Allowances taken.
    pub const ALLOWANCE: &str = "allowances";
    /// Appeals that came in.
    pub const APPEAL: &str = "appeals";
    /// Appeals that are over, by how.
    pub const RULING: &str = "rulings";
    /// Emergency unblocks.
    pub const EMERGENCY: &str = "emergencies";
    /// What second persons said of emergency unblocks.
    pub const REVIEW: &str = "reviews";

    /// All of them, in the order in which they are shown.
    pub const ALL: &[&str] = &[BLOCK_CATEGORY, BLOCK_SOURCE, END, ALLOWANCE, APPEAL, RULING, EMERGENCY, REVIEW];
}

/// What is counted, and of it which part.
pub type Key = (Month, &'static str, String);

/// What some entries come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many of each.
    pub counts: BTreeMap<Key, u64>,
    /// How long each ruling took, by the number of its entry.
    pub answers: Vec<(u64, Month, i64)>,
}

impl Tally {
    /// Counts one entry. Kinds that are not counted are passed over.
    pub fn add(&mut self, number: u64, entry: &Entry) {
        let Some(month) = Month::of(entry.at) else { return };
        let text = |key: &str| entry.body.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let mut count = |measure, part: &str| *self.counts.entry((month, measure, part.to_owned())).or_default() += 1;
        match entry.kind.as_str() {
            "block" => {
                count(measure::BLOCK_CATEGORY, category(text("category")));
                count(measure::BLOCK_SOURCE, source(text("by")));
            }
            "allow" => count(measure::ALLOWANCE, "all"),
            // What ends an allowance ends no block.
            "expire" | "undo" | "withdraw" | "supersede" if text("action") != "allow" => {
                count(measure::END, end(&entry.kind));
            }
            "appeal" => count(measure::APPEAL, "received"),
            "ruling" => {
                let outcome = match text("outcome") {
                    "granted" => "granted",
                    "upheld" => "upheld",
                    _ => "ended",
                };
                count(measure::RULING, outcome);
                let received = entry.body.get("received_at").and_then(serde_json::Value::as_i64);
                // An appeal whose block ended by itself was answered by nobody.
                if let Some(received) = received.filter(|_| outcome != "ended") {
                    let took_ms = entry.at.since_ms(TimestampMs(received)).max(0);
                    self.answers.push((number, month, took_ms));
                }
            }
            "emergency" => count(measure::EMERGENCY, "taken"),
            "review" => count(measure::REVIEW, if text("outcome") == "confirmed" { "confirmed" } else { "reversed" }),
            _ => {}
        }
    }
}

/// The category's own word; a word that none has is counted as `other`.
fn category(word: &str) -> &'static str {
    word.parse::<Category>().map_or("other", Category::word)
}

/// `rule:NAME` as it stands; every person is `person`.
fn source(by: &str) -> &str {
    match by.split_once(':') {
        Some(("rule", name)) if !name.is_empty() && by.len() <= SOURCE_BYTES_MAX => by,
        Some(("person", _)) => "person",
        _ => "other",
    }
}

fn end(kind: &str) -> &'static str {
    match kind {
        "expire" => "expired",
        "withdraw" => "withdrawn",
        "supersede" => "superseded",
        _ => "undone",
    }
}

/// What one month came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// `2026-11`.
    pub month: String,
    /// Whether the month is over.
    pub complete: bool,
    /// How many of each part of each measure.
    pub counts: BTreeMap<String, BTreeMap<String, u64>>,
    /// Appeals that a person answered.
    pub answered: u64,
    /// Half of those were answered within so many hours; nothing when none was.
    pub answer_median_hours: Option<f64>,
}

impl Figures {
    /// How many of one part.
    #[must_use]
    pub fn of(&self, measure: &str, part: &str) -> u64 {
        self.counts.get(measure).and_then(|parts| parts.get(part)).copied().unwrap_or(0)
    }

    /// How many of all parts together.
    #[must_use]
    pub fn all(&self, measure: &str) -> u64 {
        self.counts.get(measure).map_or(0, |parts| parts.values().sum())
    }
}

/// The middle of durations that are in order, in hours; of two middles their mean.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a duration in ms stays far below 2^52")]
pub fn median_hours(middles: &[i64]) -> Option<f64> {
    let sum: i64 = middles.iter().sum();
    (!middles.is_empty()).then(|| sum as f64 / middles.len() as f64 / 3_600_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn months() {
        let check = |ms, expect: &str| assert_eq!(Month::of(TimestampMs(ms)).unwrap().word(), expect);
        check(0, "1970-01");
        check(1_795_512_060_000, "2026-11");
        // Midnight of 1 December in Karachi is still November in UTC.
        check(1_796_065_200_000, "2026-11");
        check(1_796_083_200_000, "2026-12");
        assert_eq!(Month::of(TimestampMs(i64::MAX)), None);
        assert_eq!(Month::parse("2026-11"), Some(Month(202_611)));
        for bad in ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "x-11", "2026-11-01"] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn each_kind_of_entry_counts_as_one_thing() {
        let check = |kind: &str, body: serde_json::Value, expect: &[&str]| {
            let mut tally = Tally::default();
            tally.add(3, &Entry::new(kind, TimestampMs(7_200_000), body));
            let words: Vec<String> =
                tally.counts.iter().map(|((_, measure, part), n)| format!("{measure} {part} {n}")).collect();
            assert_eq!(words, expect, "{kind}");
            tally.answers
        };
        check(
            "block",
            json!({"category": "c2", "by": "rule:c2"}),
            &["blocks-by-category c2 1", "blocks-by-source rule:c2 1"],
        );
        check(
            "block",
            json!({"category": "spam", "by": "person:night desk"}),
            &["blocks-by-category other 1", "blocks-by-source person 1"],
        );
        check("block", json!({}), &["blocks-by-category other 1", "blocks-by-source other 1"]);
        check("expire", json!({"action": "block"}), &["ends expired 1"]);
        check("undo", json!({"action": "allow"}), &[]);
        check("supersede", json!({}), &["ends superseded 1"]);
        check("withdraw", json!({"action": "block"}), &["ends withdrawn 1"]);
        check("allow", json!({}), &["allowances all 1"]);
        check("appeal", json!({}), &["appeals received 1"]);
        check("emergency", json!({}), &["emergencies taken 1"]);
        check("review", json!({"outcome": "reversed"}), &["reviews reversed 1"]);
        check("delta", json!({"category": "c2"}), &[]);
        let answers = check("ruling", json!({"outcome": "granted", "received_at": 0}), &["rulings granted 1"]);
        assert_eq!(answers, [(3, Month(197_001), 7_200_000)]);
        assert_eq!(check("ruling", json!({"outcome": "ended", "received_at": 0}), &["rulings ended 1"]), []);
        assert_eq!(check("ruling", json!({"outcome": "upheld"}), &["rulings upheld 1"]), []);
    }

    #[test]
    fn no_answer_has_no_median() {
        assert_eq!(median_hours(&[]), None);
        assert_eq!(median_hours(&[7_200_000]), Some(2.0));
        assert_eq!(median_hours(&[3_600_000, 7_200_000]), Some(1.5));
    }
}
