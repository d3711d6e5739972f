//! The small closed vocabularies: category, TLP, severity, action, confidence.

use serde::{Deserialize, Serialize, de::Visitor};
use std::{fmt, marker::PhantomData, str::FromStr};

/// A word that is not in the vocabulary.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{given}` is not a {what}; use one of: {allowed}")]
pub struct UnknownWord {
    /// Which vocabulary.
    pub what: &'static str,
    /// What was given.
    pub given: String,
    /// The words that exist.
    pub allowed: String,
}

/// Reads a word where it stands: facts and rows hold millions of them.
#[doc(hidden)]
pub struct Word<T>(pub &'static str, pub PhantomData<T>);

impl<T: FromStr<Err = UnknownWord>> Visitor<'_> for Word<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}", self.0)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Defines an enum whose variants each have one word, and one number by which it is stored and stands in files. The
/// crate that uses it depends on serde.
#[macro_export]
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$vdoc:meta])* $variant:ident = $number:literal $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(into = "&'static str")]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number),+ }

        impl $name {
            /// Every word, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The number, as stored and as in the snapshot.
            #[must_use]
            pub const fn number(self) -> u8 { self as u8 }

            /// The variant with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        }

        impl From<$name> for &'static str {
            fn from(value: $name) -> Self { value.word() }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::vocabulary::Word($what, ::std::marker::PhantomData))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::vocabulary::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::vocabulary::UnknownWord {
                        what: $what,
                        given: text.chars().filter(|one| !one.is_control()).take(40).collect(),
                        allowed: [$($word),+].join(", "),
                    }),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.pad(self.word()) }
        }
    };
}

pub(crate) use vocabulary;

vocabulary! {
    /// Why something may be blocked. There are no other reasons: blocking is a power (DESIGN §7, NCSP 3.2a).
    Category ("category") {
        /// Serves or is malicious software.
        Malware = 1 "malware",
        /// Commands infected machines.
        C2 = 2 "c2",
        /// Imitates somebody to steal credentials.
        Phishing = 3 "phishing",
        /// Takes money by deceit.
        Fraud = 4 "fraud",
    }
}

vocabulary! {
    /// Traffic Light Protocol 2.0 (FIRST, 2022-08), from the freest to the strictest.
    Tlp ("TLP") {
        /// Anyone.
        Clear = 0 "clear",
        /// The community.
        Green = 1 "green",
        /// The organisation and its clients, on a need-to-know basis.
        Amber = 2 "amber",
        /// The organisation alone.
        AmberStrict = 3 "amber+strict",
        /// The people present alone.
        Red = 4 "red",
    }
}

vocabulary! {
    /// How bad it is.
    Severity ("severity") {
        /// Worth knowing.
        Low = 1 "low",
        /// Worth acting on.
        Medium = 2 "medium",
        /// Act soon.
        High = 3 "high",
        /// Act now.
        Critical = 4 "critical",
    }
}

vocabulary! {
    /// What has become of a finding.
    FindingState ("state of a finding") {
        /// It is so now.
        Open = 1 "open",
        /// Whoever found it has looked again, and it is no longer so.
        Fixed = 2 "fixed",
        /// Nobody looks for it any more. That is no word on whether it is still so.
        Lapsed = 3 "lapsed",
    }
}

vocabulary! {
    /// What a decision does.
    Action ("action") {
        /// Stop it.
        Block = 1 "block",
        /// Never stop it, whatever the feeds say, until this expires.
        Allow = 2 "allow",
    }
}

vocabulary! {
    /// What a warning list does to an indicator that it touches (DESIGN §7).
    WarningKind ("warning list type") {
        /// Say so, nothing more.
        Inform = 1 "inform",
        /// The score drops.
        Lower = 2 "lower",
        /// A person must agree.
        Review = 3 "review",
        /// Nothing may block it.
        Never = 4 "never",
    }
}

/// How sure a source is of what it says: 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Confidence(u8);

impl Confidence {
    /// `percent`, if it is at most 100.
    #[must_use]
    pub const fn new(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// 0 to 100.
    #[must_use]
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl From<Confidence> for u8 {
    fn from(value: Confidence) -> Self {
        value.0
    }
}

impl TryFrom<u8> for Confidence {
    type Error = UnknownWord;
    fn try_from(percent: u8) -> Result<Self, UnknownWord> {
        Self::new(percent).ok_or_else(|| UnknownWord {
            what: "confidence",
            given: percent.to_string(),
            allowed: "0 to 100".into(),
        })
    }
}
