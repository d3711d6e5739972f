//! Whom one reaches at a party, and above it: the other look-up across areas. The register fills it.

use crate::{AreaError, BoxFuture};
use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};
use sipar_model::{PartyId, TimestampMs};
use sipar_web::Lang;
use std::collections::BTreeSet;

/// Days that are looked at for the next time that somebody is there: a month of holidays, and some more.
const DAYS_MAX: usize = 62;

/// When somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Monday first.
    pub days: [bool; 7],
    /// From this hour on.
    pub from: Time,
    /// `None`: until the day ends.
    pub to: Option<Time>,
    /// Days on which nobody is there.
    pub holidays: BTreeSet<Date>,
}

impl Presence {
    /// At every hour of every day.
    #[must_use]
    pub const fn always() -> Self {
        Self { days: [true; 7], from: Time::midnight(), to: None, holidays: BTreeSet::new() }
    }

    /// The first time from `at` on when somebody is there: `at` itself when somebody is; `None` when nobody comes within
    /// two months.
    #[must_use]
    pub fn next(&self, at: TimestampMs, zone: &TimeZone) -> Option<TimestampMs> {
        let start = jiff::Timestamp::from_millisecond(at.0).ok()?;
        let ms = |date: Date, time: Time| {
            let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
            Some(TimestampMs(zoned.timestamp().as_millisecond()))
        };
        let first = zone.to_datetime(start).date();
        for date in first.series(jiff::Span::new().days(1)).take(DAYS_MAX) {
            let place = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
            if !self.days[place] || self.holidays.contains(&date) {
                continue;
            }
            let closes = match self.to {
                Some(to) => ms(date, to)?,
                None => ms(date.tomorrow().ok()?, Time::midnight())?,
            };
            let opens = ms(date, self.from)?.max(at);
            if opens < closes {
                return Some(opens);
            }
        }
        None
    }

    /// Whether somebody is there at `at`.
    #[must_use]
    pub fn covers(&self, at: TimestampMs, zone: &TimeZone) -> bool {
        self.next(at, zone) == Some(at)
    }
}

/// One contact of a party: a role, never a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its mail address.
    pub mail: String,
    /// Its languages, the one that it reads first first.
    pub languages: Vec<Lang>,
    /// When it is there.
    pub presence: Presence,
}

/// A party, and whom one reaches there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Its short name.
    pub party: PartyId,
    /// Its title in English.
    pub title: String,
    /// Its title in Urdu; empty where nobody gave one.
    pub title_ur: String,
    /// Its contacts: those for warnings first, then whoever answers for security, then the rest.
    pub contacts: Vec<Contact>,
    /// Certificates in PEM with which letters to it are encrypted, the newest first; those that ran out are left out.
    pub certificates: Vec<String>,
}

impl Reached {
    /// Its title for a reader.
    #[must_use]
    pub fn title(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ur if !self.title_ur.is_empty() => &self.title_ur,
            _ => &self.title,
        }
    }
}

/// Answers whom one reaches. The register fills it.
pub trait Contacts: Send + Sync {
    /// These parties, each in its place; nothing for one that does not take part.
    fn reach(&self, parties: Vec<PartyId>) -> BoxFuture<'_, Result<Vec<Option<Reached>>, AreaError>>;

    /// Who is told when a party does not answer, the nearest first: those that it stands under, then the sector's, then
    /// the national tier.
    fn above(&self, party: PartyId) -> BoxFuture<'_, Result<Vec<Reached>, AreaError>>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn somebody_is_there_at_hours_and_not_on_holidays() {
        let zone = TimeZone::get("Asia/Karachi").expect("a zone");
        let ms = |text: &str| TimestampMs(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
        let week = |to| Presence {
            days: [true, true, true, true, true, false, false],
            from: Time::constant(9, 0, 0, 0),
            to,
            holidays: BTreeSet::from([date(2026, 11, 27)]),
        };
        let check = |presence: &Presence, at: &str, expect: Option<&str>| {
            assert_eq!(presence.next(ms(at), &zone), expect.map(ms), "{at}");
            assert_eq!(presence.covers(ms(at), &zone), expect == Some(at), "{at}");
        };
        let office = week(Some(Time::constant(17, 0, 0, 0)));
        // 2026-11-23 is a Monday; 09:00 in Karachi is 04:00 UTC.
        check(&office, "2026-11-23T03:59:59Z", Some("2026-11-23T04:00:00Z"));
        check(&office, "2026-11-23T04:00:00Z", Some("2026-11-23T04:00:00Z"));
        check(&office, "2026-11-23T11:59:59Z", Some("2026-11-23T11:59:59Z"));
        check(&office, "2026-11-23T12:00:00Z", Some("2026-11-24T04:00:00Z"));
        // Over a holiday and a weekend.
        check(&office, "2026-11-26T12:00:00Z", Some("2026-11-30T04:00:00Z"));
        check(&week(None), "2026-11-23T18:59:59Z", Some("2026-11-23T18:59:59Z"));
        check(&week(None), "2026-11-23T19:00:00Z", Some("2026-11-24T04:00:00Z"));
        check(&Presence::always(), "2026-11-28T23:00:00Z", Some("2026-11-28T23:00:00Z"));
        check(&Presence { days: [false; 7], ..Presence::always() }, "2026-11-28T23:00:00Z", None);
    }
}
