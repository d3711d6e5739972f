//! Laying out a table: sort by hash, cut into buckets, and note where everything stands.

use super::{BUCKET_ENTRIES, LengthWidth, Sections, bucket_of, tag_of};
use crate::{
    BuildError,
    container::SectionPlan,
    limits::{BUCKET_ENTRIES_MAX, ENTRIES_MAX, KEY_BYTES_MAX, SECTION_BYTES_MAX},
};
use std::io::{self, Write};

/// Keys one after the other, without an allocation each.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Keys {
    /// Appends a key and returns its number.
    pub(crate) fn push(&mut self, key: &[u8]) -> Result<u32, BuildError> {
        if key.len() > KEY_BYTES_MAX {
            let start = String::from_utf8_lossy(&key[..40]).into_owned();
            return Err(BuildError::TooLong { what: "key", start, max: KEY_BYTES_MAX });
        }
        let end = (self.bytes.len() + key.len()) as u64;
        let Some(end) = u32::try_from(end).ok().filter(|end| u64::from(*end) <= SECTION_BYTES_MAX) else {
            return Err(BuildError::TooMany { what: "bytes of keys", max: SECTION_BYTES_MAX });
        };
        if self.ends.len() >= ENTRIES_MAX {
            return Err(BuildError::TooMany { what: "entries", max: ENTRIES_MAX as u64 });
        }
        self.bytes.extend_from_slice(key);
        self.ends.push(end);
        Ok(u32::try_from(self.ends.len() - 1).expect("ENTRIES_MAX is below 2^32"))
    }

    pub(crate) fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.bytes[start..self.ends[number] as usize]
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("ENTRIES_MAX is below 2^32")
    }
}

/// A key's hash and number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) hash: u64,
    pub(crate) item: u32,
}

/// The seed of an attempt: the same for the same file, and not known before the file is.
pub(crate) fn seed_of(serial: u64, created_ms: i64, keys: &Keys, attempt: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&serial.to_le_bytes());
    hasher.update(&created_ms.to_le_bytes());
    hasher.update(&keys.bytes);
    hasher.update(&attempt.to_le_bytes());
    let mut seed = [0; 8];
    seed.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(seed)
}

/// Every key by hash; equal keys stand side by side, in the order in which they came.
pub(crate) fn sorted(keys: &Keys, hash: impl Fn(&[u8]) -> u64) -> Vec<Slot> {
    let mut slots: Vec<Slot> = (0..keys.len()).map(|item| Slot { hash: hash(keys.get(item)), item }).collect();
    slots.sort_unstable_by(|a, b| {
        a.hash.cmp(&b.hash).then_with(|| keys.get(a.item).cmp(keys.get(b.item))).then(a.item.cmp(&b.item))
    });
    slots
}

/// The keys crowd in one bucket: another seed is needed.
#[derive(Debug)]
pub(crate) struct Crowded;

/// A table ready to be written.
#[derive(Debug)]
pub(crate) struct Layout {
    seed: u64,
    width: LengthWidth,
    slots: Vec<Slot>,
    buckets: u32,
    index: Vec<u8>,
    tags: Vec<u8>,
    lengths: Vec<u8>,
    records_bytes: u64,
}

/// Lays out sorted slots. `key_bytes` tells how long the key of an item is as it will be written.
pub(crate) fn lay_out(
    slots: Vec<Slot>,
    seed: u64,
    width: LengthWidth,
    payload_bytes: usize,
    key_bytes: impl Fn(u32) -> usize,
) -> Result<Result<Layout, Crowded>, BuildError> {
    let count = u32::try_from(slots.len()).expect("ENTRIES_MAX is below 2^32");
    let buckets = count.div_ceil(BUCKET_ENTRIES as u32);
    let mut layout = Layout {
        seed,
        width,
        buckets,
        index: Vec::with_capacity((buckets as usize + 1) * super::ROW_BYTES),
        tags: Vec::with_capacity(slots.len() * 2),
        lengths: Vec::with_capacity(slots.len() * width.bytes()),
        records_bytes: 0,
        slots,
    };
    let mut first_in_bucket = 0;
    for (number, slot) in layout.slots.iter().enumerate() {
        let bucket = bucket_of(slot.hash, buckets);
        while layout.index.len() <= bucket as usize * super::ROW_BYTES {
            push_row(&mut layout.index, number, layout.records_bytes)?;
            first_in_bucket = number;
        }
        if number - first_in_bucket >= BUCKET_ENTRIES_MAX {
            return Ok(Err(Crowded));
        }
        let length = key_bytes(slot.item);
        layout.tags.extend_from_slice(&tag_of(slot.hash).to_le_bytes());
        let length16 = u16::try_from(length).expect("KEY_BYTES_MAX is below 2^16");
        match width {
            LengthWidth::Byte => layout.lengths.push(u8::try_from(length16).expect("names and digests are short")),
            LengthWidth::Two => layout.lengths.extend_from_slice(&length16.to_le_bytes()),
        }
        layout.records_bytes += (length + payload_bytes) as u64;
    }
    while buckets > 0 && layout.index.len() <= buckets as usize * super::ROW_BYTES {
        push_row(&mut layout.index, layout.slots.len(), layout.records_bytes)?;
    }
    Ok(Ok(layout))
}

fn push_row(index: &mut Vec<u8>, first: usize, offset: u64) -> Result<(), BuildError> {
    let first = u32::try_from(first).expect("ENTRIES_MAX is below 2^32");
    let Ok(offset) = u32::try_from(offset) else {
        return Err(BuildError::TooMany { what: "bytes of records", max: SECTION_BYTES_MAX });
    };
    index.extend_from_slice(&first.to_le_bytes());
    index.extend_from_slice(&offset.to_le_bytes());
    Ok(())
}

impl Layout {
    /// The items in the order of their entry numbers.
    pub(crate) fn items(&self) -> impl Iterator<Item = u32> + '_ {
        self.slots.iter().map(|slot| slot.item)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("ENTRIES_MAX is below 2^32")
    }

    /// The sections of the table. `record` appends the key and the payload of an item;
    /// `extra` goes behind the table's own numbers in the meta section.
    pub(crate) fn into_sections<'a, const P: usize>(
        self,
        sections: &Sections,
        extra: &[u8],
        record: impl Fn(u32, &mut Vec<u8>) + 'a,
    ) -> Vec<SectionPlan<'a>> {
        if self.slots.is_empty() {
            return Vec::new();
        }
        let mut meta = Vec::new();
        meta.extend_from_slice(&self.len().to_le_bytes());
        meta.extend_from_slice(&self.buckets.to_le_bytes());
        meta.extend_from_slice(&self.seed.to_le_bytes());
        meta.push(u8::try_from(P).expect("payloads are a few bytes"));
        meta.push(u8::try_from(self.width.bytes()).expect("1 or 2"));
        meta.extend_from_slice(extra);
        let slots = self.slots;
        let write = move |out: &mut dyn Write| -> io::Result<()> {
            let mut buffer = Vec::with_capacity(KEY_BYTES_MAX + P);
            for slot in slots {
                buffer.clear();
                record(slot.item, &mut buffer);
                out.write_all(&buffer)?;
            }
            Ok(())
        };
        vec![
            SectionPlan::whole(sections.meta, meta),
            SectionPlan::whole(sections.index, self.index),
            SectionPlan::whole(sections.tags, self.tags),
            SectionPlan::whole(sections.lengths, self.lengths),
            SectionPlan::streamed(sections.records, self.records_bytes, write),
        ]
    }
}
