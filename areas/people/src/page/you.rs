//! One's own account: passkeys, sessions, what happened to it.

use super::{back, enrol::passkey_field, keys, lang_choices, memberships, trail};
use crate::{
    People, PeopleError,
    error::say,
    http::{Account, refusal},
    model::{Actor, PasskeyRow, PersonName, SessionRow, may_remove},
    store::{events, persons},
};
use axum::{Form, extract::State, response::Response};
use maud::{Markup, html};
use serde::Deserialize;
use sipar_authz::{PersonNumber, SessionNumber, Via};
use sipar_web::{Lang, Page, PageContext, WebError, page, ui};
use std::sync::Arc;

pub(super) const HERE: &str = "/you";

/// Who is signed in as a person. A key acts for one, and is not at their desk.
pub(super) fn owner(ctx: &PageContext) -> Result<PersonNumber, WebError> {
    let person = ctx.identity.person.filter(|_| ctx.identity.via == Via::Session);
    person.ok_or_else(|| WebError::forbidden(say("people-no-account", [])))
}

pub(super) async fn show(State(people): State<Arc<People>>, ctx: PageContext) -> Result<Response, WebError> {
    let owner = owner(&ctx)?;
    let missing = || PeopleError::Missing(say("people-none-yours", []));
    let read = people.look(move |reader| persons::by_number(reader, owner)?.ok_or_else(missing)).await;
    let account = people.account(read.map_err(refusal)?.handle.to_string()).await.map_err(refusal)?;
    // They are shown as new this once.
    if let Some(newest) = account.events.first().filter(|_| account.events.iter().any(|one| one.told_at.is_none())) {
        let (number, now) = (newest.number, people.house.clock.now());
        people.act(move |tx| Ok(events::told(tx, owner, number, now)?)).await.map_err(refusal)?;
    }
    let title = ctx.t("people-you");
    let lead = format!("{} · {}", account.person.handle, ctx.t(&format!("web-role-{}", account.person.role.word())));
    Ok(page(&ctx, Page::new(title, body(&ctx, &account, people.provider_title().as_deref())).lead(lead)))
}

fn body(ctx: &PageContext, account: &Account, provider: Option<&str>) -> Markup {
    html! {
        @if let Some(recovery) = &account.recovery {
            (ui::alert(ui::Tone::Bad, &ctx.tw("people-recovery-yours", &[("by", recovery.asked_by.as_str().into())]), html! {
                p { bdi { (recovery.reason.as_str()) } }
                (ui::post_button(&ctx.t("people-recovery-call-off"), "/you/recovery/call-off", &[]))
            }))
        } @else if account.link_until.is_some() {
            (ui::alert(ui::Tone::Bad, &ctx.t("people-recovery-agreed-yours"), html! {
                (ui::post_button(&ctx.t("people-recovery-call-off"), "/you/recovery/call-off", &[]))
            }))
        }
        (ui::card(&ctx.t("people-passkeys"), html! {
            (passkeys(ctx, &account.passkeys))
            p { (ui::button_link(&ctx.t("people-passkey-add"), "/you/passkeys/new")) }
        }))
        @if let Some(provider) = provider { (ui::card(&ctx.t("people-outside"), tied(ctx, account, provider))) }
        (ui::card(&ctx.t("people-sessions"), sessions(ctx, &account.sessions)))
        (ui::card(&ctx.t("people-keys"), html! {
            p { (ctx.t("people-keys-lead")) }
            (keys::table(ctx, &account.keys, "/you/keys/revoke"))
            p { (ui::button_link(&ctx.t("people-key-make"), "/you/keys/new")) }
        }))
        (ui::card(&ctx.t("people-parties"), html! {
            (memberships::of(ctx, &account.parties))
            p { a href="/you/access" { (ctx.t("people-access-own")) } }
        }))
        (ui::card(&ctx.t("people-name-card"), name_form(ctx, account)))
        section.card #trail { h2 { (ctx.t("people-trail")) } (trail(ctx, &account.events)) }
    }
}

fn passkeys(ctx: &PageContext, all: &[PasskeyRow]) -> Markup {
    let row = |passkey: &PasskeyRow| {
        let credential = passkey.credential.as_str();
        vec![
            html! { bdi { (passkey.name) } },
            ctx.when(passkey.created_at),
            html! { @match passkey.used_at { Some(at) => { (ctx.ago(at)) } None => { (ctx.t("people-never")) } } },
            html! {
                form.inline action="/you/passkeys/rename" method="post" {
                    input type="hidden" name="credential" value=(credential);
                    input type="text" name="name" dir="auto" maxlength="80" required value=(passkey.name)
                        aria-label=(ctx.tw("people-passkey-rename-label", &[("name", passkey.name.as_str().into())]));
                    button type="submit" { (ctx.t("people-passkey-rename")) }
                }
                @if may_remove(all.len()) {
                    (ui::post_button(&ctx.t("people-passkey-remove"), "/you/passkeys/remove", &[("credential", credential)]))
                }
            },
        ]
    };
    let table = ui::table(&ui::Table {
        caption: ctx.t("people-passkeys-caption"),
        columns: vec![
            ui::Column::text(ctx.t("people-passkey-name")),
            ui::Column::text(ctx.t("people-since")),
            ui::Column::text(ctx.t("people-used")),
            ui::Column::text(ctx.t("people-acts")),
        ],
        rows: all.iter().map(row).collect(),
        empty: Some(html! { p { (ctx.t("people-passkeys-none")) } }),
    });
    html! { (table) @if !may_remove(all.len()) { p { (ctx.t("people-passkey-last")) } } }
}

fn sessions(ctx: &PageContext, all: &[SessionRow]) -> Markup {
    let row = |session: &SessionRow| {
        let here = ctx.identity.session == Some(session.number);
        let number = session.number.0.to_string();
        vec![
            agent(ctx, session),
            ctx.when(session.opened_at),
            html! { (ctx.ago(session.seen_at)) },
            html! {
                @if here { (ui::badge(ui::Tone::Good, &ctx.t("people-session-this"))) }
                @else { (ui::post_button(&ctx.t("people-session-end"), "/you/sessions/end", &[("number", &number)])) }
            },
        ]
    };
    let table = ui::table(&ui::Table {
        caption: ctx.t("people-sessions-caption"),
        columns: session_columns(ctx),
        rows: all.iter().map(row).collect(),
        empty: Some(html! { p { (ctx.t("people-sessions-none")) } }),
    });
    html! {
        (table)
        @if all.len() > 1 { (ui::post_button(&ctx.t("people-sessions-end-others"), "/you/sessions/end-others", &[])) }
    }
}

/// What kind of browser a session is in.
pub(super) fn agent(ctx: &PageContext, session: &SessionRow) -> Markup {
    html! { @if session.agent.is_empty() { (ctx.t("people-agent-unknown")) } @else { bdi { (session.agent) } } }
}

pub(super) fn session_columns(ctx: &PageContext) -> Vec<ui::Column> {
    ["people-agent", "people-since", "people-seen", "people-acts"].map(|key| ui::Column::text(ctx.t(key))).into()
}

/// Whether an account of the outside provider is tied to this one.
fn tied(ctx: &PageContext, account: &Account, provider: &str) -> Markup {
    html! {
        p { bdi { (provider) } }
        @if let Some(since) = account.tied_since {
            p { (ctx.t("people-outside-tied")) " " (ctx.when(since)) }
            (ui::post_button(&ctx.t("people-outside-untie"), "/you/provider/untie", &[]))
        } @else {
            p { (ctx.t("people-outside-untied")) }
            p { (ui::button_link(&ctx.t("people-outside-tie"), "/you/provider")) }
        }
    }
}

/// A link and no form: what a form leads to stays on this site (CSP Level 3 §6.4.1).
pub(super) async fn provider(State(people): State<Arc<People>>, ctx: PageContext) -> Result<Response, WebError> {
    owner(&ctx)?;
    let title = people.provider().map_err(refusal)?.title();
    let body = html! {
        p { (ctx.tw("people-outside-what", &[("provider", title.into())])) }
        p { (ui::button_link(&ctx.t("people-outside-tie"), "/you/provider/go")) }
    };
    Ok(page(&ctx, Page::new(ctx.t("people-outside-tie"), body).crumb(ctx.t("people-you"), HERE)))
}

pub(super) async fn untie(State(people): State<Arc<People>>, ctx: PageContext) -> Result<Response, WebError> {
    people.untie(owner(&ctx)?, Actor::from(&ctx.identity)).await.map_err(refusal)?;
    Ok(back(HERE))
}

fn name_form(ctx: &PageContext, account: &Account) -> Markup {
    let name = ui::Field {
        name: "name".into(),
        label: ctx.t("people-name"),
        hint: Some(ctx.t("people-name-hint")),
        value: account.person.name.to_string(),
        required: true,
        ..ui::Field::default()
    };
    let lang = ui::Field {
        name: "lang".into(),
        label: ctx.t("people-lang"),
        value: account.person.lang.code().into(),
        kind: ui::FieldKind::Select(lang_choices()),
        required: true,
        ..ui::Field::default()
    };
    html! {
        form action="/you/name" method="post" {
            (ui::field(ctx, &name))
            (ui::field(ctx, &lang))
            (ui::submit(&ctx.t("people-save")))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct NameForm {
    name: String,
    lang: String,
}

pub(super) async fn set_name(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Form(form): Form<NameForm>,
) -> Result<Response, WebError> {
    let owner = owner(&ctx)?;
    let name = PersonName::parse(&form.name).map_err(|error| refusal(error.into()))?;
    let lang = Lang::from_code(&form.lang).unwrap_or(ctx.lang);
    people.set_name(owner, name, lang).await.map_err(refusal)?;
    Ok(back(HERE))
}

pub(super) async fn new_passkey(ctx: PageContext) -> Result<Response, WebError> {
    owner(&ctx)?;
    let ceremony = ui::Ceremony {
        start: "/you/passkeys/start",
        finish: "/you/passkeys/finish",
        button: ctx.t("people-passkey-add"),
        fields: passkey_field(&ctx),
        then: None,
    };
    let body = ui::card(
        &ctx.t("people-enrol-card"),
        html! {
            p { (ctx.t("people-enrol-what")) }
            (ui::passkey(&ctx, &ceremony))
        },
    );
    let made = Page::new(ctx.t("people-passkey-add"), body).crumb(ctx.t("people-you"), HERE).script("passkey.js");
    Ok(page(&ctx, made))
}

#[derive(Deserialize)]
pub(super) struct PasskeyForm {
    credential: String,
    #[serde(default)]
    name: String,
}

pub(super) async fn rename(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Form(form): Form<PasskeyForm>,
) -> Result<Response, WebError> {
    let owner = owner(&ctx)?;
    let name = PersonName::parse(&form.name).map_err(|error| refusal(error.into()))?;
    people.rename_passkey(owner, form.credential, name).await.map_err(refusal)?;
    Ok(back(HERE))
}

pub(super) async fn remove(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Form(form): Form<PasskeyForm>,
) -> Result<Response, WebError> {
    let owner = owner(&ctx)?;
    people.remove_passkey(owner, form.credential, Actor::from(&ctx.identity)).await.map_err(refusal)?;
    Ok(back(HERE))
}

#[derive(Deserialize)]
pub(super) struct SessionForm {
    number: i64,
}

pub(super) async fn end_session(
    State(people): State<Arc<People>>,
    ctx: PageContext,
    Form(form): Form<SessionForm>,
) -> Result<Response, WebError> {
    people.end_session(owner(&ctx)?, SessionNumber(form.number)).await.map_err(refusal)?;
    Ok(back(HERE))
}

pub(super) async fn end_others(State(people): State<Arc<People>>, ctx: PageContext) -> Result<Response, WebError> {
    people.end_other_sessions(owner(&ctx)?, ctx.identity.session).await.map_err(refusal)?;
    Ok(back(HERE))
}

pub(super) async fn call_off(State(people): State<Arc<People>>, ctx: PageContext) -> Result<Response, WebError> {
    owner(&ctx)?;
    let handle = ctx.identity.label.to_string();
    people.call_off_recovery(handle, Actor::from(&ctx.identity)).await.map_err(refusal)?;
    Ok(back(HERE))
}
