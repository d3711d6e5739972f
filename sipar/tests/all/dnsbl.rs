//! The blocklist, asked with `dig` by the commands of the guide (`docs/src/dnsbl.md`).

use crate::support::{Home, Ran, foreign::has, server::Server, until};
use std::{fs, io::Write as _, process::Command};

const PAGE: &str = include_str!("../../../docs/src/dnsbl.md");

#[test]
fn what_is_blocked_is_on_the_blocklist_and_what_is_undone_is_not() {
    if !has("dig") {
        return;
    }
    let home = Home::alone();
    let mut file = fs::OpenOptions::new().append(true).open(home.path("sipar.toml")).unwrap();
    let block = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    file.write_all(block.as_bytes()).unwrap();
    let server = Server::serve(&home);
    let port = server.address("dns").port().to_string();
    let ask = |begins: &str| {
        let mut lines = PAGE.lines().filter_map(|line| line.strip_prefix("    dig @192.0.2.1 "));
        let line = lines.find(|line| line.starts_with(begins)).unwrap();
        let mut dig = Command::new("dig");
        dig.args(["@127.0.0.1", "-p", &port, "+time=5", "+tries=1"]).args(line.split(' '));
        Ran::of(&mut dig).ok()
    };
    let address = || ask("99.2.0.192");
    let name = || ask("evil.example");
    until("the list is answered", || address().contains("status: NXDOMAIN").then_some(()));
    home.ok(&["block", "192.0.2.0/24", "--category", "malware", "--reason", "a test of the list"]);
    home.ok(&["block", "evil.example", "--category", "phishing", "--reason", "a test of the list"]);
    until("the address is listed", || address().contains("A\t127.0.0.3").then_some(()));
    until("the name is listed", || name().contains("\"phishing, decision D-2, mailto:").then_some(()));
    home.ok(&["undo", "1", "--reason", "a test of the list"]);
    until("the address is not listed any more", || address().contains("status: NXDOMAIN").then_some(()));
    assert!(name().contains("phishing"));
}
