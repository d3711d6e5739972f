//! Which upstream resolver to ask: how quick each is, and which have stopped answering.
//!
//! An upstream that failed three times in a row is left alone, at first for one second and twice as long each time
//! it fails a probe. When all of them are down they are asked nevertheless, the one whose pause ends first before
//! the others.

use crate::siphash::Unpredictable;
use std::net::SocketAddr;

/// Failures in a row after which an upstream counts as down: one lost packet is weather, three are not.
const FAILURES_MAX: u32 = 3;
/// First pause of an upstream that is down, in microseconds.
const PAUSE_US_MIN: u64 = 1_000_000;
/// Longest pause: how long an upstream that came back may stay unused.
const PAUSE_US_MAX: u64 = 30_000_000;
/// Shortest wait for an answer. Upstreams recurse: what they have not cached takes hundreds of milliseconds.
const WAIT_US_MIN: u64 = 400_000;
/// One question in this many goes to an upstream by chance, so that a slow one that got quick is noticed.
const EXPLORE: usize = 32;

/// One upstream's health.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it is.
    pub address: SocketAddr,
    /// Smoothed round-trip time in microseconds (RFC 6298 §2), once it has answered.
    pub round_trip_us: Option<u64>,
    variation_us: u64,
    failures: u32,
    pause_us: u64,
    /// When to probe it next; `None` while it is up.
    probe_at_us: Option<u64>,
    /// It does not know EDNS (RFC 6891 §7).
    pub plain: bool,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Upstreams {
    list: Vec<Upstream>,
}

impl Upstreams {
    /// Upstreams of which nothing is known yet.
    #[must_use]
    pub fn new(addresses: &[SocketAddr]) -> Self {
        let fresh = |address: &SocketAddr| Upstream {
            address: *address,
            round_trip_us: None,
            variation_us: 0,
            failures: 0,
            pause_us: 0,
            probe_at_us: None,
            plain: false,
        };
        Self { list: addresses.iter().map(fresh).collect() }
    }

    /// Each upstream.
    #[must_use]
    pub fn list(&self) -> &[Upstream] {
        &self.list
    }

    /// Which to ask next, when those in the bit set `tried` have been asked.
    pub fn pick(&self, tried: u32, random: &mut Unpredictable) -> usize {
        let all: Vec<usize> = (0..self.list.len()).collect();
        let untried: Vec<usize> = all.iter().copied().filter(|i| tried & 1 << i == 0).collect();
        let pool = if untried.is_empty() { all } else { untried };
        let up: Vec<usize> = pool.iter().copied().filter(|i| self.list[*i].probe_at_us.is_none()).collect();
        if up.is_empty() {
            return pool.into_iter().min_by_key(|i| self.list[*i].probe_at_us).unwrap_or(0);
        }
        if random.below(EXPLORE) == 0 {
            return up[random.below(up.len())];
        }
        // One that was never asked counts as the quickest, so that each is measured.
        up.into_iter().min_by_key(|i| self.list[*i].round_trip_us.unwrap_or(0)).unwrap_or(0)
    }

    /// How long to wait for an answer, in microseconds, at the given try.
    #[must_use]
    pub fn wait_us(&self, upstream: usize, tries: u32, wait_us_max: u64) -> u64 {
        let up = &self.list[upstream];
        let usual = up.round_trip_us.map_or(0, |rtt| rtt + 4 * up.variation_us).max(WAIT_US_MIN);
        (usual << tries.min(4)).min(wait_us_max)
    }

    /// It answered after `round_trip_us`.
    pub fn answered(&mut self, upstream: usize, round_trip_us: u64) {
        let up = &mut self.list[upstream];
        match up.round_trip_us {
            None => (up.round_trip_us, up.variation_us) = (Some(round_trip_us), round_trip_us / 2),
            Some(smooth) => {
                up.variation_us = (3 * up.variation_us + smooth.abs_diff(round_trip_us)) / 4;
                up.round_trip_us = Some((7 * smooth + round_trip_us) / 8);
            }
        }
        if up.probe_at_us.is_some() {
            tracing::info!(upstream = %up.address, "upstream answers again");
        }
        (up.failures, up.pause_us, up.probe_at_us) = (0, 0, None);
    }

    /// It did not answer, or could not be reached.
    pub fn failed(&mut self, upstream: usize, now_us: u64) {
        let up = &mut self.list[upstream];
        up.failures = up.failures.saturating_add(1);
        if up.failures < FAILURES_MAX || up.probe_at_us.is_some_and(|at| at > now_us) {
            return;
        }
        if up.probe_at_us.is_none() {
            tracing::warn!(upstream = %up.address, "upstream does not answer; asking the others");
        }
        up.pause_us = (up.pause_us * 2).clamp(PAUSE_US_MIN, PAUSE_US_MAX);
        up.probe_at_us = Some(now_us + up.pause_us);
    }

    /// An upstream that is to be probed now, if there is one. Asking takes it off the list for one pause.
    pub fn due_probe(&mut self, now_us: u64) -> Option<usize> {
        let due = self.list.iter().position(|up| up.probe_at_us.is_some_and(|at| at <= now_us))?;
        let up = &mut self.list[due];
        up.probe_at_us = Some(now_us + up.pause_us.max(PAUSE_US_MIN));
        Some(due)
    }

    /// When the next probe is due.
    #[must_use]
    pub fn next_probe_us(&self) -> Option<u64> {
        self.list.iter().filter_map(|up| up.probe_at_us).min()
    }

    /// Notes that it does not know EDNS.
    pub fn set_plain(&mut self, upstream: usize) {
        self.list[upstream].plain = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000;

    fn three() -> (Upstreams, Unpredictable) {
        let addresses = ["192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"].map(|a| a.parse().expect("address"));
        (Upstreams::new(&addresses), Unpredictable::new([5; 16]))
    }

    /// How often each is picked out of 320.
    fn picks(ups: &Upstreams, random: &mut Unpredictable, tried: u32) -> [usize; 3] {
        let mut counts = [0; 3];
        (0..320).for_each(|_| counts[ups.pick(tried, random)] += 1);
        counts
    }

    #[test]
    fn the_quickest_is_asked_and_the_others_now_and_then() {
        let (mut ups, mut random) = three();
        for (i, ms) in [30, 5, 80].into_iter().enumerate() {
            assert_eq!(ups.pick(0, &mut Unpredictable::new([5; 16])), i, "each is measured first");
            ups.answered(i, ms * 1_000);
        }
        let counts = picks(&ups, &mut random, 0);
        assert!(counts[1] > 280 && counts[0] > 0 && counts[2] > 0, "{counts:?}");
        assert_eq!(picks(&ups, &mut random, 0b010)[1], 0, "a retry goes elsewhere");
        assert!(picks(&ups, &mut random, 0b111)[1] > 280);
    }

    #[test]
    fn one_that_stops_answering_is_left_alone_and_probed() {
        let (mut ups, mut random) = three();
        (0..3).for_each(|i| ups.answered(i, 1_000 * (i as u64 + 1)));
        ups.failed(0, S);
        ups.failed(0, S);
        assert!(picks(&ups, &mut random, 0)[0] > 280, "two failures are weather");
        ups.failed(0, S);
        assert_eq!(picks(&ups, &mut random, 0)[0], 0);
        assert_eq!(ups.due_probe(S), None);
        let mut pauses = Vec::new();
        let mut now = S;
        for _ in 0..7 {
            let next = ups.next_probe_us().expect("down");
            pauses.push((next - now) / S);
            now = next;
            assert_eq!(ups.due_probe(now), Some(0));
            assert_eq!(ups.due_probe(now), None, "one probe at a time");
            now = ups.next_probe_us().expect("still down");
            ups.failed(0, now);
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        ups.answered(0, 1_000);
        assert!(picks(&ups, &mut random, 0)[0] > 280);
        assert_eq!(ups.next_probe_us(), None);
    }

    #[test]
    fn when_all_are_down_they_are_asked_nevertheless() {
        let (mut ups, mut random) = three();
        for i in [2, 0, 1] {
            (0..3).for_each(|_| ups.failed(i, S + i as u64));
        }
        assert_eq!(picks(&ups, &mut random, 0), [320, 0, 0]);
        assert_eq!(picks(&ups, &mut random, 0b001), [0, 320, 0]);
    }

    #[test]
    fn the_wait_follows_the_round_trip_within_bounds() {
        let (mut ups, _) = three();
        assert_eq!(ups.wait_us(0, 0, 1_500_000), 400_000);
        assert_eq!(ups.wait_us(0, 1, 1_500_000), 800_000);
        assert_eq!(ups.wait_us(0, 9, 1_500_000), 1_500_000);
        ups.answered(0, 300_000);
        assert_eq!(ups.wait_us(0, 0, 1_500_000), 900_000);
    }
}
