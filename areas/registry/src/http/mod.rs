//! The register's JSON API.

pub(crate) mod assets;
pub(crate) mod designations;
pub(crate) mod imports;
pub(crate) mod matters;
pub(crate) mod parties;
pub(crate) mod proofs;

use crate::{Actor, Registry, RegistryError, page::TEXTS};
use axum::{
    http::StatusCode,
    routing::{get, post},
};
use sipar_area::{AreaError, Route, within};
use sipar_authz::{Act, Identity};
use sipar_model::PartyId;
use sipar_web::{Permit, Said, Saying, WebError};
use std::sync::Arc;

pub(crate) const PARTY: &str = "party";
pub(crate) const ASSET: &str = "asset";
pub(crate) const DESIGNATION: &str = "designation";
pub(crate) const PROOF: &str = "proof";
pub(crate) const PROOF_DOOR: &str = "proof-door";

/// The JSON API.
pub fn routes(registry: &Arc<Registry>) -> Vec<Route> {
    let with = || Arc::clone(registry);
    let own = |path, handler| Route::post(path, PARTY, Act::Write, handler).within();
    vec![
        Route::get("/api/v1/registry/parties", PARTY, get(parties::list).with_state(with())).within(),
        Route::post("/api/v1/registry/parties", PARTY, Act::Write, post(parties::register).with_state(with())),
        Route::get("/api/v1/registry/parties/{id}", PARTY, get(parties::one).with_state(with())).within(),
        Route::post("/api/v1/registry/parties/{id}/edit", PARTY, Act::Write, post(parties::edit).with_state(with())),
        own("/api/v1/registry/parties/{id}/contacts", post(parties::put_contact).with_state(with())),
        own("/api/v1/registry/parties/{id}/contacts/remove", post(parties::remove_contact).with_state(with())),
        own("/api/v1/registry/parties/{id}/keys", post(parties::add_key).with_state(with())),
        own("/api/v1/registry/parties/{id}/keys/remove", post(parties::remove_key).with_state(with())),
        Route::get("/api/v1/registry/assets", ASSET, get(assets::list).with_state(with())).within(),
        Route::get("/api/v1/registry/assets/export.csv", ASSET, get(assets::export).with_state(with())).within(),
        Route::post("/api/v1/registry/assets", ASSET, Act::Write, post(assets::claim).with_state(with())).within(),
        Route::post("/api/v1/registry/assets/{number}/end", ASSET, Act::Write, post(assets::end).with_state(with()))
            .within(),
        Route::post(
            "/api/v1/registry/assets/{number}/hand-over",
            ASSET,
            Act::Write,
            post(assets::hand_over).with_state(with()),
        ),
        Route::post("/api/v1/registry/assets/{number}/in", ASSET, Act::Write, post(assets::put_in).with_state(with())),
        Route::get("/api/v1/registry/owner", ASSET, get(assets::owner).with_state(with())),
        Route::get("/api/v1/registry/imports", ASSET, get(imports::list).with_state(with())),
        Route::post("/api/v1/registry/imports", ASSET, Act::Write, post(imports::bring).with_state(with())),
        Route::get("/api/v1/registry/imports/{number}", ASSET, get(imports::one).with_state(with())),
        Route::post("/api/v1/registry/imports/{number}", ASSET, Act::Write, post(imports::choose).with_state(with())),
        Route::get("/api/v1/registry/imports/{number}/refused", ASSET, get(imports::refused).with_state(with())),
        Route::get("/api/v1/registry/designations", DESIGNATION, get(designations::list).with_state(with())),
        Route::post(
            "/api/v1/registry/designations",
            DESIGNATION,
            Act::Decide,
            post(designations::designate).with_state(with()),
        ),
        Route::post(
            "/api/v1/registry/designations/{number}",
            DESIGNATION,
            Act::Decide,
            post(designations::review).with_state(with()),
        ),
        Route::get("/api/v1/registry/proofs", PROOF, get(proofs::list).with_state(with())),
        Route::get("/api/v1/registry/assets/{number}/proofs", PROOF, get(proofs::one).with_state(with())).within(),
        Route::post("/api/v1/registry/assets/{number}/proofs", PROOF, Act::Write, post(proofs::ask).with_state(with()))
            .within(),
        Route::post("/api/v1/registry/proofs/{number}/look", PROOF, Act::Write, post(proofs::look).with_state(with()))
            .within(),
        Route::post("/api/v1/registry/proofs/{number}", PROOF, Act::Decide, post(proofs::decide).with_state(with())),
        Route::post("/api/v1/registry/proof", PROOF_DOOR, Act::Write, post(proofs::answer).with_state(with())),
        Route::get("/api/v1/registry/waiting", ASSET, get(matters::list).with_state(with())),
        Route::post("/api/v1/registry/waiting/{number}", ASSET, Act::Decide, post(matters::decide).with_state(with())),
    ]
}

/// A refusal in a saying: what is wrong stands in it as the rule says it.
pub(crate) fn told(why: impl Into<String>) -> Saying {
    Saying::new(TEXTS, "registry-refused", [("why", Said::Text(why.into()))])
}

pub(crate) fn refusal(error: RegistryError) -> WebError {
    match error {
        RegistryError::Given(why) => WebError::unprocessable(told(why)),
        RegistryError::Missing(what) => WebError::not_found().detail(told(format!("there is no {what}"))),
        RegistryError::Conflict(why) => WebError::conflict(told(why)),
        RegistryError::NotYou(why) => WebError::forbidden(told(why)),
        RegistryError::Full(why) => WebError::new(StatusCode::INSUFFICIENT_STORAGE).detail(told(why)),
        other => WebError::internal("using the register", &AreaError::from(other)),
    }
}

/// Lets on to a thing of this party. Where it is not one's own it is as if it were not there: what others own is not for
/// those who speak for one party.
pub(crate) fn own(registry: &Registry, permit: &Permit, party: &PartyId) -> Result<(), WebError> {
    within::on(&registry.house.owners, permit, party).map_err(|_| WebError::not_found())
}

/// The person behind a request.
pub(crate) fn actor(caller: &Identity) -> Actor {
    Actor::person(&caller.label)
}
