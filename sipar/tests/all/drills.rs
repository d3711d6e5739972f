//! Drills, whole: what must resolve stays open until two people want it otherwise, and a poisoned feed stops.

use crate::support::{
    Home,
    dns::{NOERROR, NXDOMAIN, ask},
    server::{self, Server},
    until,
    upstream::Upstream,
};
use serde_json::{Value, json};
use std::{fs, net::SocketAddr};

/// Sends JSON with a key; the status and the answer.
fn post(portal: SocketAddr, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let request = agent.post(format!("http://{portal}{path}")).header("x-api-key", key);
    let mut response = request.header("content-type", "application/json").send(body.to_string()).unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap_or_default())
}

#[test]
fn a_top_site_is_blocked_only_when_a_second_person_agrees() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    // One of MISP's lists of the most used sites, which packs/warning makes `review`.
    let list = json!({
        "name": "Top 10K", "description": "The most used sites.", "type": "hostname", "version": 1,
        "matching_attributes": ["domain", "hostname"], "list": ["top.example"],
    });
    home.write("warning/tranco10k/list.json", &list.to_string());
    home.ok(&["warning", "load", &home.path("warning").to_string_lossy()]);
    let second = home.ok(&["key", "new", "--role", "analyst", "--label", "second desk"]);
    let second = second.split_whitespace().last().unwrap();
    let control = Server::serve(&home);
    let dns = control.address("dns");
    let is = |name: &str, code: u8| (ask(dns, name) == Some(code)).then_some(());
    home.ok(&["block", "top.example", "--reason", "reported by one person"]);
    home.ok(&["block", "evil.example", "--reason", "reported by one person"]);
    until("the other block", || is("evil.example", NXDOMAIN));
    assert_eq!(ask(dns, "www.top.example"), Some(NOERROR));
    let listed = home.ok(&["drill", "list"]);
    assert!(listed.contains("waiting") && listed.contains("top.example") && listed.contains("tranco10k"), "{listed}");
    assert!(home.ok(&["check", "top.example"]).contains("not out yet"));
    let page = control.get(&home, "/drills");
    assert!(page.body.contains("top.example") && page.body.contains("somebody else has to agree"), "{}", page.body);
    home.run(&["drill", "agree", "1", "--reason", "I am sure of it myself"]).refused_with(&["another key"]);
    let agree = |key: &str| {
        let body = json!({ "reason": "its owner confirms the take-over", "days": 3 });
        post(control.address("portal"), "/api/v1/shield/drills/1/agree", key, &body)
    };
    assert_eq!(agree("").0, 401);
    assert_eq!(agree(second), (200, json!({ "decision": 1 })));
    until("the block of the top site", || is("www.top.example", NXDOMAIN));
    let ran = home.ok(&["drill"]);
    assert!(ran.contains("agreed    D-1") && ran.contains("nothing that must resolve"), "{ran}");
    control.stop();
    home.ok(&["ledger", "verify"]);
}

#[test]
fn a_poisoned_feed_stops_as_a_whole_and_is_undone() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    let tops: Vec<String> = (0..20).map(|at| format!("top{at}.example")).collect();
    let quoted: Vec<String> = tops.iter().map(|name| format!("\"{name}\"")).collect();
    home.write("packs/drills/default.toml", &format!("hits_max = 10\nmust_resolve = [{}]\n", quoted.join(",")));
    let config = fs::read_to_string(home.path("sipar.toml")).unwrap();
    home.write("sipar.toml", &format!("packs = \"{}\"\n{config}", home.path("packs").display()));
    let names = || ["bad1.example", "bad2.example"].into_iter();
    let file = home.write_names("names.json", names());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    let control = Server::serve(&home);
    let dns = control.address("dns");
    let is = |name: &str, code: u8| (ask(dns, name) == Some(code)).then_some(());
    until("the first names", || is("bad2.example", NXDOMAIN));
    home.write_names("names.json", names().chain(["bad3.example"]).chain(tops.iter().map(String::as_str)));
    home.ok(&["feed", "pull", "phish"]);
    let drills = || control.get(&home, "/api/v1/shield/drills").json();
    let stop = until("the stop", || Some(drills()).filter(|drills| !drills["stop"].is_null()));
    assert_eq!((&stop["stop"]["hits"], &stop["sources"][0]), (&json!(20), &json!(["phish", 20])));
    for (name, code) in [("bad1.example", NXDOMAIN), ("bad3.example", NOERROR), ("top7.example", NOERROR)] {
        assert_eq!(ask(dns, name), Some(code), "{name}");
    }
    // An undoing does not wait behind it.
    home.ok(&["undo", "1", "--reason", "cleaned by its owner"]);
    until("the undoing", || is("bad1.example", NOERROR));
    let page = server::get(control.address("portal"), "/drills", &server::operator_key(&home));
    assert!(page.body.contains("Undo all new decisions because of"), "{}", page.body);
    until("the finding", || home.ok(&["finding", "list"]).contains("too much that must resolve").then_some(()));
    let undone = home.ok(&["drill", "undo-source", "phish", "--reason", "the feed is poisoned"]);
    assert!(undone.starts_with("21 "), "{undone}");
    until("the end of the stop", || drills()["stop"].is_null().then_some(()));
    home.ok(&["block", "bad4.example", "--reason", "after the stop"]);
    until("what comes after it", || is("bad4.example", NXDOMAIN));
    for (name, code) in [("bad2.example", NXDOMAIN), ("bad3.example", NOERROR), ("top7.example", NOERROR)] {
        assert_eq!(ask(dns, name), Some(code), "{name}");
    }
    control.stop();
}
