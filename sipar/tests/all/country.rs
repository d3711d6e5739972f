//! A small country, each part in a network of its own: a control plane, two edges, and two providers whose own
//! resolvers take the zone. One edge and one provider are cut off from the control plane, and come back.

use crate::support::{
    Home, Ran,
    dns::{NOERROR, NXDOMAIN, ask},
    foreign::{Running, has},
    network::Network,
    program, required,
    server::{self, Server},
    until,
    upstream::Upstream,
};
use serde_json::Value;
use std::{fs, net::SocketAddr, process::Command};

const PLACES: [&str; 6] = ["control", "lahore", "quetta", "isp-one", "isp-two", "root"];
const PORTAL: u16 = 8080;
const DNS: u16 = 53;

/// The country and all that runs in it.
struct Country {
    // In the order in which they end.
    isps: Vec<Running>,
    edges: Vec<Server>,
    control: Server,
    _root: Upstream,
    home: Home,
    network: Network,
}

impl Country {
    fn start(network: Network) -> Self {
        let root = network.at("root", || Upstream::start_at(&format!("{}:{DNS}", network.address("root"))));
        let home = Home::new(&root.address.to_string());
        let here = network.address("control");
        let text = fs::read_to_string(home.path("sipar.toml")).unwrap();
        let text = text.replacen("127.0.0.1:0", &format!("{here}:{PORTAL}"), 1);
        fs::write(home.path("sipar.toml"), format!("{text}[zones]\nlisten = [\"{here}:{DNS}\"]\n")).unwrap();
        for name in ["first.example", "met.example"] {
            home.ok(&["block", name, "--reason", "a test of a country"]);
        }
        let control = Server::start(&mut network.command("control", &home.command(&["serve"])));
        control.wait_for_line("sign in");
        let mut country = Self { isps: Vec::new(), edges: Vec::new(), control, _root: root, home, network };
        country.edges = vec![country.edge("lahore"), country.edge("quetta")];
        country.isps = vec![country.bind("isp-one"), country.unbound("isp-two")];
        country
    }

    /// Runs a command where the control plane is.
    fn ok(&self, arguments: &[&str]) -> String {
        Ran::of(&mut self.network.command("control", &self.home.command(arguments))).ok()
    }

    fn get(&self, path: &str) -> Value {
        let portal = SocketAddr::from((self.network.address("control"), PORTAL));
        let key = server::operator_key(&self.home);
        self.network.at("control", || server::get(portal, path, &key)).json()
    }

    fn edge(&self, place: &str) -> Server {
        let folder = self.home.path(place);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("identity"), self.ok(&["edges", "add", place])).unwrap();
        let key = self.ok(&["snapshot", "key"]).trim().to_owned();
        let mut edge = program();
        edge.args(["edge", "--workers", "1", "--key", &key]);
        edge.args(["--from", &format!("http://{}:{PORTAL}", self.network.address("control"))]);
        edge.args(["--dns", &format!("{}:{DNS}", self.network.address(place))]);
        edge.args(["--upstream", &format!("{}:{DNS}", self.network.address("root"))]);
        edge.arg("--identity").arg(folder.join("identity")).arg("--data").arg(&folder);
        Server::start(&mut self.network.command(place, &edge))
    }

    /// Adds the provider as a subscriber; returns what it is told to put into its files.
    fn subscribe(&self, place: &str, more: &[&str]) -> String {
        let notify = format!("{}:{DNS}", self.network.address(place));
        self.ok(&[&["subscriber", "add", place, "--notify", &notify], more].concat())
    }

    fn run(&self, place: &str, program: &str, arguments: &[&str]) -> Running {
        let mut command = Command::new(program);
        command.args(arguments);
        Running::from(self.network.command(place, &command).spawn().unwrap())
    }

    fn bind(&self, place: &str) -> Running {
        let printed = self.subscribe(place, &[]);
        let folder = self.home.path(place).display().to_string();
        let text = format!(
            "options {{ directory \"{folder}\"; pid-file none; listen-on {{ {}; }}; listen-on-v6 {{ none; }};\n\
             recursion yes; dnssec-validation no; forwarders {{ {}; }}; forward only;\n{}}};\ncontrols {{ }};\n{}",
            self.network.address(place),
            self.network.address("root"),
            part(&printed, "named.conf.options"),
            part(&printed, "named.conf"),
        );
        let file = self.home.write(&format!("{place}/named.conf"), &text).display().to_string();
        self.run(place, "named", &["-g", "-n", "1", "-c", &file])
    }

    fn unbound(&self, place: &str) -> Running {
        let own = format!("{}/32", self.network.address(place));
        let printed = self.subscribe(place, &["--unsigned-from", &own]);
        let folder = self.home.path(place).display().to_string();
        let text = format!(
            "server:\n  interface: {}\n  access-control: 10.77.0.0/24 allow\n  do-daemonize: no\n  username: \"\"\n  \
             chroot: \"\"\n  directory: \"{folder}\"\n  pidfile: \"\"\n  use-syslog: no\n  do-ip6: no\n\
             forward-zone:\n  name: \".\"\n  forward-addr: {}\nremote-control:\n  control-enable: no\n{}",
            self.network.address(place),
            self.network.address("root"),
            part(&printed, "unbound.conf"),
        );
        let file = self.home.write(&format!("{place}/unbound.conf"), &text).display().to_string();
        self.run(place, "unbound", &["-d", "-c", &file])
    }

    /// What a citizen there is told about a name; of late, for what was answered before may be kept for a while.
    fn told(&self, place: &str, name: &str) -> Option<u8> {
        let resolver = SocketAddr::from((self.network.address(place), DNS));
        self.network.at("root", || ask(resolver, name))
    }

    fn until_told(&self, places: &[&str], name: &str, code: u8) {
        let mut times = 0;
        for place in places {
            until(&format!("{place} answers {code} for what is under {name}"), || {
                times += 1;
                (self.told(place, &format!("n{times}.{name}")) == Some(code)).then_some(())
            });
        }
    }

    /// How often something was met, as the control plane knows.
    fn met(&self, name: &str) -> u64 {
        let check = self.get(&format!("/api/v1/check?what={name}"));
        let seen = check["reasons"].as_array().unwrap().iter().find(|reason| reason["kind"] == "seen");
        seen.and_then(|seen| seen["data"]["count"].as_u64()).unwrap_or(0)
    }

    fn edge_told(&self, name: &str) -> Value {
        let edges = self.get("/api/v1/edges");
        edges["edges"].as_array().unwrap().iter().find(|edge| edge["name"] == name).unwrap().clone()
    }

    fn subscriber(&self, slug: &str) -> Value {
        let all = self.get("/api/v1/zones/subscribers");
        all["subscribers"].as_array().unwrap().iter().find(|one| one["slug"] == slug).unwrap().clone()
    }

    fn undo(&self, observable: &str) {
        let listed = self.get("/api/v1/shield/decisions");
        let one = listed.as_array().unwrap().iter().find(|one| one["observable"]["value"] == observable).unwrap();
        self.ok(&["undo", &one["number"].to_string(), "--reason", "a test of a country"]);
    }
}

/// What belongs into the file of that name.
fn part<'a>(printed: &'a str, file: &str) -> &'a str {
    let mut parts = printed.split("\n# ").filter_map(|part| part.split_once('\n'));
    parts.find(|(name, _)| *name == file).map(|(_, text)| text).unwrap()
}

#[test]
fn a_country_is_protected_also_where_it_is_cut_off_for_a_while() {
    if !["ip", "named", "unbound"].into_iter().all(has) {
        return;
    }
    let Some(network) = Network::of(&PLACES) else {
        assert!(!required("SIPAR_TEST_TOOLS_REQUIRED"), "networks of one's own need root");
        return;
    };
    let country = Country::start(network);
    let everywhere = ["lahore", "quetta", "isp-one", "isp-two"];
    let (near, far) = (["lahore", "isp-two"], ["quetta", "isp-one"]);
    country.until_told(&everywhere, "first.example", NXDOMAIN);
    country.until_told(&everywhere, "second.example", NOERROR);
    until("both edges told that they are well", || {
        ["lahore", "quetta"].iter().all(|name| country.edge_told(name)["healthy"] == true).then_some(())
    });

    far.iter().for_each(|place| country.network.cut(place, "control"));
    country.ok(&["block", "second.example", "--reason", "a test of a country"]);
    country.undo("first.example");
    country.until_told(&near, "second.example", NXDOMAIN);
    country.until_told(&near, "first.example", NOERROR);
    // Cut off, both go on with what they knew: protected, and answering.
    for place in far {
        assert_eq!(country.told(place, "cut.first.example"), Some(NXDOMAIN), "{place}");
        assert_eq!(country.told(place, "cut.second.example"), Some(NOERROR), "{place}");
    }
    for name in ["one.met.example", "two.met.example"] {
        assert_eq!(country.told("quetta", name), Some(NXDOMAIN));
    }
    until("the control plane sees who is behind, and who is not", || {
        let edges = ["quetta", "lahore"].map(|name| country.edge_told(name)["behind"].as_u64() > Some(0));
        let isps = ["isp-one", "isp-two"].map(|slug| country.subscriber(slug)["lag_ms"].as_u64() > Some(0));
        (edges == [true, false] && isps == [true, false]).then_some(())
    });

    far.iter().for_each(|place| country.network.mend(place, "control"));
    country.until_told(&far, "second.example", NXDOMAIN);
    country.until_told(&far, "first.example", NOERROR);
    until("what was met meanwhile is known", || (country.met("met.example") == 2).then_some(()));
    until("nobody is behind", || {
        let edges = ["lahore", "quetta"].iter().all(|name| country.edge_told(name)["behind"] == 0);
        let isps = ["isp-one", "isp-two"].iter().all(|slug| country.subscriber(slug)["lag_ms"] == 0);
        (edges && isps).then_some(())
    });
    // By changes alone: nobody had to take everything again.
    for slug in ["isp-one", "isp-two"] {
        assert_eq!(country.subscriber(slug)["events"]["axfr"], 1, "{slug}");
    }
    let Country { isps, edges, control, .. } = country;
    drop(isps);
    edges.into_iter().for_each(Server::stop);
    control.stop();
}
