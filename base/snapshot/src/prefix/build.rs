//! Laying out networks: sort, link each to the next one around it, flatten.

use super::{PrefixTable, RangePlan, Sections, flatten, last_of, push_word};
use crate::container::SectionPlan;

/// What the outermost entry names as the one around it.
const NOBODY: u32 = u32::MAX;

/// A network and the number of what is to be said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PrefixItem {
    pub(crate) start: u128,
    pub(crate) length: u8,
    pub(crate) item: u32,
}

/// Networks ready to be written.
pub(crate) struct PrefixPlan {
    items: Vec<PrefixItem>,
    parents: Vec<u32>,
    ranges: RangePlan,
}

impl PrefixPlan {
    /// Lays out networks that are sorted by start and length; of several items on one network the preferred is last.
    pub(crate) fn new<const W: usize>(items: Vec<PrefixItem>) -> Self {
        let mut parents = Vec::with_capacity(items.len());
        let mut spans = Vec::new();
        let mut around: Vec<(u128, u32)> = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let number = u32::try_from(number).expect("ENTRIES_MAX is below 2^32");
            let last = last_of::<W>(item.start, item.length);
            let same = |other: &PrefixItem| (other.start, other.length) == (item.start, item.length);
            while around.last().is_some_and(|(end, _)| *end < item.start) {
                around.pop();
            }
            parents.push(around.last().map_or(NOBODY, |(_, number)| *number));
            if number.checked_sub(1).is_some_and(|before| same(&items[before as usize])) {
                // The one before it was on the same network: this one is preferred, and takes its place.
                around.pop();
                spans.pop();
            }
            around.push((last, number));
            spans.push((item.start, last, number));
        }
        let ranges = RangePlan::new::<W>(&flatten::<W>(spans.into_iter()));
        Self { items, parents, ranges }
    }

    /// The items in the order of their entry numbers.
    pub(crate) fn items(&self) -> impl Iterator<Item = u32> + '_ {
        self.items.iter().map(|item| item.item)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.items.len()).expect("ENTRIES_MAX is below 2^32")
    }

    /// The four sections. `payload` appends what is said of an item.
    pub(crate) fn into_sections<'a, const W: usize, const P: usize>(
        mut self,
        sections: &Sections,
        payload: impl Fn(u32) -> [u8; P],
    ) -> Vec<SectionPlan<'a>> {
        if self.items.is_empty() {
            return Vec::new();
        }
        let mut rows = Vec::with_capacity(self.items.len() * PrefixTable::<W, P>::ENTRY_BYTES);
        for (item, parent) in self.items.iter().zip(&self.parents) {
            push_word::<W>(&mut rows, item.start);
            rows.extend_from_slice(&parent.to_le_bytes());
            rows.push(item.length);
            rows.extend_from_slice(&payload(item.item));
        }
        let count = self.len();
        self.ranges.meta.extend_from_slice(&count.to_le_bytes());
        self.ranges.meta.push(u8::try_from(P).expect("payloads are a few bytes"));
        let mut all = self.ranges.into_sections(sections);
        all.push(SectionPlan::whole(sections.entries, rows));
        all
    }
}
