//! Signed notes (<https://c2sp.org/signed-note>): a text that a person can read, and signatures below it.

use crate::key::{KeyError, VerifyingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest note that is read: a checkpoint with all its signatures has a few kilobytes.
const NOTE_BYTES_MAX: usize = 1_000_000;

/// The most signatures that are read, as in the Go implementation.
const SIGNATURES_MAX: usize = 100;

/// What a signature line starts with: an em dash (U+2014) and a space.
const SIGNATURE_MARK: &str = "\u{2014} ";

/// A note, taken apart but not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, with the line end of its last line.
    pub text: String,
    /// The signatures below it.
    pub signatures: Vec<SignatureLine>,
}

/// One signature of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name of the key.
    pub name: String,
    /// Four bytes that tell keys of one name apart.
    pub key_id: [u8; 4],
    /// The signature itself.
    pub signature: Vec<u8>,
}

/// Why a note cannot be read or trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Too long.
    #[error("the note has {0} bytes, more than {NOTE_BYTES_MAX}")]
    TooLong(usize),
    /// Not UTF-8, or with control characters.
    #[error("the note holds bytes that no note may hold")]
    Characters,
    /// No blank line between text and signatures, or nothing after it.
    #[error("the note has no signatures below a blank line")]
    NoSignatures,
    /// A line among the signatures is none.
    #[error("line {0} below the note is no signature")]
    Line(usize),
    /// More signatures than are read.
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooMany,
    /// The key at hand did not sign it.
    #[error("the note has no signature of the key `{0}`")]
    NotByThisKey(String),
    /// A signature of the key at hand is wrong.
    #[error("the signature of the key `{0}` does not fit the note")]
    Wrong(String),
    /// The key's name cannot stand in a note.
    #[error("the key cannot sign a note")]
    Key(#[source] KeyError),
}

impl Note {
    /// Takes a note apart.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        if all.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Characters);
        }
        let (text, below) = all.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        let below = below.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        for (at, line) in below.split('\n').enumerate() {
            if at >= SIGNATURES_MAX {
                return Err(NoteError::TooMany);
            }
            signatures.push(SignatureLine::parse(line).ok_or(NoteError::Line(at + 1))?);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The text, when `key` has signed it. Signatures of other keys are passed over; a wrong one of this key is not.
    pub fn verified_by(&self, key: &VerifyingKey) -> Result<&str, NoteError> {
        let ours = |line: &&SignatureLine| line.name == key.name() && line.key_id == key.id();
        let mut signed = false;
        for line in self.signatures.iter().filter(ours) {
            if !key.verifies(self.text.as_bytes(), &line.signature) {
                return Err(NoteError::Wrong(key.name().to_owned()));
            }
            signed = true;
        }
        if signed { Ok(&self.text) } else { Err(NoteError::NotByThisKey(key.to_string())) }
    }

    /// The note as bytes.
    #[must_use]
    pub fn to_text(&self) -> String {
        let lines: String = self.signatures.iter().map(SignatureLine::to_line).collect();
        format!("{}\n{lines}", self.text)
    }
}

impl SignatureLine {
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_MARK)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, signature) = bytes.split_first_chunk::<4>()?;
        let good = crate::key::is_name(name) && !signature.is_empty();
        good.then(|| Self { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
    }

    fn to_line(&self) -> String {
        let mut bytes = self.key_id.to_vec();
        bytes.extend_from_slice(&self.signature);
        format!("{SIGNATURE_MARK}{} {}\n", self.name, STANDARD.encode(bytes))
    }
}
