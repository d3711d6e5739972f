//! How many look-ups a caller may make: a bucket of tokens for each key and for each client network.

use sipar_model::TimestampMs;
use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Buckets for client networks: one network may share a bucket with another, which only makes the limit stricter.
/// 65,536 buckets take 1 MiB.
const BUCKETS: usize = 1 << 16;

/// A caller may save up look-ups for this long, in seconds, so that a page with many parts is no offence.
const BURST_S: f64 = 2.0;

/// One bucket: tokens, and when they were counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: TimestampMs,
}

impl Bucket {
    const fn new() -> Self {
        Self { tokens: f64::INFINITY, at: TimestampMs(i64::MIN) }
    }

    /// Takes `cost` tokens, or says how many seconds to wait. What costs more than a full bucket is let through when
    /// the bucket is full, and is paid off afterwards.
    fn take(&mut self, per_s: u32, cost: f64, now: TimestampMs) -> Result<(), u64> {
        let rate = f64::from(per_s);
        let most = rate * BURST_S;
        // A clock that jumps back gives nothing and takes nothing.
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since the last look-up")]
        let passed_s = now.since_ms(self.at).max(0) as f64 / 1_000.0;
        self.tokens = passed_s.mul_add(rate, self.tokens).min(most);
        self.at = now;
        if self.tokens >= cost.min(most) {
            self.tokens -= cost;
            return Ok(());
        }
        let missing = cost.min(most) - self.tokens;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds to wait, at least one")]
        let wait_s = (missing / rate).ceil().max(1.0) as u64;
        Err(wait_s)
    }
}

/// The buckets of client networks.
pub(crate) struct Limiter {
    buckets: Mutex<Vec<Bucket>>,
    state: std::hash::RandomState,
}

impl Limiter {
    pub(crate) fn new() -> Self {
        Self { buckets: Mutex::new(vec![Bucket::new(); BUCKETS]), state: std::hash::RandomState::new() }
    }

    /// Takes `cost` look-ups for the client at `address`: a /32, or a /56, which is what one subscriber has (RFC 6177).
    pub(crate) fn take(&self, address: IpAddr, per_s: u32, cost: f64, now: TimestampMs) -> Result<(), u64> {
        use std::hash::BuildHasher as _;
        let network = match address.to_canonical() {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6) >> 72 | 1 << 127,
        };
        #[expect(clippy::cast_possible_truncation, reason = "the place in the table")]
        let place = self.state.hash_one(network) as usize % BUCKETS;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets[place].take(per_s, cost, now)
    }
}

/// The bucket of one key.
pub(crate) struct KeyLimit(Mutex<Bucket>);

impl KeyLimit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Bucket::new()))
    }

    pub(crate) fn take(&self, per_s: u32, cost: f64, now: TimestampMs) -> Result<(), u64> {
        if per_s == 0 {
            return Ok(());
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(per_s, cost, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_with_time() {
        let mut bucket = Bucket::new();
        let at = |ms: i64| TimestampMs(1_000_000 + ms);
        for _ in 0..20 {
            assert_eq!(bucket.take(10, 1.0, at(0)), Ok(()));
        }
        assert_eq!(bucket.take(10, 1.0, at(0)), Err(1));
        assert_eq!(bucket.take(10, 1.0, at(100)), Ok(()));
        assert_eq!(bucket.take(10, 10_000.0, at(100)), Err(2));
        assert_eq!(bucket.take(10, 10_000.0, at(10_000)), Ok(()), "a large one passes when the bucket is full");
        assert_eq!(bucket.take(10, 1.0, at(11_000)), Err(998), "and is paid off");
        let mut bucket = Bucket::new();
        assert_eq!(bucket.take(10, 20.0, at(0)), Ok(()));
        assert_eq!(bucket.take(10, 1.0, at(-5_000)), Err(1), "a clock that jumps back gives nothing");
        assert_eq!(bucket.take(10, 1.0, at(-4_900)), Ok(()), "and nobody waits until it is where it was");
    }

    #[test]
    fn neighbours_in_one_56_share() {
        let limiter = Limiter::new();
        let address = |text: &str| text.parse::<IpAddr>().expect(text);
        let now = TimestampMs(5_000);
        assert!(limiter.take(address("2001:db8::1"), 1, 2.0, now).is_ok());
        assert!(limiter.take(address("2001:db8:0:ff::1"), 1, 2.0, now).is_err());
    }

    use proptest::prelude::*;

    proptest! {
        /// Over any time, no more is let through than was saved up at its start and earned since, but for the one
        /// request that overdraws; and whoever waits as long as told is let in.
        #[test]
        fn nobody_gets_more_than_the_rate_and_waiting_helps(
            per_s in 1_u32..2_000,
            asks in prop::collection::vec((0_i64..3_000, 1_u32..50), 1..200),
        ) {
            let mut bucket = Bucket::new();
            let (mut now, mut granted, mut largest) = (TimestampMs(1_000), 0.0, 0.0_f64);
            let start = now;
            for (pause_ms, cost) in asks {
                now = now.plus_ms(pause_ms);
                let cost = f64::from(cost);
                largest = largest.max(cost);
                match bucket.take(per_s, cost, now) {
                    Ok(()) => granted += cost,
                    Err(wait_s) => {
                        prop_assert!(wait_s >= 1);
                        let mut later = bucket;
                        let then = now.plus_ms(i64::try_from(wait_s).unwrap() * 1_000);
                        prop_assert_eq!(later.take(per_s, cost, then), Ok(()), "after {} s", wait_s);
                    }
                }
                let earned = f64::from(per_s) * (BURST_S + now.since_ms(start) as f64 / 1_000.0);
                prop_assert!(granted <= earned + largest + 1e-6, "{} of {}", granted, earned);
            }
        }

        /// Clocks that jump anywhere never make a bucket overflow or starve for longer than its debt.
        #[test]
        fn a_jumping_clock_does_no_harm(times in prop::collection::vec(any::<i64>(), 1..50)) {
            let mut bucket = Bucket::new();
            for time in times {
                let _either = bucket.take(10, 1.0, TimestampMs(time));
                prop_assert!(bucket.tokens <= 10.0 * BURST_S && bucket.tokens >= 0.0);
                let mut later = bucket;
                prop_assert_eq!(later.take(10, 1.0, TimestampMs(time).plus_ms(1_000)).is_ok(), time < i64::MAX - 1_000 || bucket.tokens >= 1.0);
            }
        }
    }
}
