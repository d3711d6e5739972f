//! The page of a roll-out: where each ring is, since when, what it waits for, and the acts.

use crate::{
    Edges,
    http::{
        ROLLOUT, fault,
        rollout::{ActBody, RingShown, RolloutShown, do_act, rollout_shown},
    },
    store::rollout::ActRow,
};
use axum::{
    Form,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// The page.
pub(super) async fn show(State(edges): State<Arc<Edges>>, ctx: PageContext) -> Result<Response, WebError> {
    let shown = rollout_shown(&edges).await.map_err(fault)?;
    let pending = shown.rings.iter().any(|ring| ring.serial < shown.newest);
    let body = html! {
        (halted(&ctx, &shown))
        (rings(&ctx, &shown))
        @if pending && ctx.may(ROLLOUT, Act::Decide) { (form(&ctx)) }
        (acts(&ctx, &shown.acts))
    };
    let lead = match shown.staged {
        true => ctx.tw(
            "rollout-lead",
            &[("share", i64::from(shown.config.share_percent).into()), ("s", i64::from(shown.config.soak_s).into())],
        ),
        false => ctx.tw("rollout-lead-off", &[("n", shown.config.edges_min.into())]),
    };
    Ok(page(&ctx, Page::new(ctx.t("rollout-title"), body).lead(lead).crumb(ctx.t("edges-title"), "/edges")))
}

fn halted(ctx: &PageContext, shown: &RolloutShown) -> Markup {
    let Some(since) = shown.halted_at else { return html! {} };
    ui::alert(
        ui::Tone::Bad,
        &ctx.t("rollout-halted"),
        html! {
            p { (ctx.when(since)) ". " (ctx.t("rollout-halted-about")) }
            ul {
                @for signal in &shown.signals {
                    li {
                        @if !signal.edge.is_empty() { (ui::mono(&signal.edge)) ": " }
                        (ctx.t(&format!("rollout-wrong-{}", signal.wrong)))
                        @if !signal.detail.is_empty() { " (" bdi { (signal.detail) } ")" }
                    }
                }
            }
        },
    )
}

fn rings(ctx: &PageContext, shown: &RolloutShown) -> Markup {
    let row = |ring: &RingShown| {
        let waits = match (ring.serial < shown.newest, shown.halted_at, shown.soaked_at) {
            (false, ..) => html! { (ctx.t("rollout-waits-nothing")) },
            (true, Some(_), _) => html! { (ctx.t("rollout-waits-person")) },
            (true, None, Some(at)) => html! { (ctx.t("rollout-waits-soak")) " " (ctx.when(at)) },
            (true, None, None) => html! { (ctx.t("rollout-waits-state")) },
        };
        vec![
            html! { (ctx.t(&format!("rollout-ring-{}", ring.ring))) },
            html! { (ring.serial) },
            html! { @match ring.since { Some(at) => { (ctx.when(at)) } None => { "–" } } },
            html! { (ring.there) " / " (ring.edges) },
            waits,
        ]
    };
    ui::table(&ui::Table {
        caption: ctx.t("rollout-caption"),
        columns: vec![
            ui::Column::text(ctx.t("rollout-ring")),
            ui::Column::number(ctx.t("edges-serial")),
            ui::Column::text(ctx.t("rollout-since")),
            ui::Column::number(ctx.t("rollout-there")),
            ui::Column::text(ctx.t("rollout-waits")),
        ],
        rows: shown.rings.iter().map(row).collect(),
        empty: None,
    })
}

fn form(ctx: &PageContext) -> Markup {
    ui::card(
        &ctx.t("rollout-act"),
        html! {
            p { (ctx.t("rollout-act-about")) }
            form.inline action="/roll-out" method="post" {
                input type="text" name="reason" required minlength="10" maxlength="1000"
                    aria-label=(ctx.t("rollout-reason")) placeholder=(ctx.t("rollout-reason"));
                (ui::button(&ctx.t("rollout-resume"), "act", "resume"))
                (ui::button(&ctx.t("rollout-roll-back"), "act", "roll-back"))
            }
        },
    )
}

fn acts(ctx: &PageContext, acts: &[ActRow]) -> Markup {
    let row = |act: &ActRow| {
        vec![
            ctx.when(act.at),
            html! { (ctx.t(&format!("rollout-did-{}", act.what))) },
            html! { (act.from) " – " (act.to) },
            html! { bdi { (act.by) } },
            html! { bdi { (act.reason.replace(['\n', '\t'], " ")) } },
        ]
    };
    let table = ui::table(&ui::Table {
        caption: ctx.t("rollout-acts-caption"),
        columns: vec![
            ui::Column::text(ctx.t("rollout-when")),
            ui::Column::text(ctx.t("rollout-what")),
            ui::Column::number(ctx.t("rollout-states")),
            ui::Column::text(ctx.t("rollout-by")),
            ui::Column::text(ctx.t("rollout-reason")),
        ],
        rows: acts.iter().map(row).collect(),
        empty: Some(ui::empty(&ctx.t("rollout-acts-none"), html! { p { (ctx.t("rollout-acts-none-next")) } })),
    });
    ui::card(&ctx.t("rollout-acts"), table)
}

/// Takes a person's act.
pub(super) async fn act(
    State(edges): State<Arc<Edges>>,
    ctx: PageContext,
    Form(body): Form<ActBody>,
) -> Result<Response, WebError> {
    do_act(&edges, &ctx.identity, &body).await?;
    Ok(Redirect::to("/roll-out").into_response())
}
