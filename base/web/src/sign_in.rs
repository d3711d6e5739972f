//! Signing in with an API key or a one-time link, and out again. There are no passwords.

use crate::{
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
use sipar_authz::gate::SignInError;
use std::sync::Arc;

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

async fn show(ctx: PageContext) -> Response {
    key_page(&ctx, None)
}

async fn with_key(ctx: PageContext, Extension(frame): Extension<Arc<Frame>>, Form(form): Form<KeyForm>) -> Response {
    match frame.gate.sign_in_with_key(&form.key) {
        Ok(cookie) => go_home(&cookie),
        Err(SignInError::Random(fault)) => WebError::internal("signing in", &fault).into_response(),
        Err(_) => key_page(&ctx, Some(ctx.t("web-sign-in-key-bad"))),
    }
}

async fn show_link(ctx: PageContext, Extension(frame): Extension<Arc<Frame>>, Path(link): Path<String>) -> Response {
    let holds = frame.gate.link_holds(&link);
    link_page(&ctx, holds)
}

async fn with_link(ctx: PageContext, Extension(frame): Extension<Arc<Frame>>, Path(link): Path<String>) -> Response {
    match frame.gate.sign_in_with_link(&link) {
        Ok(cookie) => go_home(&cookie),
        Err(SignInError::Random(fault)) => WebError::internal("signing in", &fault).into_response(),
        Err(_) => link_page(&ctx, false),
    }
}

async fn sign_out(Extension(frame): Extension<Arc<Frame>>, headers: HeaderMap) -> Response {
    go_home(&frame.gate.sign_out(&headers))
}

fn go_home(cookie: &str) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response();
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn key_page(ctx: &PageContext, error: Option<String>) -> Response {
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
        form.card action="/sign-in" method="post" {
            (ui::field(ctx, &field))
            (ui::submit(&ctx.t("web-sign-in")))
        }
        p { (ctx.t("web-sign-in-no-key")) }
    };
    page(ctx, Page { title: ctx.t("web-sign-in"), body, status, ..Page::default() })
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
