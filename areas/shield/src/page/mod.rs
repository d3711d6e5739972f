//! The shield's pages: decisions, one decision, what is held; and its parts of the overview and of a look-up.

mod drills;
mod held;
mod lists;
mod overview;
mod record;
mod reviews;

pub use overview::overview;
pub use record::panel;

use crate::{
    Shield,
    http::{DECISION, DRILL, HELD, REVIEW},
};
use axum::routing::{get, post};
use sipar_area::Route;
use sipar_authz::{Act, Role};
use sipar_web::{Group, Lang, NavItem, TextSource};
use std::sync::Arc;

/// The shield's texts.
pub const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../../locales/ur.ftl") },
];

/// Entries in the menu.
pub fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::Decisions, text_key: "shield-nav-decisions", href: "/decisions", least: Role::Public },
        NavItem { group: Group::Decisions, text_key: "shield-nav-held", href: "/held", least: Role::Reader },
        NavItem { group: Group::Decisions, text_key: "shield-nav-drills", href: "/drills", least: Role::Reader },
        NavItem { group: Group::Decisions, text_key: "shield-nav-reviews", href: "/reviews", least: Role::Reader },
    ]
}

/// The pages.
pub fn routes(shield: &Arc<Shield>) -> Vec<Route> {
    let with = || Arc::clone(shield);
    vec![
        Route::get("/decisions", DECISION, get(lists::decisions).with_state(with())),
        Route::post("/decisions", DECISION, Act::Decide, post(lists::take).with_state(with())),
        Route::get("/decisions/{number}", DECISION, get(record::one).with_state(with())),
        Route::post("/decisions/{number}/undo", DECISION, Act::Decide, post(record::undo).with_state(with())),
        Route::get("/reviews", REVIEW, get(reviews::reviews).with_state(with())),
        Route::post("/reviews", DECISION, Act::Decide, post(reviews::open).with_state(with())),
        Route::post("/reviews/{number}", REVIEW, Act::Decide, post(reviews::answer).with_state(with())),
        Route::get("/held", HELD, get(held::held).with_state(with())),
        Route::post("/held", HELD, Act::Decide, post(held::answer).with_state(with())),
        Route::get("/drills", DRILL, get(drills::drills).with_state(with())),
        Route::post("/drills/agree", DRILL, Act::Decide, post(drills::agree).with_state(with())).sensitive(),
        Route::post("/drills/stop", DRILL, Act::Decide, post(drills::stop).with_state(with())),
        Route::post("/drills/rolled-back", DRILL, Act::Decide, post(drills::settle).with_state(with())),
        Route::post("/drills/run", DRILL, Act::Decide, post(drills::run).with_state(with())),
    ]
}
