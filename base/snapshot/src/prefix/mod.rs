//! Networks of IPv4 or IPv6, found by an address inside them, the longest first.
//!
//! The networks are flattened into disjoint ranges, so that one search finds the longest network around an address;
//! each entry names the next one that also covers it, for when the longest has expired.

mod build;
mod ranges;

pub(crate) use build::{PrefixItem, PrefixPlan};
pub(crate) use ranges::{RangePlan, Ranges, flatten};

use crate::{
    OpenError,
    bytes::{Fields, u32_at, u128_at},
    container::{Container, SectionId},
    limits::{CHAIN_MAX, ENTRIES_MAX, WITHIN_MAX},
};
use sipar_model::{Prefix, address::fold};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

/// Bytes of an IPv4 address.
pub(crate) const V4: usize = 4;

/// Bytes of an IPv6 address.
pub(crate) const V6: usize = 16;

/// The sections of one address family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sections {
    pub(crate) meta: SectionId,
    pub(crate) index: SectionId,
    pub(crate) ranges: SectionId,
    pub(crate) entries: SectionId,
}

/// The sections of IPv4.
pub(crate) const IPV4: Sections = Sections {
    meta: SectionId::Ipv4Meta,
    index: SectionId::Ipv4Index,
    ranges: SectionId::Ipv4Ranges,
    entries: SectionId::Ipv4Entries,
};

/// The sections of IPv6.
pub(crate) const IPV6: Sections = Sections {
    meta: SectionId::Ipv6Meta,
    index: SectionId::Ipv6Index,
    ranges: SectionId::Ipv6Ranges,
    entries: SectionId::Ipv6Entries,
};

/// An address as a number of `W` bytes.
#[inline]
pub(crate) fn word_at<const W: usize>(bytes: &[u8], at: usize) -> Option<u128> {
    if W == V4 { u32_at(bytes, at).map(u128::from) } else { u128_at(bytes, at) }
}

/// Appends an address of `W` bytes.
pub(crate) fn push_word<const W: usize>(out: &mut Vec<u8>, word: u128) {
    out.extend_from_slice(&word.to_le_bytes()[..W]);
}

/// The highest address of `W` bytes.
pub(crate) const fn word_max<const W: usize>() -> u128 {
    u128::MAX >> (128 - 8 * W)
}

/// The last address of a network.
pub(crate) fn last_of<const W: usize>(start: u128, length: u8) -> u128 {
    let host_bits = (8 * W as u32).saturating_sub(u32::from(length));
    start | (1_u128.checked_shl(host_bits).unwrap_or(0).wrapping_sub(1) & word_max::<W>())
}

/// An address as a number, folded: an IPv4 address written as IPv6 is an IPv4 address.
#[inline]
pub(crate) fn word_of(address: IpAddr) -> (bool, u128) {
    match fold(address) {
        IpAddr::V4(v4) => (true, u128::from(v4.to_bits())),
        IpAddr::V6(v6) => (false, v6.to_bits()),
    }
}

/// The network that starts at a number.
pub(crate) fn network<const W: usize>(start: u128, length: u8) -> Option<Prefix> {
    let address = if W == V4 {
        IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(start).ok()?))
    } else {
        IpAddr::V6(Ipv6Addr::from_bits(start))
    };
    // An IPv6 start that would fold to IPv4 can only come from a malformed file.
    Prefix::containing(address, length).filter(|prefix| prefix.addr() == address)
}

/// A table of networks in an open file, `P` payload bytes each.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrefixTable<const W: usize, const P: usize> {
    ranges: Ranges<W>,
    count: u32,
    entries: Range<usize>,
}

/// One network as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a, const P: usize> {
    pub(crate) number: u32,
    pub(crate) start: u128,
    pub(crate) length: u8,
    pub(crate) payload: &'a [u8; P],
    parent: u32,
}

impl<const W: usize, const P: usize> PrefixTable<W, P> {
    /// An entry: where the network starts, the next one around it, its length, and the payload.
    const ENTRY_BYTES: usize = W + 4 + 1 + P;

    pub(crate) fn open(container: &Container, sections: &Sections) -> Result<Self, OpenError> {
        let mut meta = Fields(container.slice(sections.meta));
        if meta.0.is_empty() {
            return Ok(Self::default());
        }
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let ranges = Ranges::open(&mut meta, container, sections)?;
        let row = (|| Some((meta.u32()?, meta.u8()?)))();
        let (count, payload_bytes) = row.ok_or_else(|| malformed("it is too short"))?;
        let entries = container.section(sections.entries);
        let fits = usize::from(payload_bytes) == P
            && count as usize <= ENTRIES_MAX
            && entries.len() == count as usize * Self::ENTRY_BYTES;
        if fits { Ok(Self { ranges, count, entries }) } else { Err(malformed("the sections do not fit one another")) }
    }

    pub(crate) const fn entries(&self) -> u32 {
        self.count
    }

    /// The entry with this number.
    #[inline]
    pub(crate) fn entry<'a>(&self, file: &'a [u8], number: u32) -> Option<Entry<'a, P>> {
        if number >= self.count {
            return None;
        }
        let at = self.entries.start + number as usize * Self::ENTRY_BYTES;
        let row = file.get(at..at + Self::ENTRY_BYTES)?;
        Some(Entry {
            number,
            start: word_at::<W>(row, 0)?,
            parent: u32_at(row, W)?,
            length: *row.get(W + 4)?,
            payload: row.last_chunk()?,
        })
    }

    /// Every entry that covers an address, the longest network first,
    /// and among decisions on one network the preferred one first.
    #[inline]
    pub(crate) fn covering<'a>(&self, file: &'a [u8], address: u128) -> impl Iterator<Item = Entry<'a, P>> {
        let first = self.ranges.find(file, address).and_then(|number| self.entry(file, number));
        std::iter::successors(first, move |entry| self.around(file, entry)).take(CHAIN_MAX)
    }

    /// The next entry around one. Entries stand behind those around them, so this always ends.
    fn around<'a>(&self, file: &'a [u8], entry: &Entry<'a, P>) -> Option<Entry<'a, P>> {
        if entry.parent < entry.number { self.entry(file, entry.parent) } else { None }
    }

    /// Every entry on a network that starts here.
    pub(crate) fn starting_at<'a>(&self, file: &'a [u8], start: u128) -> impl Iterator<Item = Entry<'a, P>> {
        self.from(file, start).take(CHAIN_MAX).take_while(move |entry| entry.start == start)
    }

    /// Every entry that lies wholly inside these bounds.
    pub(crate) fn within<'a>(&self, file: &'a [u8], first: u128, last: u128) -> impl Iterator<Item = Entry<'a, P>> {
        self.from(file, first)
            .take(WITHIN_MAX)
            .take_while(move |entry| entry.start <= last)
            .filter(move |entry| last_of::<W>(entry.start, entry.length) <= last)
    }

    /// The entries that start at or behind an address. They stand in that order in the file.
    fn from<'a>(&self, file: &'a [u8], first: u128) -> impl Iterator<Item = Entry<'a, P>> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let starts_before = self.entry(file, middle).is_some_and(|entry| entry.start < first);
            if starts_before { low = middle + 1 } else { high = middle }
        }
        (low..self.count).map_while(move |number| self.entry(file, number))
    }
}
