//! Which zone says what at a name, and at everything below it.
//!
//! The deepest decision holds, and an exception before a block on one name. A place with something listed below it
//! repeats what is said further up, because a wildcard further up no longer covers it.

use super::{
    Feed, Form, Node, Part, Said, Sink, Stopped, Verdict, feeds_of,
    index::{DEEP_LABELS_MIN, Index, is_deep, key, name_of},
};
use sipar_model::{DomainName, NameServer, Observable, Prefix};
use sipar_snapshot::{Layers, PolicyEntry, Scope};
use std::collections::BTreeSet;

/// Places below one changed name that are looked at. Beyond, the whole step is told as a transfer of the zone.
pub const PLACES_MAX: usize = 100_000;

/// Whether a name or a network in a zone is that of what is asked for, or of what serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Realm {
    /// What is asked for: a name in a question, an address in an answer.
    Asked,
    /// Name servers: what they answer for.
    Serving,
}

impl Realm {
    /// The name that an observable is in this realm, if it is one.
    #[must_use]
    pub const fn name(self, observable: &Observable) -> Option<&DomainName> {
        match (self, observable) {
            (Self::Asked, Observable::Domain(name))
            | (Self::Serving, Observable::NameServer(NameServer::Name(name))) => Some(name),
            _ => None,
        }
    }

    /// The observable that this name is here.
    #[must_use]
    pub const fn of_name(self, name: DomainName) -> Observable {
        match self {
            Self::Asked => Observable::Domain(name),
            Self::Serving => Observable::NameServer(NameServer::Name(name)),
        }
    }

    /// The observable that this network is here.
    #[must_use]
    pub fn of_network(self, network: Prefix) -> Observable {
        match self {
            Self::Asked => Observable::from(network),
            Self::Serving => Observable::NameServer(NameServer::Network(network)),
        }
    }

    /// The node of a name.
    #[must_use]
    pub fn node(self, name: &DomainName) -> Node {
        match self {
            Self::Asked => Node::Name(wire_of(name).into()),
            Self::Serving => Node::ServerName(wire_of(name).into()),
        }
    }

    /// The node of a network.
    #[must_use]
    pub const fn trigger(self, network: Prefix) -> Node {
        match self {
            Self::Asked => Node::Trigger(network),
            Self::Serving => Node::ServerTrigger(network),
        }
    }
}

/// The names of a state, in one realm.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Which realm.
    pub realm: Realm,
    /// The state.
    pub layers: &'a Layers,
    /// What is known beside it.
    pub index: &'a Index,
}

impl Names<'_> {
    /// What all zones say at `name`.
    #[must_use]
    pub fn said(&self, name: &DomainName) -> Said {
        let own = self.own(&self.layers.said_of(&self.realm.of_name(name.clone())));
        self.with_inherited(name, own)
    }

    /// What decisions on the name itself say.
    fn own(&self, entries: &[PolicyEntry]) -> Said {
        let mut said = Said::default();
        for entry in entries {
            let (feeds, verdict) = feeds_of(self.layers, entry);
            for feed in feeds.into_iter().flatten() {
                said.say(feed, Part::Exact, verdict);
                if entry.scope == Scope::Subtree {
                    said.say(feed, Part::Below, verdict);
                }
            }
        }
        said
    }

    /// Fills from further up what a place must repeat.
    fn with_inherited(&self, name: &DomainName, own: Said) -> Said {
        let between = labels(name) + 1 >= DEEP_LABELS_MIN && self.index.has_below(self.realm, name);
        let parts = |feed| [Part::Exact, Part::Below].map(|part| own.verdict(feed, part));
        let repeats = |feed| {
            let [exact, below] = parts(feed);
            (between || exact != Verdict::None) && below == Verdict::None
        };
        if !Feed::ALL.into_iter().any(repeats) {
            return own;
        }
        let mut said = own;
        let mut above = name.parent();
        while let Some(name) = above {
            let further = self.own(&self.layers.said_of(&self.realm.of_name(name.clone())));
            for feed in Feed::ALL.into_iter().filter(|feed| repeats(*feed)) {
                let verdict = further.verdict(feed, Part::Below);
                for part in [Part::Exact, Part::Below] {
                    if said.verdict(feed, part) == Verdict::None {
                        said.say(feed, part, verdict);
                    }
                }
            }
            above = name.parent();
        }
        said
    }

    /// Adds the places whose records may change when `name` changes. `Err`: there are too many.
    ///
    /// # Errors
    /// When more than [`PLACES_MAX`] are touched.
    pub fn touched(&self, name: &DomainName, places: &mut BTreeSet<DomainName>) -> Result<(), Stopped> {
        places.insert(name.clone());
        let mut above = name.parent();
        while let Some(name) = above.filter(|name| labels(name) + 1 >= DEEP_LABELS_MIN) {
            above = name.parent();
            places.insert(name);
        }
        let own_labels = labels(name);
        for key in self.index.below(self.realm, name) {
            let count = key.iter().filter(|byte| **byte == 0).count();
            places.extend((own_labels + 1..=count).filter_map(|labels| name_of(key, labels)));
            if places.len() > PLACES_MAX {
                return Err(Stopped);
            }
        }
        Ok(())
    }

    /// Hands the records of `entry`'s name over, if it is the first of its name, and those of the places above it
    /// that nobody else hands over.
    pub(super) fn walk(
        &self,
        entry: &PolicyEntry,
        name: &DomainName,
        form: &Form,
        sink: &mut dyn Sink,
    ) -> Result<(), Stopped> {
        let alone = self.layers.find(&entry.observable).len() == 1;
        let entries;
        let on_name = match alone {
            true => std::slice::from_ref(entry),
            false => {
                entries = self.layers.said_of(&entry.observable);
                if entries.first() != Some(entry) {
                    return Ok(());
                }
                &entries[..]
            }
        };
        let said = self.with_inherited(name, self.own(on_name));
        form.write(&self.realm.node(name), &said, sink)?;
        if is_deep(name) { self.walk_above(name, form, sink) } else { Ok(()) }
    }

    /// The places above a deep name that are not listed themselves: the first name below each hands it over.
    fn walk_above(&self, name: &DomainName, form: &Form, sink: &mut dyn Sink) -> Result<(), Stopped> {
        let own = key(name);
        let mut above = name.parent();
        while let Some(place) = above.filter(|place| labels(place) + 1 >= DEEP_LABELS_MIN) {
            let first = self.index.below(self.realm, &place).next() == Some(&*own);
            if first && self.layers.find(&self.realm.of_name(place.clone())).is_empty() {
                form.write(&self.realm.node(&place), &self.with_inherited(&place, Said::default()), sink)?;
            }
            above = place.parent();
        }
        Ok(())
    }
}

fn labels(name: &DomainName) -> usize {
    name.as_str().bytes().filter(|byte| *byte == b'.').count() + 1
}

/// The labels of a name on the wire, without the root.
#[must_use]
pub fn wire_of(name: &DomainName) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.as_str().len() + 1);
    for label in name.labels() {
        // INVARIANT: a label of a `DomainName` has at most 63 bytes.
        wire.push(label.len() as u8);
        wire.extend_from_slice(label.as_bytes());
    }
    wire
}
