//! One party: where it stands, whom one reaches, its keys, what it owns; and the forms that change these.

use super::{choices, field, parties::about_fields, party_link, title, word};
use crate::{
    Registry,
    http::{
        ASSET, PARTY,
        assets::{self, Batch, do_claim, do_end, time_of},
        parties::{
            ContactName, KeyName, KeyText, Whole, do_add_key, do_edit, do_put_contact, do_remove_contact,
            do_remove_key, whole,
        },
    },
    model::{
        AssetKind, Claim, ClaimDraft, ClaimState, Contact, ContactDraft, Key, Language, PartyDraft, PartyState, Purpose,
    },
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

/// The page.
pub async fn one(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(text): Path<String>,
) -> Result<Response, WebError> {
    let whole = whole(&registry, &text).await?;
    let after = ctx.parameter("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let some = assets::some(&registry, &assets::Asked { party: text.clone(), after }).await?;
    let may = ctx.may(PARTY, Act::Write);
    let body = html! {
        @if whole.party.state == PartyState::Held {
            (ui::alert(ui::Tone::Warn, &ctx.t("registry-held"), html! {
                p { (ctx.t("registry-held-next")) " " a href="/register/waiting" { (ctx.t("registry-waiting-open")) } }
            }))
        }
        (facts(&ctx, &whole))
        (ui::card(&ctx.t("registry-assets"), html! {
            (claims(&ctx, &whole, &some))
            @if ctx.may(ASSET, Act::Write) { details { summary { (ctx.t("registry-claim")) } (claim_form(&ctx, &whole)) } }
        }))
        (ui::card(&ctx.t("registry-contacts"), html! {
            (contacts(&ctx, &whole, may))
            @if may { details { summary { (ctx.t("registry-contact-put")) } (contact_form(&ctx, &whole)) } }
        }))
        (ui::card(&ctx.t("registry-keys"), html! {
            (keys(&ctx, &whole, may))
            @if may { details { summary { (ctx.t("registry-key-add")) } (key_form(&ctx, &whole)) } }
        }))
        @if !whole.below.is_empty() {
            (ui::card(&ctx.t("registry-below"), html! {
                ul { @for party in &whole.below { li { (party_link(&ctx, party)) } } }
            }))
        }
        @if may { (ui::card(&ctx.t("registry-change"), edit_form(&ctx, &whole))) }
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

fn claims(ctx: &PageContext, whole: &Whole, some: &Batch) -> Markup {
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
            html! { (word(ctx, "state", claim.state.word())) },
            end_button(ctx, whole, claim),
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
        @if lasts && ctx.may(ASSET, Act::Write) {
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

fn claim_form(ctx: &PageContext, whole: &Whole) -> Markup {
    let kinds = [""].into_iter().chain(AssetKind::ALL.iter().map(|one| one.word()));
    let choice = |kind: &str| ui::Choice {
        value: kind.into(),
        text: if kind.is_empty() { ctx.t("registry-as-it-looks") } else { word(ctx, "asset", kind) },
    };
    html! {
        form action={ "/parties/" (whole.party.id) "/assets" } method="post" {
            (field(ctx, "asset", ui::FieldKind::Code, "", true))
            (field(ctx, "kind", ui::FieldKind::Select(kinds.map(choice).collect()), "", false))
            (field(ctx, "label", ui::FieldKind::Text, "", false))
            (field(ctx, "from", ui::FieldKind::Date, "", false))
            (field(ctx, "until", ui::FieldKind::Date, "", false))
            (ui::submit(&ctx.t("registry-claim")))
        }
    }
}

fn contact_form(ctx: &PageContext, whole: &Whole) -> Markup {
    let purposes = choices(ctx, "purpose", Purpose::ALL.iter().map(|one| one.word()));
    let languages = choices(ctx, "language", Language::ALL.iter().map(|one| one.word()));
    html! {
        form action={ "/parties/" (whole.party.id) "/contacts" } method="post" {
            (field(ctx, "purpose", purposes, "", true))
            (field(ctx, "mail", ui::FieldKind::Code, "", true))
            (field(ctx, "name", ui::FieldKind::Text, "", false))
            (field(ctx, "phone", ui::FieldKind::Code, "", false))
            (field(ctx, "language", languages, "", true))
            (field(ctx, "hours", ui::FieldKind::Code, "", false))
            (field(ctx, "holidays", ui::FieldKind::Lines { rows: 3 }, "", false))
            (ui::submit(&ctx.t("registry-contact-put")))
        }
    }
}

fn key_form(ctx: &PageContext, whole: &Whole) -> Markup {
    html! {
        form action={ "/parties/" (whole.party.id) "/keys" } method="post" {
            (field(ctx, "key", ui::FieldKind::Lines { rows: 8 }, "", true))
            (ui::submit(&ctx.t("registry-key-add")))
        }
    }
}

fn edit_form(ctx: &PageContext, whole: &Whole) -> Markup {
    html! {
        form action={ "/parties/" (whole.party.id) "/edit" } method="post" {
            (about_fields(ctx, Some(&whole.party)))
            (ui::submit(&ctx.t("registry-save")))
        }
    }
}

fn back(text: &str) -> Response {
    Redirect::to(&format!("/parties/{}", encode(text))).into_response()
}

/// The form that changes a party: its short name stands in the address.
#[derive(Deserialize)]
pub struct EditForm {
    title: String,
    title_ur: String,
    tier: String,
    #[serde(rename = "type")]
    kind: String,
    sector: String,
    parent: String,
}

/// Changes it.
pub async fn edit(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Form(form): Form<EditForm>,
) -> Result<Response, WebError> {
    let draft = PartyDraft {
        id: text.clone(),
        title: form.title,
        title_ur: form.title_ur,
        tier: form.tier,
        kind: form.kind,
        sector: form.sector,
        parent: form.parent,
    };
    do_edit(&registry, &draft).await?;
    Ok(back(&text))
}

/// Adds a contact, or writes one anew.
pub async fn put_contact(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Form(draft): Form<ContactDraft>,
) -> Result<Response, WebError> {
    do_put_contact(&registry, &text, &draft).await?;
    Ok(back(&text))
}

/// Removes a contact.
pub async fn remove_contact(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Form(name): Form<ContactName>,
) -> Result<Response, WebError> {
    do_remove_contact(&registry, &text, name).await?;
    Ok(back(&text))
}

/// Adds a key.
pub async fn add_key(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Form(body): Form<KeyText>,
) -> Result<Response, WebError> {
    do_add_key(&registry, &text, &body).await?;
    Ok(back(&text))
}

/// Removes a key.
pub async fn remove_key(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Form(name): Form<KeyName>,
) -> Result<Response, WebError> {
    do_remove_key(&registry, &text, name).await?;
    Ok(back(&text))
}

/// The form of a claim: days, where the API has times.
#[derive(Deserialize)]
pub struct ClaimForm {
    asset: String,
    kind: String,
    label: String,
    from: String,
    until: String,
}

/// Enters a claim.
pub async fn claim(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(form): Form<ClaimForm>,
) -> Result<Response, WebError> {
    let draft = ClaimDraft {
        party: text.clone(),
        asset: form.asset,
        kind: form.kind,
        label: form.label,
        from: time_of("`from`", &form.from)?,
        until: time_of("`until`", &form.until)?,
    };
    let claimed = do_claim(&registry, &ctx.identity, &draft).await?;
    Ok(if claimed.matter.is_some() { Redirect::to("/register/waiting").into_response() } else { back(&text) })
}

/// Which claim ends.
#[derive(Deserialize)]
pub struct EndForm {
    number: i64,
}

/// Ends a claim now.
pub async fn end(
    State(registry): State<Arc<Registry>>,
    Path(text): Path<String>,
    Form(form): Form<EndForm>,
) -> Result<Response, WebError> {
    do_end(&registry, form.number, &assets::End::default()).await?;
    Ok(back(&text))
}
