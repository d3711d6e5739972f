//! CrowdSec's own bouncers, unchanged, from Debian's packages: they enforce what Sipar decides, and what it takes back.

use crate::support::{
    Home,
    foreign::{Running, has},
    server::Server,
    until,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

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
