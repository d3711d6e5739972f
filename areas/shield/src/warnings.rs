//! What warning lists mean for a block: which touch it, and which names below it they keep open.

use crate::model::WarningHit;
use sipar_model::{DomainName, Observable, WarningKind};
use sipar_snapshot::{ListNumber, Scope, WarningIndex};

/// Names that stay open below one blocked name. Of 13,752 real phishing names two have allowed names below them, and
/// at most 8; a parent of a hundred protected names is infrastructure that many stand on, and is withheld as a whole.
pub const EXCEPTIONS_MAX: usize = 100;

/// Things that warning lists are asked about at a time. What they say is all over memory: asked for together, it is
/// waited for together.
pub(crate) const LOOKED_UP_TOGETHER: usize = 64;

/// What warning lists say of a block.
pub(crate) struct Said {
    /// The lists that touch what would be blocked, each once, in order.
    pub hits: Vec<WarningHit>,
    /// The names below it that are on `never` lists. A block of it keeps them open: of name servers, those with such names.
    pub exceptions: Vec<(DomainName, Scope)>,
}

/// What the lists of `index` say of a block of `observable`.
///
/// A block of a name covers everything under it, and nothing that a `never` list has may be blocked. So the names that
/// such lists have below it stay open, each by an entry of its own; when they are too many, their lists touch the name.
/// Other kinds of list below it do not count: that somebody popular has a name under a bad one says nothing for the bad
/// one.
pub(crate) fn said(index: &WarningIndex, observable: &Observable) -> Said {
    let hit =
        |number: &ListNumber| index.list(*number).map(|list| WarningHit { kind: list.kind, list: list.slug.clone() });
    let mut hits: Vec<WarningHit> = index.hits(observable).iter().filter_map(hit).collect();
    let mut exceptions = Vec::new();
    if let Some(name) = observable.name() {
        let below = index.below(name);
        let mut never = below.iter().filter_map(hit).filter(|hit| hit.kind == WarningKind::Never).peekable();
        if never.peek().is_some() {
            match index.protected_below(name, EXCEPTIONS_MAX) {
                Some(names) => exceptions = names,
                None => hits.extend(never),
            }
        }
    }
    hits.sort_unstable();
    hits.dedup();
    Said { hits, exceptions }
}

/// The lists that touch a block of `observable`.
pub(crate) fn hits(index: &WarningIndex, observable: &Observable) -> Vec<WarningHit> {
    said(index, observable).hits
}
