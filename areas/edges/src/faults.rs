//! What is wrong with edges: silent, unwell, behind, or telling what cannot be.

use crate::{
    http::Shown,
    store::{EventCount, rollout::RolloutRow},
};
use sipar_area::Fault;
use sipar_model::{Severity, TimestampMs, time::DAY_MS};

const SILENT: &str = "edge-silent";
const UNWELL: &str = "edge-unwell";
const BEHIND: &str = "edge-behind";
const DOUBTED: &str = "edge-doubted";
const HALTED: &str = "rollout-halted";

const MINUTE_MS: i64 = 60_000;

/// All of them.
pub(crate) const CLASSES: &[&str] = &[SILENT, UNWELL, BEHIND, DOUBTED, HALTED];

/// An edge tells every ten seconds, and tries at least every minute.
pub(crate) const SILENT_AFTER_MS: i64 = 3 * MINUTE_MS;

/// A line that is cut for some minutes is nobody's business; what is silent for longer may protect nobody.
const SILENT_TOLD_MS: i64 = 10 * MINUTE_MS;

/// An edge takes what is new within seconds.
const BEHIND_TOLD_MS: i64 = 5 * MINUTE_MS;

/// Events that no edge of ours causes as long as it is ours.
const DOUBTFUL: &[&str] = &["implausible-count", "impossible-serial", "bad-report", "too-often"];

/// What is wrong with one edge at `now`. One that never told is being set up, which is not wrong.
pub(crate) fn of(edge: &Shown, now: TimestampMs) -> Option<Fault> {
    let seen = edge.seen_at?;
    let fault = |class, severity, detail: String, since| {
        Some(Fault { class, subject: edge.name.clone(), severity, detail, since, href: "/edges".into() })
    };
    let silence = now.since_ms(seen);
    if silence > SILENT_TOLD_MS {
        let severity = if silence >= DAY_MS { Severity::High } else { Severity::Medium };
        return fault(SILENT, severity, format!("its last state: {}", edge.serial.unwrap_or(0)), Some(seen));
    }
    if edge.healthy == Some(false) {
        let detail = if edge.error.is_empty() { "it has no policy".into() } else { edge.error.clone() };
        return fault(UNWELL, Severity::High, detail, None);
    }
    let lag = edge.lag_ms.filter(|lag| *lag > BEHIND_TOLD_MS)?;
    let detail = format!("it has state {}, {} behind", edge.serial.unwrap_or(0), edge.behind.unwrap_or(0));
    fault(BEHIND, Severity::High, detail, Some(now.plus_ms(-lag)))
}

/// A roll-out that is halted: most edges do not get what was decided since.
pub(crate) fn halted(row: &RolloutRow) -> Option<Fault> {
    row.halted_at.map(|since| Fault {
        class: HALTED,
        subject: "policy".into(),
        severity: Severity::Critical,
        detail: row.halted_why.replace('\n', "; ").replace('\t', " ").trim().to_owned(),
        since: Some(since),
        href: "/roll-out".into(),
    })
}

/// Edges whose words of today were doubted: somebody else may hold their keys.
pub(crate) fn doubted(events: &[EventCount], now: TimestampMs) -> Vec<Fault> {
    let today = now.0.div_euclid(DAY_MS);
    let doubtful =
        |event: &&EventCount| event.day == today && !event.name.is_empty() && DOUBTFUL.contains(&event.what.as_str());
    let mut by_edge = std::collections::BTreeMap::<&str, Vec<String>>::new();
    for event in events.iter().filter(doubtful) {
        by_edge.entry(&event.name).or_default().push(format!("{} {}", event.what, event.times));
    }
    let fault = |(name, what): (&str, Vec<String>)| Fault {
        class: DOUBTED,
        subject: name.to_owned(),
        severity: Severity::Medium,
        detail: format!("today: {}", what.join(", ")),
        since: None,
        href: "/edges".into(),
    };
    by_edge.into_iter().map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

    fn edge(silence: Option<i64>, healthy: bool, lag_ms: i64) -> Shown {
        Shown {
            name: "lahore".into(),
            seen_at: silence.map(|ms| NOW.plus_ms(-ms)),
            healthy: silence.map(|_| healthy),
            lag_ms: silence.map(|_| lag_ms),
            serial: Some(3),
            behind: Some(2),
            ..Shown::default()
        }
    }

    #[test]
    fn silence_illness_and_lag_are_told_the_worst_alone() {
        for (edge, expect) in [
            (edge(None, true, 0), None),
            (edge(Some(0), true, 0), None),
            (edge(Some(SILENT_TOLD_MS), true, BEHIND_TOLD_MS), None),
            (edge(Some(SILENT_TOLD_MS + 1), false, 0), Some((SILENT, Severity::Medium))),
            (edge(Some(DAY_MS), true, DAY_MS), Some((SILENT, Severity::High))),
            (edge(Some(0), false, DAY_MS), Some((UNWELL, Severity::High))),
            (edge(Some(0), true, BEHIND_TOLD_MS + 1), Some((BEHIND, Severity::High))),
        ] {
            assert_eq!(of(&edge, NOW).map(|fault| (fault.class, fault.severity)), expect, "{edge:?}");
        }
    }

    #[test]
    fn doubts_are_told_for_their_day_and_never_of_strangers() {
        let event = |day: i64, name: &str, what: &str| EventCount {
            day: NOW.0.div_euclid(DAY_MS) - day,
            name: name.into(),
            what: what.into(),
            times: 4,
            last_at: NOW,
        };
        let events = [
            event(0, "", "unknown-key"),
            event(0, "lahore", "implausible-count"),
            event(0, "lahore", "bad-report"),
            event(1, "multan", "implausible-count"),
        ];
        let found = doubted(&events, NOW);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].subject.as_str(), found[0].detail.as_str()),
            ("lahore", "today: implausible-count 4, bad-report 4")
        );
    }
}
