//! AbuseIPDB's second API, as its clients ask it: look-ups, the list, and reports. Field names, units, limits and errors
//! follow its public documentation (docs.abuseipdb.com), so that a client changes one address.
//!
//! What is not known here is `null`: where an address lies, and whether it is a relay of Tor.
//! The words that come with a report are read past and dropped: they are lines of somebody's log.

pub mod bulk;
mod check;
pub mod form;
mod give;
mod list;

use super::{DOOR, lapi::peer_of};
use crate::{
    Bouncers, BouncersError,
    clients::{Client, Refusal},
    model::{
        client::Scope,
        limits::{Bound, Door, Left},
    },
};
use axum::{
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde_json::{Value, json};
use sipar_area::{AreaError, Route};
use sipar_authz::Act;
use sipar_model::TimestampMs;
use sipar_web::format::rfc3339;
use std::{net::IpAddr, sync::Arc};

/// Bytes of one report: a comment has 1,024 characters there, each of which a form may write as twelve bytes.
const REPORT_BYTES_MAX: usize = 64 << 10;

/// Bytes of a file of reports: 2 MB there, and what its form puts around it.
const BULK_BYTES_MAX: usize = (2 << 20) + (16 << 10);

/// The routes.
pub fn routes(bouncers: &Arc<Bouncers>) -> Vec<Route> {
    let state = || Arc::clone(bouncers);
    let report = post(give::report).layer(DefaultBodyLimit::max(REPORT_BYTES_MAX)).with_state(state());
    let many = post(give::bulk_report).layer(DefaultBodyLimit::max(BULK_BYTES_MAX)).with_state(state());
    let clear = Route {
        method: axum::http::Method::DELETE,
        path: "/api/v2/clear-address",
        resource: DOOR,
        act: Act::Write,
        sensitive: false,
        within: false,
        handler: delete(give::clear_address).with_state(state()),
    };
    vec![
        Route::get("/api/v2/check", DOOR, get(check::check).with_state(state())),
        Route::get("/api/v2/check-block", DOOR, get(check::check_block).with_state(state())),
        Route::get("/api/v2/blacklist", DOOR, get(list::blacklist).with_state(state())),
        Route::post("/api/v2/report", DOOR, Act::Write, report),
        Route::post("/api/v2/bulk-report", DOOR, Act::Write, many),
        clear,
    ]
}

/// A refusal, in that API's form.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    detail: String,
    parameter: Option<&'static str>,
    left: Option<Left>,
    retry_after_s: Option<i64>,
    /// What the page counts it as.
    event: Option<&'static str>,
}

impl Fault {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), parameter: None, left: None, retry_after_s: None, event: None }
    }

    /// A parameter that cannot be used: 422 there.
    fn unfit(parameter: &'static str, detail: impl Into<String>) -> Self {
        Self { parameter: Some(parameter), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }

    fn counted(self, event: &'static str) -> Self {
        Self { event: Some(event), ..self }
    }

    fn broken(error: BouncersError) -> Self {
        tracing::error!(error = AreaError::from(error).chain(), "a request for reports or look-ups failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The request could not be served; try again later.")
    }

    fn not_ready() -> Self {
        let fault = Self::new(StatusCode::SERVICE_UNAVAILABLE, "No state of the policy was read yet; try again.");
        Self { retry_after_s: Some(5), ..fault }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoKey | Refusal::UnknownKey => Self::new(
                StatusCode::UNAUTHORIZED,
                "Authentication failed. Your API key is either missing, incorrect, or revoked.",
            ),
            Refusal::Scope => Self::new(StatusCode::FORBIDDEN, "This key is not for this endpoint."),
            Refusal::TooMany => Self {
                retry_after_s: Some(60),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many wrong keys from this address.")
            },
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut error = json!({ "detail": self.detail, "status": self.status.as_u16() });
        if let Some(parameter) = self.parameter {
            error["source"] = json!({ "parameter": parameter });
        }
        let mut response = answer(self.status, self.left, &json!({ "errors": [error] }));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An answer, with what the client has left.
fn answer(status: StatusCode, left: Option<Left>, body: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, body.to_string()).into_response();
    if let Some(left) = left {
        put_left(response.headers_mut(), left);
    }
    response
}

/// The headers that say what is left.
fn put_left(headers: &mut HeaderMap, left: Left) {
    let mut put = |name: &'static str, value: HeaderValue| headers.insert(HeaderName::from_static(name), value);
    put("x-ratelimit-limit", HeaderValue::from(left.limit));
    put("x-ratelimit-remaining", HeaderValue::from(left.remaining));
    put("x-ratelimit-reset", HeaderValue::from(left.reset_s));
}

/// Who asks, and what they have left.
struct Asker {
    client: Client,
    left: Left,
}

impl Asker {
    /// Lets in who has a key for this door and something left of its share.
    fn admit(bouncers: &Bouncers, request: &Request, scope: Scope, door: Door) -> Result<Self, Fault> {
        let from = peer_of(request).map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.ip().to_canonical());
        let headers = request.headers();
        let key = headers.get("key").map(|value| value.to_str().unwrap_or_default().trim());
        let client = bouncers.clients.admit(key, scope, from)?;
        let now = bouncers.house.clock.now();
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        bouncers.clients.seen(&client.name, from, agent);
        match bouncers.clients.quotas.take(&client.name, door, now) {
            Ok(left) => Ok(Self { client, left }),
            Err(spent) => {
                bouncers.clients.note(&client.name, "quota", 1);
                let (per_day, per_minute) = door.bounds();
                let detail = match spent.bound {
                    Bound::Day => format!("Daily rate limit of {per_day} requests exceeded for this endpoint."),
                    Bound::Minute => {
                        format!("Rate limit of {per_minute} requests a minute exceeded for this endpoint.")
                    }
                };
                let fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, detail + " See headers for additional details.");
                Err(Fault { left: Some(spent.left), retry_after_s: Some(spent.retry_after_s), ..fault })
            }
        }
    }

    /// The answer; a refusal is counted, for the page.
    fn tell(self, bouncers: &Bouncers, done: Result<Value, Fault>) -> Response {
        match done {
            Ok(data) => answer(StatusCode::OK, Some(self.left), &data),
            Err(fault) => {
                if let Some(event) = fault.event {
                    bouncers.clients.note(&self.client.name, event, 1);
                }
                Fault { left: Some(self.left), ..fault }.into_response()
            }
        }
    }
}

/// A time as that API writes it: `2018-12-20T20:55:14+00:00`.
fn time(at: TimestampMs) -> String {
    let text = rfc3339(TimestampMs(at.0.div_euclid(1_000) * 1_000));
    text.strip_suffix('Z').map_or_else(|| text.clone(), |start| format!("{start}+00:00"))
}

/// How many days back is looked: from 1 to 365, and 30 unless it is said.
fn days_back(text: Option<&str>) -> Result<i64, Fault> {
    let Some(text) = text else { return Ok(30) };
    let days = text.parse().ok().filter(|days| (1..=365).contains(days));
    days.ok_or_else(|| Fault::unfit("maxAgeInDays", "The max age in days must be between 1 and 365."))
}
