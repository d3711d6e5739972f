//! When a subscriber's contact is warned. Pure.

use serde::{Deserialize, Serialize};
use sipar_mail::retry_after_ms;
use sipar_model::{TimestampMs, time::DAY_MS};

/// As long as it lasts, the warning is repeated after this.
pub const AGAIN_MS: i64 = DAY_MS;

/// A subscriber that was never seen is being set up for so long.
pub const SET_UP_MS: i64 = DAY_MS;

/// Letters to one contact within a day: two warnings, each with its all-clear. Who flaps more than that knows by then.
pub const LETTERS_PER_DAY_MAX: usize = 4;

/// What is wrong with a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It has been behind for longer than it may be.
    Behind {
        /// Since when.
        since: TimestampMs,
    },
    /// It has never asked for one of its zones.
    Never {
        /// When it was added.
        since: TimestampMs,
    },
}

impl Trouble {
    /// Since when.
    #[must_use]
    pub const fn since(self) -> TimestampMs {
        match self {
            Self::Behind { since } | Self::Never { since } => since,
        }
    }
}

/// A letter that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// That it is in trouble; the first of them, or again.
    Warning(Trouble),
    /// That it is in step again.
    AllClear,
}

/// What a contact was told, and how the last try went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Since when the trouble is of which it was warned; nothing: it was not, or has had the all-clear.
    pub trouble_since: Option<TimestampMs>,
    /// When it was warned last.
    pub warned_at: Option<TimestampMs>,
    /// How often it was warned of this trouble.
    pub warnings: u32,
    /// When the last letters of any kind went out, at most [`LETTERS_PER_DAY_MAX`].
    pub letters: Vec<TimestampMs>,
    /// All letters ever.
    pub letters_all: u64,
    /// From the start of its last trouble to the first warning of it.
    pub delay_ms: Option<i64>,
    /// Tries in a row that failed.
    pub failures: u32,
    /// When the first of them did, and the last.
    pub failing: Option<(TimestampMs, TimestampMs)>,
    /// Why; it has no address in it.
    pub error: String,
}

impl Told {
    /// The letter that it should have now, whether or not the last try failed just before.
    #[must_use]
    pub fn due(&self, trouble: Option<Trouble>, now: TimestampMs) -> Option<Due> {
        let today = self.letters.iter().filter(|at| now.since_ms(**at) < DAY_MS).count();
        // INVARIANT: a warning leaves a place for its all-clear.
        let may_warn = today + 2 <= LETTERS_PER_DAY_MAX;
        match (trouble, self.trouble_since) {
            (None, None) => None,
            (None, Some(_)) => (today < LETTERS_PER_DAY_MAX).then_some(Due::AllClear),
            (Some(trouble), None) => may_warn.then_some(Due::Warning(trouble)),
            (Some(trouble), Some(_)) => {
                let is_time = self.warned_at.is_none_or(|at| now.since_ms(at) >= AGAIN_MS);
                (is_time && may_warn).then_some(Due::Warning(trouble))
            }
        }
    }

    /// Whether a try that failed lies back far enough.
    #[must_use]
    pub fn may_try(&self, now: TimestampMs) -> bool {
        self.failing.is_none_or(|(_, last)| now.since_ms(last) >= retry_after_ms(self.failures))
    }

    /// After the letter went out.
    #[must_use]
    pub fn sent(mut self, due: Due, now: TimestampMs) -> Self {
        self.letters.push(now);
        let excess = self.letters.len().saturating_sub(LETTERS_PER_DAY_MAX);
        self.letters.drain(..excess);
        self.letters_all += 1;
        match due {
            Due::Warning(trouble) => {
                if self.trouble_since.is_none() {
                    self.trouble_since = Some(trouble.since());
                    self.delay_ms = Some(now.since_ms(trouble.since()).max(0));
                    self.warnings = 0;
                }
                self.warned_at = Some(now);
                self.warnings += 1;
            }
            Due::AllClear => self.trouble_since = None,
        }
        self.mended()
    }

    /// After it did not.
    #[must_use]
    pub fn failed(mut self, error: String, now: TimestampMs) -> Self {
        self.failures = self.failures.saturating_add(1);
        self.failing = Some((self.failing.map_or(now, |(first, _)| first), now));
        self.error = error;
        self
    }

    /// As if no try had failed: none is needed any more, or somebody changed whom to tell.
    #[must_use]
    pub fn mended(mut self) -> Self {
        (self.failures, self.failing) = (0, None);
        self.error.clear();
        self
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
