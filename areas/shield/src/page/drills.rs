//! What drills found: a change that is stopped, blocks that wait for a second person, and what people do about them.

use super::lists::who;
use crate::{
    Shield,
    http::{
        DRILL,
        drills::{AgreeBody, All, RolledBody, Shown, StopBody, all, do_agree, do_rolled_back, do_stop},
        refusal,
    },
    store::drills::{DrillState, Stop},
};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_area::clearance;
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, context::encode, page, ui};
use std::sync::Arc;

/// Days that the form proposes: long enough for a campaign, short enough to be looked at again.
const DAYS_PROPOSED: &str = "7";

/// The page.
pub async fn drills(State(shield): State<Arc<Shield>>, ctx: PageContext) -> Result<Response, WebError> {
    let all = all(&shield, clearance(ctx.identity.role)).await.map_err(refusal)?;
    let decides = ctx.may(DRILL, Act::Decide);
    let of =
        |state: DrillState| -> Vec<&Shown> { all.found.iter().filter(|shown| shown.drilled.state == state).collect() };
    let body = html! {
        @if let Some(stop) = &all.stop { (stopped(&ctx, stop, &all, decides)) }
        @for state in DrillState::ALL {
            @let rows = of(state);
            @if !rows.is_empty() || state == DrillState::Waiting { (table(&ctx, state, &rows, decides)) }
        }
        @if all.rolled_back > 0 && decides { (rolled_back(&ctx, all.rolled_back)) }
        @if decides {
            (ui::card(&ctx.t("shield-drill-run"), html! {
                p { (ctx.t("shield-drill-run-about")) }
                (ui::post_button(&ctx.t("shield-drill-run"), "/drills/run", &[]))
            }))
        }
    };
    Ok(page(&ctx, Page::new(ctx.t("shield-drills"), body).lead(ctx.t("shield-drills-lead"))))
}

fn reason_field(ctx: &PageContext) -> Markup {
    html! {
        input type="text" name="reason" required minlength="10" maxlength="1000"
            aria-label=(ctx.t("shield-form-reason")) placeholder=(ctx.t("shield-form-reason"));
    }
}

/// The change that is stopped, and the two ways on.
fn stopped(ctx: &PageContext, stop: &Stop, all: &All, decides: bool) -> Markup {
    let title = ctx.tw("shield-drill-stop", &[("n", stop.hits.to_string().into())]);
    ui::alert(
        ui::Tone::Bad,
        &title,
        html! {
            p { (ctx.t("shield-since")) " " (ctx.when(stop.at)) ". " (ctx.t("shield-drill-stop-about")) }
            @if decides {
                form.inline action="/drills/stop" method="post" {
                    (reason_field(ctx))
                    (ui::button(&ctx.t("shield-drill-go-on"), "act", "go-on"))
                }
                @for (source, count) in &all.sources {
                    form.inline action="/drills/stop" method="post" {
                        input type="hidden" name="source" value=(source);
                        (reason_field(ctx))
                        (ui::button(
                            &ctx.tw("shield-drill-undo-source", &[
                                ("source", source.as_str().into()), ("n", count.to_string().into()),
                            ]),
                            "act",
                            "undo-source",
                        ))
                    }
                }
            }
        },
    )
}

fn rolled_back(ctx: &PageContext, count: usize) -> Markup {
    ui::card(
        &ctx.t("shield-drill-rolled-back"),
        html! {
            p { (ctx.tw("shield-drill-rolled-back-about", &[("n", count.to_string().into())])) }
            form.inline action="/drills/rolled-back" method="post" {
                (reason_field(ctx))
                (ui::button(&ctx.t("shield-drill-let-out"), "act", "let-out"))
                (ui::button(&ctx.t("shield-drill-undo-all"), "act", "undo"))
            }
        },
    )
}

fn table(ctx: &PageContext, state: DrillState, rows: &[&Shown], decides: bool) -> Markup {
    let rows = rows.iter().map(|shown| row(ctx, shown, decides)).collect();
    let table = ui::table(&ui::Table {
        caption: ctx.t(&format!("shield-drill-{}-about", state.word())),
        columns: vec![
            ui::Column::code(ctx.t("shield-number")),
            ui::Column::code(ctx.t("shield-observable")),
            ui::Column::code(ctx.t("shield-drill-musts")),
            ui::Column::code(ctx.t("shield-lists")),
            ui::Column::text(ctx.t("shield-by")),
            ui::Column::text(ctx.t("shield-since")),
            ui::Column::text(ctx.t("shield-answer")),
        ],
        rows,
        empty: Some(ui::empty(&ctx.t("shield-drill-none"), html! { p { (ctx.t("shield-drill-none-next")) } })),
    });
    ui::card(&ctx.t(&format!("shield-drill-{}", state.word())), table)
}

fn row(ctx: &PageContext, shown: &Shown, decides: bool) -> Vec<Markup> {
    let (drilled, number) = (&shown.drilled, shown.drilled.decision);
    let value = shown.observable.value();
    let author = shown.decided_by.strip_prefix("person:") == Some(&*ctx.identity.label);
    let answer = html! {
        @match (drilled.state, &drilled.agreed_by) {
            (DrillState::Agreed, Some(by)) => {
                (who(ctx, by)) @if let Some(until) = drilled.until { ", " (ctx.t("shield-until")) " " (ctx.when(until)) }
            }
            _ if drilled.never => { (ctx.t("shield-drill-never")) }
            _ if author => { (ctx.t("shield-drill-author")) }
            _ if decides => {
                form.inline action="/drills/agree" method="post" {
                    input type="hidden" name="decision" value=(number.0);
                    input type="number" name="days" required min="1" max="90" value=(DAYS_PROPOSED)
                        aria-label=(ctx.t("shield-form-days"));
                    (reason_field(ctx))
                    (ui::button(&ctx.t("shield-drill-agree"), "act", "agree"))
                }
            }
            _ => { (ctx.t(&format!("shield-drill-{}", drilled.state.word()))) }
        }
        " · " a href={ "/decisions/" (number.0) } { (ctx.t("shield-undo")) }
    };
    vec![
        html! { a href={ "/decisions/" (number.0) } { (number) } },
        html! { a href={ "/look-up?what=" (encode(&value)) } { (value) } },
        html! { (drilled.musts.join(", ")) },
        html! { (drilled.lists.join(", ")) },
        who(ctx, &shown.decided_by),
        ctx.when(drilled.since),
        answer,
    ]
}

/// As the page's form sends it.
#[derive(Deserialize)]
pub struct AgreeForm {
    decision: String,
    days: u32,
    reason: String,
}

/// Agrees to a block.
pub async fn agree(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Form(form): Form<AgreeForm>,
) -> Result<Response, WebError> {
    let body = AgreeBody { reason: form.reason, days: form.days };
    do_agree(&shield, &ctx.identity, &form.decision, body).await?;
    Ok(Redirect::to("/drills").into_response())
}

/// Answers a change that is stopped.
pub async fn stop(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Form(body): Form<StopBody>,
) -> Result<Response, WebError> {
    do_stop(&shield, &ctx.identity, body).await?;
    Ok(Redirect::to("/drills").into_response())
}

/// Answers everything that was rolled back.
pub async fn settle(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Form(body): Form<RolledBody>,
) -> Result<Response, WebError> {
    do_rolled_back(&shield, &ctx.identity, body).await?;
    Ok(Redirect::to("/drills").into_response())
}

/// Drills what is published.
pub async fn run(State(shield): State<Arc<Shield>>, _ctx: PageContext) -> Result<Response, WebError> {
    shield.drill_published().await.map_err(refusal)?;
    Ok(Redirect::to("/drills").into_response())
}
