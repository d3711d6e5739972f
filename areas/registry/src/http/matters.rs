//! What waits for a person, over the API.

use super::{actor, refusal};
use crate::{
    Registry, RegistryError, Verdict,
    model::{Claim, Matter, Outcome, words::some_line},
    store::{claims, matters},
};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use sipar_authz::Identity;
use sipar_ledger::Salt;
use sipar_web::{ApiError, Caller, WebError};
use std::sync::Arc;

/// Matters in one answer and on one page.
pub(crate) const SHOWN_MAX: usize = 200;

/// Decided ones that are shown beside them.
pub(crate) const DECIDED_SHOWN_MAX: usize = 50;

/// Characters of a reason: a line.
const REASON_CHARS_MAX: usize = 500;

/// A matter with the claims that it is about.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    pub matter: Matter,
    /// What waits; none: the party's name.
    pub waits: Option<Claim>,
    /// What it touches.
    pub touches: Option<Claim>,
}

/// What waits, the oldest first, or what was decided, the latest first.
pub(crate) async fn shown(registry: &Registry, waiting: bool) -> Result<Vec<Shown>, WebError> {
    let read = registry.house.store.read(move |reader| {
        let found = match waiting {
            true => matters::waiting(reader, SHOWN_MAX)?,
            false => matters::decided(reader, DECIDED_SHOWN_MAX)?,
        };
        let mut all = Vec::with_capacity(found.len());
        for matter in found {
            let waits = matter.claim.map(|number| claims::one(reader, number)).transpose()?.flatten();
            let touches = matter.other_claim.map(|number| claims::one(reader, number)).transpose()?.flatten();
            all.push(Shown { matter, waits, touches });
        }
        Ok::<_, RegistryError>(all)
    });
    read.await.map_err(refusal)
}

pub(crate) async fn list(State(registry): State<Arc<Registry>>) -> Result<Json<Vec<Shown>>, ApiError> {
    Ok(Json(shown(&registry, true).await?))
}

/// What somebody decides.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DecideBody {
    /// `agreed` or `refused`.
    pub outcome: String,
    pub reason: String,
}

pub(crate) async fn do_decide(
    registry: &Arc<Registry>,
    caller: &Identity,
    number: i64,
    body: &DecideBody,
) -> Result<Matter, WebError> {
    let outcome: Outcome = body.outcome.parse().map_err(|error| refusal(RegistryError::Given(format!("{error}"))))?;
    let reason = some_line("the reason", &body.reason, REASON_CHARS_MAX).map_err(refusal)?;
    let salt = Salt::fresh().ok_or_else(|| WebError::unavailable(sipar_web::no_chance()))?;
    let verdict = Verdict { by: actor(caller), outcome, reason, salt };
    let (inner, now) = (Arc::clone(registry), registry.house.clock.now());
    let written = registry.house.store.write(move |tx| inner.decide(tx, number, &verdict, now)).await;
    registry.wake();
    written.map_err(refusal)
}

pub(crate) async fn decide(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Path(number): Path<i64>,
    Json(body): Json<DecideBody>,
) -> Result<Json<Matter>, ApiError> {
    Ok(Json(do_decide(&registry, &caller, number, &body).await?))
}
