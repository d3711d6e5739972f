//! Numbers, sizes and times as people read them. Digits are Latin in both languages, as Pakistani print has them.

use crate::context::PageContext;
use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};
use sipar_model::TimestampMs;

/// A whole number with commas: `1,234,567`.
#[must_use]
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        text.push('\u{2212}');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with commas: `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
    number(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A number with at most two digits after the point, and none when it is whole.
#[must_use]
pub fn decimal(value: f64) -> String {
    if !value.is_finite() {
        return "\u{2013}".into();
    }
    let hundredths = (value * 100.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "`as` stops at the ends of the range, which is what is wanted")]
    let whole = (hundredths / 100.0).trunc() as i64;
    let rest = (hundredths % 100.0).abs();
    let sign = if value < 0.0 && whole == 0 && rest > 0.0 { "\u{2212}" } else { "" };
    let tail = if rest == 0.0 { String::new() } else { format!(".{rest:02.0}").trim_end_matches('0').to_owned() };
    format!("{sign}{}{tail}", number(whole))
}

/// A share of a whole as per cent, the sign tight so that it stays with its number in Urdu; a dash when there is nothing to share.
#[must_use]
pub fn percent(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{}%", decimal((part / whole * 1000.0).round() / 10.0)) } else { "\u{2013}".into() }
}

/// A size in bytes, in powers of 1,000 (SI).
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if n < 1000 {
        return format!("{n}\u{a0}B");
    }
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = n as f64 / 1000.0;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(size < 9.95);
    format!("{size:.digits$}\u{a0}{}", UNITS[unit])
}

/// `2026-11-24T09:00:00Z`, for machines.
#[must_use]
pub fn rfc3339(at: TimestampMs) -> String {
    stamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-24 14:21 PKT`, in the zone of this IANA name; in UTC when there is none: for letters, which have no reader's
/// page around them.
#[must_use]
pub fn local(at: TimestampMs, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    stamp(at).to_zoned(zone).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

fn stamp(at: TimestampMs) -> Timestamp {
    let limit = if at.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(at.0).unwrap_or(limit)
}

/// The parts of a time in a zone: day, month, year, `hh:mm`.
fn parts(at: TimestampMs, zone: &TimeZone) -> (i8, i8, i16, String) {
    let local = zone.to_datetime(stamp(at));
    (local.day(), local.month(), local.year(), format!("{:02}:{:02}", local.hour(), local.minute()))
}

impl PageContext {
    /// A time to the minute in the reader's zone: `24 November 2026, 14:21`.
    #[must_use]
    pub fn when(&self, at: TimestampMs) -> Markup {
        html! { time datetime=(rfc3339(at)) title=(rfc3339(at)) { (self.time_text(at)) } }
    }

    /// The same as plain text.
    #[must_use]
    pub fn time_text(&self, at: TimestampMs) -> String {
        let (.., time) = parts(at, &self.site.zone);
        self.tw("web-date-time", &[("date", self.day_text(at).into()), ("time", time.into())])
    }

    /// A day in the reader's zone: `24 November 2026`.
    #[must_use]
    pub fn day_text(&self, at: TimestampMs) -> String {
        let (day, month, year, _) = parts(at, &self.site.zone);
        let month = self.t(&format!("web-month-{month}"));
        format!("{day} {month} {year}")
    }

    /// A day without its year, for axes: `24 Nov`.
    #[must_use]
    pub fn day_short(&self, at: TimestampMs) -> String {
        let (day, month, ..) = parts(at, &self.site.zone);
        format!("{day} {}", self.t(&format!("web-month-short-{month}")))
    }

    /// `14:21` in the reader's zone.
    #[must_use]
    pub fn clock_text(&self, at: TimestampMs) -> String {
        parts(at, &self.site.zone).3
    }

    /// How far a time lies from now: `5 minutes ago`, `in 3 days`; the exact time on hovering.
    #[must_use]
    pub fn ago(&self, at: TimestampMs) -> Markup {
        html! { time datetime=(rfc3339(at)) title=(rfc3339(at)) { (self.ago_text(at)) } }
    }

    /// The same as plain text.
    #[must_use]
    pub fn ago_text(&self, at: TimestampMs) -> String {
        const MINUTE_S: i64 = 60;
        const HOUR_S: i64 = 3_600;
        const DAY_S: i64 = 86_400;
        let past_s = self.now.since_ms(at) / 1000;
        let (unit, n) = match past_s.abs() {
            s if s < MINUTE_S => return self.t(if past_s < 0 { "web-in-moments" } else { "web-just-now" }),
            s if s < HOUR_S => ("minutes", s / MINUTE_S),
            s if s < 2 * DAY_S => ("hours", s / HOUR_S),
            s => ("days", s / DAY_S),
        };
        let key = format!("web-{}-{unit}", if past_s < 0 { "in" } else { "ago" });
        self.tw(&key, &[("n", n.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lang;

    #[test]
    fn numbers_are_grouped() {
        for (n, expect) in [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "\u{2212}1,234,567")] {
            assert_eq!(number(n), expect);
        }
        let cases = [
            (0.0, "0"),
            (1.5, "1.5"),
            (1234.567, "1,234.57"),
            (0.999, "1"),
            (-0.25, "\u{2212}0.25"),
            (-3.0, "\u{2212}3"),
            (f64::NAN, "\u{2013}"),
            (10.05, "10.05"),
        ];
        for (value, expect) in cases {
            assert_eq!(decimal(value), expect, "{value}");
        }
        assert_eq!(percent(1.0, 3.0), "33.3%");
        assert_eq!(percent(1.0, 0.0), "\u{2013}", "no denominator is no evidence, not nought");
    }

    #[test]
    fn sizes_have_units() {
        let cases = [(0, "0\u{a0}B"), (999, "999\u{a0}B"), (1_000, "1.0\u{a0}kB"), (12_345_678, "12\u{a0}MB")];
        for (n, expect) in cases {
            assert_eq!(bytes(n), expect);
        }
        assert_eq!(bytes(999_999), "1.0\u{a0}MB");
        assert_eq!(bytes(u64::MAX), "18447\u{a0}PB");
    }

    #[test]
    fn times_are_in_the_readers_zone_and_language() {
        let check = |lang, ms, expect: &str| {
            assert_eq!(PageContext::sample(lang).time_text(TimestampMs(ms)), expect);
        };
        check(Lang::En, 1_795_512_060_000, "24 November 2026, 14:21");
        check(Lang::Ur, 1_795_512_060_000, "\u{200f}\u{2068}24 نومبر 2026\u{2069}، \u{2068}14:21\u{2069}");
        check(Lang::En, 1_795_561_200_000, "25 November 2026, 04:00");
        assert_eq!(rfc3339(TimestampMs(i64::MIN)), "-9999-01-02T01:59:59Z");
    }

    #[test]
    fn distances_choose_their_unit() {
        let ctx = PageContext::sample(Lang::En);
        let check = |seconds: i64, expect: &str| {
            assert_eq!(ctx.ago_text(ctx.now.plus_ms(-seconds * 1000)), expect);
        };
        check(0, "just now");
        check(60, "1 minute ago");
        check(3_599, "59 minutes ago");
        check(7_200, "2 hours ago");
        check(86_400 * 3, "3 days ago");
        check(-30, "in a moment");
        check(-86_400 * 47, "in 47 days");
    }
}
