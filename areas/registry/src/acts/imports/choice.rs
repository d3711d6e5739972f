//! Somebody applies an import that was looked at, or discards it.

use super::{Actor, Brought, Undone};
use crate::{
    Registry, RegistryError,
    import::Read,
    store::imports::{self, Import, ImportState},
};
use sipar_store::Reader;
use std::sync::Arc;

/// What somebody decides about an import.
#[derive(Clone, Debug)]
pub enum Choice {
    /// What the file says, read again, is written.
    Apply(Box<Read>),
    /// Nothing is.
    Discard,
}

/// The import, which must still wait for somebody.
fn waiting(reader: &mut Reader<'_>, number: i64) -> Result<Import, RegistryError> {
    let import = imports::one(reader, number)?.ok_or_else(|| no_import(number))?;
    match import.state {
        ImportState::Previewed => Ok(import),
        ImportState::Applied | ImportState::Discarded => {
            let why = format!("import {number} is {} already; bring the file again", import.state.word());
            Err(RegistryError::Conflict(why))
        }
    }
}

pub(crate) fn no_import(number: i64) -> RegistryError {
    RegistryError::Missing(format!("import {number}; `sipar party imports list` shows those that there are"))
}

impl Registry {
    /// Applies an import or discards it; returns it, and whether its file serves no import any more.
    ///
    /// # Errors
    /// When it does not wait, or it would do anything else than what was shown: then it is looked at anew.
    pub async fn choose(
        self: &Arc<Self>,
        number: i64,
        choice: Choice,
        by: &Actor,
    ) -> Result<(Import, bool), RegistryError> {
        let (inner, now, person) = (Arc::clone(self), self.house.clock.now(), by.clone());
        let written = self.house.store.write(move |tx| {
            // Somebody else may have decided meanwhile.
            let mut import = waiting(tx, number)?;
            import.state = match &choice {
                Choice::Discard => ImportState::Discarded,
                Choice::Apply(read) => {
                    let as_import = Actor::import(number).answered_by(&person);
                    let read = Read::clone(read);
                    let brought = inner.bring(tx, import.form, &import.options, read, &as_import, now)?;
                    // INVARIANT: what is written is what was shown; else nothing is.
                    if brought.report != import.report {
                        return Err(Undone::Looked(Box::new(brought)));
                    }
                    ImportState::Applied
                }
            };
            imports::decide(tx, &import, person.as_str(), now)?;
            let idle = !imports::uses(tx, &import.blob)?;
            Ok::<_, Undone>((imports::one(tx, number)?.ok_or(RegistryError::BadRow)?, idle))
        });
        match written.await {
            Ok(done) => Ok(done),
            Err(Undone::Failed(error)) => Err(error),
            Err(Undone::Looked(brought)) => Err(self.shown_anew(number, *brought).await?),
        }
    }

    /// The register has changed: what the import would bring now takes the place of what was shown.
    async fn shown_anew(&self, number: i64, brought: Brought) -> Result<RegistryError, RegistryError> {
        let written = self.house.store.write(move |tx| {
            waiting(tx, number)?;
            imports::show_anew(tx, number, &brought)
        });
        written.await?;
        Ok(RegistryError::Conflict(format!(
            "the register has changed since import {number} was looked at, and it would bring something else now; \
             nothing was written; look at it again, then apply it"
        )))
    }
}
