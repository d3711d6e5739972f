//! What has changed from one state to the next, by value, for those who have been here before.
//!
//! A client that comes with a serial that is still in here gets what has changed since, each network once, as it is now.
//! One that has been away for longer gets everything: what it still holds ends by its own time at the latest.

use super::{
    book::{Book, Item, Says},
    net::Net,
};
use sipar_model::TimestampMs;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

/// Changes that are remembered, over all states: 20 MB, and days of a busy list.
pub const REMEMBERED_MAX: usize = 500_000;

/// States that are remembered: at one change a second, more than an hour without a poll.
pub const STEPS_MAX: usize = 5_000;

/// The change from one serial to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From which serial.
    pub from: u64,
    /// To which.
    pub to: u64,
    /// Blocked from now on, or in another way.
    pub new: Vec<Item>,
    /// No longer blocked.
    pub gone: Vec<Item>,
}

impl Step {
    /// The step between two books in which these networks differ.
    #[must_use]
    pub fn between(serials: (u64, u64), before: &Book, after: &Book, said: &[(Net, Says)], now: TimestampMs) -> Self {
        let mut touched: BTreeSet<Net> = said.iter().map(|(net, _)| *net).collect();
        for (net, _) in said {
            touched.extend(before.touched_by(net));
            touched.extend(after.touched_by(net));
        }
        Self::of_networks(serials, before, after, touched, now)
    }

    fn of_networks(
        (from, to): (u64, u64),
        before: &Book,
        after: &Book,
        touched: impl IntoIterator<Item = Net>,
        now: TimestampMs,
    ) -> Self {
        let told = |book: &Book, net: &Net| -> BTreeMap<Net, Item> {
            let item = book.get(net);
            let pieces = item.map(|item| book.pieces(&item, now)).unwrap_or_default();
            pieces.into_iter().filter_map(|piece| item.map(|item| (piece, Item { net: piece, ..item }))).collect()
        };
        let mut step = Self { from, to, new: Vec::new(), gone: Vec::new() };
        for net in touched {
            let (old, new) = (told(before, &net), told(after, &net));
            step.new.extend(new.values().filter(|item| old.get(&item.net) != Some(item)));
            step.gone.extend(old.values().filter(|item| !new.contains_key(&item.net)));
        }
        step
    }

    /// The step between two whole books, when nobody knows what has changed.
    #[must_use]
    pub fn between_whole(serials: (u64, u64), before: &Book, after: &Book, now: TimestampMs) -> Self {
        let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
        before.walk(None, usize::MAX, now, |item| _ = old.insert(item.net, *item));
        after.walk(None, usize::MAX, now, |item| _ = new.insert(item.net, *item));
        Self {
            from: serials.0,
            to: serials.1,
            new: new.values().filter(|item| old.get(&item.net) != Some(item)).copied().collect(),
            gone: old.values().filter(|item| !new.contains_key(&item.net)).copied().collect(),
        }
    }

    fn len(&self) -> usize {
        self.new.len() + self.gone.len()
    }
}

/// The newest steps, one after the other.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    steps: VecDeque<Arc<Step>>,
    remembered: usize,
}

/// What one client has to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Blocked, as of now.
    pub new: Vec<Item>,
    /// No longer blocked. No network stands in both.
    pub gone: Vec<Item>,
}

impl Journal {
    /// The journal with one more step. A step that does not follow the last one starts a new journal.
    #[must_use]
    pub fn with(&self, step: Step) -> Self {
        let follows = self.steps.back().is_none_or(|last| last.to == step.from);
        let mut next = if follows { self.clone() } else { Self::default() };
        next.remembered += step.len();
        next.steps.push_back(Arc::new(step));
        while next.remembered > REMEMBERED_MAX || next.steps.len() > STEPS_MAX {
            let Some(oldest) = next.steps.pop_front() else { break };
            next.remembered -= oldest.len();
        }
        next
    }

    /// What has changed since `serial`; `None` when that is not remembered.
    #[must_use]
    pub fn since(&self, serial: u64) -> Option<Changes> {
        let first = self.steps.iter().position(|step| step.from == serial)?;
        let mut last: BTreeMap<Net, (Item, bool)> = BTreeMap::new();
        for step in self.steps.iter().skip(first) {
            last.extend(step.gone.iter().map(|item| (item.net, (*item, false))));
            last.extend(step.new.iter().map(|item| (item.net, (*item, true))));
        }
        let mut changes = Changes::default();
        for (item, blocked) in last.into_values() {
            if blocked { changes.new.push(item) } else { changes.gone.push(item) }
        }
        Some(changes)
    }

    /// The oldest serial from which it can tell.
    #[must_use]
    pub fn oldest(&self) -> Option<u64> {
        self.steps.front().map(|step| step.from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sipar_model::{Category, Prefix};
    use std::net::IpAddr;

    const NOW: TimestampMs = TimestampMs(1_800_000_000_000);

    fn net(text: &str) -> Net {
        Net::from(Prefix::parse(text).expect(text))
    }

    fn says(text: &str, decision: u32) -> (Net, Says) {
        let net = net(text);
        let item = Item { net, category: Category::C2, score: 1, decision, expires_s: u32::MAX };
        (net, Says { block: Some(item), allow_s: None })
    }

    fn texts(items: &[Item]) -> Vec<String> {
        items.iter().map(|item| item.net.to_string()).collect()
    }

    #[test]
    fn a_client_is_told_the_end_of_each_story() {
        let mut book = Book::default();
        let mut journal = Journal::default();
        let mut serial = 1;
        let mut go = |said: &[(Net, Says)]| {
            let next = book.with(said.to_vec());
            journal = journal.with(Step::between((serial, serial + 1), &book, &next, said, NOW));
            (book, serial) = (next, serial + 1);
        };
        go(&[says("192.0.2.1", 1), says("192.0.2.2", 2)]);
        go(&[(net("192.0.2.1"), Says::default())]);
        go(&[says("192.0.2.1", 3)]);
        go(&[(net("192.0.2.2"), Says::default())]);
        go(&[(net("198.51.100.1"), Says { block: None, allow_s: Some(u32::MAX) })]);
        let check = |since, new: &[&str], gone: &[&str]| {
            let changes = journal.since(since).expect("remembered");
            assert_eq!(
                (texts(&changes.new), texts(&changes.gone)),
                (new.iter().map(|s| (*s).to_owned()).collect(), gone.iter().map(|s| (*s).to_owned()).collect()),
                "{since}"
            );
        };
        check(1, &["192.0.2.1"], &["192.0.2.2"]);
        check(2, &["192.0.2.1"], &["192.0.2.2"]);
        check(3, &["192.0.2.1"], &["192.0.2.2"]);
        check(4, &[], &["192.0.2.2"]);
        check(5, &[], &[]);
        assert_eq!(journal.since(6), None, "the present needs no journal");
        assert_eq!((journal.since(0), journal.oldest()), (None, Some(1)));
    }

    #[test]
    fn an_allowance_inside_a_blocked_network_is_told_as_pieces() {
        let before = Book::default().with([says("192.0.2.0/30", 1)]);
        let allow = [(net("192.0.2.1"), Says { block: None, allow_s: Some(u32::MAX) })];
        let after = before.with(allow);
        let step = Step::between((1, 2), &before, &after, &allow, NOW);
        assert_eq!(texts(&step.gone), ["192.0.2.0/30"]);
        assert_eq!(texts(&step.new), ["192.0.2.0", "192.0.2.2/31"]);
        let back = Step::between((2, 3), &after, &before, &[(net("192.0.2.1"), Says::default())], NOW);
        assert_eq!((texts(&back.gone), texts(&back.new)), (texts(&step.new), texts(&step.gone)));
        let whole = Step::between_whole((1, 2), &before, &after, NOW);
        assert_eq!(whole, step);
    }

    #[test]
    fn a_gap_starts_anew_and_the_journal_is_bounded() {
        let empty = |from, to| Step { from, to, new: Vec::new(), gone: Vec::new() };
        let journal = Journal::default().with(empty(1, 2)).with(empty(5, 6));
        assert_eq!((journal.since(1), journal.oldest()), (None, Some(5)));
        let mut journal = Journal::default();
        for serial in 0..STEPS_MAX as u64 + 10 {
            journal = journal.with(empty(serial, serial + 1));
        }
        assert_eq!((journal.steps.len(), journal.oldest()), (STEPS_MAX, Some(10)));
    }

    proptest! {
        /// Whoever applies the changes since any serial, deletions first or last, holds what the book holds.
        #[test]
        fn changes_lead_from_any_state_to_the_present(
            steps in prop::collection::vec(prop::collection::vec((0_u8..16, 29_u8..=32, 0_u8..4), 1..6), 1..20),
            since in 0_usize..20,
        ) {
            let mut books = vec![Book::default()];
            let mut journal = Journal::default();
            for (serial, step) in steps.iter().enumerate() {
                let said: BTreeMap<Net, Says> = step.iter().map(|(low, length, what)| {
                    let net = Net::from(Prefix::containing(IpAddr::from([192, 0, 2, *low]), *length).expect("a length"));
                    let item = Item { net, category: Category::C2, score: 1, decision: serial as u32, expires_s: u32::MAX };
                    (net, Says { block: (what & 1 == 1).then_some(item), allow_s: (*what > 2).then_some(u32::MAX) })
                }).collect();
                let said: Vec<_> = said.into_iter().collect();
                let next = books[serial].with(said.clone());
                journal = journal.with(Step::between((serial as u64, serial as u64 + 1), &books[serial], &next, &said, NOW));
                books.push(next);
            }
            let since = since.min(steps.len() - 1);
            let told = |book: &Book| {
                let mut all = BTreeMap::new();
                book.walk(None, usize::MAX, NOW, |item| _ = all.insert(item.net, *item));
                all
            };
            let mut held = told(&books[since]);
            let changes = journal.since(since as u64).expect("remembered");
            for item in &changes.new { held.insert(item.net, *item); }
            for item in &changes.gone { held.remove(&item.net); }
            prop_assert_eq!(held, told(&books[steps.len()]));
        }
    }
}
