//! The pages of exposures: the list, and one with what can be done about it.

mod list;
mod one;

pub(crate) use list::{overview, panel};

use crate::{Exposures, http::EXPOSURE, model::State as ExposureState};
use axum::routing::{get, post};
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
    vec![NavItem { group: Group::Warning, text_key: "exposure-nav", href: "/exposures", least: Role::Member }]
}

/// The pages.
pub fn routes(exposures: &Arc<Exposures>) -> Vec<Route> {
    let with = || Arc::clone(exposures);
    vec![
        Route::get("/exposures", EXPOSURE, get(list::list).with_state(with())).within(),
        Route::get("/exposures/{number}", EXPOSURE, get(one::one).with_state(with())).within(),
        Route::post("/exposures/{number}", EXPOSURE, Act::Write, post(one::act).with_state(with())).within(),
    ]
}

/// A word of a vocabulary, in the reader's language.
fn word(ctx: &PageContext, of: &str, word: &str) -> String {
    ctx.t(&format!("exposure-{of}-{word}"))
}

fn state(ctx: &PageContext, state: ExposureState) -> Markup {
    let tone = match state {
        ExposureState::Open | ExposureState::Notified => ui::Tone::Bad,
        ExposureState::Acknowledged | ExposureState::BeingFixed | ExposureState::FixClaimed => ui::Tone::Warn,
        ExposureState::Fixed => ui::Tone::Good,
        ExposureState::Accepted | ExposureState::FalsePositive => ui::Tone::Neutral,
    };
    ui::badge(tone, &word(ctx, "state", state.word()))
}

/// What is wrong with what.
fn what(exposures: &Exposures, ctx: &PageContext, one: &crate::model::Exposure) -> Markup {
    let (title, _) = exposures.texts(&one.key.class, ctx.lang);
    html! { (ui::mono(&one.key.subject.value())) " " (title) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_complete_and_used_keys_exist() {
        assert_eq!(sipar_web::check_complete(TEXTS), []);
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(sipar_web::check_used(&source, TEXTS).unwrap(), []);
    }
}
