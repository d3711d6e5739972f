//! Many names looked up at once: memory is waited for once, not once for each.
//!
//! A look-up among a million names waits for memory twice, a hundred nanoseconds and more each time. The places that
//! many look-ups will read are known beforehand, and a processor fetches ten or so at the same time.

use super::Policy;
use crate::{prefix, wire::WireName};
use std::net::IpAddr;

/// Most hashes looked at in one go: eight for each of 32 names.
const HASHES_MAX: usize = 256;
/// Most addresses looked at in one go: as many as an edge takes from a socket at once.
const ADDRESSES_MAX: usize = 32;

impl Policy {
    /// Brings what look-ups of these names will read into the processor's caches. It changes no answer, and what does
    /// not fit is left to the look-up itself. Names are given as to [`name_wire`](Self::name_wire).
    ///
    /// Measured with 32 names at a time out of 1,000,000 (edge/dns, 2026-11): a quarter of a microsecond saved for each.
    pub fn warm_names<'a>(&self, names: impl Iterator<Item = &'a [u8]>) {
        let mut hashes = [0; HASHES_MAX];
        let mut count = 0;
        for name in names.filter_map(WireName::split) {
            self.names.each_hash(&name, |_, hash| {
                if let Some(place) = hashes.get_mut(count) {
                    *place = hash;
                    count += 1;
                }
            });
        }
        self.names.table.warm(self.container.bytes(), &hashes[..count]);
    }
}

impl Policy {
    /// As [`warm_names`](Self::warm_names), for look-ups of addresses.
    pub fn warm_addresses(&self, addresses: impl Iterator<Item = IpAddr>) {
        let (mut v4, mut v6) = ([0; ADDRESSES_MAX], [0; ADDRESSES_MAX]);
        let (mut v4_count, mut v6_count) = (0, 0);
        for (is_v4, word) in addresses.take(ADDRESSES_MAX).map(prefix::word_of) {
            let (words, count) = if is_v4 { (&mut v4, &mut v4_count) } else { (&mut v6, &mut v6_count) };
            words[*count] = word;
            *count += 1;
        }
        self.ipv4.warm(self.container.bytes(), &v4[..v4_count]);
        self.ipv6.warm(self.container.bytes(), &v6[..v6_count]);
    }
}

#[cfg(test)]
mod tests {
    use crate::{ListInfo, Mode, Policy, PolicyBuilder, PolicyEntry, PolicyHead, Scope, SigningKey};
    use sipar_model::{Action, Category, DecisionNumber, Observable, Severity, SnapshotSerial, TimestampMs, Tlp};

    fn policy(names: &[&str]) -> Policy {
        let key = SigningKey::generate().unwrap();
        let head = PolicyHead { serial: SnapshotSerial(1), created: TimestampMs(0), contact: String::new() };
        let mut builder = PolicyBuilder::new(head);
        let info = ListInfo { slug: "l".into(), title: "l".into(), category: Category::Malware, mode: Mode::Enforce };
        let list = builder.list(info).unwrap();
        for name in names {
            let entry = PolicyEntry {
                observable: Observable::guess(name).unwrap(),
                scope: Scope::Subtree,
                action: Action::Block,
                category: Category::Malware,
                severity: Severity::Low,
                tlp: Tlp::Clear,
                list,
                expires: TimestampMs(1_000_000),
                decision: DecisionNumber(1),
                score: 1,
                evidence: Vec::new(),
            };
            builder.add(entry).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        builder.write(&path, &key).unwrap();
        Policy::open(&path, &key.verifying_key()).unwrap()
    }

    #[test]
    fn any_names_in_any_number_change_no_answer() {
        let names: [&[u8]; 7] =
            [b"\x01a\x07example\0", b"\x07example\0", b"\x03www\x01a\x07example\0", b"\0", b"", b"\x05ab", b"\xc0\x0c"];
        for policy in [policy(&[]), policy(&["a.example", "b.example", "c.c.c.c.example"])] {
            let before = names.map(|name| policy.name_wire(name, TimestampMs(0)));
            policy.warm_names(std::iter::empty());
            policy.warm_names(names.into_iter());
            policy.warm_names(names.into_iter().cycle().take(5_000));
            assert_eq!(names.map(|name| policy.name_wire(name, TimestampMs(0))), before);
        }
    }

    #[test]
    fn any_addresses_in_any_number_change_no_answer() {
        let addresses = ["192.0.2.7", "192.0.3.0", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "ffff::"]
            .map(|address| address.parse::<std::net::IpAddr>().unwrap());
        for policy in [policy(&[]), policy(&["192.0.2.0/24", "192.0.2.7", "2001:db8::/32"])] {
            let before = addresses.map(|address| policy.address(address, TimestampMs(0)));
            policy.warm_addresses(std::iter::empty());
            policy.warm_addresses(addresses.into_iter());
            policy.warm_addresses(addresses.into_iter().cycle().take(5_000));
            assert_eq!(addresses.map(|address| policy.address(address, TimestampMs(0))), before);
        }
    }
}
