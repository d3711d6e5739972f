//! Stops other sites from making a signed-in browser change something here.
//! By the browser's own word (`Sec-Fetch-Site`, `Origin`): no tokens in forms, nothing to forget.

use crate::{error::WebError, frame::Frame, say::say};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use sipar_authz::{Identity, Via};
use std::sync::Arc;

/// Whether the request may go on. `origin` is the portal's own (`https://sipar.example`), when configured;
/// else the request's `Host` stands for it.
#[must_use]
pub fn same_origin(method: &Method, via: Via, headers: &HeaderMap, origin: Option<&str>) -> bool {
    if method.is_safe() || via == Via::Key {
        return true;
    }
    // A browser cannot be made to lie here (Fetch Metadata §2.4: forbidden header name).
    if let Some(site) = headers.get("sec-fetch-site") {
        return site.as_bytes() == b"same-origin";
    }
    let Some(sent) = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else { return false };
    match origin {
        Some(own) => sent.eq_ignore_ascii_case(own.trim_end_matches('/')),
        None => {
            let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
            let authority = sent.strip_prefix("https://").or_else(|| sent.strip_prefix("http://"));
            host.zip(authority).is_some_and(|(host, authority)| host.eq_ignore_ascii_case(authority))
        }
    }
}

/// The layer.
pub async fn check(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let via = request.extensions().get::<Identity>().map_or(Via::Nothing, |who| who.via);
    if same_origin(request.method(), via, request.headers(), frame.origin.as_deref()) {
        return next.run(request).await;
    }
    WebError::forbidden(say("web-elsewhere", [])).next(say("web-elsewhere-next", [])).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    #[test]
    fn table() {
        let check =
            |expect: bool, method: Method, via: Via, own: Option<&str>, sent: &[(&'static str, &'static str)]| {
                let mut headers = HeaderMap::new();
                for (name, value) in sent {
                    headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                }
                assert_eq!(same_origin(&method, via, &headers, own), expect, "{method} {via:?} {own:?} {sent:?}");
            };
        let (post, cookie) = (Method::POST, Via::Session);
        let evil = ("origin", "https://evil.example");
        let host = ("host", "sipar.example:8080");
        check(true, Method::GET, cookie, None, &[evil]);
        check(true, Method::HEAD, cookie, None, &[("sec-fetch-site", "cross-site")]);
        check(true, post.clone(), Via::Key, None, &[evil]);
        check(false, post.clone(), cookie, None, &[]);
        check(false, post.clone(), Via::Nothing, None, &[]);
        check(true, post.clone(), cookie, None, &[("sec-fetch-site", "same-origin")]);
        check(false, post.clone(), cookie, None, &[("sec-fetch-site", "same-site")]);
        check(false, post.clone(), cookie, None, &[("sec-fetch-site", "none")]);
        check(
            false,
            post.clone(),
            cookie,
            None,
            &[("sec-fetch-site", "cross-site"), ("origin", "http://sipar.example:8080"), host],
        );
        check(true, post.clone(), cookie, None, &[("origin", "http://sipar.example:8080"), host]);
        check(true, post.clone(), cookie, None, &[("origin", "https://SIPAR.example:8080"), host]);
        check(false, post.clone(), cookie, None, &[("origin", "http://sipar.example"), host]);
        check(false, post.clone(), cookie, None, &[evil, host]);
        check(false, post.clone(), cookie, None, &[("origin", "null"), host]);
        check(false, post.clone(), cookie, None, &[("origin", "http://sipar.example:8080")]);
        check(true, post.clone(), cookie, Some("https://sipar.example/"), &[("origin", "https://sipar.example"), host]);
        check(false, post, cookie, Some("https://sipar.example"), &[("origin", "http://sipar.example:8080"), host]);
        check(false, Method::DELETE, cookie, None, &[evil, host]);
    }
}
