//! The page of a link: who it is for makes a passkey there. Opening it uses nothing up, since programs open links in
//! letters before people do.

use super::lang_choices;
use crate::{
    People, PeopleError,
    http::{door::too_many, refusal},
    model::{LinkKind, Person},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use maud::{Markup, html};
use sipar_authz::CredentialError;
use sipar_web::{Frame, Page, PageContext, WebError, client::ClientAddress, page, ui};
use std::sync::Arc;

pub(super) async fn show(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    ClientAddress(from): ClientAddress,
    ctx: PageContext,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    match people.find_link(&secret).await {
        Ok((link, person)) => {
            // Whoever is recovered, or is the first, makes a passkey.
            let provider = people.provider_title().filter(|_| link.kind == LinkKind::Enrol);
            Ok(page(&ctx, welcome(&ctx, &secret, link.kind, person.as_ref(), provider.as_deref())))
        }
        Err(PeopleError::Link) => match frame.gate.failed(CredentialError::Key, from) {
            CredentialError::TooMany => Err(too_many()),
            _ => Ok(page(&ctx, gone(&ctx))),
        },
        Err(other) => Err(refusal(other)),
    }
}

fn gone(ctx: &PageContext) -> Page {
    let next = html! { (ctx.t("people-link-bad-next")) };
    let body = ui::alert(ui::Tone::Warn, &ctx.t("people-link-bad"), next);
    Page { status: StatusCode::GONE, ..Page::new(ctx.t("people-enrol"), body) }
}

fn welcome(ctx: &PageContext, secret: &str, kind: LinkKind, person: Option<&Person>, provider: Option<&str>) -> Page {
    let (start, finish) = (format!("/enrol/{secret}/start"), format!("/enrol/{secret}/finish"));
    let ceremony = ui::Ceremony {
        start: &start,
        finish: &finish,
        button: ctx.t("people-enrol-button"),
        fields: html! {
            @if person.is_none() { (founder_fields(ctx)) }
            (passkey_field(ctx))
        },
        then: None,
    };
    let lead = match person {
        None => ctx.t("people-enrol-founder"),
        Some(person) => ctx.tw("people-enrol-lead", &[("name", person.name.as_str().into())]),
    };
    let body = html! {
        @if kind == LinkKind::Recover {
            (ui::alert(ui::Tone::Warn, &ctx.t("people-recover"), html! { (ctx.t("people-recover-what")) }))
        }
        (ui::card(&ctx.t("people-enrol-card"), html! {
            p { (ctx.t("people-enrol-what")) }
            (ui::passkey(ctx, &ceremony))
        }))
        @if let Some(provider) = provider {
            (ui::card(&ctx.t("people-outside"), html! {
                p { (ctx.t("people-outside-instead")) }
                // A link and no form: what a form leads to stays on this site (CSP Level 3 §6.4.1).
                p { (ui::button_link(&ctx.tw("people-outside-enrol", &[("provider", provider.into())]), &format!("/enrol/{secret}/provider"))) }
            }))
        }
    };
    Page::new(ctx.t("people-enrol"), body).lead(lead).script("passkey.js")
}

fn founder_fields(ctx: &PageContext) -> Markup {
    let field = |name: &str, label: &str, hint: &str, kind: ui::FieldKind| {
        let field = ui::Field {
            name: name.into(),
            label: ctx.t(label),
            hint: Some(ctx.t(hint)),
            kind,
            required: true,
            ..ui::Field::default()
        };
        ui::field(ctx, &field)
    };
    let lang = ui::Field {
        name: "lang".into(),
        label: ctx.t("people-lang"),
        value: ctx.lang.code().into(),
        kind: ui::FieldKind::Select(lang_choices()),
        required: true,
        ..ui::Field::default()
    };
    html! {
        (field("handle", "people-handle", "people-handle-hint", ui::FieldKind::Code))
        (field("name", "people-name", "people-name-hint", ui::FieldKind::Text))
        (ui::field(ctx, &lang))
    }
}

/// What the new passkey is called.
pub(super) fn passkey_field(ctx: &PageContext) -> Markup {
    let field = ui::Field {
        name: "passkey".into(),
        label: ctx.t("people-passkey-name"),
        hint: Some(ctx.t("people-passkey-name-hint")),
        ..ui::Field::default()
    };
    ui::field(ctx, &field)
}
