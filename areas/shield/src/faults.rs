//! What is wrong with the shield: decisions that reach no edge, and warning lists that are not there.

use crate::{
    Shield, ShieldError,
    store::{
        drills::{self, DrillState, Stop},
        lists, publications, reviews,
    },
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

/// A change would block too much that must resolve, and is stopped.
const STOPPED: &str = "drill-stopped";
/// Blocks of something that must resolve wait for a person.
const WAITING: &str = "drill-waiting";
/// Edges block something that must resolve.
const STANDING: &str = "drill-standing";
/// A drill found what the rules and the gate should have kept out.
const GATE: &str = "drill-gate";
/// An emergency unblock has waited too long for a second person.
const REVIEW: &str = "review-overdue";

/// All of them.
pub(crate) const CLASSES: &[&str] = &[BEHIND, MISSING, REFUSED, STOPPED, WAITING, STANDING, GATE, REVIEW];

/// Overdue reviews that are told one by one; the page has all.
const REVIEWS_TOLD_MAX: usize = 100;

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
            let (newest, change) = (publications::newest(reader)?, publications::change(reader)?);
            let counts = [DrillState::Stopped, DrillState::Waiting, DrillState::Standing];
            let [stopped, waiting, standing] = counts.map(|state| drills::count(reader, state));
            let drilled = [stopped?, waiting?, standing?];
            let reviews = reviews::waiting(reader, REVIEWS_TOLD_MAX)?;
            Ok::<_, ShieldError>((newest, change, lists::in_use(reader)?, drills::stopped(reader)?, (drilled, reviews)))
        });
        let (newest, change, in_use, stop, (drilled, waiting)) = read.await?;
        let mut faults = of_drills(stop, drilled);
        let (serial, held) = newest.as_ref().map_or((0, 0), |newest| (newest.serial.0, newest.change));
        // A change that is stopped is told as such.
        let since = self.behind.note(serial, held != change && stop.is_none(), now);
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
        for review in waiting.into_iter().filter(|review| review.due_at <= now) {
            let detail = format!("`{}` was opened by {}", review.observable, review.by);
            let subject = review.decision.to_string();
            faults.push(fault(REVIEW, &subject, Severity::High, detail, Some(review.due_at)));
        }
        Ok(faults)
    }
}

/// How many, since when the oldest, and how many of them nobody may agree to.
type Count = (u64, Option<TimestampMs>, u64);

/// What drills found and nobody has answered yet.
fn of_drills(stop: Option<Stop>, [stopped, waiting, standing]: [Count; 3]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(stop) = stop {
        let detail = format!("{} decisions of one change would block what must resolve", stop.hits);
        faults.push(fault(STOPPED, "policy", Severity::Critical, detail, Some(stop.at)));
    }
    for (class, severity, (count, since, _)) in
        [(WAITING, Severity::Medium, waiting), (STANDING, Severity::High, standing)]
    {
        if count > 0 {
            faults.push(fault(class, "decisions", severity, format!("{count} decisions"), since));
        }
    }
    let never = stopped.2 + waiting.2 + standing.2;
    if never > 0 {
        let detail = format!("{never} decisions that a `never` list forbids came as far as the drill");
        faults.push(fault(GATE, "policy", Severity::Critical, detail, None));
    }
    faults
}

fn fault(class: &'static str, subject: &str, severity: Severity, detail: String, since: Option<TimestampMs>) -> Fault {
    let href = match class {
        BEHIND => "",
        MISSING | REFUSED => "/warning-lists",
        REVIEW => "/reviews",
        _ => "/drills",
    };
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
