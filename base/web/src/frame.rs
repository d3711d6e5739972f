//! The frame around every route: who asks, which bounds hold, how errors look, which headers go out.

use crate::{
    assets,
    context::{PageContext, Site},
    csrf,
    error::{WebError, is_read_aloud, wants_page},
    headers,
    nav::NavItem,
    sign_in::PasskeyPlace,
    texts::Texts,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::get,
};
use sipar_authz::{Authorizer, Gate, Identity, authenticate};
use std::{sync::Arc, time::Duration};
use tower_http::compression::CompressionLayer;

/// The longest plain-text refusal of a library that is passed on, in bytes: one line of reason fits.
const REASON_BYTES_MAX: usize = 2048;

/// What one request may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The largest body in bytes; a route that takes more says so itself with `DefaultBodyLimit`.
    pub body_bytes_max: usize,
    /// The longest that a handler may take: a person has given up by then.
    pub answer_time_max: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { body_bytes_max: 1 << 20, answer_time_max: Duration::from_secs(30) }
    }
}

/// What all pages share.
pub struct Frame {
    /// Every text.
    pub texts: Arc<Texts>,
    /// The menu, in order.
    pub nav: Arc<Vec<NavItem>>,
    /// Who may do what.
    pub authorizer: Arc<Authorizer>,
    /// Knows keys, sessions and the time.
    pub gate: Arc<Gate>,
    /// Who runs this.
    pub site: Arc<Site>,
    /// The portal's own origin, such as `https://sipar.example`, where a proxy in front changes `Host`.
    pub origin: Option<String>,
    /// The operator's own proxies in front of the portal: what they say of where a request comes from is believed.
    pub proxies: Vec<std::net::IpAddr>,
    /// Where browsers can use passkeys.
    pub passkeys: PasskeyPlace,
    /// What people call the outside provider that they may sign in with, if there is one.
    pub provider: Option<String>,
    /// What a request may cost.
    pub bounds: Bounds,
}

impl Frame {
    /// Puts the frame around `routes`, and adds `/assets/`.
    pub fn wrap(self: Arc<Self>, routes: Router) -> Router {
        routes
            .route("/assets/{file}", get(assets::serve))
            .layer(DefaultBodyLimit::max(self.bounds.body_bytes_max))
            .layer(from_fn_with_state(self.clone(), csrf::check))
            .layer(from_fn_with_state(self.clone(), limit_time))
            .layer(axum::Extension(self.clone()))
            .layer(from_fn_with_state(self.clone(), dress_errors))
            .layer(from_fn_with_state(self.gate.clone(), authenticate))
            .layer(CompressionLayer::new().gzip(true))
            .layer(from_fn_with_state(self, add_headers))
    }
}

async fn add_headers(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers::add(response.headers_mut(), frame.gate.secure());
    response
}

async fn limit_time(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(frame.bounds.answer_time_max, next.run(request)).await {
        Ok(response) => response,
        Err(_) => WebError::new(StatusCode::GATEWAY_TIMEOUT).into_response(),
    }
}

/// Gives every error its form: a page for people, problem details for programs.
async fn dress_errors(State(frame): State<Arc<Frame>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let page = wants_page(path, request.headers());
    let ctx = (page || is_read_aloud(request.headers())).then(|| {
        let identity = request.extensions().get::<Identity>().cloned().unwrap_or_else(Identity::public);
        PageContext::new(&frame, identity, request.uri(), request.headers())
    });
    let response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let error = match response.extensions().get::<WebError>() {
        Some(error) => error.clone(),
        None if is_bare(&response) => bare_error(response).await,
        None => return response,
    };
    let mut response = match ctx {
        Some(ctx) if page => error.page(&ctx),
        Some(ctx) => error.spoken(&ctx),
        None => error.into_response(),
    };
    if let Some(allow) = allow {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Whether an error has no form yet: it came from the router or from a refused extractor.
fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).map(header::HeaderValue::as_bytes);
    kind.is_none_or(|kind| kind.starts_with(b"text/plain"))
}

async fn bare_error(response: Response) -> WebError {
    let status = response.status();
    let error = WebError::new(status);
    let body: Body = response.into_body();
    let reason = to_bytes(body, REASON_BYTES_MAX).await.ok().and_then(|bytes| String::from_utf8(bytes.into()).ok());
    match reason.filter(|reason| !reason.is_empty() && status.is_client_error()) {
        Some(reason) => error.reason(reason),
        None => error,
    }
}
