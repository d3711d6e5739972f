//! What a look-up found, and which of several finds answers.

use super::{EntryRef, Hit, Scope, classes::Class, time_of};
use sipar_model::{Action, DecisionNumber, MailAddress};

/// An entry that covers what was asked for and is alive.
pub(crate) struct Found<'a> {
    pub(super) class: &'a Class,
    pub(super) expires_s: u32,
    pub(super) decision: u32,
    pub(super) depth: u8,
    pub(super) entry: u32,
}

impl Found<'_> {
    /// The larger answers; see the rules in the module above.
    #[inline]
    pub(crate) fn rank(&self) -> (bool, u8, bool, bool, u32) {
        let class = self.class;
        (!class.shadow, self.depth, class.action == Action::Allow, class.scope == Scope::Exact, self.expires_s)
    }

    #[inline]
    pub(crate) fn hit(&self) -> Hit {
        Hit {
            action: self.class.action,
            category: self.class.category,
            severity: self.class.severity,
            tlp: self.class.tlp,
            list: self.class.list,
            shadow: self.class.shadow,
            decision: DecisionNumber(self.decision),
            expires: time_of(self.expires_s),
            depth_labels: self.depth,
            entry: EntryRef(self.entry),
        }
    }
}

/// The tables of keys beside that of names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keyed {
    Urls,
    Files,
    Mails,
    Servers,
}

/// The hit on a sender itself before the one on all senders of its domain, unless only the latter is enforced.
pub(crate) fn sender_hit(sender: &MailAddress, look_up: impl Fn(&[u8]) -> Option<Hit>) -> Option<Hit> {
    let whole = sender.as_str();
    let own = look_up(whole.as_bytes());
    match (own, whole.find('@')) {
        (Some(hit), _) if !hit.shadow => Some(hit),
        (own, Some(at)) if at > 0 => {
            let all = look_up(&whole.as_bytes()[at..]);
            all.filter(|all| own.is_none() || !all.shadow).or(own)
        }
        (own, _) => own,
    }
}

/// Keeps the better of two.
#[inline]
pub(super) fn better<'a>(best: &mut Option<Found<'a>>, found: Found<'a>) {
    if best.as_ref().is_none_or(|best| found.rank() > best.rank()) {
        *best = Some(found);
    }
}
