//! Puts an [`Identity`](crate::Identity) into every request, or turns the request away.

use crate::gate::{CredentialError, Gate};
use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::sync::Arc;

/// Use with `axum::middleware::from_fn_with_state(gate, authenticate)`.
/// A key that does not hold is answered with 401 at once, even where the public may read:
/// who believes to be signed in must not get the public's answer without noticing.
pub async fn authenticate(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    match gate.identify(request.headers()) {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(fault) => refuse(fault),
    }
}

/// RFC 9457 body, RFC 6750 §3 challenge.
fn refuse(fault: CredentialError) -> Response {
    let body = serde_json::json!({
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": fault.to_string(),
    });
    let mut response = (StatusCode::UNAUTHORIZED, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sipar\", error=\"invalid_token\""));
    response
}
