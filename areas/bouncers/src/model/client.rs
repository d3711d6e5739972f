//! Clients: whom a key is for, what it opens, and which program asks with it.

use crate::error::say;
use sipar_web::Saying;
use std::fmt;

/// The longest name of a client in characters: it stands in tables and file names of others.
pub const NAME_CHARS_MAX: usize = 64;

/// The longest program name and version kept of a user agent, in characters.
const AGENT_CHARS_MAX: usize = 60;

/// What a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scope {
    /// The decisions, as CrowdSec bouncers ask for them.
    Decisions = 1,
    /// Look-ups, as AbuseIPDB's clients ask for them.
    Check = 2,
    /// Reports, as AbuseIPDB's clients make them.
    Report = 4,
    /// The lists as files.
    Lists = 8,
    /// Counts of what was met.
    Sightings = 16,
}

impl Scope {
    /// Every scope.
    pub const ALL: &'static [Self] = &[Self::Decisions, Self::Check, Self::Report, Self::Lists, Self::Sightings];

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Check => "check",
            Self::Report => "report",
            Self::Lists => "lists",
            Self::Sightings => "sightings",
        }
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(pub u8);

/// What is wrong with a client that somebody wants to add.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", Saying::from(self))]
pub enum ClientError {
    /// The name.
    Name(String),
    /// The scopes.
    Scope(String),
}

impl From<&ClientError> for Saying {
    fn from(error: &ClientError) -> Self {
        match error {
            ClientError::Name(given) => say("bouncers-refused-name", [("name", given.as_str().into())]),
            ClientError::Scope(given) => say("bouncers-refused-scope", [("given", given.as_str().into())]),
        }
    }
}

impl Scopes {
    /// Reads words with commas between them.
    ///
    /// # Errors
    /// When a word is no scope, or there is none.
    pub fn parse(text: &str) -> Result<Self, ClientError> {
        let mut set = 0;
        for word in text.split(',').map(str::trim) {
            let scope = Scope::ALL.iter().find(|scope| scope.word() == word);
            set |= *scope.ok_or_else(|| ClientError::Scope(word.chars().take(40).collect()))? as u8;
        }
        Ok(Self(set))
    }

    /// Whether the set has this scope.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope as u8 != 0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = Scope::ALL.iter().filter(|scope| self.has(**scope)).map(|scope| scope.word()).collect();
        f.write_str(&words.join(","))
    }
}

/// A client's name, as it is kept.
///
/// # Errors
/// When it is none.
pub fn client_name(text: &str) -> Result<String, ClientError> {
    if !is_plain(text) {
        return Err(ClientError::Name(text.chars().take(NAME_CHARS_MAX).collect()));
    }
    Ok(text.to_owned())
}

/// Whether a word can stand anywhere.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first && text.len() <= NAME_CHARS_MAX && text.bytes().all(plain)
}

/// Program and version of a user agent: `crowdsec-firewall-bouncer/v0.0.25` (RFC 9110 §10.1.5, the first product).
#[must_use]
pub fn agent(text: &str) -> (String, String) {
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    let (program, version) = first.split_once('/').unwrap_or((first, ""));
    let clean = |part: &str| part.chars().filter(|letter| letter.is_ascii_graphic()).take(AGENT_CHARS_MAX).collect();
    (clean(program), clean(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip() {
        for text in ["decisions", "decisions,decisions"] {
            assert_eq!(Scopes::parse(text).expect(text).to_string(), "decisions");
        }
        assert_eq!(Scopes::parse("report,check,lists").expect("three").to_string(), "check,report,lists");
        assert!(
            Scopes::parse(" decisions ").expect("spaces").has(Scope::Decisions) && !Scopes(0).has(Scope::Decisions)
        );
        for text in ["", "all", "decisions,", "Decisions"] {
            assert!(Scopes::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_plain() {
        for good in ["a", "web-1.gov", "0_x", &"a".repeat(64)] {
            assert_eq!(client_name(good).as_deref(), Ok(good));
        }
        for bad in ["", "-a", ".", "A", "a b", "a/b", "ب", "a\n", &"a".repeat(65)] {
            assert!(client_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn agents_are_cut_and_cleaned() {
        let check =
            |text: &str, program: &str, version: &str| assert_eq!(agent(text), (program.into(), version.into()));
        check("crowdsec-firewall-bouncer/v0.0.25-4 extra", "crowdsec-firewall-bouncer", "v0.0.25-4");
        check("curl/7.88.1", "curl", "7.88.1");
        check("", "", "");
        check("<b>ü/1", "<b>", "1");
        assert_eq!(agent(&"x".repeat(500)).0.len(), 60);
    }
}
