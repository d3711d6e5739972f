//! The JSON API of threat data.

mod work;

use crate::{
    asked::{AddFeed, check_remote, shown_error, without_secrets},
    error::{IntelError, say},
    feeds::Intel,
    manage::{EditFeed, Remover, needs_admin},
    store::{self, RefusedLine, Run, Source, StoredWarningList},
    view::IndicatorView,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use sipar_area::{Route, clearance};
use sipar_authz::{Act, Role};
use sipar_ledger::Salt;
use sipar_model::{Observable, TimestampMs, fact::WarningList};
use sipar_web::{ApiError, Caller, WebError};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const FEED: &str = "feed";
pub(crate) const INDICATOR: &str = "indicator";
pub(crate) const WARNING_LIST: &str = "warning-list";

/// Refused lines in one answer.
const REFUSED_PAGE: u64 = 200;

/// Runs in one answer.
const RUNS_PAGE: u64 = 50;

/// Hits of one search.
const SEARCH_MAX: usize = 100;

/// The JSON API.
pub(crate) fn routes(intel: &Arc<Intel>) -> Vec<Route> {
    let state = || Arc::clone(intel);
    vec![
        Route::get("/api/v1/intel/formats", FEED, get(formats).with_state(state())),
        Route::get("/api/v1/intel/feeds", FEED, get(list).with_state(state())),
        Route::post("/api/v1/intel/feeds", FEED, Act::Write, post(add).with_state(state())),
        Route::get("/api/v1/intel/feeds/{slug}", FEED, get(show).with_state(state())),
        Route::post("/api/v1/intel/feeds/{slug}/pull", FEED, Act::Write, post(work::pull).with_state(state())),
        Route::post("/api/v1/intel/feeds/{slug}/apply", FEED, Act::Decide, post(work::apply_held).with_state(state())),
        Route::post("/api/v1/intel/feeds/{slug}/discard", FEED, Act::Decide, post(discard_held).with_state(state())),
        Route::post("/api/v1/intel/feeds/{slug}/edit", FEED, Act::Write, post(edit).with_state(state())),
        Route::post("/api/v1/intel/feeds/{slug}/remove", FEED, Act::Decide, post(remove).with_state(state()))
            .sensitive(),
        Route::get("/api/v1/intel/runs/{number}/refused", FEED, get(refused).with_state(state())),
        Route::get("/api/v1/intel/indicators", INDICATOR, get(search).with_state(state())),
        Route::get("/api/v1/intel/indicator", INDICATOR, get(indicator).with_state(state())),
        Route::get("/api/v1/intel/warning-lists", WARNING_LIST, get(warning_lists).with_state(state())),
    ]
}

/// The answer to an error: what the caller can mend is said, what is ours is logged.
pub(crate) fn fault(error: IntelError) -> WebError {
    if let Some(full) = WebError::full_disk("threat data", &error) {
        return full;
    }
    let Some(said) = error.said() else { return WebError::internal("threat data", &error) };
    let status = match &error {
        IntelError::NoFeed { .. } => StatusCode::NOT_FOUND,
        IntelError::Exists { .. } | IntelError::NotHeld { .. } | IntelError::Busy { .. } => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    WebError::new(status).detail(said)
}

#[derive(Serialize)]
struct FormatOut<'a> {
    slug: &'a str,
    title: &'a str,
    publisher: &'a str,
    homepage: &'a str,
    licence: &'a str,
    source: &'a str,
    family: &'a str,
    every_min: u32,
}

async fn formats(State(intel): State<Arc<Intel>>) -> Json<serde_json::Value> {
    let formats: Vec<FormatOut<'_>> = intel
        .formats
        .values()
        .map(|format| FormatOut {
            slug: &format.slug,
            title: &format.title,
            publisher: &format.publisher,
            homepage: &format.homepage,
            licence: &format.licence,
            source: &format.source,
            family: &format.family,
            every_min: format.every_min,
        })
        .collect();
    Json(serde_json::json!({ "formats": formats }))
}

#[derive(Serialize)]
struct FeedOut {
    slug: String,
    title: String,
    format: String,
    origin: String,
    family: String,
    trust_percent: u8,
    every_min: u32,
    next_pull_at: TimestampMs,
    last_tried_at: Option<TimestampMs>,
    last_applied_at: Option<TimestampMs>,
    rows: Option<u64>,
    failures: u32,
    last_error: Option<String>,
    held: Option<String>,
}

impl From<Source> for FeedOut {
    fn from(source: Source) -> Self {
        let last_error = source.last_error.as_ref().map(|error| shown_error(&source, error));
        Self {
            slug: source.about.slug,
            title: source.about.title,
            format: source.about.format,
            origin: without_secrets(&source.about.origin),
            family: source.about.family,
            trust_percent: source.about.trust,
            every_min: source.about.every_min,
            next_pull_at: source.next_at,
            last_tried_at: source.tried_at,
            last_applied_at: source.applied_at,
            rows: source.last.map(|last| last.accepted),
            failures: source.failures,
            last_error,
            held: source.held.map(|(_, why)| why),
        }
    }
}

async fn list(State(intel): State<Arc<Intel>>) -> Result<Json<serde_json::Value>, ApiError> {
    let sources = intel.house.store.read(store::sources).await.map_err(|error| fault(error.into()))?;
    let feeds: Vec<FeedOut> = sources.into_iter().map(FeedOut::from).collect();
    Ok(Json(serde_json::json!({ "feeds": feeds })))
}

async fn add(
    State(intel): State<Arc<Intel>>,
    Caller(caller): Caller,
    Json(asked): Json<AddFeed>,
) -> Result<(StatusCode, Json<serde_json::Value>), ApiError> {
    if caller.role < Role::Admin {
        check_remote(asked.origin.as_deref())?;
        if asked.allow_private || asked.ca_file.is_some() {
            return Err(WebError::forbidden(say("intel-refused-admin-add", [])).into());
        }
    }
    let slug = intel.on_thread(move |intel| asked.add_to(intel)).await.map_err(fault)?;
    Ok((StatusCode::CREATED, Json(serde_json::json!({ "slug": slug }))))
}

#[derive(Serialize)]
struct FeedShown {
    #[serde(flatten)]
    feed: FeedOut,
    things: Option<u64>,
    alone: Option<u64>,
    shared: BTreeMap<String, u64>,
    /// Entries of the warning list that comes with the feed, if one does.
    allowed_entries: Option<u64>,
    runs: Vec<Run>,
}

async fn show(State(intel): State<Arc<Intel>>, Path(slug): Path<String>) -> Result<Json<FeedShown>, ApiError> {
    let asked = slug.clone();
    let found = intel
        .house
        .store
        .read(move |reader| {
            let Some(source) = store::source(reader, &asked)? else { return Ok(None) };
            let runs = store::last_runs(reader, source.number, RUNS_PAGE)?;
            let list = store::source_list(reader, source.number)?;
            let (quality, sources) = (store::read_quality(reader)?, store::sources(reader)?);
            Ok::<_, sipar_store::StoreError>(Some((source, runs, list, quality, sources)))
        })
        .await
        .map_err(|error| fault(error.into()))?;
    let (source, runs, list, quality, sources) = found.ok_or_else(|| fault(IntelError::NoFeed { slug }))?;
    let of = quality.of.get(&source.number);
    let name = |number: &i64| sources.iter().find(|one| one.number == *number).map(|one| one.about.slug.clone());
    let shared = of.into_iter().flat_map(|of| &of.shared).filter_map(|(other, n)| Some((name(other)?, *n))).collect();
    Ok(Json(FeedShown {
        things: of.map(|of| of.things),
        alone: of.map(|of| of.alone),
        shared,
        runs,
        allowed_entries: list.map(|list| list.entries),
        feed: source.into(),
    }))
}

async fn discard_held(State(intel): State<Arc<Intel>>, Path(slug): Path<String>) -> Result<StatusCode, ApiError> {
    intel.on_thread(move |intel| intel.discard_held(&slug)).await.map_err(fault)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn edit(
    State(intel): State<Arc<Intel>>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Json(edit): Json<EditFeed>,
) -> Result<StatusCode, ApiError> {
    do_edit(&intel, caller.role, slug, edit).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes a feed, as far as this role may.
pub(crate) async fn do_edit(intel: &Arc<Intel>, role: Role, slug: String, edit: EditFeed) -> Result<(), WebError> {
    if role < Role::Admin {
        check_remote(edit.origin.as_deref())?;
        let asked = slug.clone();
        let source = intel.on_thread(move |intel| intel.source(&asked)).await.map_err(fault)?;
        if let Some(why) = needs_admin(&source, &edit) {
            return Err(WebError::forbidden(why));
        }
    }
    intel.on_thread(move |intel| intel.edit(&slug, edit)).await.map_err(fault)
}

#[derive(Deserialize)]
pub(crate) struct RemoveBody {
    pub reason: String,
}

#[derive(Serialize)]
struct Removed {
    slug: String,
    detail: Option<String>,
}

async fn remove(
    State(intel): State<Arc<Intel>>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Json(body): Json<RemoveBody>,
) -> Result<Json<Removed>, ApiError> {
    do_remove(&intel, &caller.label, slug.clone(), body.reason).await?;
    let detail = intel.on_thread(Intel::clear_removed).await.map_err(fault)?;
    Ok(Json(Removed { slug, detail }))
}

/// Removes a feed; a job takes back what it has said.
pub(crate) async fn do_remove(intel: &Arc<Intel>, label: &str, slug: String, reason: String) -> Result<(), WebError> {
    let salt = Salt::fresh().ok_or_else(|| WebError::unavailable(sipar_web::no_chance()))?;
    let remover = Remover { label: label.to_owned(), salt };
    intel.on_thread(move |intel| intel.remove(&slug, &remover, &reason)).await.map_err(fault)
}

#[derive(Deserialize)]
struct From0 {
    #[serde(default)]
    from: u64,
}

#[derive(Serialize)]
struct RefusedOut {
    run: i64,
    total: u64,
    kept_at_most: u64,
    lines: Vec<RefusedLine>,
}

async fn refused(
    State(intel): State<Arc<Intel>>,
    Path(number): Path<i64>,
    Query(page): Query<From0>,
) -> Result<Json<RefusedOut>, ApiError> {
    let (run, lines) = intel
        .house
        .store
        .read(move |reader| {
            let run = store::run(reader, number)?;
            Ok::<_, sipar_store::StoreError>((run, store::refused_lines(reader, number, page.from, REFUSED_PAGE)?))
        })
        .await
        .map_err(|error| fault(error.into()))?;
    let run = run.ok_or_else(WebError::not_found)?;
    Ok(Json(RefusedOut { run: number, total: run.refused, kept_at_most: store::REFUSED_KEPT_MAX, lines }))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn search(
    State(intel): State<Arc<Intel>>,
    Caller(caller): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let found = intel.find(&asked.q, clearance(caller.role), SEARCH_MAX).await.map_err(fault)?;
    let found: Vec<_> =
        found.into_iter().map(|(kind, value)| serde_json::json!({ "type": kind.word(), "value": value })).collect();
    Ok(Json(serde_json::json!({ "indicators": found, "at_most": SEARCH_MAX })))
}

#[derive(Serialize)]
struct IndicatorOut {
    observable: Observable,
    score: f64,
    falls_below_threshold_at: Option<TimestampMs>,
    assertions: Vec<serde_json::Value>,
    warning_lists: Vec<WarningList>,
    curve: Vec<(TimestampMs, f64)>,
}

impl From<IndicatorView> for IndicatorOut {
    fn from(view: IndicatorView) -> Self {
        let assertions = view.asserted.iter().map(|one| {
            let mut out = serde_json::json!(one.assertion);
            out["withdrawn"] = one.withdrawn.into();
            out["run"] = one.run.into();
            out
        });
        Self {
            score: view.score,
            falls_below_threshold_at: view.falls_at,
            assertions: assertions.collect(),
            warning_lists: view.warnings,
            curve: view.curve,
            observable: view.observable,
        }
    }
}

async fn indicator(
    State(intel): State<Arc<Intel>>,
    Caller(caller): Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<IndicatorOut>, ApiError> {
    let observable = Observable::guess(&asked.q).map_err(|error| WebError::bad_request((&error).into()))?;
    let now = intel.house.clock.now();
    let view = intel.view(observable, clearance(caller.role), now).await.map_err(fault)?;
    Ok(Json(view.into()))
}

async fn warning_lists(State(intel): State<Arc<Intel>>) -> Result<Json<serde_json::Value>, ApiError> {
    let lists = intel.house.store.read(store::stored_lists).await.map_err(|error| fault(error.into()))?;
    let lists: &[StoredWarningList] = &lists;
    Ok(Json(serde_json::json!({ "lists": lists })))
}
