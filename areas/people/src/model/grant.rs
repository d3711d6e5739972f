//! Who is what in which party, and how somebody becomes an administrator: with the word of a second one, unless there is
//! no second one.

use sipar_authz::{PartyRole, PersonNumber};
use sipar_model::{PartyId, TimestampMs, time::DAY_MS};

/// Somebody in a party, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which party.
    pub party: PartyId,
    /// What they are there.
    pub role: PartyRole,
    /// Who.
    pub handle: String,
    /// What they are called.
    pub name: String,
    /// Who said so.
    pub granted_by: String,
    /// When.
    pub granted_at: TimestampMs,
}

/// Somebody is to become an administrator, and a second one has yet to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingGrant {
    /// Who asked.
    pub asked_by: String,
    /// Which person that is, where it is one.
    pub asker: Option<PersonNumber>,
    /// When.
    pub asked_at: TimestampMs,
}

/// How long there must have been no other administrator before one alone may make another, in ms. Else whoever ends the
/// other's account would be alone at once, and could make a second one to be two.
pub const ALONE_AFTER_MS: i64 = 7 * DAY_MS;

/// What became of the wish to make somebody something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// They are.
    Done,
    /// They are, and nobody else could be asked.
    Alone,
    /// Another administrator has to agree.
    Waits,
}

impl Granted {
    /// The word, in the API and of the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Alone => "alone",
            Self::Waits => "waits",
        }
    }
}

/// Whether a new administrator takes the word of a second one. `administrators` have an account now, whether or not they
/// have come in yet; `one_left` says whether another was one within [`ALONE_AFTER_MS`].
#[must_use]
pub const fn takes_two(administrators: usize, one_left: bool) -> bool {
    administrators > 1 || one_left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_may_only_where_nobody_else_is_or_was() {
        let check = |administrators, left, expect| assert_eq!(takes_two(administrators, left), expect);
        check(0, false, false);
        check(1, false, false);
        check(2, false, true);
        check(1, true, true);
        check(0, true, true);
    }
}
