//! One notice: how it stands, what is in it, and that its owner knows.

use super::state;
use crate::{
    Notices,
    http::{NOTICE, do_acknowledge, found},
    model::{Notice, Thing, document},
};
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_model::TimestampMs;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// The page.
pub async fn one(
    State(notices): State<Arc<Notices>>,
    ctx: PageContext,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    let (notice, things) = found(&notices, number).await?;
    let body = html! {
        (facts(&ctx, &notice))
        @if notice.state.is_open() && ctx.may(NOTICE, Act::Write) {
            (ui::card(&ctx.t("notices-acknowledge"), html! {
                p { (ctx.t("notices-acknowledge-about")) }
                form action={ "/notices/" (number) "/acknowledge" } method="post" {
                    (ui::submit(&ctx.t("notices-acknowledge")))
                }
            }))
        }
        (ui::card(&ctx.t("notices-in-it"), html! {
            (table(&notices, &ctx, &things))
            p { a href={ "/notices/" (number) "/csv" } { (ctx.t("notices-csv")) } }
        }))
    };
    Ok(page(&ctx, Page::new(format!("N-{number}"), body).crumb(ctx.t("notices-title"), "/notices")))
}

fn facts(ctx: &PageContext, one: &Notice) -> Markup {
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    let mut facts = vec![
        fact("notices-state", state(ctx, one.state)),
        fact("notices-severity", ui::severity(ctx, one.severity)),
        fact("notices-party", html! { a href={ "/parties/" (one.party) } { (ui::mono(one.party.as_str())) } }),
        fact("notices-things", html! { (one.things) }),
        fact("notices-made", ctx.when(one.made_at)),
    ];
    let mut time = |key: &str, at: Option<TimestampMs>| facts.extend(at.map(|at| (ctx.t(key), ctx.when(at))));
    time("notices-sent", one.sent_at);
    time("notices-unreachable", one.unreachable_at);
    time("notices-reminded", one.reminded_at);
    time("notices-escalated", one.escalated_at);
    time("notices-acknowledged", one.acknowledged_at);
    time("notices-next", one.next_at);
    if let Some(to) = &one.escalated_to {
        facts.push(fact("notices-escalated-to", html! { a href={ "/parties/" (to) } { (ui::mono(to.as_str())) } }));
    }
    if let Some(by) = &one.acknowledged_by {
        let by = by.split_once(':').map_or(by.as_str(), |(_, label)| label);
        facts.push(fact("notices-acknowledged-by", html! { bdi { (by) } }));
    }
    if !one.error.is_empty() {
        facts.push(fact("notices-error", html! { span dir="ltr" { (one.error) } }));
    }
    ui::facts(&facts)
}

fn table(notices: &Notices, ctx: &PageContext, things: &[Thing]) -> Markup {
    let rows = things.iter().map(|thing| {
        let one = &thing.exposed;
        let (title, _) = notices.classes.texts(&one.class, ctx.lang);
        vec![
            html! { a.short href={ "/exposures/" (one.number) } { "E-" (one.number) } },
            html! { (ui::mono(&one.subject.value())) " " (title) },
            html! { (ctx.t(&format!("notices-thing-{}", one.state.word()))) @if one.gone_at.is_some() { " · " (ctx.t("notices-gone")) } },
            ctx.ago(one.first_seen),
            ctx.ago(one.last_seen),
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("notices-in-it-caption"),
        columns: vec![
            ui::Column::code(ctx.t("notices-number")),
            ui::Column::text(ctx.t("notices-what")),
            ui::Column::text(ctx.t("notices-state")),
            ui::Column::text(ctx.t("notices-first-seen")),
            ui::Column::text(ctx.t("notices-last-seen")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("notices-none"), html! {})),
    })
}

/// What is in it as CSV.
pub async fn csv(State(notices): State<Arc<Notices>>, Path(number): Path<i64>) -> Result<Response, WebError> {
    let (notice, things) = found(&notices, number).await?;
    let document = document::document(&notice, &things, &notices.classes, &notices.house.instance.organisation);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"N-{number}.csv\"")),
    ];
    Ok((headers, document::csv(&document)).into_response())
}

/// Somebody here says that its owner knows.
pub async fn acknowledge(
    State(notices): State<Arc<Notices>>,
    ctx: PageContext,
    Path(number): Path<i64>,
) -> Result<Response, WebError> {
    do_acknowledge(&notices, &ctx.identity.label, number).await?;
    Ok(Redirect::to(&format!("/notices/{number}")).into_response())
}
