//! What must be known of a state beside the state itself, to tell which places in a zone hide others.
//! The same holds for networks in lists of addresses ([`nodes`](super::nodes)).
//!
//! In DNS, `*.example` does not cover `x.a.example` once something stands at or below `a.example` (RFC 4592 §3.3).
//! So where a listed name lies two labels or more below another listed name, the places between need records of
//! their own. This finds them without holding a zone.

use super::{
    names::Realm,
    net::{Key as NetKey, Net},
    nodes::is_left_out,
    rpz::SERVER_NAME_BYTES,
};
use sipar_model::{DomainName, NameServer, Observable, Prefix};
use sipar_snapshot::Layers;
use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

/// Names with fewer labels have no place between themselves and a listed name: nothing above two labels is blocked.
pub const DEEP_LABELS_MIN: usize = 4;

/// Changes beside the sorted part, before both are put together: some milliseconds of work each time.
const CHANGES_MAX: usize = 2_048;

/// A sorted set that is cheap to copy with few changes.
#[derive(Clone, Debug)]
pub struct Sorted<T> {
    base: Arc<Vec<T>>,
    /// Come (true) or gone (false) since.
    changes: Arc<BTreeMap<T, bool>>,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { base: Arc::default(), changes: Arc::default() }
    }
}

impl<T: Ord + Clone> Sorted<T> {
    /// The set of these.
    #[must_use]
    pub fn new(mut all: Vec<T>) -> Self {
        all.sort_unstable();
        all.dedup();
        Self { base: Arc::new(all), changes: Arc::default() }
    }

    /// The set after these have come (true) or gone (false).
    #[must_use]
    pub fn with(&self, changed: impl IntoIterator<Item = (T, bool)>) -> Self {
        let mut changes = BTreeMap::clone(&self.changes);
        for (one, come) in changed {
            if self.base.binary_search(&one).is_ok() == come {
                changes.remove(&one);
            } else {
                changes.insert(one, come);
            }
        }
        let next = Self { base: Arc::clone(&self.base), changes: Arc::new(changes) };
        if next.changes.len() <= CHANGES_MAX {
            return next;
        }
        Self::new(next.put_together())
    }

    /// All of them, in order; without changes beside them nothing is copied.
    pub fn all(&self) -> Cow<'_, [T]> {
        if self.changes.is_empty() { Cow::Borrowed(&self.base) } else { Cow::Owned(self.put_together()) }
    }

    fn put_together(&self) -> Vec<T> {
        let mut all: Vec<T> = self.base.iter().filter(|one| self.changes.get(*one) != Some(&false)).cloned().collect();
        all.extend(self.changes.iter().filter(|(_, come)| **come).map(|(one, _)| one.clone()));
        all.sort_unstable();
        all
    }

    /// Those from `start` on, in order, as long as `inside` says so.
    pub fn from<'a, F: Fn(&T) -> bool>(&'a self, start: &T, inside: F) -> impl Iterator<Item = &'a T> + use<'a, T, F> {
        let first = self.base.partition_point(|one| one < start);
        let mut base = self.base[first..].iter().filter(|one| !self.changes.contains_key(*one)).peekable();
        let mut come = self.changes.range(start..).filter(|(_, come)| **come).map(|(one, _)| one).peekable();
        std::iter::from_fn(move || match (base.peek(), come.peek()) {
            (Some(a), Some(b)) if b < a => come.next(),
            (Some(_), _) => base.next(),
            (None, _) => come.next(),
        })
        .take_while(move |one| inside(one))
    }
}

/// What is known of a state.
#[derive(Clone, Debug)]
pub struct Index {
    /// Listed names of [`DEEP_LABELS_MIN`] labels and more, as [`key`]s.
    deep: Sorted<Box<[u8]>>,
    /// The same of name servers.
    deep_servers: Sorted<Box<[u8]>>,
    /// Listed networks, as [`net::Key`](super::net::Key)s.
    networks: Sorted<NetKey>,
    /// How many listed names take so many bytes on the wire, without the root.
    name_bytes: Box<[u32; 256]>,
    /// Listed things that no zone can carry: URLs, files, mail senders.
    other: u64,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            deep: Sorted::default(),
            deep_servers: Sorted::default(),
            networks: Sorted::default(),
            name_bytes: Box::new([0; 256]),
            other: 0,
        }
    }
}

impl Index {
    /// Of a whole state: each entry is read once.
    #[must_use]
    pub fn new(layers: &Layers) -> Self {
        let mut index = Self::default();
        let (mut deep, mut deep_servers, mut networks) = (Vec::new(), Vec::new(), Vec::new());
        let mut last = None;
        for entry in layers.iter() {
            // Entries on one network follow one another; on one name they are rare, and counting one twice is harmless.
            if last.as_ref() == Some(&entry.observable) {
                continue;
            }
            index.count(&entry.observable, true);
            match &entry.observable {
                Observable::Domain(name) if is_deep(name) => deep.push(key(name)),
                Observable::NameServer(NameServer::Name(name)) if is_deep(name) => deep_servers.push(key(name)),
                other => networks.extend(network(other)),
            }
            last = Some(entry.observable);
        }
        index.deep = Sorted::new(deep);
        index.deep_servers = Sorted::new(deep_servers);
        index.networks = Sorted::new(networks);
        index
    }

    /// After these came to be listed (true), or are no longer (false).
    #[must_use]
    pub fn with(&self, changed: &[(&Observable, bool)]) -> Self {
        let mut next = self.clone();
        for (observable, come) in changed {
            next.count(observable, *come);
        }
        let deep = |realm: Realm| {
            changed.iter().filter_map(move |(observable, come)| {
                let name = realm.name(observable).filter(|name| is_deep(name))?;
                Some((key(name), *come))
            })
        };
        next.deep = self.deep.with(deep(Realm::Asked));
        next.deep_servers = self.deep_servers.with(deep(Realm::Serving));
        let networks = changed.iter().filter_map(|(observable, come)| Some((network(observable)?, *come)));
        next.networks = self.networks.with(networks);
        next
    }

    fn count(&mut self, observable: &Observable, come: bool) {
        let step = |count: &mut u32| *count = if come { count.saturating_add(1) } else { count.saturating_sub(1) };
        match observable {
            Observable::Domain(name) => step(&mut self.name_bytes[(name.as_str().len() + 1).min(255)]),
            Observable::NameServer(NameServer::Name(name)) => {
                step(&mut self.name_bytes[(name.as_str().len() + 1 + SERVER_NAME_BYTES).min(255)]);
            }
            Observable::Address(_) | Observable::Prefix(_) | Observable::NameServer(NameServer::Network(_)) => {}
            _ => self.other = if come { self.other + 1 } else { self.other.saturating_sub(1) },
        }
    }

    /// Whether a listed name stands below `name`.
    #[must_use]
    pub fn has_below(&self, realm: Realm, name: &DomainName) -> bool {
        self.below(realm, name).next().is_some()
    }

    /// The listed names below `name` that have [`DEEP_LABELS_MIN`] labels and more, as [`key`]s in order.
    pub fn below(&self, realm: Realm, name: &DomainName) -> impl Iterator<Item = &[u8]> {
        let start = key(name);
        let prefix = start.clone();
        let deep = match realm {
            Realm::Asked => &self.deep,
            Realm::Serving => &self.deep_servers,
        };
        deep.from(&start, move |one| one.starts_with(&prefix))
            .filter(move |one| one.len() > start.len())
            .map(|one| &**one)
    }

    /// The listed networks, in order.
    #[must_use]
    pub fn networks(&self) -> Cow<'_, [NetKey]> {
        self.networks.all()
    }

    /// Those in `net`, it among them.
    pub fn networks_in(&self, net: &Net) -> impl Iterator<Item = NetKey> {
        let own = *net;
        self.networks.from(&net.key(), move |key| own.holds(&Net::of_key(key))).copied()
    }

    /// How many listed names are too long for a zone whose own name takes `apex_bytes`, and how many listed things
    /// are of a kind that no zone carries.
    #[must_use]
    pub fn left_out(&self, apex_bytes: usize) -> (u64, u64) {
        let fits = 255_usize.saturating_sub(apex_bytes + 2);
        let long = self.name_bytes.iter().skip(fits + 1).map(|count| u64::from(*count)).sum();
        (long, self.other)
    }
}

/// The key of a network that lists of addresses tell.
fn network(observable: &Observable) -> Option<NetKey> {
    let net = match observable {
        Observable::Address(address) => Net::from(Prefix::from(*address)),
        Observable::Prefix(prefix) => Net::from(*prefix),
        _ => return None,
    };
    (!is_left_out(&net)).then(|| net.key())
}

/// Whether places between this name and another listed one are possible.
#[must_use]
pub fn is_deep(name: &DomainName) -> bool {
    name.as_str().bytes().filter(|byte| *byte == b'.').count() + 1 >= DEEP_LABELS_MIN
}

/// The labels from the last to the first, each with a zero behind it: what is below a name begins with its key.
#[must_use]
pub fn key(name: &DomainName) -> Box<[u8]> {
    let mut key = Vec::with_capacity(name.as_str().len() + 1);
    for label in name.labels().rev() {
        key.extend_from_slice(label.as_bytes());
        key.push(0);
    }
    key.into()
}

/// The name with this [`key`], or with its first `labels` labels.
#[must_use]
pub fn name_of(key: &[u8], labels: usize) -> Option<DomainName> {
    let parts: Vec<&str> =
        key.split(|byte| *byte == 0).filter(|part| !part.is_empty()).filter_map(|p| str::from_utf8(p).ok()).collect();
    let mut text = String::with_capacity(key.len());
    for part in parts.get(..labels.min(parts.len()))?.iter().rev() {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(part);
    }
    DomainName::parse(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_keep_what_is_below_together() {
        let name = |text| DomainName::parse(text).unwrap();
        assert_eq!(&*key(&name("a.bc.example")), b"example\0bc\0a\0");
        assert_eq!(name_of(b"example\0bc\0a\0", 3), Some(name("a.bc.example")));
        assert_eq!(name_of(b"example\0bc\0a\0", 2), Some(name("bc.example")));
        let changed = ["x.a.b.example", "y.ab.b.example", "z.y.b.example"].map(|t| Observable::Domain(name(t)));
        let index = Index::default().with(&changed.each_ref().map(|one| (one, true)));
        let below = |text| index.below(Realm::Asked, &name(text)).count();
        assert_eq!(
            (below("b.example"), below("a.b.example"), below("x.a.b.example"), below("c.example")),
            (3, 1, 0, 0)
        );
        let index = index.with(&[(&changed[0], false)]);
        assert!(!index.has_below(Realm::Asked, &name("a.b.example")));
        assert!(!index.has_below(Realm::Serving, &name("b.example")), "a name is no name server");
    }

    proptest! {
        #[test]
        fn a_sorted_set_is_a_set(
            first in proptest::collection::vec(0_u8..40, 0..30),
            changes in proptest::collection::vec((0_u8..40, any::<bool>()), 0..60),
            start in 0_u8..40,
        ) {
            let mut expect: BTreeSet<u8> = first.iter().copied().collect();
            let mut set = Sorted::new(first);
            for part in changes.chunks(7) {
                set = set.with(part.iter().copied());
                for (one, come) in part {
                    if *come { expect.insert(*one); } else { expect.remove(one); }
                }
            }
            let got: Vec<u8> = set.from(&start, |one| *one < 35).copied().collect();
            let expect: Vec<u8> = expect.range(start..35.max(start)).copied().collect();
            prop_assert_eq!(got, expect);
        }
    }
}
