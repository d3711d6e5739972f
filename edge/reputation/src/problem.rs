//! Refusals as problem details (RFC 9457), each with what to do next.

use crate::bulk::BODY_BYTES_MAX;
use axum::{
    extract::rejection::{BytesRejection, PathRejection, QueryRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Why there is no verdict.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// What was asked for cannot be read.
    BadInput(String),
    /// The body is too large or has too many items.
    TooLarge(String),
    /// No such path.
    NoPath,
    /// Another method is needed for this path.
    Method,
    /// The key is not known.
    BadKey,
    /// A key is needed.
    NeedsKey,
    /// Too many look-ups; come back after so many seconds.
    TooMany(u64),
    /// There is no open snapshot.
    NotReady,
}

impl Problem {
    fn parts(&self) -> (StatusCode, &'static str, String) {
        match self {
            Self::BadInput(why) => (StatusCode::BAD_REQUEST, "this cannot be looked up", why.clone()),
            Self::TooLarge(why) => (StatusCode::PAYLOAD_TOO_LARGE, "this is too much at once", why.clone()),
            Self::NoPath => (
                StatusCode::NOT_FOUND,
                "there is no such path",
                "GET /v1/ip/ADDRESS, /v1/domain/NAME, /v1/url?u=URL or /v1/hash/HASH; /v1/openapi.json has them all"
                    .into(),
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "this path takes another method",
                "POST /v1/bulk, and GET everything else; /v1/openapi.json has them all".into(),
            ),
            Self::BadKey => (
                StatusCode::UNAUTHORIZED,
                "this key is not known",
                "check that it is whole, ask the operator for a new one, or send none".into(),
            ),
            Self::NeedsKey => (
                StatusCode::UNAUTHORIZED,
                "this service needs a key",
                "ask the operator for one and send it as `X-Api-Key: KEY`".into(),
            ),
            Self::TooMany(wait_s) => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many look-ups",
                format!(
                    "come back in {wait_s} s, ask for many at once with POST /v1/bulk, or ask the operator for a key"
                ),
            ),
            Self::NotReady => (
                StatusCode::SERVICE_UNAVAILABLE,
                "no snapshot is open",
                "come back in some seconds; until then nothing is known of anything".into(),
            ),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::BadInput("the path is not UTF-8 once its percent signs are read; encode what is asked for again".into())
    }
}

impl From<QueryRejection> for Problem {
    fn from(_: QueryRejection) -> Self {
        Self::BadInput("the part after `?` cannot be read; give each name once, and percent-encode its value".into())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::TooLarge(format!("the body is longer than {BODY_BYTES_MAX} bytes; send it in several parts"));
        }
        Self::BadInput("the body ended before it was whole; send it again".into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, title, detail) = self.parts();
        let body = serde_json::json!({ "title": title, "status": status.as_u16(), "detail": detail }).to_string();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        let wait_s = match self {
            Self::TooMany(wait_s) => Some(wait_s),
            Self::NotReady => Some(5),
            _ => None,
        };
        if let Some(wait_s) = wait_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        // draft-ietf-httpapi-ratelimit-headers-10 §4: nothing remains, and some comes back after so many seconds.
        if let Self::TooMany(wait_s) = self
            && let Ok(limit) = HeaderValue::try_from(format!("\"look-ups\";r=0;t={wait_s}"))
        {
            headers.insert("ratelimit", limit);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
