//! A network as the book of addresses keeps it: 17 bytes, in one order for both families.

use sipar_model::{Observable, Prefix};
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// An IPv4 address is kept as the IPv6 address that it is mapped to (RFC 4291 §2.5.5.2): 96 bits before its own.
const V4_BITS_BEFORE: u8 = 96;

/// One network, or one address as a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Net {
    bits: [u8; 16],
    length: u8,
}

impl Net {
    /// The network of an observable that is one.
    #[must_use]
    pub fn of(observable: &Observable) -> Option<Self> {
        match observable {
            Observable::Address(address) => Some(Self::from(*address)),
            Observable::Prefix(prefix) => Some(Self::from(*prefix)),
            _ => None,
        }
    }

    /// Its first address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        Ipv6Addr::from(self.bits).to_canonical()
    }

    /// Its last address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        Ipv6Addr::from(u128::from_be_bytes(self.bits) | !mask(self.length)).to_canonical()
    }

    /// Its first address in 16 bytes, as the store keeps it.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.bits
    }

    /// Its last address in 16 bytes.
    #[must_use]
    pub fn last_bytes(&self) -> [u8; 16] {
        (u128::from_be_bytes(self.bits) | !mask(self.length)).to_be_bytes()
    }

    /// The address that the store keeps in these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self { bits: bytes.try_into().ok()?, length: 128 })
    }

    /// Whether it is of IPv4.
    #[must_use]
    pub fn is_v4(&self) -> bool {
        self.length >= V4_BITS_BEFORE && Ipv6Addr::from(self.bits).to_ipv4_mapped().is_some()
    }

    /// Whether it is reached over the Internet: not in IANA's special-purpose registries (RFC 6890), but for the networks
    /// of documentation, which demonstrations use.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        match self.first() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                !(matches!(a, 0 | 10 | 127 | 224..=255)
                    || v4.is_private()
                    || v4.is_link_local()
                    || (a == 100 && (64..128).contains(&b))
                    || (a == 198 && matches!(b, 18 | 19))
                    || (a, b, c) == (192, 0, 0))
            }
            // Global unicast is 2000::/3 (RFC 4291 §2.4).
            IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000,
        }
    }

    /// Whether it is one address.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.length == 128
    }

    /// Its length among 128 bits.
    #[must_use]
    pub const fn length_of_128(&self) -> u8 {
        self.length
    }

    /// Its length as people write it: of 32 bits, or of 128.
    #[must_use]
    pub fn length(&self) -> u8 {
        if self.is_v4() { self.length - V4_BITS_BEFORE } else { self.length }
    }

    /// Whether `other` lies in it. No IPv6 network holds an IPv4 one.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.length <= other.length && self.is_v4() == other.is_v4() && other.cut(self.length).bits == self.bits
    }

    /// The network of `length` bits (of 128) that this one lies in.
    #[must_use]
    pub fn cut(&self, length: u8) -> Self {
        let length = length.min(self.length);
        Self { bits: (u128::from_be_bytes(self.bits) & mask(length)).to_be_bytes(), length }
    }

    /// Its two halves; `None` for one address.
    #[must_use]
    pub fn halves(&self) -> Option<[Self; 2]> {
        if self.is_single() {
            return None;
        }
        let length = self.length + 1;
        let upper = u128::from_be_bytes(self.bits) | (1 << (128 - u32::from(length)));
        Some([Self { bits: self.bits, length }, Self { bits: upper.to_be_bytes(), length }])
    }

    /// The same network as an observable.
    #[must_use]
    pub fn observable(&self) -> Observable {
        match Prefix::containing(self.first(), self.length()) {
            Some(prefix) => Observable::from(prefix),
            None => Observable::from(self.first()),
        }
    }
}

fn mask(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0)
}

impl From<IpAddr> for Net {
    fn from(address: IpAddr) -> Self {
        let bits = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        Self { bits, length: 128 }
    }
}

impl From<Prefix> for Net {
    fn from(prefix: Prefix) -> Self {
        let before = if prefix.addr().is_ipv4() { V4_BITS_BEFORE } else { 0 };
        Self { length: prefix.length() + before, ..Self::from(prefix.addr()) }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_single() {
            true => self.first().fmt(f),
            false => write!(f, "{}/{}", self.first(), self.length()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn net(text: &str) -> Net {
        Net::from(Prefix::parse(text).expect(text))
    }

    #[test]
    fn networks_are_written_as_they_were_read() {
        for text in ["192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::1", "2001:db8::/32", "255.255.255.255"] {
            assert_eq!(net(text).to_string(), text);
            assert_eq!(Net::of(&net(text).observable()), Some(net(text)), "{text}");
        }
        assert!(Net::of(&Observable::guess("a.example").expect("name")).is_none());
    }

    #[test]
    fn what_contains_what() {
        let check = |outer: &str, inner: &str, expect: bool| {
            assert_eq!(net(outer).contains(&net(inner)), expect, "{outer} {inner}");
        };
        check("192.0.2.0/24", "192.0.2.255", true);
        check("192.0.2.0/24", "192.0.2.0/24", true);
        check("192.0.2.0/24", "192.0.3.0", false);
        check("192.0.2.0/25", "192.0.2.0/24", false);
        check("::/0", "192.0.2.0", false);
        check("0.0.0.0/0", "::1", false);
        check("2001:db8::/32", "2001:db8:ffff::/48", true);
    }

    #[test]
    fn what_is_reached_over_the_internet() {
        for text in ["192.0.2.1", "8.8.8.8", "2001:db8::1", "100.63.0.1", "198.51.100.1"] {
            assert!(net(text).is_reachable(), "{text}");
        }
        for text in ["10.0.0.1", "127.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.1.1", "0.0.0.0"] {
            assert!(!net(text).is_reachable(), "{text}");
        }
        for text in ["224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.0.1", "::1", "::", "fe80::1", "fd00::1"] {
            assert!(!net(text).is_reachable(), "{text}");
        }
    }

    #[test]
    fn ends_and_halves() {
        assert_eq!(net("192.0.2.0/24").last().to_string(), "192.0.2.255");
        assert_eq!(net("::/0").last().to_string(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
        let halves = net("192.0.2.0/24").halves().expect("two").map(|half| half.to_string());
        assert_eq!(halves, ["192.0.2.0/25", "192.0.2.128/25"]);
        assert_eq!(net("192.0.2.1").halves(), None);
    }

    proptest! {
        #[test]
        fn halves_are_inside_and_apart(bits in any::<u128>(), length in 0_u8..128) {
            let whole = Net { bits: (bits & mask(length)).to_be_bytes(), length };
            let [low, high] = whole.halves().expect("not one address");
            prop_assert!(whole.is_v4() != low.is_v4() || (whole.contains(&low) && whole.contains(&high)));
            prop_assert!(!low.contains(&high) && !high.contains(&low) && low < high);
            prop_assert_eq!(Net::from_bytes(low.bytes()).map(|net| *net.bytes()), Some(*low.bytes()));
        }
    }
}
