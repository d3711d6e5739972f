//! DNS messages as far as zone transfer needs them (RFC 1035, 1995, 1996, 5936, 6891, 8945). Pure.
//!
//! Reading takes any bytes and never fails otherwise than by saying so; writing compresses against the zone's own name.

mod message;
mod name;
mod query;
mod tsig;

#[cfg(test)]
pub(crate) use tsig::last_signature;

pub use message::{Message, PutError, Record};
pub use name::Name;
pub use query::{Fault, Query, read};
pub use tsig::{
    Algorithm, FUDGE_S, Key, Refusal, Signature, Signer, append_unsigned, check, check_answer, record_bytes,
    sign_request,
};

/// `A` (RFC 1035 §3.2.2).
pub const A: u16 = 1;
/// `NS`.
pub const NS: u16 = 2;
/// `CNAME`.
pub const CNAME: u16 = 5;
/// `SOA`.
pub const SOA: u16 = 6;
/// `TXT`.
pub const TXT: u16 = 16;
/// `AAAA` (RFC 3596 §2.1).
pub const AAAA: u16 = 28;
/// `OPT` (RFC 6891 §6.1.1).
pub const OPT: u16 = 41;
/// `TSIG` (RFC 8945 §4.2).
pub const TSIG: u16 = 250;
/// `IXFR` (RFC 1995 §2).
pub const IXFR: u16 = 251;
/// `AXFR` (RFC 5936 §2).
pub const AXFR: u16 = 252;

/// Class `IN`.
pub const IN: u16 = 1;
/// Class `ANY`, in which TSIG stands.
pub const ANY: u16 = 255;

/// Answer codes (RFC 1035 §4.1.1, RFC 2136 §2.2).
pub mod rcode {
    /// It went well.
    pub const NOERROR: u8 = 0;
    /// The message makes no sense.
    pub const FORMERR: u8 = 1;
    /// We cannot answer now.
    pub const SERVFAIL: u8 = 2;
    /// There is no such name.
    pub const NXDOMAIN: u8 = 3;
    /// We do not know this kind of request.
    pub const NOTIMP: u8 = 4;
    /// We do not want to.
    pub const REFUSED: u8 = 5;
    /// Not authoritative, or not authorised (RFC 8945 §5.2).
    pub const NOTAUTH: u8 = 9;
}

/// Bytes in the header.
pub const HEADER_BYTES: usize = 12;

/// The two bytes at `at`.
fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([pair[0], pair[1]]))
}

/// The four bytes at `at`.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}
