//! The provider, and ways to it. Its tokens are signed without the library that checks them.

use super::*;
use aws_lc_rs::{
    rand::SystemRandom as Chance,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{
    Router,
    extract::{Form, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use sha2::{Digest as _, Sha256};
use std::{collections::HashMap, sync::Mutex};

/// A key of the provider's.
pub(super) struct Key {
    pub(super) pair: EcdsaKeyPair,
    name: &'static str,
}

impl Key {
    pub(super) fn new(name: &'static str) -> Self {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &Chance::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref()).unwrap();
        Self { pair, name }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name, "x": part(1), "y": part(33) })
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": self.name });
        token(&header, claims, |text| self.pair.sign(&Chance::new(), text).unwrap().as_ref().to_vec())
    }
}

/// RFC 7515 §3.1.
pub(super) fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

/// What the provider says next, and what it was asked.
#[derive(Default)]
pub(super) struct Says {
    pub(super) metadata: Value,
    pub(super) keys: Value,
    challenge: String,
    token: String,
    pub(super) keys_asked: usize,
    pub(super) tokens_asked: usize,
}

pub(super) type Shared = Arc<Mutex<Says>>;

/// The provider, and one way to it.
pub(super) struct Theirs {
    pub(super) issuer: String,
    pub(super) says: Shared,
    pub(super) key: Key,
}

impl Theirs {
    pub(super) async fn open(rig: &Rig) -> Self {
        let says = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = Key::new("first");
        {
            let mut says = says.lock().unwrap();
            says.keys = json!({ "keys": [{ "kty": "unheard-of", "kid": "x" }, key.public()] });
            says.metadata = json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
                "authorization_response_iss_parameter_supported": true,
            });
        }
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(give))
            .with_state(Arc::clone(&says));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let secret = rig._folder.path().join("provider.secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let config = ProviderConfig {
            issuer: issuer.clone(),
            client_id: "sipar".into(),
            client_secret_file: Some(secret),
            title: "National sign-on".into(),
            ca_file: None,
        };
        rig.people().configure(&config).unwrap();
        Self { issuer, says, key }
    }

    /// What a good token says.
    fn claims(&self, rig: &Rig, nonce: &str) -> Value {
        let now = rig.clock.now().0 / 1_000;
        json!({
            "iss": self.issuer, "sub": "248289761001", "aud": "sipar", "exp": now + 300, "iat": now, "nonce": nonce,
            "email": "bilal@example.org", "preferred_username": "bilal",
        })
    }

    /// Goes there on an errand, and comes back with what `made` makes of a good token's claims and of the answer.
    pub(super) async fn errand(
        &self,
        rig: &Rig,
        errand: Errand,
        made: impl Fn(Value, &mut Answer) -> String,
    ) -> Result<Outside, E> {
        let (url, cookie) = rig.people().begin_outside(BACK.into(), errand).await?;
        self.back(rig, &url, cookie, made).await
    }

    pub(super) async fn back(
        &self,
        rig: &Rig,
        url: &str,
        cookie: Secret,
        made: impl Fn(Value, &mut Answer) -> String,
    ) -> Result<Outside, E> {
        let asked: HashMap<String, String> = url::Url::parse(url).unwrap().query_pairs().into_owned().collect();
        assert!(url.starts_with(&format!("{}/authorize?", self.issuer)), "{url}");
        let expect = [("response_type", "code"), ("scope", "openid"), ("client_id", "sipar"), ("redirect_uri", BACK)];
        for (name, value) in expect.into_iter().chain([("code_challenge_method", "S256")]) {
            assert_eq!(asked[name], value, "{url}");
        }
        let mut answer =
            Answer { state: asked["state"].clone(), code: "code".into(), issuer: Some(self.issuer.clone()) };
        let token = made(self.claims(rig, &asked["nonce"]), &mut answer);
        {
            let mut says = self.says.lock().unwrap();
            (says.token, says.challenge) = (token, asked["code_challenge"].clone());
        }
        let pending = rig.people().take(Some(cookie)).await?;
        rig.people().finish_outside(pending, answer).await
    }

    pub(super) async fn sign_in(&self, rig: &Rig) -> Result<Outside, E> {
        self.errand(rig, Errand::SignIn, |claims, _| self.key.sign(&claims)).await
    }

    pub(super) async fn tie(&self, rig: &Rig, person: &Person) -> Result<Outside, E> {
        let session = rig.session(person).await;
        let errand = Errand::Tie { owner: person.number.0, session: session.hex() };
        self.errand(rig, errand, |claims, _| self.key.sign(&claims)).await
    }
}

/// JSON as it goes over the wire.
type Told = ([(&'static str, &'static str); 1], String);

fn told(value: &Value) -> Told {
    ([("content-type", "application/json")], value.to_string())
}

async fn metadata(State(says): State<Shared>) -> Told {
    told(&says.lock().unwrap().metadata)
}

async fn keys(State(says): State<Shared>) -> Told {
    let mut says = says.lock().unwrap();
    says.keys_asked += 1;
    told(&says.keys)
}

/// Gives a token for the code, to the client and with the verifier that belong to it.
async fn give(
    State(says): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> (StatusCode, Told) {
    let mut says = says.lock().unwrap();
    says.tokens_asked += 1;
    // RFC 6749 §2.3.1: both are encoded as in a form first.
    let basic = format!("Basic {}", STANDARD.encode("sipar:a+secret%3A+of+the+test"));
    let known = headers.get("authorization").and_then(|value| value.to_str().ok()) == Some(basic.as_str());
    let verified = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes())) == says.challenge;
    let right = form["grant_type"] == "authorization_code" && form["redirect_uri"] == BACK && form["code"] == "code";
    if !(known && verified && right) {
        return (StatusCode::BAD_REQUEST, told(&json!({ "error": "invalid_grant", "error_description": "no" })));
    }
    (StatusCode::OK, told(&json!({ "access_token": "x", "token_type": "Bearer", "id_token": says.token })))
}
