//! Zones out, with other people's programs: `dig` takes them, and BIND enforces them.

use crate::support::{Home, Ran, required, server::Server, until};
use std::{
    fs,
    io::Write as _,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

/// Where Debian puts BIND, which is not on everybody's PATH.
const NAMED: &str = "/usr/sbin/named";

/// A home that serves zones.
fn home() -> Home {
    let home = Home::alone();
    let mut file = fs::OpenOptions::new().append(true).open(home.path("sipar.toml")).unwrap();
    file.write_all(b"[zones]\nlisten = [\"127.0.0.1:0\"]\n").unwrap();
    home
}

/// Name, algorithm and secret, as `dig -y` takes them, out of what `subscriber add` and `rotate` print.
fn key(printed: &str) -> String {
    let line = printed.lines().find_map(|line| line.strip_prefix("key ")).unwrap();
    let mut parts = line.split(' ');
    let (name, algorithm, secret) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    format!("{algorithm}:{name}:{secret}")
}

fn dig(server: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("dig");
    command.args(["@127.0.0.1", "-p", &server.port().to_string(), "+time=5", "+tries=1"]).args(arguments);
    Ran::of(&mut command).stdout
}

fn has_programs(names: &[&str]) -> bool {
    let missing = names.iter().find(|name| Command::new(name).arg("-v").output().is_err());
    assert!(missing.is_none() || !required("SIPAR_TEST_TOOLS_REQUIRED"), "{missing:?} is missing");
    missing.is_none()
}

/// Asks until the zone that is served has `serial` or a later one; returns it.
fn serial_from(server: SocketAddr, key: &str, serial: u64) -> u64 {
    until("a serial", || {
        let printed = dig(server, &["+short", "-y", key, "all.rpz.sipar", "SOA"]);
        printed.split(' ').nth(2).and_then(|text| text.parse().ok()).filter(|found| *found >= serial)
    })
}

#[test]
fn dig_takes_the_zone_and_its_changes_and_strangers_take_nothing() {
    if !has_programs(&["dig"]) {
        return;
    }
    let home = home();
    home.ok(&["block", "evil.example", "--category", "phishing", "--reason", "a test of zones"]);
    home.ok(&["block", "192.0.2.0/24", "--category", "malware", "--reason", "a test of zones"]);
    let own = key(&home.ok(&["subscriber", "add", "isp", "--zone", "all", "--zone", "phishing"]));
    let server = Server::serve(&home);
    let zones = server.address("zones");
    let first = serial_from(zones, &own, 1);

    let whole = dig(zones, &["+tcp", "-y", &own, "all.rpz.sipar", "AXFR"]);
    for line in ["evil.example.all.rpz.sipar.", "*.evil.example.all.rpz.sipar.", "24.0.2.0.192.rpz-ip.all.rpz.sipar."] {
        assert!(whole.lines().any(|found| found.starts_with(line) && found.ends_with("CNAME\t.")), "{line}: {whole}");
    }
    assert!(!whole.contains("WARNING") && !whole.contains("failed"), "{whole}");
    let one = dig(zones, &["+tcp", "-y", &own, "phishing.rpz.sipar", "AXFR"]);
    assert!(one.contains("evil.example") && !one.contains("rpz-ip"), "{one}");

    home.ok(&["block", "worse.example", "--category", "fraud", "--reason", "a test of zones"]);
    let second = serial_from(zones, &own, first + 1);
    let changed = dig(zones, &["-y", &own, "+tcp", "all.rpz.sipar", &format!("IXFR={first}")]);
    assert!(changed.contains("worse.example") && !changed.contains("evil.example"), "{changed}");
    let current = dig(zones, &["-y", &own, "+tcp", "all.rpz.sipar", &format!("IXFR={second}")]);
    assert!(current.contains("SOA") && !current.contains("CNAME"), "{current}");
    let unknown = dig(zones, &["-y", &own, "+tcp", "all.rpz.sipar", &format!("IXFR={}", u32::MAX - 9)]);
    assert!(unknown.contains("evil.example") && unknown.contains("worse.example"), "{unknown}");

    // Strangers, and keys that are not theirs.
    assert!(dig(zones, &["all.rpz.sipar", "SOA"]).contains("REFUSED"));
    let wrong = own.rsplit_once(':').unwrap().0.to_owned() + ":d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3I=";
    assert!(dig(zones, &["-y", &wrong, "all.rpz.sipar", "SOA"]).contains("BADSIG"));
    let nobody = own.replacen("isp-1", "nobody", 1);
    assert!(dig(zones, &["-y", &nobody, "all.rpz.sipar", "SOA"]).contains("BADKEY"));
    assert!(dig(zones, &["-y", &own, "malware.rpz.sipar", "SOA"]).contains("NOTAUTH"));
    until("what strangers did is counted", || {
        let printed = home.ok(&["subscriber", "list"]);
        ["\"unsigned\":1", "\"unknown-key\":1", "\"bad-signature\":1", "\"ixfr\":1", "\"other-zone\":1"]
            .iter()
            .all(|words| printed.contains(words))
            .then_some(())
    });

    // Both keys hold until the next rotation.
    let fresh = key(&home.ok(&["subscriber", "rotate", "isp"]));
    for good in [&own, &fresh] {
        assert!(dig(zones, &["-y", good, "all.rpz.sipar", "SOA"]).contains("NOERROR"));
    }
    home.ok(&["subscriber", "rotate", "isp"]);
    assert!(dig(zones, &["-y", &own, "all.rpz.sipar", "SOA"]).contains("BADKEY"));

    // The journal outlives the server.
    drop(server);
    let server = Server::serve(&home);
    let zones = server.address("zones");
    serial_from(zones, &fresh, second);
    let changed = dig(zones, &["-y", &fresh, "+tcp", "all.rpz.sipar", &format!("IXFR={first}")]);
    assert!(changed.contains("worse.example") && !changed.contains("evil.example"), "{changed}");
}

/// A BIND of our own, ended when dropped.
struct Bind(Child);

impl Drop for Bind {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn bind_enforces_a_decision_and_its_end_by_notify_and_ixfr() {
    if !has_programs(&["dig", NAMED]) {
        return;
    }
    let home = home();
    home.ok(&["block", "first.example", "--reason", "a test of zones"]);
    // A free port, as far as anybody can know.
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let printed = home.ok(&["subscriber", "add", "isp", "--notify", &format!("127.0.0.1:{port}")]);
    let own = key(&printed);
    let server = Server::serve(&home);
    let zones = server.address("zones");
    let [algorithm, name, secret] = <[&str; 3]>::try_from(own.split(':').collect::<Vec<_>>()).unwrap();
    let folder = home.path("bind");
    fs::create_dir_all(&folder).unwrap();
    let configuration = format!(
        "options {{ directory \"{0}\"; pid-file none; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
         recursion yes; dnssec-validation no; forwarders {{ 127.0.0.1 port 9; }}; forward only;\n\
         response-policy {{ zone \"all.rpz.sipar\"; }} min-update-interval 0 qname-wait-recurse no; }};\n\
         controls {{ }};\n\
         key \"{name}\" {{ algorithm {algorithm}; secret \"{secret}\"; }};\n\
         zone \"all.rpz.sipar\" {{ type secondary; file \"all.db\";\n\
         primaries {{ 127.0.0.1 port {1} key \"{name}\"; }}; }};\n",
        folder.display(),
        zones.port(),
    );
    let file = home.write("bind/named.conf", &configuration);
    let mut command = Command::new(NAMED);
    command.args(["-f", "-n", "1", "-c"]).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _bind = Bind(command.spawn().unwrap());
    let bind = SocketAddr::from(([127, 0, 0, 1], port));
    let blocked = |name: &str| dig(bind, &[name, "A"]).contains("status: NXDOMAIN");
    until("BIND has the zone", || blocked("www.first.example").then_some(()));
    assert!(!blocked("second.example"));

    home.ok(&["block", "second.example", "--reason", "a test of zones"]);
    until("BIND enforces the decision", || blocked("second.example").then_some(()));
    let listed: Vec<serde_json::Value> = serde_json::from_str(&server_decisions(&server)).unwrap();
    let number =
        listed.iter().find(|one| one["observable"]["value"] == "second.example").unwrap()["number"].to_string();
    home.ok(&["undo", &number, "--reason", "a test of zones"]);
    until("BIND undoes it", || (!blocked("second.example")).then_some(()));
    assert!(blocked("first.example"));
    until("changes alone were transferred", || {
        let printed = home.ok(&["subscriber", "list"]);
        (printed.contains("\"axfr\":1") && printed.contains("\"ixfr\":2") && printed.contains("up to date"))
            .then_some(())
    });
}

/// Decisions as the public API shows them.
fn server_decisions(server: &Server) -> String {
    let portal = until("the portal", || server.address_now("portal"));
    let mut answer = ureq::get(format!("http://{portal}/api/v1/shield/decisions")).call().unwrap();
    answer.body_mut().read_to_string().unwrap()
}
