//! Emergency unblocks: the form that opens something at once, what waits for a second person, and what was said.

use super::lists::who;
use crate::{
    EMERGENCY_DAYS, Shield, ShieldError,
    http::{
        DECISION, REVIEW, refusal,
        reviews::{AnswerBody, ROWS_MAX, UnblockBody, do_answer, do_unblock},
    },
    store::reviews::{self, Review, ReviewState},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, context::encode, page, ui};
use std::sync::Arc;

/// Reviews that are over on the page: the latest few.
const CLOSED_MAX: usize = 50;

/// The page.
pub async fn reviews(State(shield): State<Arc<Shield>>, ctx: PageContext) -> Result<Response, WebError> {
    let read = shield.house.store.read(|reader| {
        Ok::<_, ShieldError>((reviews::waiting(reader, ROWS_MAX)?, reviews::closed(reader, CLOSED_MAX)?))
    });
    let (open, closed) = read.await.map_err(refusal)?;
    let body = html! {
        @if open.is_empty() {
            (ui::empty(&ctx.t("shield-reviews-none"), html! { p { (ctx.t("shield-reviews-none-next")) } }))
        }
        @for review in &open { (waiting(&ctx, review)) }
        @if ctx.may(DECISION, Act::Decide) { (ui::card(&ctx.t("shield-emergency"), form(&ctx))) }
        @if !closed.is_empty() { (ui::card(&ctx.t("shield-reviews-closed"), table(&ctx, &closed))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("shield-reviews"), body).lead(ctx.t("shield-reviews-lead"))))
}

fn decision(number: sipar_model::DecisionNumber) -> Markup {
    html! { a href={ "/decisions/" (number.0) } { bdi dir="ltr" { (number) } } }
}

/// One that waits, with the form for whoever may answer.
fn waiting(ctx: &PageContext, review: &Review) -> Markup {
    let overdue = review.due_at <= ctx.now;
    let own = review.by == format!("person:{}", ctx.identity.label);
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    let value = review.observable.value();
    let mut facts = vec![
        fact("shield-number", decision(review.decision)),
        fact("shield-by", who(ctx, &review.by)),
        fact("shield-since", html! { (ctx.when(review.at)) }),
        fact(
            "shield-review-due",
            html! {
                (ctx.when(review.due_at)) " "
                @if overdue { (ui::badge(ui::Tone::Bad, &ctx.t("shield-review-overdue"))) }
            },
        ),
        fact("shield-form-reason", html! { span dir="auto" { (review.reason) } }),
    ];
    if let Some(replaced) = review.replaced {
        facts.push(fact("shield-review-replaced", decision(replaced)));
    }
    let body = html! {
        p { a href={ "/look-up?what=" (encode(&value)) } { (ui::mono(&value)) } }
        (ui::facts(&facts))
        @if own {
            (ui::alert(ui::Tone::Info, &ctx.t("shield-review-own"), html! { p { (ctx.t("shield-review-own-next")) } }))
        } @else if ctx.may(REVIEW, Act::Decide) {
            form action={ "/reviews/" (review.decision.0) } method="post" {
                (reason_field(ctx, &format!("-{}", review.decision.0)))
                div.actions {
                    (ui::button(&ctx.t("shield-review-confirm"), "outcome", "confirmed"))
                    (ui::button(&ctx.t("shield-review-reverse"), "outcome", "reversed"))
                }
            }
        }
    };
    ui::card(&ctx.tw("shield-review-of", &[("number", review.decision.to_string().into())]), body)
}

/// A field for the reason; `place` keeps the ids of several forms on one page apart.
fn reason_field(ctx: &PageContext, place: &str) -> Markup {
    let id = format!("f-reason{place}");
    html! {
        div.field {
            label for=(id) { (ctx.t("shield-form-reason")) }
            span.hint id={ (id) "-hint" } { (ctx.t("shield-form-reason-hint")) }
            input id=(id) name="reason" type="text" dir="auto" required minlength="10" maxlength="1000"
                aria-describedby={ (id) "-hint" };
        }
    }
}

fn form(ctx: &PageContext) -> Markup {
    html! {
        p { (ctx.tw("shield-emergency-about", &[("days", EMERGENCY_DAYS.into())])) }
        form action="/reviews" method="post" {
            (ui::field(ctx, &ui::Field {
                name: "what".into(),
                label: ctx.t("shield-form-what"),
                kind: ui::FieldKind::Code,
                required: true,
                ..ui::Field::default()
            }))
            (reason_field(ctx, ""))
            (ui::submit(&ctx.t("shield-emergency-submit")))
        }
    }
}

fn table(ctx: &PageContext, closed: &[Review]) -> Markup {
    let rows = closed.iter().filter_map(|review| review.answer.as_ref().map(|answer| (review, answer)));
    let rows = rows.map(|(review, answer)| {
        let tone = if review.state == ReviewState::Confirmed { ui::Tone::Good } else { ui::Tone::Warn };
        vec![
            decision(review.decision),
            html! { (review.observable) },
            ui::badge(tone, &ctx.t(&format!("shield-review-{}", review.state.word()))),
            html! { (who(ctx, &review.by)) },
            html! { (who(ctx, &answer.by)) },
            html! { span dir="auto" { (answer.reason) } },
            html! { (ctx.when(answer.at)) },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("shield-reviews-closed-caption"),
        columns: vec![
            ui::Column::code(ctx.t("shield-number")),
            ui::Column::code(ctx.t("shield-observable")),
            ui::Column::text(ctx.t("shield-state")),
            ui::Column::text(ctx.t("shield-by")),
            ui::Column::text(ctx.t("shield-review-by")),
            ui::Column::text(ctx.t("shield-form-reason")),
            ui::Column::text(ctx.t("shield-review-at")),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

#[derive(Deserialize)]
pub struct EmergencyForm {
    what: String,
    reason: String,
}

/// Opens something at once.
pub async fn open(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Form(form): Form<EmergencyForm>,
) -> Result<Response, WebError> {
    let body = UnblockBody { what: form.what, reason: form.reason, emergency: true };
    do_unblock(&shield, &ctx.identity, body).await?;
    Ok(Redirect::to("/reviews").into_response())
}

/// Takes a second person's answer.
pub async fn answer(
    State(shield): State<Arc<Shield>>,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(body): Form<AnswerBody>,
) -> Result<Response, WebError> {
    do_answer(&shield, &ctx.identity, &text, body).await?;
    Ok(Redirect::to("/reviews").into_response())
}
