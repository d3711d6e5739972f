//! Where browsers begin and finish ceremonies with passkeys. A ceremony is tied to a cookie of its own, to the session
//! where there is one, and is over with its first answer.

use super::{DOOR, OWN, free, refusal};
use crate::{
    People, PeopleError,
    acts::{Begun, FounderWords},
    error::say,
    model::{CEREMONY_MS, Handle, Person, PersonName},
};
use axum::{
    Extension, Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sipar_area::Route;
use sipar_authz::{
    Act, CredentialError, Identity, PersonNumber, Secret, Via, agent,
    gate::{SignInError, cookie_value},
    secret::SecretHash,
};
use sipar_web::{Frame, Lang, PageContext, WebError, client::ClientAddress, confirm, lang::LANG_COOKIE, sign_in};
use std::sync::Arc;

/// The cookie of a ceremony, beside the session's.
const COOKIE: &str = "ceremony";

/// How long the language of a person is remembered, in seconds: as when it is chosen on a page.
const LANG_COOKIE_S: u32 = 34_560_000;

/// The routes.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let state = || Arc::clone(people);
    let door = |path, handler| Route::post(path, DOOR, Act::Write, handler);
    let own = |path, handler| Route::post(path, OWN, Act::Write, handler);
    vec![
        door(sign_in::START, post(start_sign_in).with_state(state())),
        door(sign_in::FINISH, post(finish_sign_in).with_state(state())),
        door("/enrol/{link}/start", post(start_enrol).with_state(state())),
        door("/enrol/{link}/finish", post(finish_enrol).with_state(state())),
        own(confirm::START, post(start_confirm).with_state(state())),
        own(confirm::FINISH, post(finish_confirm).with_state(state())),
        own("/you/passkeys/start", post(start_add).with_state(state())).sensitive(),
        own("/you/passkeys/finish", post(finish_add).with_state(state())),
    ]
}

/// What holds for every ceremony of a request.
struct Around<'a> {
    people: &'a People,
    ctx: &'a PageContext,
    frame: &'a Frame,
    headers: &'a HeaderMap,
    from: Option<std::net::IpAddr>,
}

impl Around<'_> {
    fn fault(&self, error: PeopleError) -> WebError {
        if let PeopleError::Passkey(cause) = &error {
            // What is wrong is for whoever runs this; nothing of it names a person.
            tracing::info!(%cause, "the answer of a passkey did not hold");
        }
        // Guessing a link counts as guessing a key does.
        let guessed = matches!(error, PeopleError::Link) && guessed_too_often(self.frame, self.from);
        if guessed { too_many() } else { refusal(error) }
    }

    fn may_begin(&self) -> Result<(), WebError> {
        let within = self.people.starts.failed(self.from, self.frame.gate.now());
        if within { Ok(()) } else { Err(too_many()) }
    }

    fn begun(&self, begun: &Begun) -> Response {
        let mut response = Json(&begun.options).into_response();
        set(&mut response, &self.frame.gate.side_cookie(COOKIE, &begun.cookie.text(), CEREMONY_MS / 1_000));
        response
    }

    fn cookie(&self) -> Option<Secret> {
        let name = self.frame.gate.side_cookie_name(COOKIE);
        Secret::parse(cookie_value(self.headers, &name)?)
    }

    /// The person and the session of who is signed in; keys have none.
    fn holder(&self) -> Result<(PersonNumber, SecretHash), WebError> {
        let session = self.frame.gate.session_hash(self.headers).filter(|_| self.ctx.identity.via == Via::Session);
        let found = self.ctx.identity.person.zip(session);
        found.ok_or_else(|| WebError::forbidden(say("people-no-account", [])))
    }

    fn done(&self, to: &str) -> Response {
        let mut response = Json(json!({ "to": to })).into_response();
        set(&mut response, &self.frame.gate.side_cookie(COOKIE, "", 0));
        response
    }

    /// Opens a session for somebody whose passkey has just answered.
    async fn let_in(&self, person: &Person, to: &str) -> Result<Response, WebError> {
        let identity = Identity {
            person: Some(person.number),
            ..Identity::new(person.role, person.handle.as_str(), Via::Session)
        };
        let opened = self.frame.gate.open(self.headers, identity).await;
        let cookie = opened.map_err(|error: SignInError| WebError::internal("opening a session", &error))?;
        let mut response = self.done(to);
        set(&mut response, &cookie);
        let secure = if self.ctx.secure { "; Secure" } else { "" };
        let lang = person.lang.code();
        let lang = format!("{LANG_COOKIE}={lang}; Path=/; Max-Age={LANG_COOKIE_S}; HttpOnly; SameSite=Lax{secure}");
        set(&mut response, &lang);
        Ok(response)
    }
}

/// Counts a link that does not hold; whether its network has sent too many.
pub(super) fn guessed_too_often(frame: &Frame, from: Option<std::net::IpAddr>) -> bool {
    matches!(frame.gate.failed(CredentialError::Key, from), CredentialError::TooMany)
}

pub(crate) fn too_many() -> WebError {
    WebError::new(axum::http::StatusCode::TOO_MANY_REQUESTS).detail(say("people-too-many", []))
}

pub(super) fn set(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The name of a passkey: what was given, else what kind of browser asks.
fn passkey_name(given: &str, headers: &HeaderMap) -> Result<PersonName, PeopleError> {
    if !given.trim().is_empty() {
        return Ok(PersonName::parse(given)?);
    }
    let sent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = agent::coarse(sent);
    Ok(PersonName::parse(if kind.is_empty() { "passkey" } else { &kind })?)
}

type Asked = (State<Arc<People>>, Extension<Arc<Frame>>, ClientAddress, PageContext, HeaderMap);

fn around<'a>(asked: &'a Asked) -> Around<'a> {
    let (State(people), Extension(frame), ClientAddress(from), ctx, headers) = asked;
    Around { people, ctx, frame, headers, from: *from }
}

async fn start_sign_in(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    at.may_begin()?;
    let begun = at.people.begin_sign_in().await.map_err(|error| at.fault(error))?;
    Ok(at.begun(&begun))
}

async fn finish_sign_in(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
    Json(answer): Json<Value>,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    let pending = at.people.take(at.cookie()).await.map_err(|error| at.fault(error))?;
    let person = at.people.finish_sign_in(pending, &answer).await.map_err(|error| at.fault(error))?;
    at.let_in(&person, "/").await
}

#[derive(Deserialize)]
struct EnrolWords {
    #[serde(default)]
    handle: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    passkey: String,
    #[serde(default)]
    lang: String,
}

async fn start_enrol(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
    Path(link): Path<String>,
    Json(words): Json<EnrolWords>,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    at.may_begin()?;
    let begin = async {
        if let Ok(handle) = Handle::parse(&words.handle) {
            free(at.frame, &handle)?;
        }
        let name = passkey_name(&words.passkey, at.headers)?;
        let lang = Lang::from_code(&words.lang).unwrap_or(at.ctx.lang);
        let founder = FounderWords { handle: words.handle.clone(), name: words.name.clone() };
        at.people.begin_enrol(&link, founder, name, lang).await
    };
    let begun = begin.await.map_err(|error| at.fault(error))?;
    Ok(at.begun(&begun))
}

async fn finish_enrol(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
    Path(_link): Path<String>,
    Json(answer): Json<Value>,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    let pending = at.people.take(at.cookie()).await.map_err(|error| at.fault(error))?;
    let person = at.people.finish_enrol(pending, &answer).await.map_err(|error| at.fault(error))?;
    at.let_in(&person, "/you").await
}

async fn start_confirm(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    let (_, session) = at.holder()?;
    at.may_begin()?;
    let begun = at.people.begin_confirm(&session).await.map_err(|error| at.fault(error))?;
    Ok(at.begun(&begun))
}

async fn finish_confirm(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
    Json(answer): Json<Value>,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    let (person, session) = at.holder()?;
    let pending = at.people.take(at.cookie()).await.map_err(|error| at.fault(error))?;
    let proved = at.people.finish_confirm(pending, &answer, person, &session).await;
    let secret = proved.map_err(|error| at.fault(error))?;
    let mut response = at.done("/you");
    set(&mut response, &at.frame.gate.session_cookie(&secret));
    Ok(response)
}

#[derive(Deserialize)]
struct AddWords {
    #[serde(default)]
    passkey: String,
}

async fn start_add(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
    Json(words): Json<AddWords>,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    let (person, session) = at.holder()?;
    at.may_begin()?;
    let name = passkey_name(&words.passkey, at.headers).map_err(|error| at.fault(error))?;
    let begun = at.people.begin_add(person, &session, name).await.map_err(|error| at.fault(error))?;
    Ok(at.begun(&begun))
}

async fn finish_add(
    state: State<Arc<People>>,
    frame: Extension<Arc<Frame>>,
    from: ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
    Json(answer): Json<Value>,
) -> Result<Response, WebError> {
    let asked = (state, frame, from, ctx, headers);
    let at = around(&asked);
    let (person, session) = at.holder()?;
    let pending = at.people.take(at.cookie()).await.map_err(|error| at.fault(error))?;
    let done = at.people.finish_add(pending, &answer, person, &session).await;
    done.map_err(|error| at.fault(error))?;
    Ok(at.done("/you"))
}
