//! Many things asked about at once: memory is waited for together, not for each.

use super::WarningIndex;
use crate::{
    limits::NAME_BYTES_MAX,
    mix, prefix,
    wire::{self, WireName},
};
use sipar_model::{DomainName, Observable, Prefix, url::Host};

/// The places that look-ups will read, by table.
#[derive(Default)]
struct Places {
    names: Vec<u64>,
    urls: Vec<u64>,
    files: Vec<u64>,
    ipv4: Vec<u128>,
    ipv6: Vec<u128>,
}

impl WarningIndex {
    /// Brings what [`hits`](Self::hits) and [`below`](Self::below) of these things will read into the processor's
    /// caches. It changes no answer. Some tens at a time are best: a processor fetches ten or so at once, and a cache
    /// holds some hundreds.
    pub fn warm<'a>(&self, things: impl Iterator<Item = &'a Observable>) {
        let mut places = Places::default();
        things.for_each(|thing| self.place(thing, &mut places));
        let file = self.container.bytes();
        self.names.warm(file, &places.names);
        self.urls.warm(file, &places.urls);
        self.files.warm(file, &places.files);
        self.ipv4.warm(file, &places.ipv4);
        self.ipv6.warm(file, &places.ipv6);
    }

    fn place(&self, thing: &Observable, places: &mut Places) {
        match thing {
            Observable::Domain(name) => self.place_name(name, places),
            Observable::Address(address) => place_network(&Prefix::from(*address), places),
            Observable::Prefix(prefix) => place_network(prefix, places),
            Observable::File(hash) => places.files.push(mix::hash(self.files.seed(), hash.bytes())),
            Observable::Mail(mail) => self.place_name(&mail.domain(), places),
            Observable::Url(url) => {
                places.urls.push(mix::hash(self.urls.seed(), url.as_str().as_bytes()));
                match url.host() {
                    Host::Name(name) => self.place_name(&name, places),
                    Host::Address(address) => place_network(&Prefix::from(address), places),
                }
            }
            // They are rare.
            Observable::NameServer(_) | Observable::Asn(_) => {}
        }
    }

    fn place_name(&self, name: &DomainName, places: &mut Places) {
        let mut buffer = [0; NAME_BYTES_MAX];
        let length = wire::encode(name, &mut buffer);
        let Some(name) = WireName::split(&buffer[..length]) else { return };
        let mut state = self.names.seed();
        places.names.extend((1..=name.labels()).map(|depth| {
            state = name.absorb(state, depth);
            mix::finish(state)
        }));
    }
}

fn place_network(prefix: &Prefix, places: &mut Places) {
    match prefix::word_of(prefix.addr()) {
        (true, start) => places.ipv4.push(start),
        (false, start) => places.ipv6.push(start),
    }
}
