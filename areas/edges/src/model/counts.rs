//! Which counts of an edge can be believed.

use super::is_plain;
use sipar_model::{Sighting, TimestampMs, sighting::is_plausible};

/// Splits counts into those that can be believed, in the edge's own name, and the number of those that cannot.
/// Whatever network an edge names, it is one of its own.
#[must_use]
pub fn believed(edge: &str, counts: Vec<Sighting>, now: TimestampMs) -> (Vec<Sighting>, u64) {
    let all = counts.len();
    let own = |mut count: Sighting| {
        let sound = is_plausible(count.minute, count.count, now)
            && count.decision.0 > 0
            && count.by.is_edge()
            && (count.network.is_empty() || is_plain(&count.network));
        count.network = match count.network.as_str() {
            "" => edge.to_owned(),
            network => format!("{edge}/{network}"),
        };
        sound.then_some(count)
    };
    let kept: Vec<Sighting> = counts.into_iter().filter_map(own).collect();
    let left_out = (all - kept.len()) as u64;
    (kept, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_model::{DecisionNumber, SeenBy, sighting::COUNT_MAX, time::DAY_MS};

    const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

    fn count(minute: i64, count: u64, network: &str) -> Sighting {
        let minute = TimestampMs(minute - minute.rem_euclid(60_000));
        let (decision, network) = (DecisionNumber(7), network.into());
        Sighting { decision, minute, count, network, shadow: false, by: SeenBy::Dns }
    }

    #[test]
    fn an_edge_speaks_for_itself_alone() {
        let (kept, left) = believed("lahore", vec![count(NOW.0, 1, ""), count(NOW.0, 1, "mobile")], NOW);
        assert_eq!(kept.iter().map(|count| count.network.as_str()).collect::<Vec<_>>(), ["lahore", "lahore/mobile"]);
        assert_eq!(left, 0);
    }

    #[test]
    fn what_cannot_be_is_left_out() {
        let odd = Sighting { minute: TimestampMs(NOW.0 | 1), ..count(NOW.0, 1, "") };
        let others = Sighting { by: SeenBy::Server, ..count(NOW.0, 1, "") };
        let nobody = Sighting { decision: DecisionNumber(0), ..count(NOW.0, 1, "") };
        for bad in [
            odd,
            nobody,
            others,
            count(NOW.0 + 10 * 60_000, 1, ""),
            count(NOW.0 - 15 * DAY_MS, 1, ""),
            count(i64::MIN / 2, 1, ""),
            count(NOW.0, 0, ""),
            count(NOW.0, COUNT_MAX + 1, ""),
            count(NOW.0, u64::MAX, ""),
            count(NOW.0, 1, "a/b"),
            count(NOW.0, 1, "<b>"),
            count(NOW.0, 1, &"a".repeat(65)),
        ] {
            assert_eq!(believed("x", vec![bad.clone()], NOW), (Vec::new(), 1), "{bad:?}");
        }
    }
}
