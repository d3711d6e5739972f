//! Building a warning index.

use super::{ListNumber, PAYLOAD_BYTES, Reach, SCOPE_BITS, protected::ProtectedNames, sets::SetNumbers, write_lists};
use crate::{
    BuildError, Built, Scope, SigningKey,
    container::{FileKind, Identity, SectionId, SectionPlan, write_file},
    limits::{LISTS_MAX, NAME_BYTES_MAX},
    mix,
    prefix::{self, PrefixItem, PrefixPlan, V4, V6},
    short::Shorts,
    table::{self, Keys, Layout, Shape},
    wire,
};
use hashbrown::HashMap;
use sipar_model::{DomainName, Observable, Prefix, SnapshotSerial, TimestampMs, WarningKind, fact::WarningList};
use std::path::Path;

/// Collects entries, then writes them as one file. An entry takes 20 bytes beside its name until then.
#[derive(Debug)]
pub struct WarningIndexBuilder {
    serial: SnapshotSerial,
    created: TimestampMs,
    lists: Vec<WarningList>,
    names: Bag,
    protected: ProtectedNames,
    /// Each name that has warned names below it, and the lists that those are on.
    above: HashMap<Vec<u8>, Vec<u16>>,
    urls: Bag,
    files: Bag,
    ipv4: Vec<PrefixItem>,
    ipv6: Vec<PrefixItem>,
}

/// Entries found by their key; each has one list and a reach until those on one key are joined.
#[derive(Debug, Default)]
struct Bag {
    keys: Keys,
    items: Vec<(u16, Reach)>,
}

impl Bag {
    fn push(&mut self, key: &[u8], list: u16, reach: Reach) -> Result<(), BuildError> {
        self.keys.push(key)?;
        self.items.push((list, reach));
        Ok(())
    }
}

impl WarningIndexBuilder {
    /// An empty index.
    #[must_use]
    pub fn new(serial: SnapshotSerial, created: TimestampMs) -> Self {
        Self {
            serial,
            created,
            lists: Vec::new(),
            names: Bag::default(),
            protected: ProtectedNames::default(),
            above: HashMap::new(),
            urls: Bag::default(),
            files: Bag::default(),
            ipv4: Vec::new(),
            ipv6: Vec::new(),
        }
    }

    /// Adds a list and returns its number, for the entries on it.
    ///
    /// # Errors
    /// When there are too many lists, or a text is too long.
    pub fn list(&mut self, slug: &str, title: &str, kind: WarningKind) -> Result<ListNumber, BuildError> {
        crate::check_text("slug", slug)?;
        crate::check_text("title", title)?;
        if self.lists.len() >= LISTS_MAX {
            return Err(BuildError::TooMany { what: "lists", max: LISTS_MAX as u64 });
        }
        let number = u16::try_from(self.lists.len()).expect("LISTS_MAX fits 16 bits");
        self.lists.push(WarningList { slug: slug.into(), title: title.into(), kind, entries: 0 });
        Ok(ListNumber(number))
    }

    /// Puts a thing on a list. The scope is for names; other things have none.
    ///
    /// # Errors
    /// When the list is unknown, the thing is a mail sender, an autonomous system or name servers, or a bound is reached.
    pub fn add(&mut self, observable: &Observable, scope: Scope, list: ListNumber) -> Result<(), BuildError> {
        let unsupported = |value: String, instead| Err(BuildError::Unsupported { value, instead });
        let number = list.0;
        if usize::from(number) >= self.lists.len() {
            return Err(BuildError::UnknownList(number));
        }
        match observable {
            Observable::Domain(name) => self.name(name, scope, number)?,
            Observable::Address(address) => self.network(&Prefix::from(*address), number),
            Observable::Prefix(prefix) => self.network(prefix, number),
            Observable::Url(url) => self.urls.push(url.as_str().as_bytes(), number, Reach::Exact)?,
            Observable::File(hash) => self.files.push(hash.bytes(), number, Reach::Exact)?,
            Observable::Mail(mail) => return unsupported(mail.to_string(), "add its domain"),
            Observable::Asn(asn) => return unsupported(asn.to_string(), "add the networks that it announces"),
            Observable::NameServer(server) => {
                return unsupported(server.to_string(), "add its name or network, which name servers there share");
            }
        }
        self.lists[usize::from(number)].entries += 1;
        Ok(())
    }

    fn name(&mut self, name: &DomainName, scope: Scope, list: u16) -> Result<(), BuildError> {
        let mut wire = [0; NAME_BYTES_MAX];
        let length = wire::encode(name, &mut wire);
        let key = &wire[..length - 1];
        let reach = match scope {
            Scope::Exact => Reach::Exact,
            Scope::Subtree => Reach::Subtree,
        };
        self.names.push(key, list, reach)?;
        if self.lists[usize::from(list)].kind == WarningKind::Never {
            self.protected.push(name, scope);
        }
        let mut rest = key;
        while let Some(parent) = parent_of(rest) {
            rest = parent;
            let lists = self.above.entry_ref(rest).or_default();
            if lists.contains(&list) {
                // Then the names further above have it as well.
                break;
            }
            lists.push(list);
        }
        Ok(())
    }

    fn network(&mut self, prefix: &Prefix, list: u16) {
        let (is_v4, start) = prefix::word_of(prefix.addr());
        let place = PrefixItem { start, length: prefix.length(), item: u32::from(list) };
        if is_v4 { self.ipv4.push(place) } else { self.ipv6.push(place) }
    }

    /// Writes the file beside `path`, syncs it, and renames it into place.
    ///
    /// # Errors
    /// When it cannot be written, or a bound of the format is reached.
    pub fn write(self, path: &Path, key: &SigningKey) -> Result<Built, BuildError> {
        let Self { serial, created, lists, mut names, protected, above, urls, files, ipv4, ipv6 } = self;
        for (name, on) in above {
            for list in on {
                names.push(&name, list, Reach::Below)?;
            }
        }
        let identity = Identity { kind: FileKind::Warnings, serial: serial.0, created_ms: created.0 };
        let mut sets = SetNumbers::default();

        let shorts = Shorts::of(&names.keys);
        let mut sections = vec![SectionPlan::whole(SectionId::WarningLists, write_lists(&lists))];
        let bytes = |item| shorts.bytes(item);
        let (layout, payloads) = lay_out(&names, &mut sets, identity, &table::NAMES, wire::hash, bytes)?;
        let mut entries = layout.len();
        let put = |item, key: &[u8], out: &mut Vec<u8>| shorts.put(item, key, out);
        let payload_of = move |item: u32| payloads[item as usize].to_le_bytes();
        sections.extend(layout.into_sections(&table::NAMES, &[], &names.keys, put, payload_of));
        sections.push(shorts.section());

        for (bag, table) in [(&urls, table::URLS), (&files, table::FILES)] {
            let (layout, payloads) =
                lay_out(bag, &mut sets, identity, &table, mix::hash, |item| bag.keys.get(item).len())?;
            entries += layout.len();
            let put = |_, key: &[u8], out: &mut Vec<u8>| out.extend_from_slice(key);
            let payload_of = move |item: u32| payloads[item as usize].to_le_bytes();
            sections.extend(layout.into_sections(&table, &[], &bag.keys, put, payload_of));
        }

        let plan = PrefixPlan::new::<V4>(join_networks(ipv4, &mut sets)?);
        entries += plan.len();
        sections.extend(plan.into_sections::<V4, PAYLOAD_BYTES>(&prefix::IPV4, payload));
        let plan = PrefixPlan::new::<V6>(join_networks(ipv6, &mut sets)?);
        entries += plan.len();
        sections.extend(plan.into_sections::<V6, PAYLOAD_BYTES>(&prefix::IPV6, payload));

        sections.push(protected.section()?);
        sections.push(sets.section());
        let written = write_file(path, identity, sections, key)?;
        let (file_bytes, blake3_hex) = (written.file_bytes, written.blake3_hex);
        Ok(Built { entries: u64::from(entries), superseded: 0, file_bytes, blake3_hex })
    }
}

/// The name above one, without its root label.
fn parent_of(name: &[u8]) -> Option<&[u8]> {
    let (length, rest) = name.split_first()?;
    rest.get(usize::from(*length)..).filter(|parent| !parent.is_empty())
}

fn payload(set: u32) -> [u8; PAYLOAD_BYTES] {
    (set << SCOPE_BITS).to_le_bytes()
}

/// Lays out a bag, with what stands on one key with one reach joined to one entry.
/// Returns the payload of each item that stays, too.
fn lay_out(
    bag: &Bag,
    sets: &mut SetNumbers,
    identity: Identity,
    sections: &table::Sections,
    hash: impl Fn(u64, &[u8]) -> u64,
    key_bytes: impl Fn(u32) -> usize,
) -> Result<(Layout, Vec<u32>), BuildError> {
    let shape = Shape { hash, key_bytes, payload_bytes: PAYLOAD_BYTES };
    let mut payloads = vec![0; bag.items.len()];
    let mut set = Vec::new();
    let layout = table::build(&bag.keys, identity, sections, &shape, |same_key, stay| {
        if let [only] = same_key {
            let (list, reach) = bag.items[*only as usize];
            payloads[*only as usize] = sets.single(list)? << SCOPE_BITS | reach as u32;
            stay.push(*only);
            return Ok(());
        }
        for reach in [Reach::Exact, Reach::Subtree, Reach::Below] {
            let of_reach = || same_key.iter().filter(|item| bag.items[**item as usize].1 == reach);
            let Some(item) = of_reach().next() else { continue };
            set.clear();
            set.extend(of_reach().map(|item| bag.items[*item as usize].0));
            set.sort_unstable();
            set.dedup();
            payloads[*item as usize] = sets.number(&set)? << SCOPE_BITS | reach as u32;
            stay.push(*item);
        }
        Ok(())
    })?;
    Ok((layout, payloads))
}

/// Sorts networks and joins the lists on each; the number of an item is that of its set afterwards.
fn join_networks(mut places: Vec<PrefixItem>, sets: &mut SetNumbers) -> Result<Vec<PrefixItem>, BuildError> {
    places.sort_unstable();
    places.dedup();
    let mut joined = Vec::with_capacity(places.len());
    for same in places.chunk_by(|a, b| (a.start, a.length) == (b.start, b.length)) {
        let set: Vec<u16> = same.iter().filter_map(|place| u16::try_from(place.item).ok()).collect();
        joined.push(PrefixItem { item: sets.number(&set)?, ..same[0] });
    }
    Ok(joined)
}
