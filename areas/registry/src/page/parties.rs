//! The list of parties, and the form for a new one.

use super::{again, choices, field, party_link, word};
use crate::{
    Registry, RegistryError,
    http::{
        ASSET, PARTY,
        parties::{Asked, PAGE_ROWS, do_register},
        refusal,
    },
    model::{PartyDraft, PartyKind, Tier},
    store::{matters, parties},
};
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_web::{Page, PageContext, Permit, WebError, format::number, page, ui};
use std::sync::Arc;

/// The list.
pub async fn list(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let part = asked.part(&registry, &permit);
    let read = registry.house.store.read(move |reader| {
        let total = parties::list_count(reader, &part)?;
        Ok::<_, RegistryError>((total, parties::list(reader, &part)?, matters::counts(reader)?.0))
    });
    let (total, found, waiting) = read.await.map_err(refusal)?;
    let rows = found.iter().map(|(party, claims)| {
        vec![
            html! { (party_link(&ctx, party)) },
            html! { (word(&ctx, "tier", party.tier.word())) },
            html! { (word(&ctx, "type", party.kind.word())) },
            super::sector(&ctx, &party.sector),
            html! { (word(&ctx, "state", party.state.word())) },
            html! { (number(i64::try_from(*claims).unwrap_or(i64::MAX))) },
        ]
    });
    let table = ui::table(&ui::Table {
        caption: ctx.t("registry-caption"),
        columns: vec![
            ui::Column::text(ctx.t("registry-party")),
            ui::Column::text(ctx.t("registry-tier")),
            ui::Column::text(ctx.t("registry-type")),
            ui::Column::text(ctx.t("registry-sector")),
            ui::Column::text(ctx.t("registry-state")),
            ui::Column::number(ctx.t("registry-assets-count")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("registry-none"), html! { p { (ctx.t("registry-none-next")) } })),
    });
    let body = html! {
        @if waiting > 0 && ctx.may(ASSET, Act::Read) {
            (ui::alert(ui::Tone::Warn, &ctx.tw("registry-waiting-count", &[("n", waiting.into())]), html! {
                p { a href="/register/waiting" { (ctx.t("registry-waiting-open")) } }
            }))
        }
        form action="/parties" method="get" {
            (field(&ctx, "q", ui::FieldKind::Text, &asked.q, false))
            (ui::submit(&ctx.t("registry-find")))
        }
        (table)
        (ui::pager(&ctx, &ui::Pager::of(&ctx, PAGE_ROWS, total)))
        @if ctx.may(PARTY, Act::Write) { (ui::card(&ctx.t("registry-new"), new_form(&ctx, &PartyDraft::usual()))) }
    };
    Ok(page(&ctx, Page::new(ctx.t("registry-parties"), body).lead(ctx.t("registry-lead"))))
}

fn new_form(ctx: &PageContext, typed: &PartyDraft) -> Markup {
    html! {
        form action="/parties" method="post" {
            (field(ctx, "id", ui::FieldKind::Code, &typed.id, true))
            (about_fields(ctx, typed))
            (ui::submit(&ctx.t("registry-enter")))
        }
    }
}

/// What is asked of a new party and of one that is changed.
pub(super) fn about_fields(ctx: &PageContext, typed: &PartyDraft) -> Markup {
    html! {
        (field(ctx, "title", ui::FieldKind::Text, &typed.title, true))
        (field(ctx, "title_ur", ui::FieldKind::Text, &typed.title_ur, false))
        (field(ctx, "tier", choices(ctx, "tier", Tier::ALL.iter().map(|one| one.word())), &typed.tier, true))
        (field(ctx, "type", choices(ctx, "type", PartyKind::ALL.iter().map(|one| one.word())), &typed.kind, true))
        (field(ctx, "sector", ui::FieldKind::Code, &typed.sector, false))
        (field(ctx, "parent", ui::FieldKind::Code, &typed.parent, false))
    }
}

/// Enters a party.
pub async fn register(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Form(draft): Form<PartyDraft>,
) -> Result<Response, WebError> {
    match do_register(&registry, &ctx.identity, &draft).await {
        Ok(party) => Ok(Redirect::to(&format!("/parties/{}", party.id)).into_response()),
        Err(error) => again(&ctx, error, &ctx.t("registry-new"), new_form(&ctx, &draft)),
    }
}
