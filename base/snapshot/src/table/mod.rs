//! Keys of any length with a small fixed payload each, found by hash and confirmed by comparing the key.
//!
//! A hash picks a bucket of about ten entries. The bucket's row says where its entries start and where their
//! records do; 16-bit tags, side by side, tell which entries are worth reading. So a miss costs two memory
//! accesses and no look at a record, and a hit costs two more: the lengths, and the record itself.

mod build;

pub(crate) use build::{Crowded, Keys, Layout, Slot, lay_out, seed_of, sorted};

use crate::{
    OpenError,
    bytes::{Fields, u16_at, u32_at, u64_at},
    container::{Container, SectionId},
    limits::{BUCKET_ENTRIES_MAX, ENTRIES_MAX},
};
use std::ops::Range;

/// Bytes in the row of one bucket: the number of its first entry, and where that entry's record starts.
pub(crate) const ROW_BYTES: usize = 8;

/// Entries that a bucket is meant to hold.
/// Measured with `lookup_cost`: 8 and 12 are no faster, and rows cost 8/10 byte an entry.
pub(crate) const BUCKET_ENTRIES: usize = 10;

/// The sections of one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sections {
    pub(crate) name: &'static str,
    pub(crate) width: LengthWidth,
    pub(crate) meta: SectionId,
    pub(crate) index: SectionId,
    pub(crate) tags: SectionId,
    pub(crate) lengths: SectionId,
    pub(crate) records: SectionId,
}

/// The table of names.
pub(crate) const NAMES: Sections = Sections {
    name: "names",
    width: LengthWidth::Byte,
    meta: SectionId::NamesMeta,
    index: SectionId::NamesIndex,
    tags: SectionId::NamesTags,
    lengths: SectionId::NamesLengths,
    records: SectionId::NamesRecords,
};

/// The table of URLs.
pub(crate) const URLS: Sections = Sections {
    name: "urls",
    width: LengthWidth::Two,
    meta: SectionId::UrlsMeta,
    index: SectionId::UrlsIndex,
    tags: SectionId::UrlsTags,
    lengths: SectionId::UrlsLengths,
    records: SectionId::UrlsRecords,
};

/// The table of file hashes.
pub(crate) const FILES: Sections = Sections {
    name: "files",
    width: LengthWidth::Byte,
    meta: SectionId::FilesMeta,
    index: SectionId::FilesIndex,
    tags: SectionId::FilesTags,
    lengths: SectionId::FilesLengths,
    records: SectionId::FilesRecords,
};

/// The table of mail senders.
pub(crate) const MAILS: Sections = Sections {
    name: "mails",
    width: LengthWidth::Two,
    meta: SectionId::MailsMeta,
    index: SectionId::MailsIndex,
    tags: SectionId::MailsTags,
    lengths: SectionId::MailsLengths,
    records: SectionId::MailsRecords,
};

/// How wide the numbers in the lengths section are.
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
}

/// A table in an open file. `P` is the number of payload bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table<const P: usize> {
    entries: u32,
    buckets: u32,
    seed: u64,
    wide: bool,
    index: Range<usize>,
    tags: Range<usize>,
    lengths: Range<usize>,
    records: Range<usize>,
}

/// One entry as it stands in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a, const P: usize> {
    pub(crate) entry: u32,
    pub(crate) key: &'a [u8],
    pub(crate) payload: &'a [u8; P],
}

impl<const P: usize> Table<P> {
    /// Finds the table in a file, and holds the sizes of its sections against one another.
    /// Returns what follows in its meta section as well. A table without entries has no sections.
    pub(crate) fn open<'a>(container: &'a Container, sections: &Sections) -> Result<(Self, Fields<'a>), OpenError> {
        let width = sections.width;
        let mut meta = Fields(container.slice(sections.meta));
        if meta.0.is_empty() {
            return Ok((Self::default(), meta));
        }
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let row = (|| Some((meta.u32()?, meta.u32()?, meta.u64()?, meta.u8()?, meta.u8()?)))();
        let (entries, buckets, seed, payload_bytes, width_bytes) = row.ok_or_else(|| malformed("it is too short"))?;
        let table = Self {
            entries,
            buckets,
            seed,
            wide: width == LengthWidth::Two,
            index: container.section(sections.index),
            tags: container.section(sections.tags),
            lengths: container.section(sections.lengths),
            records: container.section(sections.records),
        };
        let count = entries as usize;
        if count == 0 || count > ENTRIES_MAX || buckets == 0 || buckets > entries {
            return Err(malformed("a count is out of bounds"));
        }
        let fits = usize::from(payload_bytes) == P
            && usize::from(width_bytes) == width.bytes()
            && table.index.len() == (buckets as usize + 1) * ROW_BYTES
            && table.tags.len() == count * 2
            && table.lengths.len() == count * width.bytes();
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
        let bucket = bucket_of(hash, self.buckets);
        let Some((first, offset, count)) = self.row(file, bucket) else { return };
        let from = self.tags.start + first as usize * 2;
        let Some(tags) = file.get(from..from + count * 2) else { return };
        let tag = tag_of(hash);
        if !any_equal(tags, tag) {
            return;
        }
        for (position, stored) in tags.chunks_exact(2).enumerate() {
            if stored == tag.to_le_bytes() {
                if let Some(record) = self.in_bucket(file, first, offset, position) {
                    visit(record);
                }
            }
        }
    }

    /// The entry with this number.
    pub(crate) fn entry<'a>(&self, file: &'a [u8], entry: u32) -> Option<Record<'a, P>> {
        if entry >= self.entries {
            return None;
        }
        // The last bucket that starts at or before the entry; empty ones before it start at the same number.
        let (mut low, mut high) = (0, self.buckets);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            let first = u32_at(file, self.index.start + middle as usize * ROW_BYTES)?;
            if first <= entry { low = middle } else { high = middle }
        }
        let (first, offset, count) = self.row(file, low)?;
        let position = entry.checked_sub(first)? as usize;
        if position < count { self.in_bucket(file, first, offset, position) } else { None }
    }

    /// The first entry of a bucket, where its record starts, and how many entries there are.
    #[inline]
    fn row(&self, file: &[u8], bucket: u32) -> Option<(u32, u32, usize)> {
        let at = self.index.start + bucket as usize * ROW_BYTES;
        let row: &[u8; 12] = file.get(at..)?.first_chunk()?;
        let first = u32_at(row, 0)?;
        let next = u32_at(row, 8)?;
        let count = next.checked_sub(first)? as usize;
        let sound = next <= self.entries && count <= BUCKET_ENTRIES_MAX;
        if sound { Some((first, u32_at(row, 4)?, count)) } else { None }
    }

    fn in_bucket<'a>(&self, file: &'a [u8], first: u32, offset: u32, position: usize) -> Option<Record<'a, P>> {
        let (before, length) = if self.wide {
            let from = self.lengths.start + first as usize * 2;
            let lengths = file.get(from..from + (position + 1) * 2)?;
            let before = lengths.chunks_exact(2).take(position).filter_map(|two| u16_at(two, 0)).map(usize::from).sum();
            (before, usize::from(u16_at(lengths, position * 2)?))
        } else {
            let from = self.lengths.start + first as usize;
            let lengths = file.get(from..=from + position)?;
            let (last, earlier) = lengths.split_last()?;
            (earlier.iter().map(|length| usize::from(*length)).sum::<usize>(), usize::from(*last))
        };
        let at = offset as usize + before + position * P;
        let records = file.get(self.records.clone())?;
        let record = records.get(at..at + length + P)?;
        let (key, payload) = record.split_last_chunk::<P>()?;
        Some(Record { entry: first + u32::try_from(position).ok()?, key, payload })
    }
}

/// Which bucket a hash falls into. Monotone, so that entries sorted by hash are sorted by bucket.
#[inline]
pub(crate) const fn bucket_of(hash: u64, buckets: u32) -> u32 {
    (((hash >> 32) * buckets as u64) >> 32) as u32
}

/// What is stored of a hash beside its bucket: bits that the bucket does not depend on.
#[inline]
pub(crate) const fn tag_of(hash: u64) -> u16 {
    hash as u16
}

/// Whether any of the tags equals `tag`, four at a time.
#[inline]
fn any_equal(tags: &[u8], tag: u16) -> bool {
    const ONES: u64 = 0x0001_0001_0001_0001;
    const HIGHS: u64 = 0x8000_8000_8000_8000;
    let wanted = u64::from(tag) * ONES;
    let mut found = 0;
    let mut at = 0;
    while let Some(four) = u64_at(tags, at) {
        // A 16-bit lane is zero exactly where the tags agree; the lowest such lane is always found.
        let lanes = four ^ wanted;
        found |= lanes.wrapping_sub(ONES) & !lanes & HIGHS;
        at += 8;
    }
    let mut rest = false;
    while let Some(one) = u16_at(tags, at) {
        rest |= one == tag;
        at += 2;
    }
    found != 0 || rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_equal_agrees_with_looking_at_each(tags in prop::collection::vec(0_u16..40, 0..40), tag in 0_u16..40) {
            let bytes: Vec<u8> = tags.iter().flat_map(|tag| tag.to_le_bytes()).collect();
            prop_assert_eq!(any_equal(&bytes, tag), tags.contains(&tag));
        }

        #[test]
        fn a_larger_hash_never_falls_into_a_smaller_bucket(a: u64, b: u64, buckets in 1_u32..) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(bucket_of(low, buckets) <= bucket_of(high, buckets));
            prop_assert!(bucket_of(high, buckets) < buckets);
        }
    }
}
