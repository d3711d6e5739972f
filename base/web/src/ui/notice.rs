//! What the reader should notice: alerts, empty states, progress, further pages.

use super::badge::Tone;
use crate::{context::PageContext, format};
use maud::{Markup, html};

/// Something to notice before all else.
#[must_use]
pub fn alert(tone: Tone, title: &str, body: Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! { div class={ "alert " (tone.class()) } role=(role) { p.title { (title) } div { (body) } } }
}

/// Nothing is here yet: says so, and what to do about it.
#[must_use]
pub fn empty(title: &str, what_to_do: Markup) -> Markup {
    html! { div.empty { (crate::page::mark()) p.title { (title) } div { (what_to_do) } } }
}

/// A part of a page with a heading of its own.
#[must_use]
pub fn card(title: &str, body: Markup) -> Markup {
    html! { section.card { h2 dir=[crate::page::direction(title)] { (title) } (body) } }
}

/// One view of several of the same things.
#[derive(Clone, Debug, Default)]
pub struct Tab {
    /// What it shows.
    pub text: String,
    /// Where it is.
    pub href: String,
    /// Whether it is the one shown.
    pub current: bool,
}

/// Views of the same things beside one another. They are links: each view has an address of its own.
#[must_use]
pub fn tabs(label: &str, tabs: &[Tab]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul { @for tab in tabs { li { a href=(tab.href) aria-current=[tab.current.then_some("page")] { (tab.text) } } } }
        }
    }
}

/// Long work under way.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// What is being done.
    pub label: String,
    /// How far it is, in `unit`.
    pub done: u64,
    /// How far it has to go, when known.
    pub total: Option<u64>,
    /// What is counted.
    pub unit: String,
    /// Where the fragment that takes this one's place is fetched, every two seconds; needs [`Page::live`](crate::Page::live).
    pub poll: Option<String>,
}

/// Long work under way, renewing itself until the fragment that comes back no longer asks to.
#[must_use]
pub fn progress(ctx: &PageContext, work: &Progress) -> Markup {
    let done = format::number(i64::try_from(work.done).unwrap_or(i64::MAX));
    let text = match work.total {
        Some(total) => {
            let total = format::number(i64::try_from(total).unwrap_or(i64::MAX));
            ctx.tw(
                "web-progress-of",
                &[("done", done.into()), ("total", total.into()), ("unit", work.unit.as_str().into())],
            )
        }
        None => ctx.tw("web-progress", &[("done", done.into()), ("unit", work.unit.as_str().into())]),
    };
    html! {
        div.progress hx-get=[work.poll.as_ref()] hx-trigger=[work.poll.as_ref().map(|_| "every 2s")]
            hx-swap=[work.poll.as_ref().map(|_| "outerHTML")] {
            p.label { (work.label) }
            progress max=[work.total] value=[work.total.map(|total| work.done.min(total))] aria-label=(work.label) { (text) }
            p.basis aria-live="polite" { (text) }
        }
    }
}

/// Where a long list stands.
#[derive(Clone, Copy, Debug)]
pub struct Pager {
    /// The page shown, from 1.
    pub page: u64,
    /// Rows on a page.
    pub per_page: u64,
    /// Rows in all.
    pub total: u64,
}

impl Pager {
    /// The pager of a request: its `page` parameter, kept within what there is.
    #[must_use]
    pub fn of(ctx: &PageContext, per_page: u64, total: u64) -> Self {
        let asked = ctx.parameter("page").and_then(|text| text.parse().ok()).unwrap_or(1);
        let last = total.div_ceil(per_page.max(1)).max(1);
        Self { page: u64::clamp(asked, 1, last), per_page: per_page.max(1), total }
    }

    /// How many rows come before this page.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        (self.page - 1) * self.per_page
    }
}

/// The way to the other pages of a long list.
#[must_use]
pub fn pager(ctx: &PageContext, pager: &Pager) -> Markup {
    if pager.total <= pager.per_page {
        return html! {};
    }
    let show = |n: u64| format::number(i64::try_from(n).unwrap_or(i64::MAX));
    let last = (pager.offset() + pager.per_page).min(pager.total);
    let values =
        [("first", show(pager.offset() + 1).into()), ("last", show(last).into()), ("total", show(pager.total).into())];
    html! {
        nav.pager aria-label=(ctx.t("web-pager")) {
            @if pager.page > 1 {
                a rel="prev" href=(ctx.href_with("page", &(pager.page - 1).to_string())) { (ctx.t("web-pager-back")) }
            }
            span { (ctx.tw("web-pager-range", &values)) }
            @if last < pager.total {
                a rel="next" href=(ctx.href_with("page", &(pager.page + 1).to_string())) { (ctx.t("web-pager-on")) }
            }
        }
    }
}
