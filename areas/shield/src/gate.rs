//! The last gate: what one decision becomes in a file for edges, or why it becomes nothing.
//!
//! Whatever is in the tables, nothing above [`SNAPSHOT_TLP_MAX`], nothing that nobody may block and nothing that a
//! `never` list touches goes through: what such a list has below a blocked name is kept open. A whole snapshot and a delta ask the same gate, one decision at a time.

use crate::{
    model::{SNAPSHOT_TLP_MAX, unblockable},
    rules::{self, Rules},
    store::in_force::{InForce, Seen},
    warnings::said,
};
use sipar_model::{Action, Category, DomainName, Observable, WarningKind};
use sipar_snapshot::{Evidence, ListId, ListInfo, Mode, PolicyEntry, Scope, WarningIndex};

/// Why a decision in force stays out of the files for edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// Its marking is too strict.
    Tlp,
    /// Nobody may block it.
    Unblockable,
    /// A `never` list touches it.
    Never,
    /// No list takes its category. Rules are refused without one (`Rules::from_toml`), so this is never seen.
    NoList,
}

/// The lists of a file: those of the rules in their order, then one for the allowances of each category.
///
/// What people allow stands on lists of its own that are always enforced: while a list of the rules is only tried out
/// (`shadow`), an allowance on it would be counted and not done.
/// [`ListId`]s of [`entries`] are places in this.
#[must_use]
pub fn lists(rules: &Rules) -> Vec<ListInfo> {
    let of_rules = rules.lists.iter().map(|list| {
        let mode = match list.mode {
            rules::Mode::Enforce => Mode::Enforce,
            rules::Mode::Shadow => Mode::Shadow,
        };
        ListInfo { slug: list.slug.clone(), title: list.title.clone(), category: list.category, mode }
    });
    let of_people = Category::ALL.iter().map(|category| ListInfo {
        slug: format!("allowed-{category}"),
        title: format!("Allowed by people ({category})"),
        category: *category,
        mode: Mode::Enforce,
    });
    of_rules.chain(of_people).collect()
}

/// The entries that a decision in force becomes, at least one.
///
/// The first is about the decision's own observable. Those that follow keep open what is below it and on a `never` list:
/// at most [`EXCEPTIONS_MAX`](crate::EXCEPTIONS_MAX). All carry the decision's number.
/// So the entries of one name come from the decisions on it and on the names above it; and they change with the lists.
///
/// # Errors
/// Why it becomes nothing.
pub fn entries(
    decision: InForce,
    rules: &Rules,
    index: Option<&WarningIndex>,
) -> Result<impl Iterator<Item = PolicyEntry> + use<>, Barred> {
    if decision.tlp > SNAPSHOT_TLP_MAX {
        return Err(Barred::Tlp);
    }
    // Files have no entries on autonomous systems, not even to allow them.
    if matches!(decision.observable, Observable::Asn(_)) {
        return Err(Barred::Unblockable);
    }
    let open = match decision.action {
        Action::Block => may_be_blocked(&decision.observable, rules, index)?,
        Action::Allow => Vec::new(),
    };
    let list = list_of(&decision, rules).ok_or(Barred::NoList)?;
    let scope = if decision.observable.name().is_some() { Scope::Subtree } else { Scope::Exact };
    let own = PolicyEntry {
        observable: decision.observable,
        scope,
        action: decision.action,
        category: decision.category,
        severity: decision.severity,
        tlp: decision.tlp,
        list,
        expires: decision.expires_at,
        decision: decision.number,
        score: decision.score,
        evidence: evidence(decision.seen),
    };
    let exceptions = open.into_iter().map(|(name, scope)| PolicyEntry {
        observable: own.observable.named(name),
        scope,
        action: Action::Allow,
        score: 0,
        evidence: Vec::new(),
        ..own.clone()
    });
    let exceptions: Vec<PolicyEntry> = exceptions.collect();
    Ok(std::iter::once(own).chain(exceptions))
}

/// Whether it may be blocked, and which names below it stay open then.
fn may_be_blocked(
    observable: &Observable,
    rules: &Rules,
    index: Option<&WarningIndex>,
) -> Result<Vec<(DomainName, Scope)>, Barred> {
    if unblockable(observable, rules.bounds).is_some() {
        return Err(Barred::Unblockable);
    }
    let Some(index) = index else { return Ok(Vec::new()) };
    let said = said(index, observable);
    if said.hits.iter().any(|hit| hit.kind == WarningKind::Never) {
        return Err(Barred::Never);
    }
    Ok(said.exceptions)
}

/// The place of a decision's list among [`lists`].
fn list_of(decision: &InForce, rules: &Rules) -> Option<ListId> {
    let category = decision.category;
    let place = if decision.action == Action::Allow {
        rules.lists.len() + Category::ALL.iter().position(|of| *of == category)?
    } else {
        // A list that the rules no longer name: its blocks stand on the list of their category, never nowhere.
        let own = rules.lists.iter().position(|list| *list.slug == *decision.list);
        own.or_else(|| rules.lists.iter().position(|list| list.category == category))?
    };
    u16::try_from(place).ok().map(ListId)
}

/// What may be shown with an entry: the families that may be shared, each with its first and last sight.
fn evidence(seen: Vec<Seen>) -> Vec<Evidence> {
    let open = seen.into_iter().filter(|seen| seen.tlp <= SNAPSHOT_TLP_MAX);
    let evidence =
        |seen: Seen| Evidence { family: seen.family, first_seen: seen.first_seen, last_seen: seen.last_seen };
    let mut families: Vec<Evidence> = open.map(evidence).collect();
    families.sort_unstable_by(|a, b| a.family.cmp(&b.family));
    families.dedup_by(|next, kept| {
        let same = next.family == kept.family;
        if same {
            kept.first_seen = kept.first_seen.min(next.first_seen);
            kept.last_seen = kept.last_seen.max(next.last_seen);
        }
        same
    });
    families
}
