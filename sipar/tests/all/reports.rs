//! fail2ban, unchanged, from Debian's package: its own action for AbuseIPDB reports to Sipar when one address is changed.

use crate::support::{
    Home,
    foreign::has,
    server::{Server, operator_key},
    until,
};
use std::{
    fs,
    process::{Child, Command, Stdio},
};

const ACTION: &str = "/etc/fail2ban/action.d/abuseipdb.conf";

/// fail2ban's server, until it is dropped.
struct Fail2ban {
    server: Child,
    socket: String,
}

impl Drop for Fail2ban {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.server.kill();
        let _ended = self.server.wait();
    }
}

impl Fail2ban {
    /// One jail, whose only action is the stock one with another address.
    fn start(home: &Home, url: &str, key: &str) -> Self {
        let stock = fs::read_to_string(ACTION).unwrap();
        assert!(stock.contains("https://api.abuseipdb.com/api/v2/report"), "{stock}");
        fs::create_dir_all(home.path("f2b/action.d")).unwrap();
        fs::create_dir_all(home.path("f2b/filter.d")).unwrap();
        home.write("f2b/action.d/abuseipdb.conf", &stock.replace("https://api.abuseipdb.com", url));
        home.write("f2b/filter.d/sshd.conf", "[Definition]\nfailregex = ^bad login from <HOST>$\n");
        home.write("auth.log", "");
        let at = |name: &str| home.path(name).display().to_string();
        let general = "[Definition]\nloglevel = INFO\nsyslogsocket = auto\nallowipv6 = auto\ndbfile = None\ndbpurgeage = 1d\n\
                       dbmaxmatches = 10\n[Thread]\nstacksize = 0\n";
        let places =
            format!("logtarget = {}\nsocket = {}\npidfile = {}\n", at("f2b.log"), at("f2b.sock"), at("f2b.pid"));
        home.write("f2b/fail2ban.conf", &general.replace("[Thread]", &format!("{places}[Thread]")));
        let action = format!("abuseipdb[abuseipdb_apikey=\"{key}\", abuseipdb_category=\"18,22\"]");
        home.write(
            "f2b/jail.conf",
            &format!(
                "[sshd]\nenabled = true\nfilter = sshd\nbackend = polling\nusedns = no\nlogpath = {}\naction = {action}\n",
                at("auth.log")
            ),
        );
        let mut command = Command::new("fail2ban-server");
        let log = fs::File::create(home.path("f2b.out")).unwrap();
        command.args(["-f", "-c", &at("f2b"), "-s", &at("f2b.sock"), "-p", &at("f2b.pid"), "start"]);
        let log_too = log.try_clone().unwrap();
        let server = command.stdin(Stdio::null()).stdout(log).stderr(log_too).spawn().unwrap();
        Self { server, socket: at("f2b.sock") }
    }

    /// Asks it something; none while it is not up.
    fn tell(&self, words: &[&str]) -> Option<String> {
        let done = Command::new("fail2ban-client").args(["-s", &self.socket]).args(words).output().unwrap();
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

#[test]
fn fail2bans_own_action_reports_when_one_address_is_changed() {
    if !has("fail2ban-client") {
        return;
    }
    let home = Home::alone();
    let server = Server::serve(&home);
    let key = home.ok(&["bouncer", "add", "ssh-1", "--scopes", "report"]).trim().to_owned();
    let fail2ban = Fail2ban::start(&home, &format!("http://{}", server.address("clients")), &key);
    until("fail2ban", || fail2ban.tell(&["status", "sshd"]));
    for address in ["203.0.113.77", "2001:db8::77", "10.9.8.7"] {
        fail2ban.tell(&["set", "sshd", "banip", address]).unwrap();
    }
    let operator = operator_key(&home);
    let reporters = || {
        let answer = crate::support::server::get(server.address("portal"), "/api/v1/clients/reporters", &operator);
        let all = answer.json();
        (all[0]["addresses"] == 2 && all[0]["client"] == "ssh-1").then_some(all)
    };
    let all = until("two reports", reporters);
    assert_eq!((&all[0]["share_percent"], &all[0]["confirmed"]), (&20.into(), &0.into()));
    // What reports say is one source among the others, and blocks nothing by itself.
    let said = until("what intel says", || {
        let said = home.ok(&["check", "203.0.113.77"]);
        said.contains("clients.reports").then_some(said)
    });
    assert!(!said.contains("blocked by"), "{said}");
    let refused = until("the private address among what went wrong", || {
        let page = crate::support::server::get(server.address("portal"), "/clients", &operator);
        page.body.contains("not on the Internet").then_some(page.body)
    });
    assert!(refused.contains("ssh-1"), "{refused}");
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
