//! The page of edges: how each is, how far behind, and what went wrong; and that of the roll-out over them.

mod rollout;

use crate::{
    Edges,
    faults::SILENT_AFTER_MS,
    http::{EDGE, ROLLOUT, Shown, fault, shown},
    store::{self, EventCount},
};
use axum::{
    extract::State,
    response::Response,
    routing::{get, post},
};
use maud::{Markup, html};
use sipar_area::Route;
use sipar_authz::{Act, Role};
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, format::count, page, ui};
use std::sync::Arc;

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::Enforcement, text_key: "edges-nav", href: "/edges", least: Role::Reader },
        NavItem { group: Group::Enforcement, text_key: "rollout-title", href: "/roll-out", least: Role::Reader },
    ]
}

/// The pages.
pub fn routes(edges: &Arc<Edges>) -> Vec<Route> {
    let state = || Arc::clone(edges);
    vec![
        Route::get("/edges", EDGE, get(list).with_state(state())),
        Route::get("/roll-out", ROLLOUT, get(rollout::show).with_state(state())),
        Route::post("/roll-out", ROLLOUT, Act::Decide, post(rollout::act).with_state(state())),
    ]
}

async fn list(State(edges): State<Arc<Edges>>, ctx: PageContext) -> Result<Response, WebError> {
    let all = shown(&edges).await.map_err(fault)?;
    let events = edges.house.store.read(store::events).await.map_err(|error| fault(error.into()))?;
    let newest = edges.look(crate::model::book::Book::newest);
    let lead = match newest {
        0 => ctx.t("edges-lead-none"),
        serial => ctx.tw("edges-lead", &[("serial", serial.into()), ("n", all.len().into())]),
    };
    let body = html! {
        (table(&ctx, &all))
        p { a href="/roll-out" { (ctx.t("rollout-title")) } }
        (happened(&ctx, &events))
    };
    Ok(page(&ctx, Page::new(ctx.t("edges-title"), body).lead(lead)))
}

fn table(ctx: &PageContext, all: &[Shown]) -> Markup {
    let rows = all.iter().map(|edge| row(ctx, edge)).collect();
    ui::table(&ui::Table {
        caption: ctx.t("edges-caption"),
        columns: vec![
            ui::Column::code(ctx.t("edges-edge")),
            ui::Column::text(ctx.t("rollout-ring")),
            ui::Column::text(ctx.t("edges-health")),
            ui::Column::text(ctx.t("edges-seen")),
            ui::Column::number(ctx.t("edges-serial")),
            ui::Column::number(ctx.t("edges-behind")),
            ui::Column::number(ctx.t("edges-queries")),
            ui::Column::number(ctx.t("edges-blocked")),
            ui::Column::code(ctx.t("edges-version")),
        ],
        rows,
        empty: Some(ui::empty(
            &ctx.t("edges-none"),
            html! { p { (ctx.t("edges-none-next")) " " (ui::mono("sipar edges add NAME")) } },
        )),
    })
}

fn row(ctx: &PageContext, edge: &Shown) -> Vec<Markup> {
    let number = |n: Option<u64>| html! { @match n { Some(n) => { (count(n)) } None => { "–" } } };
    let silent = edge.seen_at.is_none_or(|seen| ctx.now.since_ms(seen) > SILENT_AFTER_MS);
    let health = match edge.healthy {
        None => ui::badge(ui::Tone::Neutral, &ctx.t("edges-never")),
        Some(_) if silent => ui::badge(ui::Tone::Warn, &ctx.t("edges-silent")),
        Some(true) => ui::badge(ui::Tone::Good, &ctx.t("edges-good")),
        Some(false) => ui::badge(ui::Tone::Bad, &ctx.t("edges-bad")),
    };
    let behind = html! {
        (number(edge.behind))
        @if let Some(lag) = edge.lag_ms.filter(|lag| *lag >= 1_000) {
            " " (ctx.tw("edges-lag", &[("s", (lag / 1_000).into())]))
        }
    };
    vec![
        html! { (edge.name) },
        html! { (ctx.t(&format!("rollout-ring-{}", edge.ring))) },
        html! { (health) @if !edge.error.is_empty() { " " bdi { (edge.error) } } },
        html! { @match edge.seen_at { Some(seen) => { (ctx.ago(seen)) } None => { "–" } } },
        number(edge.serial),
        behind,
        number(edge.queries),
        number(edge.blocked),
        html! { @if edge.version.is_empty() { "–" } @else { (edge.version) } },
    ]
}

fn happened(ctx: &PageContext, events: &[EventCount]) -> Markup {
    if events.is_empty() {
        return html! {};
    }
    let rows = events.iter().map(|event| {
        let who = if event.name.is_empty() { ctx.t("edges-stranger") } else { event.name.clone() };
        let what = ctx.t(&format!("edges-event-{}", event.what));
        vec![
            html! { bdi { (who) } },
            html! { (what) },
            html! { (count(event.times)) },
            html! { (ctx.ago(event.last_at)) },
        ]
    });
    let table = ui::table(&ui::Table {
        caption: ctx.t("edges-events-caption"),
        columns: vec![
            ui::Column::text(ctx.t("edges-edge")),
            ui::Column::text(ctx.t("edges-event")),
            ui::Column::number(ctx.t("edges-times")),
            ui::Column::text(ctx.t("edges-last")),
        ],
        rows: rows.collect(),
        empty: None,
    });
    ui::card(&ctx.t("edges-events"), table)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_in_both_languages() {
        assert_eq!(sipar_web::check_complete(super::TEXTS), []);
    }
}
