//! Requests against a gate: which credential gives which identity.

#![expect(clippy::unwrap_used, reason = "a test may stop where it stands")]

use axum::{
    Extension, Router,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header},
    middleware::from_fn_with_state,
    routing::get,
};
use sipar_authz::{
    Gate, GateConfig, Identity, Keyring, Role, SessionBounds, SystemRandom, Via, authenticate, gate::SignInError,
};
use sipar_model::{Clock, TimestampMs};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use tower::ServiceExt as _;

/// A clock that stands until it is moved.
#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> TimestampMs {
        TimestampMs(self.0.load(Ordering::Relaxed))
    }
}

fn gate(secure: bool) -> (Arc<Gate>, Arc<Hand>, String) {
    let clock = Arc::new(Hand::default());
    let mut keyring = Keyring::default();
    let key = keyring.issue("desk", Role::Analyst, Some(TimestampMs(1_000)), &SystemRandom).unwrap().key_text();
    let config = GateConfig { keyring, bounds: SessionBounds::default(), secure, clock: clock.clone() };
    (Arc::new(Gate::new(config)), clock, key)
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

fn session_of(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn each_credential_gives_its_identity() {
    let (gate, _, key) = gate(false);
    let cookie = session_of(&gate.sign_in_with_key(&format!(" {key}\n")).unwrap());
    let check = |sent: &[(&'static str, &str)], expect: Result<(Role, Via), &str>| {
        let got = gate.identify(&headers(sent));
        match (got, expect) {
            (Ok(who), Ok(expect)) => assert_eq!((who.role, who.via), expect, "{sent:?}"),
            (Err(fault), Err(expect)) => assert!(fault.to_string().contains(expect), "{sent:?}: {fault}"),
            (got, expect) => panic!("{sent:?}: {got:?} instead of {expect:?}"),
        }
    };
    let bearer = format!("Bearer {key}");
    let other = format!("Bearer sipar_{}", "A".repeat(43));
    let desk = Ok((Role::Analyst, Via::Key));
    check(&[], Ok((Role::Public, Via::Nothing)));
    check(&[("authorization", &bearer)], desk);
    check(&[("authorization", &bearer.replace("Bearer", "bEARER"))], desk);
    check(&[("x-api-key", &key)], desk);
    check(&[("cookie", &cookie)], Ok((Role::Analyst, Via::Session)));
    check(&[("cookie", &format!("lang=ur; {cookie}; a=b"))], Ok((Role::Analyst, Via::Session)));
    check(&[("cookie", "lang=ur"), ("cookie", &cookie)], Ok((Role::Analyst, Via::Session)));
    check(&[("cookie", &cookie), ("x-api-key", &key)], desk);
    check(&[("authorization", &other)], Err("unknown, revoked or expired"));
    check(&[("cookie", &cookie), ("authorization", &other)], Err("unknown, revoked or expired"));
    check(&[("authorization", "Basic dXNlcjpwYXNz")], Err("not an API key"));
    check(&[("authorization", "Bearer")], Err("not an API key"));
    check(&[("authorization", "Bearer \u{fe}")], Err("not an API key"));
    check(&[("x-api-key", "")], Err("not an API key"));
    check(&[("cookie", "sipar=nonsense")], Ok((Role::Public, Via::Nothing)));
    check(&[("cookie", &format!("sipar={}", "A".repeat(43)))], Ok((Role::Public, Via::Nothing)));
    check(&[("cookie", &format!("pad={}; {cookie}", "x".repeat(9000)))], Ok((Role::Public, Via::Nothing)));
}

#[test]
fn a_key_expires_and_a_revoked_key_signs_its_sessions_out() {
    let (gate, clock, key) = gate(false);
    let cookie = session_of(&gate.sign_in_with_key(&key).unwrap());
    clock.0.store(1_000, Ordering::Relaxed);
    assert!(gate.identify(&headers(&[("x-api-key", &key)])).is_err());
    assert!(matches!(gate.sign_in_with_key(&key), Err(SignInError::Credential(_))));
    assert_eq!(gate.identify(&headers(&[("cookie", &cookie)])).unwrap().role, Role::Analyst);
    gate.set_keyring(Keyring::default());
    assert_eq!(gate.identify(&headers(&[("cookie", &cookie)])).unwrap().role, Role::Public);
}

#[test]
fn cookies_carry_every_guard() {
    let (plain, _, key) = gate(false);
    let cookie = plain.sign_in_with_key(&key).unwrap();
    assert!(cookie.starts_with("sipar=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let (secure, _, key) = gate(true);
    let cookie = secure.sign_in_with_key(&key).unwrap();
    assert!(cookie.starts_with("__Host-sipar=") && cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    let sent = headers(&[("cookie", &session_of(&cookie))]);
    assert_eq!(secure.identify(&sent).unwrap().role, Role::Analyst);
    assert_eq!(secure.sign_out(&sent), "__Host-sipar=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
    assert_eq!(secure.identify(&sent).unwrap().role, Role::Public);
}

#[test]
fn a_link_signs_in_once() {
    let (gate, ..) = gate(false);
    let who = Identity { role: Role::Admin, label: "first start".into(), via: Via::Nothing };
    let link = gate.sign_in_link(&who).unwrap().text();
    assert!(gate.link_holds(&link));
    let cookie = session_of(&gate.sign_in_with_link(&link).unwrap());
    assert_eq!(gate.identify(&headers(&[("cookie", &cookie)])).unwrap().role, Role::Admin);
    assert_eq!(gate.sign_in_with_link(&link), Err(SignInError::Link));
    assert_eq!(gate.sign_in_with_link("../../"), Err(SignInError::Link));
}

#[tokio::test]
async fn the_middleware_sets_the_identity_or_says_401() {
    let (gate, _, key) = gate(false);
    let say = |Extension(who): Extension<Identity>| async move { format!("{} {}", who.role, who.label) };
    let app = Router::new().route("/", get(say)).layer(from_fn_with_state(gate, authenticate));
    for (sent, status, expect) in [
        (None, StatusCode::OK, "public public"),
        (Some(key.as_str()), StatusCode::OK, "analyst desk"),
        (Some("nonsense"), StatusCode::UNAUTHORIZED, "\"status\":401"),
    ] {
        let mut request = Request::get("/");
        if let Some(key) = sent {
            request = request.header("x-api-key", key);
        }
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers().contains_key(header::WWW_AUTHENTICATE), status == StatusCode::UNAUTHORIZED);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains(expect));
    }
}
