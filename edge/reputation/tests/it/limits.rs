//! Keys, and how much may be asked with one and without.

use crate::common::{Desk, LOCAL, REMOTE, Reply, block, desk_with, policy};
use axum::{body::Body, http::Request};
use sha2::{Digest as _, Sha256};
use sipar_reputation::{Key, ReputationConfig};

const GOOD: &str = "a-key-for-tests-only";
const FREE: &str = "another-key-for-tests";

fn key(label: &str, text: &str, per_s: u32) -> Key {
    let sha256 = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    Key { label: label.into(), sha256, per_s }
}

fn desk_for(anonymous_per_s: u32) -> Desk {
    let keys = vec![key("mail gateway", GOOD, 5), key("portal", FREE, 0)];
    let desk = desk_with(&ReputationConfig { anonymous_per_s, keys, ..ReputationConfig::default() });
    desk.service.swap(policy(1, &[block("evil.example")]));
    desk
}

async fn ask(desk: &Desk, peer: &str, header: Option<(&str, &str)>) -> Reply {
    let mut request = Request::get("/v1/domain/evil.example");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    desk.ask(peer, request.body(Body::empty()).unwrap()).await
}

async fn bulk(desk: &Desk, peer: &str, items: usize) -> Reply {
    let body = serde_json::to_string(&vec!["evil.example"; items]).unwrap();
    desk.ask(peer, Request::post("/v1/bulk").body(body.into()).unwrap()).await
}

#[tokio::test]
async fn a_client_without_a_key_is_limited_and_told_when_to_come_back() {
    let desk = desk_for(3);
    for _ in 0..6 {
        assert_eq!(ask(&desk, REMOTE, None).await.status, 200, "two seconds' worth may be saved up");
    }
    let refused = ask(&desk, REMOTE, None).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("1")));
    assert_eq!(refused.header("ratelimit"), Some("\"look-ups\";r=0;t=1"));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert!(refused.body["detail"].as_str().unwrap().contains("/v1/bulk"));
    assert_eq!(ask(&desk, "203.0.113.1:9", None).await.status, 200, "another network has its own limit");
    assert_eq!(ask(&desk, LOCAL, None).await.status, 200, "this machine has none");
    desk.clock.forward_ms(1_000);
    for _ in 0..3 {
        assert_eq!(ask(&desk, REMOTE, None).await.status, 200);
    }
    assert_eq!(ask(&desk, REMOTE, None).await.status, 429);
}

#[tokio::test]
async fn many_at_once_cost_as_many() {
    let desk = desk_for(3);
    assert_eq!(bulk(&desk, REMOTE, 300).await.status, 200, "a full bucket lets a large request through");
    let refused = ask(&desk, REMOTE, None).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, Some("99")), "and it is paid off");
    desk.clock.forward_ms(99_000);
    assert_eq!(ask(&desk, REMOTE, None).await.status, 200);
}

#[tokio::test]
async fn keys_open_and_wrong_ones_do_not() {
    let desk = desk_for(0);
    let bearer = format!("Bearer {FREE}");
    for (header, expect) in [
        (None, 401),
        (Some(("x-api-key", GOOD)), 200),
        (Some(("x-api-key", FREE)), 200),
        (Some(("authorization", bearer.as_str())), 200),
        (Some(("x-api-key", "wrong")), 401),
        (Some(("x-api-key", "")), 401),
        (Some(("authorization", "Bearer wrong")), 401),
        (Some(("authorization", "Basic d3Jvbmc6d3Jvbmc=")), 401),
    ] {
        let reply = ask(&desk, REMOTE, header).await;
        assert_eq!(reply.status.as_u16(), expect, "{header:?}");
        if expect == 401 {
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
            assert!(reply.body["detail"].as_str().unwrap().contains("operator"));
        }
    }
    // A wrong key is not taken for none, even on this machine: whoever sends one should learn that it is wrong.
    assert_eq!(ask(&desk, LOCAL, Some(("x-api-key", "wrong"))).await.status, 401);
}

#[tokio::test]
async fn a_key_has_its_own_rate() {
    let desk = desk_for(0);
    let good = Some(("x-api-key", GOOD));
    for _ in 0..10 {
        assert_eq!(ask(&desk, REMOTE, good).await.status, 200);
    }
    assert_eq!(ask(&desk, "203.0.113.1:9", good).await.status, 429, "wherever it is used from");
    for _ in 0..100 {
        assert_eq!(ask(&desk, REMOTE, Some(("x-api-key", FREE))).await.status, 200, "0 is no limit");
    }
}

#[test]
fn a_key_that_is_no_hash_is_refused_at_the_start() {
    for sha256 in ["", "abc", &"z".repeat(64), "d41d8cd98f00b204e9800998ecf8427e"] {
        let keys = vec![Key { label: "mail gateway".into(), sha256: sha256.into(), per_s: 1 }];
        let config = ReputationConfig { keys, ..ReputationConfig::default() };
        let error = sipar_reputation::Reputation::new(&config, crate::common::ManualClock::new()).err().unwrap();
        assert!(error.to_string().contains("`mail gateway`"), "{error}");
    }
}
