//! One party: where it stands, whom one reaches, its keys, what it owns. The forms that change these are beside it.

use super::{
    may_on,
    party_forms::{ClaimForm, claim_form, contact_form, edit_form, key_form, usual_contact},
    party_link, title, word,
};
use crate::{
    Registry,
    http::{
        ASSET, PARTY,
        assets::{self, Batch},
        parties::{Whole, whole},
    },
    model::{Claim, ClaimState, Contact, Key, PartyDraft, PartyState},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use maud::{Markup, html};
use sipar_authz::Act;
use sipar_web::{Page, PageContext, Permit, WebError, context::encode, page, ui};
use std::sync::Arc;

/// The page.
pub async fn one(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    ctx: PageContext,
    Path(text): Path<String>,
) -> Result<Response, WebError> {
    let whole = whole(&registry, &permit, &text).await?;
    let after = ctx.parameter("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let some = assets::some(&registry, &permit, &assets::Asked { party: text.clone(), after }).await?;
    let may_do = |resource| may_on(&registry, &ctx, (resource, Act::Write), &whole.party.id);
    let (may, may_claim, id) = (may_do(PARTY), may_do(ASSET), whole.party.id.to_string());
    let body = html! {
        @if whole.party.state == PartyState::Held {
            (ui::alert(ui::Tone::Warn, &ctx.t("registry-held"), html! {
                p { (ctx.t("registry-held-next")) " " a href="/register/waiting" { (ctx.t("registry-waiting-open")) } }
            }))
        }
        (facts(&ctx, &whole))
        (ui::card(&ctx.t("registry-assets"), html! {
            (claims(&ctx, &whole, &some, may_claim))
            @if may_claim { details { summary { (ctx.t("registry-claim")) } (claim_form(&ctx, &id, &ClaimForm::default())) } }
        }))
        (ui::card(&ctx.t("registry-contacts"), html! {
            (contacts(&ctx, &whole, may))
            @if may { details { summary { (ctx.t("registry-contact-put")) } (contact_form(&ctx, &id, &usual_contact())) } }
        }))
        (ui::card(&ctx.t("registry-keys"), html! {
            (keys(&ctx, &whole, may))
            @if may { details { summary { (ctx.t("registry-key-add")) } (key_form(&ctx, &id, "")) } }
        }))
        @if !whole.below.is_empty() {
            (ui::card(&ctx.t("registry-below"), html! {
                ul { @for party in &whole.below { li { (party_link(&ctx, party)) } } }
            }))
        }
        @if ctx.may(PARTY, Act::Write) { (ui::card(&ctx.t("registry-change"), edit_form(&ctx, &id, &PartyDraft::of(&whole.party)))) }
    };
    let name = title(&ctx, &whole.party).to_owned();
    Ok(page(&ctx, Page::new(name, body).crumb(ctx.t("registry-parties"), "/parties")))
}

fn facts(ctx: &PageContext, whole: &Whole) -> Markup {
    let party = &whole.party;
    let parent = match &party.parent {
        Some(parent) => html! { a href={ "/parties/" (parent) } { (ui::mono(parent.as_str())) } },
        None => html! { (ctx.t("registry-no-parent")) },
    };
    ui::facts(&[
        (ctx.t("registry-short-name"), ui::mono(party.id.as_str())),
        (ctx.t("registry-tier"), html! { (word(ctx, "tier", party.tier.word())) }),
        (ctx.t("registry-type"), html! { (word(ctx, "type", party.kind.word())) }),
        (ctx.t("registry-sector"), super::sector(ctx, &party.sector)),
        (ctx.t("registry-parent"), parent),
        (ctx.t("registry-state"), html! { (word(ctx, "state", party.state.word())) }),
        (ctx.t("registry-entered"), ctx.when(party.added_at)),
    ])
}

fn claims(ctx: &PageContext, whole: &Whole, some: &Batch, may: bool) -> Markup {
    let inside = |claim: &Claim| -> Vec<Claim> {
        let here = some.placed.iter().filter(|placed| placed.outer == claim.number);
        here.map(|placed| placed.inner.clone()).collect()
    };
    let rows = some.claims.iter().map(|claim| {
        let value = claim.asset.value();
        let hosted = inside(claim);
        vec![
            html! {
                @if claim.asset.observable().is_some() {
                    a href={ "/look-up?what=" (encode(&value)) } { (ui::mono(&value)) }
                } @else { bdi { (value) } }
                @if !hosted.is_empty() {
                    details {
                        summary { (ctx.tw("registry-holds", &[("n", hosted.len().into())])) }
                        ul { @for inner in &hosted { li { (ui::mono(&inner.asset.value())) } } }
                    }
                }
            },
            html! { (word(ctx, "asset", claim.asset.kind().word())) },
            html! { bdi { (claim.label) } },
            html! { (ctx.day_text(claim.period.from)) },
            html! {
                @match claim.period.until { Some(until) => { (ctx.day_text(until)) }, None => { (ctx.t("registry-goes-on")) } }
            },
            html! { a href={ "/register/claims/" (claim.number) } { (word(ctx, "state", claim.state.word())) } },
            html! { @if may { (end_button(ctx, whole, claim)) } },
        ]
    });
    html! {
        (ui::table(&ui::Table {
            caption: ctx.t("registry-assets-caption"),
            columns: vec![
                ui::Column::text(ctx.t("registry-asset")),
                ui::Column::text(ctx.t("registry-asset-type")),
                ui::Column::text(ctx.t("registry-label")),
                ui::Column::text(ctx.t("registry-from")),
                ui::Column::text(ctx.t("registry-until")),
                ui::Column::text(ctx.t("registry-state")),
                ui::Column::text(ctx.t("registry-act")),
            ],
            rows: rows.collect(),
            empty: Some(ui::empty(&ctx.t("registry-no-assets"), html! { p { (ctx.t("registry-no-assets-next")) } })),
        }))
        @if let Some(next) = some.next {
            nav.pager { a rel="next" href=(ctx.href_with("after", &next.to_string())) { (ctx.t("registry-more")) } }
        }
        @if whole.claims > 0 {
            @let csv = format!("/api/v1/registry/assets/export.csv?party={}", whole.party.id);
            p { a href=(csv) download="assets.csv" { (ctx.t("registry-export")) } }
        }
    }
}

fn end_button(ctx: &PageContext, whole: &Whole, claim: &Claim) -> Markup {
    let lasts = claim.state != ClaimState::Refused && claim.period.until.is_none() && claim.period.from < ctx.now;
    html! {
        @if lasts {
            (ui::post_button(&ctx.t("registry-end"), &format!("/parties/{}/assets/end", whole.party.id),
                &[("number", &claim.number.to_string())]))
        }
    }
}

fn contacts(ctx: &PageContext, whole: &Whole, may: bool) -> Markup {
    let remove = |contact: &Contact| {
        ui::post_button(
            &ctx.t("registry-remove"),
            &format!("/parties/{}/contacts/remove", whole.party.id),
            &[("purpose", contact.purpose.word()), ("mail", &contact.mail)],
        )
    };
    let rows = whole.contacts.iter().map(|contact| {
        vec![
            html! { (word(ctx, "purpose", contact.purpose.word())) },
            html! { (ui::mono(&contact.mail)) @if !contact.name.is_empty() { br; bdi { (contact.name) } } },
            html! { (ui::mono(&contact.phone)) },
            html! { (word(ctx, "language", contact.language.word())) },
            html! { (ui::mono(&contact.hours)) },
            html! { (contact.holidays.len()) },
            html! { @if may { (remove(contact)) } },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("registry-contacts-caption"),
        columns: vec![
            ui::Column::text(ctx.t("registry-purpose")),
            ui::Column::text(ctx.t("registry-contact")),
            ui::Column::text(ctx.t("registry-phone")),
            ui::Column::text(ctx.t("registry-language")),
            ui::Column::text(ctx.t("registry-hours")),
            ui::Column::number(ctx.t("registry-holidays")),
            ui::Column::text(ctx.t("registry-act")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("registry-no-contact"), html! { p { (ctx.t("registry-no-contact-next")) } })),
    })
}

fn keys(ctx: &PageContext, whole: &Whole, may: bool) -> Markup {
    let remove = |key: &Key| {
        let action = format!("/parties/{}/keys/remove", whole.party.id);
        ui::post_button(&ctx.t("registry-remove"), &action, &[("fingerprint", &key.fingerprint)])
    };
    let rows = whole.keys.iter().map(|key| {
        vec![
            html! { (word(ctx, "key", key.kind.word())) },
            html! { (ui::mono(&key.fingerprint)) br; bdi { (key.about) } },
            html! { @match key.not_after { Some(end) => { (ctx.day_text(end)) }, None => { (ctx.t("registry-goes-on")) } } },
            html! { @if may { (remove(key)) } },
        ]
    });
    ui::table(&ui::Table {
        caption: ctx.t("registry-keys-caption"),
        columns: vec![
            ui::Column::text(ctx.t("registry-key-type")),
            ui::Column::text(ctx.t("registry-fingerprint")),
            ui::Column::text(ctx.t("registry-until")),
            ui::Column::text(ctx.t("registry-act")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("registry-no-key"), html! { p { (ctx.t("registry-no-key-next")) } })),
    })
}
