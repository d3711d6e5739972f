//! Who is who: pure rules about persons, their passkeys, links and recovery. No I/O, no clock, no chance.

pub mod config;
pub mod grant;
pub mod key;
pub mod link;
pub mod recovery;
pub mod words;

pub use config::ProviderConfig;
pub use grant::{Granted, Member, PendingGrant};
pub use key::{KeyRow, KeyUse, NewKey};
pub use link::{Link, LinkKind};
pub use recovery::{Actor, Recovery};
pub use words::{Handle, PersonName, Reason, WordError};

use sipar_authz::{PersonNumber, Role, SessionNumber};
use sipar_model::TimestampMs;
use sipar_web::Lang;
use uuid::Uuid;

/// The most persons: the staff of one operator, its members' officers with it. A list of them is read in one piece.
pub const PERSONS_MAX: usize = 10_000;

/// The most passkeys of one person: a few devices and a key in the safe. Beyond that nobody knows what each one is.
pub const PASSKEYS_MAX: usize = 20;

/// The most sessions of one person: the one seen longest ago makes room.
pub const SESSIONS_PER_PERSON_MAX: usize = 20;

/// That a session was seen is written down this often, in ms: its idle end is then right to a minute, and a page costs no
/// write.
pub const SEEN_EVERY_MS: i64 = 60_000;

/// How long a ceremony with a passkey may take, in ms (WebAuthn Level 3 §15.1 recommends 5 minutes).
pub const CEREMONY_MS: i64 = 5 * 60_000;

/// Ceremonies under way at once: far more than people sign in within five minutes.
pub const CEREMONIES_MAX: usize = 10_000;

/// Somebody who works with Sipar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their number.
    pub number: PersonNumber,
    /// What they are called in records.
    pub handle: Handle,
    /// What they are called on pages.
    pub name: PersonName,
    /// The language in which they are greeted.
    pub lang: Lang,
    /// What they may be.
    pub role: Role,
    /// What their passkeys know them by: random, and said to nobody else (WebAuthn Level 3 §14.6.1).
    pub user: Uuid,
    /// Since when.
    pub created_at: TimestampMs,
    /// Who made them a person here.
    pub created_by: String,
    /// When they made their first passkey. From then on a new way into their account takes two administrators.
    pub enrolled_at: Option<TimestampMs>,
    /// When their account was ended.
    pub ended_at: Option<TimestampMs>,
}

impl Person {
    /// Whether they may sign in.
    #[must_use]
    pub const fn active(&self) -> bool {
        self.ended_at.is_none()
    }
}

/// A passkey as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// What tells it from others: the credential's id, in base64url.
    pub credential: String,
    /// What its owner calls it.
    pub name: PersonName,
    /// Since when.
    pub created_at: TimestampMs,
    /// When it was last used.
    pub used_at: Option<TimestampMs>,
}

/// A session as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its number.
    pub number: SessionNumber,
    /// Whose: a person's handle, or a key's label.
    pub label: String,
    /// In what, as its owner knows it again.
    pub agent: String,
    /// Since when.
    pub opened_at: TimestampMs,
    /// When it was last seen, to a minute.
    pub seen_at: TimestampMs,
}

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody became a person here.
    Created,
    /// A link to enrol with was made.
    LinkMade,
    /// The first passkey came.
    Enrolled,
    /// Another passkey came.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// A passkey was used out of turn: there may be two of it.
    PasskeyCopied,
    /// The role changed.
    RoleChanged,
    /// An administrator wants them to be one, too.
    GrantAsked,
    /// A second one agreed.
    GrantAgreed,
    /// It was called off.
    GrantCalledOff,
    /// They became something in a party.
    PartyRole,
    /// They are nothing there any more.
    PartyLeft,
    /// Somebody else ended sessions.
    SessionsEnded,
    /// An administrator asked for recovery.
    RecoveryAsked,
    /// A second one agreed.
    RecoveryAgreed,
    /// It was called off.
    RecoveryCalledOff,
    /// The link of a recovery was used: the passkeys before are gone.
    Recovered,
    /// An account of an outside provider was tied to it.
    SubjectTied,
    /// It was untied.
    SubjectUntied,
    /// A key was made.
    KeyMade,
    /// A key was revoked.
    KeyRevoked,
    /// The account was ended.
    Ended,
    /// The account was opened again.
    Reopened,
}

impl What {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Created,
        Self::LinkMade,
        Self::Enrolled,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::PasskeyCopied,
        Self::RoleChanged,
        Self::GrantAsked,
        Self::GrantAgreed,
        Self::GrantCalledOff,
        Self::PartyRole,
        Self::PartyLeft,
        Self::SessionsEnded,
        Self::RecoveryAsked,
        Self::RecoveryAgreed,
        Self::RecoveryCalledOff,
        Self::Recovered,
        Self::SubjectTied,
        Self::SubjectUntied,
        Self::KeyMade,
        Self::KeyRevoked,
        Self::Ended,
        Self::Reopened,
    ];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::LinkMade => "link-made",
            Self::Enrolled => "enrolled",
            Self::PasskeyAdded => "passkey-added",
            Self::PasskeyRemoved => "passkey-removed",
            Self::PasskeyCopied => "passkey-copied",
            Self::RoleChanged => "role-changed",
            Self::GrantAsked => "grant-asked",
            Self::GrantAgreed => "grant-agreed",
            Self::GrantCalledOff => "grant-called-off",
            Self::PartyRole => "party-role",
            Self::PartyLeft => "party-left",
            Self::SessionsEnded => "sessions-ended",
            Self::RecoveryAsked => "recovery-asked",
            Self::RecoveryAgreed => "recovery-agreed",
            Self::RecoveryCalledOff => "recovery-called-off",
            Self::Recovered => "recovered",
            Self::SubjectTied => "subject-tied",
            Self::SubjectUntied => "subject-untied",
            Self::KeyMade => "key-made",
            Self::KeyRevoked => "key-revoked",
            Self::Ended => "ended",
            Self::Reopened => "reopened",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|what| what.word() == word)
    }
}

/// What stands between what was and what is, in the trail.
pub const CHANGED: &str = " -> ";

/// One line of an account's trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub number: i64,
    /// Whose account.
    pub person: PersonNumber,
    /// When.
    pub at: TimestampMs,
    /// What.
    pub what: What,
    /// Who did it.
    pub by: String,
    /// More about it: a role, a name of a passkey, a reason.
    pub detail: String,
    /// When the person was shown it.
    pub told_at: Option<TimestampMs>,
}

/// Whether one of so many passkeys may go. The last one may not: nobody locks themselves out.
#[must_use]
pub const fn may_remove(passkeys: usize) -> bool {
    passkeys > 1
}

/// Whether somebody's role may change to `role`, or their account end (`None`), when so many active administrators have a
/// passkey. The last of them stays: else nobody could let anybody in.
#[must_use]
pub fn leaves_an_administrator(person: &Person, to: Option<Role>, administrators: usize) -> bool {
    person.role != Role::Admin || to == Some(Role::Admin) || administrators > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for what in What::ALL {
            assert_eq!(What::from_word(what.word()), Some(*what));
        }
        assert_eq!(What::from_word("nonsense"), None);
    }

    #[test]
    fn the_last_administrator_and_the_last_passkey_stay() {
        assert!(!may_remove(0) && !may_remove(1) && may_remove(2));
        let person = |role| Person {
            number: PersonNumber(1),
            handle: Handle::parse("amna").unwrap(),
            name: PersonName::parse("Amna").unwrap(),
            lang: Lang::Ur,
            role,
            user: Uuid::nil(),
            created_at: TimestampMs(0),
            created_by: "operator".into(),
            enrolled_at: None,
            ended_at: None,
        };
        let check = |role, to, administrators, expect| {
            assert_eq!(leaves_an_administrator(&person(role), to, administrators), expect, "{role} {to:?}");
        };
        check(Role::Admin, Some(Role::Analyst), 1, false);
        check(Role::Admin, None, 1, false);
        check(Role::Admin, Some(Role::Admin), 1, true);
        check(Role::Admin, None, 2, true);
        check(Role::Analyst, None, 1, true);
        check(Role::Reader, Some(Role::Admin), 0, true);
    }
}
