//! What is wrong with zones: subscribers that do not come for what is new.

use crate::{LAG_MS_MAX, people::Standing};
use sipar_area::Fault;
use sipar_model::{Severity, TimestampMs};

/// A subscriber is far behind.
const BEHIND: &str = "subscriber-behind";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[BEHIND];

/// A day behind: what was blocked yesterday is open there, and its resolvers are probably not asking at all.
const FAR_MS: i64 = 86_400_000;

/// What is wrong with one subscriber at `now`. One that was never seen is being set up, which is not wrong.
pub(crate) fn of(standing: &Standing, now: TimestampMs) -> Option<Fault> {
    let lag = standing.lag_ms.filter(|lag| *lag > LAG_MS_MAX)?;
    let serials: Vec<String> = standing.zones.iter().map(|(zone, (serial, _))| format!("{zone} {serial}")).collect();
    Some(Fault {
        class: BEHIND,
        subject: standing.about.slug.clone(),
        severity: if lag >= FAR_MS { Severity::High } else { Severity::Medium },
        detail: format!("the serials that it has: {}", serials.join(", ")),
        since: Some(now.plus_ms(-lag)),
        href: crate::page::href(&standing.about.slug),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn far_behind_is_told_and_never_seen_is_not() {
        let check = |lag_ms: Option<i64>, expect: Option<Severity>| {
            let about = serde_json::from_str(r#"{"slug": "isp"}"#).unwrap();
            let zones = BTreeMap::from([("all.rpz.sipar".to_owned(), (3, TimestampMs(0)))]);
            let events = BTreeMap::new();
            let standing =
                Standing { about, key_name: String::new(), zones, contact_at: None, behind: None, lag_ms, events };
            let now = TimestampMs(2 * FAR_MS);
            let found = of(&standing, now);
            assert_eq!(found.as_ref().map(|fault| fault.severity), expect);
            if let Some(fault) = found {
                assert_eq!(fault.since, lag_ms.map(|lag| now.plus_ms(-lag)));
                assert_eq!(fault.detail, "the serials that it has: all.rpz.sipar 3");
            }
        };
        check(None, None);
        check(Some(0), None);
        check(Some(LAG_MS_MAX), None);
        check(Some(LAG_MS_MAX + 1), Some(Severity::Medium));
        check(Some(FAR_MS), Some(Severity::High));
    }
}
