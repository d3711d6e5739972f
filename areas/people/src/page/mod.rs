//! The pages of people: one's own account, everybody's for administrators, and the door for who enrols.

mod access;
mod enrol;
mod keys;
mod list;
mod memberships;
mod person;
mod you;

use crate::{
    People, PeopleError,
    http::{ACCESS, DOOR, MEMBERSHIP, OWN, PERSON},
    model::{CHANGED, Event, What},
    store::events,
};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use sipar_area::Route;
use sipar_authz::{Act, Role};
use sipar_web::{Group, Lang, NavItem, PageContext, TextSource, ui};
use std::sync::Arc;

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../../locales/ur.ftl") },
];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::People, text_key: "people-nav", href: "/people", least: Role::Admin },
        NavItem { group: Group::People, text_key: "people-nav-memberships", href: "/memberships", least: Role::Member },
        NavItem { group: Group::People, text_key: "people-nav-access", href: "/access", least: Role::Admin },
    ]
}

/// The pages.
pub fn routes(people: &Arc<People>) -> Vec<Route> {
    let state = || Arc::clone(people);
    let own = |path, handler| Route::post(path, OWN, Act::Write, handler);
    let member = |path, handler| Route::post(path, MEMBERSHIP, Act::Administer, handler).within().sensitive();
    let admin = |path, handler| Route::post(path, PERSON, Act::Administer, handler).sensitive();
    vec![
        Route::get("/enrol/{link}", DOOR, get(enrol::show).with_state(state())),
        Route::get("/you", OWN, get(you::show).with_state(state())),
        own("/you/name", post(you::set_name).with_state(state())),
        Route::get("/you/passkeys/new", OWN, get(you::new_passkey).with_state(state())).sensitive(),
        own("/you/passkeys/rename", post(you::rename).with_state(state())),
        own("/you/passkeys/remove", post(you::remove).with_state(state())).sensitive(),
        Route::get("/you/provider", OWN, get(you::provider).with_state(state())).sensitive(),
        own("/you/provider/untie", post(you::untie).with_state(state())).sensitive(),
        Route::get("/you/keys/new", OWN, get(keys::new)).sensitive(),
        own("/you/keys", post(keys::make).with_state(state())).sensitive(),
        own("/you/keys/revoke", post(keys::revoke).with_state(state())).sensitive(),
        own("/you/sessions/end", post(you::end_session).with_state(state())),
        own("/you/sessions/end-others", post(you::end_others).with_state(state())),
        own("/you/recovery/call-off", post(you::call_off).with_state(state())),
        Route::get("/people", PERSON, get(list::show).with_state(state())),
        admin("/people", post(list::add).with_state(state())),
        Route::get("/people/{handle}", PERSON, get(person::show).with_state(state())),
        admin("/people/{handle}/link", post(person::link).with_state(state())),
        admin("/people/{handle}/role", post(person::role).with_state(state())),
        admin("/people/{handle}/end", post(person::end).with_state(state())),
        admin("/people/{handle}/reopen", post(person::reopen).with_state(state())),
        admin("/people/{handle}/end-sessions", post(person::end_sessions).with_state(state())),
        admin("/people/{handle}/keys/revoke", post(person::revoke_key).with_state(state())),
        admin("/people/{handle}/untie", post(person::untie).with_state(state())),
        admin("/people/{handle}/recovery", post(person::ask_recovery).with_state(state())),
        admin("/people/{handle}/recovery/agree", post(person::agree).with_state(state())),
        admin("/people/{handle}/recovery/call-off", post(person::call_off).with_state(state())),
        admin("/people/{handle}/administrator/agree", post(person::agree_grant).with_state(state())),
        admin("/people/{handle}/administrator/call-off", post(person::call_off_grant).with_state(state())),
        Route::get("/memberships", MEMBERSHIP, get(memberships::show).with_state(state())).within(),
        member("/memberships", post(memberships::set).with_state(state())),
        member("/memberships/end", post(memberships::end).with_state(state())),
        Route::get("/access", ACCESS, get(access::show).with_state(state())),
        Route::get("/you/access", OWN, get(access::own).with_state(state())),
    ]
}

/// What a person is told first when something happened to their account that they did not do.
pub async fn overview(people: &People, ctx: &PageContext) -> Result<Option<Markup>, PeopleError> {
    let Some(person) = ctx.identity.person else { return Ok(None) };
    let untold = people.look(move |reader| Ok(events::untold(reader, person)?)).await?;
    let title = ctx.tw("people-untold", &[("n", untold.into())]);
    let body = html! { a href="/you#trail" { (ctx.t("people-untold-look")) } };
    Ok((untold > 0).then(|| ui::alert(ui::Tone::Warn, &title, body)))
}

/// Back to a page after something was done there.
fn back(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

fn what(ctx: &PageContext, what: What) -> String {
    ctx.t(&format!("people-event-{}", what.word()))
}

/// More about what happened, in the reader's language where it is our word.
fn detail(ctx: &PageContext, event: &Event) -> String {
    let role = |word: &str| ctx.t(&format!("web-role-{word}"));
    match (event.what, event.detail.split_once(CHANGED)) {
        (What::Created, _) => role(&event.detail),
        (What::RoleChanged, Some((from, to))) => {
            ctx.tw("people-role-changed", &[("from", role(from).into()), ("to", role(to).into())])
        }
        (What::SessionsEnded, _) => {
            let count = event.detail.parse().map_or(0, |count: u64| count);
            ctx.tw("people-sessions-ended", &[("n", count.into())])
        }
        _ => event.detail.clone(),
    }
}

/// The trail of an account.
fn trail(ctx: &PageContext, all: &[Event]) -> Markup {
    if all.is_empty() {
        return html! { p { (ctx.t("people-trail-none")) } };
    }
    let lines: Vec<ui::Event> = all
        .iter()
        .map(|event| ui::Event {
            at: event.at,
            title: html! {
                (what(ctx, event.what)) " · " bdi { (event.by) }
                @if event.told_at.is_none() { " " (ui::badge(ui::Tone::Warn, &ctx.t("people-new"))) }
            },
            body: (!event.detail.is_empty()).then(|| html! { p { bdi { (detail(ctx, event)) } } }),
            tone: match event.what {
                What::PasskeyCopied => ui::Tone::Bad,
                What::RecoveryAsked | What::RecoveryAgreed | What::Recovered | What::SessionsEnded => ui::Tone::Warn,
                What::GrantAsked | What::GrantAgreed => ui::Tone::Warn,
                _ => ui::Tone::Neutral,
            },
        })
        .collect();
    ui::timeline(ctx, &lines)
}

fn role_choices(ctx: &PageContext) -> Vec<ui::Choice> {
    let roles = Role::ALL.iter().filter(|role| **role != Role::Public);
    let choice =
        |role: &Role| ui::Choice { value: role.word().into(), text: ctx.t(&format!("web-role-{}", role.word())) };
    roles.map(choice).collect()
}

fn lang_choices() -> Vec<ui::Choice> {
    Lang::ALL.iter().map(|lang| ui::Choice { value: lang.code().into(), text: lang.own_name().into() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults;

    #[test]
    fn every_text_is_in_both_languages_and_is_used() {
        assert_eq!(sipar_web::check_complete(TEXTS), []);
        let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(sipar_web::check_used(&src, TEXTS).unwrap(), []);
    }

    #[test]
    fn every_word_has_a_text() {
        let texts = sipar_web::Texts::new(TEXTS.iter().copied()).unwrap();
        let events = What::ALL.iter().map(|what| format!("people-event-{}", what.word()));
        let faults = faults::CLASSES.iter().flat_map(|class| [format!("fault-{class}"), format!("fault-{class}-mend")]);
        for key in events.chain(faults) {
            assert!(Lang::ALL.iter().all(|lang| texts.has(*lang, &key)), "{key}");
        }
    }
}
