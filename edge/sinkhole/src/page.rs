//! The page itself: one document in both languages, the reader's first, without scripts, fonts or pictures to load.

use crate::{
    subject::{Block, Site},
    texts::{Language, Texts},
};
use base64::Engine as _;
use jiff::{Timestamp, tz::TimeZone};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use sipar_model::TimestampMs;

/// The page stays below this, in bytes, so that it loads on the slowest line: 3 s at 80 kbit/s.
pub const PAGE_BYTES_MAX: usize = 30_000;

/// Characters of a site that are shown: what is longer tells people nothing. A name has 253 at most (RFC 1035 §2.3.4).
const SITE_CHARS_MAX: usize = 300;

/// All but unreserved characters (RFC 3986 §2.3).
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Colours with a contrast of at least 7:1 on their ground (WCAG 2.2, 1.4.6).
const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#16202b;--soft:#45525f;--line:#d5dbe1;--link:#0b4f8a;--bad:#8f1616;--on:#fff}\
@media(prefers-color-scheme:dark){:root{--ground:#10161c;--card:#1a222b;--ink:#eef2f5;--soft:#b9c4ce;--line:#36424e;--link:#9ecbff;--bad:#ffb0a8;--on:#10161c}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--ground);color:var(--ink);font:1.0625rem/1.6 system-ui,'Segoe UI',Roboto,'Noto Sans',sans-serif}\
main{max-width:44rem;margin:0 auto;padding:1.5rem 1rem 3rem}\
section{background:var(--card);border:1px solid var(--line);border-block-start:.375rem solid var(--bad);border-radius:.5rem;padding:1.25rem 1.5rem;margin-block-end:1.5rem}\
section.calm{border-block-start-color:var(--link)}\
section[lang=ur]{font-family:'Noto Nastaliq Urdu','Jameel Noori Nastaleeq','Urdu Typesetting','Noto Naskh Arabic',Tahoma,serif;line-height:2.2}\
h1,h2{line-height:1.35;margin:0 0 .75rem;font-size:1.5rem}section[lang=ur] h1,section[lang=ur] h2{line-height:2}\
h2{font-size:1.375rem}p{margin:.5rem 0}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.375rem 1.25rem;margin:1.25rem 0}\
dt{color:var(--soft)}dd{margin:0;font-weight:600;overflow-wrap:anywhere}\
@media(max-width:34rem){dl{grid-template-columns:1fr}dd{margin-block-end:.5rem}}\
a{color:var(--link)}a:focus-visible,summary:focus-visible{outline:3px solid var(--link);outline-offset:2px}\
details{border-block-start:1px solid var(--line);padding:.75rem 0}summary{cursor:pointer;font-weight:600;color:var(--link);min-height:1.75rem}\
.act{display:inline-block;background:var(--link);color:var(--on);padding:.5rem 1rem;border-radius:.375rem;text-decoration:none;font-weight:600;margin-block:.5rem}\
li{margin-block:.375rem}footer{color:var(--soft);font-size:.9375rem;border-block-start:1px solid var(--line);padding-block-start:.75rem}";

/// What a page is about.
pub(crate) enum Subject<'a> {
    /// A site that is blocked.
    Blocked(&'a Block),
    /// A site that is not.
    NotBlocked(&'a Site),
    /// The page's own name.
    Own,
    /// There is no snapshot yet.
    NotReady,
}

/// Who speaks, and where one asks further.
pub(crate) struct Voice {
    pub(crate) organisation: String,
    /// Without a slash at its end; empty when there is none.
    pub(crate) portal: String,
    pub(crate) zone: TimeZone,
}

/// The Content-Security-Policy: nothing is loaded, nothing runs, and the page's own style is known by its hash.
pub(crate) fn content_security_policy() -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The whole document.
pub(crate) fn document(subject: &Subject<'_>, first: Language, voice: &Voice) -> String {
    let (tag, direction) = first.tag();
    let document = html! {
        (DOCTYPE)
        html lang=(tag) dir=(direction) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title(subject, first.texts())) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @for (place, language) in first.both().into_iter().enumerate() {
                        (section(subject, language, place == 0, voice))
                    }
                }
            }
        }
    };
    document.into_string()
}

/// The same in plain text and English, for programs.
pub(crate) fn plain(subject: &Subject<'_>, voice: &Voice) -> String {
    let texts = Language::English.texts();
    match subject {
        Subject::Blocked(block) => {
            let reason = block.category.map_or(texts.category_withheld, |category| category.word());
            format!(
                "{}\n{}: {reason}\n{}: {}\n{}: {}\n",
                texts.blocked, texts.category, texts.reference, block.decision, texts.by, voice.organisation
            )
        }
        _ => format!("{}\n", title(subject, texts)),
    }
}

const fn title(subject: &Subject<'_>, texts: &Texts) -> &'static str {
    match subject {
        Subject::Blocked(_) => texts.blocked,
        Subject::NotBlocked(_) => texts.not_blocked,
        Subject::Own => texts.own,
        Subject::NotReady => texts.not_ready,
    }
}

fn section(subject: &Subject<'_>, language: Language, first: bool, voice: &Voice) -> Markup {
    let (tag, direction) = language.tag();
    let texts = language.texts();
    let calm = (!matches!(subject, Subject::Blocked(_))).then_some("calm");
    let lead = match subject {
        Subject::Blocked(_) => texts.blocked_lead,
        Subject::NotBlocked(_) => texts.not_blocked_lead,
        Subject::Own => texts.own_lead,
        Subject::NotReady => texts.not_ready_lead,
    };
    html! {
        section lang=(tag) dir=(direction) class=[calm] {
            @if first { h1 { (title(subject, texts)) } } @else { h2 { (title(subject, texts)) } }
            p { (lead) }
            @match subject {
                Subject::Blocked(block) => (blocked(block, texts, voice)),
                Subject::NotBlocked(site) => dl { dt { (texts.site) } dd { (site_shown(site)) } },
                Subject::Own | Subject::NotReady => {}
            }
            footer { (texts.privacy) }
        }
    }
}

fn blocked(block: &Block, texts: &Texts, voice: &Voice) -> Markup {
    let time = |time: TimestampMs| shown(time, "%Y-%m-%d %H:%M %Z", &voice.zone);
    let day = |time: TimestampMs| shown(time, "%Y-%m-%d", &voice.zone);
    let asked = match &block.site {
        Site::Name(name) => name.as_str().to_owned(),
        Site::Address(address) => address.to_string(),
    };
    let asked = utf8_percent_encode(&asked, IN_QUERY);
    html! {
        dl {
            dt { (texts.site) } dd { (site_shown(&block.site)) }
            @if let Some(listed) = &block.listed { dt { (texts.listed) } dd { bdi dir="ltr" { (listed) } } }
            dt { (texts.category) } dd { (block.category.map_or(texts.category_withheld, |category| texts.of(category))) }
            @if let Some(since) = block.since { dt { (texts.since) } dd { bdi dir="ltr" { (day(since)) } } }
            @if let Some(reported) = block.reported { dt { (texts.reported) } dd { bdi dir="ltr" { (time(reported)) } } }
            dt { (texts.until) } dd { bdi dir="ltr" { (time(block.until)) } }
            dt { (texts.by) } dd { bdi { (voice.organisation) } }
            dt { (texts.reference) } dd { bdi dir="ltr" { (block.decision) } }
        }
        @if !voice.portal.is_empty() {
            p { a rel="noreferrer" href={ (voice.portal) "/look-up?what=" (asked) } { (texts.look_up) } }
        }
        details {
            summary { (texts.mistake) }
            @if voice.portal.is_empty() {
                p { (texts.mistake_lead) }
                @if let Some(href) = letter(block) { a.act rel="noreferrer" href=(href) { (texts.write) } }
            } @else {
                p { (texts.appeal_lead) }
                p { a.act rel="noreferrer" href={ (voice.portal) "/appeal?decision=" (block.decision) } { (texts.appeal) } }
                @if let Some(href) = letter(block) { p { a rel="noreferrer" href=(href) { (texts.write) } } }
            }
        }
        details {
            summary { (texts.infected) }
            ol { @for step in texts.infected_steps { li { (step) } } }
        }
    }
}

fn site_shown(site: &Site) -> Markup {
    let shown: String = site.shown().chars().take(SITE_CHARS_MAX).collect();
    html! { bdi dir="ltr" { (shown) } }
}

/// Where one writes, with the reference as the subject of a mail (RFC 6068 §2). Other schemes than the web's are no link.
fn letter(block: &Block) -> Option<String> {
    let contact = &block.contact;
    if contact.starts_with("mailto:") {
        let separator = if contact.contains('?') { '&' } else { '?' };
        return Some(format!("{contact}{separator}subject={}", block.decision));
    }
    contact.starts_with("https://").then(|| contact.clone())
}

/// In this form (strftime), in the page's zone.
fn shown(time: TimestampMs, form: &str, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(time.0) {
        Ok(time) => time.to_zoned(zone.clone()).strftime(form).to_string(),
        Err(_) => String::from("?"),
    }
}
