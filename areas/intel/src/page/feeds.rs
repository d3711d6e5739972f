//! All feeds: what each brings, how it does, and what it alone has.

use super::{count, real};
use crate::{
    asked::{AddFeed, check_remote},
    feeds::Intel,
    http::{FEED, fault},
    reports::is_reports,
    store::{self, Quality, Source},
};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::{Act, Role};
use sipar_store::StoreError;
use sipar_web::{Page, PageContext, WebError, context::encode, page, ui};
use std::sync::Arc;

/// Feeds in the matrix of overlaps: more columns fit no screen.
const MATRIX_MAX: usize = 12;

pub(super) async fn list(State(intel): State<Arc<Intel>>, ctx: PageContext) -> Result<Response, WebError> {
    let (sources, quality) = intel
        .house
        .store
        .read(|reader| Ok::<_, StoreError>((store::sources(reader)?, store::read_quality(reader)?)))
        .await
        .map_err(|error| fault(error.into()))?;
    let body = html! {
        @for source in &sources { (held_alert(&ctx, source)) }
        (table(&ctx, &sources, &quality))
        (matrix(&ctx, &sources, &quality))
        @if ctx.may(FEED, Act::Write) { (add_form(&ctx, &intel)) }
    };
    Ok(page(&ctx, Page::new(ctx.t("intel-feeds"), body).lead(ctx.t("intel-feeds-lead"))))
}

pub(super) fn held_alert(ctx: &PageContext, source: &Source) -> Markup {
    let Some((_, why)) = &source.held else { return html! {} };
    let title = ctx.tw("intel-held-title", &[("feed", source.about.title.as_str().into())]);
    let body = html! {
        p dir="auto" { (why) }
        p { a href={ "/feeds/" (source.about.slug) } { (ctx.t("intel-held-look")) } }
    };
    ui::alert(ui::Tone::Warn, &title, body)
}

/// One word on how a feed does.
pub(super) fn health(ctx: &PageContext, source: &Source) -> Markup {
    if source.held.is_some() {
        return ui::badge(ui::Tone::Warn, &ctx.t("intel-health-held"));
    }
    match (source.failures, source.applied_at) {
        (0, Some(_)) => ui::badge(ui::Tone::Good, &ctx.t("intel-health-good")),
        (0, None) => ui::badge(ui::Tone::Neutral, &ctx.t("intel-health-new")),
        (failures, _) => ui::badge(ui::Tone::Bad, &ctx.tw("intel-health-failing", &[("n", failures.into())])),
    }
}

fn table(ctx: &PageContext, sources: &[Source], quality: &Quality) -> Markup {
    let rows = sources.iter().map(|source| {
        let of = quality.of.get(&source.number);
        vec![
            html! { a href={ "/feeds/" (source.about.slug) } { bdi { (source.about.title) } } },
            health(ctx, source),
            html! { @if let Some(at) = source.applied_at { (ctx.ago(at)) } @else { (ctx.t("intel-never-applied")) } },
            html! { @if is_reports(&source.about) { "–" } @else { (ctx.ago(source.next_at)) } },
            html! { @if let Some(of) = of { (count(of.things)) } @else { "–" } },
            html! { @if let Some(of) = of { (ui::share(ctx, real(of.alone), real(of.things), ui::Tone::Info)) } @else { "–" } },
            html! { @if let Some(of) = of { (ui::share(ctx, real(of.met), real(of.things), ui::Tone::Good)) } @else { "–" } },
            html! { @if let Some(of) = of { (count(of.hits)) } @else { "–" } },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("intel-feeds-caption"),
        columns: vec![
            ui::Column::text(ctx.t("intel-feed")),
            ui::Column::text(ctx.t("intel-health")),
            ui::Column::text(ctx.t("intel-applied")),
            ui::Column::text(ctx.t("intel-next")),
            ui::Column::number(ctx.t("intel-things")),
            ui::Column::text(ctx.t("intel-alone")),
            ui::Column::text(ctx.tw("intel-met", &[("days", store::MET_DAYS.into())])),
            ui::Column::number(ctx.tw("intel-met-hits", &[("days", store::MET_DAYS.into())])),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("intel-no-feeds"), html! { p { (ctx.t("intel-no-feeds-next")) } })),
    })
}

/// How much of each feed (a row) stands in each other one (a column).
fn matrix(ctx: &PageContext, sources: &[Source], quality: &Quality) -> Markup {
    let mut shown: Vec<&Source> = sources.iter().filter(|source| quality.of.contains_key(&source.number)).collect();
    if shown.len() < 2 {
        return html! {};
    }
    shown.sort_by_key(|source| std::cmp::Reverse(quality.of.get(&source.number).map_or(0, |of| of.things)));
    shown.truncate(MATRIX_MAX);
    let cell = |row: &Source, column: &Source| {
        let Some(of) = quality.of.get(&row.number) else { return html! { "–" } };
        if row.number == column.number {
            return html! { "·" };
        }
        let shared = of.shared.get(&column.number).copied().unwrap_or(0);
        html! { span title=(count(shared)) { (sipar_web::format::percent(real(shared), real(of.things))) } }
    };
    let rows = shown.iter().map(|row| {
        let name = html! { bdi { (row.about.slug) } };
        std::iter::once(name).chain(shown.iter().map(|column| cell(row, column))).collect()
    });
    let columns = shown.iter().map(|source| ui::Column::number(source.about.slug.clone()));
    let caption = match quality.counted_at {
        Some(at) => ctx.tw("intel-overlap-caption", &[("when", ctx.time_text(at).into())]),
        None => ctx.t("intel-overlap"),
    };
    let table = ui::table(&ui::Table {
        caption,
        columns: std::iter::once(ui::Column::text(ctx.t("intel-feed"))).chain(columns).collect(),
        rows: rows.collect(),
        empty: None,
    });
    ui::card(&ctx.t("intel-overlap"), table)
}

fn add_form(ctx: &PageContext, intel: &Intel) -> Markup {
    let choices =
        intel.formats.values().map(|format| ui::Choice { value: format.slug.clone(), text: format.title.clone() });
    let code = |name: &str, label: &str, hint: &str| {
        ui::field(
            ctx,
            &ui::Field {
                name: name.into(),
                label: ctx.t(label),
                hint: Some(ctx.t(hint)),
                kind: ui::FieldKind::Code,
                ..ui::Field::default()
            },
        )
    };
    let form = html! {
        form action="/feeds" method="post" {
            (ui::field(ctx, &ui::Field {
                name: "format".into(),
                label: ctx.t("intel-add-format"),
                required: true,
                kind: ui::FieldKind::Select(choices.collect()),
                ..ui::Field::default()
            }))
            (code("origin", "intel-add-origin", "intel-add-origin-hint"))
            (code("slug", "intel-add-slug", "intel-add-slug-hint"))
            (ui::submit(&ctx.t("intel-add")))
        }
    };
    ui::card(&ctx.t("intel-add-title"), form)
}

/// The form's fields.
#[derive(Deserialize)]
pub(super) struct AddBody {
    format: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    slug: String,
}

pub(super) async fn add(
    State(intel): State<Arc<Intel>>,
    ctx: PageContext,
    Form(body): Form<AddBody>,
) -> Result<Response, WebError> {
    if ctx.identity.role < Role::Admin {
        check_remote(Some(&body.origin))?;
    }
    let asked = AddFeed { format: body.format, origin: Some(body.origin), slug: Some(body.slug), ..AddFeed::default() };
    let slug = intel.on_thread(move |intel| asked.add_to(intel)).await.map_err(fault)?;
    Ok(Redirect::to(&format!("/feeds/{}", encode(&slug))).into_response())
}
