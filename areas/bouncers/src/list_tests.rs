//! The lists as files, as HTTP caches and firewalls take them.

use crate::testing::{Rig, each_rig};
use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use std::{collections::BTreeMap, io::Read as _};
use tower::ServiceExt as _;

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    /// The lines that are no comment.
    fn lines(&self) -> Vec<&str> {
        let text = std::str::from_utf8(&self.body).expect("text");
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }
}

async fn ask(rig: &Rig, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let doors = rig.bouncers().doors();
    let router = doors.into_iter().fold(Router::new(), |all, route| all.route(route.path, route.handler));
    let request = Request::builder().method(method).uri(format!("/v1/lists/{path}"));
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = router.oneshot(request.body(Body::empty()).expect("request")).await.expect("an answer");
    let status = response.status().as_u16();
    let text = |value: &axum::http::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Answer { status, headers, body: response.into_body().collect().await.expect("whole").to_bytes().to_vec() }
}

const BLOCKED: &[&str] = &[
    "192.0.2.0/24",
    "192.0.2.7",
    "198.51.100.1",
    "2001:db8::1",
    "bad.example",
    "https://evil.example/a,b?\"c\"",
    "d41d8cd98f00b204e9800998ecf8427e",
];

#[test]
fn every_form_holds_what_is_blocked() {
    each_rig(|rig| async move {
        let key = rig.key("fw", "lists").await;
        let key = [("x-api-key", key.as_str())];
        assert_eq!(ask(&rig, "GET", "all/addresses.txt", &key).await.status, 503, "nothing was read yet");
        rig.publish(1, BLOCKED).await;
        let check = async |path: &str, expect: &[&str]| {
            let answer = ask(&rig, "GET", path, &key).await;
            assert_eq!((answer.status, answer.lines()), (200, expect.to_vec()), "{path}");
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let whole = !answer.headers["content-type"].starts_with("text/plain") || path.ends_with(".lst");
            assert!(whole || text.contains("\n# end: "), "{text}");
        };
        check("all/addresses.txt", &["192.0.2.0/24", "198.51.100.1", "2001:db8::1"]).await;
        check("c2/addresses.txt", &["192.0.2.0/24", "198.51.100.1", "2001:db8::1"]).await;
        check("fraud/addresses.txt", &[]).await;
        check("all/addresses.geo", &["192.0.2.0/24 1;", "198.51.100.1 1;", "2001:db8::1 1;"]).await;
        check("c2/addresses.iprep", &["192.0.2.0/24,2,80", "198.51.100.1,2,80", "2001:db8::1,2,80"]).await;
        check("c2/categories.iprep", &["2,sipar_c2,Sipar: c2"]).await;
        check("all/names.txt", &["bad.example"]).await;
        check("all/hosts.txt", &["0.0.0.0 bad.example"]).await;
        check("c2/names.lst", &["YmFkLmV4YW1wbGU="]).await;
        check("all/urls.txt", &["https://evil.example/a,b?%22c%22"]).await;
        let csv = ask(&rig, "GET", "all/all.csv", &key).await;
        let rows: Vec<&str> = csv.lines();
        assert_eq!(rows[0], "type,value,category,score,decision,expires");
        assert_eq!(rows[1], "prefix,192.0.2.0/24,c2,80,D-1,2026-09-21T15:13:20Z");
        assert!(rows.contains(&"url,\"https://evil.example/a,b?%22c%22\",c2,80,D-6,2026-09-21T15:13:20Z"), "{rows:?}");
        assert_eq!(rows.len(), 1 + 6, "the address inside the network is not written: {rows:?}");
        let nft = ask(&rig, "GET", "all/addresses.nft", &key).await;
        assert!(
            nft.lines().contains(&"add element inet sipar all_v4 { 192.0.2.0/24, 198.51.100.1 }"),
            "{:?}",
            nft.lines()
        );
        assert!(nft.lines().contains(&"add element inet sipar all_v6 { 2001:db8::1 }"));
    });
}

#[test]
fn names_follow_the_changes_and_what_runs_out_leaves() {
    each_rig(|rig| async move {
        let key = rig.key("fw", "lists").await;
        let key = [("key", key.as_str())];
        rig.publish(1, &["a.example", "192.0.2.1"]).await;
        let names = async || ask(&rig, "GET", "all/names.txt", &key).await;
        assert_eq!(names().await.lines(), ["a.example"]);
        rig.change(1, &["b.example"], &["a.example"]).await;
        assert_eq!(names().await.lines(), ["a.example"], "written anew some seconds later at the earliest");
        rig.pass_ms(10_000);
        assert_eq!(names().await.lines(), ["b.example"]);
        rig.change(2, &["c.example"], &[]).await;
        rig.pass_ms(10_000);
        let mut now: Vec<String> = names().await.lines().iter().map(|line| (*line).to_owned()).collect();
        now.sort();
        assert_eq!(now, ["b.example", "c.example"]);
        rig.publish(4, &["d.example"]).await;
        rig.pass_ms(10_000);
        assert_eq!(names().await.lines(), ["d.example"]);
        rig.pass_ms(3_600_000);
        assert_eq!(names().await.lines(), Vec::<&str>::new(), "its time has run out");
    });
}

#[test]
fn caches_keep_what_has_not_changed() {
    each_rig(|mut rig| async move {
        let key = rig.key("fw", "lists").await;
        let key = ("x-api-key", key.as_str());
        rig.publish(1, &["192.0.2.1", "a.example"]).await;
        let path = "all/addresses.txt";
        let plain = ask(&rig, "GET", path, &[key]).await;
        let packed = ask(&rig, "GET", path, &[key, ("accept-encoding", "br, gzip")]).await;
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut text).expect("gzip");
        assert_eq!((packed.headers["content-encoding"].as_str(), &text), ("gzip", &plain.body));
        assert_ne!(packed.headers["etag"], plain.headers["etag"], "two codings are two tags");
        assert_eq!(plain.headers["content-length"], plain.body.len().to_string());
        assert_eq!(plain.headers["last-modified"], "Mon, 21 Sep 2026 14:13:20 GMT");
        let tag = plain.headers["etag"].clone();
        let head = ask(&rig, "HEAD", path, &[key]).await;
        assert_eq!((head.status, head.body.len(), &head.headers["etag"]), (200, 0, &tag));
        let known = [key, ("if-none-match", tag.as_str())];
        let same = ask(&rig, "GET", path, &known).await;
        assert_eq!((same.status, same.body.len(), &same.headers["etag"]), (304, 0, &tag));
        // A change of something else makes nobody take it again; nor does a restart.
        rig.change(1, &["b.example"], &[]).await;
        rig.pass_ms(60_000);
        let same = ask(&rig, "GET", path, &known).await;
        assert_eq!((same.status, same.headers["x-sipar-serial"].as_str()), (304, "2"));
        rig.restart().await;
        rig.bouncers().follow().await.expect("followed");
        let same = ask(&rig, "GET", path, &known).await;
        assert_eq!((same.status, same.headers["last-modified"].as_str()), (304, "Mon, 21 Sep 2026 14:13:20 GMT"));
        rig.change(2, &["192.0.2.9"], &[]).await;
        rig.pass_ms(60_000);
        let fresh = ask(&rig, "GET", path, &known).await;
        assert_eq!((fresh.status, fresh.lines()), (200, vec!["192.0.2.1", "192.0.2.9"]));
        assert_eq!(fresh.headers["last-modified"], "Mon, 21 Sep 2026 14:15:20 GMT");
    });
}

#[test]
fn only_a_key_for_lists_opens_them() {
    each_rig(|rig| async move {
        rig.publish(1, &["192.0.2.1"]).await;
        let (good, other) = (rig.key("fw", "lists").await, rig.key("web", "decisions").await);
        let basic = |key: &str| {
            use base64::Engine as _;
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("sipar:{key}")))
        };
        let status = async |headers: &[(&str, &str)], path: &str| ask(&rig, "GET", path, headers).await.status;
        let path = "all/addresses.txt";
        assert_eq!(status(&[("authorization", &basic(&good))], path).await, 200);
        assert_eq!(status(&[("authorization", &basic("x"))], path).await, 401);
        assert_eq!(status(&[("x-api-key", &other)], path).await, 403);
        let refused = ask(&rig, "GET", path, &[]).await;
        assert_eq!((refused.status, refused.headers["www-authenticate"].as_str()), (401, "Basic realm=\"Sipar\""));
        for odd in ["all/none.txt", "spam/addresses.txt", "all/..", "%2e%2e/addresses.txt", "all/addresses.txt%00"] {
            assert_eq!(status(&[("x-api-key", &good)], odd).await, 404, "{odd}");
        }
    });
}
