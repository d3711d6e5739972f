//! Keys in order, each with the nearest one around it.
//!
//! What stands inside a key follows it in order. So of all keys that cover one, the last that is not after it is either
//! the innermost, or lies inside the innermost; from there the way leads outwards, from each key to the next around it.

/// Something that may lie inside another of its kind. INVARIANT: in order, a key is followed by all that it covers.
pub trait Key: Ord {
    /// Whether `other` is this or lies within it.
    fn covers(&self, other: &Self) -> bool;
}

/// No key is around this one.
const NOBODY: u32 = u32::MAX;

/// Sorted keys with the way outwards.
#[derive(Debug)]
pub struct Nested<K> {
    keys: Vec<K>,
    around: Vec<u32>,
}

impl<K> Default for Nested<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), around: Vec::new() }
    }
}

impl<K: Key> Nested<K> {
    /// Takes keys in strictly rising order; at most 2^32 - 1.
    pub fn new(keys: Vec<K>) -> Self {
        let mut around = Vec::with_capacity(keys.len());
        let mut open: Vec<u32> = Vec::new();
        for (place, key) in (0..NOBODY).zip(&keys) {
            while open.last().is_some_and(|outer| !keys[*outer as usize].covers(key)) {
                open.pop();
            }
            around.push(open.last().copied().unwrap_or(NOBODY));
            open.push(place);
        }
        Self { keys, around }
    }

    /// The key at a place.
    pub fn key(&self, place: usize) -> &K {
        &self.keys[place]
    }

    /// The places of all keys that cover `key`, the innermost first.
    pub fn around<'a>(&'a self, key: &'a K) -> impl Iterator<Item = usize> + 'a {
        let last = self.keys.partition_point(|other| other <= key).checked_sub(1);
        let outwards = move |place: &usize| match self.around[*place] {
            NOBODY => None,
            outer => Some(outer as usize),
        };
        std::iter::successors(last, outwards).filter(move |place| self.keys[*place].covers(key))
    }

    /// The places of all keys within `key` but itself.
    pub fn within<'a>(&'a self, key: &'a K) -> impl Iterator<Item = usize> + 'a {
        let first = self.keys.partition_point(|other| other <= key);
        (first..self.keys.len()).take_while(move |place| key.covers(&self.keys[*place]))
    }
}

/// A network of IPv4: where it starts, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Net4(pub u32, pub u8);

impl Key for Net4 {
    fn covers(&self, other: &Self) -> bool {
        self.1 <= other.1 && (u64::from(self.0 ^ other.0) << self.1) & 0xffff_ffff_0000_0000 == 0
    }
}

/// A network of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Net6(pub u128, pub u8);

impl Key for Net6 {
    fn covers(&self, other: &Self) -> bool {
        self.1 <= other.1 && (self.0 ^ other.0).checked_shr(128 - u32::from(self.1)).unwrap_or(0) == 0
    }
}

/// A name with its labels turned round and a dot behind each, so that what is under a name begins with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turned(pub Box<str>);

impl Key for Turned {
    fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_covers_what() {
        assert!(Net4(0, 0).covers(&Net4(u32::MAX, 32)) && Net6(0, 0).covers(&Net6(u128::MAX, 128)));
        assert!(Net4(0xc000_0200, 24).covers(&Net4(0xc000_0207, 32)));
        assert!(!Net4(0xc000_0200, 24).covers(&Net4(0xc000_0300, 32)));
        assert!(!Net4(0xc000_0200, 24).covers(&Net4(0xc000_0200, 23)));
        assert!(Net4(7, 32).covers(&Net4(7, 32)) && !Net4(7, 32).covers(&Net4(6, 32)));
        assert!(Net6(7, 128).covers(&Net6(7, 128)) && !Net6(7, 128).covers(&Net6(6, 128)));
    }

    fn net() -> impl Strategy<Value = Net4> {
        // Few starts, so that many lie inside one another.
        (0_u32..64, 0_u8..=32).prop_map(|(start, length)| {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            Net4((start << 26 | start) & mask, length)
        })
    }

    proptest! {
        #[test]
        fn around_and_within_are_what_a_scan_finds(mut keys in proptest::collection::vec(net(), 0..60), asked in net()) {
            keys.sort_unstable();
            keys.dedup();
            let nested = Nested::new(keys.clone());
            let mut around: Vec<Net4> = keys.iter().copied().filter(|key| key.covers(&asked)).collect();
            around.sort_by_key(|key| std::cmp::Reverse(key.1));
            let found: Vec<Net4> = nested.around(&asked).map(|place| *nested.key(place)).collect();
            prop_assert_eq!(found, around);
            let within: Vec<Net4> = keys.iter().copied().filter(|key| asked.covers(key) && *key != asked).collect();
            let found: Vec<Net4> = nested.within(&asked).map(|place| *nested.key(place)).collect();
            prop_assert_eq!(found, within);
        }
    }
}
