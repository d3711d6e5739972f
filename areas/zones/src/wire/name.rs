//! Names on the wire: uncompressed, lower case, with their root label.

use super::HEADER_BYTES;
use std::fmt;

/// Bytes in a name (RFC 1035 §2.3.4).
pub const NAME_BYTES_MAX: usize = 255;

/// Bytes in a label.
const LABEL_BYTES_MAX: usize = 63;

/// Pointers followed in one name: each must point further back, and more than this no honest sender needs.
const POINTERS_MAX: usize = 16;

/// A name. INVARIANT: labels of 1 to 63 bytes, lower case, then the root label; at most 255 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// Reads `a.b.c` or `a.b.c.`; `.` is the root. `None` for anything that does not fit into a name.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split('.').filter(|_| !text.is_empty()) {
            let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'));
            if label.is_empty() || label.len() > LABEL_BYTES_MAX || !plain {
                return None;
            }
            wire.push(u8::try_from(label.len()).ok()?);
            wire.extend(label.bytes().map(|byte| byte.to_ascii_lowercase()));
        }
        wire.push(0);
        (wire.len() <= NAME_BYTES_MAX).then(|| Self(wire.into()))
    }

    /// Reads the name at `at` of a message, and where it ends there.
    #[must_use]
    pub fn read(message: &[u8], at: usize) -> Option<(Self, usize)> {
        let mut wire = Vec::with_capacity(32);
        let (mut place, mut end, mut pointers) = (at, None, 0);
        loop {
            let length = *message.get(place)?;
            match length {
                0 => {
                    wire.push(0);
                    let fits = wire.len() <= NAME_BYTES_MAX;
                    return fits.then(|| (Self(wire.into()), end.unwrap_or(place + 1)));
                }
                1..=63 => {
                    let label = message.get(place + 1..place + 1 + usize::from(length))?;
                    wire.push(length);
                    wire.extend(label.iter().map(u8::to_ascii_lowercase));
                    if wire.len() >= NAME_BYTES_MAX {
                        return None;
                    }
                    place += 1 + usize::from(length);
                }
                0xC0.. => {
                    let target = usize::from(u16::from_be_bytes([length & 0x3F, *message.get(place + 1)?]));
                    end.get_or_insert(place + 2);
                    pointers += 1;
                    // No name stands in the header (RFC 1035 §4.1.4: a pointer leads to a name further up).
                    if target < HEADER_BYTES || target >= place || pointers > POINTERS_MAX {
                        return None;
                    }
                    place = target;
                }
                _ => return None,
            }
        }
    }

    /// The bytes, with the root label.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// The labels, from left to right, without the root.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest: &[u8] = &self.0;
        std::iter::from_fn(move || {
            let length = usize::from(*rest.first()?);
            if length == 0 {
                return None;
            }
            // INVARIANT: a label lies within the name, and the root label ends it.
            let (label, next) = rest.get(1..)?.split_at_checked(length)?;
            rest = next;
            Some(label)
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for label in self.labels() {
            for byte in label {
                match byte {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
                    0x21..=0x7e => write!(f, "{}", char::from(*byte))?,
                    other => write!(f, "\\{other:03}")?,
                }
            }
            f.write_str(".")?;
        }
        if self.0.len() == 1 { f.write_str(".") } else { Ok(()) }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_names_and_come_back() {
        for (text, expect) in [("a.B", "a.b."), ("a.b.", "a.b."), (".", "."), ("", "."), ("*._x.y-z", "*._x.y-z.")] {
            assert_eq!(Name::from_text(text).map(|name| name.to_string()), Some(expect.into()), "{text}");
        }
        for bad in ["a..b", ".a", "a b", "ü", &"a".repeat(64), &"a.".repeat(128)] {
            assert_eq!(Name::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn compressed_names_are_read_and_loops_are_not() {
        let message = b"a header....\x03WWW\x07example\x00\x01a\xc0\x10\xc0\x1d\xc0\x1e\xc0\x02";
        let read = |at: usize| Name::read(message, at + 12).map(|(name, end)| (name.to_string(), end - 12));
        assert_eq!(read(0), Some(("www.example.".into(), 13)));
        assert_eq!(read(13), Some(("a.example.".into(), 17)));
        assert_eq!(read(17), None, "it points at itself");
        assert_eq!(read(19), None, "it points forwards");
        assert_eq!(read(21), None, "it points into the header");
        for cut in [&b""[..], b"\x03ww", b"\x40", b"\xc0", b"\x80x"] {
            assert_eq!(Name::read(cut, 0), None, "{cut:?}");
        }
    }
}
