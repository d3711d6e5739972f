//! Designations of critical infrastructure over the API.

use super::{actor, parties::id, refusal, told};
use crate::{
    Hand, Registry, RegistryError, Reviewed,
    model::{
        Grade, Review,
        designation::{Designation, NewDesignation, reason},
        party::sector,
    },
    store::designations,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use sipar_authz::Identity;
use sipar_ledger::Salt;
use sipar_web::{ApiError, Caller, WebError};
use std::sync::Arc;

/// Designations in one answer and on one page: more than a country has.
pub(crate) const SHOWN_MAX: usize = 1_000;

pub(crate) async fn all(registry: &Registry) -> Result<Vec<Designation>, WebError> {
    let read = registry.house.store.read(|reader| designations::list(reader, SHOWN_MAX)).await;
    read.map_err(refusal)
}

pub(crate) async fn list(State(registry): State<Arc<Registry>>) -> Result<Json<Vec<Designation>>, ApiError> {
    Ok(Json(all(&registry).await?))
}

/// What somebody decides.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct DesignateBody {
    pub party: String,
    pub grade: String,
    pub sector: String,
    pub reason: String,
}

fn grade(text: &str) -> Result<Grade, WebError> {
    text.trim().parse().map_err(|error| refusal(RegistryError::Given(format!("{error}"))))
}

fn salt() -> Result<Salt, WebError> {
    Salt::fresh().ok_or_else(|| WebError::unavailable(sipar_web::no_chance()))
}

pub(crate) async fn do_designate(
    registry: &Arc<Registry>,
    caller: &Identity,
    body: &DesignateBody,
) -> Result<Designation, WebError> {
    let new = NewDesignation {
        party: id(body.party.trim())?,
        grade: grade(&body.grade)?,
        sector: sector(&body.sector).map_err(refusal)?,
        reason: reason(&body.reason).map_err(refusal)?,
    };
    if new.sector.is_empty() {
        return Err(WebError::unprocessable(told("say in which sector it is critical, in one word such as `energy`")));
    }
    let (by, salt, now, inner) = (actor(caller), salt()?, registry.house.clock.now(), Arc::clone(registry));
    let written =
        registry.house.store.write(move |tx| inner.designate(tx, &new, &Hand { by: &by, salt: &salt, now })).await;
    written.map_err(refusal)
}

pub(crate) async fn designate(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Json(body): Json<DesignateBody>,
) -> Result<(StatusCode, Json<Designation>), ApiError> {
    Ok((StatusCode::CREATED, Json(do_designate(&registry, &caller, &body).await?)))
}

/// What somebody decides on a review.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ReviewBody {
    /// `confirmed` or `ended`.
    pub decision: String,
    /// Empty: as it was.
    #[serde(default)]
    pub grade: String,
    pub reason: String,
}

pub(crate) async fn do_review(
    registry: &Arc<Registry>,
    caller: &Identity,
    number: i64,
    body: &ReviewBody,
) -> Result<Designation, WebError> {
    let what: Review =
        body.decision.trim().parse().map_err(|error| refusal(RegistryError::Given(format!("{error}"))))?;
    let grade = if body.grade.trim().is_empty() { None } else { Some(grade(&body.grade)?) };
    let reviewed = Reviewed { what, grade, reason: reason(&body.reason).map_err(refusal)? };
    let (by, salt, now, inner) = (actor(caller), salt()?, registry.house.clock.now(), Arc::clone(registry));
    let written = registry
        .house
        .store
        .write(move |tx| inner.review(tx, number, &reviewed, &Hand { by: &by, salt: &salt, now }))
        .await;
    written.map_err(refusal)
}

pub(crate) async fn review(
    State(registry): State<Arc<Registry>>,
    Caller(caller): Caller,
    Path(number): Path<i64>,
    Json(body): Json<ReviewBody>,
) -> Result<Json<Designation>, ApiError> {
    Ok(Json(do_review(&registry, &caller, number, &body).await?))
}
