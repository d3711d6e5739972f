//! Where programs exchange a client's name and secret for a short-lived token (RFC 6749 §4.4): opaque, and good for the
//! same requests as a key.

use crate::{People, acts::TokenRefusal, model::key::TOKEN_MS};
use axum::{
    Json,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sipar_area::{AreaError, Route};
use sipar_authz::Act;
use sipar_web::{WebError, client::ClientAddress};
use std::sync::Arc;

pub(crate) const TOKEN: &str = "token-door";

/// The largest body, in bytes: a name, a secret and fifty scopes.
const BODY_BYTES_MAX: usize = 8 << 10;

/// The route.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let handler = post(give).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(Arc::clone(people));
    vec![Route::post("/oauth/token", TOKEN, Act::Write, handler)]
}

const NOT_BASIC: &str = "the header is not `Authorization: Basic` with a name and a secret";

/// What a program asks with.
#[derive(Default)]
struct Asked {
    grant: String,
    id: String,
    secret: String,
    scope: Option<String>,
}

async fn give(
    State(people): State<Arc<People>>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = match read(&headers, &body) {
        Ok(asked) => asked,
        // RFC 6749 §5.2: whoever has tried the header is told which scheme it takes.
        Err(why) if why == NOT_BASIC => return refuse(StatusCode::UNAUTHORIZED, "invalid_client", why),
        Err(why) => return refuse(StatusCode::BAD_REQUEST, "invalid_request", why),
    };
    if asked.grant.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", "`grant_type` is missing");
    }
    if asked.grant != "client_credentials" {
        let why = "this server gives tokens for `grant_type=client_credentials` alone";
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", why);
    }
    match people.token(&asked.id, &asked.secret, asked.scope.as_deref()).await {
        Ok(token) => answer(
            StatusCode::OK,
            &json!({
                "access_token": token.secret.key_text(), "token_type": "Bearer", "expires_in": TOKEN_MS / 1_000,
                "scope": token.scopes.to_string(),
            }),
        ),
        Err(TokenRefusal::Client) if !people.attempts().failed(from, people.house.clock.now()) => {
            let why = "too many credentials from this network did not hold; wait ten minutes";
            refuse(StatusCode::TOO_MANY_REQUESTS, "invalid_client", why)
        }
        Err(TokenRefusal::Client) => {
            let why = "no client has this name and secret now: it is unknown, revoked or expired";
            refuse(StatusCode::UNAUTHORIZED, "invalid_client", why)
        }
        Err(TokenRefusal::Scope(why)) => refuse(StatusCode::BAD_REQUEST, "invalid_scope", &why),
        Err(TokenRefusal::Fault(fault)) => {
            WebError::internal("giving a token", &AreaError::from(fault)).into_response()
        }
    }
}

/// Name and secret come in the header or in the body, and not in both (RFC 6749 §2.3).
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Asked, &'static str> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err("send a form: `application/x-www-form-urlencoded`");
    }
    let mut asked = Asked::default();
    let mut seen = Vec::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        // RFC 6749 §3.2: a parameter stands once.
        if seen.contains(&name) {
            return Err("a parameter stands twice");
        }
        match &*name {
            "grant_type" => asked.grant = value.into_owned(),
            "client_id" => asked.id = value.into_owned(),
            "client_secret" => asked.secret = value.into_owned(),
            "scope" => asked.scope = Some(value.into_owned()),
            _ => {}
        }
        seen.push(name);
    }
    let Some(sent) = headers.get(header::AUTHORIZATION) else { return Ok(asked) };
    if !asked.secret.is_empty() {
        return Err("send name and secret in the header or in the body, not in both");
    }
    let (id, secret) = basic(sent).ok_or(NOT_BASIC)?;
    if !asked.id.is_empty() && asked.id != id {
        return Err("the header names one client and the body another");
    }
    Ok(Asked { id, secret, ..asked })
}

/// Name and secret of a `Basic` header, each encoded as a form's values are (RFC 6749 §2.3.1).
fn basic(sent: &HeaderValue) -> Option<(String, String)> {
    let (scheme, rest) = sent.to_str().ok()?.split_once(' ')?;
    let decoded = STANDARD.decode(rest.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |text: &str| {
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        pairs.next().map_or_else(String::new, |(name, _)| name.into_owned())
    };
    Some((plain(id), plain(secret)))
}

fn refuse(status: StatusCode, error: &str, why: &str) -> Response {
    // RFC 6749 §5.2: what may stand in a description.
    let plain = |letter: &char| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\');
    let why: String = why.chars().filter(plain).collect();
    let mut response = answer(status, &json!({ "error": error, "error_description": why }));
    if status == StatusCode::UNAUTHORIZED {
        // RFC 6749 §5.2: the scheme that the client may use.
        let challenge = HeaderValue::from_static("Basic realm=\"sipar\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Nothing of this is kept on the way (RFC 6749 §5.1).
fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(authorization: &str, body: &str) -> Result<(String, String, String), &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if !authorization.is_empty() {
            headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        }
        read(&headers, body.as_bytes()).map(|asked| (asked.grant, asked.id, asked.secret))
    }

    #[test]
    fn rfc_6749_2_3_1_name_and_secret_in_header_or_body() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let good: Result<(String, String, String), &str> =
            Ok(("client_credentials".into(), "sipar-client-1".into(), "sipar_x".into()));
        let grant = "grant_type=client_credentials";
        assert_eq!(asked(&basic("sipar-client-1:sipar_x"), grant), good);
        assert_eq!(asked(&basic("sipar%2Dclient%2D1:sipar_x"), grant), good, "encoded as in a form");
        assert_eq!(asked("", &format!("{grant}&client_id=sipar-client-1&client_secret=sipar_x")), good);
        assert!(asked(&basic("a:b"), &format!("{grant}&client_secret=c")).unwrap_err().contains("not in both"));
        assert!(asked(&basic("a:b"), &format!("{grant}&client_id=c")).unwrap_err().contains("another"));
        assert!(asked(&basic("a:b"), &format!("{grant}&client_id=a")).is_ok());
        assert!(asked("", &format!("{grant}&{grant}")).unwrap_err().contains("twice"));
        for bad in ["Bearer x", "Basic", "Basic !!!", &basic("no-colon")] {
            assert!(asked(bad, grant).unwrap_err().contains("Authorization: Basic"), "{bad}");
        }
        let none = read(&HeaderMap::new(), b"grant_type=x");
        assert!(none.is_err_and(|why| why.contains("form")));
    }
}
