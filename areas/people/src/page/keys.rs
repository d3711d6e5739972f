//! One's own keys for programs: making, showing once, revoking.

use super::{
    back,
    you::{HERE, owner},
};
use crate::{
    MadeKey, People,
    http::refusal,
    model::{
        Actor, KeyRow, KeyUse, NewKey,
        key::{DAYS_MAX, client_id},
    },
};
use axum::{Form, extract::State, http::StatusCode, response::Response};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// The life that is offered first, in days: a season.
const DAYS_OFFERED: &str = "90";

#[derive(Deserialize)]
#[serde(default)]
pub(super) struct KeyForm {
    name: String,
    scopes: String,
    days: String,
    kind: String,
}

impl Default for KeyForm {
    fn default() -> Self {
        let (days, kind) = (DAYS_OFFERED.into(), KeyUse::Direct.word().into());
        Self { name: String::new(), scopes: "*:read".into(), days, kind }
    }
}

/// A person's keys; with `revoke`, each with a button that sends its number there.
pub(super) fn table(ctx: &PageContext, all: &[KeyRow], revoke: &str) -> Markup {
    let row = |key: &KeyRow| {
        let number = key.number.to_string();
        vec![
            html! { bdi { (key.name) } },
            html! { (ctx.t(&format!("people-key-use-{}", key.kind.word()))) },
            html! { (ui::mono(&key.scopes.to_string())) },
            html! { (ctx.day_text(key.expires_at)) },
            html! { @match key.used_at() { Some(at) => { (ctx.day_text(at)) } None => { (ctx.t("people-never")) } } },
            ui::post_button(&ctx.t("people-key-revoke"), revoke, &[("number", &number)]),
        ]
    };
    let keys =
        ["people-key-name", "people-key-use", "people-key-scopes", "people-key-until", "people-used", "people-acts"];
    ui::table(&ui::Table {
        caption: ctx.t("people-keys-caption"),
        columns: keys.map(|key| ui::Column::text(ctx.t(key))).into(),
        rows: all.iter().map(row).collect(),
        empty: Some(html! { p { (ctx.t("people-keys-none")) } }),
    })
}

pub(super) async fn new(ctx: PageContext) -> Result<Response, WebError> {
    owner(&ctx)?;
    Ok(form_page(&ctx, &KeyForm::default(), None))
}

fn form_page(ctx: &PageContext, form: &KeyForm, fault: Option<&WebError>) -> Response {
    let field = |name: &str, key: &str, hint: &str, value: &str, kind: ui::FieldKind| {
        let field = ui::Field {
            name: name.into(),
            label: ctx.t(key),
            hint: Some(ctx.t(hint)),
            value: value.into(),
            kind,
            required: true,
            error: None,
        };
        ui::field(ctx, &field)
    };
    let choice = |kind: &KeyUse| ui::Choice {
        value: kind.word().into(),
        text: ctx.t(&format!("people-key-use-{}", kind.word())),
    };
    let days = ui::FieldKind::Number { min: 1, max: DAYS_MAX.into() };
    let kinds = ui::FieldKind::Radio(KeyUse::ALL.iter().map(choice).collect());
    let body = html! {
        @if let Some(what) = fault.and_then(|fault| fault.what(ctx)) {
            (ui::alert(ui::Tone::Bad, &ctx.t("people-refused"), html! { p.said { (what) } }))
        }
        form.card action="/you/keys" method="post" {
            (field("name", "people-key-name", "people-key-name-hint", &form.name, ui::FieldKind::Text))
            (field("scopes", "people-key-scopes", "people-key-scopes-hint", &form.scopes, ui::FieldKind::Code))
            (field("days", "people-key-days", "people-key-days-hint", &form.days, days))
            (field("kind", "people-key-use", "people-key-use-hint", &form.kind, kinds))
            (ui::submit(&ctx.t("people-key-make")))
        }
    };
    let status = fault.map_or(StatusCode::OK, WebError::status);
    let made =
        Page::new(ctx.t("people-key-make"), body).lead(ctx.t("people-keys-lead")).crumb(ctx.t("people-you"), HERE);
    page(ctx, Page { status, ..made })
}

pub(super) async fn make(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Form(form): Form<KeyForm>,
) -> Result<Response, WebError> {
    let owner = owner(&ctx)?;
    let made = async {
        let key = NewKey::parse(&form.name, &form.scopes, &form.days, &form.kind)?;
        let kind = key.kind;
        Ok((kind, people.make_key(owner, key, Actor::from(&ctx.identity)).await?))
    };
    match made.await.map_err(refusal) {
        Ok((kind, made)) => Ok(shown_once(&ctx, kind, &made)),
        Err(fault) if fault.status().is_client_error() => Ok(form_page(&ctx, &form, Some(&fault))),
        Err(fault) => Err(fault),
    }
}

fn shown_once(ctx: &PageContext, kind: KeyUse, made: &MadeKey) -> Response {
    let secret = made.secret.key_text();
    let body = ui::card(
        &ctx.t("people-key"),
        html! {
            p { (ctx.t("people-key-once")) }
            @if kind == KeyUse::Client {
                p { (ctx.t("people-key-client")) " " (ui::copyable(ctx, &client_id(made.number))) }
            }
            p { (ui::copyable(ctx, &secret)) }
            p { (ctx.t("people-key-until")) " " (ctx.when(made.expires_at)) }
            p { (ctx.t(&format!("people-key-how-{}", kind.word()))) }
        },
    );
    page(ctx, Page::new(ctx.t("people-key"), body).crumb(ctx.t("people-you"), HERE))
}

#[derive(Deserialize)]
pub(super) struct NumberForm {
    pub number: i64,
}

pub(super) async fn revoke(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Form(form): Form<NumberForm>,
) -> Result<Response, WebError> {
    people.revoke_key(owner(&ctx)?, form.number, Actor::from(&ctx.identity)).await.map_err(refusal)?;
    Ok(back(HERE))
}
