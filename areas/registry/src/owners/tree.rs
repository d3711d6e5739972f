//! Who stands under whom: parents, the teams of a sector over its members, those of the nation over all.

use crate::model::Tier;
use sipar_area::Standing;
use sipar_model::PartyId;
use std::collections::{BTreeSet, HashMap};

/// Where one party stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its tier.
    pub tier: Tier,
    /// Its sector; empty: none.
    pub sector: String,
    /// The party that it stands under.
    pub parent: Option<PartyId>,
}

/// Where all parties stand.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: HashMap<PartyId, Node>,
    children: HashMap<PartyId, Vec<PartyId>>,
    national: Vec<PartyId>,
    /// The teams of each sector, and its organisations.
    teams: HashMap<String, Vec<PartyId>>,
    members: HashMap<String, Vec<PartyId>>,
}

impl Tree {
    /// Adds a party.
    pub fn add(&mut self, id: PartyId, node: Node) {
        if let Some(parent) = &node.parent {
            self.children.entry(parent.clone()).or_default().push(id.clone());
        }
        match node.tier {
            Tier::National => self.national.push(id.clone()),
            Tier::Sector | Tier::Organisation if node.sector.is_empty() => {}
            Tier::Sector => self.teams.entry(node.sector.clone()).or_default().push(id.clone()),
            Tier::Organisation => self.members.entry(node.sector.clone()).or_default().push(id.clone()),
        }
        self.nodes.insert(id, node);
    }

    /// Where a party stands.
    #[must_use]
    pub fn standing(&self, party: &PartyId) -> Option<Standing> {
        let node = self.nodes.get(party)?;
        let mut above = BTreeSet::new();
        let mut next = self.directly_above(node);
        // Each is taken once, so a circle ends.
        while let Some(id) = next.pop() {
            if let Some(node) = self.nodes.get(id).filter(|_| id != party && above.insert(id.clone())) {
                next.extend(self.directly_above(node));
            }
        }
        above.extend(self.national.iter().filter(|id| *id != party).cloned());
        Some(Standing { national: node.tier == Tier::National, above: above.into_iter().collect() })
    }

    fn directly_above<'a>(&'a self, node: &'a Node) -> Vec<&'a PartyId> {
        let teams = self.teams.get(&node.sector).filter(|_| node.tier == Tier::Organisation);
        node.parent.iter().chain(teams.into_iter().flatten()).collect()
    }

    /// A party and those that it stands over, at most `count_max`. What stands over all is not asked for it.
    #[must_use]
    pub fn below(&self, party: &PartyId, count_max: usize) -> Vec<PartyId> {
        let mut found = BTreeSet::new();
        let mut next = vec![party];
        while let Some(id) = next.pop() {
            if found.len() >= count_max || !found.insert(id.clone()) {
                continue;
            }
            next.extend(self.children.get(id).into_iter().flatten());
            let team = self.nodes.get(id).filter(|node| node.tier == Tier::Sector && !node.sector.is_empty());
            next.extend(team.and_then(|node| self.members.get(&node.sector)).into_iter().flatten());
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> PartyId {
        PartyId::parse(text).expect("an id")
    }

    fn tree(rows: &[(&str, Tier, &str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (name, tier, sector, parent) in rows {
            let parent = (!parent.is_empty()).then(|| id(parent));
            tree.add(id(name), Node { tier: *tier, sector: (*sector).into(), parent });
        }
        tree
    }

    fn words(parties: Vec<PartyId>) -> String {
        parties.iter().map(PartyId::as_str).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_sector_team_stands_over_its_members_and_the_nation_over_all() {
        let tree = tree(&[
            ("ncert", Tier::National, "", ""),
            ("fincert", Tier::Sector, "finance", "ncert"),
            ("bank", Tier::Organisation, "finance", ""),
            ("branch", Tier::Organisation, "", "bank"),
            ("school", Tier::Organisation, "academia", ""),
            ("bureau", Tier::Organisation, "", ""),
        ]);
        let check = |party: &str, above: &str, below: &str| {
            assert_eq!(words(tree.standing(&id(party)).expect("there").above), above, "above {party}");
            assert_eq!(words(tree.below(&id(party), 100)), below, "below {party}");
        };
        check("branch", "bank fincert ncert", "branch");
        check("bank", "fincert ncert", "bank branch");
        check("fincert", "ncert", "bank branch fincert");
        check("school", "ncert", "school");
        check("bureau", "ncert", "bureau");
        assert!(tree.standing(&id("ncert")).expect("there").national);
        assert_eq!(tree.standing(&id("nobody")), None);
        assert_eq!(tree.below(&id("fincert"), 2).len(), 2);
    }

    #[test]
    fn a_circle_ends() {
        let tree = tree(&[("a", Tier::Organisation, "", "b"), ("b", Tier::Organisation, "", "a")]);
        assert_eq!(words(tree.standing(&id("a")).expect("there").above), "b");
        assert_eq!(words(tree.below(&id("a"), 100)), "a b");
    }

    proptest! {
        /// What stands above one has it below, and the other way round; nobody stands over themselves.
        #[test]
        fn above_and_below_say_the_same(rows in prop::collection::vec((0_usize..3, 0_usize..3, 0_usize..12), 1..12)) {
            let name = |place: usize| format!("p{place}");
            let sectors = ["", "finance", "energy"];
            let mut tree = Tree::default();
            for (place, (tier, sector, parent)) in rows.iter().enumerate() {
                let parent = (*parent < place).then(|| id(&name(*parent)));
                tree.add(id(&name(place)), Node { tier: Tier::ALL[*tier], sector: sectors[*sector].into(), parent });
            }
            for one in 0..rows.len() {
                let standing = tree.standing(&id(&name(one))).expect("there");
                prop_assert!(!standing.above.contains(&id(&name(one))));
                for other in 0..rows.len() {
                    let other = id(&name(other));
                    if tree.standing(&other).expect("there").national || other == id(&name(one)) {
                        continue;
                    }
                    let below = tree.below(&other, 100).contains(&id(&name(one)));
                    prop_assert_eq!(standing.above.contains(&other), below, "{} {}", one, other);
                }
            }
        }
    }
}
