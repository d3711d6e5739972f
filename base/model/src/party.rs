//! The short name of a party: who takes part, named alike in every area.

use crate::text::{excerpt, written_as_text};
use std::{fmt, sync::Arc};

/// Bytes of a short name: a label of a domain name (RFC 1035 §2.3.4), so that it may stand in one.
pub const PARTY_ID_BYTES_MAX: usize = 63;

/// Why a text is no short name of a party.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PartyIdError {
    /// Nothing there.
    #[error("the short name of a party is empty")]
    Empty,
    /// Over [`PARTY_ID_BYTES_MAX`].
    #[error("the short name `{given}` has more than 63 characters")]
    TooLong {
        /// The start of it.
        given: String,
    },
    /// Other characters.
    #[error("the short name `{given}` may have small letters, digits and hyphens only, with no hyphen at either end")]
    Characters {
        /// The start of it.
        given: String,
    },
}

/// The short name of a party: given once, never changed, never given again. Cheap to clone.
///
/// It stands in addresses of pages, on command lines and in records of every area that has to do with parties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyId(Arc<str>);

impl PartyId {
    /// Reads a short name.
    ///
    /// # Errors
    /// When it is not 1 to 63 small letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, PartyIdError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() {
            return Err(PartyIdError::Empty);
        }
        if text.starts_with('-') || text.ends_with('-') || !text.bytes().all(plain) {
            return Err(PartyIdError::Characters { given: excerpt(text) });
        }
        if text.len() > PARTY_ID_BYTES_MAX {
            return Err(PartyIdError::TooLong { given: excerpt(text) });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PartyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for PartyId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

written_as_text!(PartyId, PartyIdError, "the short name of a party");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_short_name() {
        for good in ["a", "example-bank", "as45595", "0-9", &"x".repeat(63)] {
            assert_eq!(PartyId::parse(good).map(|id| id.to_string()).as_deref(), Ok(good));
        }
        assert_eq!(PartyId::parse(""), Err(PartyIdError::Empty));
        assert_eq!(PartyId::parse(&"x".repeat(64)), Err(PartyIdError::TooLong { given: "x".repeat(64) }));
        for bad in ["A", "a b", "-a", "a-", "a_b", "a\n", "سپر", "a/b"] {
            assert!(matches!(PartyId::parse(bad), Err(PartyIdError::Characters { .. })), "{bad}");
        }
    }

    #[test]
    fn in_json_it_is_its_text_and_is_read_again() {
        let id = PartyId::parse("example-bank").expect("reads");
        assert_eq!(serde_json::to_string(&id).expect("writes"), "\"example-bank\"");
        assert_eq!(serde_json::from_str::<PartyId>("\"example-bank\"").expect("reads"), id);
        assert!(serde_json::from_str::<PartyId>("\"Example Bank\"").is_err());
    }
}
