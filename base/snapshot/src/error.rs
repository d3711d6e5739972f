//! What can go wrong with keys, while writing, and while opening.

use sipar_model::SnapshotSerial;
use std::{io, path::PathBuf};

/// A key could not be read, written or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the key file `{}`", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write the key file `{}`", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than the owner may read the private key.
    #[error("the key file `{}` may be read by others (mode {mode:o}); run `chmod 600` on it", path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text is no key.
    #[error("this is not a {what}: {expected}")]
    Malformed {
        /// Which sort of key was expected.
        what: &'static str,
        /// What it should look like.
        expected: &'static str,
    },
    /// The system gave no random bytes.
    #[error("the system gave no random bytes for a new key")]
    NoRandomness,
}

/// A file could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The list number was not given out by this builder.
    #[error("list number {0} was not made by this builder")]
    UnknownList(u16),
    /// More than the format holds.
    #[error("too many {what}: the format holds {max}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// A text is too long.
    #[error("the {what} `{start}...` is longer than {max} bytes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// How it begins.
        start: String,
        /// The limit.
        max: usize,
    },
    /// Such a thing cannot be looked up.
    #[error("`{value}` cannot be looked up in such a file: {instead}")]
    Unsupported {
        /// What was added.
        value: String,
        /// What to add instead.
        instead: &'static str,
    },
    /// A range of addresses runs backwards or mixes families.
    #[error("the range from `{first}` to `{last}` is not a range of one address family")]
    BadRange {
        /// Its first address.
        first: String,
        /// Its last address.
        last: String,
    },
    /// An entry of an update is about something else.
    #[error("an update of `{observable}` holds an entry on `{entry}`")]
    Stray {
        /// What the update is about.
        observable: String,
        /// What the entry is about.
        entry: String,
    },
    /// A delta changes each thing once.
    #[error("`{0}` is changed twice in one delta")]
    Twice(String),
    /// A delta leads from one serial to a larger one.
    #[error("a delta cannot lead from serial {from} to serial {to}")]
    Backwards {
        /// From.
        from: SnapshotSerial,
        /// To.
        to: SnapshotSerial,
    },
    /// The keys crowd in one place, whatever the seed.
    #[error("the {table} table cannot be spread evenly with any of {tries} seeds")]
    Crowded {
        /// Which table.
        table: &'static str,
        /// How often it was tried.
        tries: u32,
    },
    /// The file cannot be written.
    #[error("cannot {doing} `{}`", path.display())]
    Write {
        /// Which step.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A file could not be opened, or is damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be opened or read.
    #[error("cannot {doing} `{}`", path.display())]
    Read {
        /// Which step.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("`{}` is not a regular file", path.display())]
    NotRegular {
        /// Which file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("this is not a Sipar snapshot: it does not begin with the right bytes")]
    NotASnapshot,
    /// It was written by a later program.
    #[error("the file has format version {found}, this program reads those up to {supported}; update the program")]
    Version {
        /// The file's.
        found: u16,
        /// Ours.
        supported: u16,
    },
    /// It is of another kind.
    #[error("the file is a {found}, not a {wanted}")]
    Kind {
        /// What it is.
        found: &'static str,
        /// What was wanted.
        wanted: &'static str,
    },
    /// Its length is not what its head says.
    #[error("the file has {found} bytes and should have {expected}; fetch it again")]
    Length {
        /// How long it is.
        found: u64,
        /// How long it should be.
        expected: u64,
    },
    /// It is longer than such a file may be.
    #[error("the file has {found} bytes; a {kind} has at most {max}")]
    TooLarge {
        /// What it should be.
        kind: &'static str,
        /// How long it is.
        found: u64,
        /// The limit.
        max: u64,
    },
    /// It was signed with another key.
    #[error("the file is signed with the key {file_key}..., and {our_key}... is trusted here")]
    WrongKey {
        /// The start of the hash of the file's key.
        file_key: String,
        /// The start of the hash of the trusted key.
        our_key: String,
    },
    /// The head was changed after it was signed.
    #[error("the signature does not fit the head of the file; fetch it again")]
    BadSignature,
    /// The content is not what was signed.
    #[error("the section `{section}` is damaged within {bytes} bytes from offset {offset}; fetch the file again")]
    Damaged {
        /// Which section.
        section: &'static str,
        /// From which byte of the section.
        offset: u64,
        /// How many bytes share the broken hash.
        bytes: u64,
    },
    /// Signed, but not in the form that this program knows.
    #[error("the section `{section}` is malformed: {reason}")]
    Malformed {
        /// Which section.
        section: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
}

/// A delta cannot be laid over a policy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// It starts somewhere else.
    #[error("the delta leads from serial {from} to {to}, and serial {at} is in use; a delta between them is missing")]
    Gap {
        /// Where the delta starts.
        from: SnapshotSerial,
        /// Where it ends.
        to: SnapshotSerial,
        /// What is in use.
        at: SnapshotSerial,
    },
    /// Whether a list is enforced cannot change by a delta, because that changes what all its entries say.
    #[error("the list `{0}` is no longer tried out, or no longer enforced; that takes a whole snapshot")]
    ListMode(String),
    /// Too much has changed since the whole file.
    #[error(
        "{found} entries have changed since the whole snapshot, at most {max} are laid over one; take the newest whole snapshot"
    )]
    Full {
        /// How many.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// The changes cannot be laid out.
    #[error("laying a delta over the snapshot")]
    Build(#[source] BuildError),
}
