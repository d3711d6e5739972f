//! What a judgement came to, in one word, so that judgements can be counted for each feed.

use super::Outcome;

/// What a judgement came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A rule blocks it.
    Blocked,
    /// A warning list asks for a person.
    Review,
    /// A warning list forbids it.
    Withheld,
    /// What it is forbids it.
    Unblockable,
    /// No rule takes such a thing.
    NoRule,
    /// The score is too low, or too few families say so.
    Below,
    /// Its marking is too strict to be shared.
    TooSecret,
    /// A person's word stands.
    Person,
}

impl Verdict {
    /// Every verdict, by number.
    pub const ALL: &'static [Self] = &[
        Self::Blocked,
        Self::Review,
        Self::Withheld,
        Self::Unblockable,
        Self::NoRule,
        Self::Below,
        Self::TooSecret,
        Self::Person,
    ];

    /// The verdict of `outcome`.
    #[must_use]
    pub const fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Block { .. } => Self::Blocked,
            Outcome::Held(_) => Self::Review,
            Outcome::Withheld(_) => Self::Withheld,
            Outcome::Unblockable(_) => Self::Unblockable,
            Outcome::NoRule => Self::NoRule,
            Outcome::Below { .. } => Self::Below,
            Outcome::TooSecret => Self::TooSecret,
            Outcome::PersonDecided => Self::Person,
        }
    }

    /// The number in the table.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The verdict with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|verdict| verdict.number() == number)
    }

    /// The word in the API and in the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Review => "review",
            Self::Withheld => "withheld",
            Self::Unblockable => "unblockable",
            Self::NoRule => "no-rule",
            Self::Below => "below",
            Self::TooSecret => "too-secret",
            Self::Person => "person",
        }
    }
}
