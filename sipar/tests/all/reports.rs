//! fail2ban, unchanged, from Debian's package: its own action for AbuseIPDB reports to Sipar when one address is changed.

use crate::support::{
    Home,
    foreign::{Running, has},
    guide::Page,
    server::{Server, operator_key},
    service::Service,
    until,
};
use std::process::Command;

const PAGE: Page = Page(include_str!("../../../docs/src/reports.md"));

/// fail2ban as Debian installs it, with what the page adds, on files and sockets of its own.
fn fail2ban(service: &Service, key: &str) -> Running {
    let at = |name: &str| service.at(name);
    let etc = at("fail2ban");
    service.sh(&format!("cp -r /etc/fail2ban {etc}")).ok();
    service.paste(&PAGE, "sed ", &[("/etc/fail2ban", &etc)]);
    service.home.write("fail2ban/jail.local", &PAGE.block("[sshd]").replace("sipar_…", key));
    let places = format!(
        "[Definition]\nlogtarget = {}\nsocket = {}\npidfile = {}\ndbfile = None\n",
        at("f2b.log"),
        at("f2b.sock"),
        at("f2b.pid")
    );
    service.home.write("fail2ban/fail2ban.local", &places);
    let log = service.home.write("auth.log", "").display().to_string();
    service.home.write("fail2ban/jail.d/own.local", &format!("[sshd]\nbackend = polling\nlogpath = {log}\n"));
    service.script("fail2ban-client", &format!("exec /usr/bin/fail2ban-client -c {etc} -s {} \"$@\"", at("f2b.sock")));
    let files = ["-f", "-c", &etc, "-s", &at("f2b.sock"), "-p", &at("f2b.pid"), "start"];
    let running = service.run("fail2ban-server", &files);
    until("fail2ban", || service.sh("fail2ban-client status sshd").success.then_some(()));
    running
}

#[test]
fn fail2bans_own_action_reports_by_the_configuration_of_the_guide() {
    let Some(service) = Service::start(&["fail2ban-client", "iptables"]) else { return };
    let key = service.paste_for_key(&PAGE, "sipar bouncer add ssh-1", &[]);
    let _fail2ban = fail2ban(&service, &key);
    service.paste(&PAGE, "fail2ban-client set", &[]);
    for address in ["2001:db8::77", "10.9.8.7"] {
        service.paste(&PAGE, "fail2ban-client set", &[("203.0.113.77", address)]);
    }
    // What it does beside reporting it does as ever.
    until("the ban of its own", || service.sh("iptables -S").ok().contains("203.0.113.77").then_some(()));
    let all = until("two reports", || {
        let all: serde_json::Value = serde_json::from_str(&service.get("/api/v1/clients/reporters")).unwrap();
        (all[0]["addresses"] == 2 && all[0]["client"] == "ssh-1").then_some(all)
    });
    assert_eq!((&all[0]["share_percent"], &all[0]["confirmed"]), (&20.into(), &0.into()));
    // What reports say is one source among the others, and blocks nothing by itself.
    let said = until("what intel says", || {
        let said = service.paste(&PAGE, "sipar check", &[]);
        said.contains("clients.reports").then_some(said)
    });
    assert!(!said.contains("blocked by"), "{said}");
    let refused = until("the private address among what went wrong", || {
        let page = service.get("/clients");
        page.contains("not on the Internet").then_some(page)
    });
    assert!(refused.contains("ssh-1"), "{refused}");

    // The requests by hand.
    service.paste(&PAGE, "sipar feed edit", &[]);
    service.paste_for_key(&PAGE, "sipar bouncer add NAME", &[("NAME", "by-hand")]);
    let told = service.paste(&PAGE, "curl -G", &[]);
    assert!(told.contains("\"ipAddress\":\"203.0.113.77\"") && told.contains("\"totalReports\":1"), "{told}");
    let taken = service.paste(&PAGE, "curl http", &[]);
    assert!(taken.contains("\"abuseConfidenceScore\""), "{taken}");
    let again = service.paste(&PAGE, "curl http", &[]);
    assert!(again.contains("\"status\":403"), "{again}");
    service.assert_all_tried(&PAGE, &["apt-get install fail2ban", "systemctl restart fail2ban"]);
}

/// One report over HTTP, as a form; the status.
fn report(url: &str, key: &str, address: &str) -> String {
    let (key, ip) = (format!("Key: {key}"), format!("ip={address}"));
    let url = format!("{url}/api/v2/report");
    let arguments = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", &key, "--data-urlencode", &ip];
    let done = Command::new("curl").args(arguments).args(["--data", "categories=18,22", &url]).output().unwrap();
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn reports_add_to_what_a_feed_says_and_block_nothing_alone() {
    if !has("curl") {
        return;
    }
    let home = Home::alone();
    let server = Server::serve(&home);
    let url = format!("http://{}", server.address("clients"));
    // A feed that is 60 % sure: a rule asks for 70.
    let feed = home.write("feed.txt", "203.0.113.10\n");
    home.add_feed("plain", "plain", &feed);
    let check = |address: &str| home.ok(&["check", address]);
    until("what the feed says", || check("203.0.113.10").contains("plain").then_some(()));
    for number in 0..10 {
        let key = home.ok(&["bouncer", "add", &format!("ssh-{number}"), "--scopes", "report"]).trim().to_owned();
        for address in ["203.0.113.10", "203.0.113.11"] {
            assert_eq!(report(&url, &key, address), "200");
        }
    }
    until("the block of what both say", || check("203.0.113.10").contains("malware-address").then_some(()));
    let alone = until("the reports of the other", || {
        let said = check("203.0.113.11");
        said.contains("clients.reports").then_some(said)
    });
    assert!(!alone.contains("malware-address"), "{alone}");
    // Nobody gains anything by repeating what the feed said before.
    let all = crate::support::server::get(server.address("portal"), "/api/v1/clients/reporters", &operator_key(&home));
    assert!(all.json().as_array().unwrap().iter().all(|one| one["confirmed"] == 0), "{}", all.body);
}
