//! What a client asks: one question and perhaps an OPT record, or the reason why it cannot be answered.

use crate::edns::Edns;
use crate::message::{CLASS_IN, HEADER_BYTES, Record, counts, flag, rcode, rtype, skip_plain_name, u16_at};

/// Most records beside the question: OPT, TSIG and SIG(0) are all that a query may carry.
const ADDITIONAL_MAX: u16 = 3;

/// A query that can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// Its identifier.
    pub id: u16,
    /// The second word of its header.
    pub flags: u16,
    /// Where the question ends: after name, type and class.
    pub question_end: usize,
    /// The type asked for.
    pub qtype: u16,
    /// Its OPT record.
    pub edns: Option<Edns>,
}

/// Why a message cannot be answered as a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not a query at all: saying anything would only feed a loop.
    Ignore,
    /// Say this response code, with the header alone.
    Header(u16),
    /// Say this response code, with the question and an OPT record.
    Question(Query, u16),
    /// There is no question, but a client that wants a cookie (RFC 7873 §5.4).
    CookieOnly(Query),
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// Says how to answer what cannot be read.
    pub fn read(message: &[u8], structured_option: Option<u16>) -> Result<Self, Fault> {
        let (Some(id), Some(flags), Some(counts)) = (u16_at(message, 0), u16_at(message, 2), counts(message)) else {
            return Err(Fault::Ignore);
        };
        if flags & flag::QR != 0 {
            return Err(Fault::Ignore);
        }
        if flags & flag::OPCODE != 0 {
            return Err(Fault::Header(rcode::NOTIMP));
        }
        let format_error = Fault::Header(rcode::FORMERR);
        let [questions, answers, authority, additional] = counts;
        // RFC 9619: a query has one question; none is for asking a cookie.
        if questions > 1 || answers != 0 || authority != 0 || additional > ADDITIONAL_MAX {
            return Err(format_error);
        }
        let mut query = Self { id, flags, question_end: HEADER_BYTES, qtype: 0, edns: None };
        let mut class = CLASS_IN;
        if questions == 1 {
            let name_end = skip_plain_name(message, HEADER_BYTES).ok_or(format_error)?;
            query.qtype = u16_at(message, name_end).ok_or(format_error)?;
            class = u16_at(message, name_end + 2).ok_or(format_error)?;
            query.question_end = name_end + 4;
        }
        if additional != 0 || message.len() != query.question_end {
            query.edns =
                read_additional(message, query.question_end, additional, structured_option).ok_or(format_error)?;
        }
        if questions == 0 {
            let cookie = query.edns.is_some_and(|edns| edns.cookie.is_some());
            return Err(if cookie { Fault::CookieOnly(query) } else { format_error });
        }
        if query.edns.is_some_and(|edns| edns.version != 0) {
            return Err(Fault::Question(query, rcode::BADVERS));
        }
        match (class, query.qtype) {
            (_, 0 | rtype::OPT) => Err(format_error),
            (CLASS_IN, rtype::FIRST_META..=rtype::LAST_META) => Err(Fault::Question(query, rcode::NOTIMP)),
            (CLASS_IN, _) => Ok(query),
            // version.bind and its like (class CHAOS) would tell attackers what to try.
            _ => Err(Fault::Question(query, rcode::REFUSED)),
        }
    }

    /// Whether the client wants signatures.
    #[must_use]
    pub fn dnssec_ok(&self) -> bool {
        self.edns.is_some_and(|edns| edns.dnssec_ok)
    }

    /// Whether the client understands the AD bit: it set it, or wants signatures (RFC 6840 §5.7 and §5.8).
    #[must_use]
    pub fn wants_ad(&self) -> bool {
        self.flags & flag::AD != 0 || self.dnssec_ok()
    }

    /// Whether the client checks signatures itself.
    #[must_use]
    pub const fn checking_disabled(&self) -> bool {
        self.flags & flag::CD != 0
    }
}

/// Reads what follows the question. It must end where the message ends, and hold at most one OPT (RFC 6891 §6.1.1).
fn read_additional(message: &[u8], mut at: usize, count: u16, structured_option: Option<u16>) -> Option<Option<Edns>> {
    let mut edns = None;
    for _ in 0..count {
        let record = Record::at(message, at)?;
        if record.rtype == rtype::OPT {
            if edns.is_some() {
                return None;
            }
            edns = Some(Edns::read(message, &record, structured_option)?);
        }
        at = record.end;
    }
    (at == message.len()).then_some(edns)
}

#[cfg(test)]
#[path = "query_tests.rs"]
mod tests;
