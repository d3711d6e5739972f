//! Why somebody may do something: the question, the policies that answer it, and all of them to read.

use super::you;
use crate::{
    People,
    http::{
        access::{Asked, Explained},
        refusal,
    },
};
use axum::{
    extract::{Query, State},
    response::Response,
};
use maud::{Markup, html};
use sipar_authz::{Act, Rule};
use sipar_web::{Lang, Page, PageContext, WebError, page, ui};
use std::sync::Arc;

/// About anybody, for administrators.
pub(super) async fn show(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let explained = match asked.act.is_empty() {
        true => None,
        false => {
            let who = people.identity_of(asked.who.trim()).await.map_err(refusal)?;
            Some(people.explained(who, &asked)?)
        }
    };
    Ok(shown(&ctx, &asked, explained.as_ref(), "/access"))
}

/// About oneself.
pub(super) async fn own(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    you::owner(&ctx)?;
    let explained = match asked.act.is_empty() {
        true => None,
        false => Some(people.explained(ctx.identity.clone(), &asked)?),
    };
    Ok(shown(&ctx, &asked, explained.as_ref(), "/you/access"))
}

fn shown(ctx: &PageContext, asked: &Asked, explained: Option<&Explained>, here: &str) -> Response {
    let body = html! {
        @if let Some(explained) = explained { (answer(ctx, explained)) }
        (ui::card(&ctx.t("people-access-ask"), form(ctx, asked, here)))
        (policies(ctx))
    };
    page(ctx, Page::new(ctx.t("people-access"), body).lead(ctx.t("people-access-lead")))
}

fn answer(ctx: &PageContext, explained: &Explained) -> Markup {
    let verdict = &explained.verdict;
    let (tone, key) = match verdict.allowed {
        true => (ui::Tone::Good, "people-access-may"),
        false => (ui::Tone::Bad, "people-access-may-not"),
    };
    let what = format!("{}:{}", explained.resource, explained.act);
    let title = ctx.tw(key, &[("who", explained.who.label.to_string().into()), ("what", what.into())]);
    let role = ctx.t(&format!("web-role-{}", explained.who.role));
    let takes = least(ctx, explained);
    ui::alert(
        tone,
        &title,
        html! {
            @if let Some(party) = &explained.party { p { (ctx.t("people-party")) ": " (ui::mono(party.as_str())) } }
            p { (ctx.t("people-role")) ": " (role) }
            @if verdict.policies.is_empty() { p { (ctx.t("people-access-none")) } }
            @for rule in &verdict.policies { (sentence(ctx, rule)) }
            @if let Some(takes) = takes.filter(|_| !verdict.allowed) { p { (takes) } }
        },
    )
}

/// What it would take.
fn least(ctx: &PageContext, explained: &Explained) -> Option<String> {
    let resource = ctx.authorizer.resource(&explained.resource)?;
    let role = resource.least(explained.act).map(|role| ctx.t(&format!("web-role-{role}")));
    let within = resource.least_within(explained.act).map(|role| super::memberships::role_name(ctx, role));
    match (role, within) {
        (Some(role), Some(within)) => {
            Some(ctx.tw("people-access-takes-either", &[("role", role.into()), ("within", within.into())]))
        }
        (Some(role), None) => Some(ctx.tw("people-access-takes", &[("role", role.into())])),
        _ => None,
    }
}

fn sentence(ctx: &PageContext, rule: &Rule) -> Markup {
    html! { p { (ctx.sentence(rule)) " " (ui::mono(&rule.id)) " " span.hint dir="ltr" { (rule.file) ":" (rule.line) } } }
}

fn form(ctx: &PageContext, asked: &Asked, here: &str) -> Markup {
    let field = |name: &str, key: &str, value: &str, kind: ui::FieldKind, required: bool| {
        let (name, label, value) = (name.into(), ctx.t(key), value.into());
        ui::field(ctx, &ui::Field { name, label, value, kind, required, ..ui::Field::default() })
    };
    let act = |act: &Act| ui::Choice { value: act.word().into(), text: ctx.t(&format!("people-act-{act}")) };
    let resources = ctx.authorizer.resources().map(|resource| {
        let about = if ctx.lang == Lang::Ur { &resource.ur } else { &resource.en };
        ui::Choice { value: resource.name.clone(), text: format!("{} · {about}", resource.name) }
    });
    html! {
        form action=(here) method="get" {
            @if here == "/access" { (field("who", "people-handle", &asked.who, ui::FieldKind::Code, true)) }
            (field("act", "people-access-act", &asked.act, ui::FieldKind::Select(Act::ALL.iter().map(act).collect()), true))
            (field("resource", "people-access-resource", &asked.resource, ui::FieldKind::Select(resources.collect()), true))
            (field("party", "people-party", &asked.party, ui::FieldKind::Code, false))
            (ui::submit(&ctx.t("people-access-ask")))
        }
    }
}

/// Every policy, to read.
fn policies(ctx: &PageContext) -> Markup {
    let row = |rule: &Arc<Rule>| {
        let (tone, key) = match rule.permits {
            true => (ui::Tone::Good, "people-access-permits"),
            false => (ui::Tone::Bad, "people-access-forbids"),
        };
        vec![ui::badge(tone, &ctx.t(key)), html! { (ctx.sentence(rule)) }, ui::mono(&rule.id)]
    };
    ui::table(&ui::Table {
        caption: ctx.t("people-access-caption"),
        columns: vec![
            ui::Column::text(ctx.t("people-access-effect")),
            ui::Column::text(ctx.t("people-access-says")),
            ui::Column::code(ctx.t("people-access-id")),
        ],
        rows: ctx.authorizer.rules().map(row).collect(),
        empty: None,
    })
}
