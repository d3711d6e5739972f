//! What is due: looks at names, and what time alone ends.

use super::Look;
use crate::{
    Registry, RegistryError,
    model::{
        Asset, Method, Proof,
        proof::{answers, name_of},
    },
    store::{claims, proofs},
};
use std::sync::Arc;

/// Proofs that one round looks at. More wait for the next, a minute later.
const ROUND_MAX: usize = 200;

/// Looks that are under way at a time: each waits for somebody else's server.
const AT_ONCE_MAX: usize = 8;

impl Registry {
    /// What looks for challenges. A second call changes nothing.
    pub fn look_with(&self, look: Arc<dyn Look>) {
        let _already_set = self.look.set(look);
    }

    /// Looks at what is due. Returns a line for the log.
    ///
    /// # Errors
    /// When the store refuses; what is not found is noted, and no error.
    pub async fn prove_due(self: &Arc<Self>) -> Result<Option<String>, RegistryError> {
        let now = self.house.clock.now();
        let due = self.house.store.read(move |reader| proofs::due(reader, now, ROUND_MAX)).await?;
        let (all, mut found) = (due.len(), 0_usize);
        for some in due.chunks(AT_ONCE_MAX) {
            let looks: Vec<_> = some.iter().map(|proof| tokio::spawn(Arc::clone(self).prove(proof.clone()))).collect();
            for look in looks {
                if look.await.map_err(|error| RegistryError::Look(error.into()))??.counts(now) {
                    found += 1;
                }
            }
        }
        Ok((all > 0).then(|| format!("proofs of ownership: {all} looked at, {found} found")))
    }

    /// Looks at one now; or ends it, where time alone has.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn prove(self: Arc<Self>, proof: Proof) -> Result<Proof, RegistryError> {
        let number = proof.number;
        let found = match proof.method {
            Method::Dns | Method::File => self.search(&proof).await?,
            Method::Mail | Method::Approval => {
                let (inner, now) = (Arc::clone(&self), self.house.clock.now());
                return self.house.store.write(move |tx| inner.lapse(tx, number, now)).await;
            }
        };
        let (inner, now) = (Arc::clone(&self), self.house.clock.now());
        let written = self.house.store.write(move |tx| {
            let after = inner.looked(tx, &proof, &found, now)?;
            Ok::<_, RegistryError>(match after {
                Some(after) => after,
                None => proofs::one(tx, number)?.ok_or(RegistryError::BadRow)?,
            })
        });
        written.await
    }

    /// Whether the challenge stands where it should, or why not.
    async fn search(&self, proof: &Proof) -> Result<Result<(), String>, RegistryError> {
        let (claim, number, method) = (proof.claim, proof.number, proof.method);
        let read = self.house.store.read(move |reader| {
            Ok::<_, RegistryError>((claims::one(reader, claim)?, proofs::challenge(reader, number)?))
        });
        let (claim, challenge) = read.await?;
        let asset: Asset = claim.ok_or(RegistryError::BadRow)?.asset;
        let Some(look) = self.look.get().map(Arc::clone) else {
            return Ok(Err("nothing looks for challenges here; set `proofs.resolvers`".into()));
        };
        let searched = tokio::task::spawn_blocking(move || {
            let name = name_of(&asset).ok_or("this is no name")?;
            let found = if method == Method::Dns { look.records(name) } else { look.file(name) };
            let texts = found?;
            let stands = texts.iter().any(|text| answers(text, &challenge));
            if stands { Ok(()) } else { Err(format!("{} texts are there, and none is the one asked for", texts.len())) }
        });
        searched.await.map_err(|error| RegistryError::Look(error.into()))
    }
}
