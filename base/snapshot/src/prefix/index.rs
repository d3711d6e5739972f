//! Where to look in rows that are sorted by address: for each bucket of addresses, the first row that starts in it.

use super::{Sections, word_at};
use crate::{
    OpenError,
    bytes::{Fields, u32_at},
    container::Container,
};
use std::ops::Range;

/// Rows that a bucket is meant to hold.
/// Measured with `lookup_cost` on a million networks: a fifth faster than 8, for 2 bytes a row.
const BUCKET_ROWS: usize = 2;

/// Buckets: 2^20 of four bytes are 4 MiB, the most that pays.
const BUCKETS_MAX: usize = 1 << 20;

/// The index of an open file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index<const W: usize> {
    buckets: u32,
    base: u64,
    shift: u8,
    places: Range<usize>,
}

/// What the index looks at: all of an IPv4 address, the upper half of an IPv6 address.
#[inline]
const fn head_of<const W: usize>(address: u128) -> u64 {
    if W == super::V4 { address as u64 } else { (address >> 64) as u64 }
}

impl<const W: usize> Index<W> {
    /// Reads the index's own numbers off the front of what is left of a meta section.
    pub(crate) fn open(meta: &mut Fields<'_>, container: &Container, sections: &Sections) -> Result<Self, OpenError> {
        let malformed = |reason| OpenError::Malformed { section: sections.meta.name(), reason };
        let row = (|| Some((meta.u32()?, meta.u64()?, meta.u8()?, meta.u8()?)))();
        let (buckets, base, shift, width) = row.ok_or_else(|| malformed("it is too short"))?;
        let index = Self { buckets, base, shift, places: container.section(sections.index) };
        let fits = usize::from(width) == W
            && shift < 64
            && buckets as usize <= BUCKETS_MAX
            && buckets > 0
            && index.places.len() == (buckets as usize + 1) * 4;
        if fits { Ok(index) } else { Err(malformed("the sections do not fit one another")) }
    }

    /// Where in the file the index says which rows an address may be in.
    #[inline]
    pub(crate) fn place(&self, address: u128) -> Option<usize> {
        let head = head_of::<W>(address).checked_sub(self.base)?;
        let last_bucket = u64::from(self.buckets.checked_sub(1)?);
        Some(self.places.start + (head >> self.shift).min(last_bucket) as usize * 4)
    }

    /// The rows that start in one bucket.
    #[inline]
    pub(crate) fn bucket(file: &[u8], place: usize) -> Option<(usize, usize)> {
        let pair: &[u8; 8] = file.get(place..)?.first_chunk()?;
        Some((u32_at(pair, 0)? as usize, u32_at(pair, 4)? as usize))
    }

    /// The number of the last row that starts at or before an address. Rows are `row_bytes` long and begin with where
    /// they start.
    #[inline]
    pub(crate) fn find(&self, file: &[u8], rows: &[u8], row_bytes: usize, address: u128) -> Option<usize> {
        let (mut low, end) = Self::bucket(file, self.place(address)?)?;
        if end < low || end.checked_mul(row_bytes)? > rows.len() {
            return None;
        }
        // It may stand in an earlier bucket.
        let mut size = end - low;
        while size > 0 {
            let half = size / 2;
            let starts_before = word_at::<W>(rows, (low + half) * row_bytes)? <= address;
            low = if starts_before { low + half + 1 } else { low };
            size = if starts_before { size - half - 1 } else { half };
        }
        low.checked_sub(1)
    }
}

/// An index ready to be written.
pub(crate) struct IndexPlan {
    /// What stands in the meta section behind the number of rows.
    pub(crate) meta: Vec<u8>,
    pub(crate) places: Vec<u8>,
}

impl IndexPlan {
    /// The index of rows that start here, in order.
    pub(crate) fn new<const W: usize>(starts: impl DoubleEndedIterator<Item = u128> + Clone) -> Self {
        let heads = starts.map(head_of::<W>);
        let base = heads.clone().next().unwrap_or_default();
        let span = heads.clone().next_back().unwrap_or_default() - base;
        let count = heads.clone().count();
        let wanted = (count / BUCKET_ROWS).next_power_of_two().clamp(1, BUCKETS_MAX) as u64;
        let mut shift = 0_u8;
        while shift < 63 && (span >> shift) >= wanted {
            shift += 1;
        }
        let buckets = u32::try_from((span >> shift) + 1).expect("BUCKETS_MAX is below 2^32");
        let mut places: Vec<u8> = Vec::with_capacity((buckets as usize + 1) * 4);
        for (number, head) in heads.enumerate() {
            let bucket = ((head - base) >> shift) as usize;
            while places.len() <= bucket * 4 {
                places.extend_from_slice(&row_number(number));
            }
        }
        while places.len() <= buckets as usize * 4 {
            places.extend_from_slice(&row_number(count));
        }
        let mut meta = Vec::new();
        meta.extend_from_slice(&buckets.to_le_bytes());
        meta.extend_from_slice(&base.to_le_bytes());
        meta.push(shift);
        meta.push(u8::try_from(W).expect("4 or 16"));
        Self { meta, places }
    }
}

/// The number of a row, as it is written.
pub(crate) fn row_number(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("twice ENTRIES_MAX is below 2^32").to_le_bytes()
}
