//! Times as feeds write them.

use crate::format::TimeForm;
use sipar_model::TimestampMs;

/// Reads a time; `Ok(None)` when there is none (`""`, `None`, `null`, `N/A`), `Err(())` when it is unreadable.
///
/// # Errors
/// When there is something that is no time.
#[expect(clippy::result_unit_err, reason = "there is nothing to say but that it is no time; the caller has the text")]
pub fn parse_when(text: &str, form: TimeForm) -> Result<Option<TimestampMs>, ()> {
    if matches!(text, "" | "None" | "none" | "null" | "NULL" | "N/A" | "-") {
        return Ok(None);
    }
    match form {
        TimeForm::Calendar => calendar(text.as_bytes()).map(Some).ok_or(()),
        TimeForm::UnixS => number(text, 1_000),
        TimeForm::UnixMs => number(text, 1),
    }
}

fn number(text: &str, unit_ms: i64) -> Result<Option<TimestampMs>, ()> {
    let count: i64 = text.parse().map_err(|_| ())?;
    count.checked_mul(unit_ms).map(|ms| Some(TimestampMs(ms))).ok_or(())
}

/// `YYYY-MM-DD`, then perhaps `T` or a blank and `HH:MM[:SS[.f]]`, then perhaps `Z`, ` UTC` or `+HH:MM` (RFC 3339 §5.6,
/// with the freedoms that feeds take). Without a zone it is UTC.
fn calendar(text: &[u8]) -> Option<TimestampMs> {
    let (year, month, day) = (digits(text, 0, 4)?, digits(text, 5, 2)?, digits(text, 8, 2)?);
    if text.get(4) != Some(&b'-') || text.get(7) != Some(&b'-') || !(1..=12).contains(&month) {
        return None;
    }
    if day < 1 || day > days_in(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * 86_400;
    let Some(rest) = text.get(10..).filter(|rest| !rest.is_empty()) else {
        return Some(TimestampMs(midnight * 1_000));
    };
    if !matches!(rest[0], b'T' | b't' | b' ') || rest.get(3) != Some(&b':') {
        return None;
    }
    let (hour, minute) = (digits(rest, 1, 2)?, digits(rest, 4, 2)?);
    let (second, zone) = match rest.get(6) {
        Some(b':') => (digits(rest, 7, 2)?, after_fraction(&rest[9..])),
        _ => (0, &rest[6..]),
    };
    // 60 is a leap second (RFC 3339 §5.7); it counts as the next second.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(TimestampMs((midnight + hour * 3_600 + minute * 60 + second - offset_s(zone)?) * 1_000))
}

fn after_fraction(rest: &[u8]) -> &[u8] {
    let Some(digits) = rest.strip_prefix(b".") else { return rest };
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    &digits[end..]
}

fn offset_s(zone: &[u8]) -> Option<i64> {
    let zone = zone.trim_ascii();
    let (sign, rest) = match zone {
        b"" | b"Z" | b"z" | b"UTC" | b"GMT" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let minute_at = match rest.len() {
        5 if rest[2] == b':' => 3,
        4 => 2,
        _ => return None,
    };
    let (hours, minutes) = (digits(rest, 0, 2)?, digits(rest, minute_at, 2)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn digits(text: &[u8], at: usize, count: usize) -> Option<i64> {
    text.get(at..at + count)?
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date algorithms", 2013).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendar_times() {
        let check = |text: &str, expect: Option<i64>| {
            assert_eq!(
                parse_when(text, TimeForm::Calendar),
                expect.map(|ms| Some(TimestampMs(ms))).ok_or(()),
                "{text}"
            );
        };
        check("1970-01-01", Some(0));
        check("1970-01-01 00:00:01", Some(1_000));
        check("2024-02-29T12:34:56Z", Some(1_709_210_096_000));
        check("2024-02-29T12:34:56.789Z", Some(1_709_210_096_000));
        check("2024-02-29 17:34:56+05:00", Some(1_709_210_096_000));
        check("2024-02-29 17:34:56+0500", Some(1_709_210_096_000));
        check("2024-02-29 12:34:56 UTC", Some(1_709_210_096_000));
        check("2024-02-29 12:34", Some(1_709_210_040_000));
        check("2016-12-31T23:59:60Z", Some(1_483_228_800_000));
        for bad in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "24-01-01",
            "2024-01-01x",
            "2024-01-01 25:00:00",
            "yesterday",
            "2024-01-01 00:00:00 PST",
            "2024-01-01T",
            "2024-01-01T1",
            "2024-01-01 10:00:00+5",
            "2024-1-1",
            "２０２４-01-01",
        ] {
            check(bad, None);
        }
        assert_eq!(parse_when("None", TimeForm::Calendar), Ok(None));
        assert_eq!(parse_when("", TimeForm::UnixS), Ok(None));
        assert_eq!(parse_when("12", TimeForm::UnixS), Ok(Some(TimestampMs(12_000))));
        assert_eq!(parse_when("9223372036854775807", TimeForm::UnixS), Err(()));
        assert_eq!(parse_when("12", TimeForm::UnixMs), Ok(Some(TimestampMs(12))));
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut expect = days_from_civil(1900, 1, 1);
        for year in 1900..2200 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_from_civil(year, month, day), expect);
                    expect += 1;
                }
            }
        }
    }
}
