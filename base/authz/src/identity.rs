//! Who a request comes from.

use crate::{membership::Membership, role::Role, scope::Scopes};
use sipar_model::TimestampMs;
use std::sync::Arc;

/// How long a fresh proof of who one is lasts, in ms: long enough for a form that one has just opened, too short for a
/// desk that one has left.
pub const FRESH_MS: i64 = 5 * 60_000;

/// How somebody showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// They did not.
    Nothing,
    /// An API key in a header, which no other site can make a browser send.
    Key,
    /// A session cookie, which a browser sends by itself: such requests need the same-origin check.
    Session,
}

/// The number of a person who has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonNumber(pub i64);

/// The number of a session: it names the session in lists, and opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionNumber(pub i64);

/// The role of a request, and the label that goes into records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What they are allowed to be.
    pub role: Role,
    /// The handle of a person of the operator's, or the name of a role or system; never of a citizen.
    pub label: Arc<str>,
    /// How they showed it.
    pub via: Via,
    /// Which person, where it is one who has an account: also behind a key that acts for them.
    pub person: Option<PersonNumber>,
    /// Which session, where it is one.
    pub session: Option<SessionNumber>,
    /// When they last proved who they are, as opposed to being remembered. Nothing: each request proves it anew, as
    /// with the key of a key file.
    pub proved_at: Option<TimestampMs>,
    /// What of their role they may use here.
    pub scopes: Scopes,
    /// What they are in parties.
    pub parties: Arc<[Membership]>,
}

impl Identity {
    /// Somebody with all that their role may.
    #[must_use]
    pub fn new(role: Role, label: impl Into<Arc<str>>, via: Via) -> Self {
        let (person, session, proved_at) = (None, None, None);
        let (scopes, parties) = (Scopes::default(), Arc::default());
        Self { role, label: label.into(), via, person, session, proved_at, scopes, parties }
    }

    /// Anyone.
    #[must_use]
    pub fn public() -> Self {
        Self::new(Role::Public, "public", Via::Nothing)
    }

    /// Whether they may do what takes a fresh proof of who they are: a session shows it for [`FRESH_MS`], the key of a
    /// key file is one, and a key with scopes is none.
    #[must_use]
    pub fn is_fresh(&self, now: TimestampMs) -> bool {
        match (self.via, self.proved_at) {
            (Via::Nothing, _) => false,
            (Via::Key, _) => !self.scopes.is_limited(),
            (Via::Session, Some(at)) => now.since_ms(at) < FRESH_MS,
            (Via::Session, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fresh_goes_stale() {
        let now = TimestampMs(1_000_000_000);
        let check = |who: Identity, expect: bool| assert_eq!(who.is_fresh(now), expect, "{who:?}");
        let session = |ago: i64| Identity {
            proved_at: Some(now.plus_ms(-ago)),
            ..Identity::new(Role::Admin, "desk", Via::Session)
        };
        check(Identity::public(), false);
        check(Identity::new(Role::Admin, "operator", Via::Key), true);
        check(session(0), true);
        check(session(FRESH_MS - 1), true);
        check(session(FRESH_MS), false);
        check(Identity { proved_at: None, ..session(0) }, false);
        let scopes: Scopes = "decision:read".parse().unwrap();
        check(Identity { scopes, ..Identity::new(Role::Admin, "desk", Via::Key) }, false);
    }
}
