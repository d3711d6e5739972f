//! What is said of a blocked name: NXDOMAIN, NODATA or the address of a block page, and why.
//!
//! The reason is an Extended DNS Error "Blocked" (RFC 8914 §4.16) with the decision's number; clients that ask for
//! structure get JSON (draft-ietf-dnsop-structured-dns-error). A block is ours, so it never has AD set.

use crate::config::{BlockAnswer, is_contact};
use crate::edns::ede;
use crate::message::{rcode, rtype};
use crate::reply::{Asker, Errors, OwnRecord, QUESTION_AT};
use serde::Serialize;
use sipar_model::{Category, DecisionNumber, TimestampMs, Tlp};
use sipar_snapshot::{Hit, Layers};
use std::io::Write;

/// Most bytes of structured text. With it an answer stays below 1,232 bytes, whatever the question.
const TEXT_BYTES_MAX: usize = 640;
/// SOA timers besides the minimum, in seconds: nobody transfers this zone; the values are those of RFC 1912 §2.2.
const SOA_TIMERS_S: [u32; 3] = [3_600, 600, 604_800];

/// How blocks are told.
#[derive(Clone, Debug)]
pub struct BlockSettings {
    /// What is answered.
    pub answer: BlockAnswer,
    /// For how long clients may keep it, in seconds.
    pub ttl_s: u32,
    /// Whom to ask; empty: what the policy says.
    pub contact: String,
    /// Who blocks.
    pub organization: String,
}

/// Structured text: the draft's fields, and the incident of draft-nottingham-public-resolver-errors.
#[derive(Serialize)]
struct Structured<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    j: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    o: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    l: Option<&'static str>,
    inc: &'a str,
}

impl BlockSettings {
    /// Answers that `hit` blocks what was asked for.
    #[must_use]
    pub fn tell(&self, buf: &mut [u8], asker: &Asker, hit: &Hit, policy: &Layers, now: TimestampMs) -> usize {
        let mut number = [0; 12];
        let number = decision_text(&mut number, hit.decision);
        if !asker.query.edns.is_some_and(|edns| edns.structured) {
            return self.answer(buf, asker, hit, policy, now, number);
        }
        // The draft, "Server Generating Response": justification and organization go first where room is short.
        let mut text = [0; TEXT_BYTES_MAX];
        for full in [true, false] {
            if let Some(length) = self.structured(&mut text, hit, policy, number, full) {
                let errors = Errors { own: Some((ede::BLOCKED, &text[..length])), upstream: b"" };
                if asker.query.question_end + RECORD_BYTES_MAX + asker.opt_bytes(&errors) <= asker.room.min(buf.len()) {
                    return self.answer(buf, asker, hit, policy, now, &text[..length]);
                }
            }
        }
        self.answer(buf, asker, hit, policy, now, number)
    }

    fn answer(
        &self,
        buf: &mut [u8],
        asker: &Asker,
        hit: &Hit,
        policy: &Layers,
        now: TimestampMs,
        text: &[u8],
    ) -> usize {
        let errors = Errors { own: Some((ede::BLOCKED, text)), upstream: b"" };
        let left_s = u32::try_from(hit.expires.since_ms(now) / 1_000).unwrap_or(0);
        let ttl_s = self.ttl_s.min(left_s);
        let page = match (&self.answer, asker.query.qtype) {
            // RFC 8482 §4.1: a question for everything may be answered with a part.
            (BlockAnswer::Address { v4: Some(v4), .. }, rtype::A | rtype::ANY) => {
                Some((rtype::A, Page::V4(v4.octets())))
            }
            (BlockAnswer::Address { v6: Some(v6), .. }, rtype::AAAA | rtype::ANY) => {
                Some((rtype::AAAA, Page::V6(v6.octets())))
            }
            _ => None,
        };
        if let Some((rtype, page)) = page {
            let record = OwnRecord { owner_at: QUESTION_AT, rtype, ttl_s, data: page.bytes(), authority: false };
            return asker.with_record(buf, rcode::NOERROR, &record, &errors);
        }
        let code = if self.answer == BlockAnswer::Nxdomain { rcode::NXDOMAIN } else { rcode::NOERROR };
        let data = soa(serial(policy), ttl_s);
        // RFC 2308 §3: the SOA tells how long "no such thing" may be kept.
        let record = OwnRecord { owner_at: QUESTION_AT, rtype: rtype::SOA, ttl_s, data: &data, authority: true };
        asker.with_record(buf, code, &record, &errors)
    }

    fn structured(&self, text: &mut [u8], hit: &Hit, policy: &Layers, number: &[u8], full: bool) -> Option<usize> {
        let contact = if self.contact.is_empty() { policy.contact() } else { &self.contact };
        let inc = std::str::from_utf8(number).ok()?;
        let mut reason = [0; 64];
        let reason = justification(&mut reason, hit, inc)?;
        let organization = Some(self.organization.as_str()).filter(|o| full && !o.is_empty());
        let fields = Structured {
            c: is_contact(contact).then_some([contact]),
            j: full.then_some(reason),
            s: if may_tell(hit) { sub_error(hit.category) } else { None },
            o: organization,
            l: full.then_some("en"),
            inc,
        };
        let (all, mut rest) = (text.len(), text);
        serde_json::to_writer(&mut rest, &fields).ok()?;
        Some(all - rest.len())
    }
}

/// The most that a record of ours takes: an SOA.
const RECORD_BYTES_MAX: usize = 12 + SOA_BYTES;
/// Two roots and five numbers.
const SOA_BYTES: usize = 22;

enum Page {
    V4([u8; 4]),
    V6([u8; 16]),
}

impl Page {
    const fn bytes(&self) -> &[u8] {
        match self {
            Self::V4(octets) => octets,
            Self::V6(octets) => octets,
        }
    }
}

/// An SOA's data: no server, nobody's mail, the given serial and minimum.
fn soa(serial: u32, minimum_s: u32) -> [u8; SOA_BYTES] {
    let mut out = [0; SOA_BYTES];
    let numbers = [serial, SOA_TIMERS_S[0], SOA_TIMERS_S[1], SOA_TIMERS_S[2], minimum_s];
    for (to, number) in out[2..].chunks_exact_mut(4).zip(numbers) {
        to.copy_from_slice(&number.to_be_bytes());
    }
    out
}

/// The snapshot's serial as far as 32 bits show it (RFC 1982 arithmetic wraps anyway).
fn serial(policy: &Layers) -> u32 {
    (policy.serial().0 & 0xffff_ffff) as u32
}

/// Whether the public may hear the category: TLP up to green.
fn may_tell(hit: &Hit) -> bool {
    hit.tlp <= Tlp::Green
}

/// The draft's sub-error codes. Command-and-control serves malware; fraud has no code.
const fn sub_error(category: Category) -> Option<u8> {
    match category {
        Category::Malware | Category::C2 => Some(1),
        Category::Phishing => Some(2),
        Category::Fraud => None,
    }
}

fn justification<'a>(buf: &'a mut [u8], hit: &Hit, number: &str) -> Option<&'a str> {
    let (all, mut rest) = (buf.len(), &mut buf[..]);
    let written = if may_tell(hit) {
        write!(rest, "listed for {} by decision {number}", hit.category)
    } else {
        write!(rest, "listed by decision {number}")
    };
    written.ok()?;
    let length = all - rest.len();
    std::str::from_utf8(&buf[..length]).ok()
}

/// `D-` and the number, as [`DecisionNumber`] shows itself, without the cost of formatting.
pub(crate) fn decision_text(buf: &mut [u8; 12], decision: DecisionNumber) -> &[u8] {
    let (mut at, mut rest) = (buf.len(), decision.0);
    loop {
        at -= 1;
        buf[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    buf[at - 2..at].copy_from_slice(b"D-");
    &buf[at - 2..]
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
