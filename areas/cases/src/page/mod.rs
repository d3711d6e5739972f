//! The pages of appeals: the public form, the public status, and the queue.

mod door;
mod queue;

use crate::{
    Cases,
    http::{APPEAL, BODY_BYTES_MAX, DOOR},
};
use axum::{
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use sipar_area::Route;
use sipar_authz::{Act, Role};
use sipar_web::{Group, Lang, NavItem, TextSource};
use std::sync::Arc;

/// The texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../../locales/ur.ftl") },
];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::Public, text_key: "cases-nav-appeal", href: "/appeal", least: Role::Public },
        NavItem { group: Group::Decisions, text_key: "cases-nav-appeals", href: "/appeals", least: Role::Analyst },
    ]
}

/// The pages.
pub fn routes(cases: &Arc<Cases>) -> Vec<Route> {
    let with = || Arc::clone(cases);
    let submit = post(door::submit).with_state(with()).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    vec![
        Route::get("/appeal", DOOR, get(door::form).with_state(with())),
        Route::post("/appeal", DOOR, Act::Write, submit),
        Route::get("/appeal/status", DOOR, get(door::ask)),
        Route::post("/appeal/status", DOOR, Act::Read, post(door::status).with_state(with())),
        Route::get("/appeals", APPEAL, get(queue::list).with_state(with())),
        Route::get("/appeals/{decision}", APPEAL, get(queue::one).with_state(with())),
        Route::post("/appeals/{decision}/take-up", APPEAL, Act::Decide, post(queue::take_up).with_state(with())),
        Route::post("/appeals/{decision}/decide", APPEAL, Act::Decide, post(queue::decide).with_state(with())),
    ]
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
