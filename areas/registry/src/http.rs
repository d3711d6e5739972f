//! The registry's JSON API.

use crate::{Registry, RegistryError, model::Party, store};
use axum::{Json, extract::State, routing::get};
use sipar_area::Route;
use sipar_authz::{Act, Resource, Role};
use sipar_web::{ApiError, WebError};
use std::sync::Arc;

pub(crate) const PARTY: &str = "party";

/// What the registry's routes touch. Who takes part is not public: it says where the country can be hit.
pub fn resources() -> Vec<Resource> {
    vec![Resource { name: PARTY, about: "organisations and what they own", least: &[(Act::Read, Role::Reader)] }]
}

/// The JSON API.
pub fn routes(registry: &Arc<Registry>) -> Vec<Route> {
    vec![Route::get("/api/v1/registry/parties", PARTY, get(list).with_state(Arc::clone(registry)))]
}

pub(crate) fn fault(error: RegistryError) -> WebError {
    WebError::internal("using the registry", &error)
}

async fn list(State(registry): State<Arc<Registry>>) -> Result<Json<Vec<Party>>, ApiError> {
    Ok(Json(registry.house.store.read(store::all).await.map_err(fault)?))
}
