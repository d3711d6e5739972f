//! The JSON API of appeals: the public door, and the queue.

pub(crate) mod door;
pub(crate) mod queue;

use crate::{Cases, CasesError};
use axum::{
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{get, post},
};
use sipar_area::{AreaError, Route};
use sipar_authz::Act;
use sipar_web::WebError;
use std::sync::Arc;

pub(crate) const DOOR: &str = "appeal-door";
pub(crate) const APPEAL: &str = "appeal";

/// The longest body at the public door, in bytes: 2,000 characters of four bytes each, escaped as JSON or as a form may
/// (RFC 8259 §7, URL standard §5.2), with the rest.
pub(crate) const BODY_BYTES_MAX: usize = 32 << 10;

/// The JSON API.
pub fn routes(cases: &Arc<Cases>) -> Vec<Route> {
    let with = || Arc::clone(cases);
    let submit = post(door::submit).with_state(with()).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    vec![
        Route::post("/api/v1/appeals", DOOR, Act::Write, submit),
        Route::get("/api/v1/appeals/status", DOOR, get(door::status).with_state(with())),
        Route::get("/api/v1/appeals", APPEAL, get(queue::list).with_state(with())),
        Route::get("/api/v1/appeals/{decision}", APPEAL, get(queue::one).with_state(with())),
        Route::post("/api/v1/appeals/{decision}/take-up", APPEAL, Act::Decide, post(queue::take_up).with_state(with())),
        Route::post("/api/v1/appeals/{decision}/decide", APPEAL, Act::Decide, post(queue::decide).with_state(with())),
    ]
}

pub(crate) fn refusal(error: CasesError) -> WebError {
    match error {
        CasesError::Words(why) => WebError::unprocessable(why.into()),
        CasesError::NoBlock(why) | CasesError::Missing(why) => WebError::not_found().detail(why),
        CasesError::Refused(why) => WebError::unprocessable(why),
        CasesError::Full(why) => WebError::new(StatusCode::TOO_MANY_REQUESTS).detail(why),
        other => WebError::internal("using appeals", &AreaError::from(other)),
    }
}
