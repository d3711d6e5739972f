//! Who is what in which party, over the API: for administrators everywhere, for stewards in their own parties.

use super::{MEMBERSHIP, refusal};
use crate::{
    People, PeopleError,
    error::say,
    model::{Actor, Member},
};
use axum::{
    Json,
    extract::{Query, State},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::{Route, within};
use sipar_authz::{Act, PartyRole};
use sipar_model::{PartyId, TimestampMs};
use sipar_web::{ApiError, Permit, WebError};
use std::sync::Arc;

/// The routes.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let state = || Arc::clone(people);
    let act = |path, handler| Route::post(path, MEMBERSHIP, Act::Administer, handler).within().sensitive();
    vec![
        Route::get("/api/v1/memberships", MEMBERSHIP, get(list).with_state(state())).within(),
        act("/api/v1/memberships", post(set).with_state(state())),
        act("/api/v1/memberships/end", post(end).with_state(state())),
    ]
}

/// What is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// Of one party and those below it; empty: of all that the reader may know of.
    #[serde(default)]
    pub party: String,
}

/// Who is what where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    pub person: String,
    pub party: String,
    /// Not used to end it.
    #[serde(default)]
    pub role: String,
}

#[derive(Serialize)]
struct Shown {
    party: PartyId,
    person: String,
    name: String,
    role: &'static str,
    granted_by: String,
    granted_at: TimestampMs,
}

fn shown(member: Member) -> Shown {
    Shown {
        party: member.party,
        person: member.handle,
        name: member.name,
        role: member.role.word(),
        granted_by: member.granted_by,
        granted_at: member.granted_at,
    }
}

/// A party by its short name, if what is done there is within the permit.
pub(crate) fn party(people: &People, permit: &Permit, text: &str) -> Result<PartyId, WebError> {
    let given =
        || PeopleError::Given(say("people-none-party", [("party", text.chars().take(40).collect::<String>().into())]));
    let party = PartyId::parse(text.trim()).map_err(|_| refusal(given()))?;
    within::on(&people.house.owners, permit, &party)?;
    Ok(party)
}

/// Who is what, as far as the reader may know.
pub(crate) async fn listed(people: &People, permit: &Permit, asked: &Asked) -> Result<Vec<Member>, WebError> {
    let parties = match asked.party.trim() {
        "" => within::covered(&people.house.owners, permit),
        text => Some(vec![party(people, permit, text)?]),
    };
    people.members(parties).await.map_err(refusal)
}

/// Makes somebody something in a party.
pub(crate) async fn do_set(people: &People, permit: &Permit, named: &Named) -> Result<(), WebError> {
    let party = party(people, permit, &named.party)?;
    let given = || named.role.chars().take(40).collect::<String>();
    let role: PartyRole = named
        .role
        .trim()
        .parse()
        .map_err(|_| refusal(PeopleError::Given(say("people-refused-party-role", [("given", given().into())]))))?;
    people.set_member(named.person.trim().to_owned(), party, role, Actor::from(&permit.who)).await.map_err(refusal)
}

/// Makes somebody nothing there any more.
pub(crate) async fn do_end(people: &People, permit: &Permit, named: &Named) -> Result<(), WebError> {
    let party = party(people, permit, &named.party)?;
    people.end_member(named.person.trim().to_owned(), party, Actor::from(&permit.who)).await.map_err(refusal)
}

async fn list(
    State(people): State<Arc<People>>,
    permit: Permit,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<Shown>>, ApiError> {
    Ok(Json(listed(&people, &permit, &asked).await?.into_iter().map(shown).collect()))
}

async fn set(
    State(people): State<Arc<People>>,
    permit: Permit,
    Json(named): Json<Named>,
) -> Result<Json<serde_json::Value>, ApiError> {
    do_set(&people, &permit, &named).await?;
    Ok(Json(serde_json::json!({ "person": named.person, "party": named.party, "role": named.role })))
}

async fn end(
    State(people): State<Arc<People>>,
    permit: Permit,
    Json(named): Json<Named>,
) -> Result<Json<serde_json::Value>, ApiError> {
    do_end(&people, &permit, &named).await?;
    Ok(Json(serde_json::json!({ "person": named.person, "party": named.party, "role": null })))
}
