//! Names as the DNS writes them (RFC 1035 §3.1): how they are split, hashed from the right, and stored.
//!
//! A stored name is one byte for a frequent ending (`com`, `co.uk`, `github.io`; 0 for none),
//! then the labels before that ending, each with its length in front, without the root.

use crate::{
    OpenError,
    bytes::Fields,
    container::SectionId,
    limits::{ENDINGS_MAX, LABELS_MAX, NAME_BYTES_MAX},
    mix,
    table::Keys,
};
use hashbrown::HashMap;
use sipar_model::DomainName;

/// The longest label (RFC 1035 §2.3.4); larger length bytes are compression pointers.
const LABEL_BYTES_MAX: u8 = 63;

/// Names looked at when endings are chosen: enough to see any that is worth a byte.
const SAMPLE_MAX: usize = 100_000;

/// The longest ending that is looked for, in labels: `s3.amazonaws.com`.
const ENDING_LABELS_MAX: usize = 3;

/// A name whose label starts are known.
pub(crate) struct WireName<'a> {
    /// Without the root label.
    bytes: &'a [u8],
    starts: [u8; LABELS_MAX + 1],
    labels: usize,
}

impl<'a> WireName<'a> {
    /// Splits a name that ends in the root label; what follows it is not looked at.
    /// `None` when it is compressed, too long, cut short, or the root itself.
    #[inline]
    pub(crate) fn split(wire: &'a [u8]) -> Option<Self> {
        let mut starts = [0; LABELS_MAX + 1];
        let mut labels = 0;
        let mut at = 0_usize;
        loop {
            let length = *wire.get(at)?;
            if length == 0 {
                break;
            }
            // The root label needs a place as well: hence the last start is at most 253.
            if length > LABEL_BYTES_MAX || labels == LABELS_MAX || at + usize::from(length) + 2 > NAME_BYTES_MAX {
                return None;
            }
            starts[labels] = at as u8;
            labels += 1;
            at += usize::from(length) + 1;
        }
        if labels == 0 { None } else { Some(Self { bytes: &wire[..at], starts, labels }) }
    }

    #[inline]
    pub(crate) const fn labels(&self) -> usize {
        self.labels
    }

    /// The last `depth` labels.
    #[inline]
    pub(crate) fn last(&self, depth: usize) -> &'a [u8] {
        let start = self.labels.checked_sub(depth).map_or(0, |first| usize::from(self.starts[first & LABELS_MAX]));
        self.bytes.get(start..).unwrap_or_default()
    }

    /// Mixes the label at this depth, counted from the right and from 1, into the state of those right of it.
    #[inline]
    pub(crate) fn absorb(&self, state: u64, depth: usize) -> u64 {
        let label = match self.last(depth).split_first() {
            Some((length, rest)) => rest.get(..usize::from(*length)).unwrap_or_default(),
            None => &[],
        };
        mix::absorb(state, label)
    }
}

/// The hash of a name without its root label: that of [`WireName::absorb`] from its last label to its first.
pub(crate) fn hash(seed: u64, name: &[u8]) -> u64 {
    let mut starts = [0_u8; LABELS_MAX + 1];
    let (mut labels, mut at) = (0, 0_usize);
    while let Some(length) = name.get(at) {
        if *length == 0 || *length > LABEL_BYTES_MAX || labels == LABELS_MAX || name.len() >= NAME_BYTES_MAX {
            return 0;
        }
        starts[labels] = at as u8;
        labels += 1;
        at += usize::from(*length) + 1;
    }
    if labels == 0 || at != name.len() {
        return 0;
    }
    mix::finish(starts[..labels].iter().rev().fold(seed, |state, start| {
        let label = &name[usize::from(*start)..];
        mix::absorb(state, &label[1..=usize::from(label[0])])
    }))
}

/// A canonical name on the wire, with the root label. Returns how many bytes it takes.
pub(crate) fn encode(name: &DomainName, out: &mut [u8; NAME_BYTES_MAX]) -> usize {
    let text = name.as_str().as_bytes();
    // A DomainName holds at most 253 characters in labels of at most 63: this always fits.
    out[1..=text.len()].copy_from_slice(text);
    let mut start = 0;
    for (at, _) in text.iter().enumerate().filter(|(_, letter)| **letter == b'.') {
        out[start] = (at - start) as u8;
        start = at + 1;
    }
    out[start] = (text.len() - start) as u8;
    out[text.len() + 1] = 0;
    text.len() + 2
}

/// How many labels a stored or pending name has, when it is well formed.
pub(crate) fn label_count(name: &[u8]) -> Option<usize> {
    let mut rest = name;
    let mut count = 0;
    while let Some((length, after)) = rest.split_first() {
        if *length == 0 || *length > LABEL_BYTES_MAX {
            return None;
        }
        rest = after.get(usize::from(*length)..)?;
        count += 1;
    }
    Some(count)
}

/// The text of a name without its root label.
pub(crate) fn text(name: &[u8]) -> Option<String> {
    label_count(name)?;
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((length, after)) = rest.split_first() {
        let (label, following) = after.split_at_checked(usize::from(*length))?;
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(std::str::from_utf8(label).ok()?);
        rest = following;
    }
    Some(text)
}

/// The endings that one byte stands for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endings {
    bytes: Vec<u8>,
    /// Where each ends; number `n` is written as the byte `n + 1`.
    ends: Vec<u16>,
}

impl Endings {
    /// Chooses the endings that save most bytes in these names, judged by an even sample.
    pub(crate) fn choose(names: &Keys) -> Self {
        let step = (names.len() as usize).div_ceil(SAMPLE_MAX).max(1);
        let mut uses: HashMap<&[u8], usize> = HashMap::new();
        for item in (0..names.len()).step_by(step) {
            for ending in endings_of(names.get(item)).0.into_iter().flatten() {
                *uses.entry(ending).or_default() += 1;
            }
        }
        // One use saves nothing: the ending itself has to be written somewhere.
        let mut ranked: Vec<(usize, &[u8])> = uses
            .into_iter()
            .filter(|(_, uses)| *uses > 1)
            .map(|(ending, uses)| (uses * ending.len(), ending))
            .collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        let mut chosen = Self::default();
        for (_, ending) in ranked.into_iter().take(ENDINGS_MAX) {
            chosen.push(ending);
        }
        chosen
    }

    /// All of them, each with its code.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u8, &[u8])> {
        (1..=u8::MAX).take(self.ends.len()).filter_map(|code| Some((code, self.get(code)?)))
    }

    fn push(&mut self, ending: &[u8]) {
        self.bytes.extend_from_slice(ending);
        self.ends.push(u16::try_from(self.bytes.len()).expect("255 endings of 254 bytes are below 2^16"));
    }

    /// The ending that a code stands for; the code 0 stands for none.
    #[inline]
    fn get(&self, code: u8) -> Option<&[u8]> {
        let Some(number) = usize::from(code).checked_sub(1) else { return Some(&[]) };
        let end = usize::from(*self.ends.get(number)?);
        let start = number.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]));
        self.bytes.get(start..end)
    }

    /// Whether a stored name is this one.
    #[inline]
    pub(crate) fn matches(&self, stored: &[u8], name: &[u8]) -> bool {
        let Some((code, front)) = stored.split_first() else { return false };
        let Some(ending) = self.get(*code) else { return false };
        match name.split_at_checked(front.len()) {
            Some((name_front, name_ending)) => name_front == front && name_ending == ending,
            None => false,
        }
    }

    /// A stored name, whole.
    pub(crate) fn expand(&self, stored: &[u8]) -> Option<Vec<u8>> {
        let (code, front) = stored.split_first()?;
        let whole = [front, self.get(*code)?].concat();
        if whole.len() < NAME_BYTES_MAX { Some(whole) } else { None }
    }

    /// The section that holds the endings.
    pub(crate) fn section(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut start = 0;
        for end in &self.ends {
            let ending = &self.bytes[start..usize::from(*end)];
            out.push(u8::try_from(ending.len()).expect("a name has at most 254 bytes"));
            out.extend_from_slice(ending);
            start = usize::from(*end);
        }
        out
    }

    /// Reads that section.
    pub(crate) fn read(section: &[u8]) -> Result<Self, OpenError> {
        let malformed = |reason| OpenError::Malformed { section: SectionId::NamesEndings.name(), reason };
        let mut fields = Fields(section);
        let mut endings = Self::default();
        while let Some(length) = fields.u8() {
            let ending = fields.bytes(usize::from(length)).ok_or_else(|| malformed("an ending is cut short"))?;
            if endings.ends.len() == ENDINGS_MAX || ending.len() >= NAME_BYTES_MAX || label_count(ending).is_none() {
                return Err(malformed("an ending is out of bounds"));
            }
            endings.push(ending);
        }
        Ok(endings)
    }
}

/// The last one, two and three labels of a name, and how many labels it has.
#[inline]
pub(crate) fn endings_of(name: &[u8]) -> ([Option<&[u8]>; ENDING_LABELS_MAX], u8) {
    let mut starts = [None; ENDING_LABELS_MAX];
    let (mut labels, mut at) = (0_u8, 0);
    while let Some(length) = name.get(at).filter(|_| usize::from(labels) < LABELS_MAX) {
        starts = [Some(at), starts[0], starts[1]];
        labels += 1;
        at += usize::from(*length) + 1;
    }
    (starts.map(|start| name.get(start?..)), labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(name: &str) -> Vec<u8> {
        let mut out = [0; NAME_BYTES_MAX];
        let length = encode(&DomainName::parse(name).unwrap(), &mut out);
        out[..length].to_vec()
    }

    #[test]
    fn a_malformed_name_is_not_split() {
        // RFC 1035 §2.3.4 and §4.1.4: lengths, and no compression inside a question.
        let long = [[63; 64].repeat(4), vec![0]].concat();
        let many = [[1, b'a'].repeat(128), vec![0]].concat();
        let cases: [&[u8]; 8] = [b"", b"\0", b"\x03ab", b"\x03abc", b"\x03abc\xc0\x0c", b"\x40a", &long, &many];
        for bytes in cases {
            assert!(WireName::split(bytes).is_none(), "{bytes:?}");
        }
        let most = [[1, b'a'].repeat(127), vec![0]].concat();
        assert_eq!(WireName::split(&most).unwrap().labels(), 127);
    }

    #[test]
    fn the_hash_from_the_right_is_the_hash_of_each_ending() {
        let name = wire("a.login.bank.example.co.uk");
        let split = WireName::split(&name).unwrap();
        let mut state = 9;
        for depth in 1..=split.labels() {
            state = split.absorb(state, depth);
            assert_eq!(mix::finish(state), hash(9, split.last(depth)));
        }
    }

    #[test]
    fn malformed_endings_are_refused() {
        for section in [&b"\x05ab"[..], b"\x02\x05a", b"\x01\0"] {
            assert!(Endings::read(section).is_err(), "{section:?}");
        }
    }
}
