//! Answers, built in place: the query's header and question stay where they were received, the rest is appended.
//!
//! Each function returns the answer's length. It never exceeds the room the client has, nor the buffer.

use crate::cookie::COOKIE_BYTES;
use crate::edns::option;
use crate::message::{flag, put_u16, put_u32, rcode, rtype, u32_at};
use crate::query::Query;

/// Smallest buffer that answers are built in: what every client takes (RFC 1035 §4.2.1), plus our longest OPT record.
pub const BUFFER_BYTES_MIN: usize = 1232;
/// An OPT record without options.
const OPT_BYTES: usize = 11;
/// Answers that are padded have a multiple of this many bytes (RFC 8467 §4.1).
const PADDING_BLOCK_BYTES: usize = 468;
/// Code and length of an option.
const OPTION_HEAD_BYTES: usize = 4;

/// One who asked, and what the answer has to carry for them.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    /// The query.
    pub query: Query,
    /// Most bytes the answer may have.
    pub room: usize,
    /// The UDP size we tell, in bytes.
    pub udp_bytes: u16,
    /// The cookie to send back.
    pub cookie: Option<[u8; COOKIE_BYTES]>,
    /// How long a TCP connection may idle, in units of 100 ms (RFC 7828 §3.1), if the client asked.
    pub keepalive: Option<u16>,
    /// Whether the answer is padded, so that its length tells less.
    pub pad: bool,
}

/// The Extended DNS Errors of an answer (RFC 8914).
#[derive(Clone, Copy, Debug, Default)]
pub struct Errors<'a> {
    /// An error of ours: code and text.
    pub own: Option<(u16, &'a [u8])>,
    /// Errors of the upstream's, as options.
    pub upstream: &'a [u8],
}

impl Errors<'_> {
    /// An error of ours without text.
    #[must_use]
    pub const fn code(code: u16) -> Self {
        Self { own: Some((code, b"")), upstream: b"" }
    }

    fn bytes(&self) -> usize {
        self.upstream.len() + self.own.map_or(0, |(_, text)| OPTION_HEAD_BYTES + 2 + text.len())
    }
}

impl Asker {
    /// How many bytes the OPT record takes; 0 when the client sent none (RFC 6891 §7).
    #[must_use]
    pub fn opt_bytes(&self, errors: &Errors<'_>) -> usize {
        if self.query.edns.is_none() {
            return 0;
        }
        let cookie = if self.cookie.is_some() { OPTION_HEAD_BYTES + COOKIE_BYTES } else { 0 };
        let keepalive = if self.keepalive.is_some() { OPTION_HEAD_BYTES + 2 } else { 0 };
        OPT_BYTES + cookie + keepalive + errors.bytes()
    }

    /// Appends the OPT record, if the client sent one, and counts it.
    fn put_opt(&self, buf: &mut [u8], mut at: usize, code: u16, errors: &Errors<'_>) -> usize {
        let Some(edns) = &self.query.edns else { return at };
        let start = at;
        buf[at] = 0;
        put_u16(buf, at + 1, rtype::OPT);
        put_u16(buf, at + 3, self.udp_bytes);
        buf[at + 5] = u8::try_from(code >> 4).unwrap_or(u8::MAX);
        buf[at + 6] = 0;
        buf[at + 7] = if edns.dnssec_ok { 0x80 } else { 0 };
        buf[at + 8] = 0;
        at += OPT_BYTES;
        if let Some(cookie) = &self.cookie {
            at = put_option(buf, at, option::COOKIE, cookie, b"");
        }
        if let Some(keepalive) = self.keepalive {
            at = put_option(buf, at, option::KEEPALIVE, &keepalive.to_be_bytes(), b"");
        }
        if let Some((code, text)) = errors.own {
            at = put_option(buf, at, option::EXTENDED_ERROR, &code.to_be_bytes(), text);
        }
        buf[at..at + errors.upstream.len()].copy_from_slice(errors.upstream);
        at += errors.upstream.len();
        if self.pad {
            at = self.put_padding(buf, at);
        }
        put_u16(buf, start + 9, narrow(at - start - OPT_BYTES));
        let additional = u16::from_be_bytes([buf[10], buf[11]]);
        put_u16(buf, 10, additional + 1);
        at
    }

    /// Fills up to a whole block, as far as there is room.
    fn put_padding(&self, buf: &mut [u8], at: usize) -> usize {
        let data_at = at + OPTION_HEAD_BYTES;
        let end = data_at.next_multiple_of(PADDING_BLOCK_BYTES).min(self.room).min(buf.len());
        if end < data_at {
            return at;
        }
        put_u16(buf, at, option::PADDING);
        put_u16(buf, at + 2, narrow(end - data_at));
        buf[data_at..end].fill(0);
        end
    }

    /// Writes the header. The identifier stays; RD and CD come back as they were (RFC 1035 §4.1.1, RFC 4035 §3.2.2).
    fn put_header(&self, buf: &mut [u8], code: u16, flags: u16, counts: [u16; 4]) {
        let kept = self.query.flags & (flag::RD | flag::CD);
        put_u16(buf, 2, flag::QR | flag::RA | kept | flags | (code & flag::RCODE));
        for (i, count) in counts.into_iter().enumerate() {
            put_u16(buf, 4 + 2 * i, count);
        }
    }

    /// An answer without records.
    #[must_use]
    pub fn empty(&self, buf: &mut [u8], code: u16, flags: u16, errors: &Errors<'_>) -> usize {
        let questions = u16::from(self.query.question_end > crate::message::HEADER_BYTES);
        self.put_header(buf, code, flags, [questions, 0, 0, 0]);
        let end = self.query.question_end;
        if end + self.opt_bytes(errors) <= self.room.min(buf.len()) {
            return self.put_opt(buf, end, code, errors);
        }
        // 271 bytes of question and 48 of OPT always have room in 512 (RFC 1035 §2.3.4).
        self.put_opt(buf, end, code, &Errors::default())
    }

    /// An answer with one record that we made, in the answer or the authority section.
    #[must_use]
    pub fn with_record(&self, buf: &mut [u8], code: u16, record: &OwnRecord<'_>, errors: &Errors<'_>) -> usize {
        self.with_records(buf, code, 0, std::slice::from_ref(record), errors)
    }

    /// An answer with records that we made, those of the answer section first, and these flags.
    #[must_use]
    pub fn with_records(
        &self,
        buf: &mut [u8],
        code: u16,
        flags: u16,
        records: &[OwnRecord<'_>],
        errors: &Errors<'_>,
    ) -> usize {
        let bytes: usize = records.iter().map(|record| OWN_RECORD_BYTES + record.data.len()).sum();
        if self.query.question_end + bytes + self.opt_bytes(errors) > self.room.min(buf.len()) {
            return self.empty(buf, code, flags | flag::TC, &Errors::default());
        }
        let authority = records.iter().filter(|record| record.authority).count();
        self.put_header(buf, code, flags, [1, narrow(records.len() - authority), narrow(authority), 0]);
        let mut at = self.query.question_end;
        for record in records {
            put_u16(buf, at, 0xc000 | record.owner_at);
            put_u16(buf, at + 2, record.rtype);
            put_u16(buf, at + 4, crate::message::CLASS_IN);
            put_u32(buf, at + 6, record.ttl_s);
            put_u16(buf, at + 10, narrow(record.data.len()));
            at += OWN_RECORD_BYTES;
            buf[at..at + record.data.len()].copy_from_slice(record.data);
            at += record.data.len();
        }
        self.put_opt(buf, at, code, errors)
    }

    /// An upstream's answer. Where it does not fit, first the additional records go (RFC 2181 §9), then all of them
    /// and the truncation bit says so.
    #[must_use]
    pub fn stored(&self, buf: &mut [u8], stored: &Stored<'_>, errors: &Errors<'_>) -> usize {
        let start = self.query.question_end;
        let room = self.room.min(buf.len()).saturating_sub(self.opt_bytes(errors));
        let head = &stored.message[..12];
        let code = u16::from(head[3]) & flag::RCODE;
        let authentic = stored.trust_ad && self.query.wants_ad() && u16::from(head[3]) & flag::AD != 0;
        let flags = if authentic { flag::AD } else { 0 };
        let whole = stored.message.len() <= room && !stored.drop_additional;
        let end = if whole { stored.message.len() } else { usize::from(stored.additional_at) };
        if end > room || end < start {
            return self.empty(buf, code, flag::TC, &Errors { own: errors.own, upstream: b"" });
        }
        let additional = if whole { u16::from_be_bytes([head[10], head[11]]) } else { 0 };
        let count = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        self.put_header(buf, code, flags, [1, count(6), count(8), additional]);
        buf[start..end].copy_from_slice(&stored.message[start..end]);
        for at in stored.ttl_at.chunks_exact(2).map(|at| usize::from(u16::from_ne_bytes([at[0], at[1]]))) {
            if at + 4 > end {
                break;
            }
            let ttl_s = u32_at(buf, at).unwrap_or(0).saturating_sub(stored.age_s);
            put_u32(buf, at, stored.ttl_s.unwrap_or(ttl_s));
        }
        self.put_opt(buf, end, code, errors)
    }
}

/// Bytes of a record before its data, when its owner is a pointer.
const OWN_RECORD_BYTES: usize = 12;

/// Where the question's name stands.
pub const QUESTION_AT: u16 = crate::message::HEADER_BYTES as u16;

/// A record that we make.
#[derive(Clone, Copy, Debug)]
pub struct OwnRecord<'a> {
    /// Where its owner's name stands in the message: [`QUESTION_AT`], or further on for a name above the question's.
    pub owner_at: u16,
    /// Its type.
    pub rtype: u16,
    /// Its time to live, in seconds.
    pub ttl_s: u32,
    /// Its data.
    pub data: &'a [u8],
    /// It stands in the authority section, else in the answer section.
    pub authority: bool,
}

/// An answer that an upstream gave, as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Header, question and records.
    pub message: &'a [u8],
    /// Where its times to live stand: 16-bit numbers in the machine's order.
    pub ttl_at: &'a [u8],
    /// Where its additional section starts.
    pub additional_at: u16,
    /// How long ago it came, in seconds.
    pub age_s: u32,
    /// The time to live to tell instead of what is left.
    pub ttl_s: Option<u32>,
    /// Leave the additional section out.
    pub drop_additional: bool,
    /// Pass the AD bit on.
    pub trust_ad: bool,
}

/// Writes an option whose data has two parts; returns where it ends.
fn put_option(buf: &mut [u8], at: usize, code: u16, first: &[u8], second: &[u8]) -> usize {
    put_u16(buf, at, code);
    put_u16(buf, at + 2, narrow(first.len() + second.len()));
    let data_at = at + OPTION_HEAD_BYTES;
    let middle = data_at + first.len();
    buf[data_at..middle].copy_from_slice(first);
    buf[middle..middle + second.len()].copy_from_slice(second);
    middle + second.len()
}

/// A length that is known to fit a message.
fn narrow(length: usize) -> u16 {
    debug_assert!(length <= usize::from(u16::MAX), "no part of a message is longer than a message");
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// Answers a message that cannot be read, with its header alone (RFC 1035 §4.1.1: FORMERR, NOTIMP).
#[must_use]
pub fn header_only(buf: &mut [u8], code: u16) -> usize {
    let kept = u16::from_be_bytes([buf[2], buf[3]]) & (flag::OPCODE | flag::RD);
    put_u16(buf, 2, flag::QR | kept | (code & flag::RCODE));
    buf[4..12].fill(0);
    debug_assert!(code != rcode::NOERROR, "only faults are answered so");
    12
}
