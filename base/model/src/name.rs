//! Domain names in their one canonical form.
//!
//! Canonical: lower-case A-labels (UTS 46), no trailing dot, within the bounds of RFC 1035 §2.3.4.
//! Underscores and hyphens may stand anywhere, because the DNS answers for such names (RFC 2181 §11).
//! A single label (`com`, `localhost`) is a name: TLDs stand on warning lists.
//! [`crate::Observable::guess`] refuses it, and whoever decides must refuse to block it.
//! A name that ends in a number is none: `127.1` and `0x7f.1` are addresses in odd notation.

use crate::refang::refang;
use crate::text::{excerpt, written_as_text};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use std::fmt;

/// Characters in a name without its trailing dot: 255 octets on the wire less the first length and the root
/// (RFC 1035 §2.3.4).
pub const NAME_BYTES_MAX: usize = 253;

/// Characters in a label (RFC 1035 §2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;

/// Bytes of input that are looked at. 253 characters of punycode stand for some 240 code points of at most four bytes;
/// twice that leaves room for characters that UTS 46 drops, and bounds the work on hostile input.
const INPUT_BYTES_MAX: usize = 2_048;

/// Why a text is not a domain name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// Nothing there.
    #[error("the name is empty")]
    Empty,
    /// Over [`NAME_BYTES_MAX`].
    #[error("name `{name}` is longer than 253 characters (RFC 1035 §2.3.4)")]
    TooLong {
        /// The start of it.
        name: String,
    },
    /// A label over [`LABEL_BYTES_MAX`].
    #[error("name `{name}` has a label longer than 63 characters (RFC 1035 §2.3.4)")]
    LabelTooLong {
        /// The start of it.
        name: String,
    },
    /// Two dots side by side, or one in front.
    #[error("name `{name}` has an empty label; write one dot between labels and none in front")]
    EmptyLabel {
        /// The start of it.
        name: String,
    },
    /// A character that no name may have.
    #[error("name `{name}` has the character `{character}`; use letters, digits, hyphens, underscores and dots")]
    Character {
        /// The start of it.
        name: String,
        /// The first such character.
        character: String,
    },
    /// UTS 46 refuses it.
    #[error("name `{name}` is not a valid internationalised name (UTS 46)")]
    NotIdna {
        /// The start of it.
        name: String,
    },
    /// The last label is a number.
    #[error(
        "name `{name}` ends in a number, so programs read it as an address; list it as an address, in four decimals"
    )]
    EndsInNumber {
        /// The start of it.
        name: String,
    },
}

/// A canonical domain name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(Box<str>);

impl DomainName {
    /// Reads a name: any case, a trailing dot, U-labels or A-labels, defanged or not, with blanks around it.
    ///
    /// # Errors
    /// When the text is not a name. It never holds a port, a path or a wildcard.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim_ascii();
        match canonical_ascii(text.as_bytes(), Punycode::Refused) {
            Ok(name) => Ok(Self(name)),
            Err(Fault::Other) => parse_slowly(text),
            Err(fault) => Err(fault.explain(text)),
        }
    }

    /// A part of a canonical name that starts at a label is canonical.
    fn from_canonical(text: &str) -> Self {
        Self(text.into())
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The labels as written, from left to right; `.rev()` goes from the TLD down.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// How many labels there are: at least one, at most 127.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// The name without its first label; `None` for a single label.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, parent)| Self::from_canonical(parent))
    }

    /// The name, its parent, and so on up to its TLD.
    pub fn suffixes(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.as_str()), |name| name.split_once('.').map(|(_, parent)| parent))
    }

    /// Whether this is `ancestor` or stands under it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.strip_suffix(&*ancestor.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// The public suffix under which this name was, or could be, registered (publicsuffix.org, private part included).
    /// A TLD that the list does not know counts as one.
    #[must_use]
    pub fn public_suffix(&self) -> &str {
        psl::suffix_str(&self.0).unwrap_or(&self.0)
    }

    /// The public suffix and one label more: what somebody registered. `None` for a public suffix.
    #[must_use]
    pub fn registrable(&self) -> Option<&str> {
        psl::domain_str(&self.0)
    }

    /// Whether others register names directly under this one.
    #[must_use]
    pub fn is_public_suffix(&self) -> bool {
        self.suffix_kind().is_some()
    }

    /// As [`Self::is_public_suffix`], with who says so; `None` when this is no public suffix.
    #[must_use]
    pub fn suffix_kind(&self) -> Option<SuffixKind> {
        let suffix = psl::suffix(self.0.as_bytes())?;
        if suffix.as_bytes().len() != self.0.len() {
            return None;
        }
        Some(match suffix.typ() {
            Some(psl::Type::Icann) => SuffixKind::Icann,
            Some(psl::Type::Private) => SuffixKind::Private,
            None => SuffixKind::Unlisted,
        })
    }

    /// The name with its U-labels, for people. Never compare or store it.
    #[must_use]
    pub fn to_unicode(&self) -> String {
        let (name, valid) = Uts46::new().to_unicode(self.0.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow);
        if valid.is_ok() { name.into_owned() } else { self.0.to_string() }
    }
}

/// Who says that a name is a public suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuffixKind {
    /// A registry: `com`, `gov.pk`.
    Icann,
    /// A company that rents out names under its own: `github.io`.
    Private,
    /// Nobody: a TLD that the list does not know.
    Unlisted,
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for DomainName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

written_as_text!(DomainName, NameError, "a domain name");

/// Whether `xn--` labels may pass: they may once UTS 46 has seen them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Punycode {
    Refused,
    Checked,
}

/// Why the fast path stopped, without the cost of a message.
enum Fault {
    Empty,
    TooLong,
    LabelTooLong,
    EmptyLabel,
    EndsInNumber,
    /// A character outside the plain set, or an `xn--` label.
    Other,
}

impl Fault {
    fn explain(&self, text: &str) -> NameError {
        let name = excerpt(text);
        match self {
            Self::Empty => NameError::Empty,
            Self::TooLong => NameError::TooLong { name },
            Self::LabelTooLong => NameError::LabelTooLong { name },
            Self::EmptyLabel => NameError::EmptyLabel { name },
            Self::EndsInNumber => NameError::EndsInNumber { name },
            Self::Other => {
                let odd = text.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
                match odd {
                    Some(odd) => NameError::Character { name, character: excerpt(odd.encode_utf8(&mut [0; 4])) },
                    None => NameError::NotIdna { name },
                }
            }
        }
    }
}

/// Everything that is not plain ASCII goes through UTS 46, and what comes out through the plain check.
fn parse_slowly(text: &str) -> Result<DomainName, NameError> {
    if text.len() > INPUT_BYTES_MAX {
        return Err(Fault::TooLong.explain(text));
    }
    let plain = refang(text);
    let ascii = Uts46::new()
        .to_ascii(plain.as_bytes(), AsciiDenyList::EMPTY, Hyphens::Allow, DnsLength::Ignore)
        .map_err(|_| NameError::NotIdna { name: excerpt(text) })?;
    canonical_ascii(ascii.as_bytes(), Punycode::Checked).map(DomainName).map_err(|fault| match fault {
        Fault::Other => Fault::Other.explain(&ascii),
        fault => fault.explain(text),
    })
}

/// Lower case for what may stand in a label, [`DOT`] for the dot, [`ODD`] for the rest.
const PLAIN: [u8; 256] = {
    let mut table = [ODD; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == DOT {
            table[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};
const ODD: u8 = 0;
const DOT: u8 = b'.';

/// The canonical form of a name in plain ASCII.
/// Ingest parses half a million names a second on a core, so this reads each byte once and allocates once.
fn canonical_ascii(text: &[u8], punycode: Punycode) -> Result<Box<str>, Fault> {
    let text = text.strip_suffix(b".").unwrap_or(text);
    if text.is_empty() {
        return Err(Fault::Empty);
    }
    if text.len() > NAME_BYTES_MAX {
        // Not `TooLong` yet: U-labels and defanged dots are longer than what they stand for.
        let plain = text.iter().all(|byte| PLAIN[usize::from(*byte)] != ODD);
        return Err(if plain { Fault::TooLong } else { Fault::Other });
    }
    let mut lower = [0_u8; NAME_BYTES_MAX];
    let lower = &mut lower[..text.len()];
    let mut odd = false;
    for (to, from) in lower.iter_mut().zip(text) {
        *to = PLAIN[usize::from(*from)];
        odd |= *to == ODD;
    }
    if odd {
        return Err(Fault::Other);
    }
    let mut last: &[u8] = &[];
    for label in lower.split(|byte| *byte == DOT) {
        match label.len() {
            0 => return Err(Fault::EmptyLabel),
            1..=LABEL_BYTES_MAX => {}
            _ => return Err(Fault::LabelTooLong),
        }
        if punycode == Punycode::Refused && label.starts_with(b"xn--") {
            return Err(Fault::Other);
        }
        last = label;
    }
    if is_number(last) {
        return Err(Fault::EndsInNumber);
    }
    // INVARIANT: every byte came from `PLAIN`, so this is ASCII.
    Ok(str::from_utf8(lower).map_err(|_| Fault::Other)?.into())
}

/// Whether browsers would read a host with this last label as an IPv4 address (WHATWG URL, "ends in a number").
fn is_number(label: &[u8]) -> bool {
    match label.strip_prefix(b"0x") {
        Some(hex) => hex.iter().all(u8::is_ascii_hexdigit),
        None => label.iter().all(u8::is_ascii_digit),
    }
}
