//! Questions read from whoever sends them.

use super::{ANY, HEADER_BYTES, IXFR, Name, OPT, SOA, Signature, TSIG, u16_at, u32_at};

/// Records after the question that are looked at: one SOA, one OPT and one TSIG make sense.
const RECORDS_MAX: usize = 4;

/// What to do with a message that is no good question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Too short to answer, or itself an answer: it is dropped.
    Silent,
    /// Answered with this code.
    Code(u8),
}

/// A question.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// The whole message.
    pub message: &'a [u8],
    /// Its number.
    pub id: u16,
    /// For which zone or name.
    pub name: Name,
    /// What of it.
    pub kind: u16,
    /// The class.
    pub class: u16,
    /// Where the question ends.
    pub question_end: usize,
    /// The serial that the asker has, in an IXFR (RFC 1995 §3).
    pub serial: Option<u32>,
    /// Bytes that the asker takes over UDP; `None` without EDNS.
    pub udp_bytes: Option<u16>,
    /// An EDNS version that we do not know (RFC 6891 §6.1.3).
    pub bad_version: bool,
    /// The signature.
    pub tsig: Option<Signature<'a>>,
}

impl<'a> Query<'a> {
    /// The question as it was asked, for the answer.
    #[must_use]
    pub fn question(&self) -> &'a [u8] {
        self.message.get(HEADER_BYTES..self.question_end).unwrap_or_default()
    }
}

/// Reads a question.
///
/// # Errors
/// Says what to do with what is none.
pub fn read(message: &[u8]) -> Result<Query<'_>, Fault> {
    let id = u16_at(message, 0).ok_or(Fault::Silent)?;
    let flags = u16_at(message, 2).ok_or(Fault::Silent)?;
    let count = |place: usize| u16_at(message, 4 + 2 * place).map(usize::from).ok_or(Fault::Silent);
    let counts = [count(0)?, count(1)?, count(2)?, count(3)?];
    if flags & 0x8000 != 0 {
        return Err(Fault::Silent);
    }
    if flags & 0x7800 != 0 {
        return Err(Fault::Code(super::rcode::NOTIMP));
    }
    const FORMERR: Fault = Fault::Code(super::rcode::FORMERR);
    let records = counts[1] + counts[2] + counts[3];
    if counts[0] != 1 || counts[1] != 0 || records > RECORDS_MAX {
        return Err(FORMERR);
    }
    let (name, at) = Name::read(message, HEADER_BYTES).ok_or(FORMERR)?;
    // There is no name further up that it could point at.
    if at - HEADER_BYTES != name.wire().len() {
        return Err(FORMERR);
    }
    let kind = u16_at(message, at).ok_or(FORMERR)?;
    let class = u16_at(message, at + 2).ok_or(FORMERR)?;
    let question_end = at + 4;
    let mut query = Query {
        message,
        id,
        name,
        kind,
        class,
        question_end,
        serial: None,
        udp_bytes: None,
        bad_version: false,
        tsig: None,
    };
    let mut at = question_end;
    for number in 0..records {
        at = take_record(&mut query, at, number < counts[2], number + 1 == records).ok_or(FORMERR)?;
    }
    if at != message.len() || (kind == IXFR && query.serial.is_none()) {
        return Err(FORMERR);
    }
    Ok(query)
}

/// Reads one record; returns where it ends. `None` when it makes no sense at its place.
fn take_record<'a>(query: &mut Query<'a>, start: usize, in_authority: bool, is_last: bool) -> Option<usize> {
    let message = query.message;
    let (owner, at) = Name::read(message, start)?;
    let kind = u16_at(message, at)?;
    let class = u16_at(message, at + 2)?;
    let length = usize::from(u16_at(message, at + 8)?);
    let (first, end) = (at + 10, at + 10 + length);
    let data = message.get(first..end)?;
    match (kind, in_authority) {
        (SOA, true) if query.serial.is_none() => {
            let (_, after) = Name::read(message, first)?;
            let (_, after) = Name::read(message, after)?;
            if after + 20 != end {
                return None;
            }
            query.serial = Some(u32_at(message, after)?);
        }
        (OPT, false) if query.udp_bytes.is_none() && owner.wire() == [0] => {
            query.udp_bytes = Some(class);
            query.bad_version = *message.get(at + 5)? != 0;
        }
        // RFC 8945 §5.1: exactly one, and the last record.
        (TSIG, false) => {
            let ttl = u32_at(message, at + 4)?;
            if !is_last || class != ANY || ttl != 0 {
                return None;
            }
            query.tsig = Some(Signature::read(owner, start, data)?);
        }
        (OPT | TSIG, _) => return None,
        _ => {}
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{AXFR, rcode};

    /// A question for `a.` of `kind`, with `rest` behind it.
    fn asked(kind: u16, counts: [u8; 3], rest: &[u8]) -> Vec<u8> {
        let mut message = vec![1, 2, 0, 0, 0, 1, 0, counts[0], 0, counts[1], 0, counts[2], 1, b'A', 0];
        message.extend_from_slice(&kind.to_be_bytes());
        message.extend_from_slice(&[0, 1]);
        message.extend_from_slice(rest);
        message
    }

    fn soa(serial: u8) -> Vec<u8> {
        let mut record = vec![0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0, 0, 0, 0, serial];
        record.extend_from_slice(&[0; 16]);
        record
    }

    #[test]
    fn good_questions() {
        let message = asked(AXFR, [0, 0, 0], b"");
        let query = read(&message).unwrap();
        assert_eq!(
            (query.name.to_string(), query.kind, query.serial, query.udp_bytes),
            ("a.".into(), AXFR, None, None)
        );
        assert_eq!(query.question(), b"\x01A\0\0\xfc\0\x01");
        let message = asked(IXFR, [0, 1, 0], &soa(7));
        assert_eq!(read(&message).unwrap().serial, Some(7));
        let message = asked(SOA, [0, 0, 1], &[0, 0, 41, 16, 0, 0, 1, 0, 0, 0, 0]);
        let query = read(&message).unwrap();
        assert_eq!((query.udp_bytes, query.bad_version), (Some(4096), true));
    }

    #[test]
    fn bad_questions() {
        let formerr = Fault::Code(rcode::FORMERR);
        let opt = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
        let check = |message: Vec<u8>, expect| assert_eq!(read(&message).err(), Some(expect), "{message:?}");
        check(vec![], Fault::Silent);
        check(vec![0; 11], Fault::Silent);
        check(vec![0; 12], formerr);
        let mut answer = asked(SOA, [0, 0, 0], b"");
        answer[2] = 0x80;
        check(answer, Fault::Silent);
        let mut update = asked(SOA, [0, 0, 0], b"");
        update[2] = 0x28;
        check(update, Fault::Code(rcode::NOTIMP));
        check(asked(IXFR, [0, 0, 0], b""), formerr);
        check(asked(SOA, [0, 0, 0], b"x"), formerr);
        check(asked(SOA, [0, 0, 2], &[opt, opt].concat()), formerr);
        check(asked(SOA, [0, 0, 1], &opt[..10]), formerr);
        check(asked(SOA, [0, 9, 9], &[]), formerr);
        check(asked(SOA, [1, 0, 0], &soa(1)), formerr);
        // A TSIG that is not the last, and one whose data are cut.
        let tsig = [&[0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 17, 0][..], &[0; 16]].concat();
        assert!(read(&asked(SOA, [0, 0, 1], &tsig)).is_ok());
        check(asked(SOA, [0, 0, 2], &[&tsig[..], &opt].concat()), formerr);
        check(asked(SOA, [0, 0, 1], &tsig[..20]), formerr);
    }
}
