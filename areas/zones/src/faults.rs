//! What is wrong with zones: subscribers that do not come for what is new.

use crate::{LAG_MS_MAX, people::Standing, warn::FAILURES_QUIET_MAX};
use sipar_area::Fault;
use sipar_model::{Severity, TimestampMs};

/// A subscriber is far behind.
const BEHIND: &str = "subscriber-behind";

/// Its contact should be warned, and the letter does not go out.
const UNWARNED: &str = "subscriber-unwarned";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[BEHIND, UNWARNED];

/// A day behind: what was blocked yesterday is open there, and its resolvers are probably not asking at all.
const FAR_MS: i64 = 86_400_000;

/// What is wrong with one subscriber at `now`.
pub(crate) fn of(standing: &Standing, now: TimestampMs) -> Vec<Fault> {
    behind(standing, now).into_iter().chain(unwarned(standing)).collect()
}

/// A letter that fails again and again. The error has no address in it.
fn unwarned(standing: &Standing) -> Option<Fault> {
    let (warning, told) = (&standing.warning, &standing.warning.told);
    (warning.is_due && told.failures > FAILURES_QUIET_MAX).then(|| Fault {
        class: UNWARNED,
        subject: standing.about.slug.clone(),
        severity: Severity::Medium,
        detail: format!("{} tries failed, the last: {}", told.failures, told.error),
        since: told.failing.map(|(first, _)| first),
        href: crate::page::href(&standing.about.slug),
    })
}

/// One that was never seen is being set up, which is not wrong.
fn behind(standing: &Standing, now: TimestampMs) -> Option<Fault> {
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
    use crate::warn::{Told, Warning};
    use std::collections::BTreeMap;

    fn standing(about: crate::model::About) -> Standing {
        Standing {
            about,
            key_name: String::new(),
            zones: BTreeMap::new(),
            contact_at: None,
            behind: None,
            lag_ms: None,
            events: BTreeMap::new(),
            warning: Warning::default(),
            each: Vec::new(),
            added_at: TimestampMs(0),
            attempt: 0,
        }
    }

    #[test]
    fn a_letter_that_fails_again_and_again_is_told() {
        let check = |is_due, failures, expect: bool| {
            let told = Told { failures, error: "no".into(), ..Told::default() };
            let warning = Warning { is_due, told, ..Warning::default() };
            let about = serde_json::from_str(r#"{"slug": "isp"}"#).unwrap();
            let found = of(&Standing { warning, ..standing(about) }, TimestampMs(0));
            assert_eq!(found.iter().any(|fault| fault.class == UNWARNED), expect, "{is_due} {failures}");
        };
        check(true, 0, false);
        check(true, 1, false);
        check(true, 2, true);
        check(false, 2, false);
    }

    #[test]
    fn far_behind_is_told_and_never_seen_is_not() {
        let check = |lag_ms: Option<i64>, expect: Option<Severity>| {
            let about = serde_json::from_str(r#"{"slug": "isp"}"#).unwrap();
            let zones = BTreeMap::from([("all.rpz.sipar".to_owned(), (3, TimestampMs(0)))]);
            let standing = Standing { zones, lag_ms, ..standing(about) };
            let now = TimestampMs(2 * FAR_MS);
            let found = of(&standing, now).pop();
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
