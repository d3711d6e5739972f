//! Proofs of ownership by whole processes: a record at a name server of others, and a letter through a mail server of
//! others.

use crate::{
    mail::{secrets, settings},
    support::{
        Home,
        foreign::{Running, free_port, has},
        server::{Answer, Server},
    },
};
use sipar_mail::testing::{Secured, ServerOfOthers};
use std::{fs, net::SocketAddr};

/// A name server that answers for bank.example, on a port of the loopback.
fn name_server(home: &Home, port: u16, records: &str) -> Running {
    let folder = home.path("nsd").display().to_string();
    let zone =
        format!("$TTL 60\n@ IN SOA a.bank.example. hostmaster.bank.example. 1 3600 600 86400 60\n@ IN NS a\n{records}");
    let file = home.write("nsd/bank.zone", &zone).display().to_string();
    let text = format!(
        "server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  username: \"\"\n  zonesdir: \"{folder}\"\n  \
         xfrdir: \"{folder}\"\n  xfrdfile: \"{folder}/xfrd.state\"\n  database: \"\"\n  pidfile: \"\"\n  \
         zonelistfile: \"{folder}/zone.list\"\nremote-control:\n  control-enable: no\n\
         zone:\n  name: \"bank.example\"\n  zonefile: \"{file}\"\n"
    );
    let file = home.write("nsd/nsd.conf", &text).display().to_string();
    Running::start("nsd", &["-d", "-c", &file])
}

/// The token that a command says once.
fn token(said: &str) -> String {
    let token = said.lines().find(|line| line.starts_with("sipar-challenge=")).unwrap_or_else(|| panic!("{said}"));
    assert_eq!(token.len(), "sipar-challenge=".len() + 64);
    token.to_owned()
}

#[test]
fn a_name_is_proven_by_a_record_at_its_own_server() {
    if !has("nsd") {
        return;
    }
    let home = Home::alone();
    let port = free_port();
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
    home.write("sipar.toml", &format!("{text}[proofs]\nresolvers = [\"127.0.0.1:{port}\"]\n"));
    home.ok(&["party", "add", "bank", "--title", "Example Bank"]);
    home.ok(&["party", "add", "shop", "--title", "A shop"]);
    home.ok(&["asset", "add", "bank", "bank.example"]);
    home.run(&["asset", "prove", "1", "--by", "mail"]).refused_with(&["no mail server is set"]);
    home.run(&["asset", "prove", "1", "--by", "approval"]).refused_with(&["names are proven by `dns` or `file`"]);
    home.run(&["asset", "prove", "1", "--by", "oath"]).refused_with(&["dns, file, mail, approval"]);
    let said = home.ok(&["asset", "prove", "1", "--by", "dns"]);
    assert!(said.contains("put at _sipar-challenge.bank.example"), "{said}");
    let token = token(&said);
    // Nobody answers yet.
    let looked = home.ok(&["asset", "look", "1"]);
    assert!(looked.contains("is asked (") && looked.contains(&format!("127.0.0.1:{port}")), "{looked}");
    // More records than fit into a datagram, in an alias of the name: the answer comes over TCP.
    let others: String = (0..40).map(|number| format!("proofs TXT \"other={number} {}\"\n", "x".repeat(60))).collect();
    let records = format!("_sipar-challenge CNAME proofs\n{others}proofs TXT \"{token}\"\n");
    let server = name_server(&home, port, &records);
    let found = crate::support::until("the record", || {
        let looked = home.ok(&["asset", "look", "1"]);
        looked.contains("is proven until").then_some(looked)
    });
    assert!(found.starts_with("proof 1 of claim 1 by dns is proven"), "{found}");
    drop(server);
    // It is missing for once: that is noted, and nothing else changes.
    let missed = home.ok(&["asset", "look", "1"]);
    assert!(missed.contains("is proven until") && missed.contains(&format!("127.0.0.1:{port}")), "{missed}");
    assert!(home.ok(&["asset", "add", "shop", "www.bank.example"]).contains("waits as matter 1"));
    assert!(home.ok(&["asset", "waiting"]).contains("inside"));
    assert!(home.ok(&["asset", "proofs"]).contains("bank.example of bank"));
}

/// Sends a form as a browser of somebody without an account does.
fn send_form(portal: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Answer {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).proxy(None).max_redirects(0).build().into();
    let request = agent.post(format!("http://{portal}{path}")).header("accept", "text/html");
    let mut response = request.header("sec-fetch-site", "same-origin").send_form(fields.iter().copied()).unwrap();
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}

#[test]
fn a_network_is_proven_by_a_letter_and_by_a_second_person() {
    let home = Home::alone();
    let Some(mut mailbox) = ServerOfOthers::start(&home.path(""), Secured::Starttls, &secrets(&home)) else { return };
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap() + &settings(&home, &mailbox);
    home.write("sipar.toml", &text);
    home.ok(&["decision", "list"]);
    let second = home.write("second.key", &home.ok(&["key", "new", "--role", "analyst", "--label", "sector cert"]));
    home.ok(&["party", "add", "isp", "--title", "Example Networks", "--title-ur", "مثالی نیٹ ورکس"]);
    home.ok(&["party", "contact", "isp", "technical", "noc@isp.example"]);
    home.ok(&["asset", "add", "isp", "203.0.113.0/24"]);
    let server = Server::serve(&home);
    let portal = server.address("portal");
    let said = home.ok(&["asset", "prove", "1", "--by", "mail"]);
    assert!(said.contains("a letter went to noc@isp.example") && !said.contains("sipar-challenge"), "{said}");
    let letter = mailbox.letter();
    assert_eq!(letter.recipients, ["noc@isp.example"]);
    assert!(letter.text.contains("203.0.113.0/24") && letter.text.contains("مثالی نیٹ ورکس"), "{}", letter.text);
    let code =
        letter.text.lines().map(str::trim).find(|line| line.len() == 64).unwrap_or_else(|| panic!("{}", letter.text));
    // Whoever got it needs no account; looking at the page changes nothing, and another code does not either.
    let door = crate::support::server::get(portal, "/proof", "");
    assert_eq!(door.status, 200, "{}", door.body);
    assert_eq!(send_form(portal, "/proof", &[("code", &"0".repeat(64))]).status, 404);
    assert_eq!(send_form(portal, "/proof", &[("code", &"0".repeat(500))]).status, 422);
    assert!(home.ok(&["asset", "proofs"]).contains("is asked"));
    let taken = send_form(portal, "/proof", &[("code", code)]);
    assert!(taken.status == 200 && !taken.body.contains("203.0.113"), "{}", taken.body);
    assert!(home.ok(&["asset", "proofs"]).contains("by mail is proven until"));
    assert_eq!(send_form(portal, "/proof", &[("code", code)]).status, 404);
    // The word of a second person, which the first cannot give.
    home.ok(&["asset", "prove", "1", "--by", "approval"]);
    home.run(&["asset", "approve", "2", "agreed", "--reason", "so it is"]).refused_with(&["you entered this yourself"]);
    let word = ["--key-file", second.to_str().unwrap(), "asset", "approve", "2", "agreed", "--reason", "so it is"];
    assert!(home.ok(&word).contains("by approval is proven until"));
    for lang in ["en", "ur"] {
        let page = server.get(&home, &format!("/register/claims/1?lang={lang}")).body;
        assert!(page.contains("203.0.113.0/24") && page.contains("noc@isp.example"), "{page}");
        assert!(server.get(&home, &format!("/register/proofs?lang={lang}")).body.contains("203.0.113.0/24"));
    }
    home.ok(&["ledger", "verify"]);
}
