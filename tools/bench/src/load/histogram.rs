//! Latencies in log-linear buckets: 64 for each power of two of nanoseconds, so at most 1.6 % off.

const SUB: u64 = 64;

/// How often each latency was seen.
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self { counts: vec![0; 64 * SUB as usize], total: 0 }
    }

    /// Adds one.
    pub fn add(&mut self, ns: u64) {
        self.counts[bucket(ns)] += 1;
        self.total += 1;
    }

    /// The latency in microseconds below which this share of all lies.
    pub fn percentile_us(&self, share: f64) -> f64 {
        let wanted = (share * self.total as f64) as u64;
        let mut sum = 0;
        for (number, count) in self.counts.iter().enumerate() {
            sum += count;
            if sum > wanted {
                return lower_end(number as u64) as f64 / 1_000.0;
            }
        }
        0.0
    }
}

const fn bucket(ns: u64) -> usize {
    if ns < SUB {
        return ns as usize;
    }
    let exponent = 63 - ns.leading_zeros() as u64;
    ((exponent - 5) * SUB + ((ns >> (exponent - 6)) & (SUB - 1))) as usize
}

const fn lower_end(bucket: u64) -> u64 {
    if bucket < SUB { bucket } else { (SUB + bucket % SUB) << (bucket / SUB - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_begins_at_most_1_6_percent_below_what_fell_into_it() {
        for ns in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 10_000_000_000, u64::MAX / 4] {
            let low = lower_end(bucket(ns) as u64);
            assert!(low <= ns && (ns - low) as f64 <= ns as f64 / 63.0, "{ns} {low}");
        }
    }

    #[test]
    fn percentiles_of_one_to_a_thousand() {
        let mut histogram = Histogram::new();
        (1..=1_000).for_each(|us| histogram.add(us * 1_000));
        for (share, expect) in [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0)] {
            let got = histogram.percentile_us(share);
            assert!((got - expect).abs() <= expect * 0.02, "{share}: {got}");
        }
    }
}
