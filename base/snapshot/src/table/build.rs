//! Laying out a table: sort by hash, fill the lines, and note where everything stands.

use super::{FILL_PERCENT, FRONT_BYTES, LINE_BYTES, LengthWidth, Sections, bucket_of, tag_of};
use crate::{
    BuildError,
    container::{Identity, SectionPlan},
    limits::{ENTRIES_MAX, KEY_BYTES_MAX, SECTION_BYTES_MAX, SEEDS_MAX, SPILL_LINES_MAX},
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

    /// All of them in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| &self.bytes[std::mem::replace(&mut start, *end as usize)..*end as usize])
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("ENTRIES_MAX is below 2^32")
    }
}

/// A key's hash and number.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u64,
    item: u32,
}

/// The seed of an attempt: the same for the same file, and not known before the file is.
fn seed_of(identity: Identity, keys: &Keys, attempt: u32) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&identity.serial.to_le_bytes());
    hasher.update(&identity.created_ms.to_le_bytes());
    hasher.update(&keys.bytes);
    hasher.update(&attempt.to_le_bytes());
    let mut seed = [0; 8];
    seed.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(seed)
}

/// From so many keys on two threads sort: with fewer, starting one costs more than it saves.
const SORT_ALONE_MAX: usize = 50_000;

/// Every key by hash; equal keys stand side by side, in the order in which they came.
fn sorted(keys: &Keys, hash: impl Fn(&[u8]) -> u64) -> Vec<Slot> {
    let slot = |(item, key)| Slot { hash: hash(key), item };
    let mut slots: Vec<Slot> = (0..keys.len()).zip(keys.iter()).map(slot).collect();
    let sort = |slots: &mut [Slot]| {
        slots.sort_unstable_by(|a, b| {
            a.hash.cmp(&b.hash).then_with(|| keys.get(a.item).cmp(keys.get(b.item))).then(a.item.cmp(&b.item))
        });
    };
    if slots.len() <= SORT_ALONE_MAX {
        sort(&mut slots);
        return slots;
    }
    // Hashes spread evenly, so each half has half of them; crowding ones cost time, not order.
    let middle = lower_half_first(&mut slots);
    let (low, high) = slots.split_at_mut(middle);
    std::thread::scope(|scope| {
        scope.spawn(|| sort(low));
        sort(high);
    });
    slots
}

/// Moves the hashes of the lower half in front; returns how many they are.
fn lower_half_first(slots: &mut [Slot]) -> usize {
    let mut count = 0;
    for at in 0..slots.len() {
        if slots[at].hash >> 63 == 0 {
            slots.swap(at, count);
            count += 1;
        }
    }
    count
}

/// Hands the items on each key to `keep`, which appends those that stay.
fn kept(
    slots: &mut Vec<Slot>,
    keys: &Keys,
    keep: &mut impl FnMut(&[u32], &mut Vec<u32>) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    let (mut same_key, mut stay) = (Vec::new(), Vec::new());
    let (mut at, mut count) = (0, 0);
    while at < slots.len() {
        let first = slots[at];
        // Looking at a key waits for memory, and most hashes stand alone.
        let same = |slot: &&Slot| slot.hash == first.hash && keys.get(slot.item) == keys.get(first.item);
        same_key.clear();
        same_key.push(first.item);
        same_key.extend(slots[at + 1..].iter().take_while(same).map(|slot| slot.item));
        at += same_key.len();
        stay.clear();
        keep(&same_key, &mut stay)?;
        for item in &stay {
            slots[count] = Slot { hash: first.hash, item: *item };
            count += 1;
        }
    }
    slots.truncate(count);
    Ok(())
}

/// How the keys of a table are hashed, and how long each is as it will be written.
pub(crate) struct Shape<H, L> {
    pub(crate) hash: H,
    pub(crate) key_bytes: L,
    pub(crate) payload_bytes: usize,
}

/// Lays a table out: sorts, lets `keep` choose on each key, fills the lines; with another seed when keys crowd.
pub(crate) fn build<H: Fn(u64, &[u8]) -> u64, L: Fn(u32) -> usize>(
    keys: &Keys,
    identity: Identity,
    sections: &Sections,
    shape: &Shape<H, L>,
    mut keep: impl FnMut(&[u32], &mut Vec<u32>) -> Result<(), BuildError>,
) -> Result<Layout, BuildError> {
    for attempt in 0..SEEDS_MAX {
        let seed = seed_of(identity, keys, attempt);
        let mut slots = sorted(keys, |key| (shape.hash)(seed, key));
        kept(&mut slots, keys, &mut keep)?;
        if let Some(layout) = fill(slots, seed, sections.width, shape)? {
            return Ok(layout);
        }
    }
    Err(BuildError::Crowded { table: sections.name, tries: SEEDS_MAX })
}

/// A table ready to be written.
#[derive(Debug)]
pub(crate) struct Layout {
    seed: u64,
    width: LengthWidth,
    slots: Vec<Slot>,
    buckets: u32,
    lines: Vec<u8>,
    records_bytes: u64,
}

/// Fills the lines with sorted slots; nothing when the keys crowd in some of them.
fn fill<H, L: Fn(u32) -> usize>(
    slots: Vec<Slot>,
    seed: u64,
    width: LengthWidth,
    shape: &Shape<H, L>,
) -> Result<Option<Layout>, BuildError> {
    let buckets = (slots.len() * 100).div_ceil(width.slots() * FILL_PERCENT);
    let mut lines = Vec::with_capacity((buckets + 1) * LINE_BYTES);
    let mut records_bytes = 0_u64;
    let mut next = 0;
    let mut number = 0;
    let buckets = u32::try_from(buckets).expect("ENTRIES_MAX is below 2^32");
    let home = |slot: &Slot| bucket_of(slot.hash, buckets) as usize;
    // Each line takes what is left over from those before it, then its own, as far as there is room.
    while number < buckets as usize || next < slots.len() {
        let waiting = slots[next..].iter().take_while(|slot| home(slot) <= number).take(width.slots() + 1).count();
        let count = waiting.min(width.slots());
        let here = &slots[next..next + count];
        if here.iter().any(|slot| number - home(slot) > SPILL_LINES_MAX) {
            return Ok(None);
        }
        let lengths = here.iter().map(|slot| (shape.key_bytes)(slot.item));
        let mut line = Line::new(next, records_bytes, waiting > count)?;
        for (slot, length) in here.iter().zip(lengths) {
            line.push(width, slot.hash, length);
            records_bytes += (length + shape.payload_bytes) as u64;
        }
        lines.extend_from_slice(&line.bytes);
        next += count;
        number += 1;
    }
    if records_bytes > SECTION_BYTES_MAX {
        return Err(BuildError::TooMany { what: "bytes of records", max: SECTION_BYTES_MAX });
    }
    Ok(Some(Layout { seed, width, slots, buckets, lines, records_bytes }))
}

/// A line being filled.
struct Line {
    bytes: [u8; LINE_BYTES],
}

impl Line {
    fn new(first: usize, offset: u64, spilled: bool) -> Result<Self, BuildError> {
        let mut bytes = [0; LINE_BYTES];
        let first = u32::try_from(first).expect("ENTRIES_MAX is below 2^32");
        let Ok(offset) = u32::try_from(offset) else {
            return Err(BuildError::TooMany { what: "bytes of records", max: SECTION_BYTES_MAX });
        };
        bytes[..4].copy_from_slice(&first.to_le_bytes());
        bytes[4..8].copy_from_slice(&offset.to_le_bytes());
        bytes[9] = u8::from(spilled);
        Ok(Self { bytes })
    }

    fn push(&mut self, width: LengthWidth, hash: u64, length: usize) {
        let slot = usize::from(self.bytes[8]);
        self.bytes[8] += 1;
        self.bytes[FRONT_BYTES + slot * 2..][..2].copy_from_slice(&tag_of(hash).to_le_bytes());
        let length = u16::try_from(length).expect("KEY_BYTES_MAX is below 2^16");
        let lengths = &mut self.bytes[FRONT_BYTES + width.slots() * 2..];
        match width {
            LengthWidth::Byte => lengths[slot] = u8::try_from(length).expect("names and digests are short"),
            LengthWidth::Two => lengths[slot * 2..][..2].copy_from_slice(&length.to_le_bytes()),
        }
    }
}

impl Layout {
    /// The items in the order of their entry numbers.
    pub(crate) fn items(&self) -> impl Iterator<Item = u32> + '_ {
        self.slots.iter().map(|slot| slot.item)
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.slots.len()).expect("ENTRIES_MAX is below 2^32")
    }

    /// The sections of the table. `put` appends the key of an item as it is written;
    /// `extra` goes behind the table's own numbers in the meta section.
    pub(crate) fn into_sections<'a, const P: usize>(
        self,
        sections: &Sections,
        extra: &[u8],
        keys: &'a Keys,
        put: impl Fn(u32, &[u8], &mut Vec<u8>) + 'a,
        payload: impl Fn(u32) -> [u8; P] + 'a,
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
        let write = move |out: &mut dyn Write| write_records(out, &slots, keys, &put, &payload);
        vec![
            SectionPlan::whole(sections.meta, meta),
            SectionPlan::whole(sections.lines, self.lines),
            SectionPlan::streamed(sections.records, self.records_bytes, write),
        ]
    }
}

/// Records that are looked up at a time. Their places are all over memory: asked for together, they are waited for
/// together. A processor fetches ten or so at once.
const TOGETHER: usize = 64;

fn write_records<const P: usize>(
    out: &mut dyn Write,
    slots: &[Slot],
    keys: &Keys,
    put: &impl Fn(u32, &[u8], &mut Vec<u8>),
    payload: &impl Fn(u32) -> [u8; P],
) -> io::Result<()> {
    let mut payloads = [[0; P]; TOGETHER];
    let mut buffer = Vec::new();
    for slots in slots.chunks(TOGETHER) {
        for (slot, to) in slots.iter().zip(&mut payloads) {
            *to = payload(slot.item);
        }
        let touched = slots.iter().fold(0, |sum, slot| sum ^ keys.get(slot.item).first().copied().unwrap_or(0));
        std::hint::black_box(touched);
        buffer.clear();
        for (slot, payload) in slots.iter().zip(&payloads) {
            put(slot.item, keys.get(slot.item), &mut buffer);
            buffer.extend_from_slice(payload);
        }
        out.write_all(&buffer)?;
    }
    Ok(())
}
