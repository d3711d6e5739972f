//! The queue: what waits, the first due first, and the form that answers.

use super::door::state_badge;
use crate::{
    Cases,
    http::{
        APPEAL,
        queue::{DecideBody, do_decide, do_take_up, group, queue},
    },
    model::{Appeal, Group, State as AppealState, appeal::WORDS_CHARS_MAX},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, context::encode, page, ui};
use std::sync::Arc;

/// Answered blocks on the page: the latest few.
const OVER_SHOWN_MAX: usize = 50;

/// The queue.
pub async fn list(State(cases): State<Arc<Cases>>, ctx: PageContext) -> Result<Response, WebError> {
    let (open, over) = (queue(&cases, true).await?, queue(&cases, false).await?);
    let (waiting, late) = (open.len(), open.iter().filter(|group| group.overdue(ctx.now)).count());
    let stat = |key: &str, n: usize, of: Option<String>| ui::Stat {
        label: ctx.t(key),
        value: n.to_string(),
        unit: ctx.t("cases-blocks-unit"),
        period: ctx.t("cases-now"),
        denominator: of,
        ..ui::Stat::default()
    };
    let of = ctx.tw("cases-of-open", &[("n", waiting.into())]);
    let body = html! {
        (ui::stats(&[stat("cases-open", waiting, None), stat("cases-overdue", late, Some(of))]))
        (open_table(&ctx, &open))
        @if !over.is_empty() { (ui::card(&ctx.t("cases-over"), over_table(&ctx, &over))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("cases-queue"), body).lead(ctx.t("cases-queue-lead"))))
}

fn due(ctx: &PageContext, group: &Group) -> Markup {
    let Some(first) = group.first() else { return html! {} };
    let limit = if first.state == AppealState::Received { first.acknowledge_by } else { first.due_at };
    html! {
        (ctx.ago(limit)) " "
        @if group.overdue(ctx.now) { (ui::badge(ui::Tone::Bad, &ctx.t("cases-overdue"))) }
    }
}

fn who(ctx: &PageContext, by: &str) -> Markup {
    match by.split_once(':') {
        Some(("rule", name)) => html! { (ctx.t("cases-by-rule")) " " (ui::mono(name)) },
        Some((_, label)) => html! { bdi { (label) } },
        None => html! { bdi { (by) } },
    }
}

fn open_table(ctx: &PageContext, open: &[Group]) -> Markup {
    let rows = open.iter().filter_map(|group| group.first().map(|first| (group, first)));
    let rows = rows.map(|(group, first)| {
        vec![
            html! { a href={ "/appeals/" (group.decision.0) } { (group.decision) } },
            html! { (first.observable) },
            ui::category(ctx, first.category),
            who(ctx, &first.block_by),
            html! { (group.appeals.len()) },
            state_badge(ctx, first.state),
            ctx.ago(first.received_at),
            due(ctx, group),
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("cases-open-caption"),
        columns: vec![
            ui::Column::code(ctx.t("cases-block")),
            ui::Column::code(ctx.t("cases-about")),
            ui::Column::text(ctx.t("cases-category")),
            ui::Column::text(ctx.t("cases-block-by")),
            ui::Column::number(ctx.t("cases-appeals-count")),
            ui::Column::text(ctx.t("cases-state")),
            ui::Column::text(ctx.t("cases-received")),
            ui::Column::text(ctx.t("cases-next-due-at")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("cases-none"), html! { p { (ctx.t("cases-none-next")) } })),
    })
}

fn over_table(ctx: &PageContext, over: &[Group]) -> Markup {
    let answered = over.iter().filter_map(|group| {
        let first = group.first()?;
        first.answer.as_ref().map(|answer| (group, first, answer))
    });
    let rows = answered.take(OVER_SHOWN_MAX).map(|(group, first, answer)| {
        vec![
            html! { a href={ "/decisions/" (group.decision.0) } { (group.decision) } },
            html! { (first.observable) },
            html! { (group.appeals.len()) },
            state_badge(ctx, first.state),
            who(ctx, &answer.by),
            ctx.when(answer.at),
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("cases-over-caption"),
        columns: vec![
            ui::Column::code(ctx.t("cases-block")),
            ui::Column::code(ctx.t("cases-about")),
            ui::Column::number(ctx.t("cases-appeals-count")),
            ui::Column::text(ctx.t("cases-state")),
            ui::Column::text(ctx.t("cases-answered-by")),
            ui::Column::text(ctx.t("cases-answered-at")),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

/// The appeals against one block, with the form that answers them.
pub async fn one(
    State(cases): State<Arc<Cases>>,
    ctx: PageContext,
    Path(text): Path<String>,
) -> Result<Response, WebError> {
    let group = group(&cases, &text).await?;
    let first = group.first().cloned().ok_or_else(WebError::not_found)?;
    let own = first.block_by == format!("person:{}", ctx.identity.label);
    let value = first.observable.value();
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    let body = html! {
        (ui::facts(&[
            fact("cases-block", html! { a href={ "/decisions/" (group.decision.0) } { (group.decision) } }),
            fact("cases-about", html! { a href={ "/look-up?what=" (encode(&value)) } { (ui::mono(&value)) } }),
            fact("cases-category", ui::category(&ctx, first.category)),
            fact("cases-block-by", who(&ctx, &first.block_by)),
            fact("cases-next-due-at", due(&ctx, &group)),
        ]))
        @for appeal in &group.appeals { (words(&ctx, appeal)) }
        @if own {
            (ui::alert(ui::Tone::Warn, &ctx.t("cases-own"), html! { p { (ctx.t("cases-own-next")) } }))
        } @else if ctx.may(APPEAL, Act::Decide) {
            (ui::card(&ctx.t("cases-decide"), answer_form(&ctx, &group)))
        }
    };
    let title = ctx.tw("cases-against", &[("number", group.decision.to_string().into())]);
    Ok(page(&ctx, Page::new(title, body).crumb(ctx.t("cases-queue"), "/appeals")))
}

fn words(ctx: &PageContext, appeal: &Appeal) -> Markup {
    let title = ctx.tw("cases-of", &[("number", appeal.number.to_string().into())]);
    ui::card(
        &title,
        html! {
            p { (state_badge(ctx, appeal.state)) " " (ctx.when(appeal.received_at)) }
            @if let Some(words) = &appeal.words { p.words dir="auto" { (words) } }
        },
    )
}

fn answer_form(ctx: &PageContext, group: &Group) -> Markup {
    let waits = group.appeals.iter().any(|appeal| appeal.state == AppealState::Received);
    html! {
        @if waits {
            (ui::post_button(&ctx.t("cases-take-up"), &format!("/appeals/{}/take-up", group.decision.0), &[]))
        }
        p { (ctx.tw("cases-decide-about", &[("n", group.appeals.len().into())])) }
        form action={ "/appeals/" (group.decision.0) "/decide" } method="post" {
            (ui::field(ctx, &ui::Field {
                name: "reason".into(),
                label: ctx.t("cases-reason"),
                hint: Some(ctx.tw("cases-reason-hint", &[("n", WORDS_CHARS_MAX.into())])),
                kind: ui::FieldKind::Lines { rows: 4 },
                required: true,
                ..ui::Field::default()
            }))
            div.actions {
                (ui::button(&ctx.t("cases-grant"), "outcome", "granted"))
                (ui::button(&ctx.t("cases-uphold"), "outcome", "upheld"))
            }
        }
    }
}

/// Notes that somebody looks at it.
pub async fn take_up(State(cases): State<Arc<Cases>>, Path(text): Path<String>) -> Result<Response, WebError> {
    let (decision, _) = do_take_up(&cases, &text).await?;
    Ok(Redirect::to(&format!("/appeals/{}", decision.0)).into_response())
}

/// Takes the answer.
pub async fn decide(
    State(cases): State<Arc<Cases>>,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(body): Form<DecideBody>,
) -> Result<Response, WebError> {
    do_decide(&cases, &ctx.identity, &text, body).await?;
    Ok(Redirect::to("/appeals").into_response())
}
