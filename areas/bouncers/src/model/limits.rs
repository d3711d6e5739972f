//! How often a client may come to each door: so much in a day, and so much in a minute.

use super::quota::day_of;
use sipar_model::{TimestampMs, time::DAY_MS};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const MINUTE_MS: i64 = 60_000;

/// A door that has a quota. The original's free plan allows 1,000 checks and reports a day; here each key is an operator
/// that is known, with a fleet behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Door {
    /// One address looked up.
    Check = 1,
    /// A network looked up.
    CheckBlock = 2,
    /// The list of addresses.
    Blacklist = 3,
    /// An address reported.
    Report = 4,
    /// A file of reports; each row counts as a report too.
    BulkReport = 5,
    /// Own reports taken back.
    ClearAddress = 6,
    /// A list as a file.
    List = 7,
    /// Counts of what was met.
    Sightings = 8,
}

impl Door {
    /// Every door.
    pub const ALL: &'static [Self] = &[
        Self::Check,
        Self::CheckBlock,
        Self::Blacklist,
        Self::Report,
        Self::BulkReport,
        Self::ClearAddress,
        Self::List,
        Self::Sightings,
    ];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::CheckBlock => "check-block",
            Self::Blacklist => "blacklist",
            Self::Report => "report",
            Self::BulkReport => "bulk-report",
            Self::ClearAddress => "clear-address",
            Self::List => "list",
            Self::Sightings => "sightings",
        }
    }

    /// How often in a day and in a minute.
    #[must_use]
    pub const fn bounds(self) -> (u64, u64) {
        match self {
            // A mail system that asks for every message of a large department.
            Self::Check => (100_000, 6_000),
            Self::CheckBlock => (10_000, 600),
            // Each is a megabyte; clients take it every quarter of an hour at most.
            Self::Blacklist => (500, 20),
            // The busiest sensors of fail2ban ban some thousand addresses a day.
            Self::Report => (20_000, 600),
            Self::BulkReport => (50, 5),
            Self::ClearAddress => (1_000, 60),
            // A fleet of firewalls, each asking every minute for a handful of lists: mostly 304.
            Self::List => (50_000, 600),
            // A batch a minute from each of a provider's resolvers, and after a silence what fourteen days left: 20,000.
            Self::Sightings => (50_000, 600),
        }
    }
}

/// What a client has left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How often in a day.
    pub limit: u64,
    /// How often still today.
    pub remaining: u64,
    /// When the day ends, in seconds of Unix time.
    pub reset_s: i64,
}

/// Why there is nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// What is left otherwise.
    pub left: Left,
    /// Which bound was met.
    pub bound: Bound,
    /// After how many seconds it is worth trying again.
    pub retry_after_s: i64,
}

/// A bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// That of the day.
    Day,
    /// That of the minute.
    Minute,
}

#[derive(Clone, Copy, Debug, Default)]
struct Use {
    day: i64,
    used: u64,
    /// Of `used`, what the store knows.
    kept: u64,
    minute: i64,
    in_minute: u64,
}

/// What clients have used. As many entries as there are clients and doors.
#[derive(Debug, Default)]
pub struct Quotas(Mutex<HashMap<(String, Door), Use>>);

impl Quotas {
    /// Takes one for this client at this door.
    ///
    /// # Errors
    /// When nothing is left of the day or the minute.
    pub fn take(&self, client: &str, door: Door, now: TimestampMs) -> Result<Left, Spent> {
        let (per_day, per_minute) = door.bounds();
        self.with(client, door, now, |used| {
            let spent = |used: &Use, bound, retry_after_s| Spent { left: left(used, door, now), bound, retry_after_s };
            if used.used >= per_day {
                let end_s = (day_of(now) + 1) * DAY_MS / 1_000;
                return Err(spent(used, Bound::Day, end_s - now.0.div_euclid(1_000)));
            }
            if used.in_minute >= per_minute {
                return Err(spent(used, Bound::Minute, 60 - now.0.rem_euclid(MINUTE_MS) / 1_000));
            }
            used.used += 1;
            used.in_minute += 1;
            Ok(left(used, door, now))
        })
    }

    /// Takes up to `count` of the day; gives how many there were.
    pub fn take_many(&self, client: &str, door: Door, count: u64, now: TimestampMs) -> u64 {
        self.with(client, door, now, |used| {
            let given = count.min(door.bounds().0.saturating_sub(used.used));
            used.used += given;
            given
        })
    }

    /// What this client has used today at this door.
    pub fn used(&self, client: &str, door: Door, now: TimestampMs) -> u64 {
        self.with(client, door, now, |used| used.used)
    }

    /// What was used and not yet written down: client, door and count, of today.
    pub fn unkept(&self, now: TimestampMs) -> Vec<(String, Door, u64)> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, used| used.day == day_of(now));
        let news = all.iter_mut().filter(|(_, used)| used.used > used.kept).map(|((client, door), used)| {
            let count = used.used - used.kept;
            used.kept = used.used;
            (client.clone(), *door, count)
        });
        news.collect()
    }

    /// What the store knows of today, from this process and others.
    pub fn known(&self, client: &str, door: Door, total: u64, now: TimestampMs) {
        self.with(client, door, now, |used| {
            let own = used.used.saturating_sub(used.kept);
            (used.used, used.kept) = (total.saturating_add(own), total);
        });
    }

    fn with<T>(&self, client: &str, door: Door, now: TimestampMs, work: impl FnOnce(&mut Use) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let used = all.entry((client.to_owned(), door)).or_default();
        if used.day != day_of(now) {
            *used = Use { day: day_of(now), ..Use::default() };
        }
        let minute = now.0.div_euclid(MINUTE_MS);
        if used.minute != minute {
            (used.minute, used.in_minute) = (minute, 0);
        }
        work(used)
    }
}

fn left(used: &Use, door: Door, now: TimestampMs) -> Left {
    let limit = door.bounds().0;
    let reset_s = (day_of(now) + 1) * DAY_MS / 1_000;
    Left { limit, remaining: limit.saturating_sub(used.used), reset_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimestampMs = TimestampMs(20_000 * DAY_MS + 30_000);

    #[test]
    fn a_minute_and_a_day_are_bounded_apart() {
        let quotas = Quotas::default();
        let (per_day, per_minute) = Door::Blacklist.bounds();
        for taken in 1..=per_minute {
            let left = quotas.take("a", Door::Blacklist, NOW).expect("some are left");
            assert_eq!((left.limit, left.remaining), (per_day, per_day - taken));
        }
        let spent = quotas.take("a", Door::Blacklist, NOW).expect_err("none is left");
        assert_eq!((spent.bound, spent.retry_after_s), (Bound::Minute, 30));
        assert!(quotas.take("b", Door::Blacklist, NOW).is_ok() && quotas.take("a", Door::Report, NOW).is_ok());
        assert_eq!(quotas.take_many("a", Door::Blacklist, 10_000, NOW), per_day - per_minute);
        let spent = quotas.take("a", Door::Blacklist, NOW.plus_ms(MINUTE_MS)).expect_err("none is left");
        assert_eq!((spent.bound, spent.retry_after_s), (Bound::Day, 86_400 - 90));
        assert_eq!(spent.left.reset_s, 20_001 * DAY_MS / 1_000);
        assert!(quotas.take("a", Door::Blacklist, NOW.plus_days(1)).is_ok());
    }

    #[test]
    fn what_is_kept_is_not_kept_twice_and_others_count() {
        let quotas = Quotas::default();
        for _ in 0..3 {
            quotas.take("a", Door::Report, NOW).expect("left");
        }
        assert_eq!(quotas.unkept(NOW), [("a".to_owned(), Door::Report, 3)]);
        assert_eq!(quotas.unkept(NOW), []);
        quotas.take("a", Door::Report, NOW).expect("left");
        quotas.known("a", Door::Report, 10, NOW);
        assert_eq!(quotas.used("a", Door::Report, NOW), 11);
        assert_eq!(quotas.unkept(NOW), [("a".to_owned(), Door::Report, 1)]);
        assert_eq!(quotas.unkept(NOW.plus_days(1)), []);
    }
}
