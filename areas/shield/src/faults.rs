//! What is wrong with the shield: decisions that reach no edge, and warning lists that are not there.

use crate::{
    Shield, ShieldError,
    store::{lists, publications},
};
use sipar_area::Fault;
use sipar_model::{Severity, TimestampMs};
use std::sync::Mutex;

/// Decisions have changed and are not published.
const BEHIND: &str = "policy-unpublished";
/// No warning lists were ever built.
const MISSING: &str = "warning-missing";
/// The warning lists cannot be opened.
const REFUSED: &str = "warning-refused";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[BEHIND, MISSING, REFUSED];

/// What was decided is published within seconds; after this long something is in the way. The largest policy measured
/// takes ten seconds to compile, and a machine may be busy.
const BEHIND_MS_MAX: i64 = 5 * 60_000;

/// Since when the newest state has been known not to hold all that was decided.
#[derive(Debug, Default)]
pub(crate) struct Behind(Mutex<Option<(u64, TimestampMs)>>);

impl Behind {
    /// Since when, at `now`, with the state `serial` the newest and the decisions moved on from it or not.
    fn note(&self, serial: u64, moved_on: bool, now: TimestampMs) -> Option<TimestampMs> {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A newer state starts the time anew, and so does a clock that jumped back.
        let since = held.filter(|(of, since)| *of == serial && *since <= now).map_or(now, |(_, since)| since);
        *held = moved_on.then_some((serial, since));
        moved_on.then_some(since)
    }
}

impl Shield {
    /// What is wrong now.
    ///
    /// # Errors
    /// When the store refuses.
    pub(crate) async fn faults(&self) -> Result<Vec<Fault>, ShieldError> {
        let now = self.house.clock.now();
        let read = self.house.store.read(|reader| {
            Ok::<_, ShieldError>((publications::newest(reader)?, publications::change(reader)?, lists::in_use(reader)?))
        });
        let (newest, change, in_use) = read.await?;
        let mut faults = Vec::new();
        let (serial, held) = newest.as_ref().map_or((0, 0), |newest| (newest.serial.0, newest.change));
        let since = self.behind.note(serial, held != change, now);
        if let Some(since) = since.filter(|since| now.since_ms(*since) >= BEHIND_MS_MAX) {
            let detail = format!("the newest published state is {serial}, and decisions have changed since");
            faults.push(fault(BEHIND, "policy", Severity::Critical, detail, Some(since)));
        }
        match in_use {
            None => {
                let detail = "no warning index was built yet, so rules block nothing".to_owned();
                faults.push(fault(MISSING, "warning-lists", Severity::High, detail, None));
            }
            Some(in_use) => {
                if let Err(error) = self.index(&in_use.blob) {
                    let detail = sipar_area::AreaError::from(error).chain();
                    faults.push(fault(REFUSED, "warning-lists", Severity::High, detail, None));
                }
            }
        }
        Ok(faults)
    }
}

fn fault(class: &'static str, subject: &str, severity: Severity, detail: String, since: Option<TimestampMs>) -> Fault {
    let href = if class == BEHIND { "" } else { "/warning-lists" };
    Fault { class, subject: subject.to_owned(), severity, detail, since, href: href.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_behind_starts_with_each_state_and_ends_when_all_is_published() {
        let behind = Behind::default();
        let check = |serial, moved_on, now: i64, expect: Option<i64>| {
            assert_eq!(behind.note(serial, moved_on, TimestampMs(now)), expect.map(TimestampMs), "at {now}");
        };
        check(1, false, 10, None);
        check(1, true, 20, Some(20));
        check(1, true, 30, Some(20));
        check(2, true, 40, Some(40));
        check(2, true, 35, Some(35));
        check(2, false, 50, None);
        check(2, true, 60, Some(60));
    }
}
