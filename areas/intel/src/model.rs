//! The rules of taking feeds in: when to pull again, when to hold, what counts as news. Pure: no I/O, clock or chance.

use crate::{
    error::{IntelError, say},
    fetch::Origin,
    format::Bounds,
    parse::{Counts, Parsed},
    reports::is_reports,
    store::NewSource,
};
use sipar_model::{Confidence, TimestampMs, Tlp, time::DAY_MS};

/// Characters of what an operator says of a feed; the longest address that servers take has 8,000 (RFC 9110 §4.1).
const TEXT_CHARS_MAX: usize = 8_000;

/// The longest pause after failures: a feed that is well again is noticed within a quarter of a day.
pub const BACK_OFF_MS_MAX: i64 = 6 * 3_600_000;

/// The share of the pause by which pulls are spread, so that a thousand instances do not ask at the same second.
const JITTER_PERCENT: i64 = 10;

/// A list that has always been shorter than this may shrink as it likes: half of ten is no sign of anything.
const SHRINK_ROWS_MIN: u64 = 20;

/// The rows of which a share may be judged: one of three refused is no sign of anything.
const REFUSED_ROWS_MIN: u64 = 10;

/// Whether what an operator says of a feed makes sense.
pub(crate) fn check_about(about: &NewSource) -> Result<(), IntelError> {
    if !is_reports(about) {
        Origin::parse(&about.origin).map_err(|source| IntelError::Fetch { slug: about.slug.clone(), source })?;
    } else if !about.origin.is_empty() {
        return Err(IntelError::Given(say("intel-refused-reports-address", [])));
    }
    if about.trust > 100 || about.every_min == 0 || about.every_min > 60 * 24 * 31 {
        return Err(IntelError::Given(say("intel-refused-trust", [])));
    }
    let long = |text: &str| text.chars().count() > TEXT_CHARS_MAX;
    if long(&about.title) || long(&about.family) || long(&about.origin) {
        return Err(IntelError::Given(say("intel-refused-long", [("max", TEXT_CHARS_MAX.into())])));
    }
    Ok(())
}

/// When to pull next, after a pull that ended at `now` and was the `failures`-th in a row to fail (0: it did not).
///
/// The pause doubles with each failure, up to [`BACK_OFF_MS_MAX`] or the feed's own pause, whichever is longer.
/// `chance` is a number from 0 to 1 that spreads pulls over time.
#[must_use]
pub fn next_pull(now: TimestampMs, every_min: u32, failures: u32, chance: f64) -> TimestampMs {
    let every = i64::from(every_min.max(1)) * 60_000;
    let longest = every.max(BACK_OFF_MS_MAX);
    let pause = match failures {
        0 => every,
        // A minute, two, four ...: a short outage costs little.
        failures => 60_000_i64.saturating_mul(1 << (failures - 1).min(20)).min(longest),
    };
    let spread = pause * JITTER_PERCENT / 100;
    #[expect(clippy::cast_possible_truncation, reason = "the spread is some hours in ms, far inside f64's exact range")]
    #[expect(clippy::cast_precision_loss, reason = "as above")]
    let jitter = (spread as f64 * chance.clamp(0.0, 1.0)) as i64;
    now.plus_ms(pause + jitter)
}

/// What is known of the last time that a feed was applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastApplied {
    /// Rows that were taken.
    pub accepted: u64,
    /// The shape that it had.
    pub shape: String,
}

/// Whether a feed may be applied, or a person must look first, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Apply it.
    Apply,
    /// Hold it.
    Hold(String),
}

/// Judges a whole feed before any of it is applied.
#[must_use]
pub fn judge(counts: &Counts, last: Option<&LastApplied>, bounds: &Bounds) -> Verdict {
    let hold = |why: String| Verdict::Hold(why);
    let wanted = counts.wanted();
    let refused_max = wanted * u64::from(bounds.refused_percent_max) / 100;
    if wanted >= REFUSED_ROWS_MIN && counts.refused > refused_max {
        return hold(format!(
            "{} of {wanted} rows were refused, more than {} %: the feed may be written in another way now",
            counts.refused, bounds.refused_percent_max
        ));
    }
    if wanted > 0 && counts.accepted == 0 {
        return hold(format!("none of {wanted} rows could be read: the feed may be written in another way now"));
    }
    let Some(last) = last else { return Verdict::Apply };
    if !last.shape.is_empty() && !counts.shape.is_empty() && last.shape != counts.shape {
        return hold(format!("its columns were `{}` and are now `{}`", last.shape, counts.shape));
    }
    let least = last.accepted * u64::from(100_u8.saturating_sub(bounds.shrink_percent_max)) / 100;
    if last.accepted >= SHRINK_ROWS_MIN && counts.accepted < least {
        return hold(format!(
            "it has shrunk from {} to {} rows, by more than {} %",
            last.accepted, counts.accepted, bounds.shrink_percent_max
        ));
    }
    Verdict::Apply
}

/// Judges a feed's own list of exceptions by its length and that of the one before.
#[must_use]
pub fn judge_list(entries: u64, last: u64, bounds: &Bounds) -> Verdict {
    let least = last * u64::from(100_u8.saturating_sub(bounds.shrink_percent_max)) / 100;
    if last >= SHRINK_ROWS_MIN && entries < least {
        return Verdict::Hold(format!(
            "its list of what must not be blocked has shrunk from {last} to {entries} entries, by more than {} %",
            bounds.shrink_percent_max
        ));
    }
    Verdict::Apply
}

/// What is kept of one assertion of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// How sure.
    pub confidence: Confidence,
    /// When first.
    pub first_seen: TimestampMs,
    /// When last.
    pub last_seen: TimestampMs,
    /// Who may know.
    pub tlp: Tlp,
    /// Where to read more.
    pub reference: Option<String>,
    /// Whether the source has taken it back.
    pub withdrawn: bool,
}

/// The same assertion after `parsed` came, when that is news; `None` when it is not.
///
/// It is news when it is new or was withdrawn, when confidence or TLP changed, when it was seen a day or more after the
/// last time that was news, or when it turns out to be older. Anything less would rewrite a whole list at each pull
/// and change no score by more than a day's decay.
#[must_use]
pub fn merge(held: Option<&Held>, parsed: &Parsed) -> Option<Held> {
    let Some(held) = held else {
        return Some(Held {
            confidence: parsed.confidence,
            first_seen: parsed.first_seen,
            last_seen: parsed.last_seen,
            tlp: parsed.tlp,
            reference: parsed.reference.clone(),
            withdrawn: false,
        });
    };
    let news = held.withdrawn
        || held.tlp != parsed.tlp
        || (held.confidence != parsed.confidence && parsed.last_seen >= held.last_seen)
        || parsed.last_seen.since_ms(held.last_seen) >= DAY_MS
        || parsed.first_seen < held.first_seen;
    let later = parsed.last_seen >= held.last_seen;
    news.then(|| Held {
        confidence: if later { parsed.confidence } else { held.confidence },
        first_seen: held.first_seen.min(parsed.first_seen),
        last_seen: held.last_seen.max(parsed.last_seen),
        tlp: parsed.tlp,
        reference: parsed.reference.clone().or_else(|| held.reference.clone()),
        withdrawn: false,
    })
}

/// `confidence` as far as the operator trusts the source, in percent.
#[must_use]
pub fn trusted(confidence: Confidence, trust_percent: u8) -> Confidence {
    let percent = u16::from(confidence.percent()) * u16::from(trust_percent.min(100)) / 100;
    u8::try_from(percent).ok().and_then(Confidence::new).unwrap_or(confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sipar_model::{Category, Observable};

    #[test]
    fn pauses_grow_with_failures_and_end() {
        let check = |failures, minutes: i64| {
            assert_eq!(next_pull(TimestampMs(0), 30, failures, 0.0), TimestampMs(minutes * 60_000), "{failures}");
        };
        check(0, 30);
        check(1, 1);
        check(2, 2);
        check(5, 16);
        check(9, 256);
        check(10, 360);
        check(u32::MAX, 360);
        // A feed that is pulled once a day is not asked more often because it fails for long.
        assert_eq!(next_pull(TimestampMs(0), 1_440, 30, 0.0), TimestampMs(DAY_MS));
        assert_eq!(next_pull(TimestampMs(0), 100, 0, 1.0), TimestampMs(110 * 60_000));
        assert_eq!(next_pull(TimestampMs(0), 100, 0, f64::NAN), TimestampMs(100 * 60_000));
    }

    fn counts(accepted: u64, refused: u64, shape: &str) -> Counts {
        Counts { lines: accepted + refused, accepted, refused, skipped: 0, shape: shape.into() }
    }

    #[test]
    fn what_is_held() {
        let bounds = Bounds::default();
        let check = |now: Counts, last: Option<(u64, &str)>, expect: &str| {
            let last = last.map(|(accepted, shape)| LastApplied { accepted, shape: shape.into() });
            match judge(&now, last.as_ref(), &bounds) {
                Verdict::Apply => assert_eq!(expect, ""),
                Verdict::Hold(why) => assert!(!expect.is_empty() && why.contains(expect), "{why}"),
            }
        };
        check(counts(100, 0, "a,b"), None, "");
        check(counts(0, 0, "a,b"), None, "");
        check(counts(0, 3, "a,b"), None, "none of 3");
        check(counts(79, 21, "a,b"), None, "21 of 100");
        check(counts(80, 20, "a,b"), None, "");
        check(counts(100, 0, "a,c"), Some((100, "a,b")), "`a,c`");
        check(counts(100, 0, "a,c"), Some((100, "")), "");
        check(counts(50, 0, "a"), Some((100, "a")), "");
        check(counts(49, 0, "a"), Some((100, "a")), "from 100 to 49");
        check(counts(0, 0, "a"), Some((100, "a")), "from 100 to 0");
        check(counts(1, 0, "a"), Some((19, "a")), "");
        check(counts(1_000_000, 0, "a"), Some((20, "a")), "");
    }

    fn parsed(confidence: u8, first: i64, last: i64) -> Parsed {
        Parsed {
            observable: Observable::guess("a.example").expect("name"),
            category: Category::Phishing,
            confidence: Confidence::new(confidence).expect("percent"),
            first_seen: TimestampMs(first),
            last_seen: TimestampMs(last),
            tlp: Tlp::Clear,
            reference: None,
            line: 1,
        }
    }

    #[test]
    fn what_is_news() {
        let held = merge(None, &parsed(50, 1_000, 2_000)).expect("new");
        let check = |parsed: Parsed, expect: Option<(u8, i64, i64)>| {
            let found = merge(Some(&held), &parsed).map(|h| (h.confidence.percent(), h.first_seen.0, h.last_seen.0));
            assert_eq!(found, expect);
        };
        check(parsed(50, 1_000, 2_000), None);
        check(parsed(50, 1_000, 2_000 + DAY_MS - 1), None);
        check(parsed(50, 1_000, 2_000 + DAY_MS), Some((50, 1_000, 2_000 + DAY_MS)));
        check(parsed(60, 1_000, 2_000), Some((60, 1_000, 2_000)));
        check(parsed(60, 1_000, 1_500), None);
        check(parsed(50, 500, 2_000), Some((50, 500, 2_000)));
        check(parsed(60, 500, 1_500), Some((50, 500, 2_000)));
        let withdrawn = Held { withdrawn: true, ..held.clone() };
        assert_eq!(merge(Some(&withdrawn), &parsed(50, 1_000, 2_000)), Some(held));
    }

    #[test]
    fn trust_scales() {
        let check = |confidence, trust, expect| {
            assert_eq!(trusted(Confidence::new(confidence).expect("percent"), trust).percent(), expect);
        };
        check(80, 100, 80);
        check(80, 50, 40);
        check(80, 0, 0);
        check(80, 255, 80);
    }

    proptest! {
        /// A repeated assertion is news once: so a run that is repeated after a kill says nothing twice.
        #[test]
        fn merging_twice_is_merging_once(c in 0_u8..=100, f in 0_i64..1_000, l in 1_000_i64..2_000, c2 in 0_u8..=100, f2 in 0_i64..1_000, l2 in 1_000_i64..2_000_000_000) {
            let first = merge(None, &parsed(c, f, l)).expect("new");
            prop_assert_eq!(merge(Some(&first), &parsed(c, f, l)), None);
            let second = merge(Some(&first), &parsed(c2, f2, l2)).unwrap_or(first);
            prop_assert_eq!(merge(Some(&second), &parsed(c2, f2, l2)), None);
        }

        #[test]
        fn the_next_pull_is_later_and_bounded(every in 0_u32..100_000, failures in any::<u32>(), chance in any::<f64>()) {
            let pause = next_pull(TimestampMs(0), every, failures, chance).0;
            let longest = (i64::from(every.max(1)) * 60_000).max(BACK_OFF_MS_MAX);
            prop_assert!(pause >= 60_000 && pause <= longest + longest / 10);
        }
    }
}
