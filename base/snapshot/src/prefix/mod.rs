//! Networks of IPv4 or IPv6, found by an address inside them, the longest first.
//!
//! They stand in order of their first address, wider ones first. Of all that cover an address, the last one that starts
//! at or before it is either the longest, or lies beside the address inside the longest: so one search finds the place,
//! and from there the way leads outwards, from each network to the next one around it. Only those that do lie inside
//! another have such a link.
//!
//! Files of the format's first version hold the networks flattened into disjoint ranges beside the entries, and a link
//! in every entry. They are read still.

mod build;
mod index;
mod ranges;

pub(crate) use build::{PrefixItem, PrefixPlan};
pub(crate) use ranges::{RangePlan, Ranges, flatten};

use crate::{
    OpenError,
    bytes::{Fields, touch, u32_at, u128_at},
    container::{Container, SectionId, VERSION_FIRST},
    limits::{CHAIN_MAX, ENTRIES_MAX, WITHIN_MAX},
};
use sipar_model::{Prefix, address::fold};
use std::{
    cmp::Ordering,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::Range,
};

use index::Index;

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
    pub(crate) around: SectionId,
}

/// The sections of IPv4.
pub(crate) const IPV4: Sections = Sections {
    meta: SectionId::Ipv4Meta,
    index: SectionId::Ipv4Index,
    ranges: SectionId::Ipv4Ranges,
    entries: SectionId::Ipv4Entries,
    around: SectionId::Ipv4Around,
};

/// The sections of IPv6.
pub(crate) const IPV6: Sections = Sections {
    meta: SectionId::Ipv6Meta,
    index: SectionId::Ipv6Index,
    ranges: SectionId::Ipv6Ranges,
    entries: SectionId::Ipv6Entries,
    around: SectionId::Ipv6Around,
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

/// In an entry's byte of width, what is added to the length of a network that lies inside another. Lengths of 0 and 1
/// have no room for it.
const INSIDE: u8 = 127;

/// The byte that tells how long a network is, and whether it lies inside another.
const fn width_byte(length: u8, inside: bool) -> u8 {
    if inside && length > 1 { length + INSIDE } else { length }
}

/// The length of a network, and whether it may lie inside another.
#[inline]
const fn width_of(byte: u8) -> (u8, bool) {
    if byte > INSIDE + 1 { (byte - INSIDE, true) } else { (byte, byte <= 1) }
}

/// A table of networks in an open file, `P` payload bytes each.
#[derive(Clone, Debug, Default)]
pub(crate) struct PrefixTable<const W: usize, const P: usize> {
    index: Index<W>,
    count: u32,
    entries: Range<usize>,
    /// For each network that lies inside another: its number, and the other's.
    around: Range<usize>,
    /// In files of the first version, which network an address belongs to.
    ranges: Option<Ranges<W>>,
}

/// One network as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a, const P: usize> {
    pub(crate) number: u32,
    pub(crate) start: u128,
    pub(crate) length: u8,
    pub(crate) payload: &'a [u8; P],
    around: Around,
}

/// How to find the next network around one.
#[derive(Clone, Copy, Debug)]
enum Around {
    Nobody,
    Listed,
    Number(u32),
}

impl<const W: usize, const P: usize> PrefixTable<W, P> {
    /// An entry: where the network starts, its length, and the payload.
    const ENTRY_BYTES: usize = W + 1 + P;

    /// In the first version the number of the next one around it stands behind the start.
    const FIRST_ENTRY_BYTES: usize = W + 4 + 1 + P;

    /// A network's number, and that of the next one around it.
    const AROUND_BYTES: usize = 8;

    pub(crate) fn open(container: &Container, sections: &Sections) -> Result<Self, OpenError> {
        let mut meta = Fields(container.slice(sections.meta));
        if meta.0.is_empty() {
            return Ok(Self::default());
        }
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let short = || malformed("it is too short");
        let mut table = Self { entries: container.section(sections.entries), ..Self::default() };
        let entry_bytes = if container.version() == VERSION_FIRST {
            table.ranges = Some(Ranges::open(&mut meta, container, sections)?);
            table.count = meta.u32().ok_or_else(short)?;
            Self::FIRST_ENTRY_BYTES
        } else {
            table.count = meta.u32().ok_or_else(short)?;
            table.index = Index::open(&mut meta, container, sections)?;
            table.around = container.section(sections.around);
            Self::ENTRY_BYTES
        };
        let payload_bytes = meta.u8().ok_or_else(short)?;
        let fits = usize::from(payload_bytes) == P
            && table.count as usize <= ENTRIES_MAX
            && table.entries.len() == table.count as usize * entry_bytes
            && table.around.len().is_multiple_of(Self::AROUND_BYTES);
        if fits { Ok(table) } else { Err(malformed("the sections do not fit one another")) }
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
        if self.ranges.is_some() {
            return self.first_entry(file, number);
        }
        let at = self.entries.start + number as usize * Self::ENTRY_BYTES;
        let row = file.get(at..at + Self::ENTRY_BYTES)?;
        let (length, inside) = width_of(*row.get(W)?);
        let around = if inside { Around::Listed } else { Around::Nobody };
        Some(Entry { number, start: word_at::<W>(row, 0)?, length, payload: row.last_chunk()?, around })
    }

    fn first_entry<'a>(&self, file: &'a [u8], number: u32) -> Option<Entry<'a, P>> {
        let at = self.entries.start + number as usize * Self::FIRST_ENTRY_BYTES;
        let row = file.get(at..at + Self::FIRST_ENTRY_BYTES)?;
        Some(Entry {
            number,
            start: word_at::<W>(row, 0)?,
            length: *row.get(W + 4)?,
            payload: row.last_chunk()?,
            around: Around::Number(u32_at(row, W)?),
        })
    }

    /// Every entry that covers an address, the longest network first,
    /// and among decisions on one network the preferred one first.
    #[inline]
    pub(crate) fn covering<'a>(&self, file: &'a [u8], address: u128) -> impl Iterator<Item = Entry<'a, P>> {
        let first = self.before(file, address).and_then(|number| self.entry(file, number));
        std::iter::successors(first, move |entry| self.around(file, entry))
            .take(CHAIN_MAX)
            .filter(move |entry| last_of::<W>(entry.start, entry.length) >= address)
    }

    /// The last entry that starts at or before an address; in the first version, the longest around it.
    #[inline]
    fn before(&self, file: &[u8], address: u128) -> Option<u32> {
        match &self.ranges {
            Some(ranges) => ranges.find(file, address),
            None => {
                let place = self.index.find(file, file.get(self.entries.clone())?, Self::ENTRY_BYTES, address)?;
                u32::try_from(place).ok()
            }
        }
    }

    /// The next entry around one. Entries stand behind those around them, so this always ends.
    #[inline]
    fn around<'a>(&self, file: &'a [u8], entry: &Entry<'a, P>) -> Option<Entry<'a, P>> {
        let number = match entry.around {
            Around::Nobody => return None,
            Around::Number(number) => number,
            Around::Listed => self.listed_around(file, entry.number)?,
        };
        if number < entry.number { self.entry(file, number) } else { None }
    }

    fn listed_around(&self, file: &[u8], number: u32) -> Option<u32> {
        let rows = file.get(self.around.clone())?;
        let (mut low, mut high) = (0, rows.len() / Self::AROUND_BYTES);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = u32_at(rows, middle * Self::AROUND_BYTES)?;
            match found.cmp(&number) {
                Ordering::Equal => return u32_at(rows, middle * Self::AROUND_BYTES + 4),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Brings what look-ups of these addresses will read into the processor's caches: where the index tells of them
    /// together, and then the rows that each may compare, the first and the last.
    pub(crate) fn warm(&self, file: &[u8], addresses: &[u128]) {
        touch(file, addresses.iter().filter_map(|address| self.index.place(*address)));
        touch(file, addresses.iter().filter_map(|address| self.rows_place(file, *address)).flatten());
    }

    #[inline]
    fn rows_place(&self, file: &[u8], address: u128) -> Option<[usize; 2]> {
        let (first, end) = Index::<W>::bucket(file, self.index.place(address)?)?;
        let at = |number: usize| self.entries.start + number.min(self.count as usize) * Self::ENTRY_BYTES;
        Some([at(first), at(end).saturating_sub(1)])
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
        let low = match (&self.ranges, first.checked_sub(1)) {
            (None, Some(before)) => self.before(file, before).map_or(0, |last_before| last_before + 1),
            _ => self.search(file, first),
        };
        (low..self.count).map_while(move |number| self.entry(file, number))
    }

    /// The number of the first entry that starts at or behind an address, found without the index.
    fn search(&self, file: &[u8], first: u128) -> u32 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let starts_before = self.entry(file, middle).is_some_and(|entry| entry.start < first);
            if starts_before { low = middle + 1 } else { high = middle }
        }
        low
    }
}
