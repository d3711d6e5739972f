//! How many credentials that do not hold each network has sent: kept in memory alone, never stored and never logged.

use sipar_model::TimestampMs;
use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Networks that are remembered. Two that share a place only make the bound stricter.
const PLACES: usize = 1 << 12;

/// How long a count lasts, in ms.
pub const WINDOW_MS: i64 = 10 * 60_000;

/// Credentials of one network that may fail in [`WINDOW_MS`]. A person mistypes a few; a program with an old key asks
/// on. Guessing 256 bits is hopeless: what this bounds is noise, and it makes guessing seen. What holds is still let
/// in, so that a forgotten program locks nobody out of the office that it stands in.
pub const FAILURES_MAX: u32 = 20;

/// Hours that are looked back on when failures are told.
const TOLD_MS: i64 = 3_600_000;

/// What failed of late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// Credentials that did not hold in this hour and the one before.
    pub failed: u64,
    /// How many of them came from networks that had too many already.
    pub beyond: u64,
}

#[derive(Clone, Copy, Default)]
struct Hour {
    hour: i64,
    count: Failures,
}

struct Counted {
    places: Vec<(i64, u32)>,
    hours: [Hour; 2],
}

/// Counts what failed.
pub struct Attempts {
    failures_max: u32,
    counted: Mutex<Counted>,
    state: RandomState,
}

impl Default for Attempts {
    fn default() -> Self {
        Self::new(FAILURES_MAX)
    }
}

impl Attempts {
    /// Lets `failures_max` of one network pass in a window.
    #[must_use]
    pub fn new(failures_max: u32) -> Self {
        let counted = Counted { places: vec![(0, 0); PLACES], hours: [Hour::default(); 2] };
        Self { failures_max, counted: Mutex::new(counted), state: RandomState::new() }
    }

    /// Counts one that failed; false when its network has had too many. All whose address is not known are one network.
    pub fn failed(&self, from: Option<IpAddr>, now: TimestampMs) -> bool {
        let (window, hour) = (now.0.div_euclid(WINDOW_MS), now.0.div_euclid(TOLD_MS));
        let place = self.place(from);
        let mut counted = self.counted();
        let (seen, count) = &mut counted.places[place];
        if *seen != window {
            (*seen, *count) = (window, 0);
        }
        *count = count.saturating_add(1);
        let within = *count <= self.failures_max;
        // Hours of the same parity share a slot: the newer takes it.
        let slot = &mut counted.hours[usize::from(hour.rem_euclid(2) == 1)];
        if slot.hour != hour {
            *slot = Hour { hour, count: Failures::default() };
        }
        slot.count.failed += 1;
        slot.count.beyond += u64::from(!within);
        within
    }

    /// What failed in this hour and the one before.
    #[must_use]
    pub fn told(&self, now: TimestampMs) -> Failures {
        let hour = now.0.div_euclid(TOLD_MS);
        let counted = self.counted();
        let recent = counted.hours.iter().filter(|slot| slot.hour == hour || slot.hour == hour - 1);
        recent.fold(Failures::default(), |sum, slot| Failures {
            failed: sum.failed + slot.count.failed,
            beyond: sum.beyond + slot.count.beyond,
        })
    }

    fn place(&self, from: Option<IpAddr>) -> usize {
        // One subscriber has a /32, or a /56 (RFC 6177 §2).
        let network = match from.map(|address| address.to_canonical()) {
            None => u128::MAX,
            Some(IpAddr::V4(v4)) => u128::from(u32::from(v4)),
            Some(IpAddr::V6(v6)) => u128::from(v6) >> 72 | 1 << 100,
        };
        usize::try_from(self.state.hash_one(network) % PLACES as u64).unwrap_or(0)
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // No holder of this lock can panic halfway through a change.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_failures_and_all_are_told() {
        let attempts = Attempts::default();
        let now = TimestampMs(1_790_000_400_000);
        let from: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        assert!((0..FAILURES_MAX).all(|_| attempts.failed(from, now)));
        assert!(!attempts.failed(from, now) && !attempts.failed(Some("::ffff:192.0.2.1".parse().unwrap()), now));
        assert!(attempts.failed(from, now.plus_ms(WINDOW_MS)), "a new window");
        let failed = u64::from(FAILURES_MAX) + 3;
        assert_eq!(attempts.told(now), Failures { failed, beyond: 2 });
        assert_eq!(attempts.told(now.plus_ms(TOLD_MS)), Failures { failed, beyond: 2 }, "the hour after");
        assert_eq!(attempts.told(now.plus_ms(3 * TOLD_MS)), Failures::default());
        let v6 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(attempts.place(v6("2001:db8::1")), attempts.place(v6("2001:db8:0:0ff::9")));
    }
}
