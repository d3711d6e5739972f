//! Who owns an address or a name, from memory, by the longest match.

use crate::model::Party;
use arc_swap::ArcSwap;
use ipnet::IpNet;
use sipar_area::{Owner, Owners};
use sipar_model::{Observable, Prefix, TimestampMs, url::Host};
use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// Everything that somebody owns.
#[derive(Default)]
pub struct OwnerTable {
    names: HashMap<String, u32>,
    networks: HashMap<IpNet, u32>,
    /// The lengths that occur, longest first, so that a look-up asks only for these.
    lengths_v4: Vec<u8>,
    lengths_v6: Vec<u8>,
    owners: Vec<Owner>,
}

impl OwnerTable {
    /// The table of `parties`. Of two owners of one thing the first by name has it, until a person settles it.
    pub fn new(parties: &[Party]) -> Self {
        let mut table = Self::default();
        for party in parties {
            for asset in &party.assets {
                let Ok(place) = u32::try_from(table.owners.len()) else { return table };
                let free = match asset {
                    Observable::Domain(name) => table.names.insert_free(name.as_str().to_owned(), place),
                    Observable::Address(address) => table.networks.insert_free(Prefix::from(*address).net(), place),
                    Observable::Prefix(prefix) => table.networks.insert_free(prefix.net(), place),
                    _ => false,
                };
                if free {
                    let owner = Owner { party: party.slug.clone(), title: party.title.clone(), asset: asset.clone() };
                    table.owners.push(owner);
                }
            }
        }
        let lengths = |v4: bool| {
            let mut lengths: Vec<u8> =
                table.networks.keys().filter(|net| matches!(net, IpNet::V4(_)) == v4).map(IpNet::prefix_len).collect();
            lengths.sort_unstable_by(|a, b| b.cmp(a));
            lengths.dedup();
            lengths
        };
        (table.lengths_v4, table.lengths_v6) = (lengths(true), lengths(false));
        table
    }

    fn of(&self, subject: &Observable) -> Option<&Owner> {
        let place = match subject {
            Observable::Domain(name) => name.suffixes().find_map(|name| self.names.get(name)),
            Observable::Mail(mail) => return self.of(&Observable::Domain(mail.domain())),
            Observable::Address(address) => self.network(*address, u8::MAX),
            Observable::Prefix(prefix) => self.network(prefix.addr(), prefix.length()),
            Observable::Url(url) => match url.host() {
                Host::Name(name) => return self.of(&Observable::Domain(name)),
                Host::Address(address) => self.network(address, u8::MAX),
            },
            Observable::File(_) | Observable::Asn(_) => None,
        };
        place.and_then(|place| self.owners.get(*place as usize))
    }

    fn network(&self, address: IpAddr, longest: u8) -> Option<&u32> {
        let lengths = if address.is_ipv4() { &self.lengths_v4 } else { &self.lengths_v6 };
        let of_length = |length: &u8| self.networks.get(&Prefix::containing(address, *length)?.net());
        lengths.iter().filter(|length| **length <= longest).find_map(of_length)
    }
}

trait InsertFree<K> {
    /// Inserts unless the key is taken; says whether it was free.
    fn insert_free(&mut self, key: K, value: u32) -> bool;
}

impl<K: Eq + std::hash::Hash> InsertFree<K> for HashMap<K, u32> {
    fn insert_free(&mut self, key: K, value: u32) -> bool {
        match self.entry(key) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(value);
                true
            }
            std::collections::hash_map::Entry::Occupied(_) => false,
        }
    }
}

/// The table as it is now.
pub struct Live(pub Arc<ArcSwap<OwnerTable>>);

impl Owners for Live {
    /// Owner periods come with the whole register; until then an owner owns at all times.
    fn owner_of(&self, subject: &Observable, _at: TimestampMs) -> Option<Owner> {
        self.0.load().of(subject).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Tier;

    #[test]
    fn the_longest_match_owns() {
        let party = |slug: &str, assets: &[&str]| Party {
            slug: slug.into(),
            title: slug.into(),
            title_ur: slug.into(),
            tier: Tier::Organisation,
            sector: "government".into(),
            contact: "cert@example.org".into(),
            assets: assets.iter().map(|asset| Observable::guess(asset).expect(asset)).collect(),
        };
        let table = OwnerTable::new(&[
            party("a", &["example.org", "192.0.2.0/24", "2001:db8::/32"]),
            party("b", &["b.example.org", "192.0.2.128/25", "2001:db8:1::/48", "192.0.2.7", "example.org"]),
        ]);
        let check = |what: &str, expect: Option<&str>| {
            let owner = table.of(&Observable::guess(what).expect(what)).map(|owner| owner.party.as_str());
            assert_eq!(owner, expect, "{what}");
        };
        check("example.org", Some("a"));
        check("www.example.org", Some("a"));
        check("x.b.example.org", Some("b"));
        check("notexample.org", None);
        check("192.0.2.1", Some("a"));
        check("192.0.2.200", Some("b"));
        check("192.0.2.7", Some("b"));
        check("192.0.2.0/25", Some("a"));
        check("192.0.2.0/23", None);
        check("198.51.100.1", None);
        check("2001:db8:1::5", Some("b"));
        check("2001:db8:2::5", Some("a"));
        check("https://b.example.org/x", Some("b"));
        check("info@example.org", Some("a"));
    }
}
