//! SipHash-2-4 (Aumasson and Bernstein, 2012): the keyed hash that DNS cookies prescribe (RFC 9018 §4.4),
//! and the source of numbers that nobody outside can foresee.

/// SipHash-2-4 of `data` under `key`, as the eight bytes of the reference implementation.
#[must_use]
pub fn siphash24(key: &[u8; 16], data: &[u8]) -> u64 {
    let (k0, k1) = (word(&key[..8]), word(&key[8..]));
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut chunks = data.chunks_exact(8);
    for chunk in &mut chunks {
        absorb(&mut v, word(chunk));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    last[7] = data.len().to_le_bytes()[0];
    absorb(&mut v, u64::from_le_bytes(last));
    v[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

fn absorb(v: &mut [u64; 4], word: u64) {
    v[3] ^= word;
    round(v);
    round(v);
    v[0] ^= word;
}

fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

/// Numbers that cannot be foreseen without the key: SipHash of a counter.
/// The query identifiers and letter cases that keep forged answers out come from here (RFC 5452 §4.3).
#[derive(Clone, Debug)]
pub struct Unpredictable {
    key: [u8; 16],
    drawn: u64,
}

impl Unpredictable {
    /// A sequence of its own for each key.
    #[must_use]
    pub const fn new(key: [u8; 16]) -> Self {
        Self { key, drawn: 0 }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        siphash24(&self.key, &self.drawn.to_le_bytes())
    }

    /// The next 16 bits.
    pub fn next_u16(&mut self) -> u16 {
        self.next_u64().to_be_bytes().first_chunk().map_or(0, |b| u16::from_be_bytes(*b))
    }

    /// The next number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The bias of the remainder is below 2^-48 for the few dozen choices we make.
        usize::try_from(self.next_u64() % (bound.max(1) as u64)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of the SipHash paper, appendix A, and the first three of the reference implementation.
    #[test]
    fn the_papers_vectors() {
        let key: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).expect("small"));
        let check = |length: u8, expect: u64| {
            let data: Vec<u8> = (0..length).collect();
            assert_eq!(siphash24(&key, &data), expect, "{length} bytes");
        };
        check(15, 0xa129_ca61_49be_45e5);
        check(0, 0x726f_db47_dd0e_0e31);
        check(1, 0x74f8_39c5_93dc_67fd);
        check(8, 0x93f5_f579_9a93_2462);
    }

    #[test]
    fn numbers_differ_and_keep_their_bound() {
        let mut a = Unpredictable::new([1; 16]);
        let mut b = Unpredictable::new([2; 16]);
        assert_ne!(a.next_u64(), b.next_u64());
        assert_ne!(a.next_u64(), a.next_u64());
        assert!((0..1000).all(|_| a.below(7) < 7));
        assert_eq!(a.below(0), 0);
    }
}
