//! What telling owners has come to: by severity and month, per thing and never per letter.

use serde::Serialize;
use sipar_model::{Severity, TimestampMs};
use std::collections::BTreeMap;

/// One thing that stood in a notice, and what became of it since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// The month in which the notice was made, as 202611.
    pub month: i64,
    /// How bad.
    pub severity: Severity,
    /// Since when its owner had to be told.
    pub waited_from: TimestampMs,
    /// When they were.
    pub told_at: Option<TimestampMs>,
    /// When they said that they know.
    pub acknowledged_at: Option<TimestampMs>,
    /// When it was verified to be mended.
    pub fixed_at: Option<TimestampMs>,
    /// When it was back after that, or after they said so.
    pub back_at: Option<TimestampMs>,
}

/// What became of the things of one severity and month. Times are medians, in ms; nothing where nothing has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// As `2026-11`.
    pub month: String,
    /// How bad.
    pub severity: Severity,
    /// Things that had to be told.
    pub things: u64,
    /// Of these: their owner's server or program took the notice.
    pub delivered: u64,
    /// Of these: somebody has said that they know.
    pub acknowledged: u64,
    /// Of these: verified to be mended.
    pub fixed: u64,
    /// Of these: came back.
    pub reappeared: u64,
    /// From the first time it had to be told until delivered.
    pub delivered_ms_median: Option<i64>,
    /// From delivered until acknowledged.
    pub acknowledged_ms_median: Option<i64>,
    /// From delivered until verified to be mended.
    pub fixed_ms_median: Option<i64>,
}

#[derive(Default)]
struct Group {
    things: u64,
    delivered: Vec<i64>,
    acknowledged: Vec<i64>,
    known: u64,
    fixed: Vec<i64>,
    mended: u64,
    back: u64,
}

/// Gathers courses, by month and severity.
#[derive(Default)]
pub struct Gathered(BTreeMap<(i64, Severity), Group>);

impl Gathered {
    /// Counts one.
    pub fn add(&mut self, one: &Course) {
        let group = self.0.entry((one.month, one.severity)).or_default();
        group.things += 1;
        group.delivered.extend(one.told_at.map(|told| told.since_ms(one.waited_from)));
        group.known += u64::from(one.acknowledged_at.is_some());
        group.mended += u64::from(one.fixed_at.is_some());
        group.back += u64::from(one.back_at.is_some());
        // What was known or mended before it was delivered says nothing of how long telling takes.
        let since =
            |at: Option<TimestampMs>| at.zip(one.told_at).map(|(at, told)| at.since_ms(told)).filter(|ms| 0 <= *ms);
        group.acknowledged.extend(since(one.acknowledged_at));
        group.fixed.extend(since(one.fixed_at));
    }

    /// All of it, the newest month first, and in it the worst.
    #[must_use]
    pub fn measured(self) -> Vec<Measured> {
        let one = |((month, severity), group): ((i64, Severity), Group)| Measured {
            month: format!("{}-{:02}", month / 100, month % 100),
            severity,
            things: group.things,
            delivered: group.delivered.len() as u64,
            acknowledged: group.known,
            fixed: group.mended,
            reappeared: group.back,
            delivered_ms_median: median(group.delivered),
            acknowledged_ms_median: median(group.acknowledged),
            fixed_ms_median: median(group.fixed),
        };
        self.0.into_iter().rev().map(one).collect()
    }
}

/// The median: of an even number, the lower of the two in the middle.
#[must_use]
pub fn median(mut values: Vec<i64>) -> Option<i64> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_by_month_and_severity() {
        let mut gathered = Gathered::default();
        let course = |month, told: Option<i64>, known: Option<i64>, fixed: Option<i64>, back: Option<i64>| Course {
            month,
            severity: Severity::High,
            waited_from: TimestampMs(100),
            told_at: told.map(TimestampMs),
            acknowledged_at: known.map(TimestampMs),
            fixed_at: fixed.map(TimestampMs),
            back_at: back.map(TimestampMs),
        };
        for one in [
            course(202_610, Some(110), None, None, None),
            course(202_611, Some(110), Some(150), Some(900), Some(990)),
            course(202_611, Some(130), Some(140), None, None),
            course(202_611, None, Some(120), None, None),
            course(202_611, Some(150), None, None, None),
        ] {
            gathered.add(&one);
        }
        let found = gathered.measured();
        assert_eq!(found.iter().map(|one| one.month.as_str()).collect::<Vec<_>>(), ["2026-11", "2026-10"]);
        let one = &found[0];
        assert_eq!((one.things, one.delivered, one.acknowledged, one.fixed, one.reappeared), (4, 3, 3, 1, 1));
        assert_eq!(one.delivered_ms_median, Some(30));
        assert_eq!((one.acknowledged_ms_median, one.fixed_ms_median), (Some(10), Some(790)));
        assert_eq!((found[1].acknowledged, found[1].acknowledged_ms_median), (0, None), "nothing is not zero");
    }
}
