//! The lists as files, in the programs that operators have: nftables, ipset, HAProxy, nginx, and curl to fetch them.

use crate::support::{
    Home,
    foreign::{Running, has},
    server::Server,
    until,
};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

fn run(program: &str, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    let all = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8_lossy(&all).into_owned())
}

/// Sipar with three blocks, and a way to fetch lists from it as the guide says.
struct Bed {
    home: Home,
    url: String,
    key: String,
    _server: Server,
}

impl Bed {
    fn start() -> Self {
        let home = Home::alone();
        let server = Server::serve(&home);
        let key = home.ok(&["bouncer", "add", "fw-1", "--scopes", "lists"]).trim().to_owned();
        for (what, category) in [
            ("203.0.113.66", "c2"),
            ("198.51.100.0/24", "malware"),
            ("2001:db8::66", "c2"),
            ("bad.example", "phishing"),
        ] {
            home.ok(&["block", what, "--category", category, "--reason", "seen in an incident here"]);
        }
        let url = format!("http://{}", server.address("clients"));
        let bed = Self { home, url, key, _server: server };
        until("every block in the lists", || {
            let csv = fs::read_to_string(bed.fetch("all/all.csv")).unwrap();
            (csv.lines().count() == 5).then_some(())
        });
        bed
    }

    /// Fetches a list; what has not changed is not sent again.
    fn fetch(&self, list: &str) -> String {
        let at = |end: &str| format!("{}{end}", self.home.path(&list.replace('/', "-")).display());
        let (file, tag, key) = (at(""), at(".tag"), format!("X-Api-Key: {}", self.key));
        let url = format!("{}/v1/lists/{list}", self.url);
        // curl refuses to compare with a file that is not there.
        if !Path::new(&tag).exists() {
            fs::write(&tag, "").unwrap();
        }
        let arguments =
            ["-fsS", "--compressed", "--etag-compare", &tag, "--etag-save", &tag, "-H", &key, "-o", &file, &url];
        let (fine, said) = run("curl", &arguments);
        assert!(fine, "{said}");
        file
    }
}

#[test]
fn firewalls_take_the_lists() {
    if !has("curl") || !has("nft") {
        return;
    }
    let bed = Bed::start();
    let file = bed.fetch("all/addresses.nft");
    // Twice: the second time replaces the first. In a network namespace of its own.
    let script = format!("nft -c -f {file} && nft -f {file} && nft -f {file} && nft list table inet sipar");
    let (fine, said) = run("unshare", &["-rn", "sh", "-c", &script]);
    assert!(fine, "{said}");
    for expect in ["203.0.113.66", "198.51.100.0/24", "2001:db8::66"] {
        assert_eq!(said.matches(expect).count(), 1, "{said}");
    }
    let same = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(fs::metadata(bed.fetch("all/addresses.nft")).unwrap().modified().unwrap(), same, "it was sent again");
    let hosts = fs::read_to_string(bed.fetch("phishing/hosts.txt")).unwrap();
    assert!(hosts.contains("\n0.0.0.0 bad.example\n"), "{hosts}");
}

#[test]
fn web_servers_take_the_lists() {
    if !has("curl") || !has("haproxy") || !has("nginx") {
        return;
    }
    let bed = Bed::start();
    let at = |name: &str| bed.home.path(name).display().to_string();
    let haproxy = format!(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n\
         frontend web\n  bind unix@{}\n  http-request deny deny_status 403 if {{ hdr_ip(x-test) -f {} }}\n  \
         http-request return status 200\n",
        at("haproxy.sock"),
        bed.fetch("all/addresses.txt")
    );
    let config = bed.home.write("haproxy.cfg", &haproxy).display().to_string();
    let _haproxy = Running::from(Command::new("haproxy").args(["-q", "-db", "-f", &config]).spawn().unwrap());
    // `geo` in the guide looks at the client's own address; here at one that the test gives.
    let nginx = format!(
        "daemon off;\nmaster_process off;\nerror_log {};\npid {};\nevents {{}}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path {tmp};\n  proxy_temp_path {tmp};\n  fastcgi_temp_path {tmp};\n  uwsgi_temp_path {tmp};\n  \
         scgi_temp_path {tmp};\n  geo $http_x_test $sipar_blocked {{\n    default 0;\n    include {};\n  }}\n  \
         server {{\n    listen unix:{};\n    if ($sipar_blocked) {{ return 403; }}\n    return 200;\n  }}\n}}\n",
        at("nginx.log"),
        at("nginx.pid"),
        bed.fetch("all/addresses.geo"),
        at("nginx.sock"),
        tmp = at("nginx.tmp"),
    );
    let config = bed.home.write("nginx.conf", &nginx).display().to_string();
    let _nginx = Running::from(Command::new("nginx").args(["-c", &config, "-p", &at("")]).spawn().unwrap());
    for socket in ["haproxy.sock", "nginx.sock"] {
        let status = |address: &str| {
            let (path, header) = (at(socket), format!("X-Test: {address}"));
            let ask =
                ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", &path, "-H", &header, "http://x/"];
            run("curl", &ask).1
        };
        until(socket, || (status("192.0.2.1") == "200").then_some(()));
        for (address, expect) in
            [("203.0.113.66", "403"), ("198.51.100.99", "403"), ("2001:db8::66", "403"), ("203.0.113.67", "200")]
        {
            assert_eq!(status(address), expect, "{socket} {address}");
        }
    }
}
