//! What several changes do together: whether they only open, whatever they did on the way.

use super::rollout::Net;
use sipar_model::{Action, DecisionNumber, Observable, TimestampMs};
use sipar_snapshot::{Delta, ListInfo, PolicyEntry, Update};
use std::collections::{HashMap, HashSet};

/// Things that are remembered; of more it cannot be told. As many as an overlay of the policy holds.
const THINGS_MAX: usize = 250_000;

/// Changes folded into one, from one state on.
#[derive(Debug, Default)]
pub struct Fold {
    from: u64,
    to: u64,
    lists: Vec<ListInfo>,
    things: HashMap<Observable, (Vec<PolicyEntry>, Vec<PolicyEntry>)>,
    /// Some change is not known.
    lost: bool,
}

impl Fold {
    /// Nothing yet, from this state on.
    #[must_use]
    pub fn new(from: u64) -> Self {
        Self { from, to: from, ..Self::default() }
    }

    /// The state that it starts from.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// The state that it has come to.
    #[must_use]
    pub const fn to(&self) -> u64 {
        self.to
    }

    /// Goes one change on. One that does not lead on, or has other lists, cannot be told any more.
    pub fn add(&mut self, delta: &Delta) {
        let leads_on = delta.from().0 == self.to;
        let same = self.lists.is_empty() || self.lists == delta.lists();
        self.to = delta.to().0;
        if !leads_on || !same || self.things.len() + delta.updates().len() > THINGS_MAX {
            self.lost = true;
            self.things = HashMap::new();
        }
        if self.lost {
            return;
        }
        self.lists = delta.lists().to_vec();
        for update in delta.updates() {
            match self.things.get_mut(&update.observable) {
                Some((_, after)) => after.clone_from(&update.after),
                None => {
                    let sides = (update.before.clone(), update.after.clone());
                    self.things.insert(update.observable.clone(), sides);
                }
            }
        }
    }

    /// Goes on to a state of which no change tells.
    pub fn lose(&mut self, to: u64) {
        (self.to, self.lost) = (to, true);
        self.things = HashMap::new();
    }

    /// What all of it does together at `now`.
    #[must_use]
    pub fn net(&self, now: TimestampMs) -> Net {
        if self.lost {
            return Net::Blocks;
        }
        let (mut only_opens, mut opens) = (true, false);
        let entries = self.things.values().flat_map(|(_, after)| after);
        let blocks = entries.filter(|entry| entry.action == Action::Block).map(|entry| entry.decision);
        let blocks: HashSet<DecisionNumber> = blocks.collect();
        for (observable, (before, after)) in &self.things {
            let mut update = Update { observable: observable.clone(), before: before.clone(), after: after.clone() };
            only_opens &= update.only_opens(&self.lists);
            // What stays open below a block that comes with it was open before.
            update.after.retain(|entry| entry.action == Action::Block || !blocks.contains(&entry.decision));
            opens |= update.opens(&self.lists, now);
        }
        match (only_opens, opens) {
            (true, _) => Net::OnlyOpens,
            (false, true) => Net::OpensAndBlocks,
            (false, false) => Net::Blocks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_model::{Category, Severity, SnapshotSerial, Tlp};
    use sipar_snapshot::{DeltaBuilder, DeltaHead, ListId, Mode, Scope, SigningKey};

    const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

    /// `7 bad.example` is a block by decision 7, `+7 good.example` an allowance.
    fn entry(text: &str, days: i64) -> PolicyEntry {
        let (number, name) = text.trim_start_matches('+').split_once(' ').expect("a number and a name");
        PolicyEntry {
            observable: Observable::guess(name).expect("a name"),
            scope: Scope::Subtree,
            action: if text.starts_with('+') { Action::Allow } else { Action::Block },
            category: Category::Phishing,
            severity: Severity::High,
            tlp: Tlp::Clear,
            list: ListId(0),
            expires: NOW.plus_days(days),
            decision: DecisionNumber(number.parse().expect("a number")),
            score: 90,
            evidence: Vec::new(),
        }
    }

    /// A change that takes away `-` and adds the rest.
    fn delta(from: u64, changes: &[&str], days: i64) -> Delta {
        let list = ListInfo { slug: "l".into(), title: "L".into(), category: Category::Phishing, mode: Mode::Enforce };
        let (from, to) = (SnapshotSerial(from), SnapshotSerial(from + 1));
        let head = DeltaHead { from, to, created: NOW, contact: String::new(), lists: vec![list] };
        let mut builder = DeltaBuilder::new(head);
        for change in changes {
            let entry = entry(change.trim_start_matches('-'), days);
            let observable = entry.observable.clone();
            let (before, after) = if change.starts_with('-') { (vec![entry], vec![]) } else { (vec![], vec![entry]) };
            builder.add(Update { observable, before, after }).expect("an update");
        }
        let folder = tempfile::tempdir().expect("folder");
        let (path, key) = (folder.path().join("delta"), SigningKey::from_seed([4; 32]).expect("a key"));
        builder.write(&path, &key).expect("written");
        Delta::open(&path, &key.verifying_key()).expect("opens")
    }

    fn check(changes: &[&[&str]], expect: Net) {
        let mut fold = Fold::new(1);
        (1..).zip(changes).for_each(|(from, change)| fold.add(&delta(from, change, 30)));
        assert_eq!((fold.net(NOW), fold.to()), (expect, 1 + changes.len() as u64), "{changes:?}");
    }

    #[test]
    fn what_several_changes_come_to() {
        check(&[], Net::OnlyOpens);
        check(&[&["7 bad.example"]], Net::Blocks);
        check(&[&["-7 bad.example"]], Net::OnlyOpens);
        check(&[&["+7 good.example"]], Net::OnlyOpens);
        check(&[&["-+7 good.example"]], Net::Blocks);
        check(&[&["7 bad.example"], &["-7 bad.example"]], Net::OnlyOpens);
        check(&[&["7 bad.example"], &["-3 old.example"]], Net::OpensAndBlocks);
        check(&[&["7 bad.example"], &["+8 good.example"]], Net::OpensAndBlocks);
        check(&[&["-3 old.example"], &["9 old.example"]], Net::OnlyOpens);
        check(&[&["7 host.example", "+7 safe.host.example"]], Net::Blocks);
    }

    #[test]
    fn what_ends_by_its_own_time_is_no_emergency_and_what_is_not_known_blocks() {
        let mut fold = Fold::new(1);
        fold.add(&delta(1, &["7 bad.example"], 30));
        fold.add(&delta(2, &["-3 over.example"], 0));
        assert_eq!(fold.net(NOW), Net::Blocks);
        let mut gap = Fold::new(1);
        gap.add(&delta(2, &["-3 old.example"], 30));
        assert_eq!((gap.net(NOW), gap.to()), (Net::Blocks, 3));
        let mut lost = Fold::new(1);
        lost.lose(5);
        lost.add(&delta(5, &["-3 old.example"], 30));
        assert_eq!((lost.net(NOW), lost.to()), (Net::Blocks, 6));
    }
}
