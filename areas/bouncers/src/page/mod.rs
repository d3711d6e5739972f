//! The page of enforcement clients: who they are, how far behind, what they counted, what went wrong.

mod reports;

use crate::{
    Bouncers,
    http::{CLIENT, fault},
    model::quota::day_of,
    store::{self, EventCount, UsageCount},
};
use axum::{extract::State, response::Response, routing::get};
use maud::{Markup, html};
use sipar_area::Route;
use sipar_authz::Role;
use sipar_store::StoreError;
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, format, page, ui};
use std::sync::Arc;

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../../locales/ur.ftl") },
];

/// A client that has not asked for this long has probably stopped: most ask every ten seconds.
const SILENT_AFTER_MS: i64 = 10 * 60_000;

/// Days over which what clients counted is added up.
const USAGE_DAYS: i64 = 7;

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![NavItem { group: Group::Enforcement, text_key: "bouncers-nav", href: "/clients", least: Role::Reader }]
}

/// The pages.
pub fn routes(bouncers: &Arc<Bouncers>) -> Vec<Route> {
    vec![Route::get("/clients", CLIENT, get(list).with_state(Arc::clone(bouncers)))]
}

async fn list(State(bouncers): State<Arc<Bouncers>>, ctx: PageContext) -> Result<Response, WebError> {
    let since = day_of(ctx.now) - USAGE_DAYS + 1;
    let now = ctx.now;
    let read = bouncers.house.store.read(move |reader| {
        Ok::<_, StoreError>((store::events(reader)?, store::usage(reader, since)?, reports::read(reader, now)?))
    });
    let (events, usage, reported) = read.await.map_err(|error| fault(error.into()))?;
    let body = html! {
        (clients(&bouncers, &ctx))
        (reports::show(&bouncers, &ctx, &reported))
        (counted(&ctx, &usage))
        (happened(&ctx, &events))
    };
    let lead = match bouncers.follower.state() {
        Some(state) => ctx.tw("bouncers-lead", &[("serial", state.serial.into()), ("n", state.book.len().into())]),
        None => ctx.t("bouncers-lead-none"),
    };
    Ok(page(&ctx, Page::new(ctx.t("bouncers-title"), body).lead(lead)))
}

fn clients(bouncers: &Bouncers, ctx: &PageContext) -> Markup {
    let newest = bouncers.follower.state().map(|state| state.serial);
    let mut rows = Vec::new();
    for (client, places) in bouncers.clients.all() {
        let head = || vec![html! { (client.name) }, html! { (client.scopes) }];
        if places.is_empty() {
            let never = ui::badge(ui::Tone::Neutral, &ctx.t("bouncers-never"));
            let none = || html! { "–" };
            rows.push([head(), vec![none(), none(), never, none()]].concat());
        }
        for place in places {
            let silent = ctx.now.since_ms(place.polled_at) > SILENT_AFTER_MS;
            let behind = newest.map(|newest| newest.saturating_sub(place.serial)).filter(|_| place.serial > 0);
            let seen = html! {
                (ctx.ago(place.polled_at))
                @if silent { " " (ui::badge(ui::Tone::Warn, &ctx.t("bouncers-silent"))) }
            };
            let lag = html! { @match behind { Some(behind) => { (behind) } None => { "–" } } };
            let program = html! { (place.program) " " (place.version) };
            rows.push([head(), vec![html! { (place.address) }, program, seen, lag]].concat());
        }
    }
    ui::table(&ui::Table {
        caption: ctx.t("bouncers-caption"),
        columns: vec![
            ui::Column::code(ctx.t("bouncers-client")),
            ui::Column::code(ctx.t("bouncers-scopes")),
            ui::Column::code(ctx.t("bouncers-address")),
            ui::Column::code(ctx.t("bouncers-program")),
            ui::Column::text(ctx.t("bouncers-seen")),
            ui::Column::number(ctx.t("bouncers-behind")),
        ],
        rows,
        empty: Some(ui::empty(
            &ctx.t("bouncers-none"),
            html! { p { (ctx.t("bouncers-none-next")) " " (ui::mono("sipar bouncer add NAME")) } },
        )),
    })
}

fn counted(ctx: &PageContext, usage: &[UsageCount]) -> Markup {
    if usage.is_empty() {
        return html! {};
    }
    let mut sums: std::collections::BTreeMap<(&str, &str, &str), f64> = std::collections::BTreeMap::new();
    for count in usage {
        *sums.entry((&count.client, &count.name, &count.unit)).or_default() += count.amount;
    }
    let rows = sums.into_iter().map(|((client, name, unit), amount)| {
        vec![html! { (client) }, html! { (name) }, html! { (format::decimal(amount.round())) }, html! { (unit) }]
    });
    let table = ui::table(&ui::Table {
        caption: ctx.tw("bouncers-usage-caption", &[("days", USAGE_DAYS.into())]),
        columns: vec![
            ui::Column::code(ctx.t("bouncers-client")),
            ui::Column::code(ctx.t("bouncers-counted")),
            ui::Column::number(ctx.t("bouncers-amount")),
            ui::Column::code(ctx.t("bouncers-unit")),
        ],
        rows: rows.collect(),
        empty: None,
    });
    ui::card(&ctx.t("bouncers-usage"), table)
}

fn happened(ctx: &PageContext, events: &[EventCount]) -> Markup {
    if events.is_empty() {
        return html! {};
    }
    let rows = events.iter().map(|event| {
        let who = if event.client.is_empty() { ctx.t("bouncers-stranger") } else { event.client.clone() };
        let what = ctx.t(&format!("bouncers-event-{}", event.what));
        vec![
            html! { bdi { (who) } },
            html! { (what) },
            html! { (format::count(event.times)) },
            html! { (ctx.ago(event.last_at)) },
        ]
    });
    let table = ui::table(&ui::Table {
        caption: ctx.t("bouncers-events-caption"),
        columns: vec![
            ui::Column::text(ctx.t("bouncers-client")),
            ui::Column::text(ctx.t("bouncers-event")),
            ui::Column::number(ctx.t("bouncers-times")),
            ui::Column::text(ctx.t("bouncers-last")),
        ],
        rows: rows.collect(),
        empty: None,
    });
    ui::card(&ctx.t("bouncers-events"), table)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_in_both_languages() {
        assert_eq!(sipar_web::check_complete(super::TEXTS), []);
    }
}
