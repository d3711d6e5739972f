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
    Attempts, Gate, GateConfig, Identity, Keyring, Role, SessionBounds, Sessions, SystemRandom, Via,
    attempts::FAILURES_MAX, authenticate, gate::SignInError,
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
    let config = GateConfig {
        keyring,
        book: Arc::new(Sessions::default()),
        attempts: Arc::new(Attempts::default()),
        bounds: SessionBounds::default(),
        secure,
        proxies: Vec::new(),
        clock: clock.clone(),
    };
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

async fn sign_in(gate: &Gate, key: &str) -> Result<String, SignInError> {
    gate.sign_in_with_key(&HeaderMap::new(), None, key).await
}

async fn role(gate: &Gate, sent: &[(&'static str, &str)]) -> Role {
    gate.identify(&headers(sent), None).await.unwrap().role
}

#[tokio::test]
async fn each_credential_gives_its_identity() {
    let (gate, _, key) = gate(false);
    let cookie = session_of(&sign_in(&gate, &format!(" {key}\n")).await.unwrap());
    let check = async |sent: &[(&'static str, &str)], expect: Result<(Role, Via), &str>| {
        let got = gate.identify(&headers(sent), None).await;
        match (got, expect) {
            (Ok(who), Ok(expect)) => assert_eq!((who.role, who.via), expect, "{sent:?}"),
            (Err(fault), Err(expect)) => assert!(fault.to_string().contains(expect), "{sent:?}: {fault}"),
            (got, expect) => panic!("{sent:?}: {got:?} instead of {expect:?}"),
        }
    };
    let bearer = format!("Bearer {key}");
    let other = format!("Bearer sipar_{}", "A".repeat(43));
    let desk = Ok((Role::Analyst, Via::Key));
    check(&[], Ok((Role::Public, Via::Nothing))).await;
    check(&[("authorization", &bearer)], desk).await;
    check(&[("authorization", &bearer.replace("Bearer", "bEARER"))], desk).await;
    check(&[("x-api-key", &key)], desk).await;
    check(&[("cookie", &cookie)], Ok((Role::Analyst, Via::Session))).await;
    check(&[("cookie", &format!("lang=ur; {cookie}; a=b"))], Ok((Role::Analyst, Via::Session))).await;
    check(&[("cookie", "lang=ur"), ("cookie", &cookie)], Ok((Role::Analyst, Via::Session))).await;
    check(&[("cookie", &cookie), ("x-api-key", &key)], desk).await;
    check(&[("authorization", &other)], Err("unknown, revoked or expired")).await;
    check(&[("cookie", &cookie), ("authorization", &other)], Err("unknown, revoked or expired")).await;
    check(&[("authorization", "Basic dXNlcjpwYXNz")], Err("not an API key")).await;
    check(&[("authorization", "Bearer")], Err("not an API key")).await;
    check(&[("authorization", "Bearer \u{fe}")], Err("not an API key")).await;
    check(&[("x-api-key", "")], Err("not an API key")).await;
    check(&[("cookie", "sipar=nonsense")], Ok((Role::Public, Via::Nothing))).await;
    check(&[("cookie", &format!("sipar={}", "A".repeat(43)))], Ok((Role::Public, Via::Nothing))).await;
    check(&[("cookie", &format!("pad={}; {cookie}", "x".repeat(9000)))], Ok((Role::Public, Via::Nothing))).await;
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let (gate, clock, key) = gate(false);
    let cookie = session_of(&sign_in(&gate, &key).await.unwrap());
    assert_eq!(role(&gate, &[("cookie", &cookie)]).await, Role::Analyst);
    clock.0.store(1_000, Ordering::Relaxed);
    assert!(gate.identify(&headers(&[("x-api-key", &key)]), None).await.is_err());
    assert!(matches!(sign_in(&gate, &key).await, Err(SignInError::Credential(_))));
    assert_eq!(role(&gate, &[("cookie", &cookie)]).await, Role::Public, "the key has expired");
    clock.0.store(0, Ordering::Relaxed);
    let cookie = session_of(&sign_in(&gate, &key).await.unwrap());
    gate.set_keyring(Keyring::default());
    assert_eq!(role(&gate, &[("cookie", &cookie)]).await, Role::Public, "the key was revoked");
}

#[tokio::test]
async fn cookies_carry_every_guard() {
    let (plain, _, key) = gate(false);
    let cookie = sign_in(&plain, &key).await.unwrap();
    assert!(cookie.starts_with("sipar=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let (secure, _, key) = gate(true);
    let cookie = sign_in(&secure, &key).await.unwrap();
    assert!(cookie.starts_with("__Host-sipar=") && cookie.ends_with("; SameSite=Strict; Secure"), "{cookie}");
    let sent = headers(&[("cookie", &session_of(&cookie))]);
    assert_eq!(secure.identify(&sent, None).await.unwrap().role, Role::Analyst);
    let out = secure.sign_out(&sent).await.unwrap();
    assert_eq!(out, "__Host-sipar=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0");
    assert_eq!(secure.identify(&sent, None).await.unwrap().role, Role::Public);
}

#[tokio::test]
async fn signing_in_ends_the_session_that_was_there_before() {
    let (gate, _, key) = gate(false);
    let before = session_of(&sign_in(&gate, &key).await.unwrap());
    let sent = headers(&[("cookie", &before)]);
    let after = session_of(&gate.sign_in_with_key(&sent, None, &key).await.unwrap());
    assert_ne!(before, after);
    assert_eq!(role(&gate, &[("cookie", &before)]).await, Role::Public);
    assert_eq!(role(&gate, &[("cookie", &after)]).await, Role::Analyst);
}

#[tokio::test]
async fn a_link_signs_in_once() {
    let (gate, ..) = gate(false);
    let link = gate.sign_in_link(&Identity::new(Role::Admin, "first start", Via::Nothing)).unwrap().text();
    assert!(gate.link_holds(&link));
    let none = HeaderMap::new();
    let cookie = session_of(&gate.sign_in_with_link(&none, None, &link).await.unwrap());
    assert_eq!(role(&gate, &[("cookie", &cookie)]).await, Role::Admin);
    for spent in [&link, "../../"] {
        assert!(matches!(gate.sign_in_with_link(&none, None, spent).await, Err(SignInError::Link)));
    }
}

#[tokio::test]
async fn whoever_guesses_is_slowed_and_whoever_knows_is_not() {
    let (gate, _, key) = gate(false);
    let from = Some("192.0.2.7".parse().unwrap());
    let wrong = headers(&[("x-api-key", &format!("sipar_{}", "A".repeat(43)))]);
    for _ in 0..FAILURES_MAX {
        let fault = gate.identify(&wrong, from).await.unwrap_err();
        assert!(fault.to_string().contains("unknown, revoked or expired"), "{fault}");
    }
    let fault = gate.identify(&wrong, from).await.unwrap_err();
    assert!(fault.to_string().contains("too many credentials from this network"), "{fault}");
    let other = gate.identify(&wrong, Some("198.51.100.1".parse().unwrap())).await.unwrap_err();
    assert!(other.to_string().contains("unknown"), "{other}");
    assert_eq!(gate.identify(&headers(&[("x-api-key", &key)]), from).await.unwrap().role, Role::Analyst);
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
