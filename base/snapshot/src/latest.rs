//! The signed pointer that tells an edge which files are the newest: a few lines of text with a time.
//!
//! The files it names are signed themselves; what this signature adds is the time, so that nobody on the way can pass
//! off an old state as the present one for longer than the reader allows.

use crate::{
    OpenError, SigningKey, VerifyingKey,
    keys::{hex, parse_hex},
};
use sipar_model::{SnapshotSerial, TimestampMs};
use std::{fmt, str::FromStr};

/// Deltas that one pointer names: some 30 kB of text. Whoever is further behind asks again, or takes the whole file.
pub const DELTAS_TOLD_MAX: usize = 256;

/// Bytes of a pointer: `DELTAS_TOLD_MAX` lines of at most 136 bytes, and some room.
pub const LATEST_BYTES_MAX: usize = 64 << 10;

/// Bytes of a file that a pointer may name: 10 million names take about 0.5 GB (docs/benchmarks.md), and a country has fewer.
pub const FILE_BYTES_MAX: u64 = 16 << 30;

/// What the first line says.
const TITLE: &str = "sipar latest 1";

/// What is signed besides the text, so that the signature can mean nothing else.
const CONTEXT: &[u8] = b"sipar latest pointer, version 1\n";

/// The BLAKE3 hash of a file, which is also its name. Its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName([u8; 32]);

impl FileName {
    /// The name of a file with this content.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl From<blake3::Hash> for FileName {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for FileName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // One way of writing it: it is a key of caches.
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        parse_hex(text).filter(|_| lower).map(Self).ok_or(())
    }
}

/// A file by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Its name.
    pub name: FileName,
    /// Its length.
    pub bytes: u64,
}

/// What is the newest, and which files lead there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// When this was said.
    pub said_at: TimestampMs,
    /// The state that is in force.
    pub serial: SnapshotSerial,
    /// The newest whole file, and its serial.
    pub whole: Option<(SnapshotSerial, FileRef)>,
    /// Changes, each from one serial to the next, in order.
    pub deltas: Vec<(SnapshotSerial, SnapshotSerial, FileRef)>,
    /// The table of networks.
    pub networks: Option<FileRef>,
}

impl Latest {
    /// The text, signed.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let mut text = format!("{TITLE}\nsaid {}\nserial {}\n", self.said_at.0, self.serial);
        if let Some((serial, file)) = &self.whole {
            text.push_str(&format!("whole {serial} {} {}\n", file.name, file.bytes));
        }
        for (from, to, file) in self.deltas.iter().take(DELTAS_TOLD_MAX) {
            text.push_str(&format!("delta {from} {to} {} {}\n", file.name, file.bytes));
        }
        if let Some(file) = &self.networks {
            text.push_str(&format!("networks {} {}\n", file.name, file.bytes));
        }
        let signature = hex(&key.sign_in(CONTEXT, text.as_bytes()));
        text.push_str(&format!("signature {signature}\n"));
        text
    }

    /// Reads a text that `key` signed.
    ///
    /// # Errors
    /// When it is none, is too long, or is signed with another key.
    pub fn read(text: &[u8], key: &VerifyingKey) -> Result<Self, OpenError> {
        if text.len() > LATEST_BYTES_MAX {
            let (found, max) = (text.len() as u64, LATEST_BYTES_MAX as u64);
            return Err(OpenError::TooLarge { kind: "pointer", found, max });
        }
        let text = std::str::from_utf8(text).map_err(|_| OpenError::NotASnapshot)?;
        let (said, signature) = text.split_once("signature ").ok_or(OpenError::NotASnapshot)?;
        let signature = signature.strip_suffix('\n').and_then(parse_signature).ok_or(OpenError::BadSignature)?;
        if !key.verify_in(CONTEXT, said.as_bytes(), &signature) {
            return Err(OpenError::BadSignature);
        }
        Self::read_lines(said)
    }

    /// As [`read`](Self::read), for lines that nobody signed. For fuzzing.
    ///
    /// # Errors
    /// When they are none.
    pub fn read_lines(said: &str) -> Result<Self, OpenError> {
        let malformed = |reason| OpenError::Malformed { section: "pointer", reason };
        let mut lines = said.lines();
        if lines.next() != Some(TITLE) {
            return Err(malformed("it does not begin with the right line"));
        }
        let mut words = Words::new(lines.next());
        let said_at = words.word("said").and_then(|()| words.number()).map(TimestampMs);
        let said_at = said_at.filter(|_| words.end()).ok_or_else(|| malformed("its time cannot be read"))?;
        let mut words = Words::new(lines.next());
        let serial = words.word("serial").and_then(|()| words.number()).map(SnapshotSerial);
        let serial = serial.filter(|_| words.end()).ok_or_else(|| malformed("its serial cannot be read"))?;
        let mut latest = Self { said_at, serial, whole: None, deltas: Vec::new(), networks: None };
        for line in lines {
            latest.read_file(line).ok_or_else(|| malformed("a file in it cannot be read"))?;
        }
        let steps = latest.deltas.windows(2).all(|pair| pair[0].1 == pair[1].0);
        let forward = latest.deltas.iter().all(|(from, to, _)| from < to && *to <= serial);
        let beyond = latest.whole.is_some_and(|(whole, _)| whole > serial);
        if !steps || !forward || beyond {
            return Err(malformed("its files do not lead to its serial"));
        }
        Ok(latest)
    }

    fn read_file(&mut self, line: &str) -> Option<()> {
        let mut words = Words::new(Some(line));
        match words.next()? {
            "whole" if self.whole.is_none() => {
                self.whole = Some((SnapshotSerial(words.number()?), words.file()?));
            }
            "delta" if self.deltas.len() < DELTAS_TOLD_MAX => {
                let (from, to) = (SnapshotSerial(words.number()?), SnapshotSerial(words.number()?));
                self.deltas.push((from, to, words.file()?));
            }
            "networks" if self.networks.is_none() => self.networks = Some(words.file()?),
            _ => return None,
        }
        words.end().then_some(())
    }
}

/// The words of one line, each with one space before it.
struct Words<'a>(Option<&'a str>);

impl<'a> Words<'a> {
    const fn new(line: Option<&'a str>) -> Self {
        Self(line)
    }

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.take()?;
        let Some((word, rest)) = rest.split_once(' ') else { return Some(rest) };
        self.0 = Some(rest);
        Some(word)
    }

    fn word(&mut self, expect: &str) -> Option<()> {
        (self.next()? == expect).then_some(())
    }

    /// A number as it is written here: digits alone, no zero before them.
    fn number<N: FromStr + fmt::Display>(&mut self) -> Option<N> {
        let word = self.next()?;
        word.parse::<N>().ok().filter(|number| number.to_string() == word)
    }

    fn file(&mut self) -> Option<FileRef> {
        let name = self.next()?.parse().ok()?;
        let bytes = self.number().filter(|bytes| (1..=FILE_BYTES_MAX).contains(bytes))?;
        Some(FileRef { name, bytes })
    }

    const fn end(&self) -> bool {
        self.0.is_none()
    }
}

fn parse_signature(text: &str) -> Option<[u8; 64]> {
    let (first, second) = text.split_at_checked(64)?;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&parse_hex(first)?);
    signature[32..].copy_from_slice(&parse_hex(second)?);
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str) -> FileRef {
        FileRef { name: FileName::of(text.as_bytes()), bytes: 10 }
    }

    fn latest() -> Latest {
        let delta = |from, to| (SnapshotSerial(from), SnapshotSerial(to), file("delta"));
        Latest {
            said_at: TimestampMs(1_790_000_000_000),
            serial: SnapshotSerial(9),
            whole: Some((SnapshotSerial(7), file("whole"))),
            deltas: vec![delta(7, 8), delta(8, 9)],
            networks: Some(file("networks")),
        }
    }

    fn key() -> SigningKey {
        SigningKey::from_seed([3; 32]).expect("key")
    }

    #[test]
    fn what_is_signed_reads_back() {
        let bare = Latest { whole: None, deltas: Vec::new(), networks: None, ..latest() };
        for latest in [latest(), bare] {
            let text = latest.sign(&key());
            assert_eq!(Latest::read(text.as_bytes(), &key().verifying_key()).expect("pointer"), latest, "{text}");
        }
    }

    #[test]
    fn any_changed_byte_and_any_other_key_is_refused() {
        let text = latest().sign(&key());
        let other = SigningKey::from_seed([4; 32]).expect("key").verifying_key();
        assert!(Latest::read(text.as_bytes(), &other).is_err());
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(Latest::read(&bytes, &key().verifying_key()).is_err(), "byte {at} of {text}");
            assert!(Latest::read(&text.as_bytes()[..at], &key().verifying_key()).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn lines_that_make_no_sense_are_refused() {
        let hash = FileName::of(b"x");
        let head = "sipar latest 1\nsaid 5\nserial 9\n";
        assert!(Latest::read_lines(head).is_ok());
        for bad in [
            "",
            "sipar latest 2\nsaid 5\nserial 9\n",
            "sipar latest 1\nsaid 05\nserial 9\n",
            "sipar latest 1\nsaid 5 \nserial 9\n",
            "sipar latest 1\nserial 9\nsaid 5\n",
            &format!("{head}whole 10 {hash} 5\n"),
            &format!("{head}whole 9 {hash} 0\n"),
            &format!("{head}whole 9 {hash} 99999999999999\n"),
            &format!("{head}whole 9 {} 5\n", hash.to_string().to_uppercase()),
            &format!("{head}whole 9 {hash} 5\nwhole 9 {hash} 5\n"),
            &format!("{head}delta 3 3 {hash} 5\n"),
            &format!("{head}delta 3 10 {hash} 5\n"),
            &format!("{head}delta 3 4 {hash} 5\ndelta 5 6 {hash} 5\n"),
            &format!("{head}delta 3 4 ../../etc/passwd 5\n"),
            &format!("{head}rumour {hash} 5\n"),
            &format!("{head}networks {hash} 5 6\n"),
        ] {
            assert!(Latest::read_lines(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_crash(lines in proptest::collection::vec("(whole|delta|networks|said|x)( [0-9a-f]{0,70}){0,4}", 0..6)) {
            let text = format!("{TITLE}\nsaid 1\nserial 9\n{}\n", lines.join("\n"));
            if let Ok(latest) = Latest::read_lines(&text) {
                let again = latest.sign(&key());
                prop_assert_eq!(Latest::read(again.as_bytes(), &key().verifying_key()).expect("own text"), latest);
            }
        }
    }
}
