//! What an upstream resolver answers, read once: may it be kept, for how long, and where its times to live stand.
//!
//! The answer is stored as it came, less its OPT record, so that records, signatures and compression stay untouched.

use crate::edns::option;
use crate::message::{
    HEADER_BYTES, Record, counts, flag, put_u16, rcode, rtype, skip_name, skip_plain_name, u16_at, u32_at,
};

/// Most bytes of Extended DNS Errors kept with an answer: the text of a few errors.
const EDE_BYTES_MAX: usize = 512;
/// Most records in an answer. A message of 64 KiB holds at most 5,957 of 11 bytes; no honest one comes near.
const RECORDS_MAX: usize = 4_096;

/// How long answers may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// At least this long.
    pub ttl_s_min: u32,
    /// At most this long.
    pub ttl_s_max: u32,
    /// "No such thing" at most this long.
    pub negative_ttl_s_max: u32,
    /// Failures this long.
    pub failure_ttl_s: u32,
}

/// An upstream's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Header, question and records, without OPT.
    pub message: Vec<u8>,
    /// Where each record's time to live stands, in order.
    pub ttl_at: Vec<u16>,
    /// Where the additional section starts.
    pub additional_at: u16,
    /// The upstream's Extended DNS Errors, as options ready to send.
    pub ede: Vec<u8>,
    /// How long it may be kept; `None`: it may not be kept.
    pub keep_s: Option<u32>,
}

/// Why an upstream's answer cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Its parts contradict one another.
    Malformed,
    /// It is cut short: ask over TCP.
    Truncated,
    /// The upstream does not know EDNS: ask without (RFC 6891 §7).
    NoEdns,
    /// The upstream does not want to, or cannot: ask another.
    Failed(u16),
}

impl Answer {
    /// The response code.
    #[must_use]
    pub fn rcode(&self) -> u16 {
        u16_at(&self.message, 2).unwrap_or(0) & flag::RCODE
    }

    /// Reads an answer to a question that the caller has compared already.
    ///
    /// # Errors
    /// Says why it cannot be used.
    pub fn read(message: &[u8], lifetimes: &Lifetimes) -> Result<Self, Unusable> {
        let flags = u16_at(message, 2).ok_or(Unusable::Malformed)?;
        if flags & flag::TC != 0 {
            return Err(Unusable::Truncated);
        }
        let scan = Scan::read(message).ok_or(Unusable::Malformed)?;
        match flags & flag::RCODE {
            _ if scan.extended_rcode != 0 => return Err(Unusable::Failed(scan.extended_rcode)),
            rcode::NOERROR | rcode::NXDOMAIN | rcode::SERVFAIL => {}
            rcode::FORMERR | rcode::NOTIMP if !scan.opt_seen => return Err(Unusable::NoEdns),
            code => return Err(Unusable::Failed(code)),
        }
        let keep_s = scan.keep_s(flags & flag::RCODE, lifetimes);
        let mut answer = Self {
            message: message[..scan.end].to_vec(),
            ttl_at: scan.ttl_at,
            additional_at: scan.additional_at,
            ede: scan.ede,
            keep_s,
        };
        put_u16(&mut answer.message, 10, scan.additional_kept);
        answer.bound_ttls(lifetimes);
        Ok(answer)
    }

    /// Brings every time to live within the bounds that are set.
    fn bound_ttls(&mut self, lifetimes: &Lifetimes) {
        for at in self.ttl_at.iter().map(|at| usize::from(*at)) {
            let ttl_s = sane(u32_at(&self.message, at).unwrap_or(0));
            let bounded = ttl_s.min(lifetimes.ttl_s_max).max(lifetimes.ttl_s_min.min(lifetimes.ttl_s_max));
            self.message[at..at + 4].copy_from_slice(&bounded.to_be_bytes());
        }
    }
}

/// RFC 2181 §8: a time to live with its highest bit set counts as 0.
const fn sane(ttl_s: u32) -> u32 {
    if ttl_s > 0x7fff_ffff { 0 } else { ttl_s }
}

/// What one pass over the records finds.
struct Scan {
    ttl_at: Vec<u16>,
    additional_at: u16,
    additional_kept: u16,
    end: usize,
    ede: Vec<u8>,
    opt_seen: bool,
    extended_rcode: u16,
    /// Shortest time to live of answer and authority.
    ttl_s: u32,
    /// The SOA's share in the life of a negative answer (RFC 2308 §5).
    negative_s: Option<u32>,
    /// The answer section holds what was asked for, and not only aliases on the way to it.
    found: bool,
}

impl Scan {
    fn read(message: &[u8]) -> Option<Self> {
        let [questions, answers, authority, additional] = counts(message)?;
        let name_end = skip_plain_name(message, HEADER_BYTES)?;
        let qtype = u16_at(message, name_end)?;
        let mut scan = Self {
            ttl_at: Vec::new(),
            additional_at: 0,
            additional_kept: 0,
            end: name_end + 4,
            ede: Vec::new(),
            opt_seen: false,
            extended_rcode: 0,
            ttl_s: u32::MAX,
            negative_s: None,
            found: false,
        };
        if questions != 1 || scan.end > message.len() {
            return None;
        }
        for _ in 0..answers {
            let record = scan.record(message)?;
            scan.ttl_s = scan.ttl_s.min(sane(record.ttl_s));
            scan.found |= record.rtype == qtype || qtype == rtype::ANY;
        }
        for _ in 0..authority {
            let record = scan.record(message)?;
            scan.ttl_s = scan.ttl_s.min(sane(record.ttl_s));
            if record.rtype == rtype::SOA {
                scan.negative_s = Some(sane(record.ttl_s).min(soa_minimum(message, &record)?));
            }
        }
        scan.additional_at = u16::try_from(scan.end).ok()?;
        scan.additional(message, additional)?;
        Some(scan)
    }

    /// The next record, which becomes part of the answer.
    fn record(&mut self, message: &[u8]) -> Option<Record> {
        let record = Record::at(message, self.end)?;
        // An OPT elsewhere than among the additional records is a format error (RFC 6891 §6.1.1).
        if record.rtype == rtype::OPT || self.ttl_at.len() >= RECORDS_MAX {
            return None;
        }
        self.ttl_at.push(u16::try_from(record.ttl_at).ok()?);
        self.end = record.end;
        Some(record)
    }

    /// Keeps the additional records up to the OPT record; what stands after it, no answer needs,
    /// and taking the OPT out from between would move the targets of compression pointers.
    fn additional(&mut self, message: &[u8], count: u16) -> Option<()> {
        let mut at = self.end;
        for _ in 0..count {
            let record = Record::at(message, at)?;
            at = record.end;
            match record.rtype {
                rtype::OPT if self.opt_seen => return None,
                rtype::OPT => {
                    self.opt_seen = true;
                    self.extended_rcode = u16::from(record.ttl_s.to_be_bytes()[0]) << 4;
                    self.errors(message.get(record.data_at..record.end)?)?;
                }
                _ if self.opt_seen => {}
                _ => {
                    self.record(message)?;
                    self.additional_kept += 1;
                }
            }
        }
        Some(())
    }

    fn errors(&mut self, mut options: &[u8]) -> Option<()> {
        while !options.is_empty() {
            let (code, length) = (u16_at(options, 0)?, usize::from(u16_at(options, 2)?));
            let whole = options.get(..4 + length)?;
            if code == option::EXTENDED_ERROR && length >= 2 && self.ede.len() + whole.len() <= EDE_BYTES_MAX {
                self.ede.extend_from_slice(whole);
            }
            options = &options[4 + length..];
        }
        Some(())
    }

    fn keep_s(&self, code: u16, lifetimes: &Lifetimes) -> Option<u32> {
        let low = lifetimes.ttl_s_min.min(lifetimes.ttl_s_max);
        match code {
            // RFC 9520 §3.2: failures are remembered, shortly.
            rcode::SERVFAIL => Some(lifetimes.failure_ttl_s),
            rcode::NOERROR if self.found => Some(self.ttl_s.clamp(low, lifetimes.ttl_s_max)),
            // RFC 2308 §5: without an SOA, "no such thing" is not kept.
            _ => Some(self.negative_s?.min(self.ttl_s).min(lifetimes.negative_ttl_s_max.min(lifetimes.ttl_s_max))),
        }
        .filter(|keep_s| *keep_s > 0)
    }
}

/// The last of the five numbers at an SOA's end (RFC 2308 §4).
fn soa_minimum(message: &[u8], record: &Record) -> Option<u32> {
    let data = message.get(..record.end)?;
    let numbers_at = skip_name(data, skip_name(data, record.data_at)?)?;
    (numbers_at + 20 == record.end).then(|| u32_at(data, numbers_at + 16)).flatten().map(sane)
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
