//! Clocks as data: how long something may take, in hours as they pass or in working hours.
//!
//! A file under `packs/clocks` says when people work and how long each step may take.

use jiff::{
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;
use sipar_model::TimestampMs;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The longest deadline, in hours: a year as it passes. A longer one is a mistake of units.
const HOURS_MAX: u32 = 8_784;

/// Days that are looked at for working hours. With one working hour in each week the longest deadline would take more:
/// then the last of these days is the end.
const DAYS_MAX: usize = 3_660;

const HOUR_MS: i64 = 3_600_000;

/// A clock file that makes no sense.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// It is no such file.
    #[error("the clock file does not parse")]
    Parse(#[source] Box<toml::de::Error>),
    /// The zone is unknown.
    #[error("`{zone}` is not a time zone; use a name such as `Asia/Karachi`")]
    Zone {
        /// What was given.
        zone: String,
        /// Why.
        #[source]
        source: jiff::Error,
    },
    /// A value makes no sense.
    #[error("the clock file has {what}; {instead}")]
    Value {
        /// What is wrong.
        what: String,
        /// What would be right.
        instead: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    working: Option<WrittenWorking>,
    deadlines: BTreeMap<String, WrittenSpan>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWorking {
    days: Vec<String>,
    from: String,
    to: String,
    #[serde(default)]
    holidays: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSpan {
    hours: Option<u32>,
    working_hours: Option<u32>,
}

/// When people work.
#[derive(Debug)]
struct Calendar {
    zone: TimeZone,
    days: BTreeSet<i8>,
    from: Time,
    to: Time,
    holidays: BTreeSet<Date>,
}

/// How long one step may take.
#[derive(Clone, Debug)]
pub struct Deadline {
    hours: u32,
    /// `None`: hours as they pass.
    working: Option<Arc<Calendar>>,
}

/// The deadlines of a clock file.
#[derive(Clone, Debug)]
pub struct Clocks(BTreeMap<String, Deadline>);

impl Clocks {
    /// Reads a clock file that has exactly the deadlines `names`; `zone` is the IANA name of the zone that people work
    /// in.
    ///
    /// # Errors
    /// When the file makes no sense, has other deadlines, or the zone is unknown.
    pub fn from_toml(text: &str, zone: &str, names: &[&str]) -> Result<Self, ClockError> {
        let written: Written = toml::from_str(text).map_err(|error| ClockError::Parse(Box::new(error)))?;
        let working = written.working.map(|working| calendar(working, zone)).transpose()?.map(Arc::new);
        if let Some(missing) = names.iter().find(|name| !written.deadlines.contains_key(**name)) {
            return Err(value(format!("no deadline `{missing}`"), "add `[deadlines.NAME]` with `working_hours`"));
        }
        if let Some(other) = written.deadlines.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(value(format!("a deadline `{other}` that nothing asks for"), "remove it, or mend its name"));
        }
        let deadlines = written.deadlines.into_iter().map(|(name, span)| {
            let deadline = deadline(&name, span, working.as_ref())?;
            Ok((name, deadline))
        });
        deadlines.collect::<Result<_, _>>().map(Self)
    }

    /// The deadline called `name`.
    ///
    /// # Errors
    /// When there is none.
    pub fn deadline(&self, name: &str) -> Result<Deadline, ClockError> {
        let missing = || value(format!("no deadline `{name}`"), "add `[deadlines.NAME]` with `working_hours`");
        self.0.get(name).cloned().ok_or_else(missing)
    }
}

fn value(what: String, instead: &'static str) -> ClockError {
    ClockError::Value { what, instead }
}

fn deadline(name: &str, span: WrittenSpan, working: Option<&Arc<Calendar>>) -> Result<Deadline, ClockError> {
    let (hours, working) = match (span.hours, span.working_hours, working) {
        (Some(hours), None, _) => (hours, None),
        (None, Some(hours), Some(working)) => (hours, Some(Arc::clone(working))),
        (None, Some(_), None) => {
            let what = format!("working hours for `{name}` and no `[working]`");
            return Err(value(what, "say when people work, or give `hours`"));
        }
        _ => {
            let what = format!("not one span for `{name}`");
            return Err(value(what, "give `hours` or `working_hours`"));
        }
    };
    if hours == 0 || hours > HOURS_MAX {
        return Err(value(format!("{hours} hours for `{name}`"), "give 1 to 8784"));
    }
    Ok(Deadline { hours, working })
}

fn calendar(written: WrittenWorking, zone: &str) -> Result<Calendar, ClockError> {
    let zone = TimeZone::get(zone).map_err(|source| ClockError::Zone { zone: zone.to_owned(), source })?;
    let weekday = |word: &String| {
        const WORDS: [(&str, Weekday); 7] = [
            ("monday", Weekday::Monday),
            ("tuesday", Weekday::Tuesday),
            ("wednesday", Weekday::Wednesday),
            ("thursday", Weekday::Thursday),
            ("friday", Weekday::Friday),
            ("saturday", Weekday::Saturday),
            ("sunday", Weekday::Sunday),
        ];
        let found = WORDS.iter().find(|(known, _)| known == word).map(|(_, day)| day.to_monday_zero_offset());
        found.ok_or_else(|| value(format!("the day `{word}`"), "use `monday` to `sunday`"))
    };
    let days: BTreeSet<i8> = written.days.iter().map(weekday).collect::<Result<_, _>>()?;
    let time = |text: &str| {
        let parsed = format!("{text}:00").parse::<Time>().ok().filter(|_| text.len() == 5);
        parsed.ok_or_else(|| value(format!("the time `{text}`"), "write it as `09:00`"))
    };
    let (from, to) = (time(&written.from)?, time(&written.to)?);
    let holiday = |text: &String| {
        text.parse::<Date>().map_err(|_| value(format!("the holiday `{text}`"), "write it as `2027-03-23`"))
    };
    let holidays = written.holidays.iter().map(holiday).collect::<Result<_, _>>()?;
    if days.is_empty() || from >= to {
        return Err(value("no time in which anybody works".into(), "give `days`, and a `from` before `to`"));
    }
    Ok(Calendar { zone, days, from, to, holidays })
}

impl Deadline {
    /// When it is over for what began at `from`.
    #[must_use]
    pub fn after(&self, from: TimestampMs) -> TimestampMs {
        let span_ms = i64::from(self.hours) * HOUR_MS;
        match &self.working {
            None => from.plus_ms(span_ms),
            Some(calendar) => calendar.after(from, span_ms),
        }
    }
}

impl Calendar {
    fn after(&self, from: TimestampMs, span_ms: i64) -> TimestampMs {
        let Ok(start) = jiff::Timestamp::from_millisecond(from.0) else { return from.plus_ms(span_ms) };
        let (mut left, mut last) = (span_ms, from);
        for date in self.zone.to_datetime(start).date().series(jiff::Span::new().days(1)).take(DAYS_MAX) {
            let works = self.days.contains(&date.weekday().to_monday_zero_offset()) && !self.holidays.contains(&date);
            let (Some(opens), Some(closes)) = (self.at(date, self.from), self.at(date, self.to)) else { break };
            let opens = opens.max(from);
            if !works || opens >= closes {
                continue;
            }
            let open_ms = closes.since_ms(opens);
            if left <= open_ms {
                return opens.plus_ms(left);
            }
            left -= open_ms;
            last = closes;
        }
        last
    }

    fn at(&self, date: Date, time: Time) -> Option<TimestampMs> {
        let local: DateTime = date.to_datetime(time);
        let zoned = local.to_zoned(self.zone.clone()).ok()?;
        Some(TimestampMs(zoned.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[working]\ndays = [\"monday\", \"tuesday\", \"wednesday\", \"thursday\", \"friday\"]\n\
        from = \"09:00\"\nto = \"17:00\"\nholidays = [\"2026-11-27\"]\n\
        [deadlines.look]\nworking_hours = 8\n[deadlines.act]\nhours = 24\n";

    fn ms(text: &str) -> TimestampMs {
        TimestampMs(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    #[test]
    fn working_hours_pass_only_while_people_work() {
        let clocks = Clocks::from_toml(FILE, "Asia/Karachi", &["look", "act"]).expect("a clock");
        let check = |name: &str, from: &str, expect: &str| {
            assert_eq!(clocks.deadline(name).expect("there").after(ms(from)), ms(expect), "{name} after {from}");
        };
        // 2026-11-23 is a Monday; 09:00 in Karachi is 04:00 UTC.
        check("look", "2026-11-23T04:00:00Z", "2026-11-23T12:00:00Z");
        check("look", "2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z");
        check("look", "2026-11-23T20:00:00Z", "2026-11-24T12:00:00Z");
        // Over a holiday and a weekend.
        check("look", "2026-11-26T08:00:00Z", "2026-11-30T08:00:00Z");
        check("look", "2026-11-28T01:00:00Z", "2026-11-30T12:00:00Z");
        check("act", "2026-11-28T01:00:00Z", "2026-11-29T01:00:00Z");
    }

    #[test]
    fn a_time_that_no_calendar_has_still_ends() {
        let clocks = Clocks::from_toml(FILE, "Asia/Karachi", &["look", "act"]).expect("a clock");
        let look = clocks.deadline("look").expect("there");
        assert_eq!(look.after(TimestampMs(i64::MAX)), TimestampMs(i64::MAX));
        assert!(look.after(TimestampMs(253_402_200_000_000)) >= TimestampMs(253_402_200_000_000));
    }

    #[test]
    fn files_that_make_no_sense_are_refused() {
        let check = |from: &str, to: &str, expect: &str| {
            let text = FILE.replace(from, to);
            assert_ne!(text, FILE, "{from}");
            let error = Clocks::from_toml(&text, "Asia/Karachi", &["look", "act"]).expect_err(&text);
            assert!(error.to_string().contains(expect), "{error}");
        };
        check("working_hours = 8", "working_hours = 0", "0 hours");
        check("working_hours = 8", "working_hours = 9000", "9000 hours");
        check("hours = 24", "hours = 24\nworking_hours = 1", "not one span");
        check("[deadlines.act]\nhours = 24\n", "", "no deadline `act`");
        check("deadlines.act", "deadlines.other", "no deadline `act`");
        check("hours = 24", "hours = 24\n[deadlines.third]\nhours = 1", "`third`");
        check("hours = 24", "minutes = 24", "does not parse");
        check("\"monday\"", "\"moonday\"", "`moonday`");
        check("09:00", "9:00", "`9:00`");
        check("17:00", "09:00", "no time in which");
        check("2026-11-27", "2026-13-27", "`2026-13-27`");
        let bare = "[deadlines.look]\nworking_hours = 1\n";
        assert!(Clocks::from_toml(bare, "UTC", &["look"]).is_err());
        assert!(matches!(Clocks::from_toml(FILE, "Moon/Tycho", &["look", "act"]), Err(ClockError::Zone { .. })));
    }

    #[test]
    fn the_clocks_that_ship_are_read() {
        let packs = crate::Packs::default();
        for (file, names) in [("appeals", &["acknowledge", "answer"][..]), ("reviews", &["review"])] {
            let text = packs.text(&format!("clocks/{file}.toml")).expect("there");
            Clocks::from_toml(&text, "Asia/Karachi", names).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
    }
}
