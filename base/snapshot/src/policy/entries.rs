//! Entries read back by number, and found by what they are about.

use super::{EntryRef, PAYLOAD_BYTES, Policy, PolicyEntry, servers, time_of};
use crate::{
    limits::NAME_BYTES_MAX,
    mix,
    prefix::{self, PrefixTable},
    table::Table,
    wire,
};
use sipar_model::{CanonicalUrl, DecisionNumber, DomainName, FileHash, MailAddress, NameServer, Observable, Prefix};

impl Policy {
    /// The entry with this number. `None` when there is none, or it cannot be read.
    #[must_use]
    pub fn entry(&self, entry: EntryRef) -> Option<PolicyEntry> {
        let (observable, payload) = self.stored(entry.0)?;
        let (class, expires_s, decision) = self.payload(payload)?;
        let (score, evidence) = self.evidence(entry);
        Some(PolicyEntry {
            observable,
            scope: class.scope,
            action: class.action,
            category: class.category,
            severity: class.severity,
            tlp: class.tlp,
            list: class.list,
            expires: time_of(expires_s),
            decision: DecisionNumber(decision),
            score,
            evidence,
        })
    }

    /// What the entry with this number is about. `None` when there is none, or it cannot be read.
    pub(crate) fn thing(&self, entry: EntryRef) -> Option<Observable> {
        self.stored(entry.0).map(|(thing, _)| thing)
    }

    fn stored(&self, number: u32) -> Option<(Observable, &[u8; PAYLOAD_BYTES])> {
        let file = self.container.bytes();
        let firsts = &self.firsts;
        let keyed = |table: &Table<PAYLOAD_BYTES>, first| {
            let record = table.entry(file, number - first)?;
            Some((record.key, record.payload))
        };
        if number < firsts.urls {
            let (key, payload) = keyed(&self.names.table, 0)?;
            let name = wire::text(&self.names.endings.expand(key)?)?;
            Some((Observable::Domain(DomainName::parse(&name).ok()?), payload))
        } else if number < firsts.files {
            let (key, payload) = keyed(&self.urls, firsts.urls)?;
            Some((Observable::Url(CanonicalUrl::parse(std::str::from_utf8(key).ok()?).ok()?), payload))
        } else if number < firsts.mails {
            let (key, payload) = keyed(&self.files, firsts.files)?;
            Some((Observable::File(FileHash::from_bytes(key)?), payload))
        } else if number < firsts.ipv4 {
            let (key, payload) = keyed(&self.mails, firsts.mails)?;
            Some((Observable::Mail(MailAddress::parse(std::str::from_utf8(key).ok()?).ok()?), payload))
        } else if number < firsts.ipv6 {
            network(&self.ipv4, file, number - firsts.ipv4)
        } else if number < firsts.servers {
            network(&self.ipv6, file, number - firsts.ipv6)
        } else {
            let (key, payload) = keyed(&self.servers, firsts.servers)?;
            Some((Observable::NameServer(NameServer::parse(std::str::from_utf8(key).ok()?).ok()?), payload))
        }
    }

    /// The numbers of all entries on exactly this observable, expired or not.
    #[must_use]
    pub fn find(&self, observable: &Observable) -> Vec<EntryRef> {
        let file = self.container.bytes();
        let mut found = Vec::new();
        let mut keyed = |table: &Table<PAYLOAD_BYTES>, first: u32, key: &[u8]| {
            table.probe(file, mix::hash(table.seed(), key), |record| {
                if record.key == key {
                    found.push(EntryRef(first + record.entry));
                }
            });
        };
        match observable {
            Observable::Domain(name) => {
                let mut name_wire = [0; NAME_BYTES_MAX];
                let length = wire::encode(name, &mut name_wire);
                let key = &name_wire[..length - 1];
                let names = &self.names;
                names.table.probe(file, wire::hash(names.table.seed(), key), |record| {
                    if names.endings.matches(record.key, key) {
                        found.push(EntryRef(record.entry));
                    }
                });
            }
            Observable::Url(url) => keyed(&self.urls, self.firsts.urls, url.as_str().as_bytes()),
            Observable::File(hash) => keyed(&self.files, self.firsts.files, hash.bytes()),
            Observable::Mail(mail) => keyed(&self.mails, self.firsts.mails, mail.as_str().as_bytes()),
            Observable::Address(address) => self.find_network(&Prefix::from(*address), &mut found),
            Observable::Prefix(prefix) => self.find_network(prefix, &mut found),
            Observable::NameServer(server) => {
                keyed(&self.servers, self.firsts.servers, servers::key(server).as_bytes());
            }
            Observable::Asn(_) => {}
        }
        found
    }

    fn find_network(&self, prefix: &Prefix, found: &mut Vec<EntryRef>) {
        let (is_v4, start) = prefix::word_of(prefix.addr());
        let length = prefix.length();
        if is_v4 {
            on_network(&self.ipv4, self.container.bytes(), start, length, self.firsts.ipv4, found);
        } else {
            on_network(&self.ipv6, self.container.bytes(), start, length, self.firsts.ipv6, found);
        }
    }
}

fn on_network<const W: usize>(
    table: &PrefixTable<W, PAYLOAD_BYTES>,
    file: &[u8],
    start: u128,
    length: u8,
    first: u32,
    found: &mut Vec<EntryRef>,
) {
    let on = table.starting_at(file, start).filter(|entry| entry.length == length);
    found.extend(on.map(|entry| EntryRef(first + entry.number)));
}

fn network<'a, const W: usize>(
    table: &PrefixTable<W, PAYLOAD_BYTES>,
    file: &'a [u8],
    number: u32,
) -> Option<(Observable, &'a [u8; PAYLOAD_BYTES])> {
    let entry = table.entry(file, number)?;
    let prefix = prefix::network::<W>(entry.start, entry.length)?;
    let observable = match prefix.single() {
        Some(address) => Observable::Address(address),
        None => Observable::Prefix(prefix),
    };
    Some((observable, entry.payload))
}
