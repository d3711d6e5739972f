//! What changed from one policy to the next.

use super::{EntryRef, Policy, PolicyEntry};

/// One difference. Lists are compared by their short names, because numbers may differ between files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the newer one has it.
    Added(PolicyEntry),
    /// Only the older one has it.
    Removed(PolicyEntry),
    /// Both have it, and it says something else now.
    Changed {
        /// As the older one has it.
        before: Box<PolicyEntry>,
        /// As the newer one has it.
        after: Box<PolicyEntry>,
    },
}

/// The differences, found one at a time: nothing is collected, however large the files are.
pub fn diff<'a>(older: &'a Policy, newer: &'a Policy) -> impl Iterator<Item = Change> + 'a {
    let gone = older.iter().filter_map(|before| match counterpart(older, &before, newer) {
        Some(after) if same(older, &before, newer, &after) => None,
        Some(after) => Some(Change::Changed { before: Box::new(before), after: Box::new(after) }),
        None => Some(Change::Removed(before)),
    });
    let come = newer.iter().filter(|after| counterpart(newer, after, older).is_none());
    gone.chain(come.map(Change::Added))
}

/// The entry of another policy that plays the same part:
/// the same thing, scope and action, and both enforced or both on shadow lists. A file has one such at most.
fn counterpart(policy: &Policy, entry: &PolicyEntry, other: &Policy) -> Option<PolicyEntry> {
    let mode = |policy: &Policy, entry: &PolicyEntry| policy.list(entry.list).map(|list| list.mode);
    other.find(&entry.observable).into_iter().filter_map(|found: EntryRef| other.entry(found)).find(|found| {
        (found.scope, found.action) == (entry.scope, entry.action) && mode(other, found) == mode(policy, entry)
    })
}

fn same(older: &Policy, before: &PolicyEntry, newer: &Policy, after: &PolicyEntry) -> bool {
    let slug = |policy: &Policy, entry: &PolicyEntry| policy.list(entry.list).map(|list| list.slug.clone());
    let renumbered = PolicyEntry { list: before.list, ..after.clone() };
    renumbered == *before && slug(older, before) == slug(newer, after)
}
