//! The main job, whole: feeds come in, become decisions, become a snapshot, and real `dig` is answered from it.

use crate::support::{
    Home,
    foreign::has,
    server::{self, Server},
    until,
    upstream::Upstream,
};
use serde_json::Value;
use std::{net::SocketAddr, process::Command};

/// What `dig` shows.
struct Dug(String);

impl Dug {
    fn status(&self) -> &str {
        let after = self.0.split_once("status: ").map_or("", |(_, after)| after);
        after.split_once(',').map_or("no status", |(status, _)| status)
    }

    /// The Extended DNS Error (RFC 8914) as it prints it.
    fn error(&self) -> &str {
        self.0.lines().find_map(|line| line.strip_prefix("; EDE: ")).unwrap_or_default()
    }
}

fn dig(resolver: SocketAddr, arguments: &[&str]) -> Dug {
    let mut command = Command::new("dig");
    command.args([&format!("@{}", resolver.ip()), "-p", &resolver.port().to_string(), "+tries=1", "+time=5"]);
    let output = command.args(arguments).output().unwrap();
    Dug(String::from_utf8(output.stdout).unwrap())
}

/// A home with three feeds in real formats, taken in while no server runs.
fn fed(upstream: &Upstream) -> Home {
    let home = Home::new(&upstream.address.to_string());
    let names = ["login-wallet.example", "xn--wllet-hra.example", "pay.shop.test"];
    let file = home.write_names("names.json", names.into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    let pages = home.write("pages.txt", "https://pages.hosting.example/login/index.html\n");
    home.add_feed("pages", "openphish", &pages);
    for feed in ["phish", "pages"] {
        home.ok(&["feed", "pull", feed]);
    }
    home
}

/// The first reason of this kind that `/api/v1/check` gives.
fn reason(server: &Server, home: &Home, what: &str, kind: &str) -> Option<Value> {
    let checked = server.get(home, &format!("/api/v1/check?what={what}")).json();
    checked["reasons"].as_array().unwrap().iter().find(|reason| reason["kind"] == kind).cloned()
}

#[test]
fn from_a_feed_to_a_blocked_query() {
    if !has("dig") {
        return;
    }
    let upstream = Upstream::start();
    let home = fed(&upstream);
    let server = Server::serve(&home);
    let dns = server.address("dns");
    until("the snapshot", || (dig(dns, &["pay.shop.test"]).status() == "NXDOMAIN").then_some(()));
    let snapshot = reason(&server, &home, "pay.shop.test", "snapshot").unwrap();
    let number = snapshot["data"]["decision"].as_u64().unwrap();
    for (name, kind) in [
        ("pay.shop.test", "A"),
        ("PAY.shop.TEST", "AAAA"),
        ("deep.under.pay.shop.test", "A"),
        ("pay.shop.test", "HTTPS"),
        ("pay.shop.test", "MX"),
        ("pay.shop.test", "ANY"),
    ] {
        let dug = dig(dns, &[name, kind]);
        assert_eq!(dug.status(), "NXDOMAIN", "{name} {kind}: {}", dug.0);
        // 15 is "Blocked" (RFC 8914 §4.16); the text carries the decision's number.
        assert!(dug.error().starts_with("15 (Blocked)"), "{name} {kind}: {}", dug.0);
        assert!(dug.error().contains(&format!("D-{number}")), "{name} {kind}, D-{number}: {}", dug.0);
        assert!(!dug.0.contains(" ad;") && !dug.0.contains(" ad "), "a block is not authenticated data: {}", dug.0);
    }
    assert_eq!(dig(dns, &["pay.shop.test", "+tcp"]).status(), "NXDOMAIN");
    assert_eq!(upstream.asked(), 0, "a blocked name left the house");
    for (name, answer) in [("www.bank.example", "192.0.2.1"), ("shop.test", "192.0.2.1")] {
        for way in ["+notcp", "+tcp"] {
            let dug = dig(dns, &[name, "A", way]);
            assert!(dug.status() == "NOERROR" && dug.0.contains(answer), "{name}: {}", dug.0);
            assert_eq!(dug.error(), "", "{}", dug.0);
        }
    }
    server.stop();
    assert!(!home.data.join("running.json").exists(), "it says where a server is that is gone");
}

#[test]
fn a_persons_block_reaches_cached_names_and_its_undoing_too() {
    if !has("dig") {
        return;
    }
    let upstream = Upstream::start();
    let home = fed(&upstream);
    let server = Server::serve(&home);
    let dns = server.address("dns");
    let is = |name: &str, status: &str| (dig(dns, &[name]).status() == status).then_some(());
    until("the snapshot", || is("pay.shop.test", "NXDOMAIN"));
    let name = "cached.before.example";
    for _ in 0..2 {
        assert_eq!(dig(dns, &[name]).status(), "NOERROR");
    }
    let asked = upstream.asked();
    assert_eq!(dig(dns, &[name]).status(), "NOERROR");
    assert_eq!(upstream.asked(), asked, "the answer did not come from the cache");
    let printed = home.ok(&["block", name, "--reason", "reported by three banks", "--category", "fraud"]);
    let number = printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned();
    until("the block", || is(name, "NXDOMAIN"));
    assert!(dig(dns, &[name]).error().contains(&number));
    let shown = home.ok(&["check", name]);
    for part in ["decision", &number, "person:operator", "ledger", "snapshot", "reported by three banks"] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    home.ok(&["undo", &number, "--reason", "the owner has mended it"]);
    until("the end of the block", || is(name, "NOERROR"));
    home.run(&["undo", &number, "--reason", "the owner has mended it"]).refused_with(&[&number, "no longer in force"]);
    // What a person allows stays open whatever feeds say.
    home.ok(&["allow", "pay.shop.test", "--reason", "a false report, checked by telephone"]);
    until("the allowance", || is("pay.shop.test", "NOERROR"));
}

#[test]
fn every_answer_tells_the_same_story() {
    let upstream = Upstream::start();
    let home = fed(&upstream);
    let server = Server::serve(&home);
    home.ok(&["block", "203.0.113.66", "--category", "c2", "--reason", "seen in an incident here"]);
    let reputation = server.address("reputation");
    let verdict = |path: &str| server::get(reputation, path, "");
    let blocked = until("the address in the snapshot", || {
        let answer = verdict("/v1/ip/203.0.113.66");
        (answer.status == 200 && answer.json()["listed"] == true).then(|| answer.json())
    });
    assert_eq!((&blocked["verdict"], &blocked["categories"][0]), (&"block".into(), &"c2".into()), "{blocked}");
    for (path, expect) in [
        ("/v1/ip/203.0.113.67", "not-listed"),
        ("/v1/domain/a.login-wallet.example", "block"),
        ("/v1/domain/example.org", "not-listed"),
        ("/v1/url?u=https%3A%2F%2Fpages.hosting.example%2Flogin%2Findex.html", "block"),
        ("/v1/url?u=https%3A%2F%2Fpages.hosting.example%2F", "not-listed"),
    ] {
        let answer = verdict(path);
        assert_eq!(answer.json()["verdict"], expect, "{path}: {}", answer.body);
    }
    // The same story over the API and on the command line: assertion, score, decision, ledger, snapshot.
    let kinds = ["assertion", "score", "decision", "ledger", "snapshot"];
    for kind in kinds {
        assert!(reason(&server, &home, "login-wallet.example", kind).is_some(), "{kind}");
    }
    let shown = home.ok(&["check", "login-wallet.example"]);
    for kind in kinds {
        assert!(shown.lines().any(|line| line.contains(&format!(" {kind} "))), "`{kind}` is not in:\n{shown}");
    }
    let json: Value = serde_json::from_str(&home.ok(&["check", "login-wallet.example", "--json"])).unwrap();
    assert_eq!(json["observable"]["value"], "login-wallet.example");
    assert!(home.ok(&["check", "unknown.example.org"]).contains("does not list it"));
    home.run(&["check", "not a name at all"]).refused_with(&["not a name at all"]);
    for (list, expect) in [(["feed", "list"], "phish"), (["decision", "list"], "login-wallet.example")] {
        assert!(home.ok(&list).contains(expect), "{list:?}");
    }
}
