//! Answers written: names end in a pointer to the zone's own name, which stands in every question.

use super::{HEADER_BYTES, IN, OPT, Query, rcode};

/// Where the zone's name stands in every message that we write: right behind the header.
const ZONE_POINTER: [u8; 2] = [0xC0, HEADER_BYTES as u8];

/// A pointer reaches no further (RFC 1035 §4.1.4).
const POINTER_MAX: usize = 0x3FFF;

/// Bytes that we take over UDP, as we say in OPT (RFC 9715: no fragments).
const UDP_BYTES: u16 = 1_232;

/// One record of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The labels in front of the zone's name, without a root label; empty at the zone's name itself.
    pub owner: &'a [u8],
    /// It stands for everything below: an asterisk in front (RFC 4592).
    pub wild: bool,
    /// The type.
    pub kind: u16,
    /// Seconds that it may be kept.
    pub ttl_s: u32,
    /// The data, uncompressed.
    pub data: &'a [u8],
}

/// The record does not fit any more: the message is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutError;

/// A message that is being written.
#[derive(Debug)]
pub struct Message {
    bytes: Vec<u8>,
    bytes_max: usize,
    answers: u16,
    last_owner: Vec<u8>,
    last_at: usize,
}

impl Message {
    /// An answer to `query`, authoritative, of at most `bytes_max` bytes.
    #[must_use]
    pub fn answer(query: &Query<'_>, code: u8, bytes_max: usize) -> Self {
        let mut bytes = Vec::with_capacity(bytes_max.min(4_096));
        bytes.extend_from_slice(&query.id.to_be_bytes());
        let authoritative = if code == rcode::NOERROR { 0x84 } else { 0x80 };
        // RD is copied (RFC 1035 §4.1.1); RA stays clear, for we never recurse.
        let wanted = query.message.get(2).map_or(0, |flags| flags & 0x01);
        bytes.extend_from_slice(&[authoritative | wanted, code, 0, 1, 0, 0, 0, 0, 0, 0]);
        bytes.extend_from_slice(query.question());
        Self { bytes, bytes_max, answers: 0, last_owner: Vec::new(), last_at: usize::MAX }
    }

    /// Adds an answer.
    ///
    /// # Errors
    /// When the message is full; then nothing was added.
    pub fn put(&mut self, record: &Record<'_>) -> Result<(), PutError> {
        let start = self.bytes.len();
        // An asterisk, labels, pointer, type, class, time, length, data.
        let most = 2 + record.owner.len() + 12 + record.data.len();
        if start + most > self.bytes_max || self.answers == u16::MAX {
            return Err(PutError);
        }
        if record.wild {
            self.bytes.extend_from_slice(b"\x01*");
        }
        self.put_owner(record.owner);
        self.bytes.extend_from_slice(&record.kind.to_be_bytes());
        self.bytes.extend_from_slice(&IN.to_be_bytes());
        self.bytes.extend_from_slice(&record.ttl_s.to_be_bytes());
        let length = u16::try_from(record.data.len()).map_err(|_| PutError)?;
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(record.data);
        self.answers += 1;
        Ok(())
    }

    fn put_owner(&mut self, owner: &[u8]) {
        if owner.is_empty() {
            self.bytes.extend_from_slice(&ZONE_POINTER);
            return;
        }
        if self.last_at <= POINTER_MAX && self.last_owner == owner {
            let pointer = 0xC000 | u16::try_from(self.last_at).expect("at most POINTER_MAX");
            self.bytes.extend_from_slice(&pointer.to_be_bytes());
            return;
        }
        self.last_at = self.bytes.len();
        self.last_owner.clear();
        self.last_owner.extend_from_slice(owner);
        self.bytes.extend_from_slice(owner);
        self.bytes.extend_from_slice(&ZONE_POINTER);
    }

    /// How many answers it has.
    #[must_use]
    pub const fn answers(&self) -> u16 {
        self.answers
    }

    /// The finished message, with an OPT record where the asker sent one (RFC 6891 §6.1.1).
    #[must_use]
    pub fn finish(mut self, query: &Query<'_>) -> Vec<u8> {
        self.bytes[6..8].copy_from_slice(&self.answers.to_be_bytes());
        if query.udp_bytes.is_some() {
            let version = if query.bad_version { 1 } else { 0 };
            self.bytes.push(0);
            self.bytes.extend_from_slice(&OPT.to_be_bytes());
            self.bytes.extend_from_slice(&UDP_BYTES.to_be_bytes());
            // BADVERS is 16: its upper eight bits stand here (RFC 6891 §6.1.3).
            self.bytes.extend_from_slice(&[version, 0, 0, 0, 0, 0]);
            self.bytes[11] = 1;
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{A, CNAME, Name, read};

    const ASKED: &[u8] = &[0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'z', 0, 0, 252, 0, 1];

    #[test]
    fn a_name_is_written_once_and_pointed_at_then() {
        let query = read(ASKED).unwrap();
        let mut message = Message::answer(&query, rcode::NOERROR, 512);
        let record = |owner, wild, kind, data| Record { owner, wild, kind, ttl_s: 60, data };
        let owner: &[u8] = b"\x04evil\x07example";
        for one in [
            record(owner, false, CNAME, b"\0"),
            record(owner, true, CNAME, b"\0"),
            record(b"", false, A, &[1, 2, 3, 4]),
            record(b"\x01b", true, A, &[1, 2, 3, 4]),
            record(b"\x01b", false, A, &[1, 2, 3, 4]),
        ] {
            message.put(&one).unwrap();
        }
        let bytes = message.finish(&query);
        let mut at = ASKED.len();
        let mut owners = Vec::new();
        while at < bytes.len() {
            let (name, fixed) = Name::read(&bytes, at).unwrap();
            owners.push((name.to_string(), fixed - at));
            at = fixed + 10 + usize::from(u16::from_be_bytes([bytes[fixed + 8], bytes[fixed + 9]]));
        }
        let expect = [("evil.example.z.", 15), ("*.evil.example.z.", 4), ("z.", 2), ("*.b.z.", 6), ("b.z.", 2)];
        assert_eq!(owners, expect.map(|(name, bytes)| (name.to_owned(), bytes)));
        assert_eq!(&bytes[..12], &[0, 9, 0x85, 0, 0, 1, 0, 5, 0, 0, 0, 0]);
    }

    #[test]
    fn a_full_message_takes_no_more_and_stays_whole() {
        let query = read(ASKED).unwrap();
        let mut message = Message::answer(&query, rcode::NOERROR, ASKED.len() + 40);
        let one = Record { owner: b"\x01a", wild: false, kind: A, ttl_s: 1, data: &[0; 4] };
        assert_eq!(message.put(&one), Ok(()));
        assert_eq!(message.put(&one), Ok(()));
        assert_eq!(message.put(&one), Err(PutError));
        assert_eq!((message.answers(), message.finish(&query).len()), (2, ASKED.len() + 18 + 16));
    }
}
