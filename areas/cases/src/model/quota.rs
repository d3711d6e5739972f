//! How many appeals one network may send: kept in memory alone, never stored and never logged.

use sipar_model::TimestampMs;
use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Networks that are remembered. Two that share a place only make the bound stricter.
const PLACES: usize = 1 << 14;

/// Appeals from one network in an hour. Behind one address of a telephone company are thousands of people, of whom few
/// appeal; who floods is stopped within seconds.
pub const APPEALS_PER_HOUR_MAX: u32 = 20;

const HOUR_MS: i64 = 3_600_000;

/// Counts appeals of each network. What is kept is a place in a table under a key of this process's own, and a count.
#[derive(Debug)]
pub struct Quota {
    places: Mutex<Vec<(i64, u32)>>,
    state: RandomState,
}

impl Default for Quota {
    fn default() -> Self {
        Self { places: Mutex::new(vec![(0, 0); PLACES]), state: RandomState::new() }
    }
}

impl Quota {
    /// Counts one appeal from there; false when there were too many. All whose address is not known are one network.
    pub fn take(&self, from: Option<IpAddr>, now: TimestampMs) -> bool {
        let hour = now.0.div_euclid(HOUR_MS);
        let place = self.place(from);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, count) = &mut places[place];
        if *seen != hour {
            (*seen, *count) = (hour, 0);
        }
        if *count >= APPEALS_PER_HOUR_MAX {
            return false;
        }
        *count += 1;
        true
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_hour() {
        let quota = Quota::default();
        let now = TimestampMs(1_790_000_000_000);
        let from: Option<IpAddr> = Some("192.0.2.1".parse().unwrap());
        assert!((0..APPEALS_PER_HOUR_MAX).all(|_| quota.take(from, now)));
        assert!(!quota.take(from, now) && !quota.take(Some("::ffff:192.0.2.1".parse().unwrap()), now));
        assert!(quota.take(from, now.plus_ms(HOUR_MS)));
        let v6 = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(quota.place(v6("2001:db8::1")), quota.place(v6("2001:db8:0:0ff::9")));
        assert!((0..APPEALS_PER_HOUR_MAX).all(|_| quota.take(None, now)) && !quota.take(None, now));
    }
}
