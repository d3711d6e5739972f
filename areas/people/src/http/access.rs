//! Why somebody may do something, over the API: for administrators about anybody, for everybody about themselves.

use super::{ACCESS, OWN, refusal};
use crate::{People, PeopleError, acts::person, error::say, store::parties};
use axum::{
    Json,
    extract::{Query, State},
    routing::get,
};
use serde::{Deserialize, Serialize};
use sipar_area::{Route, within};
use sipar_authz::{Act, Identity, Rule, Thing, Verdict, Via};
use sipar_model::PartyId;
use sipar_web::{ApiError, Caller, WebError};
use std::sync::Arc;

/// The routes.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let state = || Arc::clone(people);
    vec![
        Route::get("/api/v1/access/explain", ACCESS, get(explain).with_state(state())),
        Route::get("/api/v1/access/own", OWN, get(own).with_state(state())),
    ]
}

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// A handle, or `public`.
    pub who: String,
    pub act: String,
    pub resource: String,
    /// Whose thing; empty: anything.
    pub party: String,
}

/// What decided.
#[derive(Clone, Debug)]
pub(crate) struct Explained {
    pub who: Identity,
    pub act: Act,
    pub resource: String,
    pub party: Option<PartyId>,
    pub verdict: Verdict,
}

#[derive(Serialize)]
struct Shown {
    who: String,
    role: &'static str,
    parties: Vec<String>,
    act: &'static str,
    resource: String,
    party: Option<PartyId>,
    allowed: bool,
    /// The policies that decided; none: no policy permits it.
    policies: Vec<Policy>,
    /// What decided, in words; where nothing permits it, what it takes.
    rule: String,
}

#[derive(Serialize)]
struct Policy {
    id: String,
    permits: bool,
    en: String,
    ur: String,
    file: String,
    line: usize,
}

fn policy(rule: &Arc<Rule>) -> Policy {
    let Rule { id, en, ur, permits, file, line } = &**rule;
    Policy { id: id.clone(), permits: *permits, en: en.clone(), ur: ur.clone(), file: file.clone(), line: *line }
}

fn shown(explained: Explained) -> Shown {
    let Explained { who, act, resource, party, verdict } = explained;
    Shown {
        who: who.label.to_string(),
        role: who.role.word(),
        parties: who.parties.iter().map(|one| format!("{}: {}", one.party, one.role)).collect(),
        act: act.word(),
        resource,
        party,
        allowed: verdict.allowed,
        policies: verdict.policies.iter().map(policy).collect(),
        rule: verdict.rule.into_owned(),
    }
}

impl People {
    /// Somebody as they would sign in.
    pub(crate) async fn identity_of(&self, handle: &str) -> Result<Identity, PeopleError> {
        if handle == Identity::public().label.as_ref() {
            return Ok(Identity::public());
        }
        let handle = handle.to_owned();
        self.look(move |reader| {
            let person = person(reader, &handle)?;
            Ok(Identity {
                person: Some(person.number),
                parties: parties::of(reader, person.number)?.into(),
                ..Identity::new(person.role, person.handle.as_str(), Via::Session)
            })
        })
        .await
    }

    /// Asks the policies about somebody.
    pub(crate) fn explained(&self, who: Identity, asked: &Asked) -> Result<Explained, WebError> {
        let given = |text: &str| text.chars().take(40).collect::<String>();
        let refused = |key, text: &str| refusal(PeopleError::Given(say(key, [("given", given(text).into())])));
        let access = self.house.packs.access().map_err(|error| refusal(error.into()))?;
        let act = Act::ALL.iter().copied().find(|act| act.word() == asked.act.trim());
        let act = act.ok_or_else(|| refused("people-refused-act", &asked.act))?;
        let resource = asked.resource.trim();
        if access.resource(resource).is_none() {
            return Err(refused("people-refused-resource", resource));
        }
        let party = match asked.party.trim() {
            "" => None,
            text => Some(PartyId::parse(text).map_err(|_| refused("people-refused-party", text))?),
        };
        let above = party.as_ref().map(|party| within::above(&self.house.owners, party)).unwrap_or_default();
        let thing = Thing { owner: party.as_ref(), above: &above, ..Thing::of(resource) };
        let verdict = access.decide(&who, act, &thing);
        Ok(Explained { who, act, resource: resource.to_owned(), party, verdict })
    }
}

async fn explain(State(people): State<Arc<People>>, Query(asked): Query<Asked>) -> Result<Json<Shown>, ApiError> {
    let who = people.identity_of(asked.who.trim()).await.map_err(refusal)?;
    Ok(Json(shown(people.explained(who, &asked)?)))
}

async fn own(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Shown>, ApiError> {
    Ok(Json(shown(people.explained(caller, &asked)?)))
}
