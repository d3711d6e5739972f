//! Answers that are kept: one worker's own, without locks, bounded in bytes.
//!
//! An entry is found by its question's name, type and the DO and CD bits. It carries the generation of the policy
//! it was last checked under and what was found then; the check itself is the caller's.
//! When room is needed, an entry that nobody asked for since the hand passed last goes first (second chance).

use crate::answer::Answer;
use crate::message::{HEADER_BYTES, flag, rcode, u16_at};
use crate::reply::Stored;
use hashbrown::HashTable;
use sipar_snapshot::Hit;

/// Entries in one block of memory: 1,024, so that growing never copies them.
const BLOCK: usize = 1_024;
/// What an entry costs besides its bytes: itself, its place in the table, and the allocator's own.
const ENTRY_BYTES: usize = size_of::<Option<Entry>>() + 12 + 24;
/// Entries that the hand passes over for one new entry before it takes whatever it meets.
const STEPS_MAX: usize = 64;

/// What an entry is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// Lower-cased name in wire form.
    pub name: &'a [u8],
    /// Type.
    pub qtype: u16,
    /// Signatures are wanted.
    pub dnssec_ok: bool,
    /// The client checks signatures itself.
    pub checking_disabled: bool,
}

/// What the policy says of an answer's inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What blocks it.
    pub blocked: Option<Hit>,
    /// What would block it, on a list that is tried out.
    pub shadow: Option<Hit>,
}

/// One kept answer.
#[derive(Debug)]
pub struct Entry {
    /// Message, then where its times to live stand, then the upstream's errors.
    data: Box<[u8]>,
    verdict: Option<Box<Verdict>>,
    hash: u32,
    message_bytes: u16,
    ttls: u16,
    additional_at: u16,
    qtype: u16,
    stored_s: u32,
    keep_s: u32,
    /// A failed attempt to renew it: until then it is served stale without another (RFC 8767 §5).
    pub retry_s: u32,
    /// The policy generation it was checked under; 0: never.
    pub generation: u32,
    /// The wall clock's second at which it must be checked again.
    pub check_at_s: u32,
    name_bytes: u8,
    bits: u8,
    hits: u8,
    seen: bool,
    /// It is being renewed before its end.
    pub renewing: bool,
    /// The additional section must not be sent.
    pub drop_additional: bool,
}

impl Key<'_> {
    const fn bits(&self) -> u8 {
        self.dnssec_ok as u8 | (self.checking_disabled as u8) << 1
    }
}

impl Entry {
    /// An entry that is not checked yet. Its question is written as the key's, whatever case it came in.
    /// `None` if the answer is longer than a message can be, or shorter than the key.
    #[must_use]
    pub fn new(key: &Key<'_>, answer: &Answer, now_s: u32) -> Option<Self> {
        let mut data = Vec::with_capacity(answer.message.len() + 2 * answer.ttl_at.len() + answer.ede.len());
        data.extend_from_slice(&answer.message);
        data.extend(answer.ttl_at.iter().flat_map(|at| at.to_ne_bytes()));
        data.extend_from_slice(&answer.ede);
        data.get_mut(HEADER_BYTES..HEADER_BYTES + key.name.len())?.copy_from_slice(key.name);
        Some(Self {
            data: data.into_boxed_slice(),
            verdict: None,
            hash: 0,
            message_bytes: u16::try_from(answer.message.len()).ok()?,
            ttls: u16::try_from(answer.ttl_at.len()).ok()?,
            additional_at: answer.additional_at,
            qtype: key.qtype,
            stored_s: now_s,
            keep_s: answer.keep_s.unwrap_or(0),
            retry_s: 0,
            generation: 0,
            check_at_s: 0,
            name_bytes: u8::try_from(key.name.len()).ok()?,
            bits: key.bits(),
            hits: 0,
            seen: false,
            renewing: false,
            drop_additional: false,
        })
    }

    fn is(&self, key: &Key<'_>) -> bool {
        let name = &self.data[HEADER_BYTES..HEADER_BYTES + usize::from(self.name_bytes)];
        self.qtype == key.qtype && self.bits == key.bits() && name == key.name
    }

    /// The answer as a whole message.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.data[..usize::from(self.message_bytes)]
    }

    /// The upstream's errors, as options.
    #[must_use]
    pub fn errors(&self) -> &[u8] {
        &self.data[usize::from(self.message_bytes) + 2 * usize::from(self.ttls)..]
    }

    /// The answer, ready to be written.
    #[inline]
    #[must_use]
    pub fn stored(&self, now_s: u32, ttl_s: Option<u32>, trust_ad: bool) -> Stored<'_> {
        let ttls_at = usize::from(self.message_bytes);
        Stored {
            message: &self.data[..ttls_at],
            ttl_at: &self.data[ttls_at..ttls_at + 2 * usize::from(self.ttls)],
            additional_at: self.additional_at,
            age_s: now_s.saturating_sub(self.stored_s),
            ttl_s,
            drop_additional: self.drop_additional,
            trust_ad,
        }
    }

    /// The response code.
    #[must_use]
    pub fn rcode(&self) -> u16 {
        u16_at(&self.data, 2).unwrap_or(0) & flag::RCODE
    }

    /// Whether it may be served after its end: "server failed" may not.
    #[must_use]
    pub fn may_stale(&self) -> bool {
        self.rcode() != rcode::SERVFAIL
    }

    /// Seconds it has left; 0 at its end and after.
    #[inline]
    #[must_use]
    pub const fn left_s(&self, now_s: u32) -> u32 {
        (self.stored_s.saturating_add(self.keep_s)).saturating_sub(now_s)
    }

    /// Seconds since its end.
    #[must_use]
    pub const fn over_s(&self, now_s: u32) -> u32 {
        now_s.saturating_sub(self.stored_s.saturating_add(self.keep_s))
    }

    /// Counts a use, and says whether the entry should be renewed before it ends:
    /// it was asked for more than once, lives for some time, and nine tenths of that are past.
    #[inline]
    pub fn used(&mut self, now_s: u32) -> bool {
        /// What lives shorter is not worth renewing ahead.
        const KEEP_S_MIN: u32 = 10;
        self.hits = self.hits.saturating_add(1);
        self.hits > 1 && self.keep_s >= KEEP_S_MIN && !self.renewing && self.left_s(now_s) * 10 <= self.keep_s
    }

    /// What the policy said of it when it was checked last.
    #[inline]
    #[must_use]
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdict.as_deref()
    }

    /// Notes what the policy says of it.
    pub fn set_verdict(&mut self, verdict: Verdict) {
        let any = verdict.blocked.is_some() || verdict.shadow.is_some();
        self.verdict = any.then(|| Box::new(verdict));
    }

    fn cost(&self) -> usize {
        ENTRY_BYTES + self.data.len()
    }
}

/// The number of an entry, good until the next [`Cache::put`].
pub type Slot = u32;

/// The cache.
pub struct Cache {
    blocks: Vec<Vec<Option<Entry>>>,
    free: Vec<Slot>,
    /// Hash and slot, so that growing the table never looks at the entries.
    table: HashTable<(u32, Slot)>,
    seed: [u64; 2],
    hand: usize,
    bytes: usize,
    bytes_max: usize,
}

impl Cache {
    /// An empty cache; memory is taken as it fills. `seed` keeps others from choosing which names collide.
    #[must_use]
    pub const fn new(bytes_max: usize, seed: [u64; 2]) -> Self {
        Self { blocks: Vec::new(), free: Vec::new(), table: HashTable::new(), seed, hand: 0, bytes: 0, bytes_max }
    }

    /// The key's hash.
    #[inline]
    #[must_use]
    pub fn hash(&self, key: &Key<'_>) -> u32 {
        let mut state = self.seed[0] ^ (u64::from(key.qtype) << 8 | u64::from(key.bits()));
        let mut chunks = key.name.chunks_exact(8);
        for chunk in &mut chunks {
            state = mix(state ^ chunk.first_chunk().map_or(0, |b| u64::from_le_bytes(*b)), self.seed[1]);
        }
        let mut last = [0; 8];
        last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
        state = mix(state ^ u64::from_le_bytes(last), self.seed[1] ^ key.name.len() as u64);
        (state ^ state >> 32) as u32
    }

    /// The entry for `key`.
    #[inline]
    pub fn find(&mut self, hash: u32, key: &Key<'_>) -> Option<Slot> {
        let Self { table, blocks, .. } = self;
        let same = |(h, slot): &(u32, Slot)| *h == hash && entry_at(blocks, *slot).is_some_and(|entry| entry.is(key));
        let slot = table.find(spread(hash), same)?.1;
        if let Some(entry) = entry_at_mut(blocks, slot) {
            entry.seen = true;
        }
        Some(slot)
    }

    /// An entry that was found just now.
    #[inline]
    pub fn entry(&mut self, slot: Slot) -> Option<&mut Entry> {
        entry_at_mut(&mut self.blocks, slot)
    }

    /// Keeps an entry in the place of the one with the same key. What is larger than the cache is not kept.
    pub fn put(&mut self, hash: u32, key: &Key<'_>, mut entry: Entry) {
        if let Some(slot) = self.find(hash, key) {
            self.take(slot);
        }
        let cost = entry.cost();
        if cost > self.bytes_max {
            return;
        }
        self.make_room(cost);
        entry.hash = hash;
        self.bytes += cost;
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        self.blocks[slot as usize / BLOCK][slot as usize % BLOCK] = Some(entry);
        self.table.insert_unique(spread(hash), (hash, slot), |(h, _)| spread(*h));
    }

    /// Takes an entry out, to be put back or not.
    pub fn take(&mut self, slot: Slot) -> Option<Entry> {
        let entry = self.blocks.get_mut(slot as usize / BLOCK)?.get_mut(slot as usize % BLOCK)?.take()?;
        self.bytes -= entry.cost();
        if let Ok(place) = self.table.find_entry(spread(entry.hash), |(_, s)| *s == slot) {
            place.remove();
        }
        self.free.push(slot);
        Some(entry)
    }

    /// Bytes in use.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Entries in use.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.table.len()
    }

    /// A slot that no entry has had.
    fn grow(&mut self) -> Slot {
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let first = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut().expect("one was pushed above");
        block.push(None);
        // INVARIANT: an entry costs over 100 bytes, so 2^32 of them are beyond any `bytes_max` that a machine can have.
        Slot::try_from(first + block.len() - 1).expect("slots are far fewer than 2^32")
    }

    fn make_room(&mut self, cost: usize) {
        let slots = self.blocks.iter().map(Vec::len).sum::<usize>();
        let mut steps = 0;
        // Ends: every STEPS_MAX + 1 steps an entry goes, or there are none left and `bytes` is 0.
        while self.bytes + cost > self.bytes_max && !self.table.is_empty() {
            self.hand = (self.hand + 1) % slots;
            steps += 1;
            let Some(entry) = entry_at_mut(&mut self.blocks, self.hand as Slot) else { continue };
            if entry.seen && steps <= STEPS_MAX {
                entry.seen = false;
                continue;
            }
            self.take(self.hand as Slot);
        }
    }
}

fn entry_at(blocks: &[Vec<Option<Entry>>], slot: Slot) -> Option<&Entry> {
    blocks.get(slot as usize / BLOCK)?.get(slot as usize % BLOCK)?.as_ref()
}

fn entry_at_mut(blocks: &mut [Vec<Option<Entry>>], slot: Slot) -> Option<&mut Entry> {
    blocks.get_mut(slot as usize / BLOCK)?.get_mut(slot as usize % BLOCK)?.as_mut()
}

/// The table wants its high bits mixed too (Fibonacci hashing, Knuth, TAOCP 6.4).
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Both halves of a 128-bit product, folded (as wyhash does).
const fn mix(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul((b | 1) as u128);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
