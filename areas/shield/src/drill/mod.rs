//! The drill: a compiled candidate is asked for what must resolve, before anybody answers from it.
//!
//! It looks at the result, by the look-ups that edges use, and not at how the result came about; so a fault in the
//! rules, the gate or the compiler is found too. What must resolve: names and addresses on warning lists of the kinds
//! `never` and `review`, what the registry knows an owner of, and the operator's own list in packs/drills. A change is
//! looked at thing by thing, so a drill costs some microseconds for each, however long the lists are.
//!
//! It never takes away what edges already answer from: what turns out to block something that must resolve after it
//! went out is told to a person.

mod acts;
mod own;
mod standing;

pub(crate) use acts::ROLLED_BACK;
pub use acts::Rolled;
pub use own::{Drills, DrillsError};
pub use standing::Ran;

use crate::{model::drill::Hit, warnings::LOOKED_UP_TOGETHER};
use sipar_area::{Owners as _, OwnersCell, Places};
use sipar_model::{Action, DecisionNumber, NameServer, Observable, TimestampMs, WarningKind};
use sipar_snapshot::{Layers, ListNumber, Mode, PolicyEntry, WarningIndex};
use std::{borrow::Borrow, sync::Arc};

/// The name of the operator's own list among the lists that say that something must resolve.
pub const OWN_LIST: &str = "must-resolve";

/// What is before the name of a party whose asset must resolve.
pub const ASSET_PREFIX: &str = "asset:";

/// Things below one blocked name or network that are looked up, from each source. A block with more below it is found
/// by those all the same.
const BELOW_MAX: usize = 200;

/// Everything that must resolve.
#[derive(Clone)]
pub(crate) struct Must {
    pub index: Option<Arc<WarningIndex>>,
    pub own: Arc<Places<()>>,
    pub owners: OwnersCell,
    pub now: TimestampMs,
}

impl Must {
    /// The lists that say that a thing must resolve, and whether nobody may block it at all.
    fn lists_of(&self, thing: &Observable) -> Vec<(String, bool)> {
        let mut lists = Vec::new();
        if let Some(index) = &self.index {
            lists.extend(index.hits(thing).iter().filter_map(|number| list_of(index, *number)));
        }
        if self.own.around(thing).is_some() {
            lists.push((OWN_LIST.to_owned(), false));
        }
        if let Some(owner) = self.owners.owner_of(thing, self.now) {
            lists.push((format!("{ASSET_PREFIX}{}", owner.party), false));
        }
        lists
    }

    /// The lists of `reaching` with something below a name that cannot be looked up one by one: `review` lists do not
    /// tell what they have there, and a `never` list with too much there does not either.
    fn lists_below(&self, thing: &Observable, reaching: &[ListNumber]) -> Vec<(String, bool)> {
        let (Some(index), Some(name)) = (&self.index, thing.name()) else { return Vec::new() };
        let mut lists: Vec<(String, bool)> = reaching.iter().filter_map(|number| list_of(index, *number)).collect();
        if lists.iter().any(|(_, never)| *never) && index.protected_below(name, BELOW_MAX).is_some() {
            lists.retain(|(_, never)| !never);
        }
        lists
    }

    /// What must resolve below a name or inside a network; lists have something there if any are `reaching` below it.
    fn below(&self, thing: &Observable, reaching: &[ListNumber]) -> Vec<Observable> {
        let mut below = Vec::new();
        if let (Some(index), Some(name), false) = (&self.index, thing.name(), reaching.is_empty()) {
            let names = index.protected_below(name, BELOW_MAX).unwrap_or_default();
            below.extend(names.into_iter().map(|(name, _)| Observable::Domain(name)));
        }
        below.extend(self.own.within(thing, BELOW_MAX).into_iter().map(|(thing, ())| thing));
        below.extend(self.owners.owned_within(thing, self.now, BELOW_MAX).into_iter().map(|owner| owner.asset));
        if matches!(thing, Observable::NameServer(_)) {
            // Whoever has a name or an address may serve names there.
            let servers = below.iter().filter_map(NameServer::of);
            return servers.map(Observable::NameServer).collect();
        }
        below
    }

    /// The lists that have names below a thing.
    fn reaching(&self, thing: &Observable) -> Vec<ListNumber> {
        let name = self.index.as_ref().zip(thing.name());
        name.map(|(index, name)| index.below(name)).unwrap_or_default()
    }
}

fn list_of(index: &WarningIndex, number: sipar_snapshot::ListNumber) -> Option<(String, bool)> {
    let list = index.list(number)?;
    let counts = matches!(list.kind, WarningKind::Never | WarningKind::Review);
    counts.then(|| (list.slug.clone(), list.kind == WarningKind::Never))
}

/// What of `things`, or below them, must resolve and is blocked in `after`. What `before` blocks already is left out.
pub(crate) fn drill(
    must: &Must,
    before: Option<&Layers>,
    after: &Layers,
    things: impl IntoIterator<Item = impl Borrow<Observable>>,
) -> Vec<Hit> {
    let (mut hits, mut things) = (Vec::new(), things.into_iter());
    let mut together = Vec::with_capacity(LOOKED_UP_TOGETHER);
    loop {
        together.extend(things.by_ref().take(LOOKED_UP_TOGETHER));
        if together.is_empty() {
            return hits;
        }
        if let Some(index) = &must.index {
            index.warm(together.iter().map(Borrow::borrow));
        }
        together.drain(..).for_each(|thing| look_at(must, before, after, thing.borrow(), &mut hits));
    }
}

fn look_at(must: &Must, before: Option<&Layers>, after: &Layers, thing: &Observable, hits: &mut Vec<Hit>) {
    let is_new = |thing: &Observable| before.is_none_or(|before| blocked_by(before, thing, must.now).is_none());
    let Some(decision) = blocked_by(after, thing, must.now) else { return };
    let reaching = must.reaching(thing);
    if is_new(thing) {
        let lists = must.lists_of(thing).into_iter().chain(must.lists_below(thing, &reaching));
        hits.extend(lists.map(|(list, never)| Hit { decision, must: thing.clone(), list, never }));
    }
    for below in must.below(thing, &reaching) {
        let Some(decision) = blocked_by(after, &below, must.now).filter(|_| is_new(&below)) else { continue };
        let lists = must.lists_of(&below).into_iter();
        hits.extend(lists.map(|(list, never)| Hit { decision, must: below.clone(), list, never }));
    }
}

/// The decision by which edges that answer from `layers` block a thing that somebody may need to reach.
///
/// A page is left alone: it is a part of a site, which goes on. So is one mail sender of many.
fn blocked_by(layers: &Layers, thing: &Observable, now: TimestampMs) -> Option<DecisionNumber> {
    let hit = match thing {
        Observable::Domain(name) => layers.name(name, now),
        Observable::Address(address) => layers.address(*address, now),
        Observable::Prefix(prefix) => {
            let own = layers.said_of(thing);
            let says = |action| own.iter().find(|entry| is_live(layers, entry, action, now));
            match (says(Action::Allow), says(Action::Block)) {
                (Some(_), _) => return None,
                (None, Some(entry)) => return Some(entry.decision),
                (None, None) => layers.address(prefix.addr(), now),
            }
        }
        Observable::NameServer(server) => layers.name_server(server, now),
        Observable::File(hash) => layers.file(hash, now),
        Observable::Mail(sender) if sender.local().is_none() => layers.mail(sender, now),
        Observable::Mail(_) | Observable::Url(_) | Observable::Asn(_) => None,
    };
    hit.filter(|hit| hit.action == Action::Block && !hit.shadow).map(|hit| hit.decision)
}

fn is_live(layers: &Layers, entry: &PolicyEntry, action: Action, now: TimestampMs) -> bool {
    let enforced = layers.list(entry.list).is_none_or(|list| list.mode == Mode::Enforce);
    entry.action == action && entry.expires > now && enforced
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_area::Owner;
    use sipar_area::Owners;
    use sipar_model::{Category, PartyId, Severity, SnapshotSerial, Tlp};
    use sipar_snapshot::{ListInfo, Policy, PolicyBuilder, PolicyHead, Scope, SigningKey, WarningIndexBuilder};

    const NOW: TimestampMs = TimestampMs(1_790_000_000_000);

    /// Everything here belongs to one party.
    struct Theirs(Places<()>);

    impl Owners for Theirs {
        fn owner_of(&self, subject: &Observable, _at: TimestampMs) -> Option<Owner> {
            self.0.around(subject).map(|()| owner(subject.clone()))
        }

        fn owned_within(&self, subject: &Observable, _at: TimestampMs, count_max: usize) -> Vec<Owner> {
            self.0.within(subject, count_max).into_iter().map(|(asset, ())| owner(asset)).collect()
        }

        fn version(&self) -> i64 {
            1
        }
    }

    fn owner(asset: Observable) -> Owner {
        Owner { party: PartyId::parse("bank").expect("a short name"), title: "A bank".into(), asset }
    }

    fn thing(text: &str) -> Observable {
        Observable::guess(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn places(things: &[&str]) -> Places<()> {
        let mut places = Places::default();
        for text in things {
            places.insert(&thing(text), ());
        }
        places
    }

    fn key() -> SigningKey {
        SigningKey::from_seed([3; 32]).expect("a key")
    }

    fn must(folder: &std::path::Path) -> Must {
        let mut index = WarningIndexBuilder::new(SnapshotSerial(1), NOW);
        let lists: [(&str, WarningKind, &[&str]); 3] = [
            ("never", WarningKind::Never, &["gov.example", "safe.host.example", "192.0.2.53"]),
            ("top", WarningKind::Review, &["top.example", "www.shop.example", "198.51.100.0/28"]),
            ("inform", WarningKind::Inform, &["plain.example"]),
        ];
        for (slug, kind, things) in lists {
            let list = index.list(slug, slug, kind).expect("a list");
            for text in things {
                index.add(&thing(text), Scope::Subtree, list).expect("an entry");
            }
        }
        let path = folder.join("index");
        index.write(&path, &key()).expect("written");
        let index = WarningIndex::open(&path, &key().verifying_key()).expect("opens");
        let owners = OwnersCell::default();
        owners.fill(Arc::new(Theirs(places(&["pay.bank.example", "203.0.113.8/29"]))));
        Must {
            index: Some(Arc::new(index)),
            own: Arc::new(places(&["own.example", "2001:db8:1::/48"])),
            owners,
            now: NOW,
        }
    }

    /// A policy as it should never be: whatever is said, without any gate. `+` allows, `~` only tries out.
    fn policy(folder: &std::path::Path, says: &[&str]) -> Layers {
        let head = PolicyHead { serial: SnapshotSerial(1), created: NOW, contact: String::new() };
        let mut builder = PolicyBuilder::new(head);
        let list =
            |slug: &str, mode| ListInfo { slug: slug.into(), title: slug.into(), category: Category::Phishing, mode };
        let enforced = builder.list(list("enforced", Mode::Enforce)).expect("a list");
        let tried = builder.list(list("tried", Mode::Shadow)).expect("a list");
        for (number, say) in (1..).zip(says) {
            let observable = thing(say.trim_start_matches(['+', '~']));
            let scope = if observable.name().is_some() { Scope::Subtree } else { Scope::Exact };
            let entry = PolicyEntry {
                observable,
                scope,
                action: if say.starts_with('+') { Action::Allow } else { Action::Block },
                category: Category::Phishing,
                severity: Severity::High,
                tlp: Tlp::Clear,
                list: if say.starts_with('~') { tried } else { enforced },
                expires: NOW.plus_days(1),
                decision: DecisionNumber(number),
                score: 90,
                evidence: Vec::new(),
            };
            builder.add(entry).expect("an entry");
        }
        let path = folder.join(format!("policy-{}", says.len()));
        builder.write(&path, &key()).expect("written");
        Layers::new(Arc::new(Policy::open(&path, &key().verifying_key()).expect("opens")))
    }

    /// What is found when `says` is the new state: `decision must list`, with `!` where nobody may agree.
    fn check(before: Option<&[&str]>, says: &[&str], expect: &[&str]) {
        let folder = tempfile::tempdir().expect("folder");
        let (old, new) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
        let before = before.map(|says| policy(old.path(), says));
        let after = policy(new.path(), says);
        let things: Vec<Observable> = says.iter().map(|say| thing(say.trim_start_matches(['+', '~']))).collect();
        let hits = drill(&must(folder.path()), before.as_ref(), &after, &things);
        let word = |hit: &Hit| {
            format!("{} {} {}{}", hit.decision.0, hit.must.value(), hit.list, if hit.never { "!" } else { "" })
        };
        let mut words: Vec<String> = hits.iter().map(word).collect();
        words.sort();
        words.dedup();
        assert_eq!(words, expect, "{says:?}");
    }

    #[test]
    fn names_on_lists_below_and_above_them_are_found() {
        check(None, &["evil.example", "plain.example"], &[]);
        check(None, &["top.example"], &["1 top.example top"]);
        check(None, &["a.top.example"], &["1 a.top.example top"]);
        check(None, &["gov.example"], &["1 gov.example never!"]);
        check(None, &["host.example"], &["1 safe.host.example never!"]);
        check(None, &["shop.example"], &["1 shop.example top"]);
        check(None, &["own.example", "x.own.example"], &["1 own.example must-resolve", "2 x.own.example must-resolve"]);
        check(None, &["bank.example"], &["1 pay.bank.example asset:bank"]);
        check(None, &["www.pay.bank.example"], &["1 www.pay.bank.example asset:bank"]);
    }

    #[test]
    fn addresses_inside_and_around_are_found_and_so_are_senders_of_a_whole_domain() {
        check(None, &["192.0.2.0/24"], &["1 192.0.2.0/24 never!"]);
        check(None, &["198.51.100.3"], &["1 198.51.100.3 top"]);
        check(None, &["203.0.113.0/24"], &["1 203.0.113.8/29 asset:bank"]);
        check(None, &["203.0.113.9"], &["1 203.0.113.9 asset:bank"]);
        check(None, &["2001:db8:1::1"], &["1 2001:db8:1::1 must-resolve"]);
        check(None, &["2001:db8::/32"], &["1 2001:db8:1::/48 must-resolve"]);
        check(None, &["@top.example"], &["1 @top.example top"]);
        check(None, &["eve@top.example", "https://top.example/login"], &[]);
    }

    #[test]
    fn name_servers_are_found_where_their_names_and_addresses_must_resolve() {
        check(None, &["ns:ns1.evil.example", "ns:203.0.114.53"], &[]);
        check(None, &["ns:ns1.top.example"], &["1 ns:ns1.top.example top"]);
        check(None, &["ns:host.example"], &["1 ns:safe.host.example never!"]);
        check(None, &["ns:host.example", "+ns:safe.host.example"], &[]);
        check(None, &["ns:host.example", "+safe.host.example"], &["1 ns:safe.host.example never!"]);
        check(None, &["ns:bank.example"], &["1 ns:pay.bank.example asset:bank"]);
        check(None, &["ns:x.own.example"], &["1 ns:x.own.example must-resolve"]);
        check(None, &["ns:203.0.113.0/24"], &["1 ns:203.0.113.8/29 asset:bank"]);
        check(None, &["ns:192.0.2.53"], &["1 ns:192.0.2.53 never!"]);
    }

    #[test]
    fn what_answers_counts_not_what_stands_there() {
        check(None, &["host.example", "+safe.host.example"], &[]);
        check(None, &["~top.example"], &[]);
        check(None, &["203.0.113.0/24", "+203.0.113.8/29"], &[]);
        // What edges block already is no news, and what was kept open until now is.
        check(Some(&["top.example"]), &["top.example", "evil.example"], &[]);
        check(
            Some(&["host.example", "+safe.host.example", "evil.example"]),
            &["host.example"],
            &["1 safe.host.example never!"],
        );
    }
}
