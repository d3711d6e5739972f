//! Puts an [`Identity`](crate::Identity) into every request, or turns the request away.

use crate::{
    attempts::WINDOW_MS,
    client::client_address,
    gate::{CredentialError, Gate},
};
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
    let from = client_address(request.extensions(), request.headers(), &gate.proxies);
    match gate.identify(request.headers(), from).await {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(fault) => refuse(&fault),
    }
}

/// RFC 9457 body; RFC 6750 §3 challenge, RFC 6585 §4 for too many.
fn refuse(fault: &CredentialError) -> Response {
    let status = match fault {
        CredentialError::Form | CredentialError::Key => StatusCode::UNAUTHORIZED,
        CredentialError::TooMany => StatusCode::TOO_MANY_REQUESTS,
        CredentialError::Book(cause) => {
            tracing::error!(error = sipar_model::chain(cause), "who asks cannot be looked up");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let body = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": fault.to_string(),
    });
    let mut response = (status, body.to_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"sipar\", error=\"invalid_token\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(WINDOW_MS.unsigned_abs() / 1_000));
    }
    response
}
