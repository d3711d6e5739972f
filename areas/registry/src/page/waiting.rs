//! What waits for a person, and the forms that decide.

use super::word;
use crate::{
    Registry,
    http::{
        ASSET,
        matters::{DecideBody, Shown, do_decide, shown},
    },
    model::{Claim, Matter},
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
    let (waiting, decided) = (shown(&registry, true).await?, shown(&registry, false).await?);
    let body = html! {
        @if waiting.is_empty() {
            (ui::empty(&ctx.t("registry-waiting-none"), html! { p { (ctx.t("registry-waiting-none-next")) } }))
        }
        @for one in &waiting { (card(&ctx, one)) }
        @if !decided.is_empty() { (ui::card(&ctx.t("registry-decided"), table(&ctx, &decided))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("registry-waiting"), body).lead(ctx.t("registry-waiting-lead"))))
}

fn said(ctx: &PageContext, claim: Option<&Claim>) -> Markup {
    match claim {
        None => html! { (ctx.t("registry-its-name")) },
        Some(claim) => html! {
            (ui::mono(&claim.asset.value())) " "
            (ctx.day_text(claim.period.from)) " – "
            @match claim.period.until { Some(until) => { (ctx.day_text(until)) }, None => { (ctx.t("registry-goes-on")) } }
        },
    }
}

fn party(id: &sipar_model::PartyId) -> Markup {
    html! { a href={ "/parties/" (id) } { (ui::mono(id.as_str())) } }
}

fn card(ctx: &PageContext, one: &Shown) -> Markup {
    let matter = &one.matter;
    let title = ctx.tw("registry-matter", &[("number", matter.number.to_string().into())]);
    let own = matter.opened_by == format!("person:{}", ctx.identity.label);
    ui::card(
        &title,
        html! {
            p { (word(ctx, "matter", matter.kind.word())) }
            (ui::facts(&[
                (ctx.t("registry-waits"), html! { (party(&matter.party)) " " (said(ctx, one.waits.as_ref())) }),
                (ctx.t("registry-touches"), html! { (party(&matter.other_party)) " " (said(ctx, one.touches.as_ref())) }),
                (ctx.t("registry-since"), html! { (ctx.when(matter.opened_at)) " · " (ctx.ago(matter.opened_at)) }),
                (ctx.t("registry-by"), html! { bdi { (by(&matter.opened_by)) } }),
            ]))
            @if own {
                (ui::alert(ui::Tone::Warn, &ctx.t("registry-own"), html! { p { (ctx.t("registry-own-next")) } }))
            } @else if ctx.may(ASSET, Act::Decide) {
                (decide_form(ctx, matter))
            }
        },
    )
}

fn by(text: &str) -> &str {
    text.split_once(':').map_or(text, |(_, label)| label)
}

fn decide_form(ctx: &PageContext, matter: &Matter) -> Markup {
    html! {
        form action={ "/register/waiting/" (matter.number) } method="post" {
            (ui::field(ctx, &ui::Field {
                name: format!("reason-{}", matter.number),
                label: ctx.t("registry-reason"),
                required: true,
                ..ui::Field::default()
            }))
            div.actions {
                (ui::button(&ctx.t(&format!("registry-agree-{}", matter.kind.word())), "outcome", "agreed"))
                (ui::button(&ctx.t("registry-refuse"), "outcome", "refused"))
            }
        }
    }
}

fn table(ctx: &PageContext, decided: &[Shown]) -> Markup {
    let rows = decided.iter().filter_map(|one| one.matter.decided.as_ref().map(|decided| (one, decided)));
    let rows = rows.map(|(one, decided)| {
        vec![
            html! { (one.matter.number) },
            html! { (word(ctx, "matter", one.matter.kind.word())) },
            party(&one.matter.party),
            said(ctx, one.waits.as_ref()),
            html! { (word(ctx, "outcome", decided.outcome.word())) },
            html! { bdi { (by(&decided.by)) } },
            html! { a href={ "/ledger/entries/" (decided.ledger_index) } { (ctx.when(decided.at)) } },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("registry-decided-caption"),
        columns: vec![
            ui::Column::number(ctx.t("registry-number")),
            ui::Column::text(ctx.t("registry-why")),
            ui::Column::text(ctx.t("registry-party")),
            ui::Column::text(ctx.t("registry-waits")),
            ui::Column::text(ctx.t("registry-outcome")),
            ui::Column::text(ctx.t("registry-by")),
            ui::Column::text(ctx.t("registry-when")),
        ],
        rows: rows.collect(),
        empty: None,
    })
}

/// The form: the reason carries the matter's number, so that each field on the page has a name of its own.
#[derive(serde::Deserialize)]
pub struct DecideForm {
    outcome: String,
    #[serde(flatten)]
    reasons: std::collections::BTreeMap<String, String>,
}

/// Decides.
pub async fn decide(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(number): Path<i64>,
    Form(form): Form<DecideForm>,
) -> Result<Response, WebError> {
    let reason = form.reasons.get(&format!("reason-{number}")).cloned().unwrap_or_default();
    do_decide(&registry, &ctx.identity, number, &DecideBody { outcome: form.outcome, reason }).await?;
    Ok(Redirect::to("/register/waiting").into_response())
}
