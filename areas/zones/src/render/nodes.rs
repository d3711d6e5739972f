//! Which places a zone of addresses has, and what each says.
//!
//! A network is a wildcard at each place of whole labels that it covers, a whole address a place of its own. In DNS
//! the deepest place that exists answers (RFC 4592 §3.3), so a place with something listed below it repeats what the
//! networks around it say, and an exception is a place that says nothing of an address.

use super::{
    Feed, Part, Said, Stopped, Verdict, feeds_of,
    names::PLACES_MAX,
    net::{Key, Net},
    step::View,
};
use sipar_model::{Observable, Prefix};
use std::collections::BTreeMap;

/// Where what is listed is never told: 127.0.0.0/8 and the start of IPv6 have the test entries (RFC 5782 §5).
#[must_use]
pub fn is_left_out(net: &Net) -> bool {
    let reserved = if net.is_v6 { 0 } else { 127 };
    net.cut(net.length.min(8)).bits >> 120 == reserved || net.length < 8
}

/// Whoever takes the places.
type Out<'a> = dyn FnMut(&Net, Said) -> Result<(), Stopped> + 'a;

impl View {
    /// What decisions on exactly this network say.
    fn own(&self, net: &Net) -> Said {
        let Some(prefix) = net.prefix() else { return Said::default() };
        let mut said = Said::default();
        for entry in self.layers.said_of(&Observable::from(prefix)) {
            let (feeds, verdict) = feeds_of(&self.layers, &entry);
            feeds.into_iter().flatten().for_each(|feed| said.say(feed, Part::Exact, verdict));
        }
        said
    }

    /// What the networks around `net`, and it itself, say together.
    fn around(&self, net: &Net) -> Said {
        (8..=net.length).fold(Said::default(), |said, length| over(said, self.own(&net.cut(length))))
    }

    /// Every place of addresses of one kind, in order.
    ///
    /// # Errors
    /// When nobody wants more.
    pub fn walk_nodes(&self, is_v6: bool, out: &mut Out<'_>) -> Result<(), Stopped> {
        let keys = self.index.networks();
        let split = keys.partition_point(|key| key[0] == 0);
        let inside = if is_v6 { &keys[split..] } else { &keys[..split] };
        let root = Net::all(is_v6);
        self.below(&root, Said::default(), inside, &root, out)
    }

    /// The places whose records may change when `prefix` changes, and what each says.
    ///
    /// # Errors
    /// When there are more than [`PLACES_MAX`].
    pub fn nodes_near(&self, prefix: Prefix, places: &mut BTreeMap<Net, Said>) -> Result<(), Stopped> {
        let net = Net::from(prefix);
        if is_left_out(&net) {
            return Ok(());
        }
        let step = net.step();
        let parent = net.cut(net.level() - step);
        for length in (step..=parent.length).step_by(usize::from(step)) {
            let place = net.cut(length);
            if self.exists(&place) {
                places.insert(place, self.around(&place));
            }
        }
        let wide = (parent.length + 1..net.length).map(|length| net.cut(length)).filter(|wide| self.lists(wide));
        let mut inside: Vec<Key> = wide.map(|wide| wide.key()).collect();
        inside.extend(self.index.networks_in(&net));
        let cover = self.around(&parent);
        self.below(&parent, cover, &inside, &net, &mut |place, said| {
            places.insert(*place, said);
            if places.len() > PLACES_MAX { Err(Stopped) } else { Ok(()) }
        })
    }

    fn lists(&self, net: &Net) -> bool {
        net.length >= 8 && net.prefix().is_some_and(|prefix| !self.layers.find(&Observable::from(prefix)).is_empty())
    }

    /// Whether something is listed below a place, or on it as far as its last label goes.
    fn exists(&self, place: &Net) -> bool {
        let on_it = (place.length - place.step() + 1..=place.length).any(|length| self.lists(&place.cut(length)));
        on_it || self.index.networks_in(place).any(|key| key[17] > place.length)
    }

    /// The places below `node`: `inside` are the networks in it that are longer, in order. Those outside of `within`
    /// are left out.
    fn below(&self, node: &Net, cover: Said, inside: &[Key], within: &Net, out: &mut Out<'_>) -> Result<(), Stopped> {
        let level = node.length + node.step();
        let mut open: Vec<(Net, Said)> = Vec::new();
        let mut rest = inside;
        let mut next = first_of(rest, level);
        while let Some(child) = next {
            open.retain(|(net, _)| net.holds(&child));
            while let Some(net) = rest.first().map(Net::of_key).filter(|net| net.length <= level && net.holds(&child)) {
                open.push((net, self.own(&net)));
                rest = &rest[1..];
            }
            let count = rest.partition_point(|key| child.holds(&Net::of_key(key)));
            let (deeper, later) = rest.split_at(count);
            rest = later;
            let cover = open.iter().fold(cover, |cover, (_, said)| over(cover, *said));
            if within.holds(&child) || child.holds(within) {
                out(&child, cover)?;
                if child.length < child.length_max() {
                    self.below(&child, cover, deeper, within, out)?;
                }
            }
            let beside = child.last().checked_add(1).map(|bits| Net { bits, ..child });
            next = match beside.filter(|beside| open.iter().any(|(net, _)| net.holds(beside))) {
                Some(beside) => Some(beside),
                None => first_of(rest, level),
            };
        }
        Ok(())
    }
}

/// The first place at `level` that the first of these networks needs.
fn first_of(inside: &[Key], level: u8) -> Option<Net> {
    inside.first().map(|key| Net { length: level, ..Net::of_key(key).cut(level.min(key[17])) })
}

/// What is said further down, over what is said further up.
fn over(above: Said, own: Said) -> Said {
    if own.is_nothing() {
        return above;
    }
    let mut said = own;
    for feed in Feed::ALL {
        if own.verdict(feed, Part::Exact) == Verdict::None {
            said.say(feed, Part::Exact, above.verdict(feed, Part::Exact));
        }
    }
    said
}
