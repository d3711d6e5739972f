//! Asks somebody who is signed in to prove anew that it is them, and then goes on with what they were doing.

use crate::{
    context::PageContext,
    error::WebError,
    page::{Page, page},
    say::say,
    ui,
};
use axum::{
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use maud::html;

/// The largest form that is carried over, in bytes: every form of a sensitive act is far smaller.
const FORM_BYTES_MAX: usize = 64 << 10;
/// Its most fields.
const FIELDS_MAX: usize = 100;

/// Where a fresh passkey is asked for; the area of people answers there.
pub const START: &str = "/confirm/start";
/// Where it is brought.
pub const FINISH: &str = "/confirm/finish";

/// Answers a request that takes a fresh proof: a page that asks for one and then sends the same form again, or a
/// refusal for programs.
pub async fn ask(ctx: Option<&PageContext>, request: Request) -> Response {
    let Some(ctx) = ctx else { return refusal().into_response() };
    if ctx.identity.person.is_none() {
        return page(ctx, sign_in_again(ctx));
    }
    let method = request.method().clone();
    let again = match method {
        // A form with `get` puts its fields into the query.
        Method::GET => pairs(&ctx.query),
        _ => fields(request).await,
    };
    match again {
        Some(fields) => page(ctx, confirm(ctx, &method, &fields)),
        None => WebError::forbidden(say("web-confirm-lead", [])).into_response(),
    }
}

/// What a program is told.
fn refusal() -> WebError {
    WebError::forbidden(say("web-confirm-refused", [])).next(say("web-confirm-refused-next", []))
}

/// The fields of a form, when it is one and small enough.
async fn fields(request: Request) -> Option<Vec<(String, String)>> {
    if !is_form(request.headers()) {
        return None;
    }
    let body: Bytes = to_bytes(request.into_body(), FORM_BYTES_MAX).await.ok()?;
    pairs(std::str::from_utf8(&body).ok()?)
}

/// The names and values of a form (URL standard §5.1).
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let decoded = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let fields: Vec<_> = pairs.map(|(name, value)| decoded(name).zip(decoded(value))).collect::<Option<_>>()?;
    (fields.len() <= FIELDS_MAX).then_some(fields)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // A form of one button has no body, and so no type.
    kind.is_empty() || kind.starts_with("application/x-www-form-urlencoded")
}

fn confirm(ctx: &PageContext, method: &Method, fields: &[(String, String)]) -> Page {
    let get = *method == Method::GET;
    let query = if get || ctx.query.is_empty() { String::new() } else { format!("?{}", ctx.query) };
    let address = format!("{}{query}", ctx.path);
    let ceremony = ui::Ceremony {
        start: START,
        finish: FINISH,
        button: ctx.t("web-confirm-button"),
        then: Some("again"),
        ..ui::Ceremony::default()
    };
    let body = html! {
        form #again action=(address) method=(if get { "get" } else { "post" }) {
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
        }
        (ui::card(&ctx.t("web-confirm-card"), ui::passkey(ctx, &ceremony)))
    };
    Page {
        status: StatusCode::FORBIDDEN,
        ..Page::new(ctx.t("web-confirm"), body).lead(ctx.t("web-confirm-lead")).script("passkey.js")
    }
}

/// Who signed in with a key or a link has no passkey here.
fn sign_in_again(ctx: &PageContext) -> Page {
    let body = html! {
        p { (ctx.t("web-confirm-key")) }
        form action="/sign-out" method="post" { (ui::submit(&ctx.t("web-sign-out"))) }
    };
    Page { status: StatusCode::FORBIDDEN, ..Page::new(ctx.t("web-confirm"), body).lead(ctx.t("web-confirm-lead")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lang;
    use axum::body::Body;
    use sipar_authz::PersonNumber;

    fn context(person: Option<PersonNumber>) -> PageContext {
        let mut ctx = PageContext { path: "/people/a/role".into(), ..PageContext::sample(Lang::En) };
        ctx.identity.person = person;
        ctx
    }

    async fn text(ctx: Option<&PageContext>, request: Request) -> (StatusCode, String) {
        let response = ask(ctx, request).await;
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().into()).unwrap())
    }

    #[tokio::test]
    async fn the_same_form_is_sent_again_once_it_is_confirmed() {
        let ctx = context(Some(PersonNumber(1)));
        let form = |body: &'static str, kind: &str| {
            Request::post("/people/a/role").header("content-type", kind).body(Body::from(body)).unwrap()
        };
        let urlencoded = "application/x-www-form-urlencoded";
        let (status, page) = text(Some(&ctx), form("role=admin&reason=a+b%26%3Cc%3E", urlencoded)).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(page.contains("action=\"/people/a/role\" method=\"post\""), "{page}");
        assert!(page.contains("name=\"reason\" value=\"a b&amp;&lt;c&gt;\""), "{page}");
        assert!(page.contains("data-then=\"again\"") && page.contains("data-start=\"/confirm/start\""));
        let (status, page) = text(Some(&ctx), form("{}", "application/json")).await;
        assert!(status == StatusCode::FORBIDDEN && !page.contains("again"), "{page}");
        let (_, page) = text(Some(&ctx), form("a=%ff", urlencoded)).await;
        assert!(!page.contains("id=\"again\""), "{page}");
    }

    #[tokio::test]
    async fn who_has_no_passkey_here_is_told_what_to_do() {
        let request = || Request::get("/x").body(Body::empty()).unwrap();
        let (_, page) = text(Some(&context(None)), request()).await;
        assert!(page.contains("action=\"/sign-out\"") && !page.contains("data-start"), "{page}");
        let (status, problem) = text(None, request()).await;
        assert!(status == StatusCode::FORBIDDEN && problem.contains("fresh proof"), "{problem}");
    }
}
