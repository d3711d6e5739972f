//! The pages of subscribers: who is behind and by how much, what was refused, and configuration to paste.

use crate::{
    LAG_MS_MAX, Zones,
    http::{SUBSCRIBER, refusal},
    paste::{NO_SECRET, Paste},
    people::Standing,
    store::{self, EventRow},
    warn::Reach,
};
use axum::{
    extract::{Path, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use sipar_area::Route;
use sipar_authz::Role;
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, context::encode, format, page, ui};
use std::{collections::BTreeMap, sync::Arc};

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];

/// What counts as refused, in the order in which it is shown.
const REFUSALS: [&str; 11] = [
    "unsigned",
    "unknown-key",
    "bad-signature",
    "bad-time",
    "replay",
    "bad-algorithm",
    "bad-truncation",
    "malformed",
    "other-zone",
    "too-many",
    "too-often",
];

/// What went wrong otherwise.
const TROUBLE: [&str; 4] = ["cut", "busy", "notify-unanswered", "no-handshake"];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![NavItem { group: Group::Enforcement, text_key: "zones-nav", href: "/subscribers", least: Role::Reader }]
}

/// The pages.
pub fn routes(zones: &Arc<Zones>) -> Vec<Route> {
    vec![
        Route::get("/subscribers", SUBSCRIBER, get(list).with_state(Arc::clone(zones))),
        Route::get("/subscribers/{slug}", SUBSCRIBER, get(one).with_state(Arc::clone(zones))),
    ]
}

/// The page of a subscriber.
pub fn href(slug: &str) -> String {
    format!("/subscribers/{}", encode(slug))
}

async fn list(State(zones): State<Arc<Zones>>, ctx: PageContext) -> Result<Response, WebError> {
    let all = zones.standings().await.map_err(refusal)?;
    let events = zones.house.store.read(store::events).await.map_err(refusal)?;
    let lead = match *zones.newest.borrow() {
        0 => ctx.t("zones-lead-none"),
        serial => ctx.tw("zones-lead", &[("serial", serial.into()), ("n", all.len().into())]),
    };
    let body = html! {
        @if zones.mailer.get().is_none() {
            (ui::alert(ui::Tone::Warn, &ctx.t("zones-no-mail"), html! {
                p { (ctx.t("zones-no-mail-next")) " " (ui::mono("sipar mail test ADDRESS")) }
            }))
        }
        (table(&ctx, &all))
        (happened(&ctx, &events.iter().collect::<Vec<_>>()))
    };
    Ok(page(&ctx, Page::new(ctx.t("zones-title"), body).lead(lead)))
}

async fn one(
    State(zones): State<Arc<Zones>>,
    Path(slug): Path<String>,
    ctx: PageContext,
) -> Result<Response, WebError> {
    let all = zones.standings().await.map_err(refusal)?;
    let standing = all.into_iter().find(|one| one.about.slug == slug).ok_or_else(WebError::not_found)?;
    let events = zones.house.store.read(store::events).await.map_err(refusal)?;
    let own: Vec<&EventRow> = events.iter().filter(|event| event.0 == slug).collect();
    let config = zones.config();
    let (origin, list_origin) = (config.rpz_origin.as_str(), config.list_origin.as_str());
    let (about, key_name, server) = (&standing.about, standing.key_name.as_str(), zones.public_address());
    let paste = Paste { about, origin, list_origin, server, key_name, secret: NO_SECRET };
    let body = html! {
        (facts(&ctx, &standing))
        (zone_table(&ctx, &standing))
        (warnings(&ctx, &standing))
        (happened(&ctx, &own))
        (to_paste(&ctx, &standing, &paste.all()))
    };
    Ok(page(&ctx, Page::new(slug, body)))
}

fn table(ctx: &PageContext, all: &[Standing]) -> Markup {
    let row = |one: &Standing| {
        let refused: u64 = REFUSALS.iter().filter_map(|kind| one.events.get(*kind)).sum();
        let count = |kind| one.events.get(kind).copied().unwrap_or(0);
        vec![
            html! { a href=(href(&one.about.slug)) { (one.about.slug) } },
            state(ctx, one),
            behind(ctx, one),
            warned(ctx, one),
            html! { @match one.contact_at { Some(at) => { (ctx.ago(at)) } None => { "–" } } },
            html! { (format::count(count("ixfr"))) },
            html! { (format::count(count("axfr"))) },
            html! { (format::count(refused)) },
        ]
    };
    ui::table(&ui::Table {
        caption: ctx.t("zones-caption"),
        columns: vec![
            ui::Column::code(ctx.t("zones-subscriber")),
            ui::Column::text(ctx.t("zones-state")),
            ui::Column::number(ctx.t("zones-behind")),
            ui::Column::text(ctx.t("zones-warned")),
            ui::Column::text(ctx.t("zones-contact")),
            ui::Column::number(ctx.t("zones-ixfr")),
            ui::Column::number(ctx.t("zones-axfr")),
            ui::Column::number(ctx.t("zones-refused")),
        ],
        rows: all.iter().map(row).collect(),
        empty: Some(ui::empty(
            &ctx.t("zones-none"),
            html! { p { (ctx.t("zones-none-next")) " " (ui::mono("sipar subscriber add NAME")) } },
        )),
    })
}

fn state(ctx: &PageContext, one: &Standing) -> Markup {
    match one.lag_ms {
        None => ui::badge(ui::Tone::Neutral, &ctx.t("zones-never")),
        Some(0) => ui::badge(ui::Tone::Good, &ctx.t("zones-current")),
        Some(lag) if lag <= LAG_MS_MAX => ui::badge(ui::Tone::Info, &ctx.t("zones-coming")),
        Some(_) => ui::badge(ui::Tone::Bad, &ctx.t("zones-late")),
    }
}

/// Serials, and for how long.
fn behind(ctx: &PageContext, one: &Standing) -> Markup {
    html! {
        @match one.behind { Some(serials) => { (serials) } None => { "–" } }
        @if let Some(lag) = one.lag_ms.filter(|lag| *lag >= 1_000) {
            " " (ctx.tw("zones-lag", &[("s", (lag / 1_000).into())]))
        }
    }
}

/// When its contact was warned last, or why it cannot be.
fn warned(ctx: &PageContext, one: &Standing) -> Markup {
    let told = &one.warning.told;
    html! {
        @match one.warning.reach {
            Reach::Mail => {}
            Reach::NoMail => { (ctx.t("zones-warned-cannot-no-mail")) " " }
            Reach::NoContact => { (ctx.t("zones-warned-cannot-no-contact")) " " }
            Reach::NoAddress => { (ctx.t("zones-warned-cannot-no-address")) " " }
        }
        @match told.warned_at {
            Some(at) => { (ctx.ago(at)) }
            None if one.warning.reach == Reach::Mail => { (ctx.t("zones-warned-never")) }
            None => {}
        }
    }
}

fn warnings(ctx: &PageContext, one: &Standing) -> Markup {
    let told = &one.warning.told;
    let mut all = vec![
        (ctx.t("zones-warned"), warned(ctx, one)),
        (ctx.t("zones-times"), html! { (ctx.tw("zones-warned-times", &[("n", told.warnings.into())])) }),
        (ctx.t("zones-warned-letters"), html! { (told.letters_all) }),
    ];
    if let Some(delay_ms) = told.delay_ms {
        let delay = ctx.tw("zones-warned-delay-s", &[("s", (delay_ms / 1_000).into())]);
        all.push((ctx.t("zones-warned-delay"), html! { (delay) }));
    }
    if let Some((_, last)) = told.failing {
        all.push((ctx.t("zones-warned-error"), html! { (ctx.ago(last)) " " bdi dir="ltr" { (told.error) } }));
    }
    ui::card(&ctx.t("zones-warnings"), ui::facts(&all))
}

fn facts(ctx: &PageContext, one: &Standing) -> Markup {
    let about = &one.about;
    let none = || html! { "–" };
    let list = |all: Vec<String>| if all.is_empty() { none() } else { ui::mono(&all.join(" ")) };
    ui::facts(&[
        (ctx.t("zones-state"), state(ctx, one)),
        (ctx.t("zones-behind"), behind(ctx, one)),
        (ctx.t("zones-contact"), html! { @match one.contact_at { Some(at) => { (ctx.ago(at)) } None => { "–" } } }),
        (
            ctx.t("zones-address"),
            if about.contact.is_empty() {
                none()
            } else {
                html! { bdi { (about.contact) } }
            },
        ),
        (ctx.t("zones-key"), html! { (ui::mono(&one.key_name)) " " (ui::mono(&about.algorithm)) }),
        (ctx.t("zones-notify"), list(about.notify.iter().map(ToString::to_string).collect())),
        (ctx.t("zones-unsigned"), list(about.unsigned_from.iter().map(ToString::to_string).collect())),
    ])
}

fn zone_table(ctx: &PageContext, one: &Standing) -> Markup {
    let row = |(zone, (serial, at)): (&String, &(u32, _))| {
        vec![html! { (zone) }, html! { (serial) }, html! { (ctx.ago(*at)) }]
    };
    ui::table(&ui::Table {
        caption: ctx.t("zones-zones"),
        columns: vec![
            ui::Column::code(ctx.t("zones-zone")),
            ui::Column::number(ctx.t("zones-serial")),
            ui::Column::text(ctx.t("zones-seen")),
        ],
        rows: one.zones.iter().map(row).collect(),
        empty: Some(ui::empty(&ctx.t("zones-never"), html! { p { (ctx.t("zones-never-next")) } })),
    })
}

/// What was refused or went wrong, per kind.
fn happened(ctx: &PageContext, events: &[&EventRow]) -> Markup {
    let kinds = REFUSALS.iter().chain(&TROUBLE);
    let rows: Vec<Vec<Markup>> = kinds
        .flat_map(|kind| events.iter().filter(move |event| event.1 == *kind))
        .map(|(who, kind, times, last_at)| {
            vec![
                html! { @if who.is_empty() { (ctx.t("zones-stranger")) } @else { bdi { (who) } } },
                html! { (ctx.t(&format!("zones-event-{kind}"))) },
                html! { (format::count(*times)) },
                html! { (ctx.ago(*last_at)) },
            ]
        })
        .collect();
    if rows.is_empty() {
        return html! {};
    }
    let table = ui::table(&ui::Table {
        caption: ctx.t("zones-events-caption"),
        columns: vec![
            ui::Column::text(ctx.t("zones-subscriber")),
            ui::Column::text(ctx.t("zones-event")),
            ui::Column::number(ctx.t("zones-times")),
            ui::Column::text(ctx.t("zones-last")),
        ],
        rows,
        empty: None,
    });
    ui::card(&ctx.t("zones-events"), table)
}

fn to_paste(ctx: &PageContext, one: &Standing, files: &BTreeMap<&'static str, String>) -> Markup {
    let body = html! {
        p { (ctx.t("zones-paste-secret")) " " (ui::mono(&format!("sipar subscriber rotate {}", one.about.slug))) }
        @for (file, text) in files {
            h3 dir="ltr" { (file) }
            pre dir="ltr" { code { (text) } }
        }
    };
    ui::card(&ctx.t("zones-paste"), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_in_both_languages() {
        assert_eq!(sipar_web::check_complete(TEXTS), []);
    }

    #[test]
    fn every_kind_of_refusal_has_a_text() {
        let english = TEXTS[0].ftl;
        for kind in REFUSALS.iter().chain(&TROUBLE) {
            assert!(english.contains(&format!("zones-event-{kind} = ")), "{kind}");
        }
    }
}
