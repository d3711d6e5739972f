//! Turns what a feed is encoded in into UTF-8 bytes: a byte-order mark decides, else the bytes stand as they are.

use super::lines::fill;
use std::io::{self, Cursor, Read};

/// A feed whose byte-order mark has been taken off, and UTF-16 turned into UTF-8. Bytes that are no UTF-8 pass: the rows
/// that hold them are refused one by one.
pub(super) fn to_utf8<'a>(mut feed: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let mut head = [0; 3];
    let got = fill(&mut feed, &mut head)?;
    let little_endian = match &head[..got] {
        [0xEF, 0xBB, 0xBF] => return Ok(Box::new(feed)),
        [0xFF, 0xFE, ..] => true,
        [0xFE, 0xFF, ..] => false,
        other => return Ok(Box::new(Cursor::new(other.to_vec()).chain(feed))),
    };
    let rest = Cursor::new(head[2..got].to_vec()).chain(feed);
    Ok(Box::new(Utf16 { feed: rest, little_endian, pending: None, out: Vec::new(), at: 0, unread: Vec::new() }))
}

/// UTF-16 as UTF-8 (RFC 2781). A lone surrogate becomes U+FFFD, which no observable may hold.
struct Utf16<R> {
    feed: R,
    little_endian: bool,
    /// A high surrogate that waits for its low one.
    pending: Option<u16>,
    out: Vec<u8>,
    at: usize,
    /// An odd byte at the end of a read.
    unread: Vec<u8>,
}

impl<R: Read> Utf16<R> {
    fn refill(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.unread);
        let had = bytes.len();
        bytes.resize(8 << 10, 0);
        let got = had + self.feed.read(&mut bytes[had..])?;
        let ended = got == had;
        bytes.truncate(got);
        self.out.clear();
        self.at = 0;
        let pairs = bytes.chunks_exact(2);
        self.unread = pairs.remainder().to_vec();
        let units: Vec<u16> = self
            .pending
            .take()
            .into_iter()
            .chain(pairs.map(|pair| {
                let pair = [pair[0], pair[1]];
                if self.little_endian { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
            }))
            .collect();
        let hold = !ended && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit));
        let (now, later) = units.split_at(units.len() - usize::from(hold));
        self.pending = later.first().copied();
        for unit in char::decode_utf16(now.iter().copied()) {
            let c = unit.unwrap_or(char::REPLACEMENT_CHARACTER);
            self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        if ended && !self.unread.is_empty() {
            self.unread.clear();
            self.out.extend_from_slice("\u{fffd}".as_bytes());
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.out.len() {
            let before = (self.pending, self.unread.len());
            self.refill()?;
            if self.out.is_empty() && before == (self.pending, self.unread.len()) {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.out.len() - self.at);
        buffer[..count].copy_from_slice(&self.out[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(bytes: &[u8]) -> String {
        // One byte a read, so that every split is met.
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
                self.0 = rest;
                buffer[0] = *first;
                Ok(1)
            }
        }
        let mut out = String::new();
        to_utf8(Slow(bytes)).expect("starts").read_to_string(&mut out).expect("UTF-8");
        out
    }

    proptest! {
        #[test]
        fn utf16_both_ways(text in "\\PC*") {
            for little in [true, false] {
                let mut bytes = if little { vec![0xFF, 0xFE] } else { vec![0xFE, 0xFF] };
                for unit in text.encode_utf16() {
                    bytes.extend(if little { unit.to_le_bytes() } else { unit.to_be_bytes() });
                }
                prop_assert_eq!(&read_all(&bytes), &text);
            }
        }
    }

    #[test]
    fn marks_and_broken_ends() {
        let check = |bytes: &[u8], expect: &str| assert_eq!(read_all(bytes), expect);
        check(b"", "");
        check(b"a", "a");
        check(b"\xEF\xBB\xBFabc", "abc");
        check(b"\xFF\xFEa\0b", "a\u{fffd}");
        check(b"\xFF\xFE\x00\xD8", "\u{fffd}");
        check(b"\xFF\xFE\x00\xD8a\0", "\u{fffd}a");
        check(b"\xFF\xFE", "");
    }
}
