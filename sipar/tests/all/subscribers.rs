//! Zones out, in other people's resolvers: a decision is enforced in each, and undone in each, by the very commands
//! and configuration that the guide shows (`docs/src/zones.md`; a test in `areas/zones` compares it with what is
//! printed here).

use crate::{
    support::{
        Home,
        foreign::{Running, free_port, has},
        server::Server,
        until,
        upstream::Upstream,
    },
    zones::{dig, home, key},
};
use std::{cell::Cell, collections::BTreeMap, net::SocketAddr};

const PAGE: &str = include_str!("../../../docs/src/zones.md");

/// The first command of the guide that begins so, with what it says about other people's machines put right.
fn command(begins: &str, changes: &[(&str, &str)]) -> Vec<String> {
    let mut line = PAGE.lines().filter_map(|line| line.strip_prefix("    ")).find(|line| line.starts_with(begins));
    let mut line = line.take().unwrap_or_else(|| panic!("the guide has no command `{begins}`")).to_owned();
    for (old, new) in changes {
        assert!(line.contains(old), "`{old}` is not in `{line}`");
        line = line.replace(old, new);
    }
    line.split(' ').skip(1).map(str::to_owned).collect()
}

/// What `subscriber add` printed, by the file that it belongs into.
fn files(printed: &str) -> BTreeMap<&str, &str> {
    printed.split("\n# ").skip(1).filter_map(|part| part.split_once('\n')).collect()
}

/// A resolver that takes the zone of everything.
pub struct Peer {
    name: &'static str,
    subscriber: &'static str,
    address: SocketAddr,
    /// Whether it looks at the addresses in answers too.
    takes_addresses: bool,
    asked: Cell<u32>,
    _running: Vec<Running>,
}

impl Peer {
    fn start(name: &'static str, subscriber: &'static str, port: u16, running: Vec<Running>) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self { name, subscriber, address, takes_addresses: true, asked: Cell::new(0), _running: running }
    }

    /// Whether a fresh name below `name` is blocked. Fresh, for what was answered once may be kept.
    pub fn blocks(&self, name: &str) -> bool {
        self.asked.set(self.asked.get() + 1);
        dig(self.address, &[&format!("n{}.{name}", self.asked.get()), "A"]).contains("status: NXDOMAIN")
    }

    pub fn resolves(&self, name: &str) -> bool {
        self.asked.set(self.asked.get() + 1);
        dig(self.address, &["+short", &format!("n{}.{name}", self.asked.get()), "A"]).contains("192.0.2.1")
    }
}

/// Writes a name server's configuration for a port out of what was printed; returns how it is started with that.
type Arguments<'a> = dyn Fn(u16, &BTreeMap<&str, &str>) -> Vec<String> + 'a;

/// A control plane with zones, and resolvers that ask `upstream` for the rest.
pub struct Bed {
    pub home: Home,
    pub server: Server,
    upstream: Upstream,
}

impl Bed {
    pub fn start() -> Self {
        let upstream = Upstream::start();
        let home = home(&upstream.address.to_string());
        home.ok(&["block", "first.example", "--reason", "a test of zones"]);
        let server = Server::serve(&home);
        Self { home, server, upstream }
    }

    fn run(&self, begins: &str, changes: &[(&str, &str)]) -> String {
        let arguments = command(begins, changes);
        self.home.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Adds a subscriber as the guide adds the first; returns what that printed.
    fn add(&self, slug: &str, port: u16) -> String {
        let notify = format!("127.0.0.1:{port}");
        self.run("sipar subscriber add isp-one", &[("isp-one", slug), ("198.51.100.1:53", &notify)])
    }

    fn bind(&self) -> Peer {
        self.bind_with("")
    }

    /// BIND with `more` in its configuration.
    pub fn bind_with(&self, more: &str) -> Peer {
        let port = free_port();
        let printed = self.add("bind", port);
        let files = files(&printed);
        let (folder, upstream) = (self.home.path("bind"), self.upstream.address.port());
        let text = format!(
            "options {{ directory \"{}\"; pid-file none; listen-on port {port} {{ 127.0.0.1; }};\n\
             listen-on-v6 {{ none; }}; recursion yes; dnssec-validation no;\n\
             forwarders {{ 127.0.0.1 port {upstream}; }}; forward only;\n{}}};\ncontrols {{ }};\n{more}{}",
            folder.display(),
            files["named.conf.options"],
            files["named.conf"],
        );
        let file = self.home.write("bind/named.conf", &text).display().to_string();
        Peer::start("BIND", "bind", port, vec![Running::start("named", &["-f", "-n", "1", "-c", &file])])
    }

    fn unbound(&self) -> Peer {
        self.unbound_with("", "")
    }

    /// Unbound with `more` before its configuration, and `log` behind its policy zone's.
    pub fn unbound_with(&self, more: &str, log: &str) -> Peer {
        let port = free_port();
        let notify = format!("127.0.0.1:{port}");
        let changes =
            [("isp-two", "unbound"), ("198.51.100.2:53", notify.as_str()), ("198.51.100.0/24", "127.0.0.1/32")];
        let printed = self.run("sipar subscriber add isp-two", &changes);
        let (folder, upstream) = (self.home.path("unbound"), self.upstream.address.port());
        let text = format!(
            "server:\n  interface: 127.0.0.1\n  port: {port}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  \
             directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n  do-not-query-localhost: no\n  do-ip6: no\n\
             forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@{upstream}\n\
             remote-control:\n  control-enable: no\n{more}{}{log}",
            folder.display(),
            files(&printed)["unbound.conf"],
        );
        let file = self.home.write("unbound/unbound.conf", &text).display().to_string();
        Peer::start("Unbound", "unbound", port, vec![Running::start("unbound", &["-d", "-c", &file])])
    }

    fn knot_resolver(&self) -> Peer {
        self.knot_resolver_with(None)
    }

    /// Knot Resolver with `rules` in place of those that are printed; its log is `knot/log`.
    pub fn knot_resolver_with(&self, rules: Option<&str>) -> Peer {
        let (port, knot) = (free_port(), free_port());
        let printed = self.add("knot", knot);
        let files = files(&printed);
        let (folder, upstream) = (self.home.path("knot").display().to_string(), self.upstream.address.port());
        let here = |text: &str| text.replace("/var/lib/knot", &folder);
        let text = format!(
            "server:\n  rundir: {folder}\n  listen: 127.0.0.1@{knot}\ndatabase:\n  storage: {folder}\n{}",
            here(files["knot.conf"])
        );
        let file = self.home.write("knot/knot.conf", &text).display().to_string();
        let knot = Running::start("knotd", &["-c", &file]);
        let zone = self.home.path("knot/all.rpz.sipar.zone");
        until("Knot DNS has the zone", || zone.exists().then_some(()));
        let text = format!(
            "net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})\nnet.ipv6 = false\ntrust_anchors.remove('.')\n\
             cache.open(10 * MB, 'lmdb://{folder}')\n{}policy.add(policy.all(policy.STUB('127.0.0.1@{upstream}')))\n",
            here(rules.unwrap_or(files["kresd.conf"]))
        );
        let file = self.home.write("knot/kresd.conf", &text).display().to_string();
        let log = self.home.path("knot/log");
        let kresd = Running::start_logging("kresd", &["-n", "-c", &file, &folder], &log);
        Peer { takes_addresses: false, ..Peer::start("Knot Resolver", "knot", port, vec![kresd, knot]) }
    }

    fn powerdns(&self) -> Peer {
        self.powerdns_with("")
    }

    /// PowerDNS Recursor with `script` for `lua-dns-script`; its log is `powerdns/log`.
    pub fn powerdns_with(&self, script: &str) -> Peer {
        let port = free_port();
        let printed = self.add("powerdns", port);
        let lua = self.home.write("powerdns/recursor.lua", files(&printed)["recursor.lua"]);
        let script = self.home.write("powerdns/dns.lua", script);
        let (folder, upstream) = (self.home.path("powerdns").display().to_string(), self.upstream.address.port());
        let text = format!(
            "local-address=127.0.0.1\nlocal-port={port}\nthreads=1\ndaemon=no\nsetuid=\nsetgid=\nsocket-dir={folder}\n\
             config-dir={folder}\nforward-zones-recurse=.=127.0.0.1:{upstream}\ndont-query=\ndnssec=off\n\
             lua-config-file={}\nlua-dns-script={}\nsecurity-poll-suffix=\nhint-file=no\n",
            lua.display(),
            script.display()
        );
        self.home.write("powerdns/recursor.conf", &text);
        let log = self.home.path("powerdns/log");
        let running = Running::start_logging("pdns_recursor", &[&format!("--config-dir={folder}")], &log);
        Peer::start("PowerDNS Recursor", "powerdns", port, vec![running])
    }

    /// NSD and BIND with the lists, each as a subscriber of its own.
    fn list_servers(&self) -> [(SocketAddr, &'static str, Running); 2] {
        let start = |slug: &'static str, program, arguments: &Arguments<'_>| {
            let port = free_port();
            let notify = format!("127.0.0.1:{port}");
            let changes = [("mail-one", slug), ("198.51.100.3:53", notify.as_str())];
            let printed = self.run("sipar subscriber add mail-one", &changes);
            let arguments = arguments(port, &files(&printed));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            (SocketAddr::from(([127, 0, 0, 1], port)), slug, Running::start(program, &arguments))
        };
        let nsd = start("mail-nsd", "nsd", &|port, files| {
            let folder = self.home.path("nsd").display().to_string();
            let text = format!(
                "server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 1\n  username: \"\"\n  zonesdir: \"{folder}\"\n  \
                 xfrdir: \"{folder}\"\n  xfrdfile: \"{folder}/xfrd.state\"\n  database: \"\"\n  pidfile: \"\"\n  \
                 zonelistfile: \"{folder}/zone.list\"\nremote-control:\n  control-enable: no\n{}",
                files["nsd.conf"]
            );
            let file = self.home.write("nsd/nsd.conf", &text);
            vec!["-d".into(), "-c".into(), file.display().to_string()]
        });
        let bind = start("mail-bind", "named", &|port, files| {
            let folder = self.home.path("lists");
            let text = format!(
                "options {{ directory \"{}\"; pid-file none; listen-on port {port} {{ 127.0.0.1; }};\n\
                 listen-on-v6 {{ none; }}; recursion no; }};\ncontrols {{ }};\n{}",
                folder.display(),
                files["named.conf"],
            );
            let file = self.home.write("lists/named.conf", &text);
            ["-f", "-n", "1", "-c", &file.display().to_string()].map(str::to_owned).into()
        });
        [nsd, bind]
    }

    /// Ends the block of `observable`.
    fn undo(&self, observable: &str) {
        let listed = self.server.get(&self.home, "/api/v1/shield/decisions").json();
        let one = listed.as_array().unwrap().iter().find(|one| one["observable"]["value"] == observable);
        self.home.ok(&["undo", &one.unwrap()["number"].to_string(), "--reason", "a test of zones"]);
    }
}

/// How a subscriber stands, as the API says it.
fn standing(bed: &Bed, slug: &str) -> serde_json::Value {
    let all = bed.server.get(&bed.home, "/api/v1/zones/subscribers").json();
    all["subscribers"].as_array().unwrap().iter().find(|one| one["slug"] == slug).unwrap().clone()
}

#[test]
fn each_resolver_enforces_a_decision_and_its_end_by_changes_alone() {
    if !["dig", "named", "unbound", "knotd", "kresd", "pdns_recursor"].into_iter().all(has) {
        return;
    }
    let bed = Bed::start();
    let peers = [bed.bind(), bed.unbound(), bed.knot_resolver(), bed.powerdns()];
    let each = |what: &str, probe: &dyn Fn(&Peer) -> bool| {
        for peer in &peers {
            until(&format!("{}: {what}", peer.name), || probe(peer).then_some(()));
        }
    };
    each("it has the zone", &|peer| peer.blocks("first.example"));
    each("what is not blocked resolves", &|peer| peer.resolves("second.example"));

    bed.home.ok(&["block", "second.example", "--reason", "a test of zones"]);
    each("it enforces a decision", &|peer| peer.blocks("second.example"));
    bed.undo("second.example");
    each("it undoes the decision", &|peer| peer.resolves("second.example"));
    each("it undoes nothing else", &|peer| peer.blocks("first.example"));

    // Every name that is not blocked has this address.
    bed.home.ok(&["block", "192.0.2.1", "--category", "malware", "--reason", "a test of zones"]);
    each("it looks at addresses", &|peer| peer.blocks("third.example") == peer.takes_addresses);
    bed.undo("192.0.2.1");
    each("it undoes an address", &|peer| peer.resolves("third.example"));

    each("changes alone were transferred", &|peer| {
        let standing = standing(&bed, peer.subscriber);
        standing["lag_ms"] == 0 && standing["events"]["axfr"] == 1 && standing["events"]["ixfr"].as_u64() >= Some(3)
    });
}

#[test]
fn lists_are_served_on_by_name_servers_of_others() {
    if !["dig", "named", "nsd"].into_iter().all(has) {
        return;
    }
    let bed = Bed::start();
    let servers = bed.list_servers();
    let each = |what: &str, name: &str, expect: &str| {
        for (address, slug, _) in &servers {
            // Between columns it puts tabs or, behind long names, blanks.
            let answer = || dig(*address, &[name, "A"]).replace('\t', " ");
            until(&format!("{slug}: {what}"), || answer().contains(expect).then_some(()));
        }
    };
    each("the test entry", "2.0.0.127.all.ip4.bl.sipar", "A 127.0.0.2");
    each("names", "www.first.example.all.name.bl.sipar", "A 127.0.0.5");
    each("what is not listed", "99.2.0.192.all.ip4.bl.sipar", "status: NXDOMAIN");
    bed.home.ok(&["block", "192.0.2.64/26", "--category", "malware", "--reason", "a test of zones"]);
    bed.home.ok(&["block", "2001:db8::/32", "--category", "c2", "--reason", "a test of zones"]);
    each("a network", "99.2.0.192.all.ip4.bl.sipar", "A 127.0.0.3");
    each("outside of it", "9.2.0.192.all.ip4.bl.sipar", "status: NXDOMAIN");
    let v6 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.all.ip6.bl.sipar";
    each("a network of IPv6", v6, "A 127.0.0.4");
    bed.undo("192.0.2.64/26");
    each("it is undone", "99.2.0.192.all.ip4.bl.sipar", "status: NXDOMAIN");
    for (address, slug, _) in &servers {
        assert!(
            dig(*address, &["first.example.all.name.bl.sipar", "TXT"]).contains("\"listed for phishing\""),
            "{slug}"
        );
        until(&format!("{slug}: changes alone were transferred"), || {
            let standing = standing(&bed, slug);
            let count = |kind: &str| standing["events"][kind].as_u64().unwrap_or(0);
            // NSD 4.6 asks for everything by itself when two changes come within its own second between reloads.
            let whole = *slug == "mail-nsd" || count("axfr") == 3;
            (standing["lag_ms"] == 0 && whole && count("ixfr") >= 3).then_some(())
        });
    }
}

#[test]
fn every_command_of_the_guide_does_what_it_says() {
    if !["dig", "named"].into_iter().all(has) {
        return;
    }
    let bed = Bed::start();
    let zones = bed.server.address("zones");
    let own = key(&bed.run("sipar subscriber add isp-one", &[]));
    bed.run("sipar subscriber add isp-two", &[]);
    let port = zones.port().to_string();
    let whole = command(
        "dig @192.0.2.1",
        &[
            ("192.0.2.1", "127.0.0.1"),
            ("-p 53", &format!("-p {port}")),
            ("hmac-sha256:isp-one-1.key.rpz.sipar:SECRET", &own),
        ],
    );
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    until("the zone is served", || dig(zones, &whole).contains("first.example.all.rpz.sipar.").then_some(()));
    let peer = bed.bind();
    let ask = [
        ("198.51.100.1", "127.0.0.1"),
        ("-p 53", &format!("-p {}", peer.address.port())),
        ("www.blocked.example", "www.first.example"),
    ];
    let ask = command("dig @198.51.100.1", &ask);
    let ask: Vec<&str> = ask.iter().map(String::as_str).collect();
    until("BIND names its policy zone", || {
        let answer = dig(peer.address, &ask);
        (answer.contains("NXDOMAIN") && answer.contains("all.rpz.sipar")).then_some(())
    });

    let reason = [("\"it serves nothing but malware\"", "a-test-of-zones")];
    bed.run("sipar block ns1.evil.example", &reason);
    bed.run("sipar block 192.0.2.53", &reason);
    assert!(bed.run("sipar check ns:ns1.evil.example", &[]).contains("a-test-of-zones"));
    until("name servers are in the zone", || {
        let zone = dig(zones, &whole);
        ["ns1.evil.example.rpz-nsdname", "32.53.2.0.192.rpz-nsip"].iter().all(|one| zone.contains(one)).then_some(())
    });

    assert_ne!(key(&bed.run("sipar subscriber rotate", &[])), own);
    bed.run("sipar subscriber contact", &[]);
    let listed = bed.run("sipar subscriber list", &[]);
    assert!(listed.contains("isp-one") && listed.contains("nobody is warned, because no mail is set up"));
    bed.run("sipar subscriber remove", &[]);
    assert!(!bed.run("sipar subscriber list", &[]).contains("isp-one"));
    assert!(dig(zones, &whole).contains("BADKEY"));
    // Nothing in the guide goes untried here.
    let told = PAGE.lines().filter(|line| line.starts_with("    sipar ") || line.starts_with("    dig ")).count();
    // The two of lists are run above.
    assert_eq!(told, 11 + 2);
}
