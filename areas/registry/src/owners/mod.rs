//! Who owned an address or a name at a time: from memory, by the longest match.

mod nested;
#[cfg(test)]
mod tests;
mod tree;

use crate::model::{Period, asset::host_of};
use arc_swap::ArcSwap;
use nested::{Key, Nested, Net4, Net6, Turned};
use sipar_area::{Owner, Owners, Standing};
use sipar_model::{DomainName, Observable, PartyId, Prefix, TimestampMs};
use std::{
    cmp::Reverse,
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};
pub use tree::{Node, Tree};

/// One claim on one thing: 24 bytes.
#[derive(Clone, Copy, Debug)]
struct Held {
    party: u32,
    from: i64,
    until: i64,
}

impl Held {
    const fn holds(&self, at: TimestampMs) -> bool {
        self.from <= at.0 && at.0 < self.until
    }
}

/// Claims by key, the later ones of a key first.
#[derive(Debug)]
struct Shelf<K> {
    keys: Nested<K>,
    /// Where the claims of each key begin, and where the last end.
    starts: Vec<u32>,
    claims: Vec<Held>,
}

impl<K> Default for Shelf<K> {
    fn default() -> Self {
        Self { keys: Nested::default(), starts: vec![0], claims: Vec::new() }
    }
}

impl<K: Key> Shelf<K> {
    fn new(mut rows: Vec<(K, Held)>) -> Self {
        rows.sort_unstable_by(|(one, a), (other, b)| {
            let later = |held: &Held| (Reverse(held.from), held.party);
            one.cmp(other).then_with(|| later(a).cmp(&later(b)))
        });
        let (mut keys, mut starts, mut claims) = (Vec::new(), Vec::new(), Vec::with_capacity(rows.len()));
        for (key, held) in rows {
            if keys.last() != Some(&key) {
                starts.push(place_of(claims.len()));
                keys.push(key);
            }
            claims.push(held);
        }
        starts.push(place_of(claims.len()));
        Self { keys: Nested::new(keys), starts, claims }
    }

    fn held(&self, place: usize, at: TimestampMs) -> Option<Held> {
        let (first, last) = (self.starts[place] as usize, self.starts[place + 1] as usize);
        self.claims[first..last].iter().copied().find(|held| held.holds(at))
    }

    /// The innermost key around `key` that somebody owned at `at`.
    fn around(&self, key: &K, at: TimestampMs) -> Option<(&K, u32)> {
        let mut found = self.keys.around(key).filter_map(|place| Some((place, self.held(place, at)?)));
        found.next().map(|(place, held)| (self.keys.key(place), held.party))
    }

    /// Keys within `key` that somebody owned at `at`.
    fn within<'a>(&'a self, key: &'a K, at: TimestampMs) -> impl Iterator<Item = (&'a K, u32)> {
        self.keys.within(key).filter_map(move |place| Some((self.keys.key(place), self.held(place, at)?.party)))
    }
}

fn place_of(count: usize) -> u32 {
    u32::try_from(count).expect("claims are bounded far below 2^32")
}

/// Collects parties and claims, then becomes a table.
#[derive(Debug, Default)]
pub struct OwnerTableBuilder {
    parties: Vec<(PartyId, String)>,
    names: Vec<(Turned, Held)>,
    ipv4: Vec<(Net4, Held)>,
    ipv6: Vec<(Net6, Held)>,
    exact: HashMap<Observable, Vec<Held>>,
    tree: Tree,
}

impl OwnerTableBuilder {
    /// Adds a party with its title; returns what [`Self::claim`] calls it.
    ///
    /// # Panics
    /// With four thousand million parties.
    pub fn party(&mut self, id: PartyId, title: String) -> u32 {
        let place = place_of(self.parties.len());
        self.parties.push((id, title));
        place
    }

    /// Says where a party stands.
    pub fn stands(&mut self, id: PartyId, node: Node) {
        self.tree.add(id, node);
    }

    /// Adds a claim. Of two on the same thing at the same time, the one that began later holds.
    pub fn claim(&mut self, thing: &Observable, party: u32, period: Period) {
        let held = Held { party, from: period.from.0, until: period.until.map_or(i64::MAX, |until| until.0) };
        match thing {
            Observable::Domain(name) => self.names.push((turned(name), held)),
            Observable::Address(address) => self.network(Prefix::from(*address), held),
            Observable::Prefix(prefix) => self.network(*prefix, held),
            other => self.exact.entry(other.clone()).or_default().push(held),
        }
    }

    fn network(&mut self, network: Prefix, held: Held) {
        match network.addr() {
            IpAddr::V4(v4) => self.ipv4.push((Net4(v4.to_bits(), network.length()), held)),
            IpAddr::V6(v6) => self.ipv6.push((Net6(v6.to_bits(), network.length()), held)),
        }
    }

    /// The table.
    #[must_use]
    pub fn build(mut self) -> OwnerTable {
        for held in self.exact.values_mut() {
            held.sort_unstable_by_key(|held| (Reverse(held.from), held.party));
        }
        OwnerTable {
            parties: self.parties,
            names: Shelf::new(self.names),
            ipv4: Shelf::new(self.ipv4),
            ipv6: Shelf::new(self.ipv6),
            exact: self.exact,
            tree: self.tree,
            version: 0,
        }
    }
}

/// Everything that somebody owns or owned.
#[derive(Debug, Default)]
pub struct OwnerTable {
    parties: Vec<(PartyId, String)>,
    names: Shelf<Turned>,
    ipv4: Shelf<Net4>,
    ipv6: Shelf<Net6>,
    exact: HashMap<Observable, Vec<Held>>,
    tree: Tree,
    version: i64,
}

impl OwnerTable {
    /// The table of this version of the register.
    #[must_use]
    pub fn of_version(self, version: i64) -> Self {
        Self { version, ..self }
    }

    fn owner(&self, party: u32, asset: Observable) -> Option<Owner> {
        let (id, title) = self.parties.get(party as usize)?;
        Some(Owner { party: id.clone(), title: title.clone(), asset })
    }

    fn address(&self, address: IpAddr, length: u8, at: TimestampMs) -> Option<Owner> {
        let (network, party) = match address {
            IpAddr::V4(v4) => {
                let (key, party) = self.ipv4.around(&Net4(v4.to_bits(), length), at)?;
                (network4(key)?, party)
            }
            IpAddr::V6(v6) => {
                let (key, party) = self.ipv6.around(&Net6(v6.to_bits(), length), at)?;
                (network6(key)?, party)
            }
        };
        self.owner(party, network)
    }
}

impl Owners for OwnerTable {
    fn owner_of(&self, subject: &Observable, at: TimestampMs) -> Option<Owner> {
        let exactly = || {
            let held = self.exact.get(subject)?.iter().find(|held| held.holds(at))?;
            self.owner(held.party, subject.clone())
        };
        match subject {
            Observable::Domain(name) => {
                let (key, party) = self.names.around(&turned(name), at)?;
                self.owner(party, Observable::Domain(name_of(key)?))
            }
            Observable::Address(IpAddr::V4(v4)) => self.address(IpAddr::V4(*v4), 32, at),
            Observable::Address(IpAddr::V6(v6)) => self.address(IpAddr::V6(*v6), 128, at),
            Observable::Prefix(network) => self.address(network.addr(), network.length(), at),
            Observable::Url(url) => exactly().or_else(|| self.owner_of(&host_of(url), at)),
            Observable::Mail(mail) => self.owner_of(&Observable::Domain(mail.domain()), at),
            Observable::NameServer(server) => self.owner_of(&server.itself(), at),
            Observable::Asn(_) | Observable::File(_) => exactly(),
        }
    }

    fn owned_within(&self, subject: &Observable, at: TimestampMs, count_max: usize) -> Vec<Owner> {
        let owners = |found: &mut dyn Iterator<Item = (Option<Observable>, u32)>| -> Vec<Owner> {
            found.filter_map(|(asset, party)| self.owner(party, asset?)).take(count_max).collect()
        };
        match subject {
            Observable::Domain(name) => {
                let key = turned(name);
                let found = self.names.within(&key, at);
                owners(&mut found.map(|(key, party)| (name_of(key).map(Observable::Domain), party)))
            }
            Observable::Prefix(network) => match network.addr() {
                IpAddr::V4(v4) => {
                    let key = Net4(v4.to_bits(), network.length());
                    owners(&mut self.ipv4.within(&key, at).map(|(key, party)| (network4(key), party)))
                }
                IpAddr::V6(v6) => {
                    let key = Net6(v6.to_bits(), network.length());
                    owners(&mut self.ipv6.within(&key, at).map(|(key, party)| (network6(key), party)))
                }
            },
            Observable::NameServer(server) => self.owned_within(&server.itself(), at, count_max),
            _ => Vec::new(),
        }
    }

    fn standing(&self, party: &PartyId) -> Option<Standing> {
        self.tree.standing(party)
    }

    fn below(&self, party: &PartyId, count_max: usize) -> Vec<PartyId> {
        self.tree.below(party, count_max)
    }

    fn version(&self) -> i64 {
        self.version
    }
}

fn network4(key: &Net4) -> Option<Observable> {
    Prefix::containing(IpAddr::V4(Ipv4Addr::from_bits(key.0)), key.1).map(Observable::from)
}

fn network6(key: &Net6) -> Option<Observable> {
    Prefix::containing(IpAddr::V6(Ipv6Addr::from_bits(key.0)), key.1).map(Observable::from)
}

/// `www.example.org` as `org.example.www.`.
pub(crate) fn turn(name: &DomainName) -> String {
    let mut text = String::with_capacity(name.as_str().len() + 1);
    for label in name.labels().rev() {
        text.push_str(label);
        text.push('.');
    }
    text
}

fn turned(name: &DomainName) -> Turned {
    Turned(turn(name).into_boxed_str())
}

fn name_of(key: &Turned) -> Option<DomainName> {
    let labels: Vec<&str> = key.0.split('.').rev().skip(1).collect();
    DomainName::parse(&labels.join(".")).ok()
}

/// The table as it is now.
pub struct Live(pub Arc<ArcSwap<OwnerTable>>);

impl Owners for Live {
    fn owner_of(&self, subject: &Observable, at: TimestampMs) -> Option<Owner> {
        self.0.load().owner_of(subject, at)
    }

    fn owned_within(&self, subject: &Observable, at: TimestampMs, count_max: usize) -> Vec<Owner> {
        self.0.load().owned_within(subject, at, count_max)
    }

    fn standing(&self, party: &PartyId) -> Option<Standing> {
        self.0.load().standing(party)
    }

    fn below(&self, party: &PartyId, count_max: usize) -> Vec<PartyId> {
        self.0.load().below(party, count_max)
    }

    fn version(&self) -> i64 {
        self.0.load().version()
    }
}
