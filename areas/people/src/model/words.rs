//! Handles, names and reasons: each is valid once it exists.

use std::fmt;

/// The longest handle, in characters: it stands in records and tables.
pub const HANDLE_CHARS_MAX: usize = 32;
/// The shortest: one letter is nobody's name.
pub const HANDLE_CHARS_MIN: usize = 2;
/// The longest name of a person or of a passkey, in characters.
pub const NAME_CHARS_MAX: usize = 80;
/// The shortest reason for a grave act, in characters: a word is none.
pub const REASON_CHARS_MIN: usize = 10;
/// The longest.
pub const REASON_CHARS_MAX: usize = 500;

/// Labels that the house uses for others than persons.
const TAKEN: [&str; 4] = ["operator", "public", "person", "system"];

/// A text that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// It is no handle.
    #[error(
        "`{given}` is no handle: {HANDLE_CHARS_MIN} to {HANDLE_CHARS_MAX} small Latin letters, digits and hyphens, a letter first"
    )]
    Handle {
        /// What was given, cut.
        given: String,
    },
    /// The house uses it.
    #[error("`{given}` is not for persons; choose another handle")]
    Taken {
        /// What was given.
        given: String,
    },
    /// It is no name.
    #[error(
        "`{given}` is no name: 1 to {NAME_CHARS_MAX} visible characters, without marks that turn the direction of writing"
    )]
    Name {
        /// What was given, cut.
        given: String,
    },
    /// It is no reason.
    #[error("give a reason of {REASON_CHARS_MIN} to {REASON_CHARS_MAX} characters")]
    Reason,
}

fn cut(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(NAME_CHARS_MAX).collect()
}

/// What a person is called in records: Latin letters alone, so that no two look alike in another script.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

impl Handle {
    /// Reads one; capital letters are taken as small ones.
    ///
    /// # Errors
    /// When it has other characters, is too long or too short, or belongs to the house.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let given = text.trim().to_ascii_lowercase();
        let plain = given.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let right = (HANDLE_CHARS_MIN..=HANDLE_CHARS_MAX).contains(&given.len());
        if !plain || !right || !given.starts_with(|first: char| first.is_ascii_lowercase()) || given.ends_with('-') {
            return Err(WordError::Handle { given: cut(text) });
        }
        if TAKEN.contains(&given.as_str()) {
            return Err(WordError::Taken { given });
        }
        Ok(Self(given))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a person, or a passkey, is called on pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// Reads one; blanks around it are dropped.
    ///
    /// # Errors
    /// When it is empty or too long, or holds what cannot be seen or turns the direction of what stands beside it.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let name = text.trim();
        // Unicode TR9 §2: embeddings, overrides and isolates; and what is invisible, as U+200B or U+FEFF.
        let unseen = |letter: char| {
            letter.is_control()
                || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        };
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(unseen) {
            return Err(WordError::Name { given: cut(text) });
        }
        Ok(Self(name.to_owned()))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a grave act is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Reads one.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let reason = text.trim();
        let long = (REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&reason.chars().count());
        if long { Ok(Self(reason.to_owned())) } else { Err(WordError::Reason) }
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_latin_and_not_the_houses() {
        for good in ["amna", " Amna-K ", "a1", &"a".repeat(32)] {
            assert_eq!(Handle::parse(good).unwrap().as_str(), good.trim().to_ascii_lowercase());
        }
        for bad in ["", "a", "1a", "-a", "a-", "a b", "a_b", "аmna", "آمنہ", "a\n", &"a".repeat(33), "a/b", "<a>"]
        {
            let fault = Handle::parse(bad);
            assert!(matches!(fault, Err(WordError::Handle { .. })) || bad == "a\n", "{bad}: {fault:?}");
        }
        assert!(matches!(Handle::parse("Operator"), Err(WordError::Taken { .. })));
    }

    #[test]
    fn names_are_seen_as_they_are() {
        for good in ["Amna Khan", "آمنہ خان", " x ", &"ن".repeat(80), "O’Neil 2"] {
            assert_eq!(PersonName::parse(good).unwrap().as_str(), good.trim());
        }
        for bad in ["", "  ", "a\u{202e}b", "a\u{200b}b", "a\u{2066}b", "a\u{61c}b", "a\nb", &"x".repeat(81)] {
            assert!(PersonName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_word_is_no_reason() {
        assert!(Reason::parse("lost").is_err() && Reason::parse("  lost      ").is_err());
        assert_eq!(Reason::parse(" lost her telephone ").unwrap().as_str(), "lost her telephone");
        assert!(Reason::parse(&"x".repeat(501)).is_err());
    }
}
