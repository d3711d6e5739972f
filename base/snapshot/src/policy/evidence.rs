//! Score and evidence, in sections of their own: answering a DNS query never touches them.

use super::{Evidence, seconds, time_of};
use crate::{
    BuildError, OpenError,
    bytes::{Fields, put_text, u64_at},
    container::{Container, SectionId, SectionPlan},
    limits::{EVIDENCE_MAX, FAMILIES_MAX, SECTION_BYTES_MAX},
};
use hashbrown::HashMap;
use std::{ops::Range, sync::Arc};

/// Entries that share one row of the index; on average half as many are skipped to reach one.
const GROUP: usize = 16;

/// One family, and two times in seconds.
const ITEM_BYTES: usize = 10;

/// Score and number of items.
const FRONT_BYTES: usize = 2;

/// Collects evidence in the form of the file, in the order in which it comes.
#[derive(Debug, Default)]
pub(crate) struct EvidenceBag {
    bytes: Vec<u8>,
    families: Vec<String>,
    numbers: HashMap<String, u16>,
}

impl EvidenceBag {
    /// Adds what belongs to one entry; returns where it is.
    pub(crate) fn push(&mut self, score: u8, mut evidence: Vec<Evidence>) -> Result<u32, BuildError> {
        let full = || BuildError::TooMany { what: "bytes of evidence", max: SECTION_BYTES_MAX };
        let at = u32::try_from(self.bytes.len()).map_err(|_| full())?;
        put_in_order(&mut evidence);
        if (self.bytes.len() + FRONT_BYTES + evidence.len() * ITEM_BYTES) as u64 > SECTION_BYTES_MAX {
            return Err(full());
        }
        self.bytes.extend([score.min(100), u8::try_from(evidence.len()).expect("EVIDENCE_MAX is below 256")]);
        for item in &evidence {
            let family = self.family(&item.family)?;
            self.bytes.extend_from_slice(&family.to_le_bytes());
            self.bytes.extend_from_slice(&seconds(item.first_seen).to_le_bytes());
            self.bytes.extend_from_slice(&seconds(item.last_seen).to_le_bytes());
        }
        Ok(at)
    }

    fn family(&mut self, family: &str) -> Result<u16, BuildError> {
        if let Some(number) = self.numbers.get(family) {
            return Ok(*number);
        }
        crate::check_text("source family", family)?;
        let full = BuildError::TooMany { what: "source families", max: FAMILIES_MAX as u64 };
        if self.families.len() >= FAMILIES_MAX {
            return Err(full);
        }
        let number = u16::try_from(self.families.len()).map_err(|_| full)?;
        self.families.push(family.to_owned());
        self.numbers.insert(family.to_owned(), number);
        Ok(number)
    }

    fn record(&self, at: u32) -> &[u8] {
        let rest = &self.bytes[at as usize..];
        &rest[..FRONT_BYTES + usize::from(rest[1]) * ITEM_BYTES]
    }

    /// The three sections; `order` is where the evidence of each entry is, in the order of the entries.
    pub(crate) fn into_sections<'a>(self, order: Vec<u32>) -> Vec<SectionPlan<'a>> {
        let mut families = Vec::new();
        for family in &self.families {
            put_text(&mut families, family);
        }
        let mut index = Vec::with_capacity(order.len().div_ceil(GROUP) * 8);
        let mut total = 0_u64;
        for (number, at) in order.iter().enumerate() {
            if number % GROUP == 0 {
                index.extend_from_slice(&total.to_le_bytes());
            }
            total += self.record(*at).len() as u64;
        }
        let write = move |out: &mut dyn std::io::Write| order.iter().try_for_each(|at| out.write_all(self.record(*at)));
        vec![
            SectionPlan::whole(SectionId::Families, families),
            SectionPlan::whole(SectionId::EvidenceIndex, index),
            SectionPlan::streamed(SectionId::Evidence, total, write),
        ]
    }
}

/// In one order, whatever order it came in; of too much those seen last are kept.
pub(super) fn put_in_order(evidence: &mut Vec<Evidence>) {
    evidence.sort_unstable_by(|a, b| b.last_seen.cmp(&a.last_seen).then_with(|| a.cmp(b)));
    evidence.dedup();
    evidence.truncate(EVIDENCE_MAX);
}

/// Evidence in an open file.
#[derive(Debug)]
pub(crate) struct EvidenceTable {
    families: Vec<Arc<str>>,
    index: Range<usize>,
    records: Range<usize>,
}

impl EvidenceTable {
    pub(crate) fn open(container: &Container, entries: usize) -> Result<Self, OpenError> {
        let malformed = |section: SectionId, reason| OpenError::Malformed { section: section.name(), reason };
        let mut fields = Fields(container.slice(SectionId::Families));
        let mut families = Vec::new();
        while !fields.0.is_empty() {
            let family = fields.text().filter(|_| families.len() < FAMILIES_MAX);
            families.push(family.ok_or_else(|| malformed(SectionId::Families, "a family cannot be read"))?.into());
        }
        let index = container.section(SectionId::EvidenceIndex);
        if index.len() != entries.div_ceil(GROUP) * 8 {
            return Err(malformed(SectionId::EvidenceIndex, "the sections do not fit one another"));
        }
        Ok(Self { families, index, records: container.section(SectionId::Evidence) })
    }

    /// Score and evidence of an entry; nothing when the file is damaged there.
    pub(crate) fn get(&self, file: &[u8], entry: u32) -> Option<(u8, Vec<Evidence>)> {
        let number = entry as usize;
        let start = u64_at(file.get(self.index.clone())?, number / GROUP * 8)?;
        let mut fields = Fields(file.get(self.records.clone())?.get(usize::try_from(start).ok()?..)?);
        for _ in 0..number % GROUP {
            let [_, count] = fields.take()?;
            fields.bytes(usize::from(count) * ITEM_BYTES)?;
        }
        let [score, count] = fields.take()?;
        let mut evidence = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let family = self.families.get(usize::from(fields.u16()?))?.clone();
            let first_seen = time_of(fields.u32()?);
            let last_seen = time_of(fields.u32()?);
            evidence.push(Evidence { family, first_seen, last_seen });
        }
        Some((score, evidence))
    }
}
