//! Links that let somebody enrol a passkey once.

use sipar_authz::{PersonNumber, secret::SecretHash};
use sipar_model::{TimestampMs, time::DAY_MS};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// The first administrator of a fresh house. Whoever opens it says who they are.
    SetUp,
    /// A person's first passkey.
    Enrol,
    /// A person's passkeys are all lost, and two administrators agree.
    Recover,
}

impl LinkKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::SetUp, Self::Enrol, Self::Recover];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SetUp => "set-up",
            Self::Enrol => "enrol",
            Self::Recover => "recover",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }

    /// How long it waits to be used, in ms: a day for what is read off a screen or asked for in need, three for what
    /// waits in somebody's letters over a weekend.
    #[must_use]
    pub const fn life_ms(self) -> i64 {
        match self {
            Self::SetUp | Self::Recover => DAY_MS,
            Self::Enrol => 3 * DAY_MS,
        }
    }
}

/// A link that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The hash of its secret.
    pub hash: SecretHash,
    /// Whose; nobody's when it is for setting up.
    pub person: Option<PersonNumber>,
    /// What for.
    pub kind: LinkKind,
    /// Until when.
    pub expires_at: TimestampMs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_every_link_ends() {
        for kind in LinkKind::ALL {
            assert_eq!(LinkKind::from_word(kind.word()), Some(*kind));
            assert!((1..=3 * DAY_MS).contains(&kind.life_ms()));
        }
    }
}
