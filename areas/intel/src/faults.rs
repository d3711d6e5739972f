//! What is wrong with feeds, as their records tell it.

use crate::store::Source;
use sipar_area::Fault;
use sipar_model::{Severity, TimestampMs, time::DAY_MS};
use sipar_web::context::encode;

/// A feed cannot be taken in, again and again.
const FAILING: &str = "feed-failing";
/// A feed waits for a person.
const HELD: &str = "feed-held";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[FAILING, HELD];

/// Failures in a row that are told: with pauses of 1, 2, 4 and 8 minutes a quarter of an hour; a server that is being
/// restarted is back by then.
const FAILURES_TOLD: u32 = 5;

/// After this long without a pull that went well, what the feed knew is going stale: most feeds are daily.
const STALE_MS: i64 = 2 * DAY_MS;

/// What is wrong with `source` at `now`.
pub(crate) fn of(source: &Source, now: TimestampMs) -> Vec<Fault> {
    let fault = |class, severity, detail: &str, since| Fault {
        class,
        subject: source.about.slug.clone(),
        severity,
        detail: detail.to_owned(),
        since,
        href: format!("/feeds/{}", encode(&source.about.slug)),
    };
    let mut faults = Vec::new();
    if source.failures >= FAILURES_TOLD {
        let stale = source.applied_at.is_none_or(|at| now.since_ms(at) >= STALE_MS);
        let severity = if stale { Severity::High } else { Severity::Medium };
        faults.push(fault(FAILING, severity, source.last_error.as_deref().unwrap_or_default(), None));
    }
    if let Some((_, why)) = &source.held {
        faults.push(fault(HELD, Severity::Medium, why, source.tried_at));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::NewSource;

    #[test]
    fn a_feed_that_fails_for_long_or_waits_for_a_person_is_told() {
        let check = |failures: u32, applied: Option<i64>, held: bool, expect: &[(&str, Severity)]| {
            let source = Source {
                number: 1,
                about: NewSource {
                    slug: "a feed".into(),
                    title: String::new(),
                    format: "plain".into(),
                    origin: "/tmp".into(),
                    member: None,
                    family: String::new(),
                    trust: 100,
                    allow_private: false,
                    every_min: 60,
                    ca_file: None,
                },
                next_at: TimestampMs(0),
                validators: crate::fetch::Validators::default(),
                digest: None,
                last: None,
                applied_at: applied.map(TimestampMs),
                tried_at: Some(TimestampMs(5)),
                failures,
                last_error: (failures > 0).then(|| "no such host".to_owned()),
                held: held.then(|| (7, "it has shrunk".to_owned())),
            };
            let found = of(&source, TimestampMs(10 * DAY_MS));
            assert!(found.iter().all(|fault| CLASSES.contains(&fault.class) && fault.href == "/feeds/a%20feed"));
            let found: Vec<_> = found.iter().map(|fault| (fault.detail.as_str(), fault.severity)).collect();
            assert_eq!(found, expect);
        };
        check(0, Some(0), false, &[]);
        check(FAILURES_TOLD - 1, None, false, &[]);
        check(FAILURES_TOLD, None, false, &[("no such host", Severity::High)]);
        check(FAILURES_TOLD, Some(8 * DAY_MS), false, &[("no such host", Severity::High)]);
        check(FAILURES_TOLD, Some(9 * DAY_MS), false, &[("no such host", Severity::Medium)]);
        check(0, None, true, &[("it has shrunk", Severity::Medium)]);
    }
}
