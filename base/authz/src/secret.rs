//! Secrets of 256 random bits: their text, and the hash that is all we keep of them.

use crate::random::{Random, RandomError};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use std::{fmt, hint::black_box};

/// The length of a secret in bytes: 256 bits, beyond guessing, so that one fast hash is enough to store.
pub const SECRET_BYTES: usize = 32;

/// What API keys begin with, so that people and leak scanners know one when they see it.
pub const KEY_PREFIX: &str = "sipar_";

/// A secret in the clear: exists only between making it and showing it once, or between a header and its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    /// A new one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = [0; SECRET_BYTES];
        random.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads the bare text form (43 letters of base64url, RFC 4648 §5).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Reads an API key: `sipar_` and the text form.
    #[must_use]
    pub fn parse_key(text: &str) -> Option<Self> {
        Self::parse(text.strip_prefix(KEY_PREFIX)?)
    }

    /// The text form.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The text form as an API key.
    #[must_use]
    pub fn key_text(&self) -> String {
        format!("{KEY_PREFIX}{}", self.text())
    }

    /// What may be stored.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// The SHA-256 of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; SECRET_BYTES]);

impl SecretHash {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(hex: &str) -> Option<Self> {
        if hex.len() != 2 * SECRET_BYTES || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; SECRET_BYTES];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let differing = self.0.iter().zip(&other.0).fold(0, |found, (a, b)| black_box(found | (a ^ b)));
        differing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn text_round_trips_and_nothing_else_parses() {
        let secret = Secret::generate(&SystemRandom).unwrap();
        let key = secret.key_text();
        assert_eq!(key.len(), 49);
        assert_eq!(Secret::parse_key(&key), Some(secret.clone()));
        assert_eq!(SecretHash::parse(&secret.hash().hex()), Some(secret.hash()));
        let text = secret.text();
        for bad in ["", "sipar_", &text, &key[..48], &format!("{key}A"), &key.replace("sipar_", "SIPAR_"), "sipar_é"] {
            assert_eq!(Secret::parse_key(bad), None, "{bad}");
        }
        for bad in ["", "ab", &"g".repeat(64), &"é".repeat(32), &"+1".repeat(32)] {
            assert_eq!(SecretHash::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::generate(&SystemRandom).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(hidden)");
    }

    #[test]
    fn any_flipped_bit_differs() {
        let hash = Secret([7; 32]).hash();
        assert!(hash.same(&hash));
        for bit in 0..256 {
            let mut other = hash;
            other.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!hash.same(&other));
        }
    }
}
