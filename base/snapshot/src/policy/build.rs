//! Building a policy file.

use super::{
    ListId, ListInfo, Mode, PAYLOAD_BYTES, PolicyEntry, PolicyHead, Scope,
    classes::{self, Class, Classes},
    evidence::EvidenceBag,
    seconds, servers,
    times::Times,
};
use crate::{
    BuildError, SigningKey,
    container::{Container, FileKind, Identity, SectionId, SectionPlan, assemble, write_file},
    limits::{ENTRIES_MAX, LISTS_MAX, NAME_BYTES_MAX},
    mix,
    prefix::{self, PrefixItem, PrefixPlan, V4, V6},
    short::Shorts,
    table::{self, Keys, Layout, Shape},
    wire,
};
use sipar_model::{Action, Asn, DecisionNumber, Observable, Prefix, TimestampMs};
use std::{cmp::Reverse, path::Path};

/// Collects entries, then writes them as one file. An entry takes about 60 bytes beside its name until then.
#[derive(Debug)]
pub struct PolicyBuilder {
    head: PolicyHead,
    lists: Vec<ListInfo>,
    classes: Classes,
    evidence: EvidenceBag,
    times: Times,
    names: Bag,
    urls: Bag,
    files: Bag,
    mails: Bag,
    ipv4: Networks,
    ipv6: Networks,
    servers: Bag,
    count: usize,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Entries in it.
    pub entries: u64,
    /// Entries left out, because another on the same thing answers in their place until they expire.
    pub superseded: u64,
    /// Its length.
    pub file_bytes: u64,
    /// BLAKE3 of the whole file.
    pub blake3_hex: String,
}

/// What an entry carries beside its key.
#[derive(Clone, Copy, Debug)]
struct Pending {
    class: u16,
    expires_s: u32,
    decision: u32,
    evidence: u32,
}

impl Pending {
    fn payload(&self) -> [u8; PAYLOAD_BYTES] {
        let mut payload = [0; PAYLOAD_BYTES];
        payload[..2].copy_from_slice(&self.class.to_le_bytes());
        payload[2..6].copy_from_slice(&self.expires_s.to_le_bytes());
        payload[6..].copy_from_slice(&self.decision.to_le_bytes());
        payload
    }
}

/// Entries found by their key.
#[derive(Debug, Default)]
struct Bag {
    keys: Keys,
    items: Vec<Pending>,
}

impl Bag {
    fn push(&mut self, key: &[u8], pending: Pending) -> Result<(), BuildError> {
        self.keys.push(key)?;
        self.items.push(pending);
        Ok(())
    }

    fn payload(&self, item: u32) -> [u8; PAYLOAD_BYTES] {
        self.items[item as usize].payload()
    }
}

/// Entries found by an address.
#[derive(Debug, Default)]
struct Networks {
    places: Vec<PrefixItem>,
    items: Vec<Pending>,
}

impl PolicyBuilder {
    /// An empty policy.
    #[must_use]
    pub fn new(head: PolicyHead) -> Self {
        Self {
            head,
            lists: Vec::new(),
            classes: Classes::default(),
            evidence: EvidenceBag::default(),
            times: Times::default(),
            names: Bag::default(),
            urls: Bag::default(),
            files: Bag::default(),
            mails: Bag::default(),
            ipv4: Networks::default(),
            ipv6: Networks::default(),
            servers: Bag::default(),
            count: 0,
        }
    }

    /// Adds a list and returns its number, for the entries on it.
    ///
    /// # Errors
    /// When there are too many lists, or a text is too long.
    pub fn list(&mut self, list: ListInfo) -> Result<ListId, BuildError> {
        crate::check_text("slug", &list.slug)?;
        crate::check_text("title", &list.title)?;
        if self.lists.len() >= LISTS_MAX {
            return Err(BuildError::TooMany { what: "lists", max: LISTS_MAX as u64 });
        }
        let id = ListId(u16::try_from(self.lists.len()).expect("LISTS_MAX fits 16 bits"));
        self.lists.push(list);
        Ok(id)
    }

    /// Adds an entry. Several on the same thing are kept as far as each can ever be the one that answers.
    ///
    /// # Errors
    /// When its list is unknown, it is an autonomous system, or a bound of the format is reached.
    pub fn add(&mut self, entry: PolicyEntry) -> Result<(), BuildError> {
        let class = class_of(&entry, &self.lists)?;
        if self.count >= ENTRIES_MAX {
            return Err(BuildError::TooMany { what: "entries", max: ENTRIES_MAX as u64 });
        }
        if let Observable::Asn(asn) = entry.observable {
            return Err(unsupported(asn));
        }
        let class = self.classes.number(class)?;
        let evidence = self.evidence.push(entry.score, entry.evidence)?;
        let pending = Pending { class, expires_s: seconds(entry.expires), decision: entry.decision.0, evidence };
        self.count += 1;
        match &entry.observable {
            Observable::Domain(name) => {
                let mut wire = [0; NAME_BYTES_MAX];
                let length = wire::encode(name, &mut wire);
                self.names.push(&wire[..length - 1], pending)
            }
            Observable::Url(url) => self.urls.push(url.as_str().as_bytes(), pending),
            Observable::File(hash) => self.files.push(hash.bytes(), pending),
            Observable::Mail(mail) => self.mails.push(mail.as_str().as_bytes(), pending),
            Observable::Address(address) => {
                self.network(Prefix::from(*address), pending);
                Ok(())
            }
            Observable::Prefix(prefix) => {
                self.network(*prefix, pending);
                Ok(())
            }
            Observable::NameServer(server) => self.servers.push(servers::key(server).as_bytes(), pending),
            Observable::Asn(asn) => Err(unsupported(*asn)),
        }
    }

    /// Notes when a decision was taken. Numbers of decisions must grow with time: what is kept is the first of each hour.
    pub fn decided(&mut self, decision: DecisionNumber, at: TimestampMs) {
        self.times.note(decision, at);
    }

    fn network(&mut self, prefix: Prefix, pending: Pending) {
        let (is_v4, start) = prefix::word_of(prefix.addr());
        let networks = if is_v4 { &mut self.ipv4 } else { &mut self.ipv6 };
        let item = u32::try_from(networks.items.len()).expect("ENTRIES_MAX is below 2^32");
        networks.places.push(PrefixItem { start, length: prefix.length(), item });
        networks.items.push(pending);
    }

    /// Writes the file beside `path`, syncs it, and renames it into place.
    ///
    /// # Errors
    /// When it cannot be written, or a bound of the format is reached.
    pub fn write(self, path: &Path, key: &SigningKey) -> Result<Built, BuildError> {
        let (written, entries, superseded) =
            self.emit(|identity, sections| write_file(path, identity, sections, key))?;
        Ok(Built { entries, superseded, file_bytes: written.file_bytes, blake3_hex: written.blake3_hex })
    }

    /// The policy in memory, for this process alone: nothing is signed.
    pub(crate) fn in_memory(self) -> Result<Container, BuildError> {
        self.emit(assemble).map(|(container, _, _)| container)
    }

    /// Lays everything out and hands the sections to `finish`. Returns entries kept and superseded as well.
    fn emit<T>(
        self,
        finish: impl FnOnce(Identity, Vec<SectionPlan<'_>>) -> Result<T, BuildError>,
    ) -> Result<(T, u64, u64), BuildError> {
        crate::check_text("contact", &self.head.contact)?;
        let Self { head, lists, classes, evidence, times, names, urls, files, mails, ipv4, ipv6, servers, count } =
            self;
        let identity = Identity { kind: FileKind::Policy, serial: head.serial.0, created_ms: head.created.0 };
        let mut order = Vec::with_capacity(count);

        let shorts = Shorts::of(&names.keys);
        let mut sections = vec![SectionPlan::whole(SectionId::PolicyHead, classes::write(&head, &lists, &classes))];
        let layout = lay_out(&names, &classes, identity, &table::NAMES, wire::hash, |item| shorts.bytes(item))?;
        order.extend(layout.items().map(|item| names.items[item as usize].evidence));
        let masks = depth_masks(&layout, &names, &shorts, &classes);
        let (put, payload) =
            (|item, key: &[u8], out: &mut Vec<u8>| shorts.put(item, key, out), |item| names.payload(item));
        sections.extend(layout.into_sections(&table::NAMES, &masks, &names.keys, put, payload));
        if !names.items.is_empty() {
            sections.push(shorts.section());
        }

        for (bag, table) in [(&urls, table::URLS), (&files, table::FILES), (&mails, table::MAILS)] {
            sections.extend(keyed(bag, table, &classes, identity, &mut order)?);
        }

        let Networks { places, items } = ipv4;
        let plan = PrefixPlan::new::<V4>(keep_networks(places, &items, &classes));
        order.extend(plan.items().map(|item| items[item as usize].evidence));
        sections.extend(plan.into_sections::<V4, PAYLOAD_BYTES>(&prefix::IPV4, |item| items[item as usize].payload()));
        let Networks { places, items } = ipv6;
        let plan = PrefixPlan::new::<V6>(keep_networks(places, &items, &classes));
        order.extend(plan.items().map(|item| items[item as usize].evidence));
        sections.extend(plan.into_sections::<V6, PAYLOAD_BYTES>(&prefix::IPV6, |item| items[item as usize].payload()));

        sections.extend(keyed(&servers, table::SERVERS, &classes, identity, &mut order)?);

        let entries = order.len();
        sections.extend(evidence.into_sections(order));
        sections.extend(times.section());
        Ok((finish(identity, sections)?, entries as u64, (count - entries) as u64))
    }
}

fn unsupported(asn: Asn) -> BuildError {
    BuildError::Unsupported { value: asn.to_string(), instead: "add the networks that it announces" }
}

/// The sections of a table whose keys stand in it as they are; notes where the evidence of its entries is.
fn keyed<'a>(
    bag: &'a Bag,
    table: table::Sections,
    classes: &Classes,
    identity: Identity,
    order: &mut Vec<u32>,
) -> Result<Vec<SectionPlan<'a>>, BuildError> {
    let layout = lay_out(bag, classes, identity, &table, mix::hash, |item| bag.keys.get(item).len())?;
    order.extend(layout.items().map(|item| bag.items[item as usize].evidence));
    let put = |_, key: &[u8], out: &mut Vec<u8>| out.extend_from_slice(key);
    Ok(layout.into_sections(&table, &[], &bag.keys, put, |item| bag.payload(item)))
}

/// Lays out the entries of a bag that can ever answer.
fn lay_out(
    bag: &Bag,
    classes: &Classes,
    identity: Identity,
    sections: &table::Sections,
    hash: impl Fn(u64, &[u8]) -> u64,
    key_bytes: impl Fn(u32) -> usize,
) -> Result<Layout, BuildError> {
    let shape = Shape { hash, key_bytes, payload_bytes: PAYLOAD_BYTES };
    let mut run = Vec::new();
    table::build(&bag.keys, identity, sections, &shape, |same_key, stay| {
        if let [only] = same_key {
            stay.push(*only);
            return Ok(());
        }
        for scope in [Scope::Exact, Scope::Subtree] {
            run.clear();
            run.extend(same_key.iter().filter(|item| classes.get(bag.items[**item as usize].class).scope == scope));
            keep_run(&mut run, &bag.items, classes);
            stay.extend_from_slice(&run);
        }
        Ok(())
    })
}

/// Which depths have entries for everything below, and which have exact ones: 16 bytes each, a bit a depth.
fn depth_masks(layout: &Layout, names: &Bag, shorts: &Shorts, classes: &Classes) -> Vec<u8> {
    let mut masks = [0_u128; 2];
    for item in layout.items() {
        let depth = shorts.labels(item);
        match classes.get(names.items[item as usize].class).scope {
            Scope::Subtree => masks[0] |= 1 << depth,
            Scope::Exact => masks[1] |= 1 << depth,
        }
    }
    masks.iter().flat_map(|mask| mask.to_le_bytes()).collect()
}

/// Orders decisions on one key and scope: the preferred one first.
fn preference(pending: &Pending, classes: &Classes) -> impl Ord + use<> {
    let class = classes.get(pending.class);
    (
        class.shadow,
        class.action != Action::Allow,
        Reverse(pending.expires_s),
        Reverse(class.severity),
        pending.decision,
        class.category,
        class.list,
        class.tlp,
    )
}

/// Of decisions on one key and scope, those that can ever be the answer: each outlives all that are preferred to it.
fn keep_run(run: &mut Vec<u32>, items: &[Pending], classes: &Classes) {
    let item = |number: &u32| &items[*number as usize];
    run.sort_by_cached_key(|number| preference(item(number), classes));
    let mut outlived = None;
    run.retain(|number| {
        let expires_s = item(number).expires_s;
        let kept = outlived.is_none_or(|before| expires_s > before);
        outlived = outlived.max(Some(expires_s));
        kept
    });
}

/// Of entries on one thing, those that can ever answer, in one order: what a file that holds them all would keep.
pub(crate) fn kept(entries: Vec<PolicyEntry>, lists: &[ListInfo]) -> Result<Vec<PolicyEntry>, BuildError> {
    let mut classes = Classes::default();
    let mut items = Vec::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        let class = classes.number(class_of(entry, lists)?)?;
        let evidence = u32::try_from(number).expect("a bounded handful of entries");
        items.push(Pending { class, expires_s: seconds(entry.expires), decision: entry.decision.0, evidence });
    }
    let mut order = Vec::with_capacity(entries.len());
    for scope in [Scope::Exact, Scope::Subtree] {
        let of_scope = |item: &u32| entries[*item as usize].scope == scope;
        let mut run: Vec<u32> = (0..items.len()).filter_map(|item| u32::try_from(item).ok()).filter(of_scope).collect();
        keep_run(&mut run, &items, &classes);
        order.extend(run);
    }
    let mut entries: Vec<Option<PolicyEntry>> = entries.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|item| entries[item as usize].take()).collect())
}

/// What an entry shares with others.
fn class_of(entry: &PolicyEntry, lists: &[ListInfo]) -> Result<Class, BuildError> {
    let list = lists.get(usize::from(entry.list.0)).ok_or(BuildError::UnknownList(entry.list.0))?;
    let named = entry.observable.name().is_some();
    Ok(Class {
        action: entry.action,
        category: entry.category,
        severity: entry.severity,
        tlp: entry.tlp,
        list: entry.list,
        scope: if named { entry.scope } else { Scope::Exact },
        shadow: list.mode == Mode::Shadow,
    })
}

/// Sorts networks and leaves out what can never answer. The preferred decision on a network comes last.
fn keep_networks(mut places: Vec<PrefixItem>, items: &[Pending], classes: &Classes) -> Vec<PrefixItem> {
    places.sort_unstable();
    let mut kept = Vec::with_capacity(places.len());
    for same in places.chunk_by(|a, b| (a.start, a.length) == (b.start, b.length)) {
        let mut run: Vec<u32> = same.iter().map(|place| place.item).collect();
        keep_run(&mut run, items, classes);
        kept.extend(run.into_iter().rev().map(|item| PrefixItem { item, ..same[0] }));
    }
    kept
}
