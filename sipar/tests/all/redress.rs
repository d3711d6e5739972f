//! Redress, whole: a block, a citizen's appeal by the public form, an analyst's answer, the name resolving again, the
//! proof, and the month that counts it.

use crate::support::{
    Home,
    dns::{self, NOERROR, NXDOMAIN},
    server::{self, Answer, Server},
    until,
    upstream::Upstream,
};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf};

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into()
}

/// Sends a form as a browser does from the portal's own page.
fn send_form(portal: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Answer {
    let request = agent().post(format!("http://{portal}{path}")).header("accept", "text/html");
    let mut response = request.header("sec-fetch-site", "same-origin").send_form(fields.iter().copied()).unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}

/// What the code's holder is told over the API.
fn status(portal: SocketAddr, code: &str) -> Answer {
    let request = agent().get(format!("http://{portal}/api/v1/appeals/status")).header("x-appeal-code", code);
    let mut response = request.call().unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}

/// The tracking code on a page.
fn code_on(page: &str) -> String {
    let at = page.find("name=\"code\" value=\"").unwrap_or_else(|| panic!("no code in {page}"));
    page[at + 19..].split('"').next().unwrap().to_owned()
}

/// A key of an analyst's own, in a file.
fn second_key(home: &Home) -> PathBuf {
    home.ok(&["decision", "list"]);
    home.write("second.key", &home.ok(&["key", "new", "--role", "analyst", "--label", "second desk"]))
}

#[test]
fn from_a_block_to_a_granted_appeal_that_everybody_can_check() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    let key_file = second_key(&home);
    let second = std::fs::read_to_string(&key_file).unwrap().trim().to_owned();
    let server = Server::serve(&home);
    let (portal, resolver) = (server.address("portal"), server.address("dns"));
    let name = "school.example";
    home.ok(&["block", name, "--category", "phishing", "--reason", "reported by a bank by mistake"]);
    until("the block", || (dns::ask(resolver, name) == Some(NXDOMAIN)).then_some(()));
    // The form is filled from the link of the block page, and refuses what makes no sense without losing the words.
    let form = server::get(portal, "/appeal?decision=D-1", "");
    assert!(form.status == 200 && form.body.contains("value=\"D-1\""), "{}", form.body);
    let words = "it is the site of our school, and I have cleaned it";
    let refused = send_form(portal, "/appeal", &[("what", "no.such.block.example"), ("words", words)]);
    assert_eq!(refused.status, 404);
    assert!(refused.body.contains(words) && refused.body.contains("no public block covers"), "{}", refused.body);
    let taken = send_form(portal, "/appeal", &[("what", "https://www.school.example/a"), ("words", words)]);
    assert_eq!(taken.status, 200, "{}", taken.body);
    let code = code_on(&taken.body);
    let seen = status(portal, &code.to_lowercase().replace('-', " ")).json();
    assert_eq!(
        (&seen["state"], &seen["decision"], &seen["about"]["value"]),
        (&json!("received"), &json!(1), &json!(name))
    );
    // Nobody learns of it without the code, and a form from elsewhere is refused.
    assert_eq!(status(portal, "0000-0000-0000-00000").status, 404);
    assert_eq!(status(portal, "not a code").status, 400);
    for path in ["/api/v1/appeals", "/appeals", "/api/v1/appeals/1"] {
        assert!([401, 303].contains(&server::get(portal, path, "").status), "{path}");
    }
    let elsewhere = agent().post(format!("http://{portal}/appeal")).send_form([("what", "D-1"), ("words", words)]);
    assert_eq!(elsewhere.unwrap().status().as_u16(), 403);
    // Whoever took the block may not decide about it; somebody else may.
    let refused = home.run(&["appeal", "grant", "D-1", "--reason", "the school has cleaned it"]);
    refused.refused_with(&["you took D-1 yourself"]);
    let shown = home.ok(&["appeal", "show", "D-1"]);
    assert!(shown.contains(words), "{shown}");
    let decide = json!({ "outcome": "granted", "reason": "the school has cleaned its site" });
    let answer = server::post(portal, "/api/v1/appeals/1/decide", &second, &decide).unwrap();
    assert_eq!(answer.json()["appeals"], 1);
    until("the name resolving again", || (dns::ask(resolver, name) == Some(NOERROR)).then_some(()));
    let told = until("the answer with its proof", || {
        let told = status(portal, &code).json();
        told["answer"]["proof"].is_object().then_some(told)
    });
    assert_eq!((&told["state"], &told["answer"]["by"]), (&json!("granted"), &json!("person:second desk")));
    assert_eq!(told["answer"]["reason"]["text"], "the school has cleaned its site");
    let key = home.ok(&["ledger", "show"]);
    let key = key.lines().find_map(|line| line.strip_prefix("key ")).unwrap().trim().to_owned();
    let file = home.write("ruling.json", &told["answer"]["proof"].to_string());
    let proved = home.ok(&["ledger", "check", &file.to_string_lossy(), "--key", &key]);
    assert!(proved.contains("\"outcome\":\"granted\"") && !proved.contains("cleaned"), "{proved}");
    let page = send_form(portal, "/appeal/status", &[("code", &code)]);
    assert!(page.status == 200 && page.body.contains("the school has cleaned its site"), "{}", page.body);
    let count = |months: &Value, measure: &str, part: &str| {
        let months = months["months"].as_array().unwrap();
        months.iter().filter_map(|month| month["counts"][measure][part].as_u64()).sum::<u64>()
    };
    let figures = until("the figures", || {
        let figures = server::get(portal, "/api/v1/transparency", "").json();
        (count(&figures, "rulings", "granted") == 1).then_some(figures)
    });
    assert_eq!((count(&figures, "appeals", "received"), count(&figures, "ends", "undone")), (1, 1));
    let months = figures["months"].as_array().unwrap();
    assert!(months.iter().any(|month| month["answer_median_hours"].is_number()), "{figures}");
    for (path, expect) in [("/appeals", "granted"), ("/transparency", "Appeals granted"), ("/decisions/1", "A-1")] {
        let page = server.get(&home, &format!("{path}?lang=en"));
        assert!(page.body.contains(expect), "`{expect}` is not on {path}: {}", page.body);
    }
    // No log says who appealed, or what they wrote.
    let log = server.log();
    assert!(!log.contains("cleaned") && !log.contains(&code), "{log}");
}

#[test]
fn an_emergency_opens_at_once_and_somebody_else_reviews_it() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    let key_file = second_key(&home).to_string_lossy().into_owned();
    let server = Server::serve(&home);
    let resolver = server.address("dns");
    let name = "www.hospital.example";
    home.ok(&["block", "hospital.example", "--reason", "reported by a feed of ours"]);
    until("the block", || (dns::ask(resolver, name) == Some(NXDOMAIN)).then_some(()));
    home.run(&["unblock", name, "--reason", "patients are waiting"]).refused_with(&["no block on exactly"]);
    let told = home.ok(&["unblock", name, "--emergency", "--reason", "patients cannot be admitted"]);
    assert!(told.contains("D-2"), "{told}");
    until("the opening", || (dns::ask(resolver, name) == Some(NOERROR)).then_some(()));
    assert_eq!(dns::ask(resolver, "hospital.example"), Some(NXDOMAIN), "only what was asked for is open");
    assert!(home.ok(&["review", "list"]).contains("D-2"));
    home.run(&["review", "confirm", "D-2", "--reason", "I was right about that"]).refused_with(&["yourself"]);
    let by_second = ["--key-file", &key_file, "review", "reverse", "D-2", "--reason", "the site serves malware"];
    assert!(home.ok(&by_second).contains("D-2 reversed"));
    until("the end of the opening", || (dns::ask(resolver, name) == Some(NXDOMAIN)).then_some(()));
    assert_eq!(home.ok(&["review", "list"]), "");
    assert!(home.ok(&["review", "list", "--closed"]).contains("reversed"));
}

#[test]
fn one_network_cannot_flood_the_queue() {
    let home = Home::alone();
    home.ok(&["block", "a.example", "--reason", "reported by a bank"]);
    let server = Server::serve(&home);
    let portal = server.address("portal");
    let send = |from: &str| {
        let request = agent().post(format!("http://{portal}/api/v1/appeals")).header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/json").header("x-forwarded-for", from);
        let body = json!({ "what": "a.example", "words": "it is the site of our shop" });
        request.send(body.to_string()).unwrap().status().as_u16()
    };
    // Nobody in front is believed here, whatever the header says.
    let answers: Vec<u16> = (0..21).map(|number| send(&format!("198.51.100.{number}"))).collect();
    assert_eq!((&answers[..20], answers[20]), (&[201; 20][..], 429));
    let long = json!({ "what": "a.example", "words": "x".repeat(40_000) });
    let request = agent().post(format!("http://{portal}/api/v1/appeals")).header("sec-fetch-site", "same-origin");
    let sent = request.header("content-type", "application/json").send(long.to_string());
    // Refused before all of it was read: the other side may have hung up.
    assert!(sent.is_err() || sent.is_ok_and(|response| response.status() == 413));
}
