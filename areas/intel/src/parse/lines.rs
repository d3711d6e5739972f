//! Lines, each within a bound, from a stream of bytes.

use super::ROW_BYTES_MAX;
use std::io::{self, Read};

/// Bytes asked for at once.
const BUFFER_BYTES: usize = 256 << 10;

/// One line without its end.
pub(super) enum Line<'a> {
    /// Within the bound.
    Whole(&'a [u8]),
    /// Over the bound: its start. The rest has been passed over.
    TooLong(&'a [u8]),
}

/// Cuts a stream into lines at LF, CR LF or CR LF's halves. Holds one buffer, however long a line is.
pub(super) struct Lines<R> {
    feed: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// The start of an over-long line.
    long: Vec<u8>,
    number: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(feed: R) -> Self {
        Self { feed, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0, ended: false, long: Vec::new(), number: 0 }
    }

    /// The number of the line that was given last, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some((from, to)) = self.span()? else { return Ok(None) };
        self.number += 1;
        if from == to && !self.long.is_empty() {
            return Ok(Some(Line::TooLong(&self.long)));
        }
        Ok(Some(Line::Whole(without_cr(&self.buffer[from..to]))))
    }

    /// Where the next line stands in the buffer. An over-long one is left in `long` and gives an empty span.
    fn span(&mut self) -> io::Result<Option<(usize, usize)>> {
        self.long.clear();
        let mut looked = self.start;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[looked..self.end]) {
                let (from, to) = (self.start, looked + found);
                self.start = to + 1;
                return Ok(Some(self.bounded(from, to)));
            }
            looked = self.end;
            if self.end - self.start > ROW_BYTES_MAX + 1 {
                if self.long.is_empty() {
                    self.long.extend_from_slice(&self.buffer[self.start..self.start + 1024]);
                }
                self.start = self.end;
            }
            if self.ended {
                let (from, to) = (self.start, self.end);
                self.start = self.end;
                let nothing = from == to && self.long.is_empty();
                return Ok((!nothing).then(|| self.bounded(from, to)));
            }
            looked -= self.compact();
            let got = read_some(&mut self.feed, &mut self.buffer[self.end..])?;
            self.ended = got == 0;
            self.end += got;
        }
    }

    fn bounded(&mut self, from: usize, to: usize) -> (usize, usize) {
        if !self.long.is_empty() {
            return (to, to);
        }
        if to - from > ROW_BYTES_MAX + 1 {
            self.long.extend_from_slice(&self.buffer[from..from + 1024]);
            return (to, to);
        }
        (from, to)
    }

    /// Moves what is unread to the front; returns by how much.
    fn compact(&mut self) -> usize {
        let moved = self.start;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= moved;
        self.start = 0;
        moved
    }
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn read_some(feed: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match feed.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Fills `buffer` as far as the stream goes; returns how far.
pub(crate) fn fill(feed: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut at = 0;
    while at < buffer.len() {
        let got = read_some(feed, &mut buffer[at..])?;
        if got == 0 {
            break;
        }
        at += got;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut lines = Lines::new(bytes);
        let mut out = Vec::new();
        loop {
            let text = match lines.next().expect("no I/O") {
                None => return out,
                Some(Line::Whole(line)) => String::from_utf8_lossy(line).into_owned(),
                Some(Line::TooLong(start)) => format!("LONG {}", start[0] as char),
            };
            out.push((lines.number(), text));
        }
    }

    fn check(bytes: &[u8], expect: &[&str]) {
        let found = all(bytes);
        let expect: Vec<(u64, String)> = (1..).zip(expect.iter().map(|line| (*line).to_owned())).collect();
        assert!(found == expect, "{} lines, {} expected", found.len(), expect.len());
    }

    #[test]
    fn ends_of_lines() {
        check(b"", &[]);
        check(b"a", &["a"]);
        check(b"a\n", &["a"]);
        check(b"a\r\nb\n\nc", &["a", "b", "", "c"]);
        check(b"\n", &[""]);
    }

    #[test]
    fn long_lines_are_passed_over() {
        let long = vec![b'x'; ROW_BYTES_MAX + 2];
        check(&[b"a\n", long.as_slice(), b"\nb\n"].concat(), &["a", "LONG x", "b"]);
        check(&[b"a\n", long.as_slice()].concat(), &["a", "LONG x"]);
        let huge = vec![b'y'; 3 * BUFFER_BYTES + 17];
        check(&[huge.as_slice(), b"\nb"].concat(), &["LONG y", "b"]);
        check(&[huge.as_slice(), b"\n", huge.as_slice(), b"\nc\n"].concat(), &["LONG y", "LONG y", "c"]);
    }

    #[test]
    fn many_lines_over_buffer_ends() {
        let lines: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
        let found = all(lines.join("\n").as_bytes());
        assert!(found.iter().map(|(_, line)| line).eq(lines.iter()));
    }
}
