//! One account as administrators see it, and what they do about it.

use super::{
    back,
    keys::{self, NumberForm},
    list, memberships, role_choices, trail, you,
};
use crate::{
    People, PeopleError,
    acts::persons_role,
    http::{Account, refusal},
    model::{Actor, PendingGrant, Person, Reason},
};
use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_web::{Page, PageContext, WebError, page, ui};
use std::sync::Arc;

pub(super) async fn show(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    whole(&people, &ctx, handle, None).await
}

async fn whole(
    people: &People,
    ctx: &PageContext,
    handle: String,
    fault: Option<WebError>,
) -> Result<Response, WebError> {
    let account = people.account(handle).await.map_err(refusal)?;
    let person = &account.person;
    let passkeys = u32::try_from(account.passkeys.len()).unwrap_or(u32::MAX);
    let status = fault.as_ref().map_or(StatusCode::OK, WebError::status);
    let body = html! {
        @if let Some(what) = fault.as_ref().and_then(|fault| fault.what(ctx)) {
            (ui::alert(ui::Tone::Bad, &ctx.t("people-refused"), html! { p.said { (what) } }))
        }
        (facts(ctx, &account))
        @if ctx.identity.person == Some(person.number) {
            p { (ctx.t("people-own")) " " a href="/you" { (ctx.t("people-you")) } }
        } @else {
            (ui::card(&ctx.t("people-acts"), acts(ctx, &account)))
            @if person.active() { (ui::card(&ctx.t("people-recovery"), recovery(ctx, &account))) }
        }
        @if let Some(waits) = account.grant.as_ref().filter(|_| ctx.identity.person != Some(person.number)) {
            (ui::card(&ctx.t("people-grant"), grant(ctx, person, waits)))
        }
        (ui::card(&ctx.t("people-parties"), memberships::of(ctx, &account.parties)))
        (ui::card(&ctx.t("people-sessions"), sessions(ctx, &account)))
        @if !account.keys.is_empty() {
            (ui::card(&ctx.t("people-keys"), keys::table(ctx, &account.keys, &format!("/people/{}/keys/revoke", person.handle))))
        }
        (ui::card(&ctx.t("people-trail"), trail(ctx, &account.events)))
    };
    let made = Page::new(person.name.as_str(), body)
        .crumb(ctx.t("people-title"), "/people")
        .aside(list::state(ctx, person, passkeys));
    Ok(page(ctx, Page { status, ..made }))
}

fn facts(ctx: &PageContext, account: &Account) -> Markup {
    let person = &account.person;
    let fact = |key: &str, value: Markup| (ctx.t(key), value);
    let mut facts = vec![
        fact("people-handle", ui::mono(person.handle.as_str())),
        fact("people-role", html! { (ctx.t(&format!("web-role-{}", person.role.word()))) }),
        fact("people-lang", html! { (person.lang.own_name()) }),
        fact("people-since", html! { (ctx.when(person.created_at)) " · " bdi { (person.created_by) } }),
        fact("people-passkeys", html! { (account.passkeys.len()) }),
    ];
    if let Some(since) = account.tied_since {
        facts.push(fact("people-outside-tied", ctx.when(since)));
    }
    if let Some(until) = account.link_until {
        facts.push(fact("people-link-until", ctx.when(until)));
    }
    ui::facts(&facts)
}

fn acts(ctx: &PageContext, account: &Account) -> Markup {
    let person = &account.person;
    let at = |act: &str| format!("/people/{}/{act}", person.handle);
    if !person.active() {
        return ui::post_button(&ctx.t("people-reopen"), &at("reopen"), &[]);
    }
    let role = ui::Field {
        name: "role".into(),
        label: ctx.t("people-role"),
        value: person.role.word().into(),
        kind: ui::FieldKind::Select(role_choices(ctx)),
        required: true,
        ..ui::Field::default()
    };
    html! {
        p { (ctx.t("people-acts-what")) }
        form action=(at("role")) method="post" {
            (ui::field(ctx, &role))
            p.hint { (ctx.t("people-grant-what")) }
            (ui::submit(&ctx.t("people-role-set")))
        }
        div.actions {
            @if person.enrolled_at.is_none() { (ui::post_button(&ctx.t("people-link-make"), &at("link"), &[])) }
            @if !account.sessions.is_empty() { (ui::post_button(&ctx.t("people-sessions-end"), &at("end-sessions"), &[])) }
            @if account.tied_since.is_some() { (ui::post_button(&ctx.t("people-outside-untie"), &at("untie"), &[])) }
            (ui::post_button(&ctx.t("people-end"), &at("end"), &[]))
        }
    }
}

fn recovery(ctx: &PageContext, account: &Account) -> Markup {
    let at = |act: &str| format!("/people/{}/recovery{act}", account.person.handle);
    let Some(waits) = &account.recovery else {
        let why = ui::Field {
            name: "reason".into(),
            label: ctx.t("people-reason"),
            hint: Some(ctx.t("people-reason-hint")),
            kind: ui::FieldKind::Lines { rows: 2 },
            required: true,
            ..ui::Field::default()
        };
        return html! {
            p { (ctx.t("people-recovery-what")) }
            form action=(at("")) method="post" { (ui::field(ctx, &why)) (ui::submit(&ctx.t("people-recovery-ask"))) }
            @if account.link_until.is_some() { (ui::post_button(&ctx.t("people-link-take-back"), &at("/call-off"), &[])) }
        };
    };
    let own = waits.asked_by == *ctx.identity.label;
    html! {
        p { (ctx.tw("people-recovery-asked", &[("by", waits.asked_by.as_str().into())])) " " (ctx.when(waits.asked_at)) }
        blockquote { bdi { (waits.reason.as_str()) } }
        @if own { p { (ctx.t("people-recovery-own")) } }
        div.actions {
            @if !own { (ui::post_button(&ctx.t("people-recovery-agree"), &at("/agree"), &[])) }
            (ui::post_button(&ctx.t("people-recovery-call-off"), &at("/call-off"), &[]))
        }
    }
}

/// Somebody is to become an administrator.
fn grant(ctx: &PageContext, person: &Person, waits: &PendingGrant) -> Markup {
    let at = |act: &str| format!("/people/{}/administrator/{act}", person.handle);
    let own = waits.asked_by == *ctx.identity.label;
    html! {
        p { (ctx.tw("people-grant-asked", &[("by", waits.asked_by.as_str().into())])) " " (ctx.when(waits.asked_at)) }
        @if own { p { (ctx.t("people-grant-own")) } }
        div.actions {
            @if !own { (ui::post_button(&ctx.t("people-grant-agree"), &at("agree"), &[])) }
            (ui::post_button(&ctx.t("people-grant-call-off"), &at("call-off"), &[]))
        }
    }
}

fn sessions(ctx: &PageContext, account: &Account) -> Markup {
    let mut columns = you::session_columns(ctx);
    columns.pop();
    let rows = account.sessions.iter().map(|session| {
        vec![you::agent(ctx, session), ctx.when(session.opened_at), html! { (ctx.ago(session.seen_at)) }]
    });
    ui::table(&ui::Table {
        caption: ctx.t("people-sessions-caption"),
        columns,
        rows: rows.collect(),
        empty: Some(html! { p { (ctx.t("people-sessions-none")) } }),
    })
}

/// Back to the account, or the account with what was refused.
async fn done(
    people: &People,
    ctx: &PageContext,
    handle: String,
    result: Result<(), PeopleError>,
) -> Result<Response, WebError> {
    match result.map_err(refusal) {
        Ok(()) => Ok(back(&format!("/people/{handle}"))),
        Err(fault) if fault.status().is_client_error() && fault.status() != StatusCode::NOT_FOUND => {
            whole(people, ctx, handle, Some(fault)).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn link(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    headers: HeaderMap,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    match people.link(handle.clone(), Actor::from(&ctx.identity)).await {
        Ok(grant) => Ok(list::granted(&people, &ctx, &headers, &handle, &grant)),
        Err(fault) => done(&people, &ctx, handle, Err(fault)).await,
    }
}

#[derive(Deserialize)]
pub(super) struct RoleForm {
    role: String,
}

pub(super) async fn role(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
    Form(form): Form<RoleForm>,
) -> Result<Response, WebError> {
    let result = match persons_role(&form.role) {
        Ok(role) => people.set_role(handle.clone(), role, Actor::from(&ctx.identity)).await.map(|_| ()),
        Err(fault) => Err(fault),
    };
    done(&people, &ctx, handle, result).await
}

pub(super) async fn end(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.end(handle.clone(), Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}

pub(super) async fn reopen(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.reopen(handle.clone(), Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}

pub(super) async fn untie(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.untie_of(handle.clone(), Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}

pub(super) async fn end_sessions(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.end_sessions_of(handle.clone(), Actor::from(&ctx.identity)).await.map(|_| ());
    done(&people, &ctx, handle, result).await
}

#[derive(Deserialize)]
pub(super) struct ReasonForm {
    #[serde(default)]
    reason: String,
}

pub(super) async fn ask_recovery(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, WebError> {
    let result = match Reason::parse(&form.reason) {
        Ok(reason) => people.ask_recovery(handle.clone(), reason, Actor::from(&ctx.identity)).await,
        Err(fault) => Err(fault.into()),
    };
    done(&people, &ctx, handle, result).await
}

pub(super) async fn agree(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    headers: HeaderMap,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    match people.agree_recovery(handle.clone(), Actor::from(&ctx.identity)).await {
        Ok(grant) => Ok(list::granted(&people, &ctx, &headers, &handle, &grant)),
        Err(fault) => done(&people, &ctx, handle, Err(fault)).await,
    }
}

pub(super) async fn revoke_key(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
    Form(form): Form<NumberForm>,
) -> Result<Response, WebError> {
    let result = people.revoke_key_of(handle.clone(), form.number, Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}

pub(super) async fn call_off(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.call_off_recovery(handle.clone(), Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}

pub(super) async fn agree_grant(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.agree_grant(handle.clone(), Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}

pub(super) async fn call_off_grant(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Path(handle): Path<String>,
) -> Result<Response, WebError> {
    let result = people.call_off_grant(handle.clone(), Actor::from(&ctx.identity)).await;
    done(&people, &ctx, handle, result).await
}
