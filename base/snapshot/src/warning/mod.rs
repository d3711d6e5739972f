//! Which warning lists touch a thing: asked for every indicator and decision, so it answers from one mapped file.

mod build;
mod protected;
mod sets;
mod warm;

pub use build::WarningIndexBuilder;

use crate::{
    OpenError, Scope, VerifyingKey,
    bytes::{Fields, put_text, u32_at},
    container::{Container, FileKind, SectionId},
    limits::{LISTS_MAX, NAME_BYTES_MAX},
    mix,
    prefix::{self, PrefixTable, V4, V6},
    table::{self, Table},
    wire::{self, Endings, WireName},
};
use protected::Protected;
use sets::Sets;
use sipar_model::{
    DomainName, Observable, Prefix, SnapshotSerial, TimestampMs, WarningKind, fact::WarningList, url::Host,
};
use std::path::Path;

/// Bytes of payload with each entry: the number of a set of lists, and the scope in the lowest two bits.
const PAYLOAD_BYTES: usize = 4;

/// How many bits of the payload are the scope.
const SCOPE_BITS: u32 = 2;

/// The number of a warning list within one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListNumber(pub u16);

/// What of a name an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
enum Reach {
    /// The name alone; also what other things than names have.
    Exact = 0,
    /// The name and everything below it.
    Subtree = 1,
    /// The name is on no list by this entry, and names below it are.
    Below = 2,
}

/// An open warning index.
#[derive(Debug)]
pub struct WarningIndex {
    container: Container,
    lists: Vec<WarningList>,
    sets: Sets,
    protected: Protected,
    names: Table<PAYLOAD_BYTES>,
    endings: Endings,
    urls: Table<PAYLOAD_BYTES>,
    files: Table<PAYLOAD_BYTES>,
    ipv4: PrefixTable<V4, PAYLOAD_BYTES>,
    ipv6: PrefixTable<V6, PAYLOAD_BYTES>,
}

impl WarningIndex {
    /// Opens a file: its head and signature are checked, its content is not read.
    ///
    /// # Errors
    /// When it cannot be read, is no warning index, or is not signed with this key.
    pub fn open(path: &Path, key: &VerifyingKey) -> Result<Self, OpenError> {
        Self::read(Container::open(path, FileKind::Warnings, key)?)
    }

    /// Takes bytes that nobody signed. For fuzzing alone.
    ///
    /// # Errors
    /// When they are no warning index.
    #[cfg(any(test, feature = "unverified"))]
    pub fn from_bytes_unverified(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::read(Container::unverified(bytes, FileKind::Warnings)?)
    }

    fn read(container: Container) -> Result<Self, OpenError> {
        Ok(Self {
            lists: read_lists(container.slice(SectionId::WarningLists)).ok_or(OpenError::Malformed {
                section: SectionId::WarningLists.name(),
                reason: "a list cannot be read",
            })?,
            sets: Sets::open(&container),
            protected: Protected::open(&container),
            names: Table::open(&container, &table::NAMES)?.0,
            endings: Endings::read(container.slice(SectionId::NamesEndings))?,
            urls: Table::open(&container, &table::URLS)?.0,
            files: Table::open(&container, &table::FILES)?.0,
            ipv4: PrefixTable::open(&container, &prefix::IPV4)?,
            ipv6: PrefixTable::open(&container, &prefix::IPV6)?,
            container,
        })
    }

    /// Reads the whole file again and compares it with what was signed.
    ///
    /// # Errors
    /// Names the section and the place of the first damage.
    pub fn scrub(&self) -> Result<(), OpenError> {
        self.container.scrub()
    }

    /// The serial of the file.
    #[must_use]
    pub const fn serial(&self) -> SnapshotSerial {
        SnapshotSerial(self.container.serial())
    }

    /// When it was built.
    #[must_use]
    pub const fn created(&self) -> TimestampMs {
        TimestampMs(self.container.created_ms())
    }

    /// The lists; a [`ListNumber`] is the place in this slice.
    #[must_use]
    pub fn lists(&self) -> &[WarningList] {
        &self.lists
    }

    /// The list with this number.
    #[must_use]
    pub fn list(&self, number: ListNumber) -> Option<&WarningList> {
        self.lists.get(usize::from(number.0))
    }

    /// The lists that touch a thing, each once, in order.
    ///
    /// - A name: lists that have it, or a name above it with everything below. See [`below`](Self::below) too.
    /// - An address: lists that have it or a network around it.
    /// - A network: lists that have it, one around it, or anything inside it, since blocking it would block that.
    /// - A URL: lists that have it or touch its host.
    /// - A mail sender: lists that touch its domain.
    /// - Name servers: lists that touch their name or network, since blocking them blocks what they serve.
    /// - A file: lists that have it. An autonomous system: none.
    #[must_use]
    pub fn hits(&self, observable: &Observable) -> Vec<ListNumber> {
        let mut found = Vec::new();
        match observable {
            Observable::Domain(name) => self.name(name, &mut found),
            Observable::Address(address) => self.network(&Prefix::from(*address), &mut found),
            Observable::Prefix(prefix) => self.network(prefix, &mut found),
            Observable::File(hash) => self.key(&self.files, hash.bytes(), &mut found),
            Observable::Mail(mail) => self.name(&mail.domain(), &mut found),
            Observable::Url(url) => {
                self.key(&self.urls, url.as_str().as_bytes(), &mut found);
                match url.host() {
                    Host::Name(name) => self.name(&name, &mut found),
                    Host::Address(address) => self.network(&Prefix::from(address), &mut found),
                }
            }
            Observable::NameServer(server) => return self.hits(&server.itself()),
            Observable::Asn(_) => {}
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The lists that have names below this one: blocking it with everything below would block those as well.
    #[must_use]
    pub fn below(&self, name: &DomainName) -> Vec<ListNumber> {
        let mut found = Vec::new();
        let mut buffer = [0; NAME_BYTES_MAX];
        let length = wire::encode(name, &mut buffer);
        let key = &buffer[..length - 1];
        self.names.probe(self.container.bytes(), wire::hash(self.names.seed(), key), |record| {
            if self.endings.matches(record.key, key) {
                self.take(record.payload, |reach| reach == Reach::Below as u32, &mut found);
            }
        });
        found
    }

    /// The names below this one that `never` lists have, each with how far it reaches, if they are at most `count_max`.
    ///
    /// `None` when they are more, or when the file is of a version that does not tell: then [`below`](Self::below) says
    /// whether there are any.
    #[must_use]
    pub fn protected_below(&self, name: &DomainName, count_max: usize) -> Option<Vec<(DomainName, Scope)>> {
        self.protected.below(self.container.bytes(), name, count_max)
    }

    fn name(&self, name: &DomainName, found: &mut Vec<ListNumber>) {
        let mut buffer = [0; NAME_BYTES_MAX];
        let length = wire::encode(name, &mut buffer);
        let Some(name) = WireName::split(&buffer[..length]) else { return };
        let mut state = self.names.seed();
        for depth in 1..=name.labels() {
            state = name.absorb(state, depth);
            let whole = depth == name.labels();
            self.names.probe(self.container.bytes(), mix::finish(state), |record| {
                if self.endings.matches(record.key, name.last(depth)) {
                    let reaches = |reach| reach == Reach::Subtree as u32 || (whole && reach == Reach::Exact as u32);
                    self.take(record.payload, reaches, found);
                }
            });
        }
    }

    fn network(&self, prefix: &Prefix, found: &mut Vec<ListNumber>) {
        match prefix::word_of(prefix.addr()) {
            (true, start) => self.in_table(&self.ipv4, start, prefix.length(), found),
            (false, start) => self.in_table(&self.ipv6, start, prefix.length(), found),
        }
    }

    fn in_table<const W: usize>(
        &self,
        table: &PrefixTable<W, PAYLOAD_BYTES>,
        start: u128,
        length: u8,
        found: &mut Vec<ListNumber>,
    ) {
        let file = self.container.bytes();
        let around = table.covering(file, start).filter(|entry| entry.length <= length);
        let inside = table.within(file, start, prefix::last_of::<W>(start, length));
        let mut last_taken = None;
        for entry in around.chain(inside) {
            // Inside a large network thousands of neighbours share one set.
            if last_taken != Some(*entry.payload) {
                last_taken = Some(*entry.payload);
                self.take(entry.payload, |_| true, found);
            }
        }
    }

    fn key(&self, table: &Table<PAYLOAD_BYTES>, key: &[u8], found: &mut Vec<ListNumber>) {
        table.probe(self.container.bytes(), mix::hash(table.seed(), key), |record| {
            if record.key == key {
                self.take(record.payload, |_| true, found);
            }
        });
    }

    /// Takes the lists of a payload whose reach is right.
    fn take(&self, payload: &[u8; PAYLOAD_BYTES], right: impl Fn(u32) -> bool, found: &mut Vec<ListNumber>) {
        let payload = u32_at(payload, 0).unwrap_or_default();
        if !right(payload & ((1 << SCOPE_BITS) - 1)) {
            return;
        }
        let known = self.lists.len();
        let lists = self.sets.get(self.container.bytes(), payload >> SCOPE_BITS);
        found.extend(lists.filter(|list| usize::from(list.0) < known));
    }
}

fn write_lists(lists: &[WarningList]) -> Vec<u8> {
    let mut out = u16::try_from(lists.len()).expect("LISTS_MAX fits 16 bits").to_le_bytes().to_vec();
    for list in lists {
        put_text(&mut out, &list.slug);
        put_text(&mut out, &list.title);
        out.push(list.kind.number());
        out.extend_from_slice(&list.entries.to_le_bytes());
    }
    out
}

fn read_lists(section: &[u8]) -> Option<Vec<WarningList>> {
    let mut fields = Fields(section);
    let count = usize::from(fields.u16()?);
    if count > LISTS_MAX {
        return None;
    }
    let mut lists = Vec::with_capacity(count);
    for _ in 0..count {
        lists.push(WarningList {
            slug: fields.text()?,
            title: fields.text()?,
            kind: WarningKind::from_number(fields.u8()?)?,
            entries: fields.u64()?,
        });
    }
    Some(lists)
}
