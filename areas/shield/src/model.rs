//! What is blocked, and why: pure rules. No I/O, no clock, no chance.
//!
//! [`decide`] is the one function that decides without a person. It never climbs from a name to its parent,
//! and whatever it does not know how to judge is held for a person.

pub mod drill;
mod unblockable;
pub mod verdict;

pub use unblockable::{Unblockable, unblockable};

use crate::rules::{Bounds, Rule, Rules};
use sipar_model::{
    Action, Assertion, Category, Indicator, ObservableKind, TimestampMs, Tlp, WarningKind,
    score::{DecayTable, crossing, score},
};
use std::collections::BTreeSet;

/// The strictest marking that a snapshot may carry: snapshots go to every operator in the country, so to the community
/// (TLP 2.0 §3). Anything stricter stays out.
pub const SNAPSHOT_TLP_MAX: Tlp = Tlp::Green;

/// A warning list that touches an observable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WarningHit {
    /// What it does.
    pub kind: WarningKind,
    /// Its short name.
    pub list: String,
}

/// The last decision on the same observable, as far as it binds a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A rule blocked it, until then.
    BlockedByRule(TimestampMs),
    /// A person decided, until then. Rules keep away.
    Person(Action, TimestampMs),
    /// A person undid a block that would have lasted until then. Rules keep away until then.
    UndoneByPerson(TimestampMs),
    /// A person looked at it and refused to block it, with these families as witnesses.
    Refused,
}

/// What comes of an indicator.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<'r> {
    /// It is to be blocked.
    Block {
        /// By this rule.
        rule: &'r Rule,
        /// As this.
        category: Category,
        /// With this score.
        score: f64,
        /// Until then.
        expires: TimestampMs,
    },
    /// A rule would block it, and these lists ask for a person.
    Held(Vec<WarningHit>),
    /// A rule would block it, and these lists forbid that.
    Withheld(Vec<WarningHit>),
    /// A rule would block it, and what it is forbids that.
    Unblockable(Unblockable),
    /// A person's word stands.
    PersonDecided,
    /// No rule takes a thing of this kind in this category, whatever the score.
    NoRule,
    /// A rule takes such things, but not with this score or so few families; or nobody says anything of it any more.
    Below {
        /// The score.
        score: f64,
    },
    /// Only sources that may not be shared with operators say so.
    TooSecret,
}

/// Judges an indicator.
///
/// `warnings` is `None` when no warning lists are known yet: then nothing is blocked, and a person is asked.
#[must_use]
pub fn decide<'r>(
    indicator: &Indicator,
    warnings: Option<&[WarningHit]>,
    standing: Option<Standing>,
    rules: &'r Rules,
    decays: &DecayTable,
    now: TimestampMs,
) -> Outcome<'r> {
    match standing {
        Some(Standing::Person(_, until) | Standing::UndoneByPerson(until)) if until > now => {
            return Outcome::PersonDecided;
        }
        Some(Standing::Refused) => return Outcome::PersonDecided,
        _ => {}
    }
    let kind = indicator.observable.kind();
    let shareable: Vec<Assertion> =
        indicator.assertions.iter().filter(|a| a.tlp <= SNAPSHOT_TLP_MAX).cloned().collect();
    if shareable.is_empty() && !indicator.assertions.is_empty() {
        return Outcome::TooSecret;
    }
    let kinds: Vec<WarningKind> = warnings.unwrap_or_default().iter().map(|hit| hit.kind).collect();
    let score = score(&shareable, &kinds, kind, decays, now);
    let Some(category) = strongest(&shareable, kind, decays, now) else { return Outcome::Below { score } };
    let mut takers = rules.rules.iter().filter(|rule| rule.takes(kind, category)).peekable();
    if takers.peek().is_none() {
        return Outcome::NoRule;
    }
    let families: BTreeSet<&str> = shareable.iter().map(|a| a.family.as_str()).collect();
    let enough = |rule: &&Rule| families.len() >= rule.families_min && score >= rule.score_block;
    let Some(rule) = takers.find(enough) else { return Outcome::Below { score } };
    if let Some(why) = unblockable(&indicator.observable, rules.bounds) {
        return Outcome::Unblockable(why);
    }
    let Some(warnings) = warnings else {
        return Outcome::Held(vec![WarningHit { kind: WarningKind::Review, list: NO_LISTS.into() }]);
    };
    let of_kind = |wanted| -> Vec<WarningHit> { warnings.iter().filter(|hit| hit.kind == wanted).cloned().collect() };
    let (never, review) = (of_kind(WarningKind::Never), of_kind(WarningKind::Review));
    if !never.is_empty() {
        return Outcome::Withheld(never);
    }
    if !review.is_empty() {
        return Outcome::Held(review);
    }
    Outcome::Block { rule, category, score, expires: expires(&shareable, &kinds, kind, rule, decays, now) }
}

/// The name that stands in for a warning list when none is known.
pub const NO_LISTS: &str = "no-warning-lists";

/// When a rule's block ends: when the score falls below what the rule keeps, and never later than the rule allows.
fn expires(
    assertions: &[Assertion],
    warnings: &[WarningKind],
    kind: ObservableKind,
    rule: &Rule,
    decays: &DecayTable,
    now: TimestampMs,
) -> TimestampMs {
    let latest = now.plus_days(i64::from(rule.days_max));
    crossing(assertions, warnings, kind, decays, now, rule.score_keep).map_or(latest, |falls| falls.min(latest))
}

/// The category that its sources say most surely today. Between equals the more dangerous one.
#[must_use]
pub fn strongest(
    assertions: &[Assertion],
    kind: ObservableKind,
    decays: &DecayTable,
    now: TimestampMs,
) -> Option<Category> {
    let danger = |category| match category {
        Category::C2 => 3,
        Category::Malware => 2,
        Category::Phishing => 1,
        Category::Fraud => 0,
    };
    let belief = |category: Category| {
        let of: Vec<Assertion> = assertions.iter().filter(|a| a.category == category).cloned().collect();
        (!of.is_empty()).then(|| score(&of, &[], kind, decays, now))
    };
    Category::ALL
        .iter()
        .filter_map(|category| belief(*category).map(|belief| (belief, danger(*category), *category)))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        .map(|(_, _, category)| category)
}

/// Whether a block by a rule that would now end at `fresh` is worth moving from `old`.
#[must_use]
pub fn worth_extending(old: TimestampMs, fresh: TimestampMs, bounds: Bounds) -> bool {
    fresh.since_ms(old) >= i64::from(bounds.extend_hours_min) * 3_600_000
}

#[cfg(test)]
mod tests;
