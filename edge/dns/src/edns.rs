//! The OPT record (RFC 6891) of queries: what the client can take and what it asks for.

use crate::cookie::Cookie;
use crate::message::{Record, rtype, u16_at};

/// Option codes (IANA "DNS EDNS0 Option Codes").
pub mod option {
    /// DNS cookie (RFC 7873).
    pub const COOKIE: u16 = 10;
    /// Keep the connection open (RFC 7828).
    pub const KEEPALIVE: u16 = 11;
    /// Padding (RFC 7830).
    pub const PADDING: u16 = 12;
    /// Extended DNS Error (RFC 8914).
    pub const EXTENDED_ERROR: u16 = 15;
}

/// Extended DNS Error codes (RFC 8914 §4 and §5.2).
pub mod ede {
    /// The answer is older than its time to live.
    pub const STALE_ANSWER: u16 = 3;
    /// The server is not ready yet.
    pub const NOT_READY: u16 = 14;
    /// Blocked by the operator's policy.
    pub const BLOCKED: u16 = 15;
    /// The client may not ask this.
    pub const PROHIBITED: u16 = 18;
    /// "No such name" is older than its time to live.
    pub const STALE_NXDOMAIN: u16 = 19;
    /// The server does not recurse for queries that do not ask for it.
    pub const NOT_AUTHORITATIVE: u16 = 20;
    /// The server does not do this.
    pub const NOT_SUPPORTED: u16 = 21;
    /// No upstream answered.
    pub const NO_REACHABLE_AUTHORITY: u16 = 22;
}

/// The DNSSEC OK bit in the OPT record's flags (RFC 3225 §3).
const DNSSEC_OK: u16 = 0x8000;

/// What an OPT record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edns {
    /// Largest UDP answer the client takes, in bytes.
    pub udp_bytes: u16,
    /// EDNS version.
    pub version: u8,
    /// Signatures are wanted.
    pub dnssec_ok: bool,
    /// The cookie, if one was sent.
    pub cookie: Option<Cookie>,
    /// Structured errors are wanted.
    pub structured: bool,
    /// The client asks how long the connection may idle.
    pub keepalive: bool,
    /// The client pads, and wants the answer padded (RFC 7830 §4).
    pub padded: bool,
}

impl Edns {
    /// Reads an OPT record. `None` is a format error.
    #[must_use]
    pub fn read(message: &[u8], record: &Record, structured_option: Option<u16>) -> Option<Self> {
        // RFC 6891 §6.1.2: the owner is the root. Class is the size, time to live is the flags.
        if record.rtype != rtype::OPT || *message.get(record.owner_at)? != 0 {
            return None;
        }
        let mut edns = Self {
            udp_bytes: record.class.max(512),
            version: record.ttl_s.to_be_bytes()[1],
            dnssec_ok: u16_at(message, record.ttl_at + 2)? & DNSSEC_OK != 0,
            cookie: None,
            structured: false,
            keepalive: false,
            padded: false,
        };
        let mut options = message.get(record.data_at..record.end)?;
        while !options.is_empty() {
            let (code, length) = (u16_at(options, 0)?, usize::from(u16_at(options, 2)?));
            let data = options.get(4..4 + length)?;
            match code {
                option::COOKIE if edns.cookie.is_none() => edns.cookie = Some(Cookie::read(data)?),
                option::KEEPALIVE => edns.keepalive = true,
                option::PADDING => edns.padded = true,
                // draft-ietf-dnsop-structured-dns-error: until version 19 an empty Extended Error asked for structure,
                // written with or without its code (0, "other").
                option::EXTENDED_ERROR => edns.structured |= data.is_empty() || data == [0, 0],
                _ => edns.structured |= Some(code) == structured_option,
            }
            options = &options[4 + length..];
        }
        Some(edns)
    }
}
