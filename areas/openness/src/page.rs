//! The page of the ledger, of one entry, and of the monthly figures.

use crate::{
    Openness,
    http::{LEDGER, checkpoint, fault, number, tile},
    model::{Figures, Month, measure},
};
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_area::Route;
use sipar_authz::Role;
use sipar_model::Category;
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, chart, format, page, ui};
use std::sync::Arc;

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];

/// Months in the chart and in the table of months: what fits without scrolling. JSON and CSV have five years.
const MONTHS_SHOWN: usize = 12;

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::Public, text_key: "openness-nav-figures", href: "/transparency", least: Role::Public },
        NavItem { group: Group::Public, text_key: "openness-nav-ledger", href: "/ledger", least: Role::Public },
    ]
}

/// The pages, and the mirror below `/ledger`.
pub fn routes(openness: &Arc<Openness>) -> Vec<Route> {
    let state = || Arc::clone(openness);
    vec![
        Route::get("/ledger", LEDGER, get(ledger).with_state(state())),
        Route::get("/ledger/checkpoint", LEDGER, get(checkpoint).with_state(state())),
        Route::get("/ledger/tile/{*path}", LEDGER, get(tile).with_state(state())),
        Route::get("/ledger/entries/{index}", LEDGER, get(entry).with_state(state())),
        Route::get("/transparency", LEDGER, get(figures).with_state(state())),
    ]
}

/// What a measure counts, in English, as CSV has it.
pub(crate) fn unit(of: &str) -> &'static str {
    match of {
        measure::BLOCK_CATEGORY | measure::BLOCK_SOURCE | measure::END => "blocks",
        measure::ALLOWANCE => "allowances",
        measure::EMERGENCY => "emergencies",
        measure::REVIEW => "reviews",
        _ => "appeals",
    }
}

fn show(n: u64) -> String {
    format::number(i64::try_from(n).unwrap_or(i64::MAX))
}

#[derive(Deserialize)]
struct Asked {
    /// The number of an entry, as the form sends it.
    entry: Option<String>,
}

async fn ledger(
    State(openness): State<Arc<Openness>>,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    if let Some(text) = asked.entry.filter(|text| !text.trim().is_empty()) {
        return Ok(Redirect::to(&format!("/ledger/entries/{}", number(&text)?)).into_response());
    }
    let about = openness.about().await.map_err(fault)?;
    let mirror = format!("sipar ledger mirror {} ledger-mirror --key '{}'", about.mirror, about.key);
    let verify = format!("sipar ledger verify ledger-mirror --key '{}'", about.key);
    let fetch = format!("curl {}/checkpoint", about.mirror);
    let body = html! {
        (ui::stats(&[ui::Stat {
            label: ctx.t("openness-entries"),
            value: show(about.size),
            unit: ctx.t("openness-entries-unit"),
            period: ctx.t("openness-since-start"),
            ..ui::Stat::default()
        }]))
        (ui::facts(&[
            (ctx.t("openness-name"), ui::mono(&about.origin)),
            (ctx.t("openness-key"), ui::copyable(&ctx, &about.key)),
            (ctx.t("web-proof-root"), ui::copyable(&ctx, &about.root)),
        ]))
        (ui::card(&ctx.t("openness-what"), html! {
            p { (ctx.t("openness-what-1")) }
            p { (ctx.t("openness-what-2")) }
            p { (ctx.t("openness-what-3")) }
        }))
        (ui::card(&ctx.t("openness-mirror"), html! {
            p { (ctx.t("openness-mirror-about")) }
            p { (ui::copyable(&ctx, &mirror)) }
            p { (ui::copyable(&ctx, &verify)) }
            p { (ctx.t("openness-mirror-tools")) }
            p { (ui::copyable(&ctx, &fetch)) }
        }))
        (ui::card(&ctx.t("openness-entry-look"), html! {
            form action="/ledger" method="get" {
                (ui::field(&ctx, &ui::Field {
                    name: "entry".into(),
                    label: ctx.t("openness-entry-number"),
                    kind: ui::FieldKind::Code,
                    required: true,
                    ..ui::Field::default()
                }))
                (ui::submit(&ctx.t("openness-entry-show")))
            }
        }))
    };
    Ok(page(&ctx, Page::new(ctx.t("openness-ledger"), body).lead(ctx.t("openness-ledger-lead"))))
}

async fn entry(
    State(openness): State<Arc<Openness>>,
    ctx: PageContext,
    Path(text): Path<String>,
) -> Result<Response, WebError> {
    let evidence = openness.evidence(number(&text)?).await.map_err(fault)?;
    let proof = ui::Proof {
        index: evidence.index,
        size: evidence.size,
        origin: evidence.origin,
        root: evidence.root,
        leaf: evidence.leaf,
        path: evidence.path,
        checkpoint: evidence.checkpoint,
        href: Some(format!("/api/v1/ledger/entries/{}", evidence.index)),
        command: Some(format!(
            "sipar ledger check entry-{}.json --key '{}'",
            evidence.index,
            openness.house.ledger.verifying_key()
        )),
    };
    let body = html! {
        (ui::card(&ctx.t("openness-entry-text"), html! { pre dir="ltr" { (evidence.entry) } }))
        (ui::card(&ctx.t("web-proof-title"), ui::proof(&ctx, &proof)))
    };
    let title = ctx.tw("openness-entry", &[("index", show(proof.index).into())]);
    Ok(page(&ctx, Page::new(title, body).crumb(ctx.t("openness-ledger"), "/ledger")))
}

async fn figures(State(openness): State<Arc<Openness>>, ctx: PageContext) -> Result<Response, WebError> {
    let (mut months, counted) = openness.figures().await.map_err(fault)?;
    let asked = ctx.parameter("month").and_then(|text| Month::parse(&text)).map(Month::word);
    let chosen = months.iter().find(|month| Some(&month.month) == asked.as_ref()).or(months.last()).cloned();
    months.drain(..months.len().saturating_sub(MONTHS_SHOWN));
    let body = html! {
        @match &chosen {
            None => (ui::empty(&ctx.t("openness-none"), html! { p { (ctx.t("openness-none-next")) } })),
            Some(chosen) => {
                (chart::bars(&ctx, &by_category(&ctx, &months)))
                (months_table(&ctx, &months))
                (one_month(&ctx, chosen))
            }
        }
        (ui::card(&ctx.t("openness-how"), html! {
            p { (ctx.tw("openness-how-1", &[("n", show(counted).into())])) }
            p { (ctx.t("openness-how-2")) }
            p { (ctx.t("openness-how-3")) }
            p {
                a href="/api/v1/transparency.csv" download="transparency.csv" { (ctx.t("openness-csv")) } " · "
                a href="/api/v1/transparency" { (ctx.t("openness-json")) } " · "
                a href="/ledger" { (ctx.t("openness-ledger")) }
            }
        }))
    };
    Ok(page(&ctx, Page::new(ctx.t("openness-figures"), body).lead(ctx.t("openness-figures-lead"))))
}

/// A month in words; the one that is not over says so.
fn month_name(ctx: &PageContext, month: &Figures) -> String {
    let Some(parsed) = Month::parse(&month.month) else { return month.month.clone() };
    let (year, number) = parsed.parts();
    let name = format!("{} {year}", ctx.t(&format!("web-month-{number}")));
    if month.complete { name } else { ctx.tw("openness-so-far", &[("month", name.into())]) }
}

fn by_category(ctx: &PageContext, months: &[Figures]) -> chart::BarChart {
    let short = |month: &Figures| {
        let (year, number) = Month::parse(&month.month).unwrap_or(Month(0)).parts();
        format!("{} {year}", ctx.t(&format!("web-month-short-{number}")))
    };
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let value = |month: &Figures, category: &Category| month.of(measure::BLOCK_CATEGORY, category.word()) as f64;
    let last = months.last().map_or(0, |month| month.all(measure::BLOCK_CATEGORY));
    chart::BarChart {
        title: ctx.t("openness-chart"),
        about: ctx.tw("openness-chart-about", &[("n", show(last).into())]),
        unit: ctx.t("openness-blocks"),
        columns: months.iter().map(short).collect(),
        columns_title: ctx.t("openness-month"),
        series: Category::ALL
            .iter()
            .map(|category| chart::BarSeries {
                name: ctx.t(&format!("web-category-{category}")),
                values: months.iter().map(|month| value(month, category)).collect(),
            })
            .collect(),
    }
}

/// Hours as people read them; a dash when nobody was answered.
fn hours(month: &Figures) -> String {
    month.answer_median_hours.map_or_else(|| "\u{2013}".into(), format::decimal)
}

fn months_table(ctx: &PageContext, months: &[Figures]) -> Markup {
    let rows = months.iter().rev().map(|month| {
        let count = |of: &str, part: &str| html! { (show(month.of(of, part))) };
        vec![
            html! { a href={ "/transparency?month=" (month.month) } { (month_name(ctx, month)) } },
            html! { (show(month.all(measure::BLOCK_CATEGORY))) },
            count(measure::END, "expired"),
            count(measure::END, "undone"),
            count(measure::END, "withdrawn"),
            count(measure::END, "superseded"),
            count(measure::APPEAL, "received"),
            count(measure::RULING, "granted"),
            count(measure::RULING, "upheld"),
            html! { (hours(month)) },
            count(measure::EMERGENCY, "taken"),
        ]
    });
    let number = |key: &str| ui::Column::number(ctx.t(key));
    ui::table(&ui::Table {
        caption: ctx.t("openness-months-caption"),
        columns: vec![
            ui::Column::text(ctx.t("openness-month")),
            number("openness-blocked"),
            number("openness-expired"),
            number("openness-undone"),
            number("openness-withdrawn"),
            number("openness-superseded"),
            number("openness-appeals"),
            number("openness-granted"),
            number("openness-upheld"),
            number("openness-median"),
            number("openness-emergencies"),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

fn one_month(ctx: &PageContext, month: &Figures) -> Markup {
    let name = month_name(ctx, month);
    let of = |n: u64| Some(ctx.tw("openness-of", &[("n", show(n).into())]));
    let decided = month.of(measure::RULING, "granted") + month.of(measure::RULING, "upheld");
    let stat = |key: &str, value: String, unit: &str, denominator: Option<String>| ui::Stat {
        label: ctx.t(key),
        value,
        unit: ctx.t(unit),
        period: name.clone(),
        denominator,
        ..ui::Stat::default()
    };
    let reversed = month.of(measure::REVIEW, "reversed");
    let stats = [
        stat("openness-blocked", show(month.all(measure::BLOCK_CATEGORY)), "openness-blocks", None),
        stat("openness-undone", show(month.of(measure::END, "undone")), "openness-blocks", of(month.all(measure::END))),
        stat("openness-granted", show(month.of(measure::RULING, "granted")), "openness-appeals-unit", of(decided)),
        stat("openness-median", hours(month), "openness-hours", of(month.answered)),
        stat("openness-emergencies", show(month.all(measure::EMERGENCY)), "openness-emergencies-unit", None),
        stat("openness-reversed", show(reversed), "openness-emergencies-unit", of(month.all(measure::REVIEW))),
    ];
    html! {
        (ui::card(&name, html! { (ui::stats(&stats)) (sources(ctx, month)) }))
    }
}

/// Who or what took the blocks of a month, the most first.
fn sources(ctx: &PageContext, month: &Figures) -> Markup {
    let parts = month.counts.get(measure::BLOCK_SOURCE);
    let mut lines: Vec<(&String, u64)> = parts.into_iter().flatten().map(|(part, count)| (part, *count)).collect();
    lines.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if lines.is_empty() {
        return html! {};
    }
    let name = |part: &str| match part.split_once(':') {
        Some((_, rule)) => html! { (ctx.t("openness-rule")) " " (ui::mono(rule)) },
        None if part == "person" => html! { (ctx.t("openness-person")) },
        None => html! { (ctx.t("openness-other")) },
    };
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let lines: Vec<chart::Ranked> =
        lines.into_iter().map(|(part, count)| chart::Ranked { name: name(part), value: count as f64 }).collect();
    chart::ranked(&ctx.t("openness-sources"), &ctx.t("openness-source"), &ctx.t("openness-blocks"), &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_complete_and_used_keys_exist() {
        assert_eq!(sipar_web::check_complete(TEXTS), []);
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(sipar_web::check_used(&source, TEXTS).unwrap(), []);
    }
}
