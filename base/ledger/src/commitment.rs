//! Fixing a personal text without telling it: a salted hash, which the holder of salt and text can open later.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// Sets our commitments apart from every other use of SHA-256.
const DOMAIN: &[u8] = b"sipar ledger commitment v1\n";

/// 256 random bits, kept with the text, outside of the ledger. Destroying it makes the commitment say nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A fresh salt; `None` when the system gives no randomness.
    #[must_use]
    pub fn fresh() -> Option<Self> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok().map(|()| Self(bytes))
    }

    /// A salt that was kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To keep it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// What stands in an entry in place of a personal text: `sha256:` and 64 hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment(String);

impl Commitment {
    /// Fixes `text`. The salt has a fixed length, so no other salt and text give the same bytes to hash.
    #[must_use]
    pub fn new(salt: &Salt, text: &str) -> Self {
        let digest = Sha256::new().chain_update(DOMAIN).chain_update(salt.0).chain_update(text).finalize();
        Self(digest.iter().fold("sha256:".to_owned(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        }))
    }

    /// For an entry's body.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when `salt` and `text` open this commitment, read back from an entry.
    #[must_use]
    pub fn opens(written: &str, salt: &Salt, text: &str) -> bool {
        Self::new(salt, text).0 == written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_salt_and_text_open_it() {
        let (salt, other) = (Salt::from_bytes([7; 32]), Salt::fresh().expect("randomness"));
        let written = Commitment::new(&salt, "a name");
        assert_eq!(written.as_str().len(), "sha256:".len() + 64);
        assert!(Commitment::opens(written.as_str(), &salt, "a name"));
        assert!(!Commitment::opens(written.as_str(), &salt, "another"));
        assert!(!Commitment::opens(written.as_str(), &other, "a name"));
    }
}
