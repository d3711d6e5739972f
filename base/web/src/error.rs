//! What a refusal or a failure looks like: a page for people, problem details (RFC 9457) for programs.
//! Every one says what to do next.

use crate::{
    context::PageContext,
    page::{Page, page},
    say::{Saying, say},
    ui,
};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::html;
use serde_json::json;
use sipar_authz::{Identity, Role, Rule, Verdict};
use std::{error::Error, io::ErrorKind, sync::Arc};

/// A refusal or failure of a request. As a response it is problem details;
/// the frame turns that into a page when a person asked for one.
#[derive(Clone, Debug)]
pub struct WebError {
    status: StatusCode,
    detail: Option<Saying>,
    next: Option<Saying>,
    /// What a library said of a request that it could not read, in English.
    reason: Option<String>,
    /// What programs are told where nothing else is: `detail` and `next`. A page says it in the reader's language.
    usual: Option<(&'static str, &'static str)>,
    /// The policy of access that refused it: its sentence is in both languages.
    policy: Option<Arc<Rule>>,
}

impl WebError {
    /// An error with this status.
    #[must_use]
    pub const fn new(status: StatusCode) -> Self {
        Self { status, detail: None, next: None, reason: None, usual: None, policy: None }
    }

    /// 400: `detail` says what is wrong with what was sent.
    pub fn bad_request(detail: Saying) -> Self {
        Self::new(StatusCode::BAD_REQUEST).detail(detail)
    }

    /// 401: signing in may help.
    #[must_use]
    pub const fn sign_in_first() -> Self {
        Self::new(StatusCode::UNAUTHORIZED)
    }

    /// 403: the caller may not, and knows that the thing exists.
    pub fn forbidden(detail: Saying) -> Self {
        Self::new(StatusCode::FORBIDDEN).detail(detail)
    }

    /// 404: it does not exist, or the caller may not know that it does.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND)
    }

    /// 409: the thing is no longer as the caller thought.
    pub fn conflict(detail: Saying) -> Self {
        Self::new(StatusCode::CONFLICT).detail(detail)
    }

    /// 422: understood, but it does not hold.
    pub fn unprocessable(detail: Saying) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY).detail(detail)
    }

    /// 503: it will work later.
    pub fn unavailable(detail: Saying) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE).detail(detail)
    }

    /// 507: there was no room to keep it (RFC 4918 §11.5). `None` when the cause is another. Logs the whole chain.
    pub fn full_disk(doing: &str, cause: &(dyn Error + 'static)) -> Option<Self> {
        if !no_room(cause) {
            return None;
        }
        tracing::error!(doing, error = sipar_model::chain(cause), "the disk is full");
        Some(Self { usual: Some((DISK_FULL, DISK_FULL_NEXT)), ..Self::new(StatusCode::INSUFFICIENT_STORAGE) })
    }

    /// 503: the database is away. `None` when the cause is another. Logs the whole chain.
    fn database_away(doing: &str, cause: &(dyn Error + 'static)) -> Option<Self> {
        // Marked so by the store, and by nobody else: a peer that is away refuses or resets.
        if !marked(cause, |kind| kind == ErrorKind::NotConnected) {
            return None;
        }
        tracing::error!(doing, error = sipar_model::chain(cause), "the database is away");
        Some(Self { usual: Some((DATABASE_AWAY, DATABASE_AWAY_NEXT)), ..Self::new(StatusCode::SERVICE_UNAVAILABLE) })
    }

    /// 500: our fault. Logs the whole chain once, here; the reader is told nothing of it. A full disk is 507, and a database that is away 503.
    pub fn internal(doing: &str, cause: &(dyn Error + 'static)) -> Self {
        if let Some(known) = Self::full_disk(doing, cause).or_else(|| Self::database_away(doing, cause)) {
            return known;
        }
        tracing::error!(doing, error = sipar_model::chain(cause), "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Adds what is wrong.
    #[must_use]
    pub fn detail(self, detail: Saying) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// Adds what to do next, in place of the usual advice for this status.
    #[must_use]
    pub fn next(self, next: Saying) -> Self {
        Self { next: Some(next), ..self }
    }

    /// Adds what a library said of a request that it could not read. Programs get its words; a page names the field.
    #[must_use]
    pub(crate) fn reason(self, reason: String) -> Self {
        let detail = field_of(&reason).map(|field| say("web-field-bad", [("field", field.into())]));
        Self { detail, reason: Some(reason), ..self }
    }

    /// A refusal by the policies of access: 401 when signing in may help, else 403. Programs get what decided and its
    /// id; a page says the policy's sentence, or which role it takes.
    #[must_use]
    pub fn refused(verdict: &Verdict, who: &Identity) -> Self {
        let word = |role: Role| say(role_key(role), []);
        let policy = verdict.policies.first().cloned();
        let least = verdict.least.filter(|_| policy.is_none());
        let detail =
            least.map(|least| say("web-needs-role", [("least", word(least).into()), ("role", word(who.role).into())]));
        let refusal = if who.role == Role::Public { Self::sign_in_first() } else { Self::new(StatusCode::FORBIDDEN) };
        Self { detail, policy, reason: Some(verdict.rule.to_string()), ..refusal }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong and what to do next, as far as it was said: for a page that asks again.
    #[must_use]
    pub fn what(&self, ctx: &PageContext) -> Option<String> {
        let policy = self.policy.iter().map(|policy| ctx.sentence(policy).to_owned());
        let said = [&self.detail, &self.next].into_iter().flatten().map(|said| ctx.say(said));
        let parts: Vec<String> = policy.chain(said).collect();
        (!parts.is_empty()).then(|| parts.join(&ctx.t("web-and-next")))
    }

    /// The error as a page.
    #[must_use]
    pub fn page(&self, ctx: &PageContext) -> Response {
        let status = self.status.as_u16();
        let known = ctx.texts.has(ctx.lang, &format!("web-error-{status}"));
        let class = if known { status.to_string() } else { format!("{}xx", status / 100) };
        let title = ctx.t(&format!("web-error-{class}"));
        let next = self.next.as_ref().map_or_else(|| ctx.t(&format!("web-error-{class}-next")), |next| ctx.say(next));
        let signed_out = ctx.identity.role == Role::Public;
        let body = html! {
            @if let Some(detail) = &self.detail { p.lead.said { (ctx.say(detail)) } }
            @if let Some(policy) = &self.policy {
                p.lead.said { (ctx.sentence(policy)) }
                p.hint { (ctx.t("web-policy")) " " (ui::mono(&policy.id)) }
            }
            p.said { (next) }
            div.actions {
                @if self.status == StatusCode::UNAUTHORIZED || (self.status == StatusCode::FORBIDDEN && signed_out) {
                    (ui::button_link(&ctx.t("web-sign-in"), "/sign-in"))
                }
                a href="/" { (ctx.t("web-to-start")) }
            }
        };
        let mut response = page(ctx, Page { title, body, status: self.status, ..Page::default() });
        add_challenge(&mut response, self.status);
        response
    }

    /// The error as problem details in the reader's language: for a script of a page, which shows them to a person.
    #[must_use]
    pub fn spoken(&self, ctx: &PageContext) -> Response {
        let status = self.status.as_u16();
        let usual = format!("web-error-{status}");
        let usual = if ctx.texts.has(ctx.lang, &usual) { usual } else { format!("web-error-{}xx", status / 100) };
        let detail = self.what(ctx).unwrap_or_else(|| ctx.t(&usual));
        self.problem_of(Some(detail), None)
    }

    /// The error as problem details.
    fn problem(&self) -> Response {
        let said = |saying: &Option<Saying>| saying.as_ref().map(ToString::to_string);
        let usual = self.usual.map_or((None, None), |(detail, next)| (Some(detail.into()), Some(next.into())));
        let detail = self.reason.clone().or_else(|| said(&self.detail)).or(usual.0);
        self.problem_of(detail, said(&self.next).or(usual.1))
    }

    /// The id of the policy that refused it, where one did.
    fn policy_id(&self) -> Option<&str> {
        self.policy.as_ref().map(|policy| policy.id.as_str())
    }

    fn problem_of(&self, detail: Option<String>, next: Option<String>) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
        });
        if let Some(detail) = detail {
            body["detail"] = json!(detail);
        }
        if let Some(next) = next {
            body["next"] = json!(next);
        }
        if let Some(policy) = self.policy_id() {
            body["policy"] = json!(policy);
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        add_challenge(&mut response, self.status);
        response
    }
}

/// What the disk's being full means for the request.
const DISK_FULL: &str = "the disk is full: nothing of this was kept, everything before it is safe and goes on serving";

/// What to do about it.
const DISK_FULL_NEXT: &str =
    "free some space on the disk of the data folder (and of the database, if it has one of its own) and send it again";

/// What the database's being away means for the request.
const DATABASE_AWAY: &str =
    "the database cannot be reached: nothing of this was kept, everything before it is safe and goes on serving";

/// What to do about it.
const DATABASE_AWAY_NEXT: &str =
    "check that the database runs and that this machine reaches it (`database.url`), and send it again";

/// Whether want of room is somewhere among the causes: on the disk, in a quota, or for one file (errno(3): ENOSPC,
/// EDQUOT, EFBIG).
#[must_use]
pub fn no_room(cause: &(dyn Error + 'static)) -> bool {
    use ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    marked(cause, |kind| matches!(kind, StorageFull | QuotaExceeded | FileTooLarge))
}

/// Whether an error of the system of this kind is somewhere among the causes.
fn marked(cause: &(dyn Error + 'static), is: fn(ErrorKind) -> bool) -> bool {
    let mut next = Some(cause);
    while let Some(cause) = next {
        // A store's cause is shared by all whose commit failed with it.
        let shared = cause.downcast_ref::<std::sync::Arc<dyn Error + Send + Sync>>();
        let system = shared.and_then(|shared| shared.downcast_ref::<std::io::Error>());
        if let Some(error) = cause.downcast_ref::<std::io::Error>().or(system) {
            // An error wrapped in one of the system's is no `source` of it.
            if is(error.kind()) || error.get_ref().is_some_and(|inner| marked(inner, is)) {
                return true;
            }
        }
        next = cause.source();
    }
    false
}

/// A 401 must name a way in (RFC 9110 §11.6.1). No `Basic`: browsers would open a window for it.
fn add_challenge(response: &mut Response, status: StatusCode) {
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sipar\""));
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let mut response = self.problem();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error that is always problem details, whoever asks.
#[derive(Clone, Debug)]
pub struct ApiError(pub WebError);

impl From<WebError> for ApiError {
    fn from(error: WebError) -> Self {
        Self(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0.problem()
    }
}

/// The key of a role's name.
const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Public => "web-role-public",
        Role::Member => "web-role-member",
        Role::Reader => "web-role-reader",
        Role::Analyst => "web-role-analyst",
        Role::Admin => "web-role-admin",
    }
}

/// The field that a form or a query could not be read for: `Failed to deserialize form body: days: invalid digit …`.
fn field_of(reason: &str) -> Option<&str> {
    let (_, rest) = reason.strip_prefix("Failed to deserialize ")?.split_once(": ")?;
    let field = match rest.strip_prefix("missing field `") {
        Some(rest) => rest.split('`').next(),
        None => rest.split_once(": ").map(|(field, _)| field),
    };
    field.filter(|field| !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// Whether a person asks: HTML is wanted, and not from the API.
#[must_use]
pub fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    !is_api(path) && (accept.contains("text/html") || headers.contains_key("hx-request"))
}

/// The header by which a script of ours says that a person reads what it is answered.
const READ_BY: &str = "x-sipar-read-by";

/// Whether a script of a page asks, which shows a person what it is answered.
#[must_use]
pub fn is_read_aloud(headers: &HeaderMap) -> bool {
    headers.get(READ_BY).is_some_and(|by| by.as_bytes() == b"person")
}

/// Whether a path belongs to the JSON API.
#[must_use]
pub fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_that_a_library_names_is_found() {
        let check = |reason: &str, expect: Option<&str>| assert_eq!(field_of(reason), expect, "{reason}");
        check("Failed to deserialize form body: days: invalid digit found in string", Some("days"));
        check("Failed to deserialize form body: missing field `what`", Some("what"));
        check("Failed to deserialize query string: before: number too large", Some("before"));
        check("Failed to deserialize form body: <b>: x", None);
        check("Failed to deserialize form body", None);
        check("length limit exceeded", None);
    }
}
