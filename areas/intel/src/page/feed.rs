//! One feed: where it comes from, its runs, what it shares, what is held; and the lines that a run refused.

use super::{count, feeds::health, real};
use crate::{
    asked::{shown_error, without_secrets},
    error::IntelError,
    feeds::Intel,
    http::{FEED, fault},
    reports::is_reports,
    store::{self, Outcome, Quality, Run, Source, SourceList},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_store::StoreError;
use sipar_web::{Page, PageContext, WebError, chart, context::encode, page, ui};
use std::sync::Arc;

/// Runs on the page.
const RUNS_SHOWN: u64 = 30;

/// Refused lines on a page.
const REFUSED_SHOWN: u64 = 100;

pub(super) async fn show(
    State(intel): State<Arc<Intel>>,
    ctx: PageContext,
    Path(slug): Path<String>,
) -> Result<Response, WebError> {
    let asked = slug.clone();
    let found = intel
        .house
        .store
        .read(move |reader| {
            let Some(source) = store::source(reader, &asked)? else { return Ok(None) };
            let runs = store::last_runs(reader, source.number, RUNS_SHOWN)?;
            let list = store::source_list(reader, source.number)?;
            Ok::<_, StoreError>(Some((source, runs, list, store::read_quality(reader)?, store::sources(reader)?)))
        })
        .await
        .map_err(|error| fault(error.into()))?;
    let (source, runs, list, quality, sources) =
        found.ok_or_else(|| fault(IntelError::NoFeed { slug: slug.clone() }))?;
    let body = html! {
        (held(&ctx, &source))
        @if let Some(error) = &source.last_error {
            (ui::alert(ui::Tone::Bad, &ctx.t("intel-last-error"), html! { p dir="auto" { (shown_error(&source, error)) } }))
        }
        (about(&ctx, &intel, &source, list.as_ref()))
        (course(&ctx, &runs))
        (shares(&ctx, &source, &quality, &sources))
        (run_table(&ctx, &source, &runs))
        (super::change::forms(&ctx, &source))
    };
    let aside = html! {
        @if ctx.may(FEED, Act::Write) && !is_reports(&source.about) { (ui::post_button(&ctx.t("intel-pull-now"), &format!("/feeds/{slug}/pull"), &[])) }
    };
    let title = source.about.title.clone();
    Ok(page(&ctx, Page::new(title, body).crumb(ctx.t("intel-feeds"), "/feeds").aside(aside)))
}

fn held(ctx: &PageContext, source: &Source) -> Markup {
    let Some((run, why)) = &source.held else { return html! {} };
    let path = |what: &str| format!("/feeds/{}/{what}", source.about.slug);
    let body = html! {
        p dir="auto" { (why) }
        p { (ctx.t("intel-held-next")) }
        p { a href=(path(&format!("refused/{run}"))) { (ctx.t("intel-held-refused")) } }
        @if ctx.may(FEED, Act::Decide) {
            div.actions {
                (ui::post_button(&ctx.t("intel-held-apply"), &path("apply"), &[]))
                (ui::post_button(&ctx.t("intel-held-discard"), &path("discard"), &[]))
            }
        }
    };
    let title = ctx.tw("intel-held-title", &[("feed", source.about.title.as_str().into())]);
    ui::alert(ui::Tone::Warn, &title, body)
}

fn about(ctx: &PageContext, intel: &Intel, source: &Source, list: Option<&SourceList>) -> Markup {
    let ready = intel.formats.get(&source.about.format);
    let pause = ctx.tw("intel-every-minutes", &[("n", source.about.every_min.into())]);
    let mut facts = vec![
        (ctx.t("intel-health"), health(ctx, source)),
        (ctx.t("intel-origin"), ui::mono(&without_secrets(&source.about.origin))),
        (
            ctx.t("intel-every"),
            match is_reports(&source.about) {
                true => html! { (ctx.t("intel-as-they-come")) },
                false => html! { (pause) ", " (ctx.t("intel-next-at")) " " (ctx.ago(source.next_at)) },
            },
        ),
        (ctx.t("intel-family"), html! { bdi { (source.about.family) } }),
        (ctx.t("intel-trust"), html! { bdi dir="ltr" { (source.about.trust) "%" } }),
    ];
    if let Some(at) = source.applied_at {
        facts.push((ctx.t("intel-applied"), ctx.when(at)));
    }
    if let Some(list) = list {
        let entries = ctx.tw("intel-allowed-entries", &[("n", count(list.entries).into())]);
        facts.push((
            ctx.t("intel-allowed"),
            html! { a href="/warning-lists" { (ui::mono(&format!("{}-allowed", source.about.slug))) } ", " (entries) },
        ));
    }
    if let Some(file) = &source.about.ca_file {
        facts.push((ctx.t("intel-ca-file"), ui::mono(file)));
    }
    if let Some(ready) = ready {
        facts.push((
            ctx.t("intel-publisher"),
            html! { a href=(ready.homepage) rel="noreferrer" { bdi { (ready.publisher) } } },
        ));
        facts.push((ctx.t("intel-licence"), html! { bdi { (ready.licence) } }));
    }
    ui::facts(&facts)
}

/// Rows taken in each applied run, over time.
fn course(ctx: &PageContext, runs: &[Run]) -> Markup {
    let applied = runs.iter().rev().filter(|run| run.outcome == Outcome::Applied);
    let points: Vec<_> = applied.map(|run| (run.started_at, real(run.accepted))).collect();
    if points.len() < 2 {
        return html! {};
    }
    let last = points.last().map_or(0.0, |(_, rows)| *rows);
    chart::line_chart(
        ctx,
        &chart::LineChart {
            title: ctx.t("intel-course"),
            about: ctx.tw("intel-course-about", &[("n", last.into())]),
            unit: ctx.t("intel-rows"),
            series: vec![chart::Series { name: ctx.t("intel-accepted"), points }],
            ..chart::LineChart::default()
        },
    )
}

fn shares(ctx: &PageContext, source: &Source, quality: &Quality, sources: &[Source]) -> Markup {
    let Some(of) = quality.of.get(&source.number) else { return html! {} };
    let mut others: Vec<(&str, u64)> =
        sources.iter().filter_map(|other| Some((other.about.title.as_str(), *of.shared.get(&other.number)?))).collect();
    others.sort_by_key(|(_, shared)| std::cmp::Reverse(*shared));
    let body = html! {
        p {
            (ctx.t("intel-alone")) ": "
            (ui::share(ctx, real(of.alone), real(of.things), ui::Tone::Info))
        }
        p {
            (ctx.tw("intel-met", &[("days", store::MET_DAYS.into())])) ": "
            (ui::share(ctx, real(of.met), real(of.things), ui::Tone::Good)) " · "
            (ctx.tw("intel-met-hits", &[("days", store::MET_DAYS.into())])) ": " (count(of.hits))
        }
        @if !others.is_empty() {
            ul { @for (title, shared) in others { li {
                bdi { (title) } ": " (ui::share(ctx, real(shared), real(of.things), ui::Tone::Neutral))
            } } }
        }
    };
    ui::card(&ctx.t("intel-quality"), body)
}

fn run_table(ctx: &PageContext, source: &Source, runs: &[Run]) -> Markup {
    let rows = runs.iter().map(|run| {
        let refused = format!("/feeds/{}/refused/{}", source.about.slug, run.number);
        vec![
            html! { (ctx.when(run.started_at)) @if !run.file.is_empty() { br; (ui::mono(&run.file)) } },
            html! { (outcome(ctx, run.outcome)) @if !run.detail.is_empty() { p dir="auto" { (shown_error(source, &run.detail)) } } },
            html! { (count(run.accepted)) },
            html! { @if run.refused > 0 { a href=(refused) { (count(run.refused)) } } @else { "0" } },
            html! { (count(run.fresh)) },
            html! { (count(run.changed)) },
            html! { (count(run.withdrawn)) },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("intel-runs"),
        columns: vec![
            ui::Column::text(ctx.t("intel-started")),
            ui::Column::text(ctx.t("intel-outcome")),
            ui::Column::number(ctx.t("intel-accepted")),
            ui::Column::number(ctx.t("intel-refused")),
            ui::Column::number(ctx.t("intel-fresh")),
            ui::Column::number(ctx.t("intel-changed")),
            ui::Column::number(ctx.t("intel-withdrawn")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("intel-no-runs"), html! { p { (ctx.t("intel-no-runs-next")) } })),
    })
}

fn outcome(ctx: &PageContext, outcome: Outcome) -> Markup {
    let (tone, key) = match outcome {
        Outcome::Running => (ui::Tone::Info, "intel-outcome-running"),
        Outcome::Applied => (ui::Tone::Good, "intel-outcome-applied"),
        Outcome::Held => (ui::Tone::Warn, "intel-outcome-held"),
        Outcome::Failed => (ui::Tone::Bad, "intel-outcome-failed"),
        Outcome::Interrupted => (ui::Tone::Neutral, "intel-outcome-interrupted"),
    };
    ui::badge(tone, &ctx.t(key))
}

pub(super) async fn refused(
    State(intel): State<Arc<Intel>>,
    ctx: PageContext,
    Path((slug, number)): Path<(String, i64)>,
) -> Result<Response, WebError> {
    let asked = ctx.parameter("page").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1).max(1);
    let from = (asked - 1).min(store::REFUSED_KEPT_MAX / REFUSED_SHOWN) * REFUSED_SHOWN;
    let found = intel
        .house
        .store
        .read(move |reader| {
            let run = store::run(reader, number)?;
            Ok::<_, StoreError>(run.map(|run| Ok((run, store::refused_lines(reader, number, from, REFUSED_SHOWN)?))))
        })
        .await
        .map_err(|error| fault(error.into()))?;
    let (run, lines) = found.ok_or_else(WebError::not_found)?.map_err(|error: StoreError| fault(error.into()))?;
    let kept = run.refused.min(store::REFUSED_KEPT_MAX);
    let rows = lines.iter().map(|line| {
        vec![html! { (count(line.line)) }, html! { p dir="auto" { (line.reason) } }, html! { (line.excerpt) }]
    });
    let table = ui::table(&ui::Table {
        caption: ctx.tw("intel-refused-caption", &[("n", count(run.refused).into()), ("kept", count(kept).into())]),
        columns: vec![
            ui::Column::number(ctx.t("intel-line")),
            ui::Column::text(ctx.t("intel-reason")),
            ui::Column::code(ctx.t("intel-excerpt")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("intel-none-refused"), html! { p { (ctx.t("intel-none-refused-next")) } })),
    });
    let body = html! { (table) (ui::pager(&ctx, &ui::Pager::of(&ctx, REFUSED_SHOWN, kept))) };
    let page_of = Page::new(ctx.t("intel-refused-lines"), body)
        .crumb(ctx.t("intel-feeds"), "/feeds")
        .crumb(slug.clone(), format!("/feeds/{}", encode(&slug)));
    Ok(page(&ctx, page_of))
}

fn back(slug: &str) -> Response {
    Redirect::to(&format!("/feeds/{}", encode(slug))).into_response()
}

/// Makes it due; the job pulls it, so that nobody waits for a slow server with a page open.
pub(super) async fn pull(State(intel): State<Arc<Intel>>, Path(slug): Path<String>) -> Result<Response, WebError> {
    let to = back(&slug);
    intel.on_thread(move |intel| intel.make_due(&slug)).await.map_err(fault)?;
    Ok(to)
}

pub(super) async fn apply(State(intel): State<Arc<Intel>>, Path(slug): Path<String>) -> Result<Response, WebError> {
    let to = back(&slug);
    // The page shows how far it is, also when it goes on.
    intel.answer(slug, None, Intel::apply_held).await.map_err(fault)?;
    Ok(to)
}

pub(super) async fn discard(State(intel): State<Arc<Intel>>, Path(slug): Path<String>) -> Result<Response, WebError> {
    let to = back(&slug);
    intel.on_thread(move |intel| intel.discard_held(&slug)).await.map_err(fault)?;
    Ok(to)
}
