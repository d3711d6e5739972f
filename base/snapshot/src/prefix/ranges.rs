//! Disjoint ranges of addresses, each with a number, and a search that looks at a few neighbours only.

use super::{Sections, push_word, word_at, word_max};
use crate::{
    OpenError,
    bytes::{Fields, u32_at},
    container::{Container, SectionPlan},
    limits::ENTRIES_MAX,
};
use std::ops::Range;

/// The number of a range that belongs to nobody.
pub(crate) const NONE: u32 = u32::MAX;

/// Ranges that a bucket of the index is meant to hold.
/// Measured with `lookup_cost` on a million networks: a fifth faster than 8, for 2 bytes a range.
const BUCKET_RANGES: usize = 2;

/// Buckets in the index: 2^20 of four bytes are 4 MiB, the most that pays.
const BUCKETS_MAX: usize = 1 << 20;

/// Ranges in an open file. A range ends where the next begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges<const W: usize> {
    count: u32,
    buckets: u32,
    base: u64,
    shift: u8,
    index: Range<usize>,
    rows: Range<usize>,
}

/// What the index looks at: all of an IPv4 address, the upper half of an IPv6 address.
#[inline]
const fn head_of<const W: usize>(address: u128) -> u64 {
    if W == super::V4 { address as u64 } else { (address >> 64) as u64 }
}

impl<const W: usize> Ranges<W> {
    /// A row: where the range starts, and its number.
    const ROW_BYTES: usize = W + 4;

    /// Reads the ranges' own numbers off the front of a meta section that is not empty.
    pub(crate) fn open(meta: &mut Fields<'_>, container: &Container, sections: &Sections) -> Result<Self, OpenError> {
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let row = (|| Some((meta.u32()?, meta.u32()?, meta.u64()?, meta.u8()?, meta.u8()?)))();
        let (count, buckets, base, shift, width) = row.ok_or_else(|| malformed("it is too short"))?;
        let ranges = Self {
            count,
            buckets,
            base,
            shift,
            index: container.section(sections.index),
            rows: container.section(sections.ranges),
        };
        let fits = usize::from(width) == W
            && shift < 64
            && count as usize <= ENTRIES_MAX * 2 + 1
            && buckets as usize <= BUCKETS_MAX
            && buckets > 0
            && ranges.index.len() == (buckets as usize + 1) * 4
            && ranges.rows.len() == count as usize * Self::ROW_BYTES;
        if fits { Ok(ranges) } else { Err(malformed("the sections do not fit one another")) }
    }

    /// The number of the range that holds an address.
    #[inline]
    pub(crate) fn find(&self, file: &[u8], address: u128) -> Option<u32> {
        let head = head_of::<W>(address).checked_sub(self.base)?;
        let last_bucket = u64::from(self.buckets.checked_sub(1)?);
        let bucket = (head >> self.shift).min(last_bucket) as usize;
        let pair: &[u8; 8] = file.get(self.index.start + bucket * 4..)?.first_chunk()?;
        let (mut low, end) = (u32_at(pair, 0)? as usize, u32_at(pair, 4)? as usize);
        if end < low || end > self.count as usize {
            return None;
        }
        let rows = file.get(self.rows.clone())?;
        // The last range that starts at or before the address; it may stand in an earlier bucket.
        let mut size = end - low;
        while size > 0 {
            let half = size / 2;
            let starts_before = word_at::<W>(rows, (low + half) * Self::ROW_BYTES)? <= address;
            low = if starts_before { low + half + 1 } else { low };
            size = if starts_before { size - half - 1 } else { half };
        }
        let number = u32_at(rows, low.checked_sub(1)? * Self::ROW_BYTES + W)?;
        if number == NONE { None } else { Some(number) }
    }
}

/// Turns spans `(first, last, number)` into disjoint ranges. They come in order of their first address, wider first;
/// where they overlap, the one that came later has the addresses.
pub(crate) fn flatten<const W: usize>(spans: impl Iterator<Item = (u128, u128, u32)>) -> Vec<(u128, u32)> {
    let mut ranges: Vec<(u128, u32)> = Vec::new();
    let mut open: Vec<(u128, u32)> = Vec::new();
    for (first, last, number) in spans {
        close::<W>(&mut open, Some(first), &mut ranges);
        open.push((last, number));
        begin(&mut ranges, first, number);
    }
    close::<W>(&mut open, None, &mut ranges);
    ranges
}

/// Ends the open spans that end before `next`; behind each, the one around it goes on.
fn close<const W: usize>(open: &mut Vec<(u128, u32)>, next: Option<u128>, ranges: &mut Vec<(u128, u32)>) {
    while let Some((last, _)) = open.last().copied() {
        if next.is_some_and(|next| last >= next) || last >= word_max::<W>() {
            break;
        }
        while open.last().is_some_and(|(around, _)| *around <= last) {
            open.pop();
        }
        begin(ranges, last + 1, open.last().map_or(NONE, |(_, number)| *number));
    }
}

fn begin(ranges: &mut Vec<(u128, u32)>, first: u128, number: u32) {
    if ranges.last().is_some_and(|(start, _)| *start == first) {
        ranges.pop();
    }
    if ranges.last().is_none_or(|(_, before)| *before != number) {
        ranges.push((first, number));
    }
}

/// Ranges ready to be written.
pub(crate) struct RangePlan {
    pub(crate) meta: Vec<u8>,
    index: Vec<u8>,
    rows: Vec<u8>,
}

impl RangePlan {
    /// Lays out flattened ranges.
    pub(crate) fn new<const W: usize>(ranges: &[(u128, u32)]) -> Self {
        let heads = || ranges.iter().map(|(start, _)| head_of::<W>(*start));
        let base = heads().next().unwrap_or_default();
        let span = heads().next_back().unwrap_or_default() - base;
        let wanted = (ranges.len() / BUCKET_RANGES).next_power_of_two().clamp(1, BUCKETS_MAX) as u64;
        let mut shift = 0_u8;
        while shift < 63 && (span >> shift) >= wanted {
            shift += 1;
        }
        let buckets = u32::try_from((span >> shift) + 1).expect("BUCKETS_MAX is below 2^32");
        let mut index: Vec<u8> = Vec::with_capacity((buckets as usize + 1) * 4);
        for (number, head) in heads().enumerate() {
            let bucket = ((head - base) >> shift) as usize;
            while index.len() <= bucket * 4 {
                index.extend_from_slice(&row_number(number));
            }
        }
        while index.len() <= buckets as usize * 4 {
            index.extend_from_slice(&row_number(ranges.len()));
        }
        let mut rows = Vec::with_capacity(ranges.len() * Ranges::<W>::ROW_BYTES);
        for (start, number) in ranges {
            push_word::<W>(&mut rows, *start);
            rows.extend_from_slice(&number.to_le_bytes());
        }
        let mut meta = Vec::new();
        meta.extend_from_slice(&row_number(ranges.len()));
        meta.extend_from_slice(&buckets.to_le_bytes());
        meta.extend_from_slice(&base.to_le_bytes());
        meta.push(shift);
        meta.push(u8::try_from(W).expect("4 or 16"));
        Self { meta, index, rows }
    }

    /// The three sections. The caller may have put more behind the numbers in `meta`.
    pub(crate) fn into_sections<'a>(self, sections: &Sections) -> Vec<SectionPlan<'a>> {
        vec![
            SectionPlan::whole(sections.meta, self.meta),
            SectionPlan::whole(sections.index, self.index),
            SectionPlan::whole(sections.ranges, self.rows),
        ]
    }
}

fn row_number(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("twice ENTRIES_MAX is below 2^32").to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prefix::{V4, V6};

    #[test]
    fn later_spans_have_the_addresses_where_spans_overlap() {
        let check = |spans: &[(u128, u128, u32)], expect: &[(u128, u32)]| {
            assert_eq!(flatten::<V4>(spans.iter().copied()), expect, "{spans:?}");
        };
        let top = u128::from(u32::MAX);
        check(&[], &[]);
        check(&[(5, 9, 1)], &[(5, 1), (10, NONE)]);
        check(&[(0, top, 1)], &[(0, 1)]);
        check(&[(0, 99, 1), (10, 19, 2), (10, 10, 3)], &[(0, 1), (10, 3), (11, 2), (20, 1), (100, NONE)]);
        check(&[(0, 9, 1), (10, 19, 2)], &[(0, 1), (10, 2), (20, NONE)]);
        check(&[(0, 9, 1), (0, 9, 2)], &[(0, 2), (10, NONE)]);
        check(&[(0, 9, 1), (5, 14, 2)], &[(0, 1), (5, 2), (15, NONE)]);
        check(&[(0, 30, 1), (5, 10, 2), (8, 20, 3)], &[(0, 1), (5, 2), (8, 3), (21, 1), (31, NONE)]);
        check(&[(0, top, 1), (top, top, 2)], &[(0, 1), (top, 2)]);
        assert_eq!(flatten::<V6>([(1, u128::MAX, 1), (2, u128::MAX, 2)].into_iter()), [(1, 1), (2, 2)]);
    }
}
