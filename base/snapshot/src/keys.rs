//! The Ed25519 keys that snapshots are signed and checked with (RFC 8032).

use crate::KeyError;
use aws_lc_rs::{
    rand,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use std::{
    fmt,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
    str::FromStr,
};

/// What a private key file begins with, so that nobody takes it for something else.
const FILE_PREFIX: &str = "sipar-signing-key-1:";

/// The largest key file that is read: the prefix, 64 hex digits and some white space.
const FILE_BYTES_MAX: u64 = 256;

/// What every signed head begins with, so that a signature over it can mean nothing else.
const CONTEXT: &[u8] = b"sipar snapshot head, version 1\n";

/// The private key that signs snapshots.
pub struct SigningKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        rand::fill(&mut seed).map_err(|_| KeyError::NoRandomness)?;
        Self::from_seed(seed)
    }

    /// The key that belongs to a seed. Tests use it; a seed that is not random protects nothing.
    ///
    /// # Errors
    /// When the seed cannot be used.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| KeyError::Malformed { what: "signing key", expected: "an Ed25519 seed of 32 bytes" })?;
        Ok(Self { seed, pair })
    }

    /// Reads a key that [`to_file`](Self::to_file) wrote.
    ///
    /// # Errors
    /// When the file cannot be read, is readable by others, or holds no key.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let read = |source| KeyError::Read { path: path.into(), source };
        let metadata = fs::metadata(path).map_err(read)?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.into(), mode });
        }
        let malformed = || KeyError::Malformed {
            what: "signing key",
            expected: "`sipar-signing-key-1:` and 64 hexadecimal digits",
        };
        if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
            return Err(malformed());
        }
        let text = fs::read_to_string(path).map_err(read)?;
        let hex = text.trim().strip_prefix(FILE_PREFIX).ok_or_else(malformed)?;
        Self::from_seed(parse_hex(hex).ok_or_else(malformed)?)
    }

    /// Writes the key to a new file that only the owner may read. An existing file is never overwritten.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn to_file(&self, path: &Path) -> Result<(), KeyError> {
        let write = |source| KeyError::Write { path: path.into(), source };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(write)?;
        file.write_all(format!("{FILE_PREFIX}{}\n", hex(&self.seed)).as_bytes()).map_err(write)?;
        file.sync_all().map_err(write)
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        VerifyingKey(bytes)
    }

    pub(crate) fn sign(&self, head: &[u8]) -> [u8; 64] {
        self.sign_in(CONTEXT, head)
    }

    /// A signature that means something in `context` alone.
    pub(crate) fn sign_in(&self, context: &[u8], text: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(&[context, text].concat()).as_ref());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The seed is secret: only the public half is ever printed.
        f.debug_struct("SigningKey").field("public", &self.verifying_key()).finish_non_exhaustive()
    }
}

/// The public key that readers trust. Its text form is 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The key with these 32 bytes (RFC 8032 §5.1.5).
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A short name of the key, as in the head of each file.
    pub(crate) fn id(&self) -> [u8; 8] {
        let mut id = [0; 8];
        id.copy_from_slice(&blake3::hash(&self.0).as_bytes()[..8]);
        id
    }

    pub(crate) fn verify(&self, head: &[u8], signature: &[u8]) -> bool {
        self.verify_in(CONTEXT, head, signature)
    }

    pub(crate) fn verify_in(&self, context: &[u8], text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(&[context, text].concat(), signature).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        parse_hex(text.trim())
            .map(Self)
            .ok_or(KeyError::Malformed { what: "verifying key", expected: "64 hexadecimal digits" })
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_survives_its_file_and_its_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SigningKey::generate().unwrap();
        key.to_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let again = SigningKey::from_file(&path).unwrap();
        assert_eq!(again.verifying_key(), key.verifying_key());
        assert_eq!(key.verifying_key().to_string().parse::<VerifyingKey>().unwrap(), key.verifying_key());
        assert!(key.to_file(&path).is_err(), "an existing key is never overwritten");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SigningKey::from_file(&path), Err(KeyError::Exposed { mode: 0o640, .. })));
    }

    #[test]
    fn a_text_that_is_no_key_is_refused() {
        for text in ["", "12", &"g".repeat(64), &"a".repeat(63), &"a".repeat(65), &"é".repeat(32)] {
            assert!(text.parse::<VerifyingKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_private_half_is_never_printed() {
        let key = SigningKey::from_seed([7; 32]).unwrap();
        assert!(!format!("{key:?}").contains(&hex(&[7; 32])));
    }
}
