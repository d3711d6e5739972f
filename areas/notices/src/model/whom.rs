//! Whom a letter goes to, and when.

use jiff::tz::TimeZone;
use sipar_area::Contact;
use sipar_model::TimestampMs;

/// Whom a letter goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom<'a> {
    /// To this contact, now.
    Now(&'a Contact),
    /// To nobody before this time.
    Later(TimestampMs),
    /// To nobody: there is no contact that takes letters.
    Nobody,
}

/// Chooses among contacts, the wanted ones first: the first that takes letters and is there. With `any_hour` the first that
/// takes letters, where none is there.
#[must_use]
pub fn whom<'a>(
    contacts: &'a [Contact],
    takes: impl Fn(&Contact) -> bool,
    any_hour: bool,
    at: TimestampMs,
    zone: &TimeZone,
) -> Whom<'a> {
    let takers: Vec<&Contact> = contacts.iter().filter(|one| takes(one)).collect();
    if let Some(there) = takers.iter().find(|one| one.presence.covers(at, zone)) {
        return Whom::Now(there);
    }
    match (takers.first(), takers.iter().filter_map(|one| one.presence.next(at, zone)).min()) {
        (Some(first), _) if any_hour => Whom::Now(first),
        (Some(_), Some(next)) => Whom::Later(next),
        _ => Whom::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::Time;
    use sipar_area::Presence;
    use sipar_web::Lang;

    #[test]
    fn the_first_that_is_there_and_takes_letters() {
        let hours = |from, to| Presence {
            from: Time::constant(from, 0, 0, 0),
            to: Some(Time::constant(to, 0, 0, 0)),
            ..Presence::always()
        };
        let contact = |mail: &str, presence| Contact { mail: mail.to_owned(), languages: vec![Lang::En], presence };
        let all = [
            contact("day", hours(9, 17)),
            contact("dead", Presence::always()),
            contact("evening", hours(17, 22)),
            contact("never", Presence { days: [false; 7], ..Presence::always() }),
        ];
        let zone = TimeZone::UTC;
        let at = |hour: i64| TimestampMs(1_795_392_000_000 + hour * 3_600_000);
        let check = |some: &[Contact], hour, any_hour, expect: &str| {
            let found = match whom(some, |one| one.mail != "dead", any_hour, at(hour), &zone) {
                Whom::Now(contact) => contact.mail.clone(),
                Whom::Later(next) => format!("at {}", (next.0 - at(0).0) / 3_600_000),
                Whom::Nobody => "nobody".into(),
            };
            assert_eq!(found, expect, "{hour} {any_hour}");
        };
        check(&all, 10, false, "day");
        check(&all, 18, false, "evening");
        check(&all, 23, false, "at 33");
        check(&all, 5, false, "at 9");
        check(&all, 23, true, "day");
        check(&all, 18, true, "evening");
        check(&all[1..2], 10, true, "nobody");
        check(&all[3..], 10, false, "nobody");
        check(&all[3..], 10, true, "never");
        check(&[], 10, true, "nobody");
    }
}
