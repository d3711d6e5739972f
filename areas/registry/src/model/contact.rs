//! Whom one reaches at a party, for what, when, and in which language. Contacts are roles, never persons.

use super::{
    vocabulary::{Language, Purpose},
    words::{line, some_line},
};
use crate::RegistryError;
use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};
use sipar_area::Presence;
use sipar_mail::Recipient;
use std::fmt;

/// Contacts of one party: three purposes, with a stand-in or two for each.
pub const CONTACTS_MAX: usize = 12;

/// Characters of a contact's name.
const NAME_CHARS_MAX: usize = 100;

/// Digits of a telephone number with its country's (ITU-T E.164 §6), and signs between them.
const PHONE_CHARS_MAX: usize = 30;

/// Holidays of one contact: two years of them.
const HOLIDAYS_MAX: usize = 80;

/// Whom one reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// For what.
    pub purpose: Purpose,
    /// The name of the role or desk.
    pub name: String,
    /// Its mail address.
    pub mail: String,
    /// Its telephone number; may be empty.
    pub phone: String,
    /// Its language.
    pub language: Language,
    /// When it is there.
    pub hours: String,
    /// Days on which it is not, as `2026-12-25`.
    pub holidays: Vec<String>,
}

/// What somebody says of a contact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactDraft {
    /// For what.
    pub purpose: String,
    /// The name of the role or desk.
    #[serde(default)]
    pub name: String,
    /// Its mail address.
    pub mail: String,
    /// Its telephone number.
    #[serde(default)]
    pub phone: String,
    /// Its language.
    #[serde(default = "english")]
    pub language: String,
    /// When it is there: `always`, or as `mon-fri 09:00-17:00`.
    #[serde(default)]
    pub hours: String,
    /// Days on which it is not, with blanks or commas between them.
    #[serde(default)]
    pub holidays: String,
}

fn english() -> String {
    Language::English.word().into()
}

impl ContactDraft {
    /// Reads it.
    ///
    /// # Errors
    /// Names the part that cannot be taken.
    pub fn read(&self) -> Result<Contact, RegistryError> {
        let given = |error: &dyn fmt::Display| RegistryError::Given(error.to_string());
        let purpose: Purpose = self.purpose.trim().parse().map_err(|error| given(&error))?;
        // A recipient is one bare address: nothing that could begin another header fits into it.
        let mail = Recipient::parse(&self.mail)
            .map_err(|error| RegistryError::Given(format!("the contact's mail address: {error}")))?;
        let name = match self.name.trim() {
            "" => String::new(),
            name => some_line("the contact's name", name, NAME_CHARS_MAX)?,
        };
        Ok(Contact {
            purpose,
            name,
            mail: mail.to_string(),
            phone: phone(&self.phone)?,
            language: self.language.trim().parse().map_err(|error| given(&error))?,
            hours: Hours::parse(&self.hours)?.to_string(),
            holidays: holidays(&self.holidays)?,
        })
    }
}

fn phone(text: &str) -> Result<String, RegistryError> {
    let text = line("the telephone number", text, PHONE_CHARS_MAX)?;
    let sign = |c: char| matches!(c, '+' | '-' | ' ' | '(' | ')' | '/');
    if text.chars().all(|c| c.is_ascii_digit() || sign(c)) {
        return Ok(text);
    }
    Err(RegistryError::Given(
        "the telephone number has digits, blanks and + - ( ) / only, as in `+92 51 1234567`".into(),
    ))
}

fn holidays(text: &str) -> Result<Vec<String>, RegistryError> {
    let mut days = Vec::new();
    for word in text.split([',', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty()) {
        let day: Date = word.parse().map_err(|_| {
            let shown: String = word.chars().filter(|c| !c.is_control()).take(20).collect();
            RegistryError::Given(format!("`{shown}` is not a day; write holidays as `2026-12-25`, with blanks between"))
        })?;
        days.push(day);
        if days.len() > HOLIDAYS_MAX {
            let why = format!("there are more than {HOLIDAYS_MAX} holidays; leave out those that are past");
            return Err(RegistryError::Given(why));
        }
    }
    days.sort_unstable();
    days.dedup();
    Ok(days.iter().map(Date::to_string).collect())
}

/// When somebody is there in a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Monday first.
    days: [bool; 7],
    from: Time,
    /// `None`: until the day ends.
    to: Option<Time>,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// How hours are written when somebody is always there.
const ALWAYS: &str = "always";

impl Hours {
    /// At every hour.
    pub const ALWAYS: Self = Self { days: [true; 7], from: Time::midnight(), to: None };

    /// Reads `always`, nothing (which is the same), or days and hours: `mon-fri 09:00-17:00`, `mon-thu,sat 08:00-14:30`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() || text == ALWAYS {
            return Ok(Self::ALWAYS);
        }
        let read = || {
            let (days, hours) = text.split_once(' ')?;
            let (from, to) = hours.trim().split_once('-')?;
            let (from, to): (Time, Time) = (clock(from)?, clock(to)?);
            (from < to).then_some(())?;
            Some(Self { days: week(days)?, from, to: Some(to) })
        };
        read().ok_or_else(|| {
            let why = "the hours are `always`, or days and hours of a day as in `mon-fri 09:00-17:00`";
            RegistryError::Given(why.into())
        })
    }

    /// Whether somebody is there on this weekday at this time.
    #[must_use]
    pub fn covers(&self, day: Weekday, time: Time) -> bool {
        let place = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        self.days[place] && self.from <= time && self.to.is_none_or(|to| time < to)
    }

    /// The same for other areas, without holidays.
    #[must_use]
    pub fn presence(self) -> Presence {
        Presence { days: self.days, from: self.from, to: self.to, ..Presence::always() }
    }
}

/// `09:30`.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

fn week(text: &str) -> Option<[bool; 7]> {
    let place = |word: &str| DAYS.iter().position(|(name, _)| *name == word);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (place(first)?, place(last)?);
        // `sat-mon` goes over the end of the week.
        for step in 0..=(last + 7 - first) % 7 {
            days[(first + step) % 7] = true;
        }
    }
    Some(days)
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(to) = self.to else { return f.write_str(ALWAYS) };
        let names: Vec<&str> =
            DAYS.iter().zip(self.days).filter(|(_, there)| *there).map(|((name, _), _)| *name).collect();
        let (from_h, from_m, to_h, to_m) = (self.from.hour(), self.from.minute(), to.hour(), to.minute());
        write!(f, "{} {from_h:02}:{from_m:02}-{to_h:02}:{to_m:02}", names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> ContactDraft {
        ContactDraft {
            purpose: "technical".into(),
            name: "Security desk".into(),
            mail: "cert@bank.example".into(),
            phone: "+92 51 1234567".into(),
            language: "ur".into(),
            hours: "mon-fri 09:00-17:00".into(),
            holidays: "2026-12-25, 2026-03-23 2026-12-25".into(),
        }
    }

    #[test]
    fn a_contact_is_read() {
        let contact = draft().read().expect("reads");
        assert_eq!((contact.language, contact.mail.as_str()), (Language::Urdu, "cert@bank.example"));
        assert_eq!(contact.hours, "mon,tue,wed,thu,fri 09:00-17:00");
        assert_eq!(contact.holidays, ["2026-03-23", "2026-12-25"]);
    }

    #[test]
    fn nothing_that_could_begin_another_header_is_taken() {
        let check = |draft: ContactDraft, expect: &str| {
            let error = draft.read().expect_err(expect).to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(ContactDraft { mail: "cert@bank.example\r\nBcc: eve@evil.example".into(), ..draft() }, "mail address");
        check(ContactDraft { mail: "cert@bank.example, eve@evil.example".into(), ..draft() }, "mail address");
        check(ContactDraft { mail: "Desk <cert@bank.example>".into(), ..draft() }, "mail address");
        check(ContactDraft { name: "Desk\nBcc: eve@evil.example".into(), ..draft() }, "line break");
        check(ContactDraft { phone: "+92\r\nX: y".into(), ..draft() }, "line break");
        check(ContactDraft { phone: "call me".into(), ..draft() }, "digits");
        check(ContactDraft { purpose: "pizza".into(), ..draft() }, "technical, management, legal");
        check(ContactDraft { language: "fr".into(), ..draft() }, "en, ur");
        check(ContactDraft { hours: "nine to five".into(), ..draft() }, "mon-fri");
        check(ContactDraft { hours: "mon-fri 17:00-09:00".into(), ..draft() }, "mon-fri");
        check(ContactDraft { holidays: "Christmas".into(), ..draft() }, "`Christmas` is not a day");
        let many: Vec<String> = (0..100).map(|n| format!("20{n:02}-01-01")).collect();
        check(ContactDraft { holidays: many.join(" "), ..draft() }, "more than 80");
    }

    #[test]
    fn hours_cover_what_they_say() {
        let at = |hour, minute| Time::new(hour, minute, 0, 0).expect("a time");
        let check = |hours: &str, day, time, expect| {
            let hours = Hours::parse(hours).expect(hours);
            assert_eq!(hours.covers(day, time), expect, "{hours}");
            assert_eq!(Hours::parse(&hours.to_string()).expect("reads again"), hours);
        };
        check("", Weekday::Sunday, at(3, 0), true);
        check("always", Weekday::Sunday, at(23, 59), true);
        check("mon-fri 09:00-17:00", Weekday::Friday, at(16, 59), true);
        check("mon-fri 09:00-17:00", Weekday::Friday, at(17, 0), false);
        check("mon-fri 09:00-17:00", Weekday::Saturday, at(10, 0), false);
        check("mon-thu,sat 08:00-14:30", Weekday::Saturday, at(8, 0), true);
        check("sat-mon 08:00-14:30", Weekday::Sunday, at(8, 0), true);
        check("sat-mon 08:00-14:30", Weekday::Tuesday, at(8, 0), false);
        for bad in ["mon 9-17", "mon-xyz 09:00-17:00", "09:00-17:00", "mon 09:00-25:00", "mon  "] {
            assert!(Hours::parse(bad).is_err(), "{bad}");
        }
    }
}
