//! How new states are rolled out over the edges: the section `[rollout]` of the configuration.

use super::rollout::ALIVE_MS;
use serde::{Deserialize, Serialize};

/// How new states are rolled out. What makes no sense together is refused when it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct RolloutConfig {
    /// Percent of the edges that get a new state first, at least one of them; 0: all get it at once.
    pub share_percent: u8,
    /// Fewer edges than this get everything at once: of two, one is no share that shows anything.
    pub edges_min: usize,
    /// How long a state stays in the first ring before the rest gets it, in seconds.
    pub soak_s: u32,
    /// An edge that tells every ten seconds is silent after so many seconds.
    pub silent_s: u32,
    /// Points of percent by which the share of failed answers may rise.
    pub failed_rise_percent: u8,
    /// Points of percent by which the share of blocked answers may rise.
    pub blocked_rise_percent: u8,
    /// Shares of fewer questions than this say nothing.
    pub questions_min: u64,
}

impl Default for RolloutConfig {
    /// A tenth of five edges or more, for ten minutes: an edge tells sixty times in that.
    fn default() -> Self {
        Self {
            share_percent: 10,
            edges_min: 5,
            soak_s: 600,
            silent_s: 180,
            failed_rise_percent: 5,
            blocked_rise_percent: 5,
            questions_min: 200,
        }
    }
}

impl RolloutConfig {
    /// The soak in milliseconds.
    #[must_use]
    pub fn soak_ms(&self) -> i64 {
        i64::from(self.soak_s) * 1_000
    }

    /// The silence that counts, in milliseconds.
    #[must_use]
    pub fn silent_ms(&self) -> i64 {
        i64::from(self.silent_s) * 1_000
    }
}

/// The longest soak in seconds: a block that takes longer than a day to arrive is none.
const SOAK_S_MAX: u32 = 24 * 3_600;

/// The shortest silence that counts, in seconds: two reports that did not come, and some room.
const SILENT_S_MIN: u32 = 25;

/// The longest silence that counts, in seconds: before the edge is left out of its ring.
const SILENT_S_MAX: u32 = (ALIVE_MS / 1_000) as u32 - 60;

/// As it stands in the file.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    share_percent: u8,
    edges_min: usize,
    soak_s: u32,
    silent_s: u32,
    failed_rise_percent: u8,
    blocked_rise_percent: u8,
    questions_min: u64,
}

impl Default for Written {
    fn default() -> Self {
        let RolloutConfig {
            share_percent,
            edges_min,
            soak_s,
            silent_s,
            failed_rise_percent,
            blocked_rise_percent,
            questions_min,
        } = RolloutConfig::default();
        Self { share_percent, edges_min, soak_s, silent_s, failed_rise_percent, blocked_rise_percent, questions_min }
    }
}

impl TryFrom<Written> for RolloutConfig {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let within = |name: &str, value: u64, min: u64, max: u64| match (min..=max).contains(&value) {
            true => Ok(()),
            false => Err(format!("`rollout.{name}` is {value}; it may be {min} to {max}")),
        };
        within("share_percent", u64::from(written.share_percent), 0, 90)?;
        within("edges_min", written.edges_min as u64, 2, crate::fleet::EDGES_MAX as u64)?;
        within("soak_s", u64::from(written.soak_s), 1, u64::from(SOAK_S_MAX))?;
        within("silent_s", u64::from(written.silent_s), u64::from(SILENT_S_MIN), u64::from(SILENT_S_MAX))?;
        within("failed_rise_percent", u64::from(written.failed_rise_percent), 1, 100)?;
        within("blocked_rise_percent", u64::from(written.blocked_rise_percent), 1, 100)?;
        within("questions_min", written.questions_min, 1, 1_000_000_000)?;
        let Written {
            share_percent,
            edges_min,
            soak_s,
            silent_s,
            failed_rise_percent,
            blocked_rise_percent,
            questions_min,
        } = written;
        Ok(Self {
            share_percent,
            edges_min,
            soak_s,
            silent_s,
            failed_rise_percent,
            blocked_rise_percent,
            questions_min,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_the_default_and_what_makes_no_sense_is_named() {
        let read = |text: &str| serde_json::from_str::<RolloutConfig>(text).map_err(|error| error.to_string());
        assert_eq!(read("{}"), Ok(RolloutConfig::default()));
        assert_eq!(read(r#"{"soak_s": 1, "share_percent": 0}"#).map(|config| config.soak_ms()), Ok(1_000));
        let shown = serde_json::to_string(&RolloutConfig::default()).expect("text");
        assert_eq!(read(&shown), Ok(RolloutConfig::default()));
        for (text, expect) in [
            (r#"{"soak_s": 0}"#, "soak_s"),
            (r#"{"soak_s": 90000}"#, "1 to 86400"),
            (r#"{"share_percent": 91}"#, "share_percent"),
            (r#"{"edges_min": 1}"#, "edges_min"),
            (r#"{"silent_s": 600}"#, "25 to 540"),
            (r#"{"failed_rise_percent": 0}"#, "failed_rise_percent"),
            (r#"{"soak": 1}"#, "soak"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(expect), "{error}");
        }
    }
}
