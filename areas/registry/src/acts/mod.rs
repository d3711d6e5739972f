//! What people do to the register. Each act is one transaction: rows, what has to wait for a person, and entries.

mod claims;
mod designations;
mod imports;
mod matters;
mod parties;
mod proofs;

pub use claims::Claimed;
pub use designations::{Hand, Reviewed};
pub(crate) use imports::no_import;
pub use imports::{Brought, Choice, Collides, Counts, Report};
pub use matters::Verdict;
pub(crate) use proofs::{OF_CLAIM_MAX, no_proof};

use crate::{RegistryError, model::NewClaim};
use sipar_model::PartyId;

/// Matters that may wait, all together: weeks of work for a desk. Beyond it, what would have to wait is refused.
pub const WAITING_MAX: u64 = 10_000;

/// Whoever acts, as records name them: a role or a system, never a person.
#[derive(Clone, Debug)]
pub struct Actor {
    by: String,
    answerable: String,
}

impl Actor {
    /// A person with the key of this label.
    #[must_use]
    pub fn person(label: &str) -> Self {
        let by = format!("person:{label}");
        Self { answerable: by.clone(), by }
    }

    /// The program itself, following a file.
    #[must_use]
    pub fn import(number: i64) -> Self {
        let by = format!("import:{number}");
        Self { answerable: by.clone(), by }
    }

    /// The same, with the person who had it done.
    #[must_use]
    pub fn answered_by(self, person: &Self) -> Self {
        Self { answerable: person.answerable.clone(), ..self }
    }

    /// As records name them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.by
    }

    /// Who answers for it: the person who had the program follow a file.
    #[must_use]
    pub fn answerable(&self) -> &str {
        &self.answerable
    }
}

fn no_party(id: &PartyId) -> RegistryError {
    RegistryError::Missing(format!("party `{id}`; `sipar party list` shows those that there are"))
}

pub(crate) fn no_claim(number: i64) -> RegistryError {
    RegistryError::Missing(format!("claim {number}; `sipar asset list` shows those that there are"))
}

/// What a claim says, for a refusal.
fn said(new: &NewClaim) -> String {
    format!("`{}`", new.asset)
}
