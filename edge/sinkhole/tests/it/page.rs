//! What people read.

use crate::common::{config, get, policy, raw, start};
use sipar_sinkhole::PAGE_BYTES_MAX;

#[tokio::test]
async fn a_blocked_site_says_what_why_until_when_and_what_to_do() {
    let (sinkhole, address) = start(&config(), Some(policy())).await;
    let (status, head, body) = get(address, "www.PHISH.example:80", "Accept-Language: ur-PK, en;q=0.5\r\n").await;
    assert_eq!(status, 403);
    for expect in [
        "www.phish.example",
        "phish.example",
        "D-41",
        "National CERT",
        "Blocked since</dt><dd><bdi dir=\"ltr\">2026-09-19<",
        "2026-09-18 19:13 PKT",
        "2026-09-22 19:13 PKT",
        "mailto:cert@example.org?subject=D-41",
        "https://cert.example/look-up?what=www.phish.example",
        "https://cert.example/appeal?decision=D-41",
        "Appeal this block",
        "اس بندش کے خلاف اپیل کریں",
        "phishing: it steals",
        "فشنگ",
    ] {
        assert!(body.contains(expect), "`{expect}` is missing in {body}");
    }
    assert!(body.starts_with("<!DOCTYPE html><html lang=\"ur\" dir=\"rtl\">"), "{body}");
    assert!(
        body.find("lang=\"ur\" dir=\"rtl\" ") < body.find("lang=\"en\" dir=\"ltr\""),
        "the reader's language first"
    );
    assert!(body.len() < PAGE_BYTES_MAX, "{} bytes", body.len());
    assert!(!body.contains("<script") && !body.contains("http://"), "nothing runs and nothing is loaded");
    for field in
        ["content-security-policy: default-src 'none'", "cache-control: no-store", "referrer-policy: no-referrer"]
    {
        assert!(head.contains(field), "`{field}` is missing in {head}");
    }
    let counted: Vec<(u32, u64)> = sinkhole.take_counts().iter().map(|s| (s.decision.0, s.count)).collect();
    assert_eq!(counted, [(41, 1)]);
}

#[tokio::test]
async fn every_kind_of_page() {
    let (_sinkhole, address) = start(&config(), Some(policy())).await;
    let check = async |host: &str, status: u16, expect: &str| {
        let (found, _, body) = get(address, host, "").await;
        assert_eq!(found, status, "{host}");
        assert!(body.contains(expect), "`{expect}` is missing for {host} in {body}");
    };
    check("phish.example", 403, "This site is blocked for your safety").await;
    check("xn--mgbqf7g.example", 403, "اردو.example (xn--mgbqf7g.example)").await;
    check("192.0.2.7", 403, "D-44").await;
    check("good.phish.example", 404, "This site is not blocked").await;
    check("trial.example", 404, "This site is not blocked").await;
    check("unknown.example", 404, "unknown.example").await;
    check("blocked.cert.example", 200, "This is the page for blocked sites").await;
}

#[tokio::test]
async fn programs_get_a_few_plain_lines() {
    let (_sinkhole, address) = start(&config(), Some(policy())).await;
    let answer = raw(address, b"GET /a.js HTTP/1.1\r\nHost: phish.example\r\nAccept: */*\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/plain; charset=utf-8"), "{head}");
    assert_eq!(
        body,
        "This site is blocked for your safety\nReason: phishing\nReference: D-41\nBlocked by: National CERT\n"
    );
    let head = raw(address, b"HEAD / HTTP/1.1\r\nHost: phish.example\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 403 ") && head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn without_a_list_it_says_so() {
    let (sinkhole, address) = start(&config(), None).await;
    assert_eq!(get(address, "phish.example", "").await.0, 503);
    sinkhole.swap(policy());
    assert_eq!(get(address, "phish.example", "").await.0, 403);
    sinkhole.clear();
    assert_eq!(get(address, "phish.example", "").await.0, 503);
}
