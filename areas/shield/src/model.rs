//! What is blocked, and why: pure rules. No I/O, no clock, no chance.
//!
//! [`decide`] is the one function that decides without a person. It never climbs from a name to its parent,
//! and whatever it does not know how to judge is held for a person.

use crate::rules::{Bounds, Rule, Rules};
use sipar_model::{
    Action, Assertion, Category, DomainName, Indicator, Observable, ObservableKind, Prefix, TimestampMs, Tlp,
    WarningKind,
    name::SuffixKind,
    score::{DecayTable, crossing, score},
};
use std::{collections::BTreeSet, net::IpAddr};

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
    Unblockable(&'static str),
    /// A person's word stands.
    PersonDecided,
    /// No rule takes it, or not with this score.
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
    let Some((rule, category)) = rule_for(&shareable, kind, score, rules, decays, now) else {
        return Outcome::Below { score };
    };
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

/// The first rule that takes it, and the category under which it does.
fn rule_for<'r>(
    assertions: &[Assertion],
    kind: ObservableKind,
    score: f64,
    rules: &'r Rules,
    decays: &DecayTable,
    now: TimestampMs,
) -> Option<(&'r Rule, Category)> {
    let category = strongest(assertions, kind, decays, now)?;
    let families: BTreeSet<&str> = assertions.iter().map(|a| a.family.as_str()).collect();
    let takes = |rule: &&Rule| {
        rule.kinds.contains(&kind)
            && rule.categories.contains(&category)
            && families.len() >= rule.families_min
            && score >= rule.score_block
    };
    rules.rules.iter().find(takes).map(|rule| (rule, category))
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

/// Why this may not be blocked by anybody, whatever is said of it.
#[must_use]
pub fn unblockable(observable: &Observable, bounds: Bounds) -> Option<&'static str> {
    match observable {
        Observable::Domain(name) => unblockable_name(name),
        Observable::Address(address) => unblockable_address(*address),
        Observable::Prefix(prefix) => unblockable_prefix(prefix, bounds),
        Observable::Asn(_) => Some("an autonomous system is not blocked as a whole; block its networks"),
        Observable::Url(_) | Observable::File(_) | Observable::Mail(_) => None,
    }
}

fn unblockable_name(name: &DomainName) -> Option<&'static str> {
    if name.label_count() == 1 {
        return Some("a top-level domain is never blocked");
    }
    match name.suffix_kind() {
        Some(SuffixKind::Icann | SuffixKind::Unlisted) => Some("a registry's own name is never blocked"),
        Some(SuffixKind::Private) => Some("a name under which strangers rent theirs is never blocked as a whole"),
        None => None,
    }
}

/// IANA's special-purpose registries (RFC 6890), but for the networks of documentation, which demonstrations use.
fn unblockable_address(address: IpAddr) -> Option<&'static str> {
    const LOCAL: &str = "an address that is not reached over the internet is never blocked";
    let local = match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
                || a >= 240
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    };
    local.then_some(LOCAL)
}

fn unblockable_prefix(prefix: &Prefix, bounds: Bounds) -> Option<&'static str> {
    let bits_min = if prefix.addr().is_ipv4() { bounds.prefix_v4_bits_min } else { bounds.prefix_v6_bits_min };
    if prefix.length() < bits_min {
        return Some("a network this wide is never blocked as one; block the parts that are meant");
    }
    unblockable_address(prefix.addr())
}

/// Whether a block by a rule that would now end at `fresh` is worth moving from `old`.
#[must_use]
pub fn worth_extending(old: TimestampMs, fresh: TimestampMs, bounds: Bounds) -> bool {
    fresh.since_ms(old) >= i64::from(bounds.extend_hours_min) * 3_600_000
}

#[cfg(test)]
mod tests;
