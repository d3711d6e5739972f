//! The forms that change a party. What is refused is shown again with what was typed.

use super::{again, choices, field, parties::about_fields, word};
use crate::{
    Registry,
    http::{
        assets::{self, do_claim, do_end, time_of},
        parties::{
            ContactName, KeyName, KeyText, do_add_key, do_edit, do_put_contact, do_remove_contact, do_remove_key,
        },
    },
    model::{AssetKind, ClaimDraft, ContactDraft, Language, PartyDraft, Purpose},
};
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_web::{PageContext, Permit, WebError, context::encode, ui};
use std::sync::Arc;

pub(super) fn claim_form(ctx: &PageContext, id: &str, typed: &ClaimForm) -> Markup {
    let kinds = [""].into_iter().chain(AssetKind::ALL.iter().map(|one| one.word()));
    let choice = |kind: &str| ui::Choice {
        value: kind.into(),
        text: if kind.is_empty() { ctx.t("registry-as-it-looks") } else { word(ctx, "asset", kind) },
    };
    html! {
        form action={ "/parties/" (encode(id)) "/assets" } method="post" {
            (field(ctx, "asset", ui::FieldKind::Code, &typed.asset, true))
            (field(ctx, "kind", ui::FieldKind::Select(kinds.map(choice).collect()), &typed.kind, false))
            (field(ctx, "label", ui::FieldKind::Text, &typed.label, false))
            (field(ctx, "from", ui::FieldKind::Date, &typed.from, false))
            (field(ctx, "until", ui::FieldKind::Date, &typed.until, false))
            (ui::submit(&ctx.t("registry-claim")))
        }
    }
}

/// A contact as nobody has changed it yet.
pub(super) fn usual_contact() -> ContactDraft {
    ContactDraft {
        purpose: Purpose::Technical.word().into(),
        name: String::new(),
        mail: String::new(),
        phone: String::new(),
        language: Language::English.word().into(),
        hours: String::new(),
        holidays: String::new(),
    }
}

pub(super) fn contact_form(ctx: &PageContext, id: &str, typed: &ContactDraft) -> Markup {
    let purposes = choices(ctx, "purpose", Purpose::ALL.iter().map(|one| one.word()));
    let languages = choices(ctx, "language", Language::ALL.iter().map(|one| one.word()));
    html! {
        form action={ "/parties/" (encode(id)) "/contacts" } method="post" {
            (field(ctx, "purpose", purposes, &typed.purpose, true))
            (field(ctx, "mail", ui::FieldKind::Code, &typed.mail, true))
            (field(ctx, "name", ui::FieldKind::Text, &typed.name, false))
            (field(ctx, "phone", ui::FieldKind::Code, &typed.phone, false))
            (field(ctx, "language", languages, &typed.language, true))
            (field(ctx, "hours", ui::FieldKind::Code, &typed.hours, false))
            (field(ctx, "holidays", ui::FieldKind::Lines { rows: 3 }, &typed.holidays, false))
            (ui::submit(&ctx.t("registry-contact-put")))
        }
    }
}

pub(super) fn key_form(ctx: &PageContext, id: &str, typed: &str) -> Markup {
    html! {
        form action={ "/parties/" (encode(id)) "/keys" } method="post" {
            (field(ctx, "key", ui::FieldKind::Lines { rows: 8 }, typed, true))
            (ui::submit(&ctx.t("registry-key-add")))
        }
    }
}

pub(super) fn edit_form(ctx: &PageContext, id: &str, typed: &PartyDraft) -> Markup {
    html! {
        form action={ "/parties/" (encode(id)) "/edit" } method="post" {
            (about_fields(ctx, typed))
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
    ctx: PageContext,
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
    match do_edit(&registry, &draft).await {
        Ok(_) => Ok(back(&text)),
        Err(error) => again(&ctx, error, &ctx.t("registry-save"), edit_form(&ctx, &text, &draft)),
    }
}

/// Adds a contact, or writes one anew.
pub async fn put_contact(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(draft): Form<ContactDraft>,
) -> Result<Response, WebError> {
    match do_put_contact(&registry, &permit, &text, &draft).await {
        Ok(_) => Ok(back(&text)),
        Err(error) => again(&ctx, error, &ctx.t("registry-contact-put"), contact_form(&ctx, &text, &draft)),
    }
}

/// Removes a contact.
pub async fn remove_contact(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Form(name): Form<ContactName>,
) -> Result<Response, WebError> {
    do_remove_contact(&registry, &permit, &text, name).await?;
    Ok(back(&text))
}

/// Adds a key.
pub async fn add_key(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(body): Form<KeyText>,
) -> Result<Response, WebError> {
    match do_add_key(&registry, &permit, &text, &body).await {
        Ok(_) => Ok(back(&text)),
        Err(error) => again(&ctx, error, &ctx.t("registry-key-add"), key_form(&ctx, &text, &body.key)),
    }
}

/// Removes a key.
pub async fn remove_key(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Form(name): Form<KeyName>,
) -> Result<Response, WebError> {
    do_remove_key(&registry, &permit, &text, name).await?;
    Ok(back(&text))
}

/// The form of a claim: days, where the API has times.
#[derive(Default, Deserialize)]
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
    permit: Permit,
    ctx: PageContext,
    Path(text): Path<String>,
    Form(form): Form<ClaimForm>,
) -> Result<Response, WebError> {
    match claimed(&registry, &permit, &text, &form).await {
        Ok(response) => Ok(response),
        Err(error) => again(&ctx, error, &ctx.t("registry-claim"), claim_form(&ctx, &text, &form)),
    }
}

async fn claimed(
    registry: &Arc<Registry>,
    permit: &Permit,
    text: &str,
    form: &ClaimForm,
) -> Result<Response, WebError> {
    let draft = ClaimDraft {
        party: text.to_owned(),
        asset: form.asset.clone(),
        kind: form.kind.clone(),
        label: form.label.clone(),
        from: time_of("`from`", &form.from)?,
        until: time_of("`until`", &form.until)?,
    };
    let claimed = do_claim(registry, permit, &draft).await?;
    // What waits, and for whom, is for those who see all of it.
    Ok(if claimed.matter.is_some() && permit.reach().parties().is_none() {
        Redirect::to("/register/waiting").into_response()
    } else {
        back(text)
    })
}

/// Which claim ends.
#[derive(Deserialize)]
pub struct EndForm {
    number: i64,
}

/// Ends a claim now.
pub async fn end(
    State(registry): State<Arc<Registry>>,
    permit: Permit,
    Path(text): Path<String>,
    Form(form): Form<EndForm>,
) -> Result<Response, WebError> {
    do_end(&registry, &permit, form.number, &assets::End::default()).await?;
    Ok(back(&text))
}
