//! The DNS message on the wire (RFC 1035 §4): numbers, names and records, read with every offset checked.
//!
//! It never allocates and never trusts a length. What cannot be read is `None`; the caller decides what that means.

/// Length of the header (RFC 1035 §4.1.1).
pub const HEADER_BYTES: usize = 12;
/// A name on the wire, with its length bytes and the root (RFC 1035 §2.3.4).
pub const NAME_BYTES_MAX: usize = 255;
/// Most compression pointers followed in one name: a name has at most 127 labels, each could follow one pointer.
const POINTERS_MAX: u32 = 127;

/// Bits of the second 16-bit word of the header.
pub mod flag {
    /// This is an answer.
    pub const QR: u16 = 0x8000;
    /// Where the opcode stands.
    pub const OPCODE: u16 = 0x7800;
    /// Authoritative answer.
    pub const AA: u16 = 0x0400;
    /// Truncated.
    pub const TC: u16 = 0x0200;
    /// Recursion desired.
    pub const RD: u16 = 0x0100;
    /// Recursion available.
    pub const RA: u16 = 0x0080;
    /// Authentic data (RFC 4035 §3.2.3).
    pub const AD: u16 = 0x0020;
    /// Checking disabled (RFC 4035 §3.2.2).
    pub const CD: u16 = 0x0010;
    /// Where the low bits of the response code stand.
    pub const RCODE: u16 = 0x000f;
}

/// Response codes (IANA "DNS RCODEs").
pub mod rcode {
    /// No error.
    pub const NOERROR: u16 = 0;
    /// The question cannot be read.
    pub const FORMERR: u16 = 1;
    /// The server failed.
    pub const SERVFAIL: u16 = 2;
    /// No such name.
    pub const NXDOMAIN: u16 = 3;
    /// Not implemented.
    pub const NOTIMP: u16 = 4;
    /// Refused.
    pub const REFUSED: u16 = 5;
    /// Unknown EDNS version (RFC 6891 §9).
    pub const BADVERS: u16 = 16;
    /// Bad or missing server cookie (RFC 7873 §8).
    pub const BADCOOKIE: u16 = 23;
}

/// Record types (IANA "Resource Record TYPEs").
pub mod rtype {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Name server.
    pub const NS: u16 = 2;
    /// Alias.
    pub const CNAME: u16 = 5;
    /// Start of authority.
    pub const SOA: u16 = 6;
    /// Host information; also the minimal answer to ANY (RFC 8482 §4.2).
    pub const HINFO: u16 = 13;
    /// Mail exchange.
    pub const MX: u16 = 15;
    /// Text.
    pub const TXT: u16 = 16;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
    /// Service location (RFC 2782).
    pub const SRV: u16 = 33;
    /// Alias of a whole tree (RFC 6672).
    pub const DNAME: u16 = 39;
    /// EDNS (RFC 6891).
    pub const OPT: u16 = 41;
    /// Service binding (RFC 9460).
    pub const SVCB: u16 = 64;
    /// Service binding for HTTPS (RFC 9460).
    pub const HTTPS: u16 = 65;
    /// First of the types that only a question may have (RFC 6895 §3.1).
    pub const FIRST_META: u16 = 249;
    /// Last of those that we do not serve: TKEY, TSIG, IXFR, AXFR, MAILB, MAILA.
    pub const LAST_META: u16 = 254;
    /// Everything there is.
    pub const ANY: u16 = 255;
}

/// The Internet class.
pub const CLASS_IN: u16 = 1;

/// The 16-bit number at `at`.
#[inline]
#[must_use]
pub fn u16_at(message: &[u8], at: usize) -> Option<u16> {
    message.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

/// The 32-bit number at `at`.
#[inline]
#[must_use]
pub fn u32_at(message: &[u8], at: usize) -> Option<u32> {
    message.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

/// Writes a 16-bit number at `at`, which the caller knows to be inside.
#[inline]
pub fn put_u16(message: &mut [u8], at: usize, value: u16) {
    message[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Writes a 32-bit number at `at`, which the caller knows to be inside.
#[inline]
pub fn put_u32(message: &mut [u8], at: usize, value: u32) {
    message[at..at + 4].copy_from_slice(&value.to_be_bytes());
}

/// Where the name at `at` ends in place (after its root or its pointer).
#[must_use]
pub fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    let start = at;
    loop {
        let length = usize::from(*message.get(at)?);
        match length >> 6 {
            0 if length == 0 => return Some(at + 1),
            0 => at += 1 + length,
            3 => return message.get(at + 1).map(|_| at + 2),
            _ => return None,
        }
        if at - start >= NAME_BYTES_MAX {
            return None;
        }
    }
}

/// Where an uncompressed name at `at` ends, its root included. A question's name is never compressed.
#[inline]
#[must_use]
pub fn skip_plain_name(message: &[u8], at: usize) -> Option<usize> {
    let mut here = at;
    loop {
        let length = usize::from(*message.get(here)?);
        if length == 0 {
            return (here + 1 - at <= NAME_BYTES_MAX).then_some(here + 1);
        }
        if length > 63 {
            return None;
        }
        here += 1 + length;
    }
}

/// A name in wire form, lower-cased and without compression.
#[derive(Clone)]
pub struct Name {
    bytes: [u8; NAME_BYTES_MAX],
    length: usize,
}

impl Default for Name {
    fn default() -> Self {
        Self::new()
    }
}

impl Name {
    /// An empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: [0; NAME_BYTES_MAX], length: 0 }
    }

    /// The name, root label included.
    #[inline]
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Copies a name known to be whole and uncompressed, lower-casing it (RFC 4343 §3).
    /// Length bytes stay as they are: none is above 63, and `A` is 65.
    #[inline]
    pub fn set_plain(&mut self, wire: &[u8]) {
        debug_assert!(wire.len() <= NAME_BYTES_MAX, "the caller has checked the length");
        let length = wire.len().min(NAME_BYTES_MAX);
        self.length = length;
        for (to, from) in self.bytes[..length].iter_mut().zip(wire) {
            *to = from.to_ascii_lowercase();
        }
    }

    /// Reads the name at `at`, following pointers (RFC 1035 §4.1.4), and says where it ends in place.
    /// Each pointer must lead before the start of what was read last, so that no chain can loop.
    pub fn read(&mut self, message: &[u8], at: usize) -> Option<usize> {
        let (mut here, mut end, mut barrier, mut pointers) = (at, None, at, 0);
        self.length = 0;
        loop {
            let length = usize::from(*message.get(here)?);
            match length >> 6 {
                0 => {
                    let label = message.get(here..=here + length)?;
                    let to = self.bytes.get_mut(self.length..self.length + label.len())?;
                    for (to, from) in to.iter_mut().zip(label) {
                        *to = from.to_ascii_lowercase();
                    }
                    self.length += label.len();
                    here += label.len();
                    if length == 0 {
                        return Some(end.unwrap_or(here));
                    }
                }
                3 => {
                    let target = usize::from(u16_at(message, here)? & 0x3fff);
                    pointers += 1;
                    if target >= barrier || pointers > POINTERS_MAX {
                        return None;
                    }
                    end.get_or_insert(here + 2);
                    (barrier, here) = (target, target);
                }
                _ => return None,
            }
        }
    }
}

/// Where the parts of one record stand (RFC 1035 §4.1.3).
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Where its owner name stands.
    pub owner_at: usize,
    /// Its type.
    pub rtype: u16,
    /// Its class.
    pub class: u16,
    /// Where its time to live stands.
    pub ttl_at: usize,
    /// Its time to live in seconds, as written.
    pub ttl_s: u32,
    /// Where its data stands.
    pub data_at: usize,
    /// Where the next record stands.
    pub end: usize,
}

impl Record {
    /// The record at `at`, if all of it is there.
    #[must_use]
    pub fn at(message: &[u8], at: usize) -> Option<Self> {
        let fixed_at = skip_name(message, at)?;
        let fixed: &[u8; 10] = message.get(fixed_at..)?.first_chunk()?;
        let data_at = fixed_at + 10;
        let end = data_at + usize::from(u16::from_be_bytes([fixed[8], fixed[9]]));
        (end <= message.len()).then_some(Self {
            owner_at: at,
            rtype: u16::from_be_bytes([fixed[0], fixed[1]]),
            class: u16::from_be_bytes([fixed[2], fixed[3]]),
            ttl_at: fixed_at + 4,
            ttl_s: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            data_at,
            end,
        })
    }
}

/// The four counts of the header: questions, answers, authority, additional.
#[must_use]
pub fn counts(message: &[u8]) -> Option<[u16; 4]> {
    let b: &[u8; 8] = message.get(4..)?.first_chunk()?;
    Some([0, 2, 4, 6].map(|i| u16::from_be_bytes([b[i], b[i + 1]])))
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
