//! How fast strangers may knock, and which day it is.

use sipar_model::{TimestampMs, time::DAY_MS};
use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// The number of the UTC day.
#[must_use]
pub const fn day_of(now: TimestampMs) -> i64 {
    now.0.div_euclid(DAY_MS)
}

/// Networks of strangers that are remembered; two that share a place only make the bound stricter.
const PLACES: usize = 1 << 12;

/// Wrong keys that one network may try in a minute: more than a wrongly set up fleet, less than a search.
pub const WRONG_KEYS_PER_MINUTE_MAX: u32 = 60;

/// Slows down who tries keys.
#[derive(Debug)]
pub struct Knocks {
    places: Mutex<Vec<(i64, u32)>>,
    state: std::hash::RandomState,
}

impl Default for Knocks {
    fn default() -> Self {
        Self { places: Mutex::new(vec![(0, 0); PLACES]), state: std::hash::RandomState::new() }
    }
}

impl Knocks {
    fn place(&self, from: IpAddr) -> usize {
        use std::hash::BuildHasher as _;
        // One subscriber has a /32, or a /56 (RFC 6177 §2).
        let network = match from.to_canonical() {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6) >> 72 | 1 << 127,
        };
        usize::try_from(self.state.hash_one(network) % PLACES as u64).unwrap_or(0)
    }

    /// Notes a wrong key from there.
    pub fn note(&self, from: IpAddr, now: TimestampMs) {
        let place = self.place(from);
        let minute = now.0.div_euclid(60_000);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, count) = &mut places[place];
        if *seen != minute {
            (*seen, *count) = (minute, 0);
        }
        *count = count.saturating_add(1);
    }

    /// Whether so many wrong keys came from there in this minute that no further one is looked at.
    pub fn too_many(&self, from: IpAddr, now: TimestampMs) -> bool {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, count) = places[self.place(from)];
        seen == now.0.div_euclid(60_000) && count >= WRONG_KEYS_PER_MINUTE_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_tries_keys_is_slowed_down_for_a_minute() {
        let knocks = Knocks::default();
        let from: IpAddr = "192.0.2.1".parse().expect("address");
        let now = TimestampMs(60_000 * 100);
        for _ in 0..WRONG_KEYS_PER_MINUTE_MAX {
            assert!(!knocks.too_many(from, now));
            knocks.note(from, now);
        }
        assert!(knocks.too_many(from, now));
        assert!(!knocks.too_many(from, now.plus_ms(60_000)));
    }
}
