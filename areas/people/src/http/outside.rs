//! Where people go to an outside provider, and where they come back.
//!
//! They come back from another site, so the session's cookie, which never leaves this one, is not sent: a cookie of its own
//! ties the answer to the browser that asked, and a page of ours leads on.

use super::{DOOR, OWN, door, refusal};
use crate::{People, PeopleError, acts::Outside, ceremony::Errand, error::say, provider::Answer};
use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use maud::html;
use serde::Deserialize;
use sipar_area::Route;
use sipar_authz::{Identity, Secret, Via, gate::cookie_value};
use sipar_model::TimestampMs;
use sipar_web::{Frame, Page, PageContext, WebError, client::ClientAddress, page, sign_in, ui};
use std::{net::IpAddr, sync::Arc};

/// The cookie of one way to the provider and back.
const COOKIE: &str = "outside";

/// How long that may take, in seconds: as a ceremony with a passkey.
const COOKIE_S: i64 = crate::model::CEREMONY_MS / 1_000;

const BACK: &str = "/sign-in/provider/back";

/// The routes.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let state = || Arc::clone(people);
    vec![
        Route::get(sign_in::PROVIDER, DOOR, get(go).with_state(state())),
        Route::get(BACK, DOOR, get(back).with_state(state())),
        Route::get("/enrol/{link}/provider", DOOR, get(go_enrol).with_state(state())),
        Route::get("/you/provider/go", OWN, get(go_tie).with_state(state())).sensitive(),
    ]
}

/// What holds for every way out.
struct Leaving<'a> {
    people: &'a People,
    frame: &'a Frame,
    headers: &'a HeaderMap,
    from: Option<IpAddr>,
}

impl Leaving<'_> {
    fn may_begin(&self) -> Result<(), WebError> {
        let within = self.people.starts.failed(self.from, self.frame.gate.now());
        if within { Ok(()) } else { Err(door::too_many()) }
    }

    /// The portal's own address as the browser knows it: the provider sends people back there.
    fn own_address(&self) -> String {
        let host = self.headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let portal = || self.people.house.instance.portal.clone();
        let origin = self.people.place().origin(host).unwrap_or_else(portal);
        format!("{}{BACK}", origin.trim_end_matches('/'))
    }

    fn to(&self, begun: Result<(String, Secret), PeopleError>) -> Result<Response, WebError> {
        let (url, secret) = begun.map_err(refusal)?;
        let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, url)]).into_response();
        // `Lax`: it is sent when the provider leads back here, and with no other request of another site's.
        let cookie = self.frame.gate.side_cookie(COOKIE, &secret.text(), COOKIE_S);
        door::set(&mut response, &cookie.replace("SameSite=Strict", "SameSite=Lax"));
        Ok(response)
    }
}

async fn go(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let way = Leaving { people: &people, frame: &frame, headers: &headers, from };
    way.may_begin()?;
    way.to(people.begin_outside(way.own_address(), Errand::SignIn).await)
}

async fn go_enrol(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    ClientAddress(from): ClientAddress,
    Path(link): Path<String>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let way = Leaving { people: &people, frame: &frame, headers: &headers, from };
    way.may_begin()?;
    let begun = people.begin_outside_enrol(&link, way.own_address()).await;
    // Guessing a link counts as guessing a key does.
    let guessed = matches!(begun, Err(PeopleError::Link)) && door::guessed_too_often(&frame, from);
    if guessed { Err(door::too_many()) } else { way.to(begun) }
}

async fn go_tie(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    ClientAddress(from): ClientAddress,
    ctx: PageContext,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let way = Leaving { people: &people, frame: &frame, headers: &headers, from };
    way.may_begin()?;
    let session = frame.gate.session_hash(&headers).filter(|_| ctx.identity.via == Via::Session);
    let owner = ctx.identity.person.zip(session);
    let (owner, session) = owner.ok_or_else(|| WebError::forbidden(say("people-no-account", [])))?;
    let errand = Errand::Tie { owner: owner.0, session: session.hex() };
    way.to(people.begin_outside(way.own_address(), errand).await)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    state: String,
    code: String,
    iss: Option<String>,
    error: String,
}

async fn back(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    ctx: PageContext,
    headers: HeaderMap,
    Query(told): Query<Told>,
) -> Result<Response, WebError> {
    let name = frame.gate.side_cookie_name(COOKIE);
    let cookie = cookie_value(&headers, &name).and_then(Secret::parse);
    let finish = async {
        let pending = people.take(cookie).await?;
        if !told.error.is_empty() {
            return Err(PeopleError::Declined);
        }
        people.finish_outside(pending, Answer { state: told.state, code: told.code, issuer: told.iss }).await
    };
    let refused = |fault| match fault {
        // On this page there is nothing to begin again with.
        PeopleError::Ceremony => {
            WebError::forbidden(say("people-outside-over", [])).next(say("people-outside-again", []))
        }
        other => refusal(other),
    };
    match finish.await.map_err(refused)? {
        Outside::Tied => Ok(lead_on(&ctx, &frame, "/you", None)),
        Outside::SignedIn(person) => {
            let identity = Identity {
                person: Some(person.number),
                // The provider vouches for who it is, and not that they are at the desk: what is sensitive takes a passkey.
                proved_at: Some(TimestampMs(0)),
                ..Identity::new(person.role, person.handle.as_str(), Via::Session)
            };
            let opened = frame.gate.open(&headers, identity).await;
            let session = opened.map_err(|error| WebError::internal("opening a session", &error))?;
            Ok(lead_on(&ctx, &frame, "/", Some(&session)))
        }
    }
}

/// A page that leads on by itself. A redirect would still count as another site's, and the session would not be sent.
fn lead_on(ctx: &PageContext, frame: &Frame, to: &'static str, session: Option<&str>) -> Response {
    let body = html! { p { (ui::button_link(&ctx.t("people-outside-on"), to)) } };
    let mut response = page(ctx, Page::new(ctx.t("people-outside-done"), body));
    if let Ok(refresh) = HeaderValue::from_str(&format!("0; url={to}")) {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    if let Some(session) = session {
        door::set(&mut response, session);
    }
    door::set(&mut response, &frame.gate.side_cookie(COOKIE, "", 0));
    response
}
