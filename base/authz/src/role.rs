//! The roles and the acts, each a closed list.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A word that names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is not a role; use one of: public, member, reader, analyst, admin")]
pub struct UnknownRole {
    /// What was given, cut to 40 characters.
    pub given: String,
}

/// What somebody is allowed to be, from the least to the most.
/// Each role may do all that the roles before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Role {
    /// Anyone, without an account.
    Public,
    /// Works for a party that takes part, and sees and does there what their role in it says; else no more than anyone.
    Member,
    /// Sees what is not public.
    Reader,
    /// Takes in feeds and decides.
    Analyst,
    /// Changes how Sipar itself runs.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: &'static [Self] = &[Self::Public, Self::Member, Self::Reader, Self::Analyst, Self::Admin];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Member => "member",
            Self::Reader => "reader",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.iter().copied().find(|role| role.word() == text);
        found.ok_or_else(|| UnknownRole { given: text.chars().take(40).collect() })
    }
}

impl From<Role> for &'static str {
    fn from(role: Role) -> Self {
        role.word()
    }
}

impl TryFrom<String> for Role {
    type Error = UnknownRole;
    fn try_from(text: String) -> Result<Self, UnknownRole> {
        text.parse()
    }
}

/// What somebody wants to do with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// See it.
    Read,
    /// Add or change it.
    Write,
    /// Take a decision that touches somebody's rights.
    Decide,
    /// Change how it works.
    Administer,
}

impl Act {
    /// Every act.
    pub const ALL: &'static [Self] = &[Self::Read, Self::Write, Self::Decide, Self::Administer];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Decide => "decide",
            Self::Administer => "administer",
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_round_trip() {
        assert!(Role::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(*role));
        }
        let fault = "root".parse::<Role>().unwrap_err();
        assert_eq!(fault.to_string(), "`root` is not a role; use one of: public, member, reader, analyst, admin");
    }
}
