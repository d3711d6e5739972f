//! Refusals: each is a problem (RFC 9457) that says what to do, and none is taken for an answer.

use crate::common::{LOCAL, Reply, block, desk, desk_with};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use sipar_reputation::ReputationConfig;

fn is_problem(reply: &Reply, status: u16, detail: &str, asked: &str) {
    assert_eq!(reply.status.as_u16(), status, "{asked}: {}", reply.body);
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{asked}");
    assert_eq!(reply.body["status"], status, "{asked}");
    assert!(!reply.body["title"].as_str().unwrap().is_empty(), "{asked}");
    let said = reply.body["detail"].as_str().unwrap();
    assert!(said.contains(detail), "{asked}: {said}");
}

#[tokio::test]
async fn what_cannot_be_looked_up_says_what_to_do() {
    let desk = desk(&[block("evil.example")]);
    let check = async |path: &str, detail: &str| is_problem(&desk.get(path).await, 400, detail, path);
    check("/v1/ip/300.1.1.1", "300").await;
    check("/v1/ip/0x7f.1", "0x7f.1").await;
    check("/v1/ip/evil.example", "evil.example").await;
    check("/v1/ip/fe80::1%25eth0", "zone").await;
    check("/v1/ip/192.0.2.1/24", "192.0.2.0/24").await;
    check("/v1/ip/192.0.2.0/33", "").await;
    check("/v1/ip/192.0.2.0/x", "").await;
    check("/v1/ip/%ff", "percent").await;
    check("/v1/domain/%ff%fe", "percent").await;
    check("/v1/domain/a..b", "").await;
    check("/v1/domain/192.0.2.1", "").await;
    check(&format!("/v1/domain/{}.example", "a".repeat(64)), "63").await;
    check("/v1/domain/evil%20name.example", "").await;
    check("/v1/url", "").await;
    check("/v1/url?u=", "").await;
    check("/v1/url?u=evil.example/a", "").await;
    check("/v1/url?u=javascript:alert(1)", "").await;
    check("/v1/url?u=http://a.example/&u=http://b.example/", "once").await;
    check("/v1/hash/abc", "").await;
    check(&format!("/v1/hash/{}", "z".repeat(64)), "").await;
    check("/v1/auth", "X-Sipar-Address").await;
    check("/v1/auth?ip=evil.example", "").await;
    check("/v1/auth?ip=192.0.2.1&ip=192.0.2.2", "once").await;
}

#[tokio::test]
async fn a_bulk_request_is_bounded() {
    let desk = desk(&[block("evil.example")]);
    let array = |count: usize| format!("[{}]", vec![r#""evil.example""#; count].join(","));
    let full = desk.post("/v1/bulk", array(10_000)).await;
    assert_eq!(full.status, StatusCode::OK);
    let results = full.body["results"].as_array().unwrap();
    assert!(results.len() == 10_000 && results.iter().all(|item| item["verdict"] == "block"));

    let check = async |body: String, status: u16, detail: &str| {
        let shown: String = body.chars().take(40).collect();
        is_problem(&desk.post("/v1/bulk", body).await, status, detail, &shown);
    };
    check(array(10_001), 413, "10001 items were sent; send at most 10000").await;
    check(format!("{{\"observables\": {}}}", array(10_001)), 413, "10001").await;
    // More than four million bytes, in one item and in many.
    check(format!("[\"{}\"]", "a".repeat(4 << 20)), 413, "several parts").await;
    check(format!("[{}0]", "0,".repeat(2_000_000)), 400, "array of texts").await;
    for bad in [
        "",
        "{",
        "null",
        "7",
        "\"a\"",
        "[1]",
        "[[\"a\"]]",
        "{}",
        r#"{"other": []}"#,
        r#"{"observables": "a"}"#,
        r#"{"observables": [], "observables": []}"#,
        r#"["a"] x"#,
        "[\"\u{0}\"]",
    ] {
        check(bad.to_owned(), 400, "`observables`").await;
    }
}

#[tokio::test]
async fn other_paths_and_methods() {
    let desk = desk(&[block("evil.example")]);
    for path in ["/", "/v1", "/v1/ip", "/v1/ip/", "/v1/ip/1.1.1.0/24/x", "/v1/domain/", "/v2/ip/192.0.2.1"] {
        is_problem(&desk.get(path).await, 404, "/v1/openapi.json", path);
    }
    let ask = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        is_problem(&desk.ask(LOCAL, request).await, 405, "POST /v1/bulk", path);
    };
    ask("GET", "/v1/bulk").await;
    ask("POST", "/v1/ip/192.0.2.1").await;
    ask("DELETE", "/v1/domain/evil.example").await;
}

#[tokio::test]
async fn without_a_snapshot_nothing_is_said_of_anything() {
    let desk = desk_with(&ReputationConfig::default());
    let hash = "d41d8cd98f00b204e9800998ecf8427e";
    let paths = [
        "/v1/ip/192.0.2.1",
        "/v1/ip/192.0.2.0/24",
        "/v1/domain/evil.example",
        "/v1/url?u=http://evil.example/",
        &format!("/v1/hash/{hash}"),
        "/healthz",
    ];
    for path in paths {
        let reply = desk.get(path).await;
        is_problem(&reply, 503, "nothing is known", path);
        assert_eq!(reply.header("retry-after"), Some("5"), "{path}");
    }
    let bulk = desk.post("/v1/bulk", r#"["evil.example"]"#).await;
    is_problem(&bulk, 503, "nothing is known", "bulk");
    assert_eq!(bulk.header("retry-after"), Some("5"));
    // A web site does not go down with its reputation service, and is told so.
    let auth = desk.get("/v1/auth?ip=192.0.2.1").await;
    assert_eq!((auth.status, auth.header("x-sipar-verdict")), (StatusCode::NO_CONTENT, Some("unknown")));
    // The document does not depend on a snapshot.
    assert_eq!(desk.get("/v1/openapi.json").await.status, StatusCode::OK);
}
