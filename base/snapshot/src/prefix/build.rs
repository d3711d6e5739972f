//! Laying out networks: each in its place, and which of them lie inside others.

use super::{
    PrefixTable, Sections,
    index::{IndexPlan, row_number},
    last_of, push_word, width_byte,
};
use crate::container::SectionPlan;

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
    /// For each, the next one around it.
    parents: Vec<Option<u32>>,
}

impl PrefixPlan {
    /// Lays out networks that are sorted by start and length; of several items on one network the preferred is last.
    pub(crate) fn new<const W: usize>(items: Vec<PrefixItem>) -> Self {
        let mut parents = Vec::with_capacity(items.len());
        let mut around: Vec<(u128, u32)> = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let number = u32::try_from(number).expect("ENTRIES_MAX is below 2^32");
            let last = last_of::<W>(item.start, item.length);
            let same = |other: &PrefixItem| (other.start, other.length) == (item.start, item.length);
            while around.last().is_some_and(|(end, _)| *end < item.start) {
                around.pop();
            }
            parents.push(around.last().map(|(_, number)| *number));
            if number.checked_sub(1).is_some_and(|before| same(&items[before as usize])) {
                // The one before it was on the same network: this one is preferred, and takes its place.
                around.pop();
            }
            around.push((last, number));
        }
        Self { items, parents }
    }

    /// The items in the order of their entry numbers.
    pub(crate) fn items(&self) -> impl Iterator<Item = u32> + '_ {
        self.items.iter().map(|item| item.item)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.items.len()).expect("ENTRIES_MAX is below 2^32")
    }

    /// The sections. `payload` appends what is said of an item.
    pub(crate) fn into_sections<'a, const W: usize, const P: usize>(
        self,
        sections: &Sections,
        payload: impl Fn(u32) -> [u8; P],
    ) -> Vec<SectionPlan<'a>> {
        if self.items.is_empty() {
            return Vec::new();
        }
        let index = IndexPlan::new::<W>(self.items.iter().map(|item| item.start));
        let mut rows = Vec::with_capacity(self.items.len() * PrefixTable::<W, P>::ENTRY_BYTES);
        let mut around = Vec::new();
        for (number, (item, parent)) in self.items.iter().zip(&self.parents).enumerate() {
            push_word::<W>(&mut rows, item.start);
            rows.push(width_byte(item.length, parent.is_some()));
            rows.extend_from_slice(&payload(item.item));
            if let Some(parent) = parent {
                around.extend_from_slice(&row_number(number));
                around.extend_from_slice(&parent.to_le_bytes());
            }
        }
        let mut meta = [&row_number(self.items.len())[..], &index.meta].concat();
        meta.push(u8::try_from(P).expect("payloads are a few bytes"));
        // Without networks inside others the last one is empty, and is left out.
        vec![
            SectionPlan::whole(sections.meta, meta),
            SectionPlan::whole(sections.index, index.places),
            SectionPlan::whole(sections.entries, rows),
            SectionPlan::whole(sections.around, around),
        ]
    }
}
