//! What the frame does to every request and answer.

use super::common::{Answer, ask, portal, portal_within};
use sipar_web::assets;

const PERSON: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn problem(answer: &Answer) -> serde_json::Value {
    assert_eq!(answer.header("content-type"), "application/problem+json");
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn every_answer_carries_the_guards() {
    let portal = portal(true);
    let asset = format!("GET {}", assets::href("sipar.css"));
    for what in ["GET /", "GET /none", "GET /api/v1/none", "GET /api/v1/refuse", "POST /form", asset.as_str()] {
        let answer = ask(&portal.app, what, &[PERSON], "").await;
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"),
            "{what}"
        );
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{what}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{what}");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{what}");
        assert_ne!(answer.header("cache-control"), "", "{what}");
    }
    let plain = super::common::portal(false);
    let answer = ask(&plain.app, "GET /", &[PERSON], "").await;
    assert_eq!(answer.header("strict-transport-security"), "");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    let answer = ask(&plain.app, "GET /", &[PERSON, ("x-api-key", &plain.key)], "").await;
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn pages_hold_no_inline_script_or_style() {
    let portal = portal(false);
    for what in ["GET /", "GET /none", "GET /sign-in"] {
        let text = ask(&portal.app, what, &[PERSON], "").await.text();
        for banned in [" style=", "<style", " onclick", "javascript:", "<script>"] {
            assert!(!text.contains(banned), "{what} holds {banned}");
        }
    }
}

#[tokio::test]
async fn the_language_is_asked_remembered_and_announced() {
    let portal = portal(false);
    let check = async |what: &str, sent: &[(&str, &str)], lang: &str, dir: &str, cookie: &str| {
        let answer = ask(&portal.app, what, sent, "").await;
        let text = answer.text();
        assert!(text.contains(&format!("<html lang=\"{lang}\" dir=\"{dir}\">")), "{what} {sent:?}");
        assert_eq!(answer.header("content-language"), lang);
        assert_eq!(answer.header("set-cookie"), cookie, "{what}");
        assert!(answer.header("vary").contains("cookie") && answer.header("vary").contains("accept-language"));
    };
    check("GET /", &[], "en", "ltr", "").await;
    check("GET /", &[("accept-language", "ur-PK,en;q=0.5")], "ur", "rtl", "").await;
    check("GET /", &[("cookie", "lang=ur"), ("accept-language", "en")], "ur", "rtl", "").await;
    let cookie = "lang=ur; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax";
    check("GET /?lang=ur", &[], "ur", "rtl", cookie).await;
    check("GET /?lang=xx", &[], "en", "ltr", "").await;
    let text = ask(&portal.app, "GET /search?q=a%3Cb", &[], "").await.text();
    assert!(text.contains("href=\"/search?q=a%3Cb&amp;lang=ur\""), "the switch keeps the query");
    assert!(text.contains("value=\"a&lt;b\""), "the search box keeps what was asked");
}

#[tokio::test]
async fn errors_are_pages_for_people_and_problems_for_programs() {
    let portal = portal(false);
    let check = async |what: &str, sent: &[(&str, &str)], status: u16, expect: &str| {
        let answer = ask(&portal.app, what, sent, "").await;
        assert_eq!(answer.status.as_u16(), status, "{what}");
        assert!(answer.header("content-type").starts_with("text/html"), "{what}");
        assert!(answer.text().contains(expect), "{what}: {}", answer.text());
    };
    check("GET /none", &[PERSON], 404, "There is nothing at this address").await;
    check("GET /none", &[PERSON, ("cookie", "lang=ur")], 404, "اس پتے پر کچھ نہیں").await;
    check("GET /refuse", &[PERSON], 409, "`&lt;meanwhile&gt;` is not an autonomous system number").await;
    check("GET /refuse", &[PERSON, ("cookie", "lang=ur")], 409, "خود مختار نظام کا نمبر نہیں").await;
    let field = &[PERSON, SAME, FORM, ("cookie", "lang=ur")];
    let answer = ask(&portal.app, "POST /days", field, "days=many").await;
    assert_eq!(answer.status.as_u16(), 422);
    assert!(answer.text().contains("خانہ ”\u{2068}days\u{2069}“ خالی ہے"), "{}", answer.text());
    assert!(!answer.text().contains("deserialize"), "a library's own words are for programs");
    check("GET /broken", &[PERSON], 500, "Something went wrong on our side").await;
    check("GET /full", &[PERSON], 507, "The disk is full").await;
    check("GET /quota", &[PERSON, ("cookie", "lang=ur")], 507, "ڈسک بھر گئی ہے").await;
    check("GET /away", &[PERSON], 503, "Blocking and warnings go on working").await;
    check("GET /form", &[PERSON], 405, "This address does not work that way").await;
    check("POST /form", &[PERSON, SAME], 415, "That kind of content is not understood here").await;
    check("GET /assets/none.css", &[PERSON], 404, "There is nothing at this address").await;

    let check = async |what: &str, sent: &[(&str, &str)], body: &str, status: u16, detail: &str| {
        let answer = ask(&portal.app, what, sent, body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}");
        let problem = problem(&answer);
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap_or_default().contains(detail), "{what}: {problem}");
    };
    let json = ("content-type", "application/json");
    check("GET /api/v1/none", &[PERSON], "", 404, "").await;
    check("GET /none", &[], "", 404, "").await;
    check("GET /api/v1/refuse", &[PERSON], "", 409, "`<meanwhile>` is not an autonomous system number").await;
    check("POST /api/v1/json", &[SAME, json], "{", 400, "EOF while parsing").await;
    check("POST /api/v1/json", &[SAME], "{}", 415, "application/json").await;
    check("POST /api/v1/json", &[SAME, json], &format!("\"{}\"", "x".repeat(1000)), 413, "").await;
    check("GET /api/v1/json", &[], "", 405, "").await;
    check("GET /", &[("x-api-key", "nonsense")], "", 401, "not an API key").await;
    check("GET /full", &[], "", 507, "goes on serving").await;
    check("GET /away", &[], "", 503, "the database cannot be reached").await;
    let full = ask(&portal.app, "GET /full", &[], "").await;
    assert!(problem(&full)["next"].as_str().unwrap().starts_with("free some space"), "{}", full.text());
    assert!(!full.text().contains("secret path"), "{}", full.text());
    let answer = ask(&portal.app, "GET /broken", &[], "").await;
    assert!(!answer.text().contains("secret path"), "the cause goes to the log alone");
    assert_eq!(ask(&portal.app, "GET /form", &[], "").await.header("allow"), "POST");
}

/// A script of ours shows what it is answered to whoever reads the page.
#[tokio::test]
async fn what_a_script_shows_a_person_is_in_their_language() {
    let portal = portal(false);
    let check = async |what: &str, lang: &str, expect: &str| {
        let sent = [("x-sipar-read-by", "person"), ("accept", "application/json"), ("cookie", lang), SAME];
        let told = problem(&ask(&portal.app, what, &sent, "").await)["detail"].as_str().unwrap().to_owned();
        assert!(told.contains(expect), "{what} {lang}: {told}");
    };
    check("GET /refuse", "lang=en", "<meanwhile>").await;
    check("GET /refuse", "lang=ur", "نہیں").await;
    check("GET /none", "lang=en", "nothing at this address").await;
    check("GET /none", "lang=ur", "کچھ نہیں").await;
    let told = problem(&ask(&portal.app, "GET /none", &[("accept", "application/json")], "").await);
    assert!(told.get("detail").is_none(), "a program gets no page's words: {told}");
}

#[tokio::test]
async fn a_handler_that_hangs_is_given_up() {
    let portal = portal_within(false, std::time::Duration::ZERO);
    let answer = ask(&portal.app, "GET /slow", &[PERSON], "").await;
    assert_eq!(answer.status.as_u16(), 504);
    assert!(answer.text().contains("The answer took too long"));
}

#[tokio::test]
async fn another_site_changes_nothing_here() {
    let portal = portal(false);
    let check = async |sent: &[(&str, &str)], status: u16| {
        let sent: Vec<_> = sent.iter().copied().chain([FORM]).collect();
        let answer = ask(&portal.app, "POST /form", &sent, "a=b").await;
        assert_eq!(answer.status.as_u16(), status, "{sent:?}");
        if status == 403 {
            assert!(answer.text().contains("API key"), "says what to do: {}", answer.text());
        }
    };
    check(&[SAME], 200).await;
    check(&[("origin", "http://sipar.example")], 200).await;
    check(&[("x-api-key", &portal.key), ("origin", "https://evil.example")], 200).await;
    check(&[], 403).await;
    check(&[("origin", "https://evil.example")], 403).await;
    check(&[("sec-fetch-site", "cross-site")], 403).await;
}

#[tokio::test]
async fn signing_in_with_a_key_and_out_again() {
    let portal = portal(false);
    let page = ask(&portal.app, "GET /sign-in", &[PERSON], "").await.text();
    assert!(page.contains("type=\"password\"") && !page.contains("/inside"));
    let wrong = ask(&portal.app, "POST /sign-in", &[PERSON, SAME, FORM], "key=sipar_nonsense").await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert!(wrong.text().contains("Nobody holds this key now") && !wrong.text().contains("sipar_nonsense"));
    let right = ask(&portal.app, "POST /sign-in", &[PERSON, SAME, FORM], &format!("key={}", portal.key)).await;
    assert_eq!((right.status.as_u16(), right.header("location")), (303, "/"));
    let cookie = right.header("set-cookie").split(';').next().unwrap().to_owned();
    let inside = ask(&portal.app, "GET /", &[PERSON, ("cookie", &cookie)], "").await.text();
    assert!(inside.contains("duty desk") && inside.contains("href=\"/inside\""), "{inside}");
    let forged = [PERSON, ("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    assert_eq!(ask(&portal.app, "POST /sign-out", &forged, "").await.status.as_u16(), 403);
    let out = ask(&portal.app, "POST /sign-out", &[PERSON, SAME, ("cookie", &cookie)], "").await;
    assert!(out.header("set-cookie").ends_with("Max-Age=0"));
    assert!(!ask(&portal.app, "GET /", &[PERSON, ("cookie", &cookie)], "").await.text().contains("duty desk"));
}

#[tokio::test]
async fn a_link_is_used_up_by_the_button_alone() {
    let portal = portal(false);
    let address = format!("/sign-in/{}", portal.link);
    for _ in 0..2 {
        assert_eq!(ask(&portal.app, &format!("GET {address}"), &[PERSON], "").await.status.as_u16(), 200);
    }
    let first = ask(&portal.app, &format!("POST {address}"), &[PERSON, SAME], "").await;
    assert_eq!(first.status.as_u16(), 303);
    let second = ask(&portal.app, &format!("POST {address}"), &[PERSON, SAME], "").await;
    assert_eq!(second.status.as_u16(), 410);
    assert!(second.text().contains("used already or has expired"));
}

#[tokio::test]
async fn answers_are_compressed_when_asked() {
    let portal = portal(false);
    let answer = ask(&portal.app, "GET /", &[PERSON, ("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    let css = format!("GET {}", assets::href("sipar.css"));
    let answer = ask(&portal.app, &css, &[("accept-encoding", "gzip")], "").await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(Some(answer.body.as_slice()), assets::find("sipar.css").unwrap().gzip, "packed once, at build time");
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(ask(&portal.app, &css, &[], "").await.header("content-encoding"), "");
}
