//! Zones out, with `dig`: who takes what, and who takes nothing. Resolvers enforce them in `subscribers.rs`.

use crate::support::{
    Home, Ran,
    foreign::{Running, free_port, has},
    server::Server,
    until,
};
use std::{fs, io::Write as _, net::SocketAddr, path::Path, process::Command};

const PAGE: &str = include_str!("../../../docs/src/zones.md");

/// A home that serves zones.
pub fn home(upstream: &str) -> Home {
    let home = Home::new(upstream);
    let mut file = fs::OpenOptions::new().append(true).open(home.path("sipar.toml")).unwrap();
    file.write_all(b"[zones]\nlisten = [\"127.0.0.1:0\"]\n").unwrap();
    home
}

/// Name, algorithm and secret, as `dig -y` takes them, out of what `subscriber add` and `rotate` print.
pub fn key(printed: &str) -> String {
    let line = printed.lines().find_map(|line| line.strip_prefix("key ")).unwrap();
    let mut parts = line.split(' ');
    let (name, algorithm, secret) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    format!("{algorithm}:{name}:{secret}")
}

pub fn dig(server: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("dig");
    command.args(["@127.0.0.1", "-p", &server.port().to_string(), "+time=5", "+tries=1"]).args(arguments);
    Ran::of(&mut command).stdout
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
    if !has("dig") {
        return;
    }
    let home = home("127.0.0.1:9");
    home.ok(&["block", "evil.example", "--category", "phishing", "--reason", "a test of zones"]);
    home.ok(&["block", "192.0.2.0/24", "--category", "malware", "--reason", "a test of zones"]);
    let own = key(&home.ok(&["subscriber", "add", "isp", "--zone", "all", "--zone", "phishing"]));
    let server = Server::serve(&home);
    let zones = server.address("zones");
    let transfer = || dig(zones, &["+tcp", "-y", &own, "all.rpz.sipar", "AXFR"]);
    until("both blocks", || (transfer().contains("evil.example") && transfer().contains("24.0.2.0.192")).then_some(()));
    let (first, whole) = (serial_from(zones, &own, 1), transfer());
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

#[test]
fn rfc9103_zones_are_transferred_over_tls_and_need_a_key_there_too() {
    if !has("kdig") {
        return;
    }
    let home = home("127.0.0.1:9");
    let made = rcgen::generate_simple_self_signed(["zones.example".to_owned()]).unwrap();
    let certificate = home.write("cert.pem", &made.cert.pem());
    let key_file = home.write("key.pem", &made.signing_key.serialize_pem());
    let mut file = fs::OpenOptions::new().append(true).open(home.path("sipar.toml")).unwrap();
    let text = format!(
        "[zones.tls]\nlisten = [\"127.0.0.1:0\"]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        certificate.display(),
        key_file.display()
    );
    file.write_all(text.as_bytes()).unwrap();
    home.ok(&["block", "evil.example", "--reason", "a test of zones"]);
    let server = Server::serve(&home);
    let printed = home.ok(&["subscriber", "add", "isp"]);
    let own = key(&printed);
    let port = server.address("zones-tls").port().to_string();
    let ask = |more: &[&str]| {
        let ca = format!("+tls-ca={}", certificate.display());
        let mut kdig = Command::new("kdig");
        kdig.args(["@127.0.0.1", "-p", &port, "+time=5", "+retry=0", &ca, "+tls-hostname=zones.example"]);
        Ran::of(kdig.args(more).args(["all.rpz.sipar", "AXFR"])).stdout
    };
    until("the zone over TLS", || ask(&["-y", &own]).contains("*.evil.example.all.rpz.sipar.").then_some(()));
    assert!(!ask(&[]).contains("evil.example"), "without a key");
    // In clear there is nothing on that port.
    let plain = Command::new("kdig")
        .args(["@127.0.0.1", "-p", &port, "+tcp", "+time=2", "+retry=0", "-y", &own])
        .args(["all.rpz.sipar", "AXFR"])
        .output();
    assert!(!String::from_utf8_lossy(&plain.unwrap().stdout).contains("evil.example"));
    until("what went wrong is counted", || {
        let printed = home.ok(&["subscriber", "list"]);
        (printed.contains("\"no-handshake\":1") && printed.contains("\"unsigned\":1")).then_some(())
    });
    if has("named") {
        bind_takes_it_over_tls(&home, &printed, (server.address("zones").port(), &port), &certificate);
    }
}

/// As the guide says: a `tls` statement, and its name and the other port behind the primary's address.
fn bind_takes_it_over_tls(home: &Home, printed: &str, (clear, tls): (u16, &str), certificate: &Path) {
    let statement = PAGE.lines().find(|line| line.starts_with("tls sipar {")).unwrap();
    let statement = statement.replace("};", &format!("ca-file \"{}\"; }};", certificate.display()));
    let from = printed.find("key \"").unwrap();
    let own = printed[from..].split("\n# ").next().unwrap();
    let own =
        own.replace(&format!("port {clear} "), &format!("port {tls} ")).replace("\"; };\n};", "\" tls sipar; };\n};");
    assert!(own.contains("tls sipar; }"), "{own}");
    let port = free_port();
    let text = format!(
        "options {{ directory \"{}\"; pid-file none; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
         recursion no; }};\ncontrols {{ }};\n{statement}\n{}",
        home.path("tls").display(),
        own.replace(" allow-query { none; };", ""),
    );
    let file = home.write("tls/named.conf", &text).display().to_string();
    let _bind = Running::start("named", &["-f", "-n", "1", "-c", &file]);
    let bind = SocketAddr::from(([127, 0, 0, 1], port));
    until("BIND has the zone over TLS", || {
        dig(bind, &["evil.example.all.rpz.sipar", "CNAME"]).contains("CNAME\t.").then_some(())
    });
}
