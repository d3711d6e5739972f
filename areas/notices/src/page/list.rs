//! The list of notices, and what needs somebody now.

use super::state;
use crate::{
    Notices, NoticesError, Pace,
    http::{Asked, NOTICE, ROWS_MAX, do_send, listed},
    model::Notice,
    store::notices::{self, Filter},
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_area::AreaError;
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// The list.
pub async fn list(
    State(notices): State<Arc<Notices>>,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let filter = asked.filter()?;
    let (over, asked_page, rows_max) = (filter.over, asked.page.max(1), ROWS_MAX as u64);
    let skip = move |total: u64| (asked_page.min(total.div_ceil(rows_max).max(1)) - 1) * rows_max;
    let (total, rows) = listed(&notices, filter, skip).await?;
    let tab =
        |key: &str, value: &str, current| ui::Tab { text: ctx.t(key), href: ctx.href_with("state", value), current };
    let body = html! {
        (ui::tabs(&ctx.t("notices-tabs"), &[tab("notices-open", "open", !over), tab("notices-over", "over", over)]))
        form action="/notices" method="get" {
            (ui::field(&ctx, &ui::Field {
                name: "party".into(),
                label: ctx.t("notices-party"),
                hint: Some(ctx.t("notices-party-hint")),
                value: asked.party.clone(),
                kind: ui::FieldKind::Code,
                ..ui::Field::default()
            }))
            @if over { input type="hidden" name="state" value="over"; }
            (ui::submit(&ctx.t("notices-find")))
        }
        (table(&ctx, &rows, &ctx.t(if over { "notices-over-caption" } else { "notices-open-caption" })))
        (ui::pager(&ctx, &ui::Pager::of(&ctx, rows_max, total)))
        p { a href="/notices/measures" { (ctx.t("notices-measures")) } }
        @if ctx.may(NOTICE, Act::Write) {
            (ui::card(&ctx.t("notices-send"), html! {
                p { (ctx.t("notices-send-about")) }
                form action="/notices/send" method="post" { (ui::submit(&ctx.t("notices-send-now"))) }
            }))
        }
    };
    Ok(page(&ctx, Page::new(ctx.t("notices-title"), body).lead(ctx.t("notices-lead"))))
}

fn table(ctx: &PageContext, rows: &[Notice], caption: &str) -> Markup {
    let cells = rows.iter().map(|one| {
        vec![
            html! { a.short href={ "/notices/" (one.number) } { "N-" (one.number) } },
            ui::severity(ctx, one.severity),
            html! { a href={ "/parties/" (one.party) } { (ui::mono(one.party.as_str())) } },
            html! { (one.things) },
            state(ctx, one.state),
            ctx.ago(one.made_at),
            html! { @match one.next_at { Some(at) => (ctx.when(at)), None => "-" } },
        ]
    });
    ui::table(&ui::Table {
        caption: caption.to_owned(),
        columns: vec![
            ui::Column::code(ctx.t("notices-number")),
            ui::Column::text(ctx.t("notices-severity")),
            ui::Column::text(ctx.t("notices-party")),
            ui::Column::number(ctx.t("notices-things")),
            ui::Column::text(ctx.t("notices-state")),
            ui::Column::text(ctx.t("notices-made")),
            ui::Column::text(ctx.t("notices-next")),
        ],
        rows: cells.collect(),
        empty: Some(ui::empty(&ctx.t("notices-none"), html! { p { (ctx.t("notices-none-next")) } })),
    })
}

/// Does what is due, now.
pub async fn send(State(notices): State<Arc<Notices>>) -> Result<Response, WebError> {
    do_send(&notices, Pace::Now).await?;
    Ok(Redirect::to("/notices").into_response())
}

/// What nobody has acknowledged, for those who may know it.
pub(crate) async fn overview(notices: &Notices, ctx: &PageContext) -> Result<Option<Markup>, AreaError> {
    if !ctx.may(NOTICE, Act::Read) {
        return Ok(None);
    }
    let filter = Filter { party: None, over: false };
    let open = notices.house.store.read(move |reader| notices::count(reader, &filter)).await;
    let open = open.map_err(|error: NoticesError| AreaError::from(error))?;
    if open == 0 {
        return Ok(None);
    }
    let body = html! { p { a href="/notices" { (ctx.t("notices-all")) } } };
    Ok(Some(ui::alert(ui::Tone::Warn, &ctx.tw("notices-open-now", &[("n", open.into())]), body)))
}
