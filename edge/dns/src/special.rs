//! Names that no resolver sends out: `localhost`, `invalid`, `onion` and `resolver.arpa`.

use crate::message::{rcode, rtype};
use crate::reply::{Asker, Errors, OwnRecord, QUESTION_AT};

/// How long these may be kept, in seconds. They never change.
const TTL_S: u32 = 86_400;
/// The minimal answer to ANY (RFC 8482 §4.2): an empty host type and this text.
const HINFO_RFC8482: &[u8] = b"\x07RFC8482\x00";

/// A name that is answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// This machine (RFC 6761 §6.3).
    Localhost,
    /// No such name: `invalid` (RFC 6761 §6.4), `onion` (RFC 7686 §2).
    Absent,
    /// A name without data: `resolver.arpa`, where clients look for encrypted resolvers (RFC 9462 §6.4).
    Bare,
}

impl Special {
    /// Which of them a lower-cased name in wire form is.
    #[inline]
    #[must_use]
    pub fn of(name: &[u8]) -> Option<Self> {
        // The last letter tells most names apart at the price of one comparison.
        let special = match name.len().checked_sub(2).map(|at| name[at]) {
            Some(b't') if under(name, b"\x09localhost\0") => Self::Localhost,
            Some(b'd') if under(name, b"\x07invalid\0") => Self::Absent,
            Some(b'n') if under(name, b"\x05onion\0") => Self::Absent,
            Some(b'a') if under(name, b"\x08resolver\x04arpa\0") => Self::Bare,
            _ => return None,
        };
        Some(special)
    }

    /// The answer.
    #[must_use]
    pub fn tell(self, buf: &mut [u8], asker: &Asker) -> usize {
        let errors = Errors::default();
        let record = |rtype, data, authority| OwnRecord { owner_at: QUESTION_AT, rtype, ttl_s: TTL_S, data, authority };
        // No server, nobody's mail; the last number is how long "no such thing" may be kept (RFC 2308 §4).
        let mut soa = [0; 22];
        soa[18..].copy_from_slice(&TTL_S.to_be_bytes());
        match (self, asker.query.qtype) {
            (Self::Localhost, rtype::A) => {
                asker.with_record(buf, rcode::NOERROR, &record(rtype::A, &[127, 0, 0, 1], false), &errors)
            }
            (Self::Localhost, rtype::AAAA) => {
                let loopback = std::net::Ipv6Addr::LOCALHOST.octets();
                asker.with_record(buf, rcode::NOERROR, &record(rtype::AAAA, &loopback, false), &errors)
            }
            (Self::Localhost | Self::Bare, rtype::ANY) => {
                asker.with_record(buf, rcode::NOERROR, &record(rtype::HINFO, HINFO_RFC8482, false), &errors)
            }
            (Self::Localhost | Self::Bare, _) => {
                asker.with_record(buf, rcode::NOERROR, &record(rtype::SOA, &soa, true), &errors)
            }
            (Self::Absent, _) => asker.with_record(buf, rcode::NXDOMAIN, &record(rtype::SOA, &soa, true), &errors),
        }
    }
}

/// Whether `name` is `top` or below it. A label that holds the bytes of `top` whole cannot be told from it here;
/// such a name does not exist.
fn under(name: &[u8], top: &[u8]) -> bool {
    name.ends_with(top)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::wire;

    #[test]
    fn which_names_are_special() {
        let check = |name: &str, expect| assert_eq!(Special::of(&wire(name)), expect, "{name}");
        check("localhost", Some(Special::Localhost));
        check("a.b.localhost", Some(Special::Localhost));
        check("notlocalhost", None);
        check("localhost.example", None);
        check("invalid", Some(Special::Absent));
        check("x.invalid", Some(Special::Absent));
        check("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion", Some(Special::Absent));
        check("_dns.resolver.arpa", Some(Special::Bare));
        check("1.0.0.127.in-addr.arpa", None);
        check("", None);
        check("t", None);
    }
}
