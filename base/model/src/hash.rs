//! File hashes: MD5, SHA-1 or SHA-256, told apart by length.

use crate::text::{excerpt, written_as_text};
use std::fmt;

/// Why a text is not a file hash.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HashError {
    /// The length fits no algorithm.
    #[error("hash `{given}` has {digits} characters; MD5 has 32, SHA-1 has 40 and SHA-256 has 64 hexadecimal digits")]
    Length {
        /// The start of it.
        given: String,
        /// How many characters it has.
        digits: usize,
    },
    /// Something other than a hexadecimal digit.
    #[error("hash `{given}` has a character that is not a hexadecimal digit")]
    NotHex {
        /// The start of it.
        given: String,
    },
}

/// Which algorithm made a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashAlgorithm {
    /// 16 bytes (RFC 1321). Broken as proof of identity; still what many feeds carry.
    Md5,
    /// 20 bytes (FIPS 180-4 §6.1). Broken likewise.
    Sha1,
    /// 32 bytes (FIPS 180-4 §6.2).
    Sha256,
}

impl HashAlgorithm {
    /// The one whose digest has this many bytes.
    #[must_use]
    pub const fn from_bytes_len(bytes: usize) -> Option<Self> {
        match bytes {
            16 => Some(Self::Md5),
            20 => Some(Self::Sha1),
            32 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// Its name as people write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
        }
    }
}

/// The hash of a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileHash {
    /// The digest, then its lower-case hexadecimal text: both are lent out, and one allocation holds them.
    digest_and_text: Box<[u8]>,
}

impl FileHash {
    /// Reads hexadecimal digits of either case.
    ///
    /// # Errors
    /// When there are not 32, 40 or 64 of them, or other characters.
    pub fn parse(text: &str) -> Result<Self, HashError> {
        let text = text.trim_ascii();
        let length = HashAlgorithm::from_bytes_len(text.len() / 2).filter(|_| text.len().is_multiple_of(2));
        if length.is_none() {
            return Err(HashError::Length { given: excerpt(text), digits: text.chars().count() });
        }
        let not_hex = || HashError::NotHex { given: excerpt(text) };
        let mut both = Vec::with_capacity(text.len() / 2 * 3);
        for pair in text.as_bytes().chunks_exact(2) {
            both.push(nibble(pair[0]).ok_or_else(not_hex)? << 4 | nibble(pair[1]).ok_or_else(not_hex)?);
        }
        both.extend(text.bytes().map(|digit| digit.to_ascii_lowercase()));
        Ok(Self { digest_and_text: both.into() })
    }

    /// The hash with this digest; `None` when its length fits no algorithm.
    #[must_use]
    pub fn from_bytes(digest: &[u8]) -> Option<Self> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        HashAlgorithm::from_bytes_len(digest.len())?;
        let mut both = Vec::with_capacity(digest.len() * 3);
        both.extend_from_slice(digest);
        both.extend(digest.iter().flat_map(|byte| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]));
        Some(Self { digest_and_text: both.into() })
    }

    /// Which algorithm made it.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::from_bytes_len(self.bytes().len()).expect("every constructor checks the length")
    }

    /// The digest: 16, 20 or 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.digest_and_text[..self.digest_and_text.len() / 3]
    }

    /// The lower-case hexadecimal text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = &self.digest_and_text[self.digest_and_text.len() / 3..];
        str::from_utf8(text).expect("every constructor writes hexadecimal digits")
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileHash({} {})", self.algorithm().word(), self.as_str())
    }
}

written_as_text!(FileHash, HashError, "a file hash in hexadecimal");
