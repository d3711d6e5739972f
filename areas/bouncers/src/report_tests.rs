//! Look-ups and reports as AbuseIPDB's clients make them: what is answered, what is said, and what spam gains.

use crate::{
    model::limits::Door,
    store,
    testing::{NOW, Rig, each_rig},
};
use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use sipar_model::{
    Action, Category, Confidence, DecisionNumber, Fact, Observable, Severity, SnapshotSerial, Tlp, WarningKind,
    fact::{Assertion, Decision, DecisionState, Indicator, WarningIndexBuilt},
};
use sipar_snapshot::{Scope, WarningIndexBuilder};
use std::{collections::BTreeMap, sync::Arc};
use tower::ServiceExt as _;

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Value,
}

async fn ask(rig: &Rig, method: &str, path: &str, key: &str, kind: &str, body: &str) -> Answer {
    let doors = rig.bouncers().doors();
    let router = doors.into_iter().fold(Router::new(), |all, route| all.route(route.path, route.handler));
    let request = Request::builder().method(method).uri(path).header("key", key).header("content-type", kind);
    let response =
        router.oneshot(request.body(Body::from(body.to_owned())).expect("request")).await.expect("an answer");
    let status = response.status().as_u16();
    let text = |value: &axum::http::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let bytes = response.into_body().collect().await.expect("whole").to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
    Answer { status, headers, body }
}

async fn get(rig: &Rig, path: &str, key: &str) -> Value {
    let answer = ask(rig, "GET", path, key, "", "").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// As fail2ban's action sends it.
async fn report(rig: &Rig, key: &str, ip: &str, categories: &str) -> Answer {
    let body = format!("comment=Nov+24+sshd%3A+Failed+password+for+root&ip={ip}&categories={categories}");
    ask(rig, "POST", "/api/v2/report", key, "application/x-www-form-urlencoded", &body).await
}

/// What was said of addresses since the last time: `address category percent`.
async fn said(rig: &Rig) -> Vec<String> {
    let all = Arc::new(std::sync::Mutex::new(Vec::new()));
    loop {
        let take = Arc::clone(&all);
        let effect = move |_: &mut sipar_store::Tx<'_>, fact: &Fact| {
            let Fact::Reports(reported) = fact else { return Ok::<_, sipar_area::AreaError>(()) };
            let line = |one: &sipar_model::fact::Reported| {
                format!("{} {} {}", one.observable.value(), one.category, one.confidence.percent())
            };
            take.lock().expect("not poisoned").extend(reported.iter().map(line));
            Ok(())
        };
        let heard =
            sipar_store::outbox::hear(&rig.house.store, "test", &[sipar_model::FactKind::Reports], effect).await;
        if !heard.unwrap_or_else(|error| panic!("{}", error.chain())).more {
            break;
        }
    }
    std::mem::take(&mut *all.lock().expect("not poisoned"))
}

fn detail(answer: &Answer) -> &str {
    answer.body["errors"][0]["detail"].as_str().unwrap_or_default()
}

#[test]
fn a_report_is_said_as_little_and_more_reporters_say_more() {
    each_rig(|rig| async move {
        said(&rig).await;
        rig.publish(1, &[]).await;
        let (one, two) = (rig.key("one", "report,check").await, rig.key("two", "report").await);
        let answer = report(&rig, &one, "192.0.2.7", "18,22").await;
        assert_eq!(
            (answer.status, answer.body),
            (200, json!({ "data": { "ipAddress": "192.0.2.7", "abuseConfidenceScore": 9 } }))
        );
        let limit = Door::Report.bounds().0;
        assert_eq!(answer.headers["x-ratelimit-limit"], limit.to_string());
        assert_eq!(answer.headers["x-ratelimit-remaining"], (limit - 1).to_string());
        assert_eq!(said(&rig).await, ["192.0.2.7 malware 9"]);
        assert_eq!(report(&rig, &two, "192.0.2.7", "7").await.body["data"]["abuseConfidenceScore"], 9);
        assert_eq!(said(&rig).await, ["192.0.2.7 malware 9", "192.0.2.7 phishing 9"]);
        rig.pass_ms(store::AGAIN_AFTER_MS);
        assert_eq!(report(&rig, &two, "192.0.2.7", "18").await.status, 200);
        assert_eq!(said(&rig).await, ["192.0.2.7 malware 16", "192.0.2.7 phishing 9"]);
        // A kind that is no reason to block is counted, and asserts nothing.
        assert_eq!(report(&rig, &two, "192.0.2.8", "14").await.body["data"]["abuseConfidenceScore"], 0);
        assert_eq!(said(&rig).await, Vec::<String>::new());
        let data = get(&rig, "/api/v2/check?ipAddress=192.0.2.7&verbose", &one).await["data"].clone();
        let taken = |name: &str| data[name].clone();
        assert_eq!((taken("totalReports"), taken("numDistinctUsers")), (json!(3), json!(2)));
        assert_eq!((taken("abuseConfidenceScore"), taken("isWhitelisted")), (json!(16), json!(false)));
        assert_eq!(taken("lastReportedAt"), json!("2026-09-21T14:28:20+00:00"));
        assert_eq!(taken("reports")[0]["categories"], json!([7, 18]));
        assert_eq!(taken("reports")[0]["comment"], json!(""), "the words of a report are not kept");
    });
}

#[test]
fn what_cannot_be_reported_is_refused_as_there_and_counted() {
    each_rig(|rig| async move {
        rig.publish(1, &[]).await;
        let key = rig.key("one", "report").await;
        never(&rig, "198.51.100.0/24").await;
        for (ip, categories, status, parameter, expect) in [
            ("10.1.2.3", "18", 422, "ip", "public"),
            ("127.0.0.1", "18", 422, "ip", "public"),
            ("fe80::1", "18", 422, "ip", "public"),
            ("foo", "18", 422, "ip", "public"),
            ("192.0.2.0/24", "18", 422, "ip", "public"),
            ("", "18", 422, "ip", "required"),
            ("192.0.2.1", "", 422, "categories", "required"),
            ("192.0.2.1", "99", 422, "categories", "`99`"),
            ("198.51.100.7", "18", 422, "ip", "never blocked"),
        ] {
            let answer = report(&rig, &key, ip, categories).await;
            let found = (answer.status, answer.body["errors"][0]["source"]["parameter"].as_str());
            assert_eq!(found, (status, Some(parameter)), "{ip} {categories}");
            assert!(detail(&answer).contains(expect), "{ip}: {}", detail(&answer));
        }
        assert_eq!(report(&rig, &key, "192.0.2.1", "18").await.status, 200);
        let again = report(&rig, &key, "192.0.2.1", "18").await;
        assert_eq!((again.status, again.body["errors"][0]["source"]["parameter"].as_str()), (403, Some("ip")));
        assert!(detail(&again).contains("once in 15 minutes"));
        for (key, status) in [("", 401), ("sipar_x", 401), (&*rig.key("web", "decisions").await, 403)] {
            let answer = report(&rig, key, "192.0.2.9", "18").await;
            assert_eq!((answer.status, answer.body["errors"][0]["status"].as_u64()), (status, Some(u64::from(status))));
        }
        let large = format!("ip=192.0.2.3&categories=18&comment={}", "x".repeat(70_000));
        assert_eq!(ask(&rig, "POST", "/api/v2/report", &key, "", &large).await.status, 413);
        assert_eq!(said(&rig).await.len(), 1, "nothing but the one good report was said");
        rig.bouncers().clients.keep().await.expect("kept");
        let events = rig.house.store.read(store::events).await.expect("events");
        let count = |what: &str| events.iter().find(|one| one.client == "one" && one.what == what).map(|one| one.times);
        let all = ["report-private", "report-never", "report-unfit", "report-again"].map(count);
        assert_eq!(all, [Some(3), Some(1), Some(6), Some(1)]);
    });
}

/// A `never` list with this on it is published.
async fn never(rig: &Rig, text: &str) {
    let mut builder = WarningIndexBuilder::new(SnapshotSerial(1), NOW);
    let list = builder.list("own", "Own infrastructure", WarningKind::Never).expect("list");
    builder.add(&Observable::guess(text).expect(text), Scope::Exact, list).expect("entry");
    let file = rig.house.blobs.incoming().join("index");
    builder.write(&file, &rig.house.snapshot_key).expect("file");
    let blob = rig.house.blobs.adopt(&file).expect("blob");
    rig.hear(Fact::WarningIndex(WarningIndexBuilt { blob, lists: Vec::new() })).await;
}

#[test]
fn spam_from_one_key_meets_its_quota_and_gains_nothing() {
    each_rig(|mut rig| async move {
        rig.publish(1, &[]).await;
        let key = rig.key("spam", "report").await;
        let (per_day, per_minute) = Door::Report.bounds();
        let mut taken = 0;
        let mut last = None;
        for n in 0_u32..10_000 {
            let answer = report(&rig, &key, &format!("193.{}.{}.{}", n >> 12, (n >> 6) & 63, n & 63), "18").await;
            if answer.status == 200 {
                taken += 1;
            } else {
                assert_eq!(answer.status, 429);
                last = Some(answer);
            }
        }
        assert_eq!(taken, per_minute);
        let last = last.expect("some were refused");
        assert!(detail(&last).contains("exceeded") && last.headers["retry-after"].parse::<u32>().is_ok());
        assert_eq!(last.headers["x-ratelimit-remaining"], (per_day - per_minute).to_string());
        // Reports that nobody else ever confirms count for less and less.
        rig.pass_ms(60_000);
        rig.bouncers().judge().await.expect("judged");
        let answer = report(&rig, &key, "192.0.200.1", "18").await;
        assert_eq!((answer.status, answer.body["data"]["abuseConfidenceScore"].as_u64()), (200, Some(0)));
        let lines = said(&rig).await;
        let most = lines.iter().filter_map(|line| line.rsplit(' ').next()?.parse::<u8>().ok()).max();
        assert!(most <= Some(9), "{most:?}");
        // A restart gives nobody a second share.
        rig.bouncers().clients.keep().await.expect("kept");
        rig.restart().await;
        assert_eq!(rig.bouncers().clients.quotas.used("spam", Door::Report, NOW), per_minute + 1);
    });
}

#[test]
fn a_removed_reporter_counts_no_more() {
    each_rig(|rig| async move {
        rig.publish(1, &[]).await;
        let key = rig.key("one", "report").await;
        report(&rig, &key, "192.0.2.1", "18").await;
        assert_eq!(said(&rig).await, ["192.0.2.1 malware 9"]);
        assert_eq!(rig.bouncers().judge().await.expect("judged"), 0);
        rig.bouncers().clients.remove("one").await.expect("removed");
        assert_eq!(rig.bouncers().judge().await.expect("judged"), 1);
        assert_eq!(said(&rig).await, ["192.0.2.1 malware 0"]);
        assert_eq!(rig.bouncers().judge().await.expect("judged"), 0, "said once");
        // Its name is free, and who comes under it starts anew.
        let key = rig.key("one", "report").await;
        assert_eq!(report(&rig, &key, "192.0.2.1", "18").await.body["data"]["abuseConfidenceScore"], 9);
    });
}

fn indicator(text: &str, family: &str, first_seen: sipar_model::TimestampMs) -> Fact {
    let assertion = Assertion {
        source: family.into(),
        family: family.into(),
        category: Category::Malware,
        confidence: Confidence::new(60).expect("percent"),
        first_seen,
        last_seen: first_seen,
        tlp: Tlp::Clear,
        reference: None,
        met: None,
    };
    Fact::Indicators(vec![Indicator { observable: Observable::guess(text).expect(text), assertions: vec![assertion] }])
}

fn decision(text: &str, by: &str, action: Action, state: DecisionState) -> Fact {
    Fact::Decisions(vec![Decision {
        number: DecisionNumber(1),
        observable: Observable::guess(text).expect(text),
        action,
        category: Category::Malware,
        severity: Severity::High,
        decided_by: by.into(),
        reason: String::new(),
        tlp: Tlp::Clear,
        decided_at: NOW.plus_ms(1_000),
        expires_at: NOW.plus_days(1),
        state,
    }])
}

#[test]
fn reporters_are_judged_by_what_others_come_to_say() {
    each_rig(|rig| async move {
        rig.publish(1, &[]).await;
        let key = rig.key("one", "report").await;
        for n in 1..=9 {
            assert_eq!(report(&rig, &key, &format!("192.0.2.{n}"), "18").await.status, 200);
        }
        let record = async || {
            let all = rig.house.store.read(store::reporters).await.expect("reporters");
            (all[0].record.confirmed, all[0].record.refuted)
        };
        let (before, after) = (NOW.plus_ms(-1), NOW.plus_ms(1));
        rig.hear(indicator("192.0.2.1", "feed", before)).await;
        rig.hear(indicator("192.0.2.1", "reports", after)).await;
        assert_eq!(record().await, (0, 0), "who repeats what is known, or itself, learns nothing");
        for _ in 0..2 {
            rig.hear(indicator("192.0.2.1", "feed", after)).await;
        }
        assert_eq!(record().await, (1, 0), "once");
        rig.hear(decision("192.0.2.2", "rule:malware-address", Action::Block, DecisionState::Active)).await;
        assert_eq!(record().await, (1, 0), "reports may be part of a rule's reason");
        rig.hear(decision("192.0.2.2", "person:analyst", Action::Block, DecisionState::Active)).await;
        assert_eq!(record().await, (2, 0));
        rig.hear(decision("192.0.2.2", "person:analyst", Action::Block, DecisionState::Undone)).await;
        assert_eq!(record().await, (1, 1));
        rig.hear(decision("192.0.2.8/30", "person:analyst", Action::Allow, DecisionState::Active)).await;
        assert_eq!(record().await, (1, 3), "192.0.2.8 and .9");
        said(&rig).await;
        assert_eq!(rig.bouncers().judge().await.expect("judged"), 1);
        let told = said(&rig).await;
        assert!(told.len() == 9 && told.iter().all(|line| line.ends_with(" 4")), "{told:?}");
        // Ten right ones outweigh some wrong ones again.
        for n in 1..=9 {
            rig.hear(indicator(&format!("192.0.2.{n}"), "feed", after)).await;
        }
        assert_eq!(record().await, (6, 3), "what a person found to be false stays so");
    });
}

#[test]
fn own_reports_can_be_taken_back() {
    each_rig(|rig| async move {
        rig.publish(1, &[]).await;
        let (one, two) = (rig.key("one", "report").await, rig.key("two", "report").await);
        report(&rig, &one, "192.0.2.1", "18").await;
        report(&rig, &two, "192.0.2.1", "18,7").await;
        said(&rig).await;
        let clear = async |key: &str, ip: &str| {
            ask(&rig, "DELETE", &format!("/api/v2/clear-address?ipAddress={ip}"), key, "", "").await
        };
        assert_eq!(clear(&two, "192.0.2.1").await.body, json!({ "data": { "numReportsDeleted": 1 } }));
        assert_eq!(said(&rig).await, ["192.0.2.1 malware 9", "192.0.2.1 phishing 0"]);
        assert_eq!(clear(&two, "192.0.2.1").await.body, json!({ "data": { "numReportsDeleted": 0 } }));
        assert_eq!(clear(&two, "x").await.status, 422);
        assert_eq!(said(&rig).await, Vec::<String>::new());
    });
}

#[test]
fn many_reports_come_in_one_file() {
    each_rig(|rig| async move {
        rig.publish(1, &[]).await;
        let key = rig.key("one", "report,check").await;
        let csv = "IP,Categories,ReportDate,Comment\r\n192.0.2.1,\"18,22\",2026-09-21T14:00:00Z,\"a\"\r\n\
                   10.0.0.1,18,2026-09-21T14:00:00Z,b\r\nfoo,18,2026-09-21T14:00:00Z,c\r\n192.0.2.2,18,,\r\n";
        let body = format!(
            "--b0\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"report.csv\"\r\n\
             Content-Type: text/csv\r\n\r\n{csv}\r\n--b0--\r\n"
        );
        let kind = "multipart/form-data; boundary=b0";
        let answer = ask(&rig, "POST", "/api/v2/bulk-report", &key, kind, &body).await;
        let expect = json!({ "data": { "savedReports": 2, "invalidReports": [
            { "error": "Private IP", "input": "10.0.0.1", "rowNumber": 3 },
            { "error": "Invalid IP", "input": "foo", "rowNumber": 4 },
        ] } });
        assert_eq!((answer.status, answer.body), (200, expect));
        assert_eq!(said(&rig).await, ["192.0.2.1 malware 9", "192.0.2.2 malware 9"]);
        assert_eq!(ask(&rig, "POST", "/api/v2/bulk-report", &key, kind, "--b0--\r\n").await.status, 422);
        let block = get(&rig, "/api/v2/check-block?network=192.0.2.0/24", &key).await["data"].clone();
        assert_eq!((&block["minAddress"], &block["numPossibleHosts"]), (&json!("192.0.2.1"), &json!(254.0)));
        assert_eq!((&block["netmask"], &block["maxAddress"]), (&json!("255.255.255.0"), &json!("192.0.2.254")));
        let reported = block["reportedAddress"].as_array().expect("an array");
        assert_eq!((reported.len(), &reported[0]["mostRecentReport"]), (2, &json!("2026-09-21T14:00:00+00:00")));
    });
}

#[test]
fn look_ups_tell_what_the_policy_says() {
    each_rig(|rig| async move {
        let key = rig.key("one", "check").await;
        assert_eq!(ask(&rig, "GET", "/api/v2/check?ipAddress=192.0.2.1", &key, "", "").await.status, 503);
        rig.publish(1, &["192.0.2.1", "198.51.100.0/24", "2001:db8::1", "a.example"]).await;
        never(&rig, "192.0.2.1").await;
        let score = async |ip: &str| {
            let data = get(&rig, &format!("/api/v2/check?ipAddress={ip}&maxAgeInDays=90"), &key).await["data"].clone();
            (data["abuseConfidenceScore"].clone(), data["isWhitelisted"].clone(), data["totalReports"].clone())
        };
        assert_eq!(score("198.51.100.9").await, (json!(80), json!(false), json!(0)));
        assert_eq!(score("2001:db8::1").await, (json!(80), json!(false), json!(0)));
        assert_eq!(score("192.0.2.1").await, (json!(0), json!(true), json!(0)), "nothing may block it");
        assert_eq!(score("192.0.2.2").await, (json!(0), json!(false), json!(0)));
        for (query, parameter) in [
            ("check", "ipAddress"),
            ("check?ipAddress=foo", "ipAddress"),
            ("check?ipAddress=192.0.2.1&maxAgeInDays=0", "maxAgeInDays"),
            ("check?ipAddress=192.0.2.1&maxAgeInDays=366", "maxAgeInDays"),
            ("check-block", "network"),
            ("check-block?network=192.0.0.0/16", "network"),
            ("check-block?network=2001:db8::/32", "network"),
            ("check-block?network=x", "network"),
            ("blacklist?confidenceMinimum=24", "confidenceMinimum"),
            ("blacklist?limit=0", "limit"),
            ("blacklist?ipVersion=5", "ipVersion"),
        ] {
            let answer = ask(&rig, "GET", &format!("/api/v2/{query}"), &key, "", "").await;
            let found = (answer.status, answer.body["errors"][0]["source"]["parameter"].as_str());
            assert_eq!(found, (422, Some(parameter)), "{query}");
        }
        let plain = async |query: &str| get(&rig, &format!("/api/v2/blacklist{query}"), &key).await;
        assert_eq!(plain("?plaintext").await, json!("192.0.2.1\n2001:db8::1\n"));
        assert_eq!(plain("?plaintext&ipVersion=6&confidenceMinimum=80").await, json!("2001:db8::1\n"));
        assert_eq!(plain("?plaintext&confidenceMinimum=81").await, json!(""));
        let list = plain("?limit=1").await;
        assert_eq!(list["data"][0]["ipAddress"], json!("192.0.2.1"));
        assert_eq!(
            (list["data"].as_array().map(Vec::len), &list["meta"]["generatedAt"]),
            (Some(1), &json!("2026-09-21T14:13:20+00:00"))
        );
    });
}
