//! The whole program with its records in PostgreSQL: the main job, restarts, and a database that goes away.

use crate::support::{
    Home,
    database::Database,
    dns::{NOERROR, NXDOMAIN, ask},
    records::{self, Records},
    server::{self, Server, operator_key},
    until,
    upstream::Upstream,
};
use serde_json::json;
use std::net::SocketAddr;

/// A home whose records are in `database`, fed while no server runs.
fn fed(upstream: &Upstream, database: &Database) -> Home {
    let home = Home::new(&upstream.address.to_string()).with_database(&database.url);
    let file = home.write_names("names.json", ["phish.example", "second.example"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    home
}

fn wait_for(dns: SocketAddr, name: &str, code: u8) {
    until(&format!("{code} for {name}"), || (ask(dns, name) == Some(code)).then_some(()));
}

fn number(printed: &str) -> String {
    printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned()
}

#[test]
fn from_a_feed_to_a_blocked_query_its_undoing_and_a_restart_on_postgresql() {
    let Some(database) = Database::start("whole_job") else { return };
    let upstream = Upstream::start();
    let home = fed(&upstream, &database);
    let server = Server::serve(&home);
    let dns = server.address("dns");
    wait_for(dns, "deep.under.phish.example", NXDOMAIN);
    assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
    let by_person = number(&home.ok(&["block", "by-hand.example", "--reason", "reported by three banks"]));
    wait_for(dns, "by-hand.example", NXDOMAIN);
    let by_rule = number(&home.ok(&["check", "second.example"]));
    home.ok(&["undo", &by_rule, "--reason", "the owner has mended it"]);
    wait_for(dns, "second.example", NOERROR);
    // Killed, not ended: what was acknowledged is there.
    server.kill();
    assert!(home.ok(&["check", "by-hand.example"]).contains(&by_person));
    home.ok(&["feed", "pull", "phish"]);
    let server = Server::serve(&home);
    let dns = server.address("dns");
    wait_for(dns, "phish.example", NXDOMAIN);
    wait_for(dns, "by-hand.example", NXDOMAIN);
    assert_eq!(ask(dns, "second.example"), Some(NOERROR), "an undone block is back after a restart");
    for page in ["/", "/feeds", "/feeds/phish", "/decisions", "/held", "/findings", "/edges", "/subscribers"] {
        let answer = server.get(&home, page);
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
    }
    server.stop();
    let decisions = Records::of(&home).decisions();
    assert_eq!((decisions.len(), decisions.iter().filter(|decision| decision.active).count()), (3, 2));
    assert_eq!(records::snapshot(&home).entries(), 2);
    home.ok(&["ledger", "verify"]);
    home.ok(&["snapshot", "verify"]);
    assert!(!home.data.join("sipar.db").exists(), "records beside the database");
}

#[test]
fn while_the_database_is_away_the_last_good_state_goes_on_serving() {
    let Some(database) = Database::start("away") else { return };
    let upstream = Upstream::start();
    let home = fed(&upstream, &database);
    let server = Server::serve(&home);
    let (portal, dns) = (server.address("portal"), server.address("dns"));
    wait_for(dns, "phish.example", NXDOMAIN);
    database.cut_off();
    let key = operator_key(&home);
    let block = json!({ "what": "late.example", "action": "block", "reason": "reported by three banks", "category": "phishing", "days": 7 });
    let refused = server::post(portal, "/api/v1/shield/decisions", &key, &block).unwrap();
    assert_eq!(refused.status, 503, "{}", refused.body);
    let problem: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert!(problem["detail"].as_str().unwrap().contains("database"), "{}", refused.body);
    assert!(!problem["next"].as_str().unwrap().is_empty(), "{}", refused.body);
    for _ in 0..3 {
        assert_eq!(ask(dns, "phish.example"), Some(NXDOMAIN));
        assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
    }
    assert_eq!(server::get(server.address("reputation"), "/v1/domain/phish.example", "").json()["verdict"], "block");
    // A second one that starts now says why it cannot.
    let other = Home::alone().with_database(&database.url);
    other.run(&["serve"]).refused_with(&["opening the records", "check"]);
    database.let_in();
    until("the block", || {
        let answer = server::post(portal, "/api/v1/shield/decisions", &key, &block).unwrap();
        assert!([200, 201, 503].contains(&answer.status), "{}", answer.body);
        (answer.status < 300).then_some(())
    });
    wait_for(dns, "late.example", NXDOMAIN);
    server.stop();
    let decisions = Records::of(&home).decisions();
    assert_eq!(decisions.iter().filter(|decision| decision.value == "late.example").count(), 1);
    home.ok(&["ledger", "verify"]);
}
