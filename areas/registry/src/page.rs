//! The registry's pages.

use crate::{
    Registry,
    http::{PARTY, fault},
    model::Party,
    store,
};
use axum::{
    extract::{Path, State},
    response::Response,
    routing::get,
};
use maud::{Markup, html};
use sipar_area::{Owner, Route};
use sipar_authz::{Act, Role};
use sipar_web::{Group, Lang, NavItem, Page, PageContext, TextSource, WebError, context::encode, page, ui};
use std::sync::Arc;

/// The registry's texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../locales/ur.ftl") },
];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![NavItem { group: Group::Warning, text_key: "registry-nav", href: "/parties", least: Role::Reader }]
}

/// The pages.
pub fn routes(registry: &Arc<Registry>) -> Vec<Route> {
    vec![
        Route::get("/parties", PARTY, get(list).with_state(Arc::clone(registry))),
        Route::get("/parties/{slug}", PARTY, get(one).with_state(Arc::clone(registry))),
    ]
}

fn title<'a>(ctx: &PageContext, party: &'a Party) -> &'a str {
    match ctx.lang {
        Lang::En => &party.title,
        Lang::Ur => &party.title_ur,
    }
}

async fn list(State(registry): State<Arc<Registry>>, ctx: PageContext) -> Result<Response, WebError> {
    let parties = registry.house.store.read(store::all).await.map_err(fault)?;
    let rows = parties.iter().map(|party| {
        vec![
            html! { a href=(format!("/parties/{}", party.slug)) { (title(&ctx, party)) } },
            html! { (ctx.t(&format!("registry-tier-{}", party.tier.word()))) },
            html! { bdi { (party.sector) } },
            html! { (party.assets.len()) },
        ]
    });
    let body = ui::table(&ui::Table {
        caption: ctx.t("registry-caption"),
        columns: vec![
            ui::Column::text(ctx.t("registry-party")),
            ui::Column::text(ctx.t("registry-tier")),
            ui::Column::text(ctx.t("registry-sector")),
            ui::Column::number(ctx.t("registry-assets-count")),
        ],
        rows: rows.collect(),
        empty: Some(ui::empty(&ctx.t("registry-none"), html! { p { (ctx.t("registry-none-next")) } })),
    });
    Ok(page(&ctx, Page::new(ctx.t("registry-parties"), body).lead(ctx.t("registry-lead"))))
}

async fn one(
    State(registry): State<Arc<Registry>>,
    ctx: PageContext,
    Path(slug): Path<String>,
) -> Result<Response, WebError> {
    let parties = registry.house.store.read(store::all).await.map_err(fault)?;
    let party = parties.into_iter().find(|party| party.slug == slug).ok_or_else(WebError::not_found)?;
    let body = html! {
        (ui::facts(&[
            (ctx.t("registry-tier"), html! { (ctx.t(&format!("registry-tier-{}", party.tier.word()))) }),
            (ctx.t("registry-sector"), html! { bdi { (party.sector) } }),
            (ctx.t("registry-contact"), ui::mono(&party.contact)),
        ]))
        (ui::card(&ctx.t("registry-assets"), html! {
            ul { @for asset in &party.assets { li {
                a href={ "/look-up?what=" (encode(&asset.value())) } { (ui::mono(&asset.value())) }
            } } }
        }))
    };
    let name = title(&ctx, &party).to_owned();
    Ok(page(&ctx, Page::new(name, body).crumb(ctx.t("registry-parties"), "/parties")))
}

/// The registry's part of the page about an observable: who owns it. Shown to those who may read parties.
pub fn owner(ctx: &PageContext, owner: &Owner) -> Markup {
    if !ctx.may(PARTY, Act::Read) {
        return html! {};
    }
    let body = html! { p {
        (ui::mono(&owner.asset.value())) " " (ctx.t("registry-belongs")) " "
        a href=(format!("/parties/{}", owner.party)) { bdi { (owner.title) } }
    } };
    ui::card(&ctx.t("registry-owner"), body)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_is_in_both_languages() {
        assert_eq!(sipar_web::check_complete(super::TEXTS), []);
    }
}
