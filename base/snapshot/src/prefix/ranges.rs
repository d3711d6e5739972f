//! Disjoint ranges of addresses, each with a number: a network table, and policies of the format's first version.

use super::{
    Sections,
    index::{Index, IndexPlan, row_number},
    push_word, word_max,
};
use crate::{
    OpenError,
    bytes::{Fields, u32_at},
    container::{Container, SectionPlan},
    limits::ENTRIES_MAX,
};
use std::ops::Range;

/// The number of a range that belongs to nobody.
pub(crate) const NONE: u32 = u32::MAX;

/// Ranges in an open file. A range ends where the next begins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges<const W: usize> {
    index: Index<W>,
    rows: Range<usize>,
}

impl<const W: usize> Ranges<W> {
    /// A row: where the range starts, and its number.
    const ROW_BYTES: usize = W + 4;

    /// Reads the ranges' own numbers off the front of a meta section that is not empty.
    pub(crate) fn open(meta: &mut Fields<'_>, container: &Container, sections: &Sections) -> Result<Self, OpenError> {
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let count = meta.u32().ok_or_else(|| malformed("it is too short"))? as usize;
        let ranges = Self { index: Index::open(meta, container, sections)?, rows: container.section(sections.ranges) };
        let fits = count <= ENTRIES_MAX * 2 + 1 && ranges.rows.len() == count * Self::ROW_BYTES;
        if fits { Ok(ranges) } else { Err(malformed("the sections do not fit one another")) }
    }

    /// The number of the range that holds an address.
    #[inline]
    pub(crate) fn find(&self, file: &[u8], address: u128) -> Option<u32> {
        let rows = file.get(self.rows.clone())?;
        let row = self.index.find(file, rows, Self::ROW_BYTES, address)?;
        let number = u32_at(rows, row * Self::ROW_BYTES + W)?;
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
    meta: Vec<u8>,
    index: Vec<u8>,
    rows: Vec<u8>,
}

impl RangePlan {
    /// Lays out flattened ranges.
    pub(crate) fn new<const W: usize>(ranges: &[(u128, u32)]) -> Self {
        let index = IndexPlan::new::<W>(ranges.iter().map(|(start, _)| *start));
        let mut rows = Vec::with_capacity(ranges.len() * Ranges::<W>::ROW_BYTES);
        for (start, number) in ranges {
            push_word::<W>(&mut rows, *start);
            rows.extend_from_slice(&number.to_le_bytes());
        }
        let meta = [&row_number(ranges.len())[..], &index.meta].concat();
        Self { meta, index: index.places, rows }
    }

    /// The three sections.
    pub(crate) fn into_sections<'a>(self, sections: &Sections) -> Vec<SectionPlan<'a>> {
        vec![
            SectionPlan::whole(sections.meta, self.meta),
            SectionPlan::whole(sections.index, self.index),
            SectionPlan::whole(sections.ranges, self.rows),
        ]
    }
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
