//! How long to wait after a failure: longer each time, and never for all edges at the same instant.

use std::time::Duration;

/// The wait after the first failure.
const FIRST: Duration = Duration::from_millis(500);

/// The longest wait: an edge is back within a minute of its control plane.
pub const WAIT_MAX: Duration = Duration::from_secs(60);

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// All is well again.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// One failure more. `chance` is any number: the wait is between half of the bound and all of it, so that edges
    /// that lost the control plane together do not come back together.
    pub fn next(&mut self, chance: u64) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        let bound = doubled.min(WAIT_MAX);
        let half = u64::try_from(bound.as_millis() / 2).unwrap_or(u64::MAX);
        Duration::from_millis(half + chance % (half + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_differ() {
        let mut backoff = Backoff::default();
        for chance in [0, 1, u64::MAX, 12_345] {
            let mut last = Duration::ZERO;
            for _ in 0..100 {
                let wait = backoff.next(chance);
                assert!(wait >= FIRST / 2 && wait <= WAIT_MAX && wait * 2 >= last, "{wait:?} after {last:?}");
                last = wait;
            }
            assert!(last >= WAIT_MAX / 2);
            backoff.reset();
            assert!(backoff.next(chance) <= FIRST);
            backoff.reset();
        }
    }
}
