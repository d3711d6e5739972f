//! Name servers listed for what they answer for, in resolvers that find their way from the root by themselves: a small
//! world of a root, a server of names, and three providers, each in a network of its own.

use crate::support::{
    Home, Ran,
    dns::{NOERROR, NXDOMAIN, ask},
    foreign::{Running, has},
    network::Network,
    required,
    server::{self, Server},
    until,
    upstream::Upstream,
};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

const PLACES: [&str; 6] = ["control", "root", "world", "bind", "unbound", "powerdns"];
const RESOLVERS: [&str; 3] = ["bind", "unbound", "powerdns"];
const PORTAL: u16 = 8080;
const DNS: u16 = 53;

/// The server of `bad.example`, by its name and address, and that of everything else (RFC 5737).
const BAD: [&str; 2] = ["dns.fine.example", "192.0.2.53"];
const FINE: &str = "203.0.113.53";

const FINE_ZONE: &str =
    "@ IN NS ns1\nns1 IN A 203.0.113.53\ndns IN A 192.0.2.53\n*.dns IN A 198.51.100.8\n* IN A 198.51.100.8\n";
const BAD_ZONE: &str = "@ IN NS dns.fine.example.\n* IN A 198.51.100.7\n";
const ROOT_ZONE: &str = "fine.example. IN NS ns1.fine.example.\nns1.fine.example. IN A 203.0.113.53\n\
                         bad.example. IN NS dns.fine.example.\n";

struct World {
    // In the order in which they end.
    resolvers: Vec<Running>,
    _names: Vec<Running>,
    control: Server,
    _upstream: Upstream,
    home: Home,
    network: Network,
    /// How often a name was asked for; each is asked for once, for answers may be kept.
    asked: AtomicU32,
}

impl World {
    fn start(network: Network) -> Self {
        for address in [BAD[1], FINE] {
            network.add_address("world", address);
            for place in RESOLVERS {
                network.add_route(place, address, "world");
            }
        }
        let upstream = network.at("control", Upstream::start);
        let home = Home::new(&upstream.address.to_string());
        let here = network.address("control");
        let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
        let text = text.replacen("127.0.0.1:0", &format!("{here}:{PORTAL}"), 1);
        fs::write(home.path("sipar.toml"), format!("{text}[zones]\nlisten = [\"{here}:{DNS}\"]\n")).unwrap();
        home.ok(&["block", "first.example", "--reason", "a test of name servers"]);
        let control = Server::start(&mut network.command("control", &home.command(&["serve"])));
        control.wait_for_line("sign in");
        let mut world = Self {
            resolvers: Vec::new(),
            _names: Vec::new(),
            control,
            _upstream: upstream,
            home,
            network,
            asked: AtomicU32::default(),
        };
        let root = world.network.address("root").to_string();
        let root_zone = format!("@ IN NS a.root.\na.root. IN A {root}\n{ROOT_ZONE}");
        world._names = vec![
            world.nsd("root", &[&root], &[(".", &root_zone)]),
            world.nsd("world", &[BAD[1], FINE], &[("fine.example.", FINE_ZONE), ("bad.example.", BAD_ZONE)]),
        ];
        world.resolvers = vec![world.bind(), world.unbound(), world.powerdns()];
        world
    }

    /// Runs a command where the control plane is.
    fn ok(&self, arguments: &[&str]) -> String {
        Ran::of(&mut self.network.command("control", &self.home.command(arguments))).ok()
    }

    fn run(&self, place: &str, program: &str, arguments: &[&str]) -> Running {
        let mut command = Command::new(program);
        command.args(arguments);
        Running::from(self.network.command(place, &command).spawn().unwrap())
    }

    fn nsd(&self, place: &str, addresses: &[&str], zones: &[(&str, &str)]) -> Running {
        let folder = self.home.path(place).display().to_string();
        let listen: String = addresses.iter().map(|address| format!("  ip-address: {address}@{DNS}\n")).collect();
        let mut text = format!(
            "server:\n{listen}  server-count: 1\n  username: \"\"\n  zonesdir: \"{folder}\"\n  xfrdir: \"{folder}\"\n  \
             xfrdfile: \"{folder}/xfrd.state\"\n  database: \"\"\n  pidfile: \"\"\n  zonelistfile: \"{folder}/zone.list\"\n\
             remote-control:\n  control-enable: no\n"
        );
        for (number, (name, records)) in zones.iter().enumerate() {
            let zone = format!("$TTL 60\n@ IN SOA a.root. hostmaster.root. 1 3600 600 86400 60\n{records}");
            let file = self.home.write(&format!("{place}/{number}.zone"), &zone).display().to_string();
            text += &format!("zone:\n  name: \"{name}\"\n  zonefile: \"{file}\"\n");
        }
        let file = self.home.write(&format!("{place}/nsd.conf"), &text).display().to_string();
        self.run(place, "nsd", &["-d", "-c", &file])
    }

    /// Adds a provider as a subscriber; returns what it is told to put into its files.
    fn subscribe(&self, place: &str, more: &[&str]) -> String {
        let notify = format!("{}:{DNS}", self.network.address(place));
        self.ok(&[&["subscriber", "add", place, "--notify", &notify], more].concat())
    }

    /// A file that says where the root is.
    fn hints(&self, place: &str) -> String {
        let text = format!(". 3600 IN NS a.root.\na.root. 3600 IN A {}\n", self.network.address("root"));
        self.home.write(&format!("{place}/hints"), &text).display().to_string()
    }

    fn bind(&self) -> Running {
        let printed = self.subscribe("bind", &[]);
        let text = format!(
            "options {{ directory \"{}\"; pid-file none; listen-on {{ {}; }}; listen-on-v6 {{ none; }};\n\
             recursion yes; allow-recursion {{ any; }}; dnssec-validation no;\n{}}};\ncontrols {{ }};\n\
             zone \".\" {{ type hint; file \"{}\"; }};\n{}",
            self.home.path("bind").display(),
            self.network.address("bind"),
            files(&printed)["named.conf.options"],
            self.hints("bind"),
            files(&printed)["named.conf"],
        );
        let file = self.home.write("bind/named.conf", &text).display().to_string();
        self.run("bind", "named", &["-g", "-4", "-n", "1", "-c", &file])
    }

    fn unbound(&self) -> Running {
        let own = format!("{}/32", self.network.address("unbound"));
        let printed = self.subscribe("unbound", &["--unsigned-from", &own]);
        let text = format!(
            "server:\n  interface: {}\n  access-control: 10.77.0.0/24 allow\n  do-daemonize: no\n  username: \"\"\n  \
             chroot: \"\"\n  directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n  do-ip6: no\n  root-hints: \"{}\"\n\
             remote-control:\n  control-enable: no\n{}  rpz-log: yes\n  rpz-log-name: \"all.rpz.sipar\"\n",
            self.network.address("unbound"),
            self.home.path("unbound").display(),
            self.hints("unbound"),
            files(&printed)["unbound.conf"],
        );
        let file = self.home.write("unbound/unbound.conf", &text).display().to_string();
        self.run("unbound", "unbound", &["-d", "-c", &file])
    }

    fn powerdns(&self) -> Running {
        let printed = self.subscribe("powerdns", &[]);
        let lua = self.home.write("powerdns/recursor.lua", files(&printed)["recursor.lua"]);
        let folder = self.home.path("powerdns").display().to_string();
        let text = format!(
            "local-address={}\nallow-from=10.77.0.0/24\nthreads=1\ndaemon=no\nsetuid=\nsetgid=\nsocket-dir={folder}\n\
             config-dir={folder}\ndont-query=\ndnssec=off\nlua-config-file={}\nsecurity-poll-suffix=\nhint-file={}\n",
            self.network.address("powerdns"),
            lua.display(),
            self.hints("powerdns"),
        );
        self.home.write("powerdns/recursor.conf", &text);
        self.run("powerdns", "pdns_recursor", &[&format!("--config-dir={folder}")])
    }

    /// Every resolver comes to answer so for what is under a name.
    fn until_told(&self, name: &str, code: u8) {
        for place in RESOLVERS {
            let resolver = SocketAddr::from((self.network.address(place), DNS));
            until(&format!("{place} answers {code} for what is under {name}"), || {
                let times = self.asked.fetch_add(1, Ordering::Relaxed);
                let told = self.network.at("control", || ask(resolver, &format!("n{times}.{name}")));
                (told == Some(code)).then_some(())
            });
        }
    }

    fn get(&self, path: &str) -> serde_json::Value {
        let portal = SocketAddr::from((self.network.address("control"), PORTAL));
        let key = server::operator_key(&self.home);
        self.network.at("control", || server::get(portal, path, &key)).json()
    }

    fn undo(&self, observable: &str) {
        let listed = self.get("/api/v1/shield/decisions?state=active");
        let one = listed.as_array().unwrap().iter().find(|one| one["observable"]["value"] == observable).unwrap();
        self.ok(&["undo", &one["number"].to_string(), "--reason", "a test of name servers"]);
    }
}

/// What a subscriber is told to put into each file.
fn files(printed: &str) -> BTreeMap<&str, &str> {
    printed.split("\n# ").skip(1).filter_map(|part| part.split_once('\n')).collect()
}

#[test]
fn what_a_listed_name_server_answers_for_is_blocked_and_nothing_else() {
    if !["ip", "nsd", "named", "unbound", "pdns_recursor"].into_iter().all(has) {
        return;
    }
    let Some(network) = Network::of(&PLACES) else {
        assert!(!required("SIPAR_TEST_TOOLS_REQUIRED"), "networks of one's own need root");
        return;
    };
    let world = World::start(network);
    world.until_told("bad.example", NOERROR);
    world.until_told("fine.example", NOERROR);
    for what in BAD {
        world.ok(&["block", what, "--name-server", "--category", "malware", "--reason", "a test of name servers"]);
        world.until_told("bad.example", NXDOMAIN);
        // The server's own name is served by another, and is not blocked itself.
        world.until_told(BAD[0], NOERROR);
        world.until_told("fine.example", NOERROR);
        let check = world.ok(&["check", what]);
        assert!(check.contains(&format!("`ns:{what}`")) && check.contains("does not list it"), "{check}");
        let check = world.ok(&["check", &format!("ns:{what}")]);
        assert!(check.contains("blocks it by decision"), "{check}");
        // What people allow stays open whoever serves it.
        world.ok(&["allow", "bad.example", "--reason", "a test of name servers"]);
        world.until_told("bad.example", NOERROR);
        world.undo("bad.example");
        world.until_told("bad.example", NXDOMAIN);
        world.undo(&format!("ns:{what}"));
        world.until_told("bad.example", NOERROR);
    }
    // By changes alone; but Unbound, which comes without a key, takes all once more to forget each.
    let all = world.get("/api/v1/zones/subscribers");
    for one in all["subscribers"].as_array().unwrap() {
        let whole = if one["slug"] == "unbound" { 3 } else { 1 };
        assert_eq!(one["events"]["axfr"], whole, "{one}");
    }
    let World { resolvers, control, .. } = world;
    drop(resolvers);
    control.stop();
}

#[test]
fn the_own_resolver_answers_for_what_is_listed_as_a_name_server_alone() {
    let upstream = Upstream::start();
    let home = Home::new(&upstream.address.to_string());
    for what in ["ns1.evil.example", "192.0.2.1"] {
        home.ok(&["block", what, "--name-server", "--reason", "a test of name servers"]);
    }
    home.ok(&["block", "both.example", "--reason", "a test of name servers"]);
    home.ok(&["block", "ns:both.example", "--reason", "a test of name servers"]);
    let server = Server::serve(&home);
    let dns = server.address("dns");
    until("it blocks names", || (ask(dns, "both.example") == Some(NXDOMAIN)).then_some(()));
    // The address of every name is one of a listed server.
    assert_eq!(ask(dns, "ns1.evil.example"), Some(NOERROR));
    assert_eq!(ask(dns, "www.ns1.evil.example"), Some(NOERROR));
    let refused = home.run(&["block", "https://evil.example/a", "--name-server", "--reason", "a test of name servers"]);
    assert!(refused.stderr.contains("is no name server"), "{}", refused.stderr);
    server.stop();
}
