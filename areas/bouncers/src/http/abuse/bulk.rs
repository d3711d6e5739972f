//! A file of reports: CSV with the columns `IP`, `Categories`, `ReportDate` and `Comment`.

use crate::{
    model::{kinds::Kinds, net::Net},
    reports::{NotReported, Reports},
    store::Given,
};
use sipar_model::{TimestampMs, address::parse_address, time::DAY_MS};
use std::collections::HashSet;

/// Rows of one file, as there.
pub const ROWS_MAX: usize = 10_000;

/// How far back a report may be: what was longer ago says nothing of who has the address now.
pub const SEEN_DAYS_MAX: i64 = 30;

/// How far a reporter's clock may be ahead.
const AHEAD_MS_MAX: i64 = 5 * 60_000;

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Why.
    pub error: &'static str,
    /// What stood there.
    pub input: String,
    /// In which row; the heading is the first.
    pub row: u64,
}

/// The reports of a file with their rows, and the rows that are none.
pub type Read = (Vec<(u64, Given)>, Vec<BadRow>);

/// A file that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BulkError {
    /// The columns.
    #[error("The csv must have the columns IP, Categories, ReportDate and Comment.")]
    Columns,
    /// Too long.
    #[error("The csv may not have more than {ROWS_MAX} rows.")]
    Rows,
}

/// The reports of a file with their rows, and the rows that are none.
///
/// # Errors
/// When it is not such a file at all.
pub fn read(body: &[u8], reports: &Reports, now: TimestampMs) -> Result<Read, BulkError> {
    let objection = |address| reports.objection(address);
    read_with(body, &reports.kinds, now, &objection)
}

fn read_with(
    body: &[u8],
    kinds: &Kinds,
    now: TimestampMs,
    objection: &dyn Fn(std::net::IpAddr) -> Option<NotReported>,
) -> Result<Read, BulkError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(body);
    let heading = reader.byte_headers().map_err(|_| BulkError::Columns)?.clone();
    let column = |name: &str| heading.iter().position(|own| own.eq_ignore_ascii_case(name.as_bytes()));
    let (Some(ip), Some(categories)) = (column("IP"), column("Categories")) else { return Err(BulkError::Columns) };
    let date = column("ReportDate");
    let (mut given, mut bad, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (at, record) in reader.byte_records().enumerate() {
        if at >= ROWS_MAX {
            return Err(BulkError::Rows);
        }
        let row = at as u64 + 2;
        // Bytes that are in memory do not fail to be read; a record of another width is taken as it is.
        let Ok(record) = record else { continue };
        let text = |at: usize| String::from_utf8_lossy(record.get(at).unwrap_or_default()).into_owned();
        let mut refuse = |error, input: String| {
            bad.push(BadRow { error, input: input.chars().take(80).collect(), row });
        };
        let address = text(ip);
        let Ok(parsed) = parse_address(&address) else {
            refuse("Invalid IP", address);
            continue;
        };
        let Ok(kinds) = kinds.parse(&text(categories)) else {
            refuse("Invalid Category", address);
            continue;
        };
        let Ok(seen_at) = seen_at(date.map(&text).as_deref().filter(|text| !text.is_empty()), now) else {
            refuse("Invalid Date", address);
            continue;
        };
        match objection(parsed) {
            Some(NotReported::Local) => refuse("Private IP", address),
            Some(NotReported::Never) => refuse("Protected IP", address),
            None => {
                let bytes = *Net::from(parsed).bytes();
                if seen.insert(bytes) {
                    given.push((row, Given { address: bytes, kinds, seen_at }));
                } else {
                    refuse("Duplicate IP", address);
                }
            }
        }
    }
    Ok((given, bad))
}

/// When it was seen: now, unless it is said (ISO 8601, as that API has it; without an offset it is UTC).
///
/// # Errors
/// When it is no time, lies in the future, or too far back.
pub fn seen_at(text: Option<&str>, now: TimestampMs) -> Result<TimestampMs, ()> {
    let Some(text) = text else { return Ok(now) };
    let with_offset = text.parse::<jiff::Timestamp>().ok();
    let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let at = with_offset.or_else(|| civil().map(|zoned| zoned.timestamp())).ok_or(())?;
    let at = TimestampMs(at.as_millisecond());
    let ago = now.since_ms(at);
    let near = (-AHEAD_MS_MAX..=SEEN_DAYS_MAX * DAY_MS).contains(&ago);
    if near { Ok(at.min(now)) } else { Err(()) }
}

/// For the fuzz target: reads with the kinds of the packs, and no objection.
#[doc(hidden)]
pub fn fuzz(body: &[u8], kinds: &Kinds, now: TimestampMs) -> usize {
    read_with(body, kinds, now, &|_| None).map_or(0, |(given, bad)| given.len() + bad.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-09-21T14:13:20Z
    const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

    fn kinds() -> Kinds {
        Kinds::from_toml(include_str!("../../../../../packs/bouncers/abuse-kinds.toml")).expect("the pack reads")
    }

    /// The rows that were taken, and why the others were not.
    type Rows = (Vec<u64>, Vec<(&'static str, u64)>);

    fn check(body: &str) -> Result<Rows, BulkError> {
        let never = |address: std::net::IpAddr| (address.to_string() == "9.9.9.9").then_some(NotReported::Never);
        let read = read_with(body.as_bytes(), &kinds(), NOW, &never)?;
        Ok((read.0.iter().map(|(row, _)| *row).collect(), read.1.iter().map(|bad| (bad.error, bad.row)).collect()))
    }

    #[test]
    fn rows_are_taken_or_refused_one_by_one() {
        let body = "IP,Categories,ReportDate,Comment\n\
                    192.0.2.1,\"18,22\",2026-09-20T10:00:37-04:00,\"a, \"\"b\"\"\"\n\
                    foo,18,,\n192.0.2.2,99,,\n192.0.2.1,18,,\n192.0.2.3,18,1999-01-01T00:00:00Z,\n\
                    9.9.9.9,18,,\n192.0.2.4,18,2026-09-21 10:00:00,\n192.0.2.5\n";
        let bad = [("Invalid IP", 3), ("Invalid Category", 4), ("Duplicate IP", 5), ("Invalid Date", 6)];
        let all = [&bad[..], &[("Protected IP", 7), ("Invalid Category", 9)]].concat();
        assert_eq!(check(body), Ok((vec![2, 8], all)));
    }

    #[test]
    fn files_that_are_none_are_refused_whole() {
        assert_eq!(check(""), Err(BulkError::Columns));
        assert_eq!(check("a,b\n1,2\n"), Err(BulkError::Columns));
        assert_eq!(check("ip,categories\n192.0.2.1,18\n"), Ok((vec![2], vec![])));
        let many = format!("IP,Categories\n{}", "x,1\n".repeat(ROWS_MAX + 1));
        assert_eq!(check(&many), Err(BulkError::Rows));
    }

    #[test]
    fn times_are_near_the_present() {
        let check = |text: &str, expect: Result<i64, ()>| {
            assert_eq!(seen_at(Some(text), NOW).map(|at| NOW.since_ms(at)), expect, "{text}");
        };
        check("2026-09-21T14:13:20Z", Ok(0));
        check("2026-09-21T19:13:19+05:00", Ok(1_000));
        check("2026-09-21T14:15:00Z", Ok(0));
        check("2026-09-21 14:13:00", Ok(20_000));
        for text in ["2026-09-21T14:20:00Z", "2026-07-01T00:00:00Z", "yesterday", "1790000000", "2026-13-01T00:00:00Z"]
        {
            check(text, Err(()));
        }
        assert_eq!(seen_at(None, NOW), Ok(NOW));
    }
}
