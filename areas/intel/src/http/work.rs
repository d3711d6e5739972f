//! Work on a feed that may take longer than a request: it is answered when it is done, or when it is known to go on.

use super::fault;
use crate::{feeds::Intel, wait::Answer};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use sipar_model::TimestampMs;
use sipar_web::ApiError;
use std::sync::Arc;

#[derive(Deserialize)]
pub(super) struct Since {
    /// What an answer said as `under_way_since`.
    since: Option<TimestampMs>,
}

pub(super) async fn pull(
    State(intel): State<Arc<Intel>>,
    Path(slug): Path<String>,
    Query(asked): Query<Since>,
) -> Result<Response, ApiError> {
    Ok(told(intel.answer(slug, asked.since, Intel::pull).await.map_err(fault)?))
}

pub(super) async fn apply_held(
    State(intel): State<Arc<Intel>>,
    Path(slug): Path<String>,
    Query(asked): Query<Since>,
) -> Result<Response, ApiError> {
    Ok(told(intel.answer(slug, asked.since, Intel::apply_held).await.map_err(fault)?))
}

/// What long work did; 202 with the time to ask again with, while it goes on (RFC 9110 §15.3.3).
fn told(answer: Answer) -> Response {
    match answer {
        Answer::Done(pulled) => Json(pulled).into_response(),
        Answer::GoesOn { since } => {
            (StatusCode::ACCEPTED, Json(serde_json::json!({ "under_way_since": since }))).into_response()
        }
    }
}
