//! What changed in the zones from one state to the next, place by place.

use super::{
    Feed, Form, Node, Part, Said, Sink, Stopped, feeds_of,
    index::Index,
    list::About,
    names::{Names, Realm},
    net::Net,
};
use sipar_model::{DomainName, NameServer, Observable, Prefix, TimestampMs};
use sipar_snapshot::{Layers, PolicyEntry};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A state, and what is known beside it.
#[derive(Clone, Debug)]
pub struct View {
    /// The state.
    pub layers: Layers,
    /// What is known beside it.
    pub index: Index,
}

impl View {
    /// Reads a whole state once.
    #[must_use]
    pub fn new(layers: Layers) -> Self {
        let index = Index::new(&layers);
        Self { layers, index }
    }

    const fn names(&self, realm: Realm) -> Names<'_> {
        Names { realm, layers: &self.layers, index: &self.index }
    }

    /// Hands over every record of a zone but those at its own name.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn walk(&self, form: &Form, sink: &mut dyn Sink) -> Result<(), Stopped> {
        match form {
            Form::Rpz(_) => self.walk_rpz(form, sink),
            Form::List(list) => {
                list.fixed(sink)?;
                match list.about() {
                    About::Name => self.walk_names(form, sink),
                    about => self.walk_nodes(about == About::Ip6, &mut |net, said| list.node(net, &said, sink)),
                }
            }
        }
    }

    fn walk_names(&self, form: &Form, sink: &mut dyn Sink) -> Result<(), Stopped> {
        for entry in self.layers.iter() {
            if let Observable::Domain(name) = &entry.observable {
                self.names(Realm::Asked).walk(&entry, name, form, sink)?;
            }
        }
        Ok(())
    }

    fn walk_rpz(&self, form: &Form, sink: &mut dyn Sink) -> Result<(), Stopped> {
        for entry in self.layers.iter() {
            if let Some(name) = entry.observable.name() {
                let realm = if Realm::Asked.name(&entry.observable).is_some() { Realm::Asked } else { Realm::Serving };
                self.names(realm).walk(&entry, name, form, sink)?;
            } else if let Some(Place::Network(realm, network)) = place(&entry.observable) {
                let entries = self.layers.said_of(&entry.observable);
                if entries.first() == Some(&entry) {
                    form.write(&realm.trigger(network), &self.on_network(&entries), sink)?;
                }
            }
        }
        Ok(())
    }

    fn on_network(&self, entries: &[PolicyEntry]) -> Said {
        let mut said = Said::default();
        for entry in entries {
            let (feeds, verdict) = feeds_of(&self.layers, entry);
            feeds.into_iter().flatten().for_each(|feed: Feed| said.say(feed, Part::Exact, verdict));
        }
        said
    }

    fn said(&self, place: &Place) -> Said {
        match place {
            Place::Name(realm, name) => self.names(*realm).said(name),
            Place::Network(realm, network) => self.on_network(&self.layers.said_of(&realm.of_network(*network))),
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Name(Realm, DomainName),
    Network(Realm, Prefix),
}

/// The place of an observable in response policy zones, if it has one.
fn place(observable: &Observable) -> Option<Place> {
    match observable {
        Observable::Domain(name) => Some(Place::Name(Realm::Asked, name.clone())),
        Observable::Address(address) => Some(Place::Network(Realm::Asked, Prefix::from(*address))),
        Observable::Prefix(prefix) => Some(Place::Network(Realm::Asked, *prefix)),
        Observable::NameServer(NameServer::Name(name)) => Some(Place::Name(Realm::Serving, name.clone())),
        Observable::NameServer(NameServer::Network(network)) => Some(Place::Network(Realm::Serving, *network)),
        Observable::Url(_) | Observable::File(_) | Observable::Mail(_) | Observable::Asn(_) => None,
    }
}

/// The network that an observable is in lists of addresses, if it is one.
fn network(observable: &Observable) -> Option<Prefix> {
    match place(observable) {
        Some(Place::Network(Realm::Asked, network)) => Some(network),
        _ => None,
    }
}

/// What one place of the zones said before, and says from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub node: Node,
    /// What was said.
    pub before: Said,
    /// What is said.
    pub after: Said,
}

/// Networks that change in one step and are told place by place in lists of addresses: some tenths of a second of
/// work. With more, whoever takes such lists takes them whole.
const NETWORKS_TOLD_MAX: usize = 5_000;

/// What is done about lists of addresses: each network touches up to some hundreds of places there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// Somebody takes them: their changes are told.
    Told,
    /// Nobody does.
    Untold,
}

/// The next state, and what changed. `observables` are those of which the policy says something else now.
///
/// # Errors
/// When too many places are touched; then the next state stands alone.
pub fn step(
    before: &View,
    layers: Layers,
    observables: &[Observable],
    lists: Lists,
) -> (View, Result<Vec<Change>, Stopped>) {
    let listed: Vec<(&Observable, bool)> = observables
        .iter()
        .filter_map(|one| {
            let was = !before.layers.find(one).is_empty();
            let is = !layers.find(one).is_empty();
            (was != is).then_some((one, is))
        })
        .collect();
    let after = View { index: before.index.with(&listed), layers };
    let changes = all_changes(before, &after, observables, lists);
    (after, changes)
}

fn all_changes(before: &View, after: &View, observables: &[Observable], lists: Lists) -> Result<Vec<Change>, Stopped> {
    let mut changes: Vec<Change> = touched(before, after, observables).map(|places| {
        let change = |place: &Place| {
            let (before, after) = (before.said(place), after.said(place));
            let node = match place {
                Place::Name(realm, name) => realm.node(name),
                Place::Network(realm, network) => realm.trigger(*network),
            };
            (before != after).then_some(Change { node, before, after })
        };
        places.iter().filter_map(change).collect()
    })?;
    let networks: Vec<Prefix> = observables.iter().filter_map(network).collect();
    if networks.is_empty() {
        return Ok(changes);
    }
    let is_told = lists == Lists::Told && networks.len() <= NETWORKS_TOLD_MAX;
    match is_told.then(|| list_changes(before, after, &networks)) {
        Some(Ok(of_lists)) => changes.extend(of_lists),
        // Response policy zones go on from change to change whatever becomes of lists.
        Some(Err(Stopped)) | None => {
            changes.push(Change { node: Node::Untold, before: Said::default(), after: Said::from_bits(1) });
        }
    }
    Ok(changes)
}

/// What changed at the places of lists of addresses.
fn list_changes(before: &View, after: &View, networks: &[Prefix]) -> Result<Vec<Change>, Stopped> {
    let (mut were, mut are) = (BTreeMap::new(), BTreeMap::new());
    for prefix in networks {
        before.nodes_near(*prefix, &mut were)?;
        after.nodes_near(*prefix, &mut are)?;
    }
    let places: BTreeSet<&Net> = were.keys().chain(are.keys()).collect();
    let said = |all: &BTreeMap<Net, Said>, place: &Net| all.get(place).copied().unwrap_or_default();
    let change = |place: &Net| {
        let (before, after) = (said(&were, place), said(&are, place));
        (before != after).then_some(Change { node: Node::Addresses(*place), before, after })
    };
    Ok(places.into_iter().filter_map(change).collect())
}

fn touched(before: &View, after: &View, observables: &[Observable]) -> Result<BTreeSet<Place>, Stopped> {
    let mut names = [(Realm::Asked, BTreeSet::new()), (Realm::Serving, BTreeSet::new())];
    let mut places = BTreeSet::new();
    for observable in observables {
        for (realm, names) in &mut names {
            if let Some(name) = realm.name(observable) {
                before.names(*realm).touched(name, names)?;
                after.names(*realm).touched(name, names)?;
            }
        }
        places.extend(place(observable).filter(|place| matches!(place, Place::Network(..))));
    }
    for (realm, names) in names {
        places.extend(names.into_iter().map(|name| Place::Name(realm, name)));
    }
    Ok(places)
}

/// Several steps as one: of each place, the first before and the last after. Places that are as they were fall away.
#[must_use]
pub fn condense<'a>(steps: impl IntoIterator<Item = &'a [Change]>) -> Vec<Change> {
    let mut places: HashMap<&Node, usize> = HashMap::new();
    let mut all: Vec<Change> = Vec::new();
    for change in steps.into_iter().flatten() {
        match places.get(&change.node) {
            Some(place) => all[*place].after = change.after,
            None => {
                places.insert(&change.node, all.len());
                all.push(change.clone());
            }
        }
    }
    all.retain(|change| change.before != change.after);
    all
}

impl Change {
    /// Hands over the records of the place as it was, or as it is.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn write(&self, said: &Said, form: &Form, sink: &mut dyn Sink) -> Result<(), Stopped> {
        form.write(&self.node, said, sink)
    }
}

/// A step of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The serial that it starts from.
    pub from: u64,
    /// The serial that it leads to.
    pub to: u64,
    /// When that state was reached.
    pub created: TimestampMs,
    /// What changed.
    pub changes: Vec<Change>,
}

/// Changes as bytes: of each its length, its kind, what was and is said, and the place.
#[must_use]
pub fn encode(changes: &[Change]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(changes.len() * 32);
    for change in changes {
        let (kind, place) = match &change.node {
            Node::Name(owner) => (b'n', owner.to_vec()),
            Node::Trigger(network) => (b'i', network.to_string().into_bytes()),
            Node::ServerName(owner) => (b's', owner.to_vec()),
            Node::ServerTrigger(network) => (b't', network.to_string().into_bytes()),
            Node::Addresses(net) => (b'a', net.key().to_vec()),
            Node::Untold => (b'u', Vec::new()),
        };
        // INVARIANT: a name has at most 255 bytes.
        bytes.push(place.len() as u8);
        bytes.push(kind);
        bytes.extend_from_slice(&change.before.bits().to_le_bytes());
        bytes.extend_from_slice(&change.after.bits().to_le_bytes());
        bytes.extend_from_slice(&place);
    }
    bytes
}

/// From [`encode`]; `None` for bytes that it did not write.
#[must_use]
pub fn decode(mut bytes: &[u8]) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(10) {
        let (place, rest) = rest.split_at_checked(usize::from(head[0]))?;
        let node = match head[1] {
            b'n' => Node::Name(place.into()),
            b'i' => Node::Trigger(Prefix::parse(str::from_utf8(place).ok()?).ok()?),
            b's' => Node::ServerName(place.into()),
            b't' => Node::ServerTrigger(Prefix::parse(str::from_utf8(place).ok()?).ok()?),
            b'a' => Node::Addresses(Net::of_key(place.try_into().ok()?)),
            b'u' => Node::Untold,
            _ => return None,
        };
        let said = |at: usize| Some(Said::from_bits(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?)));
        changes.push(Change { node, before: said(2)?, after: said(6)? });
        bytes = rest;
    }
    bytes.is_empty().then_some(changes)
}

/// The things of which two states say something else, as far as zones tell it: for when no delta leads from one to
/// the other. Both are read whole.
#[must_use]
pub fn compare(before: &Layers, after: &Layers) -> Vec<Observable> {
    let told = |layers: &Layers, observable: &Observable| {
        let mut told: Vec<_> = layers
            .said_of(observable)
            .iter()
            .map(|entry| {
                let (feeds, verdict) = feeds_of(layers, entry);
                (feeds, verdict, entry.scope)
            })
            .collect();
        told.sort_unstable();
        told
    };
    let changed = before.iter().map(|entry| entry.observable).filter(|one| told(before, one) != told(after, one));
    let come = after.iter().map(|entry| entry.observable).filter(|one| before.find(one).is_empty());
    changed.chain(come).collect()
}

#[cfg(test)]
#[path = "step_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "list_tests.rs"]
mod list_tests;
