//! The pages of notices: the list, one of them, what telling has come to, and the door of whoever got a letter.

mod door;
mod list;
mod measures;
mod one;

pub(crate) use list::overview;

use crate::{
    Notices,
    http::{DOOR, NOTICE},
    model::State as NoticeState,
};
use axum::routing::{get, post};
use maud::Markup;
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
    vec![NavItem { group: Group::Warning, text_key: "notices-nav", href: "/notices", least: Role::Analyst }]
}

/// The pages.
pub fn routes(notices: &Arc<Notices>) -> Vec<Route> {
    let with = || Arc::clone(notices);
    vec![
        Route::get("/notices", NOTICE, get(list::list).with_state(with())),
        Route::get("/notices/measures", NOTICE, get(measures::measures).with_state(with())),
        Route::post("/notices/send", NOTICE, Act::Write, post(list::send).with_state(with())),
        Route::get("/notices/{number}", NOTICE, get(one::one).with_state(with())),
        Route::get("/notices/{number}/csv", NOTICE, get(one::csv).with_state(with())),
        Route::post("/notices/{number}/acknowledge", NOTICE, Act::Write, post(one::acknowledge).with_state(with())),
        Route::get("/notice/{code}", DOOR, get(door::look).with_state(with())),
        Route::post("/notice/{code}", DOOR, Act::Write, post(door::acknowledge).with_state(with())),
    ]
}

/// How a notice stands.
fn state(ctx: &PageContext, state: NoticeState) -> Markup {
    let tone = match state {
        NoticeState::Made => ui::Tone::Info,
        NoticeState::Sent | NoticeState::Reminded => ui::Tone::Warn,
        NoticeState::Escalated => ui::Tone::Bad,
        NoticeState::Acknowledged => ui::Tone::Good,
        NoticeState::Settled => ui::Tone::Neutral,
    };
    ui::badge(tone, &ctx.t(&format!("notices-state-{}", state.word())))
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
