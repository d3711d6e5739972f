//! The house's own pages and answers: each asks every area for its part.

use crate::router::HouseState;
use axum::{
    Json,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_area::{AreaError, Reason, SearchHit, clearance};
use sipar_model::Observable;
use sipar_web::{ApiError, Page, PageContext, WebError, context::Caller, page, ui};

/// Hits of one area in a search: more than a person reads.
const HITS_PER_AREA_MAX: usize = 25;

/// A search longer than this is a mistake, in characters: URLs are the longest thing that one looks for.
const SEARCH_CHARS_MAX: usize = 2_048;

fn fault(doing: &'static str) -> impl Fn(AreaError) -> WebError {
    move |error| WebError::internal(doing, &error)
}

/// The first page.
pub async fn overview(State(state): State<HouseState>, ctx: PageContext) -> Result<Response, WebError> {
    let mut parts: Vec<Markup> = Vec::new();
    // The areas stand in the order of the flow; who comes here looks first for what waits, then for where it came from.
    for area in state.areas.iter().rev() {
        parts.extend(area.overview(&ctx).await.map_err(fault("making the overview"))?);
    }
    let body = html! { @for part in &parts { (part) } };
    Ok(page(&ctx, Page::new(ctx.t("house-overview"), body).lead(ctx.t("house-overview-lead"))))
}

/// What is asked for.
#[derive(Deserialize)]
pub struct What {
    /// NAME, ADDRESS, PREFIX, URL or HASH.
    #[serde(default)]
    what: String,
}

/// The page about one observable: every area's part.
pub async fn look_up(
    State(state): State<HouseState>,
    ctx: PageContext,
    Query(asked): Query<What>,
) -> Result<Response, WebError> {
    let subject = Observable::guess(&asked.what).map_err(|error| WebError::bad_request((&error).into()))?;
    let mut parts: Vec<Markup> = Vec::new();
    // The areas stand in the order of the flow; who looks something up asks first for the verdict, then for the evidence.
    for area in state.areas.iter().rev() {
        parts.extend(area.panel(&ctx, &subject).await.map_err(fault("looking something up"))?);
    }
    let body = html! {
        @if parts.is_empty() { (ui::empty(&ctx.t("house-look-up-none"), html! { p { (ctx.t("house-look-up-none-next")) } })) }
        @for part in &parts { (part) }
    };
    let kind = ctx.t(&format!("house-kind-{}", subject.kind()));
    Ok(page(&ctx, Page::new(subject.value(), body).lead(kind)))
}

#[derive(Deserialize)]
pub struct SearchFor {
    #[serde(default)]
    q: String,
}

/// Search: something that is an observable leads to its page when nothing else is found.
pub async fn search(
    State(state): State<HouseState>,
    ctx: PageContext,
    Query(asked): Query<SearchFor>,
) -> Result<Response, WebError> {
    let text = asked.q.trim();
    let hits = find(&state, text, clearance(ctx.identity.role)).await?;
    let subject = Observable::guess(text).ok();
    if let (true, Some(subject)) = (hits.is_empty(), &subject) {
        let href = format!("/look-up?what={}", sipar_web::context::encode(&subject.value()));
        return Ok(Redirect::to(&href).into_response());
    }
    let body = html! {
        @if let Some(subject) = &subject {
            p { a href={ "/look-up?what=" (sipar_web::context::encode(&subject.value())) } {
                (ctx.t("house-search-exact")) " " bdi dir="ltr" { (subject.value()) }
            } }
        }
        @if hits.is_empty() {
            (ui::empty(&ctx.t("house-search-none"), html! { p { (ctx.t("house-search-none-next")) } }))
        } @else {
            ul.hits { @for hit in &hits {
                li { a href=(hit.href) { bdi dir="ltr" { (hit.title) } } " " span { (hit.about) } }
            } }
        }
    };
    Ok(page(&ctx, Page::new(ctx.t("house-search"), body).lead(text)))
}

async fn find(state: &HouseState, text: &str, clearance: sipar_model::Tlp) -> Result<Vec<SearchHit>, WebError> {
    let mut hits = Vec::new();
    if text.is_empty() || text.chars().count() > SEARCH_CHARS_MAX {
        return Ok(hits);
    }
    for area in state.areas.iter() {
        hits.extend(area.search(text, HITS_PER_AREA_MAX, clearance).await.map_err(fault("searching"))?);
    }
    Ok(hits)
}

/// The same as JSON.
pub async fn search_json(
    State(state): State<HouseState>,
    Caller(caller): Caller,
    Query(asked): Query<SearchFor>,
) -> Result<Json<Vec<SearchHit>>, ApiError> {
    Ok(Json(find(&state, asked.q.trim(), clearance(caller.role)).await?))
}

/// The chain of reasons, as JSON.
#[derive(serde::Serialize)]
pub struct Checked {
    observable: Observable,
    reasons: Vec<Reason>,
}

/// What is known and decided about something, with the whole chain of reasons.
pub async fn check(
    State(state): State<HouseState>,
    Caller(caller): Caller,
    Query(asked): Query<What>,
) -> Result<Json<Checked>, ApiError> {
    let observable = Observable::guess(&asked.what).map_err(|error| WebError::bad_request((&error).into()))?;
    let mut reasons = Vec::new();
    for area in state.areas.iter() {
        let own = area.explain(&observable, clearance(caller.role)).await;
        reasons.extend(own.map_err(fault("explaining something"))?);
    }
    Ok(Json(Checked { observable, reasons }))
}

/// The live measures of the clauses.
pub async fn measures(State(state): State<HouseState>) -> Result<Json<Vec<serde_json::Value>>, ApiError> {
    let mut all = Vec::new();
    for measure in state.areas.iter().flat_map(|area| area.measures()) {
        let read = (measure.read)().await.map_err(fault("reading a measure"))?;
        all.push(serde_json::json!({
            "name": measure.name, "clause": measure.clause, "unit": measure.unit, "period": measure.period,
            "of": measure.of, "value": read.value, "of_value": read.of,
        }));
    }
    Ok(Json(all))
}

/// Whether the control plane answers: its records can be read.
pub async fn health(State(state): State<HouseState>) -> Response {
    let readable = state.house.store.read(|reader| reader.query_one("select 1", sipar_store::params![])).await;
    match readable {
        Ok(_) => (StatusCode::OK, "ok\n").into_response(),
        Err(error) => WebError::internal("reading the records", &error).into_response(),
    }
}
