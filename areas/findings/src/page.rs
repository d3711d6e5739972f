//! The page of findings, and the part of the first page that says what needs somebody now.

use crate::{
    Findings,
    http::{FINDING, ROWS_MAX, fault},
    model::Record,
    store,
};
use axum::{extract::State, response::Response, routing::get};
use maud::{Markup, html};
use sipar_area::{AreaError, Route};
use sipar_authz::{Act, Role};
use sipar_model::{FindingState, Severity};
use sipar_store::StoreError;
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, page, ui};
use std::sync::Arc;

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];

/// Findings on the first page: what fits without scrolling; the page has all.
const FIRST_MAX: u32 = 5;

/// Findings that are over on the page: the latest few, to see what came and went.
const OVER_MAX: u32 = 50;

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![NavItem { group: Group::Warning, text_key: "findings-nav", href: "/findings", least: Role::Reader }]
}

/// The pages.
pub fn routes(findings: &Arc<Findings>) -> Vec<Route> {
    vec![Route::get("/findings", FINDING, get(list).with_state(Arc::clone(findings)))]
}

async fn list(State(findings): State<Arc<Findings>>, ctx: PageContext) -> Result<Response, WebError> {
    let read = findings
        .house
        .store
        .read(|reader| Ok::<_, StoreError>((store::open(reader, ROWS_MAX)?, store::over(reader, OVER_MAX)?)));
    let (open, over) = read.await.map_err(fault)?;
    let body = html! {
        (open_table(&ctx, &open))
        @if !over.is_empty() { (ui::card(&ctx.t("findings-over"), over_table(&ctx, &over))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("findings-title"), body).lead(ctx.t("findings-lead"))))
}

/// A text about a finding, in the reader's language.
fn text(ctx: &PageContext, record: &Record, suffix: &str) -> String {
    ctx.tw(&format!("fault-{}{suffix}", record.class), &[("subject", record.subject.as_str().into())])
}

fn what(ctx: &PageContext, record: &Record) -> Markup {
    let title = text(ctx, record, "");
    html! {
        @if record.href.is_empty() { (title) } @else { a href=(record.href) { (title) } }
        div dir="auto" { bdi dir="ltr" lang="en" { (record.detail) } }
    }
}

fn open_table(ctx: &PageContext, open: &[Record]) -> Markup {
    let rows = open.iter().map(|record| {
        vec![
            html! { span.short { "F-" (record.number) } },
            ui::severity(ctx, record.severity),
            what(ctx, record),
            html! { (text(ctx, record, "-mend")) },
            ctx.ago(record.since),
            ctx.ago(record.seen_at),
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("findings-open-caption"),
        columns: vec![
            ui::Column::code(ctx.t("findings-number")),
            ui::Column::text(ctx.t("findings-severity")),
            ui::Column::text(ctx.t("findings-what")),
            ui::Column::text(ctx.t("findings-mend")),
            ui::Column::text(ctx.t("findings-since")),
            ui::Column::text(ctx.t("findings-seen")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("findings-none"), html! { p { (ctx.t("findings-none-next")) } })),
    })
}

fn over_table(ctx: &PageContext, over: &[Record]) -> Markup {
    let rows = over.iter().map(|record| {
        let (tone, key) = match record.state {
            FindingState::Lapsed => (ui::Tone::Neutral, "findings-lapsed"),
            FindingState::Fixed | FindingState::Open => (ui::Tone::Good, "findings-fixed"),
        };
        vec![
            html! { span.short { "F-" (record.number) } },
            ui::badge(tone, &ctx.t(key)),
            html! { (text(ctx, record, "")) },
            html! { @if let Some(at) = record.over_at { (ctx.ago(at)) } },
            html! { (record.times) },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("findings-over-caption"),
        columns: vec![
            ui::Column::code(ctx.t("findings-number")),
            ui::Column::text(ctx.t("findings-state")),
            ui::Column::text(ctx.t("findings-what")),
            ui::Column::text(ctx.t("findings-over-at")),
            ui::Column::number(ctx.t("findings-times")),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

/// What needs somebody now, for those who may know it.
pub(crate) async fn overview(findings: &Findings, ctx: &PageContext) -> Result<Option<Markup>, AreaError> {
    if !ctx.may(FINDING, Act::Read) {
        return Ok(None);
    }
    let read = findings
        .house
        .store
        .read(|reader| Ok::<_, StoreError>((store::open(reader, FIRST_MAX)?, store::open_count(reader)?)));
    let (open, count) = read.await?;
    let Some(worst) = open.iter().map(|record| record.severity).max() else { return Ok(None) };
    let tone = if worst >= Severity::High { ui::Tone::Bad } else { ui::Tone::Warn };
    let body = html! {
        ul { @for record in &open { li {
            (ui::severity(ctx, record.severity)) " "
            @if record.href.is_empty() { (text(ctx, record, "")) }
            @else { a href=(record.href) { (text(ctx, record, "")) } }
        } } }
        p { a href="/findings" { (ctx.t("findings-all")) } }
    };
    Ok(Some(ui::alert(tone, &ctx.tw("findings-open", &[("n", count.into())]), body)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn every_text_is_in_both_languages() {
        assert_eq!(sipar_web::check_complete(super::TEXTS), []);
        let used = sipar_web::check_used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), super::TEXTS);
        assert_eq!(used.unwrap(), []);
    }
}
