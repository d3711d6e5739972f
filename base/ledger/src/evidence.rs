//! One entry with all that anyone needs to check it: a document that one can take along.

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::entry::EntryError;
use crate::error::LedgerError;
use crate::hash::{Hash, leaf_hash};
use crate::key::VerifyingKey;
use crate::ledger::Ledger;
use crate::note::{Note, NoteError};
use crate::proof::verify_inclusion;
use serde::{Deserialize, Serialize};

/// An entry and the proof that it stands in the ledger (RFC 6962 §2.1.1). Hashes are base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The ledger's name.
    pub origin: String,
    /// The place of the entry, from 0.
    pub index: u64,
    /// The exact text of the entry: what is hashed.
    pub entry: String,
    /// The hash of the entry: SHA-256 of a zero byte and the text.
    pub leaf: String,
    /// How many entries the tree has.
    pub size: u64,
    /// The tree's root.
    pub root: String,
    /// The hashes from the leaf to the root, from the bottom up.
    pub path: Vec<String>,
    /// The checkpoint as a signed note, whole.
    pub checkpoint: String,
}

/// Why evidence proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The checkpoint is not signed by the key.
    #[error("the checkpoint is not signed by that key")]
    Signature(#[source] NoteError),
    /// The checkpoint is none.
    #[error("the checkpoint cannot be read")]
    Checkpoint(#[source] CheckpointError),
    /// A part of it is not what another part says.
    #[error("the {0} is not the one that the rest of the evidence gives")]
    Part(&'static str),
    /// The hashes do not lead to the root.
    #[error("the hashes do not lead from the entry to the root: the entry is not at that place of the ledger")]
    Path,
}

impl Evidence {
    /// Checks all of it against the key of the ledger, without the ledger.
    pub fn check(&self, key: &VerifyingKey) -> Result<(), EvidenceError> {
        let note = Note::parse(self.checkpoint.as_bytes()).map_err(EvidenceError::Signature)?;
        let text = note.verified_by(key).map_err(EvidenceError::Signature)?;
        let checkpoint = Checkpoint::parse(text, key.name()).map_err(EvidenceError::Checkpoint)?;
        let leaf = leaf_hash(self.entry.as_bytes());
        let same = |held: bool, part: &'static str| if held { Ok(()) } else { Err(EvidenceError::Part(part)) };
        same(checkpoint.origin == self.origin, "origin")?;
        same(checkpoint.size == self.size, "size")?;
        same(checkpoint.root.to_base64() == self.root, "root")?;
        same(leaf.to_base64() == self.leaf, "leaf")?;
        let path: Option<Vec<Hash>> = self.path.iter().map(|hash| Hash::from_base64(hash)).collect();
        let path = path.ok_or(EvidenceError::Path)?;
        let holds = verify_inclusion(leaf, self.index, self.size, &path, checkpoint.root);
        if holds { Ok(()) } else { Err(EvidenceError::Path) }
    }
}

impl Ledger {
    /// The evidence for a published entry, checked before it is given.
    pub fn evidence(&self, index: u64) -> Result<Evidence, LedgerError> {
        let entry = String::from_utf8(self.text(index)?).map_err(|_| LedgerError::Entry(EntryError::Json(None)))?;
        let proof = self.inclusion(index)?;
        let checkpoint = &proof.signed.checkpoint;
        let evidence = Evidence {
            origin: checkpoint.origin.clone(),
            index,
            leaf: leaf_hash(entry.as_bytes()).to_base64(),
            entry,
            size: checkpoint.size,
            root: checkpoint.root.to_base64(),
            path: proof.hashes.iter().map(|hash| hash.to_base64()).collect(),
            checkpoint: proof.signed.note,
        };
        evidence.check(self.verifying_key()).map_err(|source| LedgerError::Evidence { index, source })?;
        Ok(evidence)
    }
}
