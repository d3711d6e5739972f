//! DNS over HTTPS (RFC 8484): what a request asks for, and what an answer says to caches on the way.
//! The two versions of HTTP are elsewhere; this is what they have in common, and it is pure.

use crate::message::{HEADER_BYTES, Record, counts, flag, rcode, rtype, skip_plain_name, u16_at, u32_at};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The media type of messages (RFC 8484 §6).
pub const MEDIA_TYPE: &str = "application/dns-message";
/// Longest message.
pub const MESSAGE_BYTES_MAX: usize = u16::MAX as usize;

/// base64url (RFC 4648 §5). RFC 8484 §6 leaves padding out; clients that put it there are understood.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// The message stood in the address.
    Message(Vec<u8>),
    /// The message follows as the body.
    Body,
}

/// Why a request is not answered with a message (RFC 9110 §15.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not to be read as a query.
    BadRequest,
    /// Another path.
    NotFound,
    /// Neither GET nor POST.
    Method,
    /// A body without a length.
    LengthRequired,
    /// Longer than a message can be.
    TooLarge,
    /// Another media type.
    MediaType,
    /// Headers without end.
    HeadersTooLarge,
}

impl Refusal {
    /// The status code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::LengthRequired => 411,
            Self::TooLarge => 413,
            Self::MediaType => 415,
            Self::HeadersTooLarge => 431,
        }
    }

    /// What a person reads who has come here by accident.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::BadRequest => "this is no DNS query; see RFC 8484\n",
            Self::NotFound => "there is nothing here\n",
            Self::Method => "DNS queries come by GET or POST; see RFC 8484\n",
            Self::LengthRequired => "the request must say how long it is\n",
            Self::TooLarge => "a DNS query has at most 65535 bytes\n",
            Self::MediaType => "DNS queries have the media type application/dns-message\n",
            Self::HeadersTooLarge => "the request's headers are too large\n",
        }
    }
}

/// Reads a request's head. `path` is where queries are answered.
///
/// # Errors
/// Says why it is no query.
pub fn read(method: &str, target: &str, content_type: Option<&[u8]>, path: &str) -> Result<Request, Refusal> {
    let (asked, query) = target.split_once('?').map_or((target, None), |(asked, query)| (asked, Some(query)));
    if asked != path {
        return Err(Refusal::NotFound);
    }
    match method {
        "GET" => query.and_then(parameter).ok_or(Refusal::BadRequest).and_then(decode),
        "POST" if content_type.is_some_and(is_message) => Ok(Request::Body),
        "POST" => Err(Refusal::MediaType),
        _ => Err(Refusal::Method),
    }
}

/// The parameter `dns` (RFC 8484 §4.1).
fn parameter(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("dns="))
}

fn decode(text: &str) -> Result<Request, Refusal> {
    if text.len() / 4 * 3 > MESSAGE_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    match BASE64URL.decode(text) {
        Ok(message) if message.is_empty() => Err(Refusal::BadRequest),
        Ok(message) if message.len() > MESSAGE_BYTES_MAX => Err(Refusal::TooLarge),
        Ok(message) => Ok(Request::Message(message)),
        Err(_) => Err(Refusal::BadRequest),
    }
}

/// Whether a content type is that of messages, whatever its parameters.
fn is_message(value: &[u8]) -> bool {
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())
}

/// For how many seconds an answer may be kept on the way: no longer than any of its records (RFC 8484 §5.1), or than
/// its SOA allows when it has none (RFC 2308 §5). A failure is not kept.
#[must_use]
pub fn fresh_s(message: &[u8]) -> u32 {
    lifetime(message).unwrap_or(0)
}

fn lifetime(message: &[u8]) -> Option<u32> {
    let flags = u16_at(message, 2)?;
    if flags & flag::TC != 0 || !matches!(flags & flag::RCODE, rcode::NOERROR | rcode::NXDOMAIN) {
        return None;
    }
    let [questions, answers, authority, _] = counts(message)?;
    let mut at = HEADER_BYTES;
    for _ in 0..questions {
        at = skip_plain_name(message, at)? + 4;
    }
    let mut shortest = None;
    for _ in 0..answers {
        let record = Record::at(message, at)?;
        shortest = Some(shortest.map_or(record.ttl_s, |s: u32| s.min(record.ttl_s)));
        at = record.end;
    }
    for _ in 0..authority {
        let record = Record::at(message, at)?;
        if record.rtype == rtype::SOA && answers == 0 {
            let minimum = u32_at(message, record.end.checked_sub(4)?)?;
            shortest = Some(record.ttl_s.min(minimum));
        }
        at = record.end;
    }
    shortest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Ask, reply, rr, soa};

    #[test]
    fn rfc8484_4_1_requests() {
        let check = |method: &str, target: &str, kind: Option<&str>, expect: Result<Request, Refusal>| {
            assert_eq!(read(method, target, kind.map(str::as_bytes), "/dns-query"), expect, "{method} {target}");
        };
        // The example of RFC 8484 §4.1.1.
        let example = "AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB";
        let wire = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
        let message = Ok(Request::Message(wire.to_vec()));
        check("GET", &format!("/dns-query?dns={example}"), None, message.clone());
        check("GET", &format!("/dns-query?ct&dns={example}&x=1"), None, message);
        check("GET", "/dns-query?dns=AAA", None, Ok(Request::Message(vec![0, 0])));
        check("GET", "/dns-query?dns=AAA=", None, Ok(Request::Message(vec![0, 0])));
        for bad in ["", "?", "?dns=", "?dns=A", "?dns=AA+A", "?dns=AA%41", "?DNS=AAAA", "?xdns=AAAA", "?dns=AB"] {
            check("GET", &format!("/dns-query{bad}"), None, Err(Refusal::BadRequest));
        }
        let longest = Ok(Request::Message(vec![0; MESSAGE_BYTES_MAX]));
        for (symbols, expect) in [(87_380, longest), (87_382, Err(Refusal::TooLarge)), (87_384, Err(Refusal::TooLarge))]
        {
            check("GET", &format!("/dns-query?dns={}", "A".repeat(symbols)), None, expect);
        }
        for other in ["/", "/dns-query/", "/DNS-QUERY?dns=AAAA", "", "*"] {
            check("GET", other, None, Err(Refusal::NotFound));
        }
        check("POST", "/dns-query", Some("application/dns-message"), Ok(Request::Body));
        check("POST", "/dns-query", Some("Application/DNS-Message ; x=y"), Ok(Request::Body));
        check("POST", "/dns-query", Some("application/json"), Err(Refusal::MediaType));
        check("POST", "/dns-query", None, Err(Refusal::MediaType));
        for method in ["HEAD", "PUT", "get", "OPTIONS"] {
            check(method, "/dns-query", None, Err(Refusal::Method));
        }
    }

    #[test]
    fn rfc8484_5_1_lifetimes() {
        let query = Ask::new("a.example", 1).message();
        let check = |flags, sections: [&[Vec<u8>]; 3], expect| {
            assert_eq!(fresh_s(&reply(&query, flags, sections)), expect);
        };
        let (long, short) = (rr(1, 300, &[192, 0, 2, 1]), rr(1, 60, &[192, 0, 2, 2]));
        check(0, [&[long.clone(), short.clone()], &[], &[]], 60);
        check(0, [&[long], &[soa(10, 10)], &[rr(1, 5, &[192, 0, 2, 3])]], 300);
        check(3, [&[], &[soa(900, 30)], &[]], 30);
        check(0, [&[], &[soa(20, 30)], &[]], 20);
        check(0, [&[], &[], &[]], 0);
        check(2, [std::slice::from_ref(&short), &[], &[]], 0);
        check(flag::TC, [&[short], &[], &[]], 0);
        assert_eq!(fresh_s(b"short"), 0);
    }
}
