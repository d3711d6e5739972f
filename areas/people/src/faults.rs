//! What is wrong with who gets in.

use crate::{
    People, PeopleError,
    model::recovery::WAIT_MS,
    store::{events, parties, persons, recoveries},
};
use sipar_area::Fault;
use sipar_authz::{Failures, attempts::FAILURES_MAX};
use sipar_model::{Severity, TimestampMs, time::DAY_MS};

/// Credentials that do not hold come in numbers.
pub const GUESSED: &str = "credentials-guessed";
/// A passkey was used out of turn.
pub const COPIED: &str = "passkey-copied";
/// A recovery waits for a second administrator.
pub const RECOVERY: &str = "recovery-waits";
/// Somebody is to become an administrator, and a second one has yet to agree.
pub const GRANT: &str = "administrator-waits";
/// One administrator alone can let people in.
pub const ALONE: &str = "one-administrator";

/// All of them.
pub const CLASSES: &[&str] = &[GUESSED, COPIED, RECOVERY, GRANT, ALONE];

/// Failed credentials in two hours from which on somebody should look: five networks' worth of what is let pass.
const GUESSED_MIN: u64 = 5 * FAILURES_MAX as u64;

/// A copied passkey is told for this long, in ms: its owner has a week to be asked.
const COPIED_TOLD_MS: i64 = 7 * DAY_MS;

/// Everything that is wrong now.
pub(crate) async fn all(people: &People) -> Result<Vec<Fault>, PeopleError> {
    let now = people.house.clock.now();
    let read = people.house.store.read(move |reader| -> Result<_, PeopleError> {
        let copied = events::copied(reader, now.plus_ms(-COPIED_TOLD_MS))?;
        let waiting = recoveries::waiting(reader, now.plus_ms(-WAIT_MS))?;
        let grants = parties::grants_waiting(reader, now.plus_ms(-WAIT_MS))?;
        Ok((copied, waiting, grants, persons::administrators(reader)?))
    });
    let (copied, waiting, grants, administrators) = read.await?;
    let guessed = guessed(people.attempts().told(now));
    let copied = copied.into_iter().map(|(handle, at)| copy(&handle, at));
    let waiting = waiting.into_iter().map(|(handle, at)| waits(&handle, at));
    let grants = grants.into_iter().map(|(handle, at)| Fault { class: GRANT, ..waits(&handle, at) });
    Ok(guessed.into_iter().chain(copied).chain(waiting).chain(grants).chain(alone(administrators)).collect())
}

fn guessed(told: Failures) -> Option<Fault> {
    (told.failed >= GUESSED_MIN).then(|| Fault {
        class: GUESSED,
        subject: "sign-in".into(),
        severity: Severity::Medium,
        detail: format!(
            "{} keys and links that do not hold came in two hours, {} of them from networks that had sent more than {FAILURES_MAX}",
            told.failed, told.beyond
        ),
        since: None,
        href: String::new(),
    })
}

fn copy(handle: &str, at: TimestampMs) -> Fault {
    Fault {
        class: COPIED,
        subject: handle.to_owned(),
        severity: Severity::High,
        detail: "its counter went back: there may be a copy of the passkey; it was not let in".into(),
        since: Some(at),
        href: format!("/people/{handle}"),
    }
}

fn waits(handle: &str, at: TimestampMs) -> Fault {
    Fault {
        class: RECOVERY,
        subject: handle.to_owned(),
        severity: Severity::Low,
        detail: "an administrator asked for it; a second one agrees or calls it off".into(),
        since: Some(at),
        href: format!("/people/{handle}"),
    }
}

/// Where nobody is enrolled at all, the house is just being set up, or goes by keys alone.
fn alone(administrators: usize) -> Option<Fault> {
    (administrators == 1).then(|| Fault {
        class: ALONE,
        subject: "administrators".into(),
        severity: Severity::Low,
        detail: "one administrator has a passkey: whoever loses theirs needs another to be let in again".into(),
        since: None,
        href: "/people".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_and_a_few_mistakes_are_not() {
        assert_eq!(guessed(Failures { failed: GUESSED_MIN - 1, beyond: 0 }), None);
        let fault = guessed(Failures { failed: 120, beyond: 20 }).unwrap();
        assert!(fault.detail.starts_with("120 keys and links") && fault.detail.contains(", 20 of them"), "{fault:?}");
        assert!(alone(0).is_none() && alone(2).is_none());
        assert_eq!(alone(1).unwrap().href, "/people");
        assert_eq!(copy("amna", TimestampMs(1)).severity, Severity::High);
        assert_eq!(waits("amna", TimestampMs(1)).subject, "amna");
    }
}
