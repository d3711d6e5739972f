//! The clocks of notices: a pack, so that other times are a file.

use serde::Deserialize;
use sipar_model::{Severity, TimestampMs};

/// What waits longer than a month to be told is told too late.
const DELAY_MINUTES_MAX: u32 = 30 * 24 * 60;
/// After a year a reminder reminds nobody.
const HOURS_MAX: u32 = 8_784;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Why the pack makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// It is no such TOML.
    #[error("packs/notices/clocks.toml is not what it should be")]
    Toml(#[from] toml::de::Error),
    /// A value is out of its bounds.
    #[error("`{severity}` of packs/notices/clocks.toml: {why}")]
    Value {
        /// Of which severity.
        severity: Severity,
        /// What is wrong.
        why: &'static str,
    },
}

/// The clock of one severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Told at once, whatever the hour.
    pub any_hour: bool,
    delay_minutes: u32,
    remind_hours: u32,
    escalate_hours: u32,
}

impl Clock {
    /// For how long things are gathered into one letter.
    #[must_use]
    pub const fn delay_ms(&self) -> i64 {
        self.delay_minutes as i64 * MINUTE_MS
    }

    /// When one that was sent at `at` is reminded of.
    #[must_use]
    pub const fn remind_at(&self, at: TimestampMs) -> TimestampMs {
        at.plus_ms(self.remind_hours as i64 * HOUR_MS)
    }

    /// When the next tier is told of one that was sent at `at`.
    #[must_use]
    pub const fn escalate_at(&self, at: TimestampMs) -> TimestampMs {
        at.plus_ms(self.escalate_hours as i64 * HOUR_MS)
    }
}

/// The clocks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    critical: Clock,
    high: Clock,
    medium: Clock,
    low: Clock,
}

impl Clocks {
    /// Reads the pack.
    ///
    /// # Errors
    /// When it makes no sense.
    pub fn parse(text: &str) -> Result<Self, ClockError> {
        let clocks: Self = toml::from_str(text)?;
        for severity in Severity::ALL {
            let clock = clocks.of(*severity);
            let wrong = |why| Err(ClockError::Value { severity: *severity, why });
            if clock.delay_minutes > DELAY_MINUTES_MAX {
                return wrong("`delay_minutes` is 0 to 43200");
            }
            if clock.remind_hours == 0 || clock.escalate_hours > HOURS_MAX {
                return wrong("`remind_hours` and `escalate_hours` are 1 to 8784");
            }
            if clock.remind_hours >= clock.escalate_hours {
                return wrong("`escalate_hours` comes after `remind_hours`");
            }
        }
        Ok(clocks)
    }

    /// The clock of what is so bad.
    #[must_use]
    pub const fn of(&self, severity: Severity) -> Clock {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = include_str!("../../../../packs/notices/clocks.toml");

    #[test]
    fn the_pack_is_whole_and_what_is_wrong_with_one_is_said() {
        let clocks = Clocks::parse(PACK).expect("the pack");
        assert!(clocks.of(Severity::Critical).any_hour && clocks.of(Severity::Critical).delay_ms() == 0);
        assert_eq!(clocks.of(Severity::High).remind_at(TimestampMs(1)), TimestampMs(1 + 48 * HOUR_MS));
        let error = |from: &str, to: &str| {
            let text = PACK.replace(from, to);
            assert_ne!(text, PACK, "{from}");
            Clocks::parse(&text).expect_err(to).to_string()
        };
        assert!(error("[low]", "[lower]").contains("not what it should be"));
        assert!(error("remind_hours = 4\n", "remind_hours = 12\n").contains("`critical`"));
        assert!(error("remind_hours = 4\n", "remind_hours = 0\n").contains("1 to 8784"));
        assert!(error("escalate_hours = 720", "escalate_hours = 9000").contains("1 to 8784"));
        assert!(error("delay_minutes = 10080", "delay_minutes = 43201").contains("0 to 43200"));
    }
}
