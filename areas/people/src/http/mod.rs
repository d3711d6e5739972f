//! The JSON API of people: who has an account, and what administrators do about it.

pub(crate) mod access;
pub(crate) mod door;
pub(crate) mod memberships;
pub(crate) mod outside;
pub(crate) mod token;

use crate::{
    Grant, NewPerson, People, PeopleError,
    acts::{person, persons_role},
    error::say,
    model::{
        Actor, Event, Granted, Handle, KeyRow, PasskeyRow, PendingGrant, Person, PersonName, Reason, Recovery,
        SessionRow, recovery::WAIT_MS,
    },
    store::{events, keys, links, parties, passkeys, persons, recoveries, sessions, subjects},
};
use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sipar_area::{AreaError, Route};
use sipar_authz::{Act, Membership, Role};
use sipar_model::TimestampMs;
use sipar_web::{ApiError, Frame, Lang, WebError, context::Caller};
use std::sync::Arc;

pub(crate) const DOOR: &str = "sign-in";
pub(crate) const OWN: &str = "own-account";
pub(crate) const PERSON: &str = "person";
pub(crate) const MEMBERSHIP: &str = "membership";
pub(crate) const ACCESS: &str = "access";

/// The JSON API.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let state = || Arc::clone(people);
    let act = |path, handler| Route::post(path, PERSON, Act::Administer, handler).sensitive();
    vec![
        Route::get("/api/v1/people", PERSON, get(list).with_state(state())),
        act("/api/v1/people", post(add).with_state(state())),
        Route::get("/api/v1/people/{handle}", PERSON, get(show).with_state(state())),
        act("/api/v1/people/{handle}/link", post(link).with_state(state())),
        act("/api/v1/people/{handle}/role", post(role).with_state(state())),
        act("/api/v1/people/{handle}/end", post(end).with_state(state())),
        act("/api/v1/people/{handle}/reopen", post(reopen).with_state(state())),
        act("/api/v1/people/{handle}/end-sessions", post(end_sessions).with_state(state())),
        act("/api/v1/people/{handle}/keys/{number}/revoke", post(revoke_key).with_state(state())),
        act("/api/v1/people/{handle}/untie", post(untie).with_state(state())),
        act("/api/v1/people/{handle}/recovery", post(ask_recovery).with_state(state())),
        act("/api/v1/people/{handle}/recovery/agree", post(agree_recovery).with_state(state())),
        act("/api/v1/people/{handle}/recovery/call-off", post(call_off).with_state(state())),
        act("/api/v1/people/{handle}/administrator/agree", post(agree_grant).with_state(state())),
        act("/api/v1/people/{handle}/administrator/call-off", post(call_off_grant).with_state(state())),
    ]
}

/// What a fault of an act is to whoever asked for it.
pub(crate) fn refusal(error: PeopleError) -> WebError {
    use PeopleError as E;
    let Some(said) = error.saying() else {
        return WebError::internal("looking after people", &AreaError::from(error));
    };
    match error {
        E::Missing(_) => WebError::not_found().detail(said),
        E::Taken(_) | E::LastPasskey | E::LastAdministrator | E::HasPasskeys(_) | E::Nowhere => {
            WebError::conflict(said)
        }
        E::Link => WebError::new(StatusCode::GONE).detail(said),
        E::Own | E::Recovery(_) | E::Ceremony | E::Passkey(_) | E::Unknown | E::Copied => WebError::forbidden(said),
        E::Stranger => WebError::forbidden(said).next(say("people-outside-stranger-next", [])),
        E::Declined => WebError::forbidden(said).next(say("people-outside-again", [])),
        E::Provider(cause) => {
            // Neither codes nor tokens are in it.
            tracing::warn!(error = sipar_model::chain(&cause), "the outside provider");
            WebError::unavailable(said).next(say("people-outside-failed-next", []))
        }
        E::Busy => WebError::unavailable(said),
        _ => WebError::unprocessable(said),
    }
}

/// A handle that is nobody's label yet: two that are called the same would be one to the rule of two people.
pub(crate) fn free(frame: &Frame, handle: &Handle) -> Result<(), PeopleError> {
    let keyring = frame.gate.keyring();
    let taken = keyring.records().iter().any(|key| key.label.eq_ignore_ascii_case(handle.as_str()));
    if taken { Err(PeopleError::Taken(handle.to_string())) } else { Ok(()) }
}

/// The address of a link as its person opens it.
pub(crate) fn address(people: &People, host: &str, grant: &Grant) -> String {
    let origin = people.place().origin(host).unwrap_or_else(|| people.house.instance.portal.clone());
    format!("{}/enrol/{}", origin.trim_end_matches('/'), grant.secret.text())
}

#[derive(Serialize)]
struct ShownPerson {
    handle: String,
    name: String,
    lang: &'static str,
    role: Role,
    passkeys: u32,
    created_at: TimestampMs,
    created_by: String,
    ended_at: Option<TimestampMs>,
}

fn shown((person, passkeys): (Person, u32)) -> ShownPerson {
    ShownPerson {
        handle: person.handle.to_string(),
        name: person.name.to_string(),
        lang: person.lang.code(),
        role: person.role,
        passkeys,
        created_at: person.created_at,
        created_by: person.created_by,
        ended_at: person.ended_at,
    }
}

async fn list(State(people): State<Arc<People>>) -> Result<Json<Vec<ShownPerson>>, ApiError> {
    let all = people.look(|reader| Ok(persons::all(reader)?)).await.map_err(refusal)?;
    Ok(Json(all.into_iter().map(shown).collect()))
}

/// Everything that an administrator sees of an account.
pub(crate) struct Account {
    pub person: Person,
    pub passkeys: Vec<PasskeyRow>,
    pub sessions: Vec<SessionRow>,
    pub events: Vec<Event>,
    pub recovery: Option<Recovery>,
    pub link_until: Option<TimestampMs>,
    /// What they are in parties.
    pub parties: Vec<Membership>,
    /// Whether they are to become an administrator, and who asked.
    pub grant: Option<PendingGrant>,
    pub keys: Vec<KeyRow>,
    /// Since when an account of the outside provider is tied to it.
    pub tied_since: Option<TimestampMs>,
}

impl People {
    pub(crate) async fn account(&self, handle: String) -> Result<Account, PeopleError> {
        let (now, bounds) = (self.house.clock.now(), self.bounds);
        let issuer = self.provider().map_or_else(|_| String::new(), |provider| provider.issuer().to_owned());
        self.look(move |reader| {
            let person = person(reader, &handle)?;
            let number = person.number;
            let recovery = recoveries::find(reader, number)?;
            Ok(Account {
                passkeys: passkeys::of(reader, number)?,
                sessions: sessions::of(reader, number, now, &bounds)?,
                events: events::of(reader, number)?,
                recovery: recovery.filter(|waits| now.since_ms(waits.asked_at) < WAIT_MS),
                link_until: links::waiting(reader, number, now)?,
                parties: parties::of(reader, number)?,
                grant: parties::grant(reader, number)?.filter(|waits| now.since_ms(waits.asked_at) < WAIT_MS),
                keys: keys::of(reader, number, now)?,
                tied_since: subjects::since(reader, &issuer, number)?,
                person,
            })
        })
        .await
    }
}

async fn show(State(people): State<Arc<People>>, Path(handle): Path<String>) -> Result<Json<Value>, ApiError> {
    let account = people.account(handle).await.map_err(refusal)?;
    let passkeys = account.passkeys.iter().map(|passkey| {
        json!({ "name": passkey.name.as_str(), "created_at": passkey.created_at, "used_at": passkey.used_at })
    });
    let passkeys: Vec<Value> = passkeys.collect();
    let sessions = account.sessions.iter().map(|session| {
        json!({ "number": session.number.0, "agent": session.agent, "opened_at": session.opened_at,
            "seen_at": session.seen_at })
    });
    let sessions: Vec<Value> = sessions.collect();
    let events = account.events.iter().map(|event| {
        json!({ "at": event.at, "what": event.what.word(), "by": event.by, "detail": event.detail,
            "told_at": event.told_at })
    });
    let events: Vec<Value> = events.collect();
    let keys = account.keys.iter().map(|key| {
        json!({ "number": key.number, "name": key.name, "scopes": key.scopes.to_string(), "use": key.kind.word(),
            "created_at": key.created_at, "expires_at": key.expires_at, "used_at": key.used_at() })
    });
    let keys: Vec<Value> = keys.collect();
    let recovery = account.recovery.map(|recovery| {
        json!({ "asked_by": recovery.asked_by, "asked_at": recovery.asked_at, "reason": recovery.reason.as_str() })
    });
    let parties = account.parties.iter();
    let parties = parties.map(|one| json!({ "party": one.party, "role": one.role.word() })).collect::<Vec<_>>();
    let grant = account.grant.map(|grant| json!({ "asked_by": grant.asked_by, "asked_at": grant.asked_at }));
    let count = u32::try_from(passkeys.len()).unwrap_or(u32::MAX);
    Ok(Json(json!({
        "parties": parties, "administrator_waits": grant,
        "person": shown((account.person, count)), "passkeys": passkeys, "sessions": sessions, "events": events,
        "keys": keys, "recovery": recovery, "tied_since": account.tied_since, "link_until": account.link_until,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    handle: String,
    name: String,
    #[serde(default)]
    lang: String,
    role: String,
}

/// Reads who is to become a person here.
pub(crate) fn new_person(handle: &str, name: &str, lang: &str, role: &str) -> Result<NewPerson, PeopleError> {
    let lang = match lang {
        "" => Lang::default(),
        code => Lang::from_code(code)
            .ok_or_else(|| PeopleError::Given(say("people-refused-lang", [("given", code.into())])))?,
    };
    let (handle, name) = (Handle::parse(handle)?, PersonName::parse(name)?);
    Ok(NewPerson { handle, name, lang, role: persons_role(role)? })
}

fn granted(people: &People, headers: &HeaderMap, grant: &Grant, granted: Granted) -> Json<Value> {
    // A command that runs without a server names no host.
    let portal = people.house.instance.portal.split_once("://").map_or("", |(_, rest)| rest.trim_end_matches('/'));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or(portal);
    Json(json!({ "link": address(people, host, grant), "expires_at": grant.expires_at, "granted": granted.word() }))
}

async fn add(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Json(new): Json<New>,
) -> Result<Json<Value>, ApiError> {
    let new = new_person(&new.handle, &new.name, &new.lang, &new.role).map_err(refusal)?;
    free(&frame, &new.handle).map_err(refusal)?;
    let (grant, role) = people.add(new, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(granted(&people, &headers, &grant, role))
}

async fn link(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let grant = people.link(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(granted(&people, &headers, &grant, Granted::Done))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: String,
}

async fn role(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
    Json(new): Json<NewRole>,
) -> Result<Json<Value>, ApiError> {
    let role = persons_role(&new.role).map_err(refusal)?;
    let granted = people.set_role(handle, role, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "role": role, "granted": granted.word() })))
}

async fn agree_grant(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    people.agree_grant(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "role": Role::Admin, "granted": Granted::Done.word() })))
}

async fn call_off_grant(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    people.call_off_grant(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "waits": false })))
}

async fn end(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    people.end(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "ended": true })))
}

async fn reopen(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    people.reopen(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "ended": false })))
}

async fn end_sessions(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let ended = people.end_sessions_of(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "sessions": ended })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    reason: String,
}

async fn ask_recovery(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
    Json(why): Json<Why>,
) -> Result<Json<Value>, ApiError> {
    let reason = Reason::parse(&why.reason).map_err(|error| refusal(error.into()))?;
    people.ask_recovery(handle, reason, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "waits": true })))
}

async fn agree_recovery(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    headers: HeaderMap,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let grant = people.agree_recovery(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(granted(&people, &headers, &grant, Granted::Done))
}

async fn revoke_key(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path((handle, number)): Path<(String, i64)>,
) -> Result<Json<Value>, ApiError> {
    people.revoke_key_of(handle, number, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "revoked": number })))
}

async fn untie(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    people.untie_of(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "tied": false })))
}

async fn call_off(
    State(people): State<Arc<People>>,
    Caller(caller): Caller,
    Path(handle): Path<String>,
) -> Result<Json<Value>, ApiError> {
    people.call_off_recovery(handle, Actor::from(&caller)).await.map_err(refusal)?;
    Ok(Json(json!({ "waits": false })))
}
