//! The course of a notice: what is due, and what becomes of it when that is done.

use super::clock::Clock;
use serde::Serialize;
use sipar_mail::retry_after_ms;
use sipar_model::{PartyId, Severity, TimestampMs};

/// Nobody stands above who could be told: somebody may be entered within hours, and is then told.
const NOBODY_MS: i64 = 3_600_000;

sipar_model::vocabulary! {
    /// How a notice stands.
    State ("state of a notice") {
        /// It is to be sent.
        Made = 1 "made",
        /// Its owner's mail server, or their program, took it.
        Sent = 2 "sent",
        /// They were reminded.
        Reminded = 3 "reminded",
        /// Somebody above them was told.
        Escalated = 4 "escalated",
        /// Somebody has said that they know.
        Acknowledged = 5 "acknowledged",
        /// Nothing is left to remind of.
        Settled = 6 "settled",
    }
}

impl State {
    /// Whether somebody still has to do something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Acknowledged | Self::Settled)
    }
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Send it.
    Send,
    /// Look again, and remind of what is left.
    Remind,
    /// Look again, and tell who stands above.
    Escalate,
    /// Nothing more.
    Nothing,
}

/// What an owner is told in one letter: everything of one severity that had to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Its number.
    pub number: i64,
    /// Whom it is for.
    pub party: PartyId,
    /// How bad what stands in it is.
    pub severity: Severity,
    /// How many things stand in it.
    pub things: u32,
    /// When it was made.
    pub made_at: TimestampMs,
    /// How it stands.
    pub state: State,
    /// When the next thing is due; nothing: none by itself.
    pub next_at: Option<TimestampMs>,
    /// When it was taken by a server or program of theirs.
    pub sent_at: Option<TimestampMs>,
    /// When they were reminded.
    pub reminded_at: Option<TimestampMs>,
    /// When somebody above was told.
    pub escalated_at: Option<TimestampMs>,
    /// Who.
    pub escalated_to: Option<PartyId>,
    /// Since when no contact of theirs takes letters.
    pub unreachable_at: Option<TimestampMs>,
    /// When somebody said that they know.
    pub acknowledged_at: Option<TimestampMs>,
    /// Who: `person:LABEL`, or `party:NAME` by the link of a letter.
    pub acknowledged_by: Option<String>,
    /// Tries in a row that failed.
    pub failures: u32,
    /// Since when.
    pub failing_since: Option<TimestampMs>,
    /// How the last failed, without addresses.
    pub error: String,
}

impl Notice {
    /// One that is to be sent at once.
    #[must_use]
    pub const fn new(number: i64, party: PartyId, severity: Severity, things: u32, now: TimestampMs) -> Self {
        Self {
            number,
            party,
            severity,
            things,
            made_at: now,
            state: State::Made,
            next_at: Some(now),
            sent_at: None,
            reminded_at: None,
            escalated_at: None,
            escalated_to: None,
            unreachable_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            failures: 0,
            failing_since: None,
            error: String::new(),
        }
    }

    /// What is to be done when its time comes.
    #[must_use]
    pub const fn due(&self) -> Due {
        match (self.state, self.unreachable_at) {
            (State::Made | State::Sent | State::Reminded, Some(_)) | (State::Reminded, None) => Due::Escalate,
            (State::Made, None) => Due::Send,
            (State::Sent, None) => Due::Remind,
            (State::Escalated | State::Acknowledged | State::Settled, _) => Due::Nothing,
        }
    }

    /// What was due is done: a letter of theirs was taken, or one above. What somebody did meanwhile stays.
    #[must_use]
    pub fn done(&self, due: Due, to: &PartyId, clock: &Clock, now: TimestampMs) -> Self {
        let mut next = Self { failures: 0, failing_since: None, error: String::new(), ..self.clone() };
        let goes_on = self.due() == due;
        let (state, next_at) = match due {
            Due::Nothing => return next,
            Due::Send => {
                next.sent_at = Some(now);
                (State::Sent, Some(clock.remind_at(now)))
            }
            Due::Remind => {
                next.reminded_at = Some(now);
                (State::Reminded, Some(clock.escalate_at(self.sent_at.unwrap_or(self.made_at)).max(now)))
            }
            Due::Escalate => {
                (next.escalated_at, next.escalated_to) = (Some(now), Some(to.clone()));
                (State::Escalated, None)
            }
        };
        if goes_on {
            (next.state, next.next_at) = (state, next_at);
        }
        next
    }

    /// Nobody is there before `at`.
    #[must_use]
    pub fn later(&self, at: TimestampMs) -> Self {
        Self { next_at: self.due_at(at), ..self.clone() }
    }

    /// No contact of theirs takes letters: who stands above is told at once.
    #[must_use]
    pub fn unreachable(&self, now: TimestampMs) -> Self {
        let since = self.unreachable_at.or(Some(now));
        Self { unreachable_at: since, next_at: self.due_at(now), ..self.clone() }
    }

    /// Nobody stands above whom one could tell.
    #[must_use]
    pub fn nobody_above(&self, now: TimestampMs) -> Self {
        Self { next_at: self.due_at(now.plus_ms(NOBODY_MS)), ..self.clone() }
    }

    /// A try failed; `error` has no address in it.
    #[must_use]
    pub fn failed(&self, error: String, now: TimestampMs) -> Self {
        let failures = self.failures.saturating_add(1);
        Self {
            failures,
            failing_since: self.failing_since.or(Some(now)),
            error,
            next_at: self.due_at(now.plus_ms(retry_after_ms(failures))),
            ..self.clone()
        }
    }

    /// Nothing of it is left to remind of.
    #[must_use]
    pub fn settled(&self) -> Self {
        let state = if self.state.is_open() { State::Settled } else { self.state };
        Self { state, next_at: None, ..self.clone() }
    }

    /// Somebody says that they know; nothing when somebody has said so before, or nothing is left.
    #[must_use]
    pub fn acknowledged(&self, by: &str, now: TimestampMs) -> Option<Self> {
        self.state.is_open().then(|| Self {
            state: State::Acknowledged,
            next_at: None,
            acknowledged_at: Some(now),
            acknowledged_by: Some(by.to_owned()),
            ..self.clone()
        })
    }

    /// A time for what is due, if anything is.
    fn due_at(&self, at: TimestampMs) -> Option<TimestampMs> {
        (self.due() != Due::Nothing).then_some(at)
    }
}

#[cfg(test)]
#[path = "course_tests.rs"]
mod tests;
