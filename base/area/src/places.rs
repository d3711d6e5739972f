//! Names and networks in order, so that what stands above or below one is found by a look-up, not by a scan.

use sipar_model::{DomainName, Observable, Prefix};
use std::{collections::BTreeMap, net::IpAddr, ops::Bound};

/// Something kept for each of many names and networks. Other kinds of thing are above and below nothing.
#[derive(Clone, Debug)]
pub struct Places<T> {
    /// By the name with its labels turned round, each with a dot behind it: what is below a name begins with it.
    names: BTreeMap<String, (DomainName, T)>,
    networks: BTreeMap<(IpAddr, u8), (Prefix, T)>,
    /// How many networks there are of each length, so that a look-up asks only for lengths that occur.
    lengths_v4: BTreeMap<u8, usize>,
    lengths_v6: BTreeMap<u8, usize>,
    count: usize,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        let (names, networks) = (BTreeMap::new(), BTreeMap::new());
        Self { names, networks, lengths_v4: BTreeMap::new(), lengths_v6: BTreeMap::new(), count: 0 }
    }
}

impl<T> Places<T> {
    /// Keeps `value` for a name, an address or a network, unless something is kept for it; says whether it did.
    pub fn insert(&mut self, thing: &Observable, value: T) -> bool {
        let free = match thing {
            Observable::Domain(name) => {
                let key = turned(name);
                !self.names.contains_key(&key) && self.names.insert(key, (name.clone(), value)).is_none()
            }
            Observable::Address(address) => self.insert_network(Prefix::from(*address), value),
            Observable::Prefix(prefix) => self.insert_network(*prefix, value),
            _ => false,
        };
        self.count += usize::from(free);
        free
    }

    fn insert_network(&mut self, network: Prefix, value: T) -> bool {
        let key = (network.addr(), network.length());
        if self.networks.contains_key(&key) {
            return false;
        }
        self.networks.insert(key, (network, value));
        let lengths = if network.addr().is_ipv4() { &mut self.lengths_v4 } else { &mut self.lengths_v6 };
        *lengths.entry(network.length()).or_default() += 1;
        true
    }

    /// How many are kept.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether none is kept.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What is kept for a thing, or for the nearest name or network around it; of name servers, for those of theirs.
    #[must_use]
    pub fn around(&self, thing: &Observable) -> Option<&T> {
        match thing {
            Observable::Domain(_) if self.names.is_empty() => None,
            Observable::Domain(name) => {
                let key = turned(name);
                let ends = key.char_indices().filter(|(_, letter)| *letter == '.').map(|(at, _)| at + 1);
                let ends: Vec<usize> = ends.collect();
                ends.iter().rev().find_map(|end| self.names.get(&key[..*end])).map(|(_, value)| value)
            }
            Observable::Address(address) => self.network_around(*address, u8::MAX),
            Observable::Prefix(prefix) => self.network_around(prefix.addr(), prefix.length()),
            Observable::NameServer(server) => self.around(&server.itself()),
            _ => None,
        }
    }

    fn network_around(&self, address: IpAddr, longest: u8) -> Option<&T> {
        let lengths = if address.is_ipv4() { &self.lengths_v4 } else { &self.lengths_v6 };
        lengths.range(..=longest).rev().find_map(|(length, _)| {
            let network = Prefix::containing(address, *length)?;
            self.networks.get(&(network.addr(), *length)).map(|(_, value)| value)
        })
    }

    /// What is kept below a name or inside a network, not for the thing itself; at most `count_max`.
    #[must_use]
    pub fn within(&self, thing: &Observable, count_max: usize) -> Vec<(Observable, &T)> {
        match thing {
            Observable::Domain(_) if self.names.is_empty() => Vec::new(),
            Observable::Domain(name) => {
                let key = turned(name);
                let below = self.names.range::<str, _>((Bound::Excluded(key.as_str()), Bound::Unbounded));
                let below = below.take_while(|(other, _)| other.starts_with(&key)).take(count_max);
                below.map(|(_, (name, value))| (Observable::Domain(name.clone()), value)).collect()
            }
            Observable::Prefix(prefix) => {
                let from = (prefix.addr(), prefix.length());
                let inside = self.networks.range((Bound::Excluded(from), Bound::Unbounded));
                let inside = inside.take_while(|((start, _), _)| prefix.contains(*start));
                let inside = inside.take(count_max);
                inside.map(|(_, (network, value))| (Observable::from(*network), value)).collect()
            }
            Observable::NameServer(server) => self.within(&server.itself(), count_max),
            _ => Vec::new(),
        }
    }
}

/// `www.example.org` as `org.example.www.`.
fn turned(name: &DomainName) -> String {
    let mut text = String::with_capacity(name.as_str().len() + 1);
    for label in name.labels().rev() {
        text.push_str(label);
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(text: &str) -> Observable {
        Observable::guess(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn places(things: &[&str]) -> Places<String> {
        let mut places = Places::default();
        for text in things {
            assert!(places.insert(&thing(text), (*text).to_owned()), "{text}");
        }
        places
    }

    #[test]
    fn the_nearest_around_and_everything_within() {
        let places = places(&[
            "example.org",
            "b.example.org",
            "a.b.example.org",
            "notexample.org",
            "192.0.2.0/24",
            "192.0.2.128/25",
            "192.0.2.7",
            "2001:db8::/32",
        ]);
        for (asked, expect) in [
            ("www.example.org", Some("example.org")),
            ("example.org", Some("example.org")),
            ("x.b.example.org", Some("b.example.org")),
            ("org.example", None),
            ("192.0.2.200", Some("192.0.2.128/25")),
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.0/25", Some("192.0.2.0/24")),
            ("192.0.2.0/23", None),
            ("2001:db8::5", Some("2001:db8::/32")),
            ("https://www.example.org/x", None),
        ] {
            assert_eq!(places.around(&thing(asked)).map(String::as_str), expect, "{asked}");
        }
        let within = |asked: &str, max| -> Vec<String> {
            places.within(&thing(asked), max).into_iter().map(|(thing, _)| thing.value()).collect()
        };
        assert_eq!(within("example.org", 9), ["b.example.org", "a.b.example.org"]);
        assert_eq!(within("example.org", 1), ["b.example.org"]);
        assert_eq!(within("a.b.example.org", 9), [""; 0]);
        assert_eq!(within("192.0.2.0/24", 9), ["192.0.2.7", "192.0.2.128/25"]);
        assert_eq!(within("192.0.2.0/23", 9), ["192.0.2.0/24", "192.0.2.7", "192.0.2.128/25"]);
        assert_eq!(within("192.0.2.128/25", 9), [""; 0]);
        assert_eq!(within("2001:db8::/31", 9), ["2001:db8::/32"]);
    }

    #[test]
    fn the_first_for_a_thing_stays() {
        let mut places = places(&["example.org"]);
        assert!(!places.insert(&thing("example.org"), "other".into()));
        assert!(!places.insert(&thing("https://example.org/"), "a page".into()));
        assert_eq!((places.len(), places.is_empty()), (1, false));
        assert_eq!(places.around(&thing("example.org")).map(String::as_str), Some("example.org"));
    }
}
