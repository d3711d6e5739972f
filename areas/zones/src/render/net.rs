//! Networks as places in a zone that is asked for addresses written backwards (RFC 5782 §2.1, §2.4).

use sipar_model::Prefix;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of a [`Key`]: kind, address, length.
const KEY_BYTES: usize = 18;

/// A network so that sorting puts what lies within it right behind it.
pub type Key = [u8; KEY_BYTES];

/// A network, of one kind or the other, as bits from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Net {
    /// Of IPv6.
    pub is_v6: bool,
    /// The address, from the highest bit on; nothing set beyond the length.
    pub bits: u128,
    /// How many bits count.
    pub length: u8,
}

impl Net {
    /// Everything of one kind.
    #[must_use]
    pub const fn all(is_v6: bool) -> Self {
        Self { is_v6, bits: 0, length: 0 }
    }

    /// Bits of an address.
    #[must_use]
    pub const fn length_max(&self) -> u8 {
        if self.is_v6 { 128 } else { 32 }
    }

    /// Bits that one label stands for.
    #[must_use]
    pub const fn step(&self) -> u8 {
        if self.is_v6 { 4 } else { 8 }
    }

    /// The length at which whole labels hold this network or parts of it.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.length.next_multiple_of(self.step())
    }

    /// Whether it is a whole address.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.length == self.length_max()
    }

    /// The network of this length around it.
    #[must_use]
    pub const fn cut(&self, length: u8) -> Self {
        let mask = if length == 0 { 0 } else { u128::MAX << (128 - length as u32) };
        Self { is_v6: self.is_v6, bits: self.bits & mask, length }
    }

    /// The last address in it.
    #[must_use]
    pub const fn last(&self) -> u128 {
        if self.length == 128 { self.bits } else { self.bits | u128::MAX >> self.length }
    }

    /// Whether `other` lies in it, or is it.
    #[must_use]
    pub const fn holds(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.length <= other.length && other.cut(self.length).bits == self.bits
    }

    /// Where it stands in order.
    #[must_use]
    pub fn key(&self) -> Key {
        let mut key = [u8::from(self.is_v6); KEY_BYTES];
        key[1..17].copy_from_slice(&self.bits.to_be_bytes());
        key[17] = self.length;
        key
    }

    /// From [`Net::key`].
    #[must_use]
    pub fn of_key(key: &Key) -> Self {
        let bits = key[1..17].try_into().map_or(0, u128::from_be_bytes);
        Self { is_v6: key[0] == 1, bits, length: key[17] }
    }

    /// The same as a network of the model.
    #[must_use]
    pub fn prefix(&self) -> Option<Prefix> {
        let address = match self.is_v6 {
            true => IpAddr::V6(Ipv6Addr::from_bits(self.bits)),
            false => IpAddr::V4(Ipv4Addr::from_bits((self.bits >> 96) as u32)),
        };
        Prefix::containing(address, self.length)
    }

    /// Its labels in a zone, without the root: those of whole labels, the last first.
    #[must_use]
    pub fn labels(&self) -> Vec<u8> {
        let mut owner = Vec::with_capacity(64);
        let count = self.length / self.step();
        for place in (0..count).rev() {
            let value = self.bits << (u32::from(place) * u32::from(self.step())) >> (128 - u32::from(self.step()));
            let text = if self.is_v6 { format!("{value:x}") } else { value.to_string() };
            owner.push(text.len() as u8);
            owner.extend_from_slice(text.as_bytes());
        }
        owner
    }
}

impl From<Prefix> for Net {
    fn from(prefix: Prefix) -> Self {
        let (is_v6, bits) = match prefix.addr() {
            IpAddr::V4(v4) => (false, u128::from(v4.to_bits()) << 96),
            IpAddr::V6(v6) => (true, v6.to_bits()),
        };
        Self { is_v6, bits, length: prefix.length() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Name;
    use proptest::prelude::*;

    fn net(text: &str) -> Net {
        Prefix::parse(text).unwrap().into()
    }

    #[test]
    fn networks_are_labels_from_the_last_to_the_first() {
        for (text, expect) in [
            ("192.0.2.99", "99.2.0.192."),
            ("192.0.2.0/24", "2.0.192."),
            ("10.0.0.0/8", "10."),
            ("2001:db8::/32", "8.b.d.0.1.0.0.2."),
        ] {
            let labels = [net(text).labels(), vec![0]].concat();
            assert_eq!(Name::read(&labels, 0).unwrap().0.to_string(), expect, "{text}");
        }
        assert_eq!(net("192.0.2.0/25").level(), 32);
        assert_eq!(net("192.0.0.0/17").level(), 24);
        assert_eq!(net("2001:db8::/33").level(), 36);
        assert!(net("192.0.2.0/24").holds(&net("192.0.2.1")) && !net("192.0.2.1").holds(&net("192.0.2.0/24")));
    }

    proptest! {
        #[test]
        fn networks_are_what_they_were(v4: u32, v6: u128, length in 0_u8..=128) {
            for prefix in [
                Prefix::containing(Ipv4Addr::from_bits(v4).into(), length.min(32)),
                Prefix::containing(Ipv6Addr::from_bits(v6).into(), length),
            ].into_iter().flatten() {
                let net = Net::from(prefix);
                prop_assert_eq!(net.prefix(), Some(prefix));
                prop_assert_eq!(Net::of_key(&net.key()), net);
                prop_assert!(net.holds(&net) && net.cut(0).holds(&net) && net.last() >= net.bits);
            }
        }
    }
}
