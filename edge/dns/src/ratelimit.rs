//! How many queries one client may send: over UDP, where its address may be forged, and over encrypted transports,
//! where each costs more.
//!
//! A fixed table shared by all workers, without locks: one 64-bit word for each /32 or /56 in sight.
//! The word is all that is known of a client, and it is forgotten when another takes its place.

use crate::config::RateLimit;
use crate::siphash::siphash24;
use sipar_model::Prefix;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Words in the table: 512 KiB, room for 65,536 clients at once.
const WORDS: usize = 1 << 16;
/// A client may stand in any of this many neighbouring words, so that two rarely meet.
const WAYS: usize = 4;
/// Low bits of a word: when the client's allowance will be whole again, in microseconds since the start.
const TIME_BITS: u32 = 48;
const TIME_MASK: u64 = (1 << TIME_BITS) - 1;

/// What to do with one query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Answer it.
    Within,
    /// Too many: answer with the truncation bit and nothing else, so that a real client comes back over TCP.
    Truncate,
    /// Too many: do not answer.
    Drop,
}

/// The table and its rule: a leaky bucket kept as the one point in time at which it will be empty (GCRA, ITU-T I.371).
pub struct RateLimiter {
    words: Box<[AtomicU64]>,
    key: [u8; 16],
    interval_us: u64,
    tolerance_us: u64,
    slip: u32,
    exempt: Vec<Prefix>,
}

impl RateLimiter {
    /// A limiter for `rule`, or none when the rule sets no limit. `key` keeps others from choosing whom to collide with.
    #[must_use]
    pub fn new(rule: &RateLimit, key: [u8; 16]) -> Option<Self> {
        let rate = u64::from(rule.queries_per_s);
        let interval_us = 1_000_000u64.checked_div(rate)?.max(1);
        Some(Self {
            words: (0..WORDS).map(|_| AtomicU64::new(0)).collect(),
            key,
            interval_us,
            tolerance_us: interval_us.saturating_mul(u64::from(rule.burst)),
            slip: rule.slip,
            exempt: rule.exempt.clone(),
        })
    }

    /// Counts one query of `client` and says what to do with it. `turn` is a number that the caller counts up.
    pub fn take(&self, client: IpAddr, now_us: u64, turn: u32) -> Allowance {
        if self.exempt.iter().any(|prefix| prefix.contains(client)) || self.count(client, now_us) {
            return Allowance::Within;
        }
        match self.slip {
            0 => Allowance::Drop,
            slip if turn.is_multiple_of(slip) => Allowance::Truncate,
            _ => Allowance::Drop,
        }
    }

    fn count(&self, client: IpAddr, now_us: u64) -> bool {
        // A time of 0 would be a free word's; the start is moved by one.
        let now_us = (now_us + 1) & TIME_MASK;
        let hash = siphash24(&self.key, &network(client));
        let (tag, first) = (hash & !TIME_MASK, usize::try_from(hash % (WORDS / WAYS) as u64).unwrap_or(0) * WAYS);
        let set = &self.words[first..first + WAYS];
        let mut oldest = (&set[0], u64::MAX);
        for word in set {
            let value = word.load(Relaxed);
            if value & !TIME_MASK == tag && value != 0 {
                return self.advance(word, value, tag, now_us);
            }
            if value & TIME_MASK < oldest.1 {
                oldest = (word, value & TIME_MASK);
            }
        }
        // Nobody of this tag: take the place of the one whose allowance was whole longest ago.
        oldest.0.store(tag | (now_us + self.interval_us) & TIME_MASK, Relaxed);
        true
    }

    fn advance(&self, word: &AtomicU64, value: u64, tag: u64, now_us: u64) -> bool {
        let empty_us = (value & TIME_MASK).max(now_us);
        if empty_us - now_us > self.tolerance_us {
            return false;
        }
        // A lost race lets one query through uncounted: cheaper than a retry, and no wider than the number of workers.
        let next = tag | (empty_us + self.interval_us) & TIME_MASK;
        let _ = word.compare_exchange(value, next, Relaxed, Relaxed);
        true
    }
}

/// The network a client is counted as: /32, or /56, which is what one subscriber gets (RIPE-690 §4.2).
fn network(client: IpAddr) -> [u8; 8] {
    let mut out = [0; 8];
    match client {
        IpAddr::V4(v4) => {
            out[..4].copy_from_slice(&v4.octets());
            out[7] = 4;
        }
        IpAddr::V6(v6) => {
            out[..7].copy_from_slice(&v6.octets()[..7]);
            out[7] = 6;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(queries_per_s: u32, burst: u32, slip: u32) -> RateLimiter {
        let rule = RateLimit { queries_per_s, burst, slip, exempt: vec![Prefix::parse("127.0.0.0/8").expect("net")] };
        RateLimiter::new(&rule, [3; 16]).expect("a limit is set")
    }

    fn within(limiter: &RateLimiter, client: &str, now_us: u64, tries: u32) -> usize {
        let client = client.parse().expect("address");
        (0..tries).filter(|turn| limiter.take(client, now_us, *turn) == Allowance::Within).count()
    }

    #[test]
    fn a_burst_then_the_rate() {
        let limiter = limiter(10, 4, 0);
        assert_eq!(within(&limiter, "192.0.2.1", 0, 20), 5);
        assert_eq!(within(&limiter, "192.0.2.1", 50_000, 20), 0);
        assert_eq!(within(&limiter, "192.0.2.1", 100_000, 20), 1);
        assert_eq!(within(&limiter, "192.0.2.1", 60_000_000, 20), 5, "never more than the burst");
        assert_eq!(within(&limiter, "192.0.2.2", 0, 20), 5, "another client has its own");
    }

    #[test]
    fn one_subscriber_of_ipv6_is_a_56() {
        let limiter = limiter(10, 4, 0);
        assert_eq!(within(&limiter, "2001:db8:0:aa01::1", 0, 3), 3);
        assert_eq!(within(&limiter, "2001:db8:0:aaff::9", 0, 9), 2);
        assert_eq!(within(&limiter, "2001:db8:0:ab00::1", 0, 9), 5);
    }

    #[test]
    fn what_is_over_the_limit_slips_or_drops() {
        let client: IpAddr = "192.0.2.1".parse().expect("address");
        let check = |slip, expect: [Allowance; 4]| {
            let limiter = limiter(1, 0, slip);
            assert_eq!(limiter.take(client, 0, 0), Allowance::Within);
            assert_eq!([0, 1, 2, 3].map(|turn| limiter.take(client, 0, turn)), expect, "slip {slip}");
        };
        use Allowance::{Drop, Truncate};
        check(0, [Drop; 4]);
        check(1, [Truncate; 4]);
        check(2, [Truncate, Drop, Truncate, Drop]);
    }

    #[test]
    fn exempt_networks_and_no_limit() {
        assert_eq!(within(&limiter(1, 0, 0), "127.0.0.1", 0, 50), 50);
        assert!(RateLimiter::new(&RateLimit { queries_per_s: 0, ..RateLimit::default() }, [0; 16]).is_none());
    }

    #[test]
    fn a_flood_of_forged_clients_does_not_stop_a_real_one() {
        let limiter = limiter(10, 4, 0);
        for n in 0..200_000u32 {
            limiter.take(IpAddr::V4(n.wrapping_mul(2_654_435_761).into()), u64::from(n), n);
        }
        assert!(within(&limiter, "192.0.2.77", 200_000, 5) >= 4);
    }
}
