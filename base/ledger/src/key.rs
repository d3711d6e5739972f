//! The keys of a ledger, in the text forms of signed notes (<https://c2sp.org/signed-note>, "Signatures").
//!
//! `NAME+HASH+BASE64` is a key to verify with, `PRIVATE+KEY+NAME+HASH+BASE64` one to sign with. The name is the
//! ledger's origin. Both forms are those of Go's `golang.org/x/mod/sumdb/note`.

use crate::note::{Note, SignatureLine};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The signature type of Ed25519 (<https://c2sp.org/signed-note>, "Signature types").
const ED25519_TYPE: u8 = 0x01;

/// Bytes of an Ed25519 seed and of a public key (RFC 8032 §5.1.5).
const KEY_BYTES: usize = 32;

const PRIVATE_MARK: &str = "PRIVATE+KEY+";

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name.
    #[error(
        "`{0}` cannot name a ledger; write its address without scheme, such as `sipar.example.gov.pk/ledger`: no space, no +"
    )]
    Name(String),
    /// The form.
    #[error("the text is not a key of the form {0}")]
    Form(&'static str),
    /// The short hash.
    #[error("the key's name or bytes were changed: its hash does not fit")]
    Hash,
    /// No randomness.
    #[error("the system gives no randomness")]
    Random,
    /// A file.
    #[error("cannot {doing} the key file `{}`: {why}", .path.display())]
    File {
        /// What we were doing.
        doing: &'static str,
        /// With which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// A key to sign checkpoints with. Its name is the ledger's origin.
pub struct LedgerKey {
    seed: [u8; KEY_BYTES],
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

/// A key to verify checkpoints with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    bytes: [u8; KEY_BYTES],
}

impl LedgerKey {
    /// A fresh key for the ledger called `origin`.
    pub fn generate(origin: &str) -> Result<Self, KeyError> {
        let mut seed = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut seed).map_err(|_| KeyError::Random)?;
        Self::from_seed(origin, seed)
    }

    /// The key that `seed` makes.
    pub fn from_seed(origin: &str, seed: [u8; KEY_BYTES]) -> Result<Self, KeyError> {
        if !is_name(origin) {
            return Err(KeyError::Name(origin.to_owned()));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Form(PRIVATE_FORM))?;
        let bytes = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Form(PRIVATE_FORM))?;
        Ok(Self { seed, pair, public: VerifyingKey { name: origin.to_owned(), bytes } })
    }

    /// Reads `PRIVATE+KEY+NAME+HASH+BASE64`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let form = KeyError::Form(PRIVATE_FORM);
        let (name, id, seed) = parts(text.trim().strip_prefix(PRIVATE_MARK).ok_or(form.clone())?).ok_or(form)?;
        let key = Self::from_seed(name, seed)?;
        if key.public.id() == id { Ok(key) } else { Err(KeyError::Hash) }
    }

    /// Reads a key file, which nobody but its owner may read.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let failed = |why: String| KeyError::File { doing: "read", path: path.to_owned(), why };
        let mode = fs::metadata(path).map_err(|e| failed(e.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(failed(format!("others may read it (mode {:o}); run chmod 600 on it", mode & 0o777)));
        }
        Self::parse(&fs::read_to_string(path).map_err(|e| failed(e.to_string()))?)
    }

    /// Writes a new key file that nobody but its owner may read, and syncs it. An existing file is left alone.
    pub fn to_file(&self, path: &Path) -> Result<(), KeyError> {
        let write = || -> io::Result<()> {
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
            writeln!(file, "{}", self.to_secret_text())?;
            file.sync_all()?;
            File::open(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|error| KeyError::File { doing: "write", path: path.to_owned(), why: error.to_string() })
    }

    fn to_secret_text(&self) -> String {
        format!("{PRIVATE_MARK}{}", joined(&self.public.name, self.public.id(), &self.seed))
    }

    /// The ledger's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.public.name
    }

    /// The key that others verify with.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs `text`, which ends with a line end.
    pub(crate) fn sign(&self, text: String) -> Note {
        let signature = self.pair.sign(text.as_bytes()).as_ref().to_vec();
        let line = SignatureLine { name: self.public.name.clone(), key_id: self.public.id(), signature };
        Note { text, signatures: vec![line] }
    }
}

/// Shows no secret.
impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerKey({})", self.public)
    }
}

impl VerifyingKey {
    /// Reads `NAME+HASH+BASE64`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, id, bytes) = parts(text.trim()).ok_or(KeyError::Form("NAME+HASH+BASE64"))?;
        if !is_name(name) {
            return Err(KeyError::Name(name.to_owned()));
        }
        let key = Self { name: name.to_owned(), bytes };
        if key.id() == id { Ok(key) } else { Err(KeyError::Hash) }
    }

    /// The ledger's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, line end, type and key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let digest =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519_TYPE]).chain_update(self.bytes);
        let digest: [u8; 32] = digest.finalize().into();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    pub(crate) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.bytes).verify(text, signature).is_ok()
    }
}

/// `NAME+HASH+BASE64`.
impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&joined(&self.name, self.id(), &self.bytes))
    }
}

const PRIVATE_FORM: &str = "PRIVATE+KEY+NAME+HASH+BASE64";

fn joined(name: &str, id: [u8; 4], key: &[u8; KEY_BYTES]) -> String {
    let mut typed = vec![ED25519_TYPE];
    typed.extend_from_slice(key);
    format!("{name}+{:08x}+{}", u32::from_be_bytes(id), STANDARD.encode(typed))
}

fn parts(text: &str) -> Option<(&str, [u8; 4], [u8; KEY_BYTES])> {
    // Base64 may hold a +, so the name and the hash are split off from the front.
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let lower_hex = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let id = u32::from_str_radix(id, 16).ok().filter(|_| lower_hex)?.to_be_bytes();
    let typed = STANDARD.decode(key).ok()?;
    let (kind, key) = typed.split_first()?;
    Some((name, id, key.try_into().ok().filter(|_| *kind == ED25519_TYPE)?))
}

/// A key's name is not empty, and has neither space nor plus (<https://c2sp.org/signed-note>, "Format").
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
