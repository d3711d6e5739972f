//! When decisions were taken, to the hour.
//!
//! Numbers of decisions grow with time, so the first decision of each hour tells of all that hour's: eight bytes an
//! hour, however many decisions there are.

use super::{seconds, time_of};
use crate::{bytes::u32_at, container::SectionId, container::SectionPlan};
use sipar_model::{DecisionNumber, TimestampMs};

/// A decision's number and its time in seconds.
const ROW_BYTES: usize = 8;

/// Seconds of an hour.
const HOUR_S: u32 = 3_600;

/// Decisions with their times, as they come; in any order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    rows: Vec<(u32, u32)>,
}

impl Times {
    /// Notes when a decision was taken.
    pub(crate) fn note(&mut self, decision: DecisionNumber, at: TimestampMs) {
        let row = (decision.0, seconds(at));
        // They mostly come in order; then no more is kept than will be written.
        if !self.rows.last().is_some_and(|last| tells(*last, row)) {
            self.rows.push(row);
        }
    }

    /// The rows that are needed, in the order of their numbers.
    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.rows.sort_unstable();
        self.rows.dedup_by(|next, kept| tells(*kept, *next));
        self.rows.iter().flat_map(|(decision, at_s)| [decision.to_le_bytes(), at_s.to_le_bytes()].concat()).collect()
    }

    pub(crate) fn section<'a>(self) -> Option<SectionPlan<'a>> {
        let bytes = self.bytes();
        (!bytes.is_empty()).then(|| SectionPlan::whole(SectionId::DecisionTimes, bytes))
    }
}

/// Whether a row tells of the later one too: it is of the same hour.
const fn tells((number, at_s): (u32, u32), (later, later_s): (u32, u32)) -> bool {
    number <= later && at_s / HOUR_S == later_s / HOUR_S
}

/// The rows of a section, as far as it holds whole ones.
pub(crate) fn rows(section: &[u8]) -> impl Iterator<Item = (DecisionNumber, TimestampMs)> + '_ {
    section.chunks_exact(ROW_BYTES).filter_map(|row| Some((DecisionNumber(u32_at(row, 0)?), time_of(u32_at(row, 4)?))))
}

/// When a decision was taken, to the hour; nothing when the section does not tell. One that was not noted is taken for
/// one of the hour of the last noted before it.
pub(crate) fn find(section: &[u8], decision: DecisionNumber) -> Option<TimestampMs> {
    let (mut low, mut high) = (0, section.len() / ROW_BYTES);
    while low < high {
        let middle = low + (high - low) / 2;
        if u32_at(section, middle * ROW_BYTES)? <= decision.0 { low = middle + 1 } else { high = middle }
    }
    u32_at(section, low.checked_sub(1)? * ROW_BYTES + 4).map(time_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_MS: i64 = 3_600_000;

    fn written(decisions: &[(u32, i64)]) -> Vec<u8> {
        let mut times = Times::default();
        decisions.iter().for_each(|(number, at)| times.note(DecisionNumber(*number), TimestampMs(*at)));
        times.bytes()
    }

    #[test]
    fn an_hour_takes_one_row() {
        let decisions: Vec<(u32, i64)> = (1..=10_000).map(|number| (number, i64::from(number) * 1_000)).collect();
        let section = written(&decisions);
        assert_eq!(rows(&section).count(), 3, "10,000 s reach into three hours");
        assert_eq!(find(&section, DecisionNumber(0)), None);
        assert_eq!(find(&[], DecisionNumber(7)), None);
    }

    proptest! {
        #[test]
        fn every_decision_is_found_to_the_hour(
            steps in prop::collection::vec((1_u32..50, 0_i64..3 * HOUR_MS), 1..200),
            turn in 0_usize..200,
        ) {
            let mut decisions: Vec<(u32, i64)> = steps
                .iter()
                .scan((0, 0), |(number, at), (more, later)| {
                    (*number, *at) = (*number + more, *at + later);
                    Some((*number, *at))
                })
                .collect();
            let in_order = decisions.clone();
            let places = decisions.len();
            decisions.rotate_left(turn % places);
            let section = written(&decisions);
            for (number, at) in in_order {
                let found = find(&section, DecisionNumber(number)).expect("it was noted");
                prop_assert_eq!(found.0 / HOUR_MS, at / HOUR_MS);
            }
        }

        #[test]
        fn any_bytes_are_searched_without_harm(section: Vec<u8>, number: u32) {
            let _ = find(&section, DecisionNumber(number));
            prop_assert!(rows(&section).count() <= section.len() / ROW_BYTES);
        }
    }
}
