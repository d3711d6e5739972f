//! The same, seen by somebody else's client: ISC's dig.

use super::*;
use std::process::Command;

/// What dig prints, or nothing when it is not installed and need not be.
fn dig(house: &House, arguments: &str) -> Option<String> {
    let address = house.address();
    let output = Command::new("dig")
        .args([
            "+tries=1",
            "+time=5",
            "+nocmd",
            "+nostats",
            "-p",
            &address.port().to_string(),
            &format!("@{}", address.ip()),
        ])
        .args(arguments.split_whitespace())
        .output();
    match output {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(_) if std::env::var("SIPAR_TEST_TOOLS_REQUIRED").is_ok_and(|v| v == "1") => {
            panic!("dig is missing: install Debian's bind9-dnsutils")
        }
        Err(_) => None,
    }
}

/// Asks dig, and looks for each piece in what it prints.
fn check(house: &House, arguments: &str, pieces: &[&str]) {
    let Some(printed) = dig(house, arguments) else { return };
    for piece in pieces {
        let (wanted, piece) = piece.strip_prefix('!').map_or((true, *piece), |rest| (false, rest));
        assert_eq!(printed.contains(piece), wanted, "dig {arguments}: `{piece}`\n{printed}");
    }
    assert!(!printed.contains("WARNING") || printed.contains("recursion requested but not available"), "{printed}");
}

#[test]
fn a_blocked_name() {
    let house = House::with(&["127.0.0.1:9".parse().expect("address")], &[block("evil.example", 1234)], |c| {
        c.organization = "PKCERT".into();
    });
    let common = ["status: NXDOMAIN", "IN\tSOA\t. .", "EDE: 15 (Blocked): (D-1234)", "flags: qr rd ra;", "udp: 1232"];
    for qtype in ["A", "AAAA", "HTTPS", "SVCB", "MX", "TXT", "ANY", "TYPE65280"] {
        check(&house, &format!("{qtype} www.evil.example +notcp +nocookie"), &common);
    }
    check(&house, "A evil.example +tcp", &common);
    check(&house, "A evil.example +noedns", &["status: NXDOMAIN", "!EDE", "!OPT PSEUDOSECTION"]);
    check(&house, "A EviL.eXample", &["EviL.eXample."]);
    check(&house, "A evil.example +cookie", &["COOKIE: ", "(good)"]);
    check(&house, "A evil.example +dnssec +adflag", &["flags: do;", "flags: qr rd ra;"]);
    check(
        &house,
        "A evil.example +ednsopt=15",
        &[r#"EDE: 15 (Blocked): ({"c":["mailto:cert@example.pk"],"#, r#""inc":"D-1234""#],
    );
}

#[test]
fn an_allowed_name() {
    let upstream = Scripted::honest();
    let house = House::start(&[upstream.address], &[block("203.0.113.66", 9)]);
    for flags in ["+notcp", "+tcp", "+noedns", "+cookie", "+dnssec +cdflag", "+bufsize=512"] {
        check(&house, &format!("A www.good.example {flags}"), &["status: NOERROR", "203.0.113.1"]);
    }
    check(&house, "A bad.example", &["status: NXDOMAIN", "EDE: 15 (Blocked): (D-9)", "!203.0.113.66"]);
}

#[test]
fn what_is_refused() {
    let house = House::start(&["127.0.0.1:9".parse().expect("address")], &[]);
    check(&house, "CH TXT version.bind", &["status: REFUSED"]);
    check(&house, "A www.example +norecurse", &["status: REFUSED", "EDE: 20"]);
    check(&house, "A www.example +edns=7 +noednsneg", &["status: BADVERS"]);
    check(&house, "A www.example +opcode=NOTIFY", &["status: NOTIMP"]);
    check(&house, "AXFR example +tcp", &["!SOA"]);
    check(&house, "A localhost", &["status: NOERROR", "127.0.0.1"]);
    check(&house, "A hidden.onion", &["status: NXDOMAIN"]);
    house.handle.clear();
    check(&house, "A www.example", &["status: REFUSED", "EDE: 14 (Not Ready)"]);
}
