//! The append-only Merkle log of every decision that touches someone's rights or trust.
//!
//! The folder has the layout of C2SP tlog-tiles (<https://c2sp.org/tlog-tiles>) and its checkpoint is a signed note
//! (<https://c2sp.org/signed-note>, <https://c2sp.org/tlog-checkpoint>), so that anyone can mirror and verify it with
//! tools that exist. Hashes are those of RFC 6962 §2.1.
//!
//! [`append`] puts entries into the caller's own transaction, so that state, fact and entry commit together.
//! [`Ledger::publish`] moves them into the folder: entry bundles and tiles first, synced to the disk, then the
//! checkpoint, and only then are they removed from the store. Whatever it writes follows from the entries alone, so a
//! kill at any instant loses nothing and doubles nothing.
//! [`verify`] checks everything offline and names what is wrong; [`Evidence`] is one entry with its proof, to take along.
//! [`Ledger::file`] gives what a mirror fetches, and [`files`] where that is.
//!
//! Personal data never goes in; a [`Commitment`] does.

mod bundle;
mod checkpoint;
mod commitment;
mod disk;
mod entry;
mod error;
mod evidence;
mod hash;
mod key;
mod ledger;
mod mirror;
mod note;
mod pending;
mod proof;
mod publish;
mod tile;
mod tree;
mod verify;

#[cfg(test)]
mod tests;

pub use bundle::{BundleError, parse_bundle};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use commitment::{Commitment, Salt};
pub use entry::{ENTRY_BYTES_MAX, Entry, EntryError};
pub use error::LedgerError;
pub use evidence::{Evidence, EvidenceError};
pub use hash::{Hash, leaf_hash};
pub use key::{KeyError, LedgerKey, VerifyingKey};
pub use ledger::{Ledger, Proof, SignedCheckpoint};
pub use mirror::{PublicFile, files};
pub use note::{Note, NoteError, SignatureLine};
pub use pending::{MIGRATIONS, Waiting, append, waiting};
pub use proof::{verify_consistency, verify_inclusion};
pub use publish::Published;
pub use verify::{Fault, Report, verify};
