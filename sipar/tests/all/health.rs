//! Health and metrics, as a load balancer and Prometheus ask for them.

use crate::support::{
    Home,
    dns::{NOERROR, NXDOMAIN, REFUSED, ask},
    program,
    server::{self, Server},
    until,
    upstream::Upstream,
};
use std::{collections::BTreeMap, fs, net::SocketAddr};

/// The numbers of a page in Prometheus's text format, each line of which is checked.
fn metrics(address: SocketAddr) -> BTreeMap<String, f64> {
    let answer = server::get(address, "/metrics", "");
    assert_eq!(answer.status, 200);
    let mut found = BTreeMap::new();
    let mut declared = String::new();
    for line in answer.body.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", _, about] => assert!(!about.is_empty(), "{line}"),
            ["#", "TYPE", name, kind] => {
                assert!(kind == "gauge" || (kind == "counter" && name.ends_with("_total")), "{line}");
                name.clone_into(&mut declared);
            }
            [name, value] => {
                assert_eq!(name.split('{').next(), Some(declared.as_str()), "{line}");
                let value: f64 = value.parse().unwrap();
                assert!(found.insert(name.to_owned(), value).is_none(), "twice: {line}");
            }
            _ => panic!("{line}"),
        }
    }
    found
}

#[test]
fn a_server_tells_what_it_answers_and_never_for_what() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    home.ok(&["block", "first.listed.example", "--reason", "a test of health"]);
    let server = Server::start(home.command(&["serve"]).env("SIPAR_METRICS__LISTEN", "127.0.0.1:0"));
    server.wait_for_line("sign in");
    let (address, dns) = (server.address("metrics"), server.address("dns"));
    until("the policy", || (ask(dns, "first.listed.example") == Some(NXDOMAIN)).then_some(()));
    let (health, ready) = (server::get(address, "/healthz", ""), server::get(address, "/readyz", ""));
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    // Workers show their numbers a moment later.
    let blocked = until("the count", || {
        let blocked = metrics(address)["sipar_dns_blocked_total"];
        (blocked >= 1.0).then_some(blocked)
    });
    assert_eq!(ask(dns, "first.listed.example"), Some(NXDOMAIN));
    assert_eq!(ask(dns, "www.bank.example"), Some(NOERROR));
    until("one more", || (metrics(address)["sipar_dns_blocked_total"] >= blocked + 1.0).then_some(()));
    let told = metrics(address);
    assert_eq!(told["sipar_dns_blocked_total"], blocked + 1.0);
    assert_eq!((told["sipar_snapshot_in_use"], told["sipar_snapshot_entries"]), (1.0, 1.0));
    assert!(told["sipar_snapshot_serial"] >= 1.0 && told["sipar_snapshot_created_seconds"] > 1.7e9);
    for severity in ["low", "medium", "high", "critical"] {
        assert!(told.contains_key(&format!("sipar_findings_open{{severity=\"{severity}\"}}")), "{told:?}");
    }
    let text = server::get(address, "/metrics", "").body;
    assert!(!text.contains("listed.example") && !text.contains("127.0.0.1"), "{text}");
    assert_eq!(server::get(address, "/", "").status, 404);
    server.stop();
}

#[test]
fn an_edge_says_what_it_lacks_and_is_ready_with_an_old_policy() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    home.ok(&["block", "first.listed.example", "--reason", "a test of health"]);
    let key = home.ok(&["snapshot", "key"]).trim().to_owned();
    fs::write(home.path("edge.key"), home.ok(&["edges", "add", "lahore"])).unwrap();
    let control = Server::serve(&home);
    let portal = control.address("portal");
    let fixed = fs::read_to_string(home.path("sipar.toml")).unwrap().replacen("127.0.0.1:0", &portal.to_string(), 1);
    fs::write(home.path("sipar.toml"), fixed).unwrap();
    control.stop();
    let mut command = program();
    command.args(["edge", "--key", &key, "--dns", "127.0.0.1:0", "--workers", "1", "--metrics", "127.0.0.1:0"]);
    command.args(["--from", &format!("http://{portal}"), "--upstream", &upstream.address.to_string()]);
    command.arg("--identity").arg(home.path("edge.key")).arg("--data").arg(home.path("far"));
    let far = Server::start(&mut command);
    let (address, dns) = (far.address("metrics"), far.address("dns"));
    far.wait_for_line("pulling failed");
    let ready = server::get(address, "/readyz", "");
    assert_eq!(ready.status, 503, "{}", ready.body);
    assert!(ready.body.contains("no snapshot") && ready.body.contains("pulling failed"), "{}", ready.body);
    assert_eq!(ask(dns, "first.listed.example"), Some(REFUSED));
    let told = metrics(address);
    assert_eq!((told["sipar_snapshot_in_use"], told["sipar_pull_stale"]), (0.0, 1.0));
    assert!(told["sipar_pull_failures_total"] >= 1.0 && told["sipar_troubles"] >= 1.0);

    let control = Server::serve(&home);
    until("the policy", || (server::get(address, "/readyz", "").body == "ready\n").then_some(()));
    let told = metrics(address);
    assert_eq!((told["sipar_snapshot_in_use"], told["sipar_pull_stale"], told["sipar_troubles"]), (1.0, 0.0, 0.0));
    assert_eq!(told["sipar_snapshot_serial"], told["sipar_pull_newest_serial"]);
    assert!(told["sipar_pull_fetched_bytes_total"] > 0.0 && told["sipar_pull_heard_seconds"] > 1.7e9);
    control.stop();
    let ready = until("the silence", || {
        let ready = server::get(address, "/readyz", "");
        ready.body.contains("pulling failed").then_some(ready)
    });
    assert_eq!(ready.status, 200);
    assert_eq!(ask(dns, "first.listed.example"), Some(NXDOMAIN));
    far.stop();
}
