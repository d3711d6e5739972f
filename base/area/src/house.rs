//! What the house lends to every area.

use crate::{Blobs, OwnersCell, Packs};
use sipar_authz::Deed;
use sipar_ledger::Ledger;
use sipar_model::Clock;
use sipar_snapshot::SigningKey;
use sipar_store::Store;
use std::{path::PathBuf, sync::Arc};

/// Who runs this instance, as its pages, snapshots and answers say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The name of the operator.
    pub organisation: String,
    /// Where people ask about a block: a `mailto:` or `https:` address (RFC 3986).
    pub contact: String,
    /// The portal's address as people reach it.
    pub portal: String,
    /// IANA name of the zone in which times are shown.
    pub time_zone: String,
}

/// Everything that an area may use. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// The records.
    pub store: Store,
    /// The public log.
    pub ledger: Arc<Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Large files by their hash.
    pub blobs: Blobs,
    /// Data that ships with the program.
    pub packs: Packs,
    /// Who owns what.
    pub owners: OwnersCell,
    /// Signs snapshots.
    pub snapshot_key: Arc<SigningKey>,
    /// The folder of everything kept on this machine.
    pub data: PathBuf,
    /// Who runs this.
    pub instance: Arc<Instance>,
}

impl House {
    /// Whether `by` may be the other person whose word something waits for, which `authors` decided, entered or asked for,
    /// and which is about the person `about`. The policies say so; where they cannot be asked, nobody may.
    #[must_use]
    pub fn may_approve(&self, by: &str, authors: &[&str], about: Option<&str>) -> bool {
        let verdict = match self.packs.access() {
            Ok(access) => access.approves(&Deed { by, authors, about }),
            Err(error) => {
                tracing::error!(error = sipar_model::chain(&error), "nobody can be asked whether they may approve");
                return false;
            }
        };
        if !verdict.allowed {
            tracing::info!(policy = verdict.ids(), "refused to approve");
        }
        verdict.allowed
    }
}
