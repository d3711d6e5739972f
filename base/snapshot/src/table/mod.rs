//! Keys of any length with a small fixed payload each, found by hash and confirmed by comparing the key.
//!
//! A hash picks a line of 64 bytes. It holds, for up to 18 entries, 16 bits of each hash and the length of each key,
//! and says where their records start. So a miss costs one memory access and no look at a record, and a hit two.
//! Entries that find their line full stand in the next, and the line says so.

mod build;

pub(crate) use build::{Keys, Layout, Shape, build};

use crate::{
    OpenError,
    bytes::{Fields, touch, u16_at, u32_at},
    container::{Container, SectionId},
    limits::{ENTRIES_MAX, SPILL_LINES_MAX},
};
use std::ops::Range;

/// Bytes in a line: a cache line.
pub(crate) const LINE_BYTES: usize = 64;

/// Bytes in front of a line's tags: the number of its first entry, where that one's record starts,
/// how many entries there are, and whether more of them stand in the next line.
const FRONT_BYTES: usize = 10;

/// The bytes of a line that tags and lengths share.
const SLOT_SPACE: usize = LINE_BYTES - FRONT_BYTES;

/// Of each hundred places in lines, so many are filled.
/// Fuller lines spill more often; at 72 one in twenty does, and a name costs 5 bytes of lines.
const FILL_PERCENT: usize = 72;

/// The sections of one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sections {
    pub(crate) name: &'static str,
    pub(crate) width: LengthWidth,
    pub(crate) meta: SectionId,
    pub(crate) lines: SectionId,
    pub(crate) records: SectionId,
}

/// The table of names.
pub(crate) const NAMES: Sections = Sections {
    name: "names",
    width: LengthWidth::Byte,
    meta: SectionId::NamesMeta,
    lines: SectionId::NamesLines,
    records: SectionId::NamesRecords,
};

/// The table of URLs.
pub(crate) const URLS: Sections = Sections {
    name: "urls",
    width: LengthWidth::Two,
    meta: SectionId::UrlsMeta,
    lines: SectionId::UrlsLines,
    records: SectionId::UrlsRecords,
};

/// The table of file hashes.
pub(crate) const FILES: Sections = Sections {
    name: "files",
    width: LengthWidth::Byte,
    meta: SectionId::FilesMeta,
    lines: SectionId::FilesLines,
    records: SectionId::FilesRecords,
};

/// The table of mail senders.
pub(crate) const MAILS: Sections = Sections {
    name: "mails",
    width: LengthWidth::Two,
    meta: SectionId::MailsMeta,
    lines: SectionId::MailsLines,
    records: SectionId::MailsRecords,
};

/// The table of name servers.
pub(crate) const SERVERS: Sections = Sections {
    name: "servers",
    width: LengthWidth::Byte,
    meta: SectionId::ServersMeta,
    lines: SectionId::ServersLines,
    records: SectionId::ServersRecords,
};

/// How wide the lengths of keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthWidth {
    /// One byte: names and digests, at most 255.
    Byte,
    /// Two bytes: URLs and addresses.
    Two,
}

impl LengthWidth {
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Two => 2,
        }
    }

    /// How many entries a line holds.
    pub(crate) const fn slots(self) -> usize {
        SLOT_SPACE / (2 + self.bytes())
    }
}

/// A table in an open file. `P` is the number of payload bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table<const P: usize> {
    entries: u32,
    buckets: u32,
    seed: u64,
    wide: bool,
    lines: Range<usize>,
    records: Range<usize>,
}

/// One entry as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a, const P: usize> {
    pub(crate) entry: u32,
    pub(crate) key: &'a [u8],
    pub(crate) payload: &'a [u8; P],
}

/// One line as it stands in the file.
#[derive(Clone, Copy)]
struct Line<'a> {
    bytes: &'a [u8; LINE_BYTES],
    first: u32,
    offset: u32,
    count: usize,
    spilled: bool,
}

impl<const P: usize> Table<P> {
    /// Finds the table in a file, and holds the sizes of its sections against one another.
    /// Returns what follows in its meta section as well. A table without entries has no sections.
    pub(crate) fn open<'a>(container: &'a Container, sections: &Sections) -> Result<(Self, Fields<'a>), OpenError> {
        let mut meta = Fields(container.slice(sections.meta));
        if meta.0.is_empty() {
            return Ok((Self::default(), meta));
        }
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let row = (|| Some((meta.u32()?, meta.u32()?, meta.u64()?, meta.u8()?, meta.u8()?)))();
        let (entries, buckets, seed, payload_bytes, width_bytes) = row.ok_or_else(|| malformed("it is too short"))?;
        let (lines, records) = (container.section(sections.lines), container.section(sections.records));
        let table = Self { entries, buckets, seed, wide: sections.width == LengthWidth::Two, lines, records };
        if entries == 0 || entries as usize > ENTRIES_MAX || buckets == 0 || buckets > entries {
            return Err(malformed("a count is out of bounds"));
        }
        // The last bucket may spill, so that there are some lines more than buckets.
        let spare = table.lines.len().checked_sub(buckets as usize * LINE_BYTES);
        let fits = usize::from(payload_bytes) == P
            && usize::from(width_bytes) == sections.width.bytes()
            && spare.is_some_and(|spare| spare % LINE_BYTES == 0 && spare <= SPILL_LINES_MAX * LINE_BYTES);
        if fits { Ok((table, meta)) } else { Err(malformed("the sections do not fit one another")) }
    }

    pub(crate) const fn entries(&self) -> u32 {
        self.entries
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Calls `visit` with each entry whose hash agrees, as far as it is stored. The caller compares the key.
    #[inline]
    pub(crate) fn probe<'a>(&self, file: &'a [u8], hash: u64, mut visit: impl FnMut(Record<'a, P>)) {
        if self.buckets == 0 {
            return;
        }
        let bucket = bucket_of(hash, self.buckets) as usize;
        let tag = tag_of(hash);
        for number in bucket..=bucket + SPILL_LINES_MAX {
            let Some(line) = self.line(file, number) else { return };
            let mut equal = line.equal(tag);
            while equal != 0 {
                if let Some(record) = self.in_line(file, &line, equal.trailing_zeros() as usize) {
                    visit(record);
                }
                equal &= equal - 1;
            }
            if !line.spilled {
                return;
            }
        }
    }

    /// Brings what look-ups of these hashes will read into the processor's caches: their lines together, and then their
    /// records together.
    pub(crate) fn warm(&self, file: &[u8], hashes: &[u64]) {
        if self.buckets > 0 {
            touch(file, hashes.iter().map(|hash| self.line_place(*hash)));
            touch(file, hashes.iter().filter_map(|hash| self.record_place(file, *hash)));
        }
    }

    /// Where in the file a look-up of this hash starts to read.
    #[inline]
    fn line_place(&self, hash: u64) -> usize {
        self.lines.start + bucket_of(hash, self.buckets) as usize * LINE_BYTES
    }

    /// Where in the file it reads next, when its line holds an equal tag.
    #[inline]
    fn record_place(&self, file: &[u8], hash: u64) -> Option<usize> {
        let line = self.line(file, bucket_of(hash, self.buckets) as usize)?;
        let equal = line.equal(tag_of(hash));
        if equal == 0 {
            return None;
        }
        // Of several equal tags all but one are chance; the first one's record is as good a guess as any.
        self.offset_in_line(&line, equal.trailing_zeros() as usize).map(|(at, _)| self.records.start + at)
    }

    /// The entry with this number.
    pub(crate) fn entry<'a>(&self, file: &'a [u8], entry: u32) -> Option<Record<'a, P>> {
        if entry >= self.entries {
            return None;
        }
        // The last line that starts at or before the entry; empty ones before it start at the same number.
        let (mut low, mut high) = (0, self.lines.len() / LINE_BYTES);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let first = self.line(file, middle)?.first;
            if first <= entry { low = middle } else { high = middle }
        }
        let line = self.line(file, low)?;
        let position = entry.checked_sub(line.first)? as usize;
        if position < line.count { self.in_line(file, &line, position) } else { None }
    }

    #[inline]
    fn line<'a>(&self, file: &'a [u8], number: usize) -> Option<Line<'a>> {
        let lines = file.get(self.lines.clone())?;
        let bytes: &[u8; LINE_BYTES] = lines.get(number * LINE_BYTES..)?.first_chunk()?;
        let line = Line {
            bytes,
            first: u32_at(bytes, 0)?,
            offset: u32_at(bytes, 4)?,
            count: usize::from(bytes[8]),
            spilled: bytes[9] != 0,
        };
        let slots = if self.wide { LengthWidth::Two.slots() } else { LengthWidth::Byte.slots() };
        if line.count <= slots { Some(line) } else { None }
    }

    /// Where among the records the one at this position of a line starts, and how long its key is.
    #[inline]
    fn offset_in_line(&self, line: &Line<'_>, position: usize) -> Option<(usize, usize)> {
        let (before, length) = if self.wide {
            const LENGTHS: usize = FRONT_BYTES + 2 * LengthWidth::Two.slots();
            let length = |number: usize| u16_at(line.bytes, LENGTHS + number * 2).map_or(0, usize::from);
            ((0..position).map(length).sum::<usize>(), length(position))
        } else {
            const LENGTHS: usize = FRONT_BYTES + 2 * LengthWidth::Byte.slots();
            let (earlier, from) = line.bytes[LENGTHS..].split_at_checked(position)?;
            (earlier.iter().map(|length| usize::from(*length)).sum(), usize::from(*from.first()?))
        };
        Some((line.offset as usize + before + position * P, length))
    }

    #[inline]
    fn in_line<'a>(&self, file: &'a [u8], line: &Line<'a>, position: usize) -> Option<Record<'a, P>> {
        let (at, length) = self.offset_in_line(line, position)?;
        let entry = line.first.checked_add(position as u32).filter(|entry| *entry < self.entries)?;
        let records = file.get(self.records.clone())?;
        let record = records.get(at..at + length + P)?;
        let (key, payload) = record.split_last_chunk::<P>()?;
        Some(Record { entry, key, payload })
    }
}

impl Line<'_> {
    /// A bit for each entry whose tag is this one.
    #[inline]
    fn equal(&self, tag: u16) -> u32 {
        const SLOTS: usize = LengthWidth::Byte.slots();
        let tags = &self.bytes[FRONT_BYTES..FRONT_BYTES + 2 * SLOTS];
        let mut equal = 0;
        for (slot, stored) in tags.chunks_exact(2).enumerate() {
            equal |= u32::from(u16::from_le_bytes([stored[0], stored[1]]) == tag) << slot;
        }
        // Behind the last entry stand zeros, and in a line of wide lengths those lengths.
        equal & ((1 << self.count) - 1)
    }
}

/// Which bucket a hash falls into. Monotone, so that entries sorted by hash are sorted by bucket.
#[inline]
pub(crate) const fn bucket_of(hash: u64, buckets: u32) -> u32 {
    (((hash >> 32) * buckets as u64) >> 32) as u32
}

/// What is stored of a hash: bits that the bucket does not depend on.
#[inline]
pub(crate) const fn tag_of(hash: u64) -> u16 {
    hash as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equal_tags_are_those_that_looking_at_each_finds(
            tags in prop::collection::vec(0_u16..9, 0..=LengthWidth::Byte.slots()),
            tag in 0_u16..9,
        ) {
            let mut bytes = [0; LINE_BYTES];
            for (slot, tag) in tags.iter().enumerate() {
                bytes[FRONT_BYTES + slot * 2..][..2].copy_from_slice(&tag.to_le_bytes());
            }
            let line = Line { bytes: &bytes, first: 0, offset: 0, count: tags.len(), spilled: false };
            for slot in 0..32 {
                prop_assert_eq!(line.equal(tag) >> slot & 1 == 1, tags.get(slot) == Some(&tag));
            }
        }

        #[test]
        fn a_larger_hash_never_falls_into_a_smaller_bucket(a: u64, b: u64, buckets in 1_u32..) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(bucket_of(low, buckets) <= bucket_of(high, buckets));
            prop_assert!(bucket_of(high, buckets) < buckets);
        }
    }
}
