//! Everybody who has an account, and making one.

use super::{lang_choices, role_choices};
use crate::{
    Grant, People,
    http::{address, free, new_person, refusal},
    model::{Actor, Person},
    store::persons,
};
use axum::{
    Extension, Form,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_web::{Frame, Page, PageContext, WebError, page, ui};
use std::sync::Arc;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewForm {
    handle: String,
    name: String,
    lang: String,
    role: String,
}

pub(super) async fn show(State(people): State<Arc<People>>, ctx: PageContext) -> Result<Response, WebError> {
    list(&people, &ctx, &NewForm::default(), None).await
}

async fn list(
    people: &People,
    ctx: &PageContext,
    form: &NewForm,
    fault: Option<WebError>,
) -> Result<Response, WebError> {
    let all = people.look(|reader| Ok(persons::all(reader)?)).await.map_err(refusal)?;
    let lead = ctx.tw("people-lead", &[("n", all.len().into())]);
    let status = fault.as_ref().map_or(StatusCode::OK, WebError::status);
    let body = html! {
        @if let Some(what) = fault.as_ref().and_then(|fault| fault.what(ctx)) {
            (ui::alert(ui::Tone::Bad, &ctx.t("people-refused"), html! { p.said { (what) } }))
        }
        (table(ctx, &all))
        (ui::card(&ctx.t("people-add"), add_form(ctx, form)))
    };
    Ok(page(ctx, Page { status, ..Page::new(ctx.t("people-title"), body).lead(lead) }))
}

fn table(ctx: &PageContext, all: &[(Person, u32)]) -> Markup {
    let row = |(person, passkeys): &(Person, u32)| {
        vec![
            html! { a href=(format!("/people/{}", person.handle)) { (person.handle) } },
            html! { bdi { (person.name) } },
            html! { (ctx.t(&format!("web-role-{}", person.role.word()))) },
            state(ctx, person, *passkeys),
            html! { (passkeys) },
            ctx.when(person.created_at),
        ]
    };
    ui::table(&ui::Table {
        caption: ctx.t("people-caption"),
        columns: vec![
            ui::Column::code(ctx.t("people-handle")),
            ui::Column::text(ctx.t("people-name")),
            ui::Column::text(ctx.t("people-role")),
            ui::Column::text(ctx.t("people-state")),
            ui::Column::number(ctx.t("people-passkeys")),
            ui::Column::text(ctx.t("people-since")),
        ],
        rows: all.iter().map(row).collect(),
        empty: Some(ui::empty(&ctx.t("people-none"), html! { p { (ctx.t("people-none-next")) } })),
    })
}

/// How an account stands.
pub(super) fn state(ctx: &PageContext, person: &Person, passkeys: u32) -> Markup {
    match (person.active(), passkeys) {
        (false, _) => ui::badge(ui::Tone::Neutral, &ctx.t("people-state-ended")),
        (true, 0) => ui::badge(ui::Tone::Warn, &ctx.t("people-state-invited")),
        (true, _) => ui::badge(ui::Tone::Good, &ctx.t("people-state-active")),
    }
}

fn add_form(ctx: &PageContext, form: &NewForm) -> Markup {
    let field = |name: &str, key: &str, hint: Option<&str>, value: &str, kind: ui::FieldKind| {
        let field = ui::Field {
            name: name.into(),
            label: ctx.t(key),
            hint: hint.map(|key| ctx.t(key)),
            value: value.into(),
            kind,
            required: true,
            error: None,
        };
        ui::field(ctx, &field)
    };
    html! {
        form action="/people" method="post" {
            (field("handle", "people-handle", Some("people-handle-hint"), &form.handle, ui::FieldKind::Code))
            (field("name", "people-name", Some("people-name-hint"), &form.name, ui::FieldKind::Text))
            (field("lang", "people-lang", None, &form.lang, ui::FieldKind::Select(lang_choices())))
            (field("role", "people-role", Some("people-grant-what"), &form.role, ui::FieldKind::Select(role_choices(ctx))))
            (ui::submit(&ctx.t("people-add")))
        }
    }
}

pub(super) async fn add(
    State(people): State<Arc<People>>,
    Extension(frame): Extension<Arc<Frame>>,
    ctx: PageContext,
    headers: HeaderMap,
    Form(form): Form<NewForm>,
) -> Result<Response, WebError> {
    let made = async {
        let new = new_person(&form.handle, &form.name, &form.lang, &form.role)?;
        free(&frame, &new.handle)?;
        let handle = new.handle.to_string();
        Ok((handle, people.add(new, Actor::from(&ctx.identity)).await?))
    };
    match made.await.map_err(refusal) {
        Ok((handle, (grant, _))) => Ok(granted(&people, &ctx, &headers, &handle, &grant)),
        Err(fault) if fault.status().is_client_error() => list(&people, &ctx, &form, Some(fault)).await,
        Err(fault) => Err(fault),
    }
}

/// The page that shows a link, once.
pub(super) fn granted(
    people: &People,
    ctx: &PageContext,
    headers: &HeaderMap,
    handle: &str,
    grant: &Grant,
) -> Response {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let link = address(people, host, grant);
    let body = html! {
        (ui::card(&ctx.t("people-link"), html! {
            p { (ctx.t("people-link-what")) }
            p { (ui::copyable(ctx, &link)) }
            p { (ctx.t("people-link-until")) " " (ctx.when(grant.expires_at)) }
        }))
    };
    let made = Page::new(ctx.t("people-link"), body)
        .lead(ctx.tw("people-link-for", &[("handle", handle.into())]))
        .crumb(ctx.t("people-title"), "/people")
        .crumb(handle, format!("/people/{handle}"));
    page(ctx, made)
}
