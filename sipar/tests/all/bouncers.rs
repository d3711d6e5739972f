//! CrowdSec's own bouncers, unchanged, from Debian's packages: they enforce what Sipar decides, and what it takes back.

use crate::support::{
    Home,
    foreign::{Running, has},
    guide::Page,
    server::Server,
    service::Service,
    until,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

const PAGE: Page = Page(include_str!("../../../docs/src/bouncers.md"));

/// Debian's configuration of the firewall's bouncer.
const FIREWALL: &str = "/etc/crowdsec/bouncers/crowdsec-firewall-bouncer.yaml";

/// The bouncer that runs a script for each decision.
fn custom_bouncer(home: &Home, url: &str, key: &str) -> Running {
    let acts = home.path("acts");
    let script = home.write("act.sh", &format!("#!/bin/sh\necho \"$1 $2\" >>'{}'\n", acts.display()));
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let folder = home.path("");
    let folder = folder.display();
    let config = home.write(
        "bouncer.yaml",
        &format!(
            "bin_path: {}\npiddir: {folder}\nupdate_frequency: 1s\ncache_retention_duration: 1s\ndaemonize: false\n\
             log_mode: stdout\nlog_dir: {folder}\nlog_level: info\napi_url: {url}/\napi_key: {key}\n\
             prometheus:\n  enabled: false\n",
            script.display()
        ),
    );
    let mut command = Command::new("crowdsec-custom-bouncer");
    let log = fs::File::create(home.path("bouncer.log")).unwrap();
    let log_too = log.try_clone().unwrap();
    Running::from(command.arg("-c").arg(config).stdin(Stdio::null()).stdout(log).stderr(log_too).spawn().unwrap())
}

#[test]
fn a_crowdsec_bouncer_enforces_what_is_decided_and_undone() {
    if !has("crowdsec-custom-bouncer") {
        return;
    }
    let home = Home::alone();
    let server = Server::serve(&home);
    let key = home.ok(&["bouncer", "add", "web-1"]).trim().to_owned();
    let printed = home.ok(&["block", "203.0.113.66", "--category", "c2", "--reason", "seen in an incident here"]);
    let number = printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned();
    home.ok(&["block", "198.51.100.0/24", "--category", "malware", "--reason", "seen in an incident here"]);
    let _bouncer = custom_bouncer(&home, &format!("http://{}", server.address("clients")), &key);
    let acted = |line: &str| {
        let acts = fs::read_to_string(home.path("acts")).unwrap_or_default();
        acts.lines().any(|one| one == line).then_some(())
    };
    until("the block of the address", || acted("add 203.0.113.66"));
    until("the block of the network", || acted("add 198.51.100.0/24"));
    assert!(acted("del 203.0.113.66").is_none());
    home.ok(&["undo", &number, "--reason", "the owner has mended it"]);
    home.ok(&["block", "2001:db8::66", "--category", "c2", "--reason", "seen in an incident here"]);
    until("the end of the block", || acted("del 203.0.113.66"));
    until("the new block", || acted("add 2001:db8::66"));
    let listed = until("the bouncer in the list", || {
        let listed = home.ok(&["bouncer", "list"]);
        listed.contains(" 0 states behind").then_some(listed)
    });
    assert!(listed.contains("web-1") && listed.contains("crowdsec-custom-bouncer"), "{listed}");
    // A key that was taken away opens nothing.
    home.ok(&["bouncer", "remove", "web-1"]);
    let answer = crate::support::server::get(server.address("clients"), "/v1/decisions/stream", &key);
    assert_eq!((answer.status, answer.body.as_str()), (403, "{\"message\":\"access forbidden\"}"));
    home.run(&["bouncer", "remove", "web-1"]).refused_with(&["no client `web-1`"]);
}

/// Debian's configuration with the page's lines in place of its own, and without its service's log.
fn firewall(key: &str) -> String {
    let text = fs::read_to_string(FIREWALL).unwrap();
    let page = PAGE.block("mode: nftables").replace("sipar_…", key) + "daemonize: false\nlog_mode: stdout\n";
    let lines = text.lines().map(|line| {
        let key = line.split_once(':').map_or("", |(key, _)| key);
        let mut ours = page.lines().filter(|ours| !key.is_empty() && ours.starts_with(&format!("{key}:")));
        ours.next().unwrap_or(line)
    });
    let all: String = lines.map(|line| format!("{line}\n")).collect();
    for line in page.lines() {
        assert!(all.contains(line), "Debian's file has no place for `{line}`");
    }
    all
}

#[test]
fn crowdsecs_firewall_bouncer_drops_what_is_decided_as_the_guide_says() {
    let Some(service) = Service::start(&["crowdsec-firewall-bouncer", "nft", "nginx"]) else { return };
    let (listed, other) = ("203.0.113.66", "203.0.113.67");
    [listed, other].into_iter().for_each(|address| service.add_visitor(address));
    let _nginx = service.nginx("server { listen 80; return 200; }");
    let key = service.paste(&PAGE, "sipar bouncer add web-1", &[]).trim().to_owned();
    service.until_visit("before the block", listed, "http", "200");
    let printed = service.sh(&format!("sipar block {listed} --category c2 --reason 'seen in an incident'")).ok();
    let number = printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned();
    let config = service.home.write("firewall.yaml", &firewall(&key)).display().to_string();
    let _bouncer = service.run("crowdsec-firewall-bouncer", &["-c", &config]);
    service.until_visit("the block", listed, "http", "000");
    assert_eq!(service.visit(other, "http"), "200");
    let rules = service.sh("nft list ruleset").ok();
    let line = rules.lines().find(|line| line.contains(listed)).unwrap();
    assert!(line.contains("timeout") && line.contains("expires"), "{line}");
    let told = service.paste(&PAGE, "sipar bouncer list", &[]);
    assert!(told.contains("web-1") && told.contains("crowdsec-firewall-bouncer"), "{told}");
    service.sh(&format!("sipar undo {number} --reason 'the owner has mended it'")).ok();
    service.until_visit("the end of the block", listed, "http", "200");
    service.paste(&PAGE, "sipar bouncer remove web-1", &[]);
    service.assert_all_tried(&PAGE, &["apt-get install crowdsec-"]);
}
