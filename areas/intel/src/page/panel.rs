//! This area's parts of other pages: what sources say of one thing with its score over time, and the state of feeds.

use super::{count, real};
use crate::{
    store::{Quality, Source},
    view::IndicatorView,
};
use maud::{Markup, html};
use sipar_web::{PageContext, chart, ui};

/// What is known of one thing; nothing when nothing is.
pub(crate) fn panel(ctx: &PageContext, view: &IndicatorView, threshold: f64) -> Option<Markup> {
    if view.asserted.is_empty() && view.warnings.is_empty() {
        return None;
    }
    Some(html! {
        @if !view.curve.is_empty() { (score_card(ctx, view, threshold)) }
        @if !view.asserted.is_empty() { (assertions(ctx, view)) }
        @if !view.warnings.is_empty() { (warnings(ctx, view)) }
    })
}

fn score_card(ctx: &PageContext, view: &IndicatorView, threshold: f64) -> Markup {
    let score = sipar_web::format::decimal(view.score.round());
    let about = match view.falls_at {
        Some(at) if at > ctx.now => {
            let values = [("score", score.as_str().into()), ("day", ctx.day_text(at).into())];
            ctx.tw("intel-score-falls", &values)
        }
        _ => ctx.tw("intel-score-below", &[("score", score.as_str().into())]),
    };
    let picture = chart::line_chart(
        ctx,
        &chart::LineChart {
            title: ctx.t("intel-score-curve"),
            about: about.clone(),
            unit: ctx.t("intel-score-unit"),
            series: vec![chart::Series { name: ctx.t("intel-score"), points: view.curve.clone() }],
            thresholds: vec![chart::Threshold { value: threshold, name: ctx.t("intel-score-threshold") }],
            most: Some(100.0),
            mark: Some((ctx.now, ctx.t("intel-now"))),
            filled: true,
        },
    );
    ui::card(&ctx.t("intel-score"), html! { p { strong { (score) } " / 100. " (about) } (picture) })
}

fn assertions(ctx: &PageContext, view: &IndicatorView) -> Markup {
    let rows = view.asserted.iter().map(|one| {
        let said = &one.assertion;
        vec![
            html! { bdi { (said.source) } @if one.withdrawn { " " (ui::badge(ui::Tone::Neutral, &ctx.t("intel-taken-back"))) } },
            ui::category(ctx, said.category),
            html! { bdi dir="ltr" { (said.confidence.percent()) "%" } },
            ctx.when(said.first_seen),
            ctx.when(said.last_seen),
            ui::tlp(said.tlp),
            html! { @if let Some(reference) = &said.reference { (reference_of(reference)) } },
        ]
    });
    let table = ui::table(&ui::Table {
        caption: ctx.t("intel-assertions-caption"),
        columns: vec![
            ui::Column::text(ctx.t("intel-source")),
            ui::Column::text(ctx.t("intel-category")),
            ui::Column::number(ctx.t("intel-confidence")),
            ui::Column::text(ctx.t("intel-first-seen")),
            ui::Column::text(ctx.t("intel-last-seen")),
            ui::Column::text(ctx.t("intel-tlp")),
            ui::Column::text(ctx.t("intel-reference")),
        ],
        rows: rows.collect(),
        empty: None,
    });
    ui::card(&ctx.t("intel-assertions"), table)
}

/// A link only where it is one: a feed may write anything.
fn reference_of(reference: &str) -> Markup {
    let short: String = reference.chars().take(60).collect();
    let web = reference.starts_with("https://") || reference.starts_with("http://");
    html! { @if web { a href=(reference) rel="noreferrer nofollow" dir="ltr" { (short) } } @else { bdi dir="ltr" { (short) } } }
}

fn warnings(ctx: &PageContext, view: &IndicatorView) -> Markup {
    let body = html! {
        ul { @for list in &view.warnings { li { (ui::warning(ctx, list.kind)) " " bdi { (list.title) } } } }
        p { a href="/warning-lists" { (ctx.t("intel-warning-what")) } }
    };
    ui::card(&ctx.t("intel-warning-hits"), body)
}

/// What was taken in, for the first page.
pub(crate) fn overview(ctx: &PageContext, sources: &[Source], quality: &Quality) -> Markup {
    let well = sources.iter().filter(|source| source.failures == 0 && source.held.is_none()).count() as u64;
    let held = sources.iter().filter(|source| source.held.is_some()).count() as u64;
    let things: u64 = quality.of.values().map(|of| of.things).sum();
    let alone: u64 = quality.of.values().map(|of| of.alone).sum();
    let of_feeds = ctx.tw("intel-of-feeds", &[("n", sources.len().into())]);
    let stat = |label: &str, value: u64, unit: &str, denominator: Option<String>| ui::Stat {
        label: ctx.t(label),
        value: count(value),
        unit: ctx.t(unit),
        period: ctx.t("intel-now"),
        denominator,
        trend: None,
        href: Some("/feeds".into()),
    };
    let share = (things > 0).then(|| {
        ctx.tw("intel-alone-share", &[("share", sipar_web::format::percent(real(alone), real(things)).into())])
    });
    ui::stats(&[
        stat("intel-feeds-well", well, "intel-unit-feeds", Some(of_feeds.clone())),
        stat("intel-feeds-held", held, "intel-unit-feeds", Some(of_feeds)),
        stat("intel-things-named", things, "intel-unit-things", share),
    ])
}
