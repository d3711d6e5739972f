//! The OpenAPI document is true: each path answers its example as described, and no route is left out.

use crate::{
    common::{Desk, LOCAL, REMOTE, Reply, block, desk_with, policy},
    schema::faults,
};
use axum::{body::Body, http::Request};
use serde_json::Value;
use sipar_reputation::ReputationConfig;

const ROUTES: &str = include_str!("../../src/routes.rs");

fn open(anonymous_per_s: u32) -> Desk {
    desk_with(&ReputationConfig { anonymous_per_s, ..ReputationConfig::default() })
}

/// A policy under which every example is answered once with a listed and once with an unlisted thing.
fn with_policy(desk: Desk, listed: bool) -> Desk {
    let lines = [
        block("192.0.2.1"),
        block("192.0.2.0/24"),
        block("example.org").c2(),
        block("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ];
    desk.service.swap(policy(3, if listed { &lines } else { &[] }));
    desk
}

async fn document() -> Value {
    open(0).get("/v1/openapi.json").await.body
}

/// Every operation: its path, its method and what the document says of it.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
        })
        .collect()
}

/// The request of the document's own examples.
fn example(path: &str, method: &str, operation: &Value) -> Request<Body> {
    let mut uri = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some(example) = parameter.get("example") else { continue };
        let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        let name = parameter["name"].as_str().unwrap();
        match parameter["in"].as_str().unwrap() {
            "path" => uri = uri.replace(&format!("{{{name}}}"), &text),
            "query" => uri = format!("{uri}?{name}={text}"),
            other => panic!("an example in {other}"),
        }
    }
    assert!(!uri.contains('{'), "{uri} lacks an example");
    let body = operation.pointer("/requestBody/content/application~1json/example");
    Request::builder()
        .method(method.to_uppercase().as_str())
        .uri(uri)
        .body(body.map_or(Body::empty(), |body| body.to_string().into()))
        .unwrap()
}

fn fits(document: &Value, path: &str, operation: &Value, reply: &Reply) {
    let status = reply.status.as_u16().to_string();
    let described = operation["responses"].get(&status);
    let described = described.unwrap_or_else(|| panic!("{path}: {status} is not described: {}", reply.body));
    let Some(content) = described.get("content") else {
        assert_eq!(reply.body, Value::Null, "{path} {status}: no body is described");
        return;
    };
    let kind = reply.header("content-type").unwrap();
    let schema = content.get(kind).unwrap_or_else(|| panic!("{path} {status}: {kind} is not described"));
    assert_eq!(faults(document, &schema["schema"], &reply.body, path), Vec::<String>::new(), "{}", reply.body);
}

#[tokio::test]
async fn every_path_answers_its_example_as_described() {
    let document = document().await;
    // Listed, not listed, no snapshot, no key, too many: each on every path.
    let worn = with_policy(open(1), true);
    for _ in 0..3 {
        worn.ask(REMOTE, Request::get("/v1/ip/192.0.2.1").body(Body::empty()).unwrap()).await;
    }
    let desks = [
        (with_policy(open(50), true), LOCAL),
        (with_policy(open(50), false), LOCAL),
        (open(50), LOCAL),
        (with_policy(open(0), true), REMOTE),
        (worn, REMOTE),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        for (desk, peer) in &desks {
            let reply = desk.ask(peer, example(path, method, operation)).await;
            seen.insert((path, reply.status.as_u16()));
            fits(&document, path, operation, &reply);
        }
        let shape = operation.pointer("/requestBody/content/application~1json");
        if let Some(shape) = shape {
            assert_eq!(faults(&document, &shape["schema"], &shape["example"], path), Vec::<String>::new());
        }
    }
    // What a wrong request gets is described too.
    let bad = [
        ("/v1/ip/{address}", Request::get("/v1/ip/x"), String::new()),
        ("/v1/ip/{address}/{length}", Request::get("/v1/ip/192.0.2.1/24"), String::new()),
        ("/v1/domain/{name}", Request::get("/v1/domain/a..b"), String::new()),
        ("/v1/url", Request::get("/v1/url"), String::new()),
        ("/v1/hash/{hash}", Request::get("/v1/hash/x"), String::new()),
        ("/v1/auth", Request::get("/v1/auth"), String::new()),
        ("/v1/bulk", Request::post("/v1/bulk"), "{}".to_owned()),
        ("/v1/bulk", Request::post("/v1/bulk"), "[\"nonsense\", \"192.0.2.1\"]".to_owned()),
        ("/v1/bulk", Request::post("/v1/bulk"), format!("[{}\"\"]", "\"\",".repeat(10_000))),
    ];
    for (path, request, body) in bad {
        let reply = desks[0].0.ask(LOCAL, request.body(body.into()).unwrap()).await;
        seen.insert((path, reply.status.as_u16()));
        let method = if path == "/v1/bulk" { "post" } else { "get" };
        fits(&document, path, &document["paths"][path][method], &reply);
    }
    // And nothing is described that does not occur.
    for (path, _, operation) in operations(&document) {
        for status in operation["responses"].as_object().unwrap().keys() {
            let status: u16 = status.parse().unwrap();
            assert!(seen.contains(&(path, status)), "{path} never answered {status}");
        }
    }
}

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let document = document().await;
    let mut described: Vec<&str> = operations(&document).into_iter().map(|(path, ..)| path).collect();
    let mut routes: Vec<&str> = ROUTES.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    described.sort_unstable();
    routes.sort_unstable();
    assert_eq!(routes, described);
    assert_eq!(document["openapi"], "3.1.0");
}
