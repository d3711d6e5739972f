//! The pages of threat data: feeds and their quality, one feed, its refused lines, warning lists; and this area's parts
//! of the overview and of a look-up.

mod change;
mod feed;
mod feeds;
mod panel;
mod warning;

pub(crate) use panel::{overview, panel};

use crate::{
    feeds::Intel,
    http::{FEED, WARNING_LIST},
};
use axum::routing::{get, post};
use sipar_area::Route;
use sipar_authz::{Act, Role};
use sipar_web::{Group, Lang, NavItem, TextSource};
use std::sync::Arc;

/// This area's texts.
pub(crate) const TEXTS: &[TextSource] = &[
    TextSource { lang: Lang::En, ftl: include_str!("../../locales/en.ftl") },
    TextSource { lang: Lang::Ur, ftl: include_str!("../../locales/ur.ftl") },
];

/// Entries in the menu.
pub(crate) fn nav() -> Vec<NavItem> {
    vec![
        NavItem { group: Group::Threats, text_key: "intel-nav-feeds", href: "/feeds", least: Role::Reader },
        NavItem { group: Group::Threats, text_key: "intel-nav-warning", href: "/warning-lists", least: Role::Public },
    ]
}

/// The pages.
pub(crate) fn routes(intel: &Arc<Intel>) -> Vec<Route> {
    let state = || Arc::clone(intel);
    vec![
        Route::get("/feeds", FEED, get(feeds::list).with_state(state())),
        Route::post("/feeds", FEED, Act::Write, post(feeds::add).with_state(state())),
        Route::get("/feeds/{slug}", FEED, get(feed::show).with_state(state())),
        Route::get("/feeds/{slug}/refused/{run}", FEED, get(feed::refused).with_state(state())),
        Route::post("/feeds/{slug}/pull", FEED, Act::Write, post(feed::pull).with_state(state())),
        Route::post("/feeds/{slug}/apply", FEED, Act::Decide, post(feed::apply).with_state(state())),
        Route::post("/feeds/{slug}/discard", FEED, Act::Decide, post(feed::discard).with_state(state())),
        Route::post("/feeds/{slug}/edit", FEED, Act::Write, post(change::edit).with_state(state())),
        Route::post("/feeds/{slug}/remove", FEED, Act::Decide, post(change::remove).with_state(state())).sensitive(),
        Route::get("/warning-lists", WARNING_LIST, get(warning::list).with_state(state())),
    ]
}

/// A count as people read it.
fn count(n: u64) -> String {
    sipar_web::format::number(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A count for a share of counts.
#[expect(clippy::cast_precision_loss, reason = "counts of rows lie far below 2^53")]
const fn real(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::TEXTS;
    use std::path::Path;

    #[test]
    fn every_text_is_in_both_languages_and_exists() {
        assert_eq!(sipar_web::check_complete(TEXTS), []);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert_eq!(sipar_web::check_used(&source, TEXTS).expect("source"), []);
    }
}
