//! What a drill means: which of the blocks that it found go out, wait for a person, or stop the change. Pure rules.

use sipar_model::{DecisionNumber, Observable};
use std::collections::{BTreeMap, HashMap};

/// What must resolve is named in a row up to this often: a person sees what it is about.
pub const MUSTS_KEPT: usize = 5;

/// A decision would block something that must resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The decision whose entry answers.
    pub decision: DecisionNumber,
    /// What must resolve.
    pub must: Observable,
    /// The list that says so.
    pub list: String,
    /// Nobody may agree to it: the rules and the gate should have kept it out.
    pub never: bool,
}

/// All hits of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which decision.
    pub decision: DecisionNumber,
    /// What it would block, at most [`MUSTS_KEPT`] of it.
    pub musts: Vec<String>,
    /// The lists that say that it must resolve, each once, in order.
    pub lists: Vec<String>,
    /// Nobody may agree to it.
    pub never: bool,
}

/// What comes of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes out.
    Clean,
    /// These wait for a person; the rest goes out.
    Hold(Vec<Found>),
    /// A change that blocks so much is broken: nothing of it goes out before a person has looked.
    Stop(Vec<Found>),
}

/// The hits of each decision together, by number.
#[must_use]
pub fn join(hits: Vec<Hit>) -> Vec<Found> {
    let mut found: BTreeMap<DecisionNumber, Found> = BTreeMap::new();
    for hit in hits {
        let fresh = || Found { decision: hit.decision, musts: Vec::new(), lists: Vec::new(), never: false };
        let of = found.entry(hit.decision).or_insert_with(fresh);
        let must = hit.must.value();
        if of.musts.len() < MUSTS_KEPT && !of.musts.contains(&must) {
            of.musts.push(must);
        }
        if let Err(place) = of.lists.binary_search(&hit.list) {
            of.lists.insert(place, hit.list);
        }
        of.never |= hit.never;
    }
    found.into_values().collect()
}

/// Whether a person's agreement to a block in spite of `agreed` lists covers it.
#[must_use]
pub fn is_agreed(found: &Found, agreed: &[String]) -> bool {
    !found.never && found.lists.iter().all(|list| agreed.contains(list))
}

/// Decides about a candidate of which the drill `found` this. `agreed` tells, for a decision, in spite of which lists
/// people agreed to it. More than `hits_max` decisions stop the change.
#[must_use]
pub fn verdict(found: Vec<Found>, agreed: &HashMap<DecisionNumber, Vec<String>>, hits_max: usize) -> Verdict {
    let open = |found: &Found| !agreed.get(&found.decision).is_some_and(|lists| is_agreed(found, lists));
    let open: Vec<Found> = found.into_iter().filter(open).collect();
    match open.len() {
        0 => Verdict::Clean,
        hits if hits <= hits_max => Verdict::Hold(open),
        _ => Verdict::Stop(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(decision: u32, must: &str, list: &str) -> Hit {
        let must = Observable::guess(must).unwrap_or_else(|error| panic!("{must}: {error}"));
        Hit { decision: DecisionNumber(decision), must, list: list.into(), never: list == "never" }
    }

    fn found(hits: &[(u32, &str, &str)]) -> Vec<Found> {
        join(hits.iter().map(|(decision, must, list)| hit(*decision, must, list)).collect())
    }

    #[test]
    fn hits_of_one_decision_are_one_finding() {
        let all = found(&[
            (2, "a.example", "top"),
            (1, "b.example", "own"),
            (2, "a.example", "bank"),
            (2, "c.example", "top"),
        ]);
        assert_eq!(all.iter().map(|found| found.decision.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(
            (all[1].musts.as_slice(), all[1].lists.as_slice()),
            (&["a.example".to_owned(), "c.example".into()][..], &["bank".to_owned(), "top".into()][..])
        );
        let many: Vec<String> = (0..20).map(|at| format!("n{at}.example")).collect();
        let many: Vec<(u32, &str, &str)> = many.iter().map(|name| (1, name.as_str(), "top")).collect();
        assert_eq!(found(&many)[0].musts.len(), MUSTS_KEPT);
    }

    #[test]
    fn a_few_are_held_many_stop_all_and_an_agreement_covers_its_lists_alone() {
        let agreed = |decision: u32, lists: &[&str]| {
            HashMap::from([(DecisionNumber(decision), lists.iter().map(|list| (*list).to_owned()).collect())])
        };
        let none = HashMap::new();
        let one = || found(&[(1, "a.example", "top")]);
        let three = || found(&[(1, "a.example", "top"), (2, "b.example", "top"), (3, "c.example", "top")]);
        assert_eq!(verdict(Vec::new(), &none, 2), Verdict::Clean);
        assert_eq!(verdict(one(), &none, 2), Verdict::Hold(one()));
        assert_eq!(verdict(three(), &none, 2), Verdict::Stop(three()));
        assert_eq!(verdict(one(), &none, 0), Verdict::Stop(one()));
        assert_eq!(verdict(one(), &agreed(1, &["top"]), 2), Verdict::Clean);
        assert_eq!(verdict(one(), &agreed(1, &["bank"]), 2), Verdict::Hold(one()));
        assert_eq!(verdict(one(), &agreed(2, &["top"]), 2), Verdict::Hold(one()));
        let two = verdict(three(), &agreed(2, &["top"]), 2);
        assert!(matches!(two, Verdict::Hold(held) if held.len() == 2), "what is agreed to is no hit");
        let never = || found(&[(1, "a.example", "never")]);
        assert_eq!(verdict(never(), &agreed(1, &["never"]), 2), Verdict::Hold(never()), "nobody may agree");
    }
}
