//! What somebody is in a party: a word of three, each with all that the words before it allow.

use sipar_model::PartyId;
use std::{fmt, str::FromStr};

/// The most parties of one person: somebody who speaks for more of them works for the tier above.
pub const MEMBERSHIPS_MAX: usize = 50;

/// A word that names no role in a party.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is not a role in a party; use one of: observer, officer, steward")]
pub struct UnknownPartyRole {
    /// What was given, cut to 40 characters.
    pub given: String,
}

/// What somebody is in a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartyRole {
    /// Sees what is the party's, and what is of those below it.
    Observer,
    /// Acts on it, too.
    Officer,
    /// Says, too, who else is what there and below.
    Steward,
}

impl PartyRole {
    /// Every one, the least first.
    pub const ALL: &'static [Self] = &[Self::Observer, Self::Officer, Self::Steward];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Officer => "officer",
            Self::Steward => "steward",
        }
    }
}

impl fmt::Display for PartyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for PartyRole {
    type Err = UnknownPartyRole;
    fn from_str(text: &str) -> Result<Self, UnknownPartyRole> {
        let found = Self::ALL.iter().copied().find(|role| role.word() == text);
        found.ok_or_else(|| UnknownPartyRole { given: text.chars().take(40).collect() })
    }
}

/// One of a person's parties, and what they are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which party.
    pub party: PartyId,
    /// What they are there.
    pub role: PartyRole,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_round_trip() {
        assert!(PartyRole::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for role in PartyRole::ALL {
            assert_eq!(role.word().parse(), Ok(*role));
        }
        let fault = "owner".parse::<PartyRole>().unwrap_err();
        assert_eq!(fault.to_string(), "`owner` is not a role in a party; use one of: observer, officer, steward");
    }
}
