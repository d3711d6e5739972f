//! Signing in with a passkey, an API key or a one-time link, and out again. There are no passwords.

use crate::{
    client::ClientAddress,
    context::PageContext,
    error::WebError,
    frame::Frame,
    page::{Page, page},
    ui::{self, Tone},
};
use axum::{
    Extension, Form, Router,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::{CredentialError, gate::SignInError};
use std::sync::Arc;

/// Where a passkey is asked for; the area of people answers there.
pub const START: &str = "/sign-in/passkey/start";
/// Where it is brought.
pub const FINISH: &str = "/sign-in/passkey/finish";

/// Where an outside provider is asked; the area of people answers there.
pub const PROVIDER: &str = "/sign-in/provider";

/// The routes. A link is `/sign-in/SECRET`: opening it shows a button, since programs that look at links
/// in mails before people do would use it up otherwise.
pub fn routes() -> Router {
    Router::new()
        .route("/sign-in", get(show).post(with_key))
        .route("/sign-in/{link}", get(show_link).post(with_link))
        .route("/sign-out", post(sign_out))
}

#[derive(Deserialize)]
struct KeyForm {
    #[serde(default)]
    key: String,
}

async fn show(ctx: PageContext, Extension(frame): Extension<Arc<Frame>>, headers: HeaderMap) -> Response {
    sign_in_page(&ctx, ways(&ctx, &frame, &headers), None)
}

async fn with_key(
    ctx: PageContext,
    Extension(frame): Extension<Arc<Frame>>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    Form(form): Form<KeyForm>,
) -> Response {
    match frame.gate.sign_in_with_key(&headers, from, &form.key).await {
        Ok(cookie) => go_home(&cookie),
        Err(SignInError::Credential(CredentialError::TooMany)) => {
            WebError::new(StatusCode::TOO_MANY_REQUESTS).into_response()
        }
        Err(SignInError::Credential(_)) => {
            let ways = ways(&ctx, &frame, &headers);
            sign_in_page(&ctx, ways, Some(ctx.t("web-sign-in-key-bad")))
        }
        Err(fault) => WebError::internal("signing in", &fault).into_response(),
    }
}

async fn show_link(ctx: PageContext, Extension(frame): Extension<Arc<Frame>>, Path(link): Path<String>) -> Response {
    let holds = frame.gate.link_holds(&link);
    link_page(&ctx, holds)
}

async fn with_link(
    ctx: PageContext,
    Extension(frame): Extension<Arc<Frame>>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    Path(link): Path<String>,
) -> Response {
    match frame.gate.sign_in_with_link(&headers, from, &link).await {
        Ok(cookie) => go_home(&cookie),
        Err(SignInError::Link) => link_page(&ctx, false),
        Err(fault) => WebError::internal("signing in", &fault).into_response(),
    }
}

async fn sign_out(Extension(frame): Extension<Arc<Frame>>, headers: HeaderMap) -> Response {
    match frame.gate.sign_out(&headers).await {
        Ok(cookie) => go_home(&cookie),
        Err(fault) => WebError::internal("signing out", &fault).into_response(),
    }
}

fn go_home(cookie: &str) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Where browsers can use passkeys: a passkey belongs to one name (WebAuthn Level 3 §5.1.2), and browsers want HTTPS,
/// but for `localhost` (W3C Secure Contexts §3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasskeyPlace {
    /// Nowhere: the portal has no name, or no HTTPS.
    Nowhere,
    /// On this machine alone, whatever the port.
    Localhost,
    /// At this origin.
    Origin(String),
}

impl PasskeyPlace {
    /// The place of the portal at `url`.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let Some((scheme, rest)) = url.split_once("://") else { return Self::Nowhere };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host_of(authority);
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match scheme {
            "http" if loopback => Self::Localhost,
            "https" if !host.is_empty() && host.parse::<std::net::IpAddr>().is_err() => {
                Self::Origin(format!("https://{}", authority.to_ascii_lowercase()))
            }
            _ => Self::Nowhere,
        }
    }

    /// The origin to use for who asks at `host`, as in the header.
    #[must_use]
    pub fn origin(&self, host: &str) -> Option<String> {
        match self {
            Self::Nowhere => None,
            Self::Origin(origin) => Some(origin.clone()),
            Self::Localhost => {
                let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
                Some(format!("http://localhost{}", port.map(|port| format!(":{port}")).unwrap_or_default()))
            }
        }
    }
}

fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// The ways in without a key.
fn ways(ctx: &PageContext, frame: &Frame, headers: &HeaderMap) -> Markup {
    html! {
        (ui::card(&ctx.t("web-passkey-card"), with_passkey(ctx, frame, headers)))
        @if let Some(provider) = &frame.provider {
            // A link and no form: what a form leads to stays on this site (CSP Level 3 §6.4.1).
            (ui::card(&ctx.t("web-provider-card"), html! {
                p { (ui::button_link(&ctx.tw("web-sign-in-provider", &[("provider", provider.as_str().into())]), PROVIDER)) }
            }))
        }
    }
}

/// The way in with a passkey; elsewhere than at its one place, the way there.
fn with_passkey(ctx: &PageContext, frame: &Frame, headers: &HeaderMap) -> Markup {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(origin) = frame.passkeys.origin(host) else {
        return html! { p { (ctx.t("web-passkey-nowhere")) } };
    };
    let own = origin.split_once("://").map_or("", |(_, authority)| authority);
    if !own.eq_ignore_ascii_case(host) {
        let there = format!("{origin}/sign-in");
        return html! { p { (ctx.t("web-passkey-elsewhere")) " " a href=(there) dir="ltr" { (there) } } };
    }
    let ceremony =
        ui::Ceremony { start: START, finish: FINISH, button: ctx.t("web-passkey-sign-in"), ..ui::Ceremony::default() };
    ui::passkey(ctx, &ceremony)
}

fn sign_in_page(ctx: &PageContext, ways: Markup, error: Option<String>) -> Response {
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let field = ui::Field {
        name: "key".into(),
        label: ctx.t("web-sign-in-key"),
        hint: Some(ctx.t("web-sign-in-key-hint")),
        kind: ui::FieldKind::Secret,
        required: true,
        error,
        ..ui::Field::default()
    };
    let body = html! {
        (ways)
        (ui::card(&ctx.t("web-sign-in-key-card"), html! {
            form action="/sign-in" method="post" {
                (ui::field(ctx, &field))
                (ui::submit(&ctx.t("web-sign-in")))
            }
        }))
        p { (ctx.t("web-sign-in-no-key")) }
    };
    page(ctx, Page { title: ctx.t("web-sign-in"), body, status, script: Some("passkey.js"), ..Page::default() })
}

fn link_page(ctx: &PageContext, holds: bool) -> Response {
    let body: Markup = if holds {
        html! { form.card action=(ctx.path) method="post" { p { (ctx.t("web-sign-in-link")) } (ui::submit(&ctx.t("web-sign-in"))) } }
    } else {
        let next = html! { (ctx.t("web-sign-in-link-next")) };
        ui::alert(Tone::Warn, &ctx.t("web-sign-in-link-bad"), next)
    };
    let status = if holds { StatusCode::OK } else { StatusCode::GONE };
    page(ctx, Page { title: ctx.t("web-sign-in"), body, status, ..Page::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_have_one_place() {
        let check = |url: &str, host: &str, expect: Option<&str>| {
            assert_eq!(PasskeyPlace::of(url).origin(host).as_deref(), expect, "{url} {host}");
        };
        check("https://Sipar.example/", "x", Some("https://sipar.example"));
        check("https://sipar.example:8443", "x", Some("https://sipar.example:8443"));
        check("http://127.0.0.1:8080", "127.0.0.1:8080", Some("http://localhost:8080"));
        check("http://127.0.0.1:0", "localhost:4711", Some("http://localhost:4711"));
        check("http://[::1]:8080", "[::1]:8080", Some("http://localhost:8080"));
        check("http://localhost", "localhost", Some("http://localhost"));
        check("http://sipar.example", "sipar.example", None);
        check("http://0.0.0.0:8080", "x", None);
        check("https://192.0.2.1", "x", None);
        check("nonsense", "x", None);
    }
}
