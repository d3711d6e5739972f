//! The hash of names and keys.
//!
//! Fast, well spread, and not a secret: snapshots are public, so whoever wants two keys with one hash finds them.
//! What protects an unlisted name is that the key itself is compared, and what protects the time of a look-up
//! is that the writer takes another seed when keys crowd.

const K0: u64 = 0xa076_1d64_78bd_642f;
const K1: u64 = 0xe703_7ed1_a0b4_28db;
const K2: u64 = 0x8ebc_6af0_9c88_c6e3;

/// The 128-bit product, folded.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

#[inline]
fn word4(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        Some(four) => u64::from(u32::from_le_bytes(*four)),
        None => 0,
    }
}

#[inline]
fn word8(bytes: &[u8], at: usize) -> u64 {
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(eight) => u64::from_le_bytes(*eight),
        None => 0,
    }
}

/// Mixes some bytes and their count into a running state.
#[inline]
pub(crate) fn absorb(mut state: u64, bytes: &[u8]) -> u64 {
    let count = bytes.len();
    let (first, last) = match count {
        0 => (0, 0),
        1..=3 => {
            let middle = bytes[count / 2];
            (u64::from(bytes[0]) << 16 | u64::from(middle) << 8 | u64::from(bytes[count - 1]), 0)
        }
        4..=8 => (word4(bytes, 0), word4(bytes, count - 4)),
        9..=16 => (word8(bytes, 0), word8(bytes, count - 8)),
        _ => {
            let mut at = 0;
            while at + 16 < count {
                state = fold(word8(bytes, at) ^ state ^ K0, word8(bytes, at + 8) ^ K2);
                at += 16;
            }
            (word8(bytes, count - 16), word8(bytes, count - 8))
        }
    };
    // Multiplied, the count differs in all bits: no change of a few bytes makes up for another length.
    fold(first ^ state ^ (count as u64).wrapping_mul(K2), last ^ K1)
}

/// The hash that a state stands for.
#[inline]
pub(crate) const fn finish(state: u64) -> u64 {
    fold(state ^ K2, K1)
}

/// The hash of a whole key.
#[inline]
pub(crate) fn hash(seed: u64, bytes: &[u8]) -> u64 {
    finish(absorb(seed, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_that_count_up_spread_evenly() {
        let mut buckets = vec![0_u32; 1 << 12];
        let mut tags = HashSet::new();
        let count = 1_u32 << 16;
        for number in 0..count {
            let hash = hash(7, format!("host{number}").as_bytes());
            buckets[(hash >> 52) as usize] += 1;
            tags.insert(hash as u16);
        }
        // 16 each on average; a Poisson count above 48 has odds of one in 10^10.
        assert!(buckets.iter().all(|in_bucket| *in_bucket < 48));
        assert!(buckets.iter().filter(|in_bucket| **in_bucket == 0).count() < 4);
        // 65,536 draws of 65,536 values meet 63 % of them.
        assert!(tags.len() > 40_000 && tags.len() < 42_500, "{}", tags.len());
    }

    #[test]
    fn every_length_and_every_byte_matters() {
        let mut seen = HashSet::new();
        for length in 0..200 {
            let base = vec![b'a'; length];
            assert!(seen.insert(hash(1, &base)));
            for at in 0..length {
                let mut other = base.clone();
                other[at] = b'b';
                assert!(seen.insert(hash(1, &other)), "length {length}, byte {at}");
            }
        }
        assert_ne!(hash(1, b"x"), hash(2, b"x"));
    }
}
