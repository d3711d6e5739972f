//! What an answer leads to: the names and addresses in it are held against the policy, as the question's name was.
//!
//! - A listed target of CNAME, DNAME, MX, SRV, SVCB or HTTPS, or a listed address (A, AAAA, address hints), blocks
//!   the whole answer.
//! - What an allowed name points to is not held against it: a record whose owner is allowed passes.
//! - A listed address among the additional records takes the additional section out and blocks nothing: it may be
//!   the address of a name server, and nobody decided to block what that server serves.

use crate::message::{CLASS_IN, HEADER_BYTES, Name, Record, counts, rtype, skip_plain_name, u16_at};
use sipar_model::{Action, TimestampMs};
use sipar_snapshot::{Hit, Layers};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// SvcParamKey of IPv4 address hints (RFC 9460 §14.3.2).
const KEY_IPV4HINT: u16 = 4;
/// SvcParamKey of IPv6 address hints.
const KEY_IPV6HINT: u16 = 6;
/// The well-known prefix under which DNS64 hides IPv4 addresses (RFC 6052 §2.1).
const NAT64: [u8; 12] = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];

/// What was found in an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What blocks the answer.
    pub blocked: Option<Hit>,
    /// What would block it, on a list that is tried out.
    pub shadow: Option<Hit>,
    /// The additional section must not be sent.
    pub drop_additional: bool,
    /// When the first of the decisions that were met runs out: then the answer must be looked at again.
    pub until: Option<TimestampMs>,
}

/// Holds an answer, known to be well-formed, against the policy. What cannot be read in it is passed over:
/// a client cannot read it either.
#[must_use]
pub fn inspect(message: &[u8], policy: &Layers, now: TimestampMs) -> Inspection {
    let mut walk = Walk { message, policy, now, found: Inspection::default(), name: Name::new() };
    let _ = walk.sections();
    walk.found
}

struct Walk<'a> {
    message: &'a [u8],
    policy: &'a Layers,
    now: TimestampMs,
    found: Inspection,
    name: Name,
}

impl Walk<'_> {
    fn sections(&mut self) -> Option<()> {
        let [_, answers, authority, additional] = counts(self.message)?;
        let mut at = skip_plain_name(self.message, HEADER_BYTES)? + 4;
        for _ in 0..answers {
            let record = Record::at(self.message, at)?;
            at = record.end;
            self.record(&record);
        }
        for _ in 0..authority {
            at = Record::at(self.message, at)?.end;
        }
        for _ in 0..additional {
            let record = Record::at(self.message, at)?;
            at = record.end;
            if let Some(hit) = self.address_of(&record).and_then(|ip| self.address(ip)) {
                self.found.drop_additional |= !hit.shadow;
            }
        }
        Some(())
    }

    /// Holds one record of the answer section against the policy.
    fn record(&mut self, record: &Record) {
        if record.class != CLASS_IN {
            return;
        }
        let target_at = match record.rtype {
            rtype::A | rtype::AAAA => {
                let hit = self.address_of(record).and_then(|ip| self.address(ip));
                return self.meet(hit, record);
            }
            rtype::CNAME | rtype::DNAME => record.data_at,
            rtype::MX => record.data_at + 2,
            rtype::SRV => record.data_at + 6,
            rtype::SVCB | rtype::HTTPS => {
                let _ = self.hints(record);
                record.data_at + 2
            }
            _ => return,
        };
        let hit = self.name_at(&self.message[..record.end], target_at);
        self.meet(hit, record);
    }

    /// Notes a decision that a record of the answer has met.
    fn meet(&mut self, hit: Option<Hit>, record: &Record) {
        let Some(hit) = hit else { return };
        if self.found.blocked.is_some() || self.owner_is_allowed(record) {
            return;
        }
        let place = if hit.shadow { &mut self.found.shadow } else { &mut self.found.blocked };
        place.get_or_insert(hit);
    }

    fn owner_is_allowed(&mut self, record: &Record) -> bool {
        let owner = self
            .name
            .read(self.message, record.owner_at)
            .and_then(|_| self.policy.name_wire(self.name.wire(), self.now));
        let allowed = owner.filter(|hit| hit.action == Action::Allow && !hit.shadow);
        self.note_end(allowed);
        allowed.is_some()
    }

    /// The block that covers the name at `at`, if there is one. `message` ends with the record.
    fn name_at(&mut self, message: &[u8], at: usize) -> Option<Hit> {
        self.name.read(message, at)?;
        if self.name.wire().len() <= 1 {
            return None; // The root: "no such service" (RFC 7505, RFC 2782) or "the owner itself" (RFC 9460 §2.5).
        }
        self.block(self.policy.name_wire(self.name.wire(), self.now))
    }

    /// The block that covers an address, or the IPv4 address inside it.
    fn address(&mut self, address: IpAddr) -> Option<Hit> {
        let inner = match address {
            IpAddr::V6(v6) => embedded(v6),
            IpAddr::V4(_) => None,
        };
        let outer = self.block(self.policy.address(address.to_canonical(), self.now));
        match (outer, inner) {
            (Some(hit), _) if !hit.shadow => Some(hit),
            (hit, Some(inner)) => self.block(self.policy.address(inner.into(), self.now)).or(hit),
            (hit, None) => hit,
        }
    }

    /// Keeps a hit that blocks, and notes until when any hit holds.
    fn block(&mut self, hit: Option<Hit>) -> Option<Hit> {
        self.note_end(hit);
        hit.filter(|hit| hit.action == Action::Block)
    }

    fn note_end(&mut self, hit: Option<Hit>) {
        if let Some(hit) = hit {
            self.found.until = Some(self.found.until.map_or(hit.expires, |until| until.min(hit.expires)));
        }
    }

    fn address_of(&self, record: &Record) -> Option<IpAddr> {
        let data = &self.message[record.data_at..record.end];
        match (record.class, record.rtype) {
            (CLASS_IN, rtype::A) => <[u8; 4]>::try_from(data).ok().map(|b| Ipv4Addr::from(b).into()),
            (CLASS_IN, rtype::AAAA) => <[u8; 16]>::try_from(data).ok().map(|b| Ipv6Addr::from(b).into()),
            _ => None,
        }
    }

    /// The address hints of a service binding (RFC 9460 §7.3).
    fn hints(&mut self, record: &Record) -> Option<()> {
        let data = &self.message[..record.end];
        let mut at = self.name.read(data, record.data_at + 2)?;
        while at < data.len() {
            let (key, length) = (u16_at(data, at)?, usize::from(u16_at(data, at + 2)?));
            let value = data.get(at + 4..at + 4 + length)?;
            let size = match key {
                KEY_IPV4HINT => 4,
                KEY_IPV6HINT => 16,
                _ => usize::MAX,
            };
            for hint in value.chunks_exact(size) {
                let address = match hint.first_chunk::<16>() {
                    Some(b) if size == 16 => IpAddr::from(*b),
                    _ => IpAddr::from([hint[0], hint[1], hint[2], hint[3]]),
                };
                let hit = self.address(address);
                self.meet(hit, record);
            }
            at += 4 + length;
        }
        Some(())
    }
}

/// The IPv4 address that DNS64 put into an IPv6 address. (A mapped one, ::ffff:0:0/96, is folded beforehand.)
fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = v6.octets();
    (octets[..12] == NAT64).then(|| Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]))
}

#[cfg(test)]
#[path = "inspect_tests.rs"]
mod tests;
