//! How many codes one network may try: kept in memory alone, never stored and never logged.

use sipar_model::TimestampMs;
use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Networks that are remembered. Two that share a place only make the bound stricter.
const PLACES: usize = 1 << 12;

/// Codes that nobody was given, from one network in an hour. A code has 256 random bits: this is against noise.
pub const WRONG_PER_HOUR_MAX: u32 = 30;

const HOUR_MS: i64 = 3_600_000;

/// Slows down who tries codes.
#[derive(Debug)]
pub struct Knocks {
    places: Mutex<Vec<(i64, u32)>>,
    state: RandomState,
}

impl Default for Knocks {
    fn default() -> Self {
        Self { places: Mutex::new(vec![(0, 0); PLACES]), state: RandomState::new() }
    }
}

impl Knocks {
    /// Notes a wrong code from there.
    pub fn note(&self, from: Option<IpAddr>, now: TimestampMs) {
        let (place, hour) = (self.place(from), now.0.div_euclid(HOUR_MS));
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, count) = &mut places[place];
        if *seen != hour {
            (*seen, *count) = (hour, 0);
        }
        *count = count.saturating_add(1);
    }

    /// Whether so many came from there in this hour that no further one is looked at.
    pub fn too_many(&self, from: Option<IpAddr>, now: TimestampMs) -> bool {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, count) = places[self.place(from)];
        seen == now.0.div_euclid(HOUR_MS) && count >= WRONG_PER_HOUR_MAX
    }

    fn place(&self, from: Option<IpAddr>) -> usize {
        // One subscriber has a /32, or a /56 (RFC 6177 §2). All whose address is not known are one network.
        let network = match from.map(|address| address.to_canonical()) {
            None => u128::MAX,
            Some(IpAddr::V4(v4)) => u128::from(u32::from(v4)),
            Some(IpAddr::V6(v6)) => u128::from(v6) >> 72 | 1 << 100,
        };
        usize::try_from(self.state.hash_one(network) % PLACES as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_tries_codes_is_slowed_down_for_an_hour() {
        let (knocks, now) = (Knocks::default(), TimestampMs(100 * HOUR_MS));
        let from = Some("192.0.2.1".parse().expect("an address"));
        for _ in 0..WRONG_PER_HOUR_MAX {
            assert!(!knocks.too_many(from, now));
            knocks.note(from, now);
        }
        assert!(knocks.too_many(from, now) && !knocks.too_many(from, now.plus_ms(HOUR_MS)));
    }
}
