//! What is said of things that are listed, of those that are not, and which of several entries answers.

use crate::common::{Desk, LOCAL, NOW, allow, block, desk};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::json;
use sipar_model::time::DAY_MS;

const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn full() -> Desk {
    desk(&[
        block("evil.example"),                        // 1
        block("203.0.113.9"),                         // 2
        block("198.51.100.0/24"),                     // 3
        block("https://shop.example/pay"),            // 4
        block(HASH),                                  // 5
        block("trial.example").shadow(),              // 6
        allow("good.evil.example"),                   // 7
        block("old.example").until(NOW),              // 8
        block("only.example").exact(),                // 9
        allow("both.example"),                        // 10
        block("both.example"),                        // 11
        allow("https://evil.example/about"),          // 12
        block("https://trial.example/x").shadow(),    // 13
        block("198.51.100.0/28"),                     // 14
        block("2001:db8:7::/48"),                     // 15
        block("eve@sender.example"),                  // 16
        block("https://good.evil.example/bad"),       // 17
        block("https://evil.example/tried").shadow(), // 18
        block("192.0.2.0/26").shadow(),               // 19
        block("192.0.2.0/28").shadow(),               // 20
    ])
}

#[tokio::test]
async fn verdicts() {
    let desk = full();
    let check = async |path: &str, expect: &str| assert_eq!(desk.get(path).await.word(), expect, "{path}");

    check("/v1/domain/evil.example", "block by 1 on evil.example").await;
    check("/v1/domain/EVIL.example.", "block by 1 on evil.example").await;
    check("/v1/domain/a.b.evil.example", "block by 1 on evil.example").await;
    check("/v1/domain/notevil.example", "not-listed").await;
    check("/v1/domain/example", "not-listed").await;
    check("/v1/domain/only.example", "block by 9 on only.example").await;
    check("/v1/domain/below.only.example", "not-listed").await;
    // An allowance beats the block above it, and the one on the same name.
    check("/v1/domain/good.evil.example", "allow by 7 on good.evil.example").await;
    check("/v1/domain/www.good.evil.example", "allow by 7 on good.evil.example").await;
    check("/v1/domain/both.example", "allow by 10 on both.example").await;
    check("/v1/domain/trial.example", "shadow by 6 on trial.example").await;
    check("/v1/domain/old.example", "not-listed").await;

    check("/v1/ip/203.0.113.9", "block by 2 on 203.0.113.9").await;
    check("/v1/ip/::ffff:203.0.113.9", "block by 2 on 203.0.113.9").await;
    check("/v1/ip/203.0.113.8", "not-listed").await;
    check("/v1/ip/198.51.100.200", "block by 3 on 198.51.100.0/24").await;
    check("/v1/ip/198.51.100.3", "block by 14 on 198.51.100.0/28").await;
    check("/v1/ip/2001:db8:7::1", "block by 15 on 2001:db8:7::/48").await;

    check(&format!("/v1/hash/{HASH}"), &format!("block by 5 on {HASH}")).await;
    check(&format!("/v1/hash/{}", HASH.to_uppercase()), &format!("block by 5 on {HASH}")).await;
    check("/v1/hash/d41d8cd98f00b204e9800998ecf8427e", "not-listed").await;
}

#[tokio::test]
async fn a_network_is_listed_when_an_entry_covers_all_of_it() {
    let desk = full();
    let check = async |path: &str, expect: &str| assert_eq!(desk.get(path).await.word(), expect, "{path}");
    check("/v1/ip/198.51.100.0/28", "block by 14 on 198.51.100.0/28").await;
    check("/v1/ip/198.51.100.0/30", "block by 14 on 198.51.100.0/28").await;
    // The smaller entry at its start must not hide the wider one.
    check("/v1/ip/198.51.100.0/26", "block by 3 on 198.51.100.0/24").await;
    check("/v1/ip/198.51.100.0/24", "block by 3 on 198.51.100.0/24").await;
    check("/v1/ip/198.51.100.0%2F24", "block by 3 on 198.51.100.0/24").await;
    check("/v1/ip/198.51.100.0/23", "not-listed").await;
    check("/v1/ip/198.51.0.0/16", "not-listed").await;
    check("/v1/ip/203.0.113.0/24", "not-listed").await;
    check("/v1/ip/203.0.113.9/32", "block by 2 on 203.0.113.9").await;
    check("/v1/ip/192.0.2.0/27", "shadow by 19 on 192.0.2.0/26").await;
    check("/v1/ip/192.0.2.0/25", "not-listed").await;
    check("/v1/ip/2001:db8:7::/64", "block by 15 on 2001:db8:7::/48").await;
    check("/v1/ip/2001:db8::/32", "not-listed").await;
}

#[tokio::test]
async fn the_host_of_a_url_counts_too() {
    let desk = full();
    let check = async |url: &str, expect: &str| {
        let encoded: String = url.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(desk.get(&format!("/v1/url?u={encoded}")).await.word(), expect, "{url}");
    };
    check("https://shop.example/pay", "block by 4 on https://shop.example/pay").await;
    check("hxxps://shop[.]example/pay", "block by 4 on https://shop.example/pay").await;
    check("https://shop.example/other", "not-listed").await;
    check("http://www.evil.example:8080/x?y=1", "block by 1 on evil.example").await;
    check("https://203.0.113.9/", "block by 2 on 203.0.113.9").await;
    check("http://[2001:db8:7::5]/", "block by 15 on 2001:db8:7::/48").await;
    // What is decided on the page itself comes before what is decided on its host, both ways.
    check("https://evil.example/about", "allow by 12 on https://evil.example/about").await;
    check("https://good.evil.example/bad", "block by 17 on https://good.evil.example/bad").await;
    check("https://good.evil.example/", "allow by 7 on good.evil.example").await;
    // A list on trial changes no answer.
    check("https://trial.example/x", "shadow by 13 on https://trial.example/x").await;
    check("https://evil.example/tried", "block by 1 on evil.example").await;
}

#[tokio::test]
async fn a_verdict_in_full() {
    let desk = full();
    let listed = desk.get("/v1/domain/www.evil.example").await;
    assert_eq!(listed.header("content-type"), Some("application/json"));
    assert_eq!(listed.header("cache-control"), Some("no-store"));
    let expect = json!({
        "observable": { "type": "domain", "value": "www.evil.example" },
        "verdict": "block", "listed": true, "score": 87, "categories": ["phishing"], "severity": "high",
        "list": "enforced", "matched": { "type": "domain", "value": "evil.example" },
        "reasons": [
            { "family": "family-a", "first_seen": NOW.0 - 3 * DAY_MS, "last_seen": NOW.0 },
            { "family": "family-b", "first_seen": NOW.0 - DAY_MS, "last_seen": NOW.0 },
        ],
        "decision": 1, "expires_at": NOW.0 + DAY_MS, "snapshot": 1,
    });
    assert_eq!(listed.body, expect);

    let unlisted = desk.get("/v1/domain/www.example.org").await;
    assert_eq!(unlisted.status, StatusCode::OK, "not listed is an answer");
    let expect = json!({
        "observable": { "type": "domain", "value": "www.example.org" },
        "verdict": "not-listed", "listed": false, "score": 0, "categories": [], "reasons": [], "snapshot": 1,
    });
    assert_eq!(unlisted.body, expect);

    let allowed = desk.get("/v1/domain/good.evil.example").await.body;
    assert_eq!((&allowed["score"], &allowed["categories"]), (&json!(0), &json!([])), "an allowance accuses of nothing");
}

#[tokio::test]
async fn an_entry_ends_when_its_time_is_over() {
    let desk = desk(&[block("soon.example").until(NOW.plus_ms(2_000))]);
    assert_eq!(desk.get("/v1/domain/soon.example").await.word(), "block by 1 on soon.example");
    desk.clock.forward_ms(1_999);
    assert_eq!(desk.get("/v1/domain/soon.example").await.word(), "block by 1 on soon.example");
    desk.clock.forward_ms(1);
    assert_eq!(desk.get("/v1/domain/soon.example").await.word(), "not-listed");
}

#[tokio::test]
async fn many_at_once_and_one_bad_item_spoils_no_other() {
    let desk = full();
    let items = json!([
        "evil[.]example",
        "203.0.113.9",
        "nonsense",
        "198.51.100.0/24",
        HASH,
        "AS64500",
        "x@evil.example",
        "eve@sender.example",
        "https://shop.example/pay",
        "www.example.org",
        ""
    ]);
    let expect = ["block", "block", "?", "block", "block", "not-listed", "block", "block", "block", "not-listed", "?"];
    for body in [items.clone(), json!({ "observables": items })] {
        let reply = desk.post("/v1/bulk", body.to_string()).await;
        assert_eq!((reply.status, &reply.body["snapshot"]), (StatusCode::OK, &json!(1)));
        let results = reply.body["results"].as_array().unwrap();
        let words: Vec<&str> = results.iter().map(|item| item["verdict"].as_str().unwrap_or("?")).collect();
        assert_eq!(words, expect);
        assert_eq!(results[2]["given"], "nonsense");
        assert!(results[2]["error"].as_str().unwrap().contains("single word"), "{}", results[2]);
    }
    assert_eq!(desk.post("/v1/bulk", "[]").await.body["results"], json!([]));
}

#[tokio::test]
async fn nginx_is_told_by_the_status() {
    let desk = full();
    let check = async |address: &str, status: u16, verdict: &str, decision: Option<&str>| {
        let reply = desk.get(&format!("/v1/auth?ip={address}")).await;
        assert_eq!(reply.status.as_u16(), status, "{address}");
        assert_eq!((reply.header("x-sipar-verdict"), reply.header("x-sipar-decision")), (Some(verdict), decision));
    };
    check("203.0.113.9", 403, "block", Some("2")).await;
    check("198.51.100.3", 403, "block", Some("14")).await;
    check("203.0.113.8", 204, "not-listed", None).await;
    check("192.0.2.1", 204, "shadow", Some("20")).await;
}

#[tokio::test]
async fn listed_things_are_counted_and_nothing_else_is_kept() {
    let desk = full();
    for path in
        ["/v1/domain/evil.example", "/v1/domain/x.evil.example", "/v1/domain/example.org", "/v1/auth?ip=203.0.113.9"]
    {
        desk.get(path).await;
    }
    desk.post("/v1/bulk", r#"["evil.example", "trial.example"]"#).await;
    let counted: Vec<_> = desk.service.take_counts().iter().map(|s| (s.decision.0, s.count, s.shadow)).collect();
    assert_eq!(counted, [(1, 3, false), (2, 1, false), (6, 1, true)]);
    assert!(desk.service.take_counts().is_empty());
}

#[tokio::test]
async fn health_says_which_snapshot_and_how_old() {
    let desk = full();
    desk.clock.forward_ms(90_500);
    // One of the twenty can never answer: the allowance on the same name lasts as long.
    let reply = desk.get("/healthz").await;
    let expect = json!({ "ready": true, "snapshot": 1, "entries": 19, "snapshot_age_s": 90 });
    assert_eq!((reply.status, reply.body), (StatusCode::OK, expect));
}

#[tokio::test]
async fn an_address_is_answered_alike_with_and_without_the_router() {
    let desk = full();
    let request = |address: &str| Request::get(format!("/v1/ip/{address}")).body(Body::empty()).unwrap();
    for address in ["203.0.113.9", "198.51.100.1", "192.0.2.1", "2001:db8:7::1", "::ffff:203.0.113.9", "9.9.9.9", "x"] {
        assert!(desk.service.at_once(LOCAL.parse().unwrap(), &request(address)).is_some(), "{address}");
        let own = desk.ask(LOCAL, request(address)).await;
        let mut routed = desk.ask_router(LOCAL, request(address)).await;
        // The router says it, and without the router the connection does.
        routed.headers.remove("content-length");
        assert_eq!((own.status, own.headers, own.body), (routed.status, routed.headers, routed.body), "{address}");
    }
    for left in ["", "203.0.113.9/32", "203.0.113%2E9", "203.0.113.9/"] {
        assert!(desk.service.at_once(LOCAL.parse().unwrap(), &request(left)).is_none(), "{left}");
    }
    let post = Request::post("/v1/ip/203.0.113.9").body(Body::empty()).unwrap();
    assert!(desk.service.at_once(LOCAL.parse().unwrap(), &post).is_none());
}
