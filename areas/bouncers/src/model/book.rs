//! Every listed address and network, small enough to keep in memory and to walk through for each who starts.
//!
//! A block is 28 bytes. A new state shares the old one's large part and carries what has changed since; it costs a
//! copy of the changes alone. What is allowed inside a blocked network is cut out of it: clients know no exceptions.

use super::net::Net;
use sipar_model::{Action, Category, TimestampMs};
use sipar_snapshot::{ListInfo, Mode, PolicyEntry};
use std::{collections::BTreeMap, ops::Bound, sync::Arc};

/// Changes beside the large part before both become one again: copying this many for a new state takes a millisecond.
pub const CHANGES_MAX: usize = 10_000;

/// Allowed networks in one blocked network. One with more is a list of exceptions, not a block, and is left out whole.
pub const HOLES_MAX: usize = 64;

/// A block as clients are told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is blocked.
    pub net: Net,
    /// Why.
    pub category: Category,
    /// How bad it looked, 0 to 100.
    pub score: u8,
    /// By which decision.
    pub decision: u32,
    /// Until when, in seconds of Unix time; the snapshot keeps no more.
    pub expires_s: u32,
}

impl Item {
    /// Whether it is in force.
    #[must_use]
    pub fn alive(&self, now: TimestampMs) -> bool {
        i64::from(self.expires_s) * 1_000 > now.0
    }
}

/// What the policy says of one network: at most one block and one allowance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// The block that answers.
    pub block: Option<Item>,
    /// Until when it is allowed, in seconds.
    pub allow_s: Option<u32>,
}

impl Says {
    /// What these entries on one network say. What stands on a shadow list says nothing: it is tried out only.
    #[must_use]
    pub fn of<'a>(entries: impl IntoIterator<Item = &'a PolicyEntry>, lists: &[ListInfo]) -> Self {
        let mut says = Self::default();
        for entry in entries {
            let enforced = lists.get(usize::from(entry.list.0)).is_some_and(|list| list.mode == Mode::Enforce);
            let Some(net) = Net::of(&entry.observable).filter(|_| enforced) else { continue };
            let expires_s = u32::try_from(entry.expires.0.div_euclid(1_000).max(0)).unwrap_or(u32::MAX);
            match entry.action {
                Action::Allow => says.allow_s = says.allow_s.max(Some(expires_s)),
                Action::Block => {
                    let item = Item {
                        net,
                        category: entry.category,
                        score: entry.score,
                        decision: entry.decision.0,
                        expires_s,
                    };
                    // The one that lasts longer.
                    if says.block.is_none_or(|other| other.expires_s < item.expires_s) {
                        says.block = Some(item);
                    }
                }
            }
        }
        says
    }
}

/// The book of one state of the policy.
#[derive(Clone, Debug)]
pub struct Book {
    large: Arc<Vec<Item>>,
    changes: Arc<BTreeMap<Net, Option<Item>>>,
    allows: Arc<BTreeMap<Net, u32>>,
    /// How many blocks there are of each length (of 128 bits).
    lengths: [u32; 129],
}

impl Default for Book {
    fn default() -> Self {
        Self { large: Arc::default(), changes: Arc::default(), allows: Arc::default(), lengths: [0; 129] }
    }
}

impl Book {
    /// The book of all these entries, in any order.
    #[must_use]
    pub fn new(entries: impl Iterator<Item = PolicyEntry>, lists: &[ListInfo]) -> Self {
        let mut blocks = Vec::new();
        let mut allows = BTreeMap::new();
        for entry in entries {
            let Some(net) = Net::of(&entry.observable) else { continue };
            let says = Says::of([&entry], lists);
            blocks.extend(says.block);
            if let Some(until) = says.allow_s {
                let kept = allows.entry(net).or_insert(until);
                *kept = (*kept).max(until);
            }
        }
        // Of several on one network the one that lasts longest comes first, and stays.
        blocks.sort_unstable_by_key(|item: &Item| (item.net, std::cmp::Reverse(item.expires_s)));
        blocks.dedup_by_key(|item| item.net);
        blocks.shrink_to_fit();
        let mut lengths = [0; 129];
        for item in &blocks {
            lengths[usize::from(item.net.length_of_128())] += 1;
        }
        Self { large: Arc::new(blocks), changes: Arc::default(), allows: Arc::new(allows), lengths }
    }

    /// How many blocks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.iter().map(|count| *count as usize).sum()
    }

    /// Whether nothing is blocked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The block on exactly this network.
    #[must_use]
    pub fn get(&self, net: &Net) -> Option<Item> {
        match self.changes.get(net) {
            Some(changed) => *changed,
            None => self.large.binary_search_by_key(net, |item| item.net).ok().map(|place| self.large[place]),
        }
    }

    /// Every block that `net` lies in, the widest first.
    pub fn around<'a>(&'a self, net: &'a Net) -> impl Iterator<Item = Item> + 'a {
        let lengths = 0..=net.length_of_128();
        let there = lengths.filter(|length| self.lengths[usize::from(*length)] > 0);
        there.filter_map(|length| self.get(&net.cut(length))).filter(|item| item.net.contains(net))
    }

    /// The book with what the policy says of these networks from now on.
    #[must_use]
    pub fn with(&self, said: impl IntoIterator<Item = (Net, Says)>) -> Self {
        let mut next = self.clone();
        for (net, says) in said {
            let count = &mut next.lengths[usize::from(net.length_of_128())];
            let before = match next.changes.get(&net) {
                Some(changed) => *changed,
                None => self.large.binary_search_by_key(&net, |item| item.net).ok().map(|place| self.large[place]),
            };
            match (before.is_some(), says.block.is_some()) {
                (true, false) => *count -= 1,
                (false, true) => *count += 1,
                _ => {}
            }
            if before != says.block {
                Arc::make_mut(&mut next.changes).insert(net, says.block);
            }
            if next.allows.get(&net).copied() != says.allow_s {
                let allows = Arc::make_mut(&mut next.allows);
                match says.allow_s {
                    Some(until) => allows.insert(net, until),
                    None => allows.remove(&net),
                };
            }
        }
        if next.changes.len() > CHANGES_MAX {
            let all: Vec<Item> = next.raw_after(None).collect();
            next.large = Arc::new(all);
            next.changes = Arc::default();
        }
        next
    }

    /// Every block after `last` in order, with what is allowed inside still in it.
    fn raw_after(&self, last: Option<Net>) -> impl Iterator<Item = Item> + '_ {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let mut place = last.map_or(0, |last| self.large.partition_point(|item| item.net <= last));
        let mut changes = self.changes.range((from, Bound::Unbounded)).peekable();
        std::iter::from_fn(move || {
            loop {
                let large = self.large.get(place);
                match (large, changes.peek()) {
                    (Some(item), Some((net, _))) if item.net < **net => {
                        place += 1;
                        return Some(*item);
                    }
                    (Some(item), None) => {
                        place += 1;
                        return Some(*item);
                    }
                    (None, None) => return None,
                    (large, Some((net, changed))) => {
                        place += usize::from(large.is_some_and(|item| item.net == **net));
                        let changed = **changed;
                        changes.next();
                        if changed.is_some() {
                            return changed;
                        }
                    }
                }
            }
        })
    }

    /// The next blocks after `last` in order, at most `count` of them, handed over as clients are told them: alive,
    /// and without what is allowed. Gives the last one looked at; `None` at the end.
    pub fn walk(&self, last: Option<Net>, count: usize, now: TimestampMs, mut take: impl FnMut(&Item)) -> Option<Net> {
        let mut reached = None;
        for item in self.raw_after(last).take(count) {
            reached = Some(item.net);
            for net in self.pieces(&item, now) {
                take(&Item { net, ..item });
            }
        }
        reached
    }

    /// Whether this network is allowed, whatever blocks it.
    #[must_use]
    pub fn allows(&self, net: &Net, now: TimestampMs) -> bool {
        let lengths = 0..=net.length_of_128();
        let mut around = lengths.filter_map(|length| self.allows.get_key_value(&net.cut(length)));
        around.any(|(outer, until)| i64::from(*until) * 1_000 > now.0 && outer.contains(net))
    }

    /// Every block that lies in `net`, as clients are told it.
    #[must_use]
    pub fn inside(&self, net: &Net, now: TimestampMs) -> Vec<Item> {
        let own = self.get(net).into_iter();
        let items = own.chain(self.raw_after(Some(*net)).take_while(|item| net.contains(&item.net)));
        let pieces = |item: Item| self.pieces(&item, now).into_iter().map(move |net| Item { net, ..item });
        items.flat_map(pieces).collect()
    }

    /// The networks that remain of a block.
    #[must_use]
    pub fn pieces(&self, item: &Item, now: TimestampMs) -> Vec<Net> {
        if !item.alive(now) {
            return Vec::new();
        }
        if self.allows.is_empty() {
            return vec![item.net];
        }
        let holds = |until: u32| i64::from(until) * 1_000 > now.0;
        let covered = (0..=item.net.length_of_128())
            .filter_map(|length| self.allows.get_key_value(&item.net.cut(length)))
            .any(|(net, until)| holds(*until) && net.contains(&item.net));
        if covered {
            return Vec::new();
        }
        let inside = self.allows.range(item.net..).take_while(|(net, _)| item.net.contains(net));
        let holes: Vec<Net> =
            inside.filter(|(_, until)| holds(**until)).map(|(net, _)| *net).take(HOLES_MAX + 1).collect();
        match holes.len() {
            0 => vec![item.net],
            1..=HOLES_MAX => {
                let mut pieces = Vec::new();
                cut(item.net, &holes, &mut pieces);
                // INVARIANT: no network is told twice. Where blocks lie in one another, the narrowest tells a piece.
                pieces.retain(|piece| {
                    self.around(piece).filter(|other| other.alive(now)).last().is_none_or(|owner| owner.net == item.net)
                });
                pieces
            }
            _ => Vec::new(),
        }
    }

    /// Networks whose blocks clients may see in another way when what is said of `net` changes: where something is allowed,
    /// those around it, and those inside it.
    #[must_use]
    pub fn touched_by(&self, net: &Net) -> Vec<Net> {
        if self.allows.is_empty() {
            return Vec::new();
        }
        let around = self.around(net).map(|item| item.net);
        // What comes before `net` in order is not inside it.
        let large = self.large.partition_point(|item| item.net < *net);
        let large = self.large[large..].iter().map(|item| item.net).take_while(|inner| inner.first_in(net));
        let changed = self.changes.range(*net..).map(|(net, _)| *net).take_while(|inner| inner.first_in(net));
        around.chain(large).chain(changed).collect()
    }
}

impl Net {
    /// Whether its first address lies in `outer`.
    fn first_in(&self, outer: &Self) -> bool {
        *self.bytes() <= outer.last_bytes()
    }
}

/// What remains of `net` without `holes`, each of which lies in it. No deeper than the 128 bits of an address.
fn cut(net: Net, holes: &[Net], pieces: &mut Vec<Net>) {
    if holes.is_empty() {
        pieces.push(net);
    } else if !holes.iter().any(|hole| hole.contains(&net)) {
        for half in net.halves().into_iter().flatten() {
            let inside: Vec<Net> = holes.iter().copied().filter(|hole| half.contains(hole)).collect();
            cut(half, &inside, pieces);
        }
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
