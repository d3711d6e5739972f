//! Critical infrastructure: what is designated, when it is looked at anew, and the forms that decide.

use super::{again, choices, field, word};
use crate::{
    Registry,
    http::{
        DESIGNATION,
        designations::{DesignateBody, ReviewBody, all, do_designate, do_review},
    },
    model::{Grade, designation::Designation},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// The page.
pub async fn list(State(registry): State<Arc<Registry>>, ctx: PageContext) -> Result<Response, WebError> {
    let found = all(&registry).await?;
    let rows = found.iter().map(|one| {
        vec![
            html! { a href={ "/parties/" (one.party) } { (ui::mono(one.party.as_str())) } },
            html! { (word(&ctx, "grade", one.grade.word())) },
            super::sector(&ctx, &one.sector),
            html! { (ctx.day_text(one.since)) },
            standing(&ctx, one),
            steps(&ctx, one),
            html! { @if one.ended_at.is_none() && ctx.may(DESIGNATION, Act::Decide) { (review_form(&ctx, one)) } },
        ]
    });
    let body = html! {
        (ui::table(&ui::Table {
            caption: ctx.t("registry-designations-caption"),
            columns: vec![
                ui::Column::text(ctx.t("registry-party")),
                ui::Column::text(ctx.t("registry-grade")),
                ui::Column::text(ctx.t("registry-sector")),
                ui::Column::text(ctx.t("registry-since")),
                ui::Column::text(ctx.t("registry-review-by")),
                ui::Column::text(ctx.t("registry-decisions")),
                ui::Column::text(ctx.t("registry-act")),
            ],
            rows: rows.collect(),
            empty: Some(ui::empty(
                &ctx.t("registry-designations-none"),
                html! { p { (ctx.t("registry-designations-none-next")) } },
            )),
        }))
        @if ctx.may(DESIGNATION, Act::Decide) { (ui::card(&ctx.t("registry-designate"), new_form(&ctx, &DesignateBody::default()))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("registry-designations"), body).lead(ctx.t("registry-designations-lead"))))
}

fn standing(ctx: &PageContext, one: &Designation) -> Markup {
    match one.ended_at {
        Some(at) => html! { (ctx.t("registry-ended")) " " (ctx.day_text(at)) },
        None => html! {
            (ctx.day_text(one.review_by))
            @if one.is_overdue(ctx.now) { " " (ui::badge(ui::Tone::Bad, &ctx.t("registry-review-overdue"))) }
        },
    }
}

fn steps(ctx: &PageContext, one: &Designation) -> Markup {
    html! {
        details {
            summary { (ctx.tw("registry-steps", &[("n", one.steps.len().into())])) }
            ul { @for step in &one.steps { li {
                a href={ "/ledger/entries/" (step.ledger_index) } { (ctx.day_text(step.at)) } " "
                (word(ctx, "review", step.what.word())) " (" (word(ctx, "grade", step.grade.word())) "): "
                bdi { (step.reason) }
            } } }
        }
    }
}

fn grades(ctx: &PageContext) -> ui::FieldKind {
    choices(ctx, "grade", Grade::ALL.iter().map(|one| one.word()))
}

fn new_form(ctx: &PageContext, typed: &DesignateBody) -> Markup {
    html! {
        form action="/register/designations" method="post" {
            (field(ctx, "party", ui::FieldKind::Code, &typed.party, true))
            (field(ctx, "grade", grades(ctx), &typed.grade, true))
            (field(ctx, "sector", ui::FieldKind::Code, &typed.sector, true))
            (field(ctx, "reason", ui::FieldKind::Text, &typed.reason, true))
            (ui::submit(&ctx.t("registry-designate")))
        }
    }
}

fn review_form(ctx: &PageContext, one: &Designation) -> Markup {
    let label = ctx.t("registry-field-reason");
    html! {
        details {
            summary { (ctx.t("registry-review")) }
            form action={ "/register/designations/" (one.number) } method="post" {
                label { (label) " " input type="text" name="reason" required dir="auto"; }
                label { (ctx.t("registry-grade")) " "
                    select name="grade" { @for grade in Grade::ALL {
                        option value=(grade.word()) selected[*grade == one.grade] { (word(ctx, "grade", grade.word())) }
                    } }
                }
                div.actions {
                    (ui::button(&ctx.t("registry-confirm"), "decision", "confirmed"))
                    (ui::button(&ctx.t("registry-end-designation"), "decision", "ended"))
                }
            }
        }
    }
}

/// Designates a party.
pub async fn designate(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Form(body): Form<DesignateBody>,
) -> Result<Response, WebError> {
    match do_designate(&registry, &ctx.identity, &body).await {
        Ok(_) => Ok(Redirect::to("/register/designations").into_response()),
        Err(error) => again(&ctx, error, &ctx.t("registry-designate"), new_form(&ctx, &body)),
    }
}

/// Looks at a designation anew.
pub async fn review(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(number): Path<i64>,
    Form(body): Form<ReviewBody>,
) -> Result<Response, WebError> {
    do_review(&registry, &ctx.identity, number, &body).await?;
    Ok(Redirect::to("/register/designations").into_response())
}
