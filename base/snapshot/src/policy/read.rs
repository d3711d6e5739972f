//! Answering from a policy file.

use super::{
    EntryRef, Evidence, Hit, ListId, ListInfo, PAYLOAD_BYTES, PolicyEntry, Scope,
    classes::{self, Class},
    evidence::EvidenceTable,
    found::{Found, Keyed, better, sender_hit},
    time_of, times,
};
use crate::{
    OpenError, VerifyingKey,
    bytes::{Fields, u16_at, u32_at},
    container::{Container, FileKind, SectionId},
    limits::{LABELS_MAX, NAME_BYTES_MAX},
    mix,
    prefix::{self, PrefixTable, V4, V6},
    table::{self, Table},
    wire::{self, Endings, WireName},
};
use sipar_model::{CanonicalUrl, DecisionNumber, DomainName, FileHash, MailAddress, SnapshotSerial, TimestampMs};
use std::{net::IpAddr, path::Path};

/// An open policy. Look-ups take no lock and allocate nothing; the file's pages are shared between processes.
#[derive(Debug)]
pub struct Policy {
    pub(super) container: Container,
    contact: String,
    lists: Vec<ListInfo>,
    pub(super) classes: Vec<Class>,
    pub(super) names: Names,
    pub(super) urls: Table<PAYLOAD_BYTES>,
    pub(super) files: Table<PAYLOAD_BYTES>,
    pub(super) mails: Table<PAYLOAD_BYTES>,
    pub(super) ipv4: PrefixTable<V4, PAYLOAD_BYTES>,
    pub(super) ipv6: PrefixTable<V6, PAYLOAD_BYTES>,
    pub(super) servers: Table<PAYLOAD_BYTES>,
    evidence: EvidenceTable,
    pub(super) firsts: Firsts,
}

/// The table of names, and what a look-up knows before it starts.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) table: Table<PAYLOAD_BYTES>,
    pub(super) endings: Endings,
    subtree_depths: u128,
    exact_depths: u128,
}

impl Names {
    /// Calls `visit` with each depth of a name at which there are entries, and with the hash of the name up to there.
    #[inline]
    pub(super) fn each_hash(&self, name: &WireName<'_>, mut visit: impl FnMut(usize, u64)) {
        let labels = name.labels();
        let depths = self.subtree_depths | (self.exact_depths & (1 << labels));
        let deepest = (128 - depths.leading_zeros() as usize).min(labels + 1);
        let mut state = self.table.seed();
        for depth in 1..deepest {
            state = name.absorb(state, depth);
            if depths & (1 << depth) != 0 {
                visit(depth, mix::finish(state));
            }
        }
    }
}

/// The number of each table's first entry among all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Firsts {
    pub(super) urls: u32,
    pub(super) files: u32,
    pub(super) mails: u32,
    pub(super) ipv4: u32,
    pub(super) ipv6: u32,
    pub(super) servers: u32,
    pub(super) end: u32,
}

impl Policy {
    /// Opens a file: its head, its signature and the sizes of its parts are checked, its content is not read.
    /// Call [`scrub`](Self::scrub) before a file that came over a network takes effect.
    ///
    /// # Errors
    /// When it cannot be read, is no policy, or is not signed with this key.
    pub fn open(path: &Path, key: &VerifyingKey) -> Result<Self, OpenError> {
        Self::read(Container::open(path, FileKind::Policy, key)?)
    }

    /// As [`open`](Self::open), for a file that is in memory.
    ///
    /// # Errors
    /// When it is no policy, or is not signed with this key.
    pub fn from_bytes(bytes: Vec<u8>, key: &VerifyingKey) -> Result<Self, OpenError> {
        Self::read(Container::from_bytes(bytes, FileKind::Policy, key)?)
    }

    /// Takes bytes that nobody signed. For fuzzing alone.
    ///
    /// # Errors
    /// When they are no policy.
    #[cfg(any(test, feature = "unverified"))]
    pub fn from_bytes_unverified(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::read(Container::unverified(bytes, FileKind::Policy)?)
    }

    pub(crate) fn read(container: Container) -> Result<Self, OpenError> {
        let head = classes::read(container.slice(SectionId::PolicyHead))?;
        let names = Names::open(&container)?;
        let (urls, _) = Table::open(&container, &table::URLS)?;
        let (files, _) = Table::open(&container, &table::FILES)?;
        let (mails, _) = Table::open(&container, &table::MAILS)?;
        let ipv4 = PrefixTable::open(&container, &prefix::IPV4)?;
        let ipv6 = PrefixTable::open(&container, &prefix::IPV6)?;
        let (servers, _) = Table::open(&container, &table::SERVERS)?;
        let mut first = 0_u32;
        let mut after = |count: u32| {
            // Seven tables of ENTRIES_MAX each stay below 2^32.
            first += count;
            first
        };
        let firsts = Firsts {
            urls: after(names.table.entries()),
            files: after(urls.entries()),
            mails: after(files.entries()),
            ipv4: after(mails.entries()),
            ipv6: after(ipv4.entries()),
            servers: after(ipv6.entries()),
            end: after(servers.entries()),
        };
        let evidence = EvidenceTable::open(&container, firsts.end as usize)?;
        Ok(Self {
            contact: head.contact,
            lists: head.lists,
            classes: head.classes,
            names,
            urls,
            files,
            mails,
            ipv4,
            ipv6,
            servers,
            evidence,
            firsts,
            container,
        })
    }

    /// Reads the whole file again and compares it with what was signed. Takes a third of a second for a gigabyte.
    ///
    /// # Errors
    /// Names the section and the place of the first damage.
    pub fn scrub(&self) -> Result<(), OpenError> {
        self.container.scrub()
    }

    /// The serial of the snapshot.
    #[must_use]
    pub const fn serial(&self) -> SnapshotSerial {
        SnapshotSerial(self.container.serial())
    }

    /// When it was compiled.
    #[must_use]
    pub const fn created(&self) -> TimestampMs {
        TimestampMs(self.container.created_ms())
    }

    /// Whom to ask about a block.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.contact
    }

    /// How many entries there are.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.firsts.end as u64
    }

    /// The number behind that of the last entry.
    pub(crate) const fn end(&self) -> u32 {
        self.firsts.end
    }

    /// The lists; a [`ListId`] is the place in this slice.
    #[must_use]
    pub fn lists(&self) -> &[ListInfo] {
        &self.lists
    }

    /// The list with this number.
    #[must_use]
    pub fn list(&self, id: ListId) -> Option<&ListInfo> {
        self.lists.get(usize::from(id.0))
    }

    /// The length of the file.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.container.bytes().len() as u64
    }

    /// Looks a name up as it stands in a DNS question: lower case, uncompressed, up to its root label;
    /// what follows the root label is not looked at. A malformed name has no hit.
    #[must_use]
    pub fn name_wire(&self, wire: &[u8], now: TimestampMs) -> Option<Hit> {
        self.best_name(&WireName::split(wire)?, now, |_| false).map(|best| best.hit())
    }

    /// The entry that answers for a name, of those that are not passed over.
    #[inline]
    pub(crate) fn best_name(
        &self,
        name: &WireName<'_>,
        now: TimestampMs,
        pass_over: impl Fn(u32) -> bool,
    ) -> Option<Found<'_>> {
        let file = self.container.bytes();
        let labels = name.labels();
        let mut best = None;
        self.names.each_hash(name, |depth, hash| {
            let ending = name.last(depth);
            self.names.table.probe(file, hash, |record| {
                if !self.names.endings.matches(record.key, ending) {
                    return;
                }
                let Some(found) = self.alive(record.payload, depth as u8, record.entry, now) else { return };
                if (found.class.scope == Scope::Subtree || depth == labels) && !pass_over(record.entry) {
                    better(&mut best, found);
                }
            });
        });
        best
    }

    /// Looks a name up, with the names above it.
    #[must_use]
    pub fn name(&self, name: &DomainName, now: TimestampMs) -> Option<Hit> {
        let mut wire = [0; NAME_BYTES_MAX];
        let length = wire::encode(name, &mut wire);
        self.name_wire(&wire[..length], now)
    }

    /// Looks an address up: the longest network around it answers.
    #[must_use]
    pub fn address(&self, address: IpAddr, now: TimestampMs) -> Option<Hit> {
        self.best_address(address, now, |_| false).map(|best| best.hit())
    }

    /// The entry that answers for an address, of those that are not passed over.
    #[inline]
    pub(crate) fn best_address(
        &self,
        address: IpAddr,
        now: TimestampMs,
        pass_over: impl Fn(u32) -> bool,
    ) -> Option<Found<'_>> {
        match prefix::word_of(address) {
            (true, word) => self.covering(&self.ipv4, self.firsts.ipv4, word, now, pass_over),
            (false, word) => self.covering(&self.ipv6, self.firsts.ipv6, word, now, pass_over),
        }
    }

    #[inline]
    fn covering<const W: usize>(
        &self,
        table: &PrefixTable<W, PAYLOAD_BYTES>,
        first: u32,
        word: u128,
        now: TimestampMs,
        pass_over: impl Fn(u32) -> bool,
    ) -> Option<Found<'_>> {
        let mut shadow = None;
        for entry in table.covering(self.container.bytes(), word) {
            // Longest first, and the preferred first on each: the first enforced one answers.
            match self.alive(entry.payload, entry.length, first + entry.number, now) {
                Some(found) if pass_over(found.entry) => {}
                Some(found) if found.class.shadow => _ = shadow.get_or_insert(found),
                Some(found) => return Some(found),
                None => {}
            }
        }
        shadow
    }

    /// Looks a URL up, as a whole. Its host is looked up with [`name`](Self::name) or [`address`](Self::address).
    #[must_use]
    pub fn url(&self, url: &CanonicalUrl, now: TimestampMs) -> Option<Hit> {
        self.best_key(Keyed::Urls, url.as_str().as_bytes(), now, |_| false).map(|best| best.hit())
    }

    /// Looks the hash of a file up.
    #[must_use]
    pub fn file(&self, hash: &FileHash, now: TimestampMs) -> Option<Hit> {
        self.best_key(Keyed::Files, hash.bytes(), now, |_| false).map(|best| best.hit())
    }

    /// Looks a mail sender up: the sender itself, then all senders of its domain.
    /// The domain as a name is looked up with [`name`](Self::name).
    #[must_use]
    pub fn mail(&self, sender: &MailAddress, now: TimestampMs) -> Option<Hit> {
        sender_hit(sender, |key| self.best_key(Keyed::Mails, key, now, |_| false).map(|best| best.hit()))
    }

    /// The entry that answers for a key, of those that are not passed over.
    pub(crate) fn best_key(
        &self,
        keyed: Keyed,
        key: &[u8],
        now: TimestampMs,
        pass_over: impl Fn(u32) -> bool,
    ) -> Option<Found<'_>> {
        let (table, first) = match keyed {
            Keyed::Urls => (&self.urls, self.firsts.urls),
            Keyed::Files => (&self.files, self.firsts.files),
            Keyed::Mails => (&self.mails, self.firsts.mails),
            Keyed::Servers => (&self.servers, self.firsts.servers),
        };
        let mut best = None;
        table.probe(self.container.bytes(), mix::hash(table.seed(), key), |record| {
            if record.key != key {
                return;
            }
            match self.alive(record.payload, 0, first + record.entry, now) {
                Some(found) if !pass_over(found.entry) => better(&mut best, found),
                _ => {}
            }
        });
        best
    }

    /// Reads a payload; nothing when it has expired or makes no sense.
    #[inline]
    fn alive(&self, payload: &[u8; PAYLOAD_BYTES], depth: u8, entry: u32, now: TimestampMs) -> Option<Found<'_>> {
        let (class, expires_s, decision) = self.payload(payload)?;
        (now < time_of(expires_s)).then_some(Found { class, expires_s, decision, depth, entry })
    }

    /// What a payload says: the class, the expiry in seconds, the decision.
    #[inline]
    pub(super) fn payload(&self, payload: &[u8; PAYLOAD_BYTES]) -> Option<(&Class, u32, u32)> {
        let class = self.classes.get(usize::from(u16_at(payload, 0)?))?;
        Some((class, u32_at(payload, 2)?, u32_at(payload, 6)?))
    }

    /// The score and the evidence behind an entry. An entry of another file has none.
    #[must_use]
    pub fn evidence(&self, entry: EntryRef) -> (u8, Vec<Evidence>) {
        let known = (entry.0 < self.firsts.end).then(|| self.evidence.get(self.container.bytes(), entry.0));
        known.flatten().unwrap_or_default()
    }

    /// When a decision was taken, to the hour. A file that does not tell has none.
    #[must_use]
    pub fn decided(&self, decision: DecisionNumber) -> Option<TimestampMs> {
        times::find(self.container.slice(SectionId::DecisionTimes), decision)
    }

    /// What [`decided`](Self::decided) is found by: the first decision of each hour and its time.
    pub fn decision_times(&self) -> impl Iterator<Item = (DecisionNumber, TimestampMs)> + '_ {
        times::rows(self.container.slice(SectionId::DecisionTimes))
    }

    /// Every entry, as far as it can be read; in a file that passes [`scrub`](Self::scrub) that is all.
    pub fn iter(&self) -> impl Iterator<Item = PolicyEntry> + '_ {
        (0..self.firsts.end).filter_map(|number| self.entry(EntryRef(number)))
    }
}

impl Names {
    fn open(container: &Container) -> Result<Self, OpenError> {
        let (table, mut extra): (_, Fields<'_>) = Table::open(container, &table::NAMES)?;
        let endings = Endings::read(container.slice(SectionId::NamesEndings))?;
        let depths = (|| Some((extra.u128()?, extra.u128()?)))();
        let (subtree_depths, exact_depths) = match depths {
            Some(depths) => depths,
            None if table.entries() == 0 => (0, 0),
            None => {
                let section = SectionId::NamesMeta.name();
                return Err(OpenError::Malformed { section, reason: "the depths are missing" });
            }
        };
        // LABELS_MAX is 127, so that a bit for each depth fits.
        const { assert!(LABELS_MAX < 128) };
        Ok(Self { table, endings, subtree_depths, exact_depths })
    }
}
