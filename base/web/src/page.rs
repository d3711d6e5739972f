//! A whole page: the document around what an area shows.

use crate::{
    assets,
    context::PageContext,
    lang::{LANG_COOKIE, Lang},
    nav,
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sipar_authz::{Role, Via};

/// How long the choice of language is remembered, in seconds: 400 days, the most that browsers keep (RFC 6265bis §5.5).
const LANG_COOKIE_S: u32 = 34_560_000;

/// What an area shows.
#[derive(Clone, Debug)]
pub struct Page {
    /// What the page is about: its heading and the window's title.
    pub title: String,
    /// One sentence under the heading.
    pub lead: Option<String>,
    /// The way here: text and address, the nearest last.
    pub crumbs: Vec<(String, String)>,
    /// What stands beside the heading: badges, buttons.
    pub aside: Option<Markup>,
    /// The content.
    pub body: Markup,
    /// Whether parts of it renew themselves: brings the script.
    pub live: bool,
    /// A script of ours that it needs besides.
    pub script: Option<&'static str>,
    /// Without scripts the page is loaded again after so many seconds.
    pub refresh_s: Option<u32>,
    /// The status of the answer.
    pub status: StatusCode,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            title: String::new(),
            lead: None,
            crumbs: Vec::new(),
            aside: None,
            body: Markup::default(),
            live: false,
            script: None,
            refresh_s: None,
            status: StatusCode::OK,
        }
    }
}

impl Page {
    /// A page with a heading and content.
    pub fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, ..Self::default() }
    }

    /// Adds the sentence under the heading.
    #[must_use]
    pub fn lead(self, lead: impl Into<String>) -> Self {
        Self { lead: Some(lead.into()), ..self }
    }

    /// Adds a step of the way here.
    #[must_use]
    pub fn crumb(mut self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push((text.into(), href.into()));
        self
    }

    /// Adds what stands beside the heading.
    #[must_use]
    pub fn aside(self, aside: Markup) -> Self {
        Self { aside: Some(aside), ..self }
    }

    /// Brings a script of ours, by its name in the code.
    #[must_use]
    pub fn script(self, name: &'static str) -> Self {
        Self { script: Some(name), ..self }
    }

    /// Says that parts renew themselves by htmx; without scripts the whole page is loaded again after `refresh_s`.
    #[must_use]
    pub fn live(self, refresh_s: u32) -> Self {
        Self { live: true, refresh_s: Some(refresh_s), ..self }
    }
}

/// The page as a response.
#[must_use]
pub fn page(ctx: &PageContext, page: Page) -> Response {
    let status = page.status;
    let mut response = (status, Html(document(ctx, &page).into_string())).into_response();
    let headers = response.headers_mut();
    let cache = if ctx.identity.via == Via::Nothing { "private, no-cache" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, authorization, cookie, x-api-key"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(ctx.lang.code()));
    if ctx.lang_asked {
        let secure = if ctx.secure { "; Secure" } else { "" };
        let lang = ctx.lang.code();
        let cookie = format!("{LANG_COOKIE}={lang}; Path=/; Max-Age={LANG_COOKIE_S}; HttpOnly; SameSite=Lax{secure}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The page as a document.
#[must_use]
pub fn document(ctx: &PageContext, page: &Page) -> Markup {
    let name = ctx.t("web-name");
    let icon = assets::href("shield.svg");
    html! {
        (DOCTYPE)
        html lang=(ctx.lang.code()) dir=(ctx.lang.dir()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { @if !page.title.is_empty() { (page.title) " · " } (name) }
                link rel="icon" type="image/svg+xml" href=(icon);
                link rel="stylesheet" href=(assets::href("sipar.css"));
                @if ctx.lang == Lang::Ur && assets::find("nastaliq-400.woff2").is_some() {
                    link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::href("nastaliq-400.woff2"));
                }
                script src=(assets::href("sipar.js")) defer {}
                @if let Some(name) = page.script { script src=(assets::href(name)) defer {} }
                @if page.live && assets::find("htmx.js").is_some() {
                    meta name="htmx-config" content="includeIndicatorCSS:false";
                    script src=(assets::href("htmx.js")) defer {}
                }
                @if let Some(seconds) = page.refresh_s {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
            }
            body {
                a.skip href="#main" { (ctx.t("web-skip")) }
                (top(ctx))
                main #main tabindex="-1" {
                    @if !page.crumbs.is_empty() { (crumbs(ctx, &page.crumbs)) }
                    div.head {
                        div {
                            h1 dir=[direction(&page.title)] { (page.title) }
                            @if let Some(lead) = &page.lead { p.lead dir=[direction(lead)] { (lead) } }
                        }
                        @if let Some(aside) = &page.aside { div.aside { (aside) } }
                    }
                    (page.body)
                }
                (bottom(ctx))
            }
        }
    }
}

/// The direction of words that may be ours or somebody's: their own. Ours that begin with a value run as the page does:
/// browsers would take the direction of the value, which an isolating mark (U+2068) stands before.
pub(crate) fn direction(text: &str) -> Option<&'static str> {
    let first = text.chars().find(|letter| letter.is_alphabetic() || *letter == '\u{2068}');
    (first != Some('\u{2068}')).then_some("auto")
}

/// Our mark: a shield with a rising line. Drawn for Sipar, no one's emblem.
#[must_use]
pub fn mark() -> Markup {
    PreEscaped(include_str!("../assets/mark.svg").trim().to_owned())
}

fn top(ctx: &PageContext) -> Markup {
    let asked = if ctx.path == "/search" { ctx.parameter("q") } else { None };
    html! {
        header.top {
            div.bar {
                a.brand href="/" { (mark()) span { (ctx.t("web-name")) } }
                form.search role="search" action="/search" method="get" {
                    label.hidden for="q" { (ctx.t("web-search-label")) }
                    input #q type="search" name="q" dir="auto" maxlength="2048" autocomplete="off" spellcheck="false"
                        placeholder=(ctx.t("web-search-hint")) value=[asked];
                    button type="submit" { (ctx.t("web-search")) }
                }
                div.tools {
                    @for lang in Lang::ALL.iter().filter(|lang| **lang != ctx.lang) {
                        a.language lang=(lang.code()) hreflang=(lang.code()) href=(ctx.href_with("lang", lang.code())) {
                            (lang.own_name())
                        }
                    }
                    (sign_in_state(ctx))
                }
            }
            (nav::menu(ctx))
        }
    }
}

fn sign_in_state(ctx: &PageContext) -> Markup {
    let role = ctx.t(&format!("web-role-{}", ctx.identity.role.word()));
    html! {
        @if ctx.identity.role == Role::Public {
            a href="/sign-in" { (ctx.t("web-sign-in")) }
        } @else {
            @if ctx.identity.person.is_some() && ctx.identity.via == Via::Session {
                a.who href="/you" { bdi { (ctx.identity.label) } " · " (role) }
            } @else {
                span.who { bdi { (ctx.identity.label) } " · " (role) }
            }
            @if ctx.identity.via == Via::Session {
                form action="/sign-out" method="post" { button.plain type="submit" { (ctx.t("web-sign-out")) } }
            }
        }
    }
}

fn crumbs(ctx: &PageContext, crumbs: &[(String, String)]) -> Markup {
    html! {
        nav.crumbs aria-label=(ctx.t("web-crumbs")) {
            ol { @for (text, href) in crumbs { li { a href=(href) { bdi { (text) } } } } }
        }
    }
}

fn bottom(ctx: &PageContext) -> Markup {
    html! {
        footer {
            div {
                p { (ctx.tw("web-run-by", &[("organisation", ctx.site.organisation.as_str().into())])) }
                p {
                    a href=(ctx.site.contact) { (ctx.t("web-contact")) }
                    span { (ctx.tw("web-zone", &[("zone", zone_name(ctx).into())])) }
                    span { (ctx.t("web-privacy")) }
                }
            }
        }
    }
}

fn zone_name(ctx: &PageContext) -> String {
    ctx.site.zone.iana_name().unwrap_or("UTC").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_ours_that_begin_with_a_value_run_as_the_page_does() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(direction(text), expect, "{text}");
        check("bank.example", Some("auto"));
        check("ایک نام", Some("auto"));
        check("\u{2068}D-225\u{2069} کے خلاف اپیلیں", None);
        check("”\u{2068}isp\u{2069}“ بہت پیچھے ہے", None);
        check("اپیل \u{2068}A-2\u{2069}", Some("auto"));
        check("", Some("auto"));
    }
}
