//! Address lists: four fifths IPv4, one fifth IPv6, with the lengths that real lists have.

use super::{Lists, SAMPLE};
use crate::random::Random;
use anyhow::Result;
use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// Unicast IPv4 space: 1.0.0.0 to 222.255.255.255.
const V4_FIRST: usize = 1 << 24;
const V4_END: usize = 223 << 24;

/// Distinct prefixes, each with no bit set after its length.
pub struct Prefixes {
    /// IPv4 address and length.
    pub v4: Vec<(u32, u8)>,
    /// IPv6 address and length.
    pub v6: Vec<(u128, u8)>,
}

impl Prefixes {
    /// `count` prefixes that belong to `seed`.
    pub fn new(count: usize, seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x1b);
        let count_v6 = count / 5;
        let mut v4 = distinct(count - count_v6, || {
            let address = random.between(V4_FIRST, V4_END - 1) as u32;
            let kind = random.unit();
            let length = match () {
                () if kind < 0.62 => 32,
                () if kind < 0.92 => 24,
                () if kind < 0.96 => random.between(16, 23) as u8,
                () => random.between(25, 31) as u8,
            };
            (address & (u32::MAX << (32 - length)), length)
        });
        let mut v6 = distinct(count_v6, || {
            let top = (0x2000 + random.below(0x1000)) as u128;
            let rest = (u128::from(random.bits()) << 48) | u128::from(random.bits() >> 16);
            let length = *random.choose(&[128_u8, 64, 64, 64, 56, 48, 48, 32]);
            (((top << 112) | rest) & (u128::MAX << (128 - length)), length)
        });
        random.shuffle(&mut v4);
        random.shuffle(&mut v6);
        Self { v4, v6 }
    }

    /// An address inside one of the IPv4 prefixes.
    pub fn inside_v4(&self, random: &mut Random) -> Ipv4Addr {
        let (address, length) = *random.choose(&self.v4);
        let host = random.bits() as u32 & !(u32::MAX.checked_shl(u32::from(32 - length)).unwrap_or(0));
        Ipv4Addr::from(address | host)
    }
}

/// What a DNS blocklist is asked for this address in `zone` (RFC 5782 §2.4).
fn reverse_query_v6(address: Ipv6Addr, zone: &str) -> String {
    let digits = address.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]).rev();
    let labels: Vec<String> = digits.map(|digit| format!("{digit:x}")).collect();
    format!("{}.{zone} A", labels.join("."))
}

/// Any unicast IPv4 address.
pub fn any_v4(random: &mut Random) -> Ipv4Addr {
    Ipv4Addr::from(random.between(V4_FIRST, V4_END - 1) as u32)
}

/// What a DNS blocklist is asked for this address in zone `ip.test` (RFC 5782 §2.1).
fn reverse_query(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("{d}.{c}.{b}.{a}.ip.test A")
}

impl Lists {
    /// rbldnsd tries of `count` prefixes: zones `ip.test` and `ip6.test`.
    pub fn rbldnsd_tries(&self, count: usize) -> Result<[PathBuf; 2]> {
        let prefixes = Prefixes::new(count, self.seed);
        let v4 = self.form(&format!("ip4trie-{count}.txt"), |_, out| {
            out.write_all(b":127.0.0.2:listed $\n")?;
            prefixes.v4.iter().try_for_each(|&(bits, length)| Ok(writeln!(out, "{}/{length}", Ipv4Addr::from(bits))?))
        })?;
        let v6 = self.form(&format!("ip6trie-{count}.txt"), |_, out| {
            out.write_all(b":127.0.0.2:listed $\n")?;
            prefixes.v6.iter().try_for_each(|&(bits, length)| Ok(writeln!(out, "{}/{length}", Ipv6Addr::from(bits))?))
        })?;
        for (file, zone) in [("", "ip.test"), ("-own-zone", "ip6.test")] {
            let mut random = Random::new(self.seed ^ 0x66);
            self.form(&format!("q_ip6_hit-{count}{file}.txt"), |_, out| {
                (0..SAMPLE).try_for_each(|_| {
                    let (bits, _) = *random.choose(&prefixes.v6);
                    Ok(writeln!(out, "{}", reverse_query_v6(Ipv6Addr::from(bits), zone))?)
                })
            })?;
        }
        let mut random = Random::new(self.seed ^ 0x99);
        self.form(&format!("q_ip_hit-{count}.txt"), |_, out| {
            (0..SAMPLE).try_for_each(|_| Ok(writeln!(out, "{}", reverse_query(prefixes.inside_v4(&mut random)))?))
        })?;
        self.form(&format!("q_ip_mix-{count}.txt"), |_, out| {
            (0..SAMPLE).try_for_each(|_| {
                let listed = random.chance(0.1);
                let address = if listed { prefixes.inside_v4(&mut random) } else { any_v4(&mut random) };
                Ok(writeln!(out, "{}", reverse_query(address))?)
            })
        })?;
        Ok([v4, v6])
    }
}

fn distinct<T: Copy + Eq + std::hash::Hash>(count: usize, mut draw: impl FnMut() -> T) -> Vec<T> {
    let mut seen = HashSet::with_capacity(count);
    let mut list = Vec::with_capacity(count);
    while list.len() < count {
        let item = draw();
        if seen.insert(item) {
            list.push(item);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_have_no_host_bits_and_hold_what_is_drawn_from_them() {
        let prefixes = Prefixes::new(5_000, 1);
        assert_eq!((prefixes.v4.len(), prefixes.v6.len()), (4_000, 1_000));
        let inside = |address: u32, (bits, length): (u32, u8)| (address ^ bits).leading_zeros() >= u32::from(length);
        assert!(prefixes.v4.iter().all(|&(bits, length)| bits.trailing_zeros() >= u32::from(32 - length)));
        assert!(prefixes.v6.iter().all(|&(bits, length)| bits.trailing_zeros() >= u32::from(128 - length)));
        let mut random = Random::new(2);
        for _ in 0..200 {
            let address = u32::from(prefixes.inside_v4(&mut random));
            assert!(prefixes.v4.iter().any(|&prefix| inside(address, prefix)));
        }
    }

    #[test]
    fn a_blocklist_is_asked_with_octets_reversed_rfc_5782_2_1() {
        assert_eq!(reverse_query(Ipv4Addr::new(192, 0, 2, 99)), "99.2.0.192.ip.test A");
        let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        let expect = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A";
        assert_eq!(reverse_query_v6(v6, "bl.test"), expect);
    }
}
