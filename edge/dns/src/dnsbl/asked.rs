//! What the labels in front of a blocklist's name ask for: an address written backwards, a name, or neither.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Labels of an IPv6 address: one for each four bits (RFC 5782 §2.4).
const NIBBLES: usize = 32;
/// Labels of an IPv4 address (RFC 5782 §2.1).
const OCTETS: usize = 4;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked<'a> {
    /// The zone itself.
    Apex,
    /// An address; an IPv4 address in IPv6 stands for itself. Whether its labels also begin IPv6 addresses.
    Address(IpAddr, bool),
    /// A part of an address: something may be below.
    Between,
    /// A name, as labels in wire form without the root.
    Name(&'a [u8]),
    /// Nothing that could be listed, here or below.
    Nonsense,
}

impl<'a> Asked<'a> {
    /// Reads the labels in front of the zone's name: lower case, in wire form, without the root.
    #[inline]
    #[must_use]
    pub fn read(front: &'a [u8]) -> Self {
        if front.is_empty() {
            return Self::Apex;
        }
        if front.chunks(2).all(|label| label.len() == 2 && label[0] == 1 && label[1].is_ascii_hexdigit()) {
            return nibbles(front);
        }
        match octets(front) {
            Octets::Some(found, OCTETS) => Self::Address(Ipv4Addr::from_bits(found).into(), false),
            Octets::Some(..) => Self::Between,
            Octets::Wrong => Self::Nonsense,
            Octets::Name => Self::Name(front),
        }
    }

    /// Whether nothing can be listed below what is not listed itself.
    #[must_use]
    pub fn has_nothing_below(&self) -> bool {
        match self {
            Self::Address(_, begins_others) => !begins_others,
            Self::Name(name) => name.ends_with(super::NEVER_NAME),
            Self::Nonsense => true,
            Self::Apex | Self::Between => false,
        }
    }
}

/// Labels of one hexadecimal digit each.
fn nibbles(front: &[u8]) -> Asked<'static> {
    let digits = || front.iter().skip(1).step_by(2).rev();
    match front.len() / 2 {
        NIBBLES => {
            let bits = digits().fold(0_u128, |bits, digit| bits << 4 | u128::from(value(*digit)));
            let address = Ipv6Addr::from_bits(bits);
            Asked::Address(address.to_ipv4_mapped().map_or(address.into(), IpAddr::V4), false)
        }
        OCTETS if digits().all(u8::is_ascii_digit) => {
            let bits = digits().fold(0, |bits, digit| bits << 8 | u32::from(value(*digit)));
            Asked::Address(Ipv4Addr::from_bits(bits).into(), true)
        }
        count if count < NIBBLES => Asked::Between,
        _ => Asked::Nonsense,
    }
}

/// INVARIANT: of a hexadecimal digit in lower case.
const fn value(digit: u8) -> u8 {
    if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 }
}

/// What labels say that are read as numbers.
enum Octets {
    /// So many numbers of an address that is written backwards.
    Some(u32, usize),
    /// Numbers that no address has, or too many.
    Wrong,
    /// The last label is no number, as in every name (RFC 3696 §2).
    Name,
}

fn octets(front: &[u8]) -> Octets {
    let (mut bits, mut count, mut at, mut wrong, mut last_is_number) = (0, 0, 0, false, false);
    while let Some(length) = front.get(at) {
        let label = &front[at + 1..][..usize::from(*length)];
        at += 1 + label.len();
        last_is_number = label.iter().all(u8::is_ascii_digit);
        match octet(label).filter(|_| count < OCTETS) {
            Some(octet) => bits |= octet << (8 * count),
            None => wrong = true,
        }
        count += 1;
    }
    match (last_is_number, wrong) {
        (false, _) => Octets::Name,
        (true, true) => Octets::Wrong,
        (true, false) => Octets::Some(bits, count),
    }
}

/// A number of an address, as people write it: without zeros in front.
fn octet(label: &[u8]) -> Option<u32> {
    if !(1..=3).contains(&label.len()) || (label.len() > 1 && label[0] == b'0') {
        return None;
    }
    let digit = |sum: u32, byte: &u8| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'));
    label.iter().try_fold(0, digit).filter(|number| *number <= 255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::wire;
    use proptest::prelude::*;

    fn read(text: &str) -> Asked<'static> {
        let wire = wire(text).leak();
        Asked::read(&wire[..wire.len() - 1])
    }

    fn address(text: &str, begins_others: bool) -> Asked<'static> {
        Asked::Address(text.parse().expect("an address"), begins_others)
    }

    fn reversed(address: Ipv6Addr) -> String {
        let digits = address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
        digits.rev().map(|digit| format!("{digit:x}")).collect::<Vec<_>>().join(".")
    }

    #[test]
    fn rfc5782_2_1_addresses_are_written_backwards() {
        assert_eq!(read("99.2.0.192"), address("192.0.2.99", false));
        assert_eq!(read("255.255.255.255"), address("255.255.255.255", false));
        // 2.0.0.1, and all of 2001::/16.
        assert_eq!(read("1.0.0.2"), address("2.0.0.1", true));
        for part in ["0.192", "192", "2.0.192", "2", "1.0", "a", "8.b.d.0.1.0.0.2", "f"] {
            assert_eq!(read(part), Asked::Between, "{part}");
        }
        let too_long = ["1"; 33].join(".");
        for none in ["256.2.0.192", "02.2.0.192", "99.2.0.192.5", "www.99.2.0.192", "1000", &"9".repeat(63), &too_long]
        {
            assert!(matches!(read(none), Asked::Nonsense | Asked::Between), "{none}");
        }
        assert_eq!(read(""), Asked::Apex);
    }

    #[test]
    fn rfc5782_2_4_addresses_of_ipv6_are_written_in_digits() {
        let text = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2";
        assert_eq!(read(text), address("2001:db8::1", false));
        assert_eq!(read(&reversed("::ffff:7f00:2".parse().expect("an address"))), address("127.0.0.2", false));
    }

    #[test]
    fn what_is_no_address_is_a_name() {
        for name in ["evil.example", "1.evil.example", "99.2.0.192.example", "xn--mgbh0fb", "0x1f", "g.h", "_dmarc.a"] {
            let wire = wire(name);
            assert_eq!(Asked::read(&wire[..wire.len() - 1]), Asked::Name(&wire[..wire.len() - 1]), "{name}");
        }
    }

    proptest! {
        #[test]
        fn every_address_is_read_back(v4: u32, v6: u128) {
            let (v4, v6) = (Ipv4Addr::from_bits(v4), Ipv6Addr::from_bits(v6));
            let [a, b, c, d] = v4.octets();
            let single = [a, b, c, d].iter().all(|octet| *octet < 10);
            prop_assert_eq!(read(&format!("{d}.{c}.{b}.{a}")), Asked::Address(v4.into(), single));
            let expect = v6.to_ipv4_mapped().map_or(v6.into(), IpAddr::V4);
            prop_assert_eq!(read(&reversed(v6)), Asked::Address(expect, false));
        }
    }
}
