//! The lists as files, in the programs that operators have: curl to fetch them, HAProxy, nginx, nftables and ipset, by
//! the very commands and configuration of the guide (`docs/src/lists.md`).

use crate::support::{foreign::Running, guide::Page, service::Service, until};
use std::fs;

const PAGE: Page = Page(include_str!("../../../docs/src/lists.md"));

/// An address that is listed, one in a listed network, and one beside both.
const LISTED: &str = "203.0.113.66";
const INSIDE: &str = "198.51.100.99";
const BESIDE: &str = "203.0.113.67";

/// Fetches a list as the page fetches one of them.
fn fetch(service: &Service, list: &str, file: &str) -> String {
    service.sh(&PAGE.command("touch").replace("all.tag", &format!("{file}.tag"))).ok();
    let (list, tag) = (format!("lists/{list}/"), format!("{file}.tag"));
    service.paste(&PAGE, "curl", &[("lists/all/", &list), ("addresses.nft", file), ("all.tag", &tag)]);
    fs::read_to_string(service.home.path(file)).unwrap()
}

/// Fetches every list that is used here, until each says that the listed address is so, or is not.
fn fetch_all(service: &Service, is_listed: bool) {
    for file in ["addresses.txt", "addresses.geo", "addresses.nft", "addresses.ipset"] {
        until(file, || {
            let text = fetch(service, "all", file);
            assert!(text.trim_end().ends_with("entries"), "it was cut off: {text}");
            let is_whole = text.contains("198.51.100.0/24") && text.contains("2001:db8::66");
            (is_whole && text.contains(LISTED) == is_listed).then_some(())
        });
    }
}

fn haproxy(service: &Service) -> Running {
    let made = rcgen::generate_simple_self_signed(["service.example".to_owned()]).unwrap();
    service.home.write("site.pem", &(made.cert.pem() + &made.signing_key.serialize_pem()));
    let block = PAGE.block("frontend web").replace("/etc/haproxy", &service.at(""));
    let text = format!(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 5s\n    timeout server 5s\n{block}    \
         http-request return status 200\n"
    );
    let config = service.home.write("haproxy.cfg", &text).display().to_string();
    // What Debian's unit does when it is told to reload.
    service.script("systemctl", "test \"$*\" = 'reload haproxy' && kill -USR2 \"$(cat haproxy.pid)\"");
    service.run("haproxy", &["-W", "-p", &service.at("haproxy.pid"), "-f", &config]).with_children()
}

fn nginx(service: &Service) -> Running {
    service.home.write("html/index.html", "hello");
    service.nginx(&PAGE.block("geo $sipar_blocked").replace("/etc/nginx", &service.at("")))
}

/// Both refuse whom the files list, and nobody else.
fn web_servers_refuse(service: &Service) {
    for scheme in ["https", "http"] {
        service.until_visit("before anything else", BESIDE, scheme, "200");
        for address in [LISTED, INSIDE] {
            assert_eq!(service.visit(address, scheme), "403", "{scheme} {address}");
        }
    }
}

/// Sets are made, and filled anew without being doubled; nobody listed comes through.
fn firewalls_drop(service: &Service) {
    let dropped = |what: &str| {
        for (address, status) in [(LISTED, "000"), (INSIDE, "000"), (BESIDE, "200")] {
            assert_eq!(service.visit(address, "http"), status, "{what} {address}");
        }
    };
    service.sh("nft -c -f addresses.nft").ok();
    service.paste(&PAGE, "nft -f", &[]);
    service.paste(&PAGE, "nft add chain", &[]);
    service.paste(&PAGE, "nft add rule inet sipar input ip saddr", &[]);
    service.paste(&PAGE, "nft add rule inet sipar input ip6 saddr", &[]);
    service.paste(&PAGE, "nft -f", &[]);
    let table = service.sh("nft list table inet sipar").ok();
    for expect in [LISTED, "198.51.100.0/24", "2001:db8::66"] {
        assert_eq!(table.matches(expect).count(), 1, "{table}");
    }
    dropped("nftables");
    service.sh("nft flush chain inet sipar input").ok();
    service.until_visit("without a firewall", LISTED, "http", "403");

    service.paste(&PAGE, "ipset restore", &[]);
    service.paste(&PAGE, "iptables", &[]);
    service.paste(&PAGE, "ipset restore", &[]);
    let sets = service.sh("ipset list").ok();
    for expect in [LISTED, "198.51.100.0/24", "2001:db8::66"] {
        assert_eq!(sets.matches(expect).count(), 1, "{sets}");
    }
    dropped("ipset");
    service.paste(&PAGE, "nft add rule inet sipar input ip saddr", &[]);
}

#[test]
fn web_servers_and_firewalls_take_the_lists_as_the_guide_says() {
    let Some(service) = Service::start(&["haproxy", "nginx", "nft", "ipset", "iptables"]) else { return };
    [LISTED, INSIDE, BESIDE].into_iter().for_each(|address| service.add_visitor(address));
    service.paste_for_key(&PAGE, "sipar bouncer add fw-1", &[]);
    let mut number = String::new();
    for (what, category) in
        [(LISTED, "c2"), ("198.51.100.0/24", "malware"), ("2001:db8::66", "c2"), ("bad.example", "phishing")]
    {
        let printed =
            service.sh(&format!("sipar block {what} --category {category} --reason 'seen in an incident'")).ok();
        if what == LISTED {
            number = printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned();
        }
    }
    fetch_all(&service, true);
    let same = |file: &str| fs::metadata(service.home.path(file)).unwrap().modified().unwrap();
    let before = same("addresses.nft");
    fetch(&service, "all", "addresses.nft");
    assert_eq!(same("addresses.nft"), before, "it was sent again");
    until("names", || fetch(&service, "phishing", "hosts.txt").contains("\n0.0.0.0 bad.example\n").then_some(()));
    assert_eq!(fetch(&service, "all", "all.csv").lines().count(), 5);

    let _servers = [haproxy(&service), nginx(&service)];
    web_servers_refuse(&service);
    firewalls_drop(&service);

    // The end of a block, by the same commands: what it was closed by opens, and what is listed still stays closed.
    service.sh(&format!("sipar undo {number} --reason 'the owner has mended it'")).ok();
    fetch_all(&service, false);
    service.paste(&PAGE, "nft -f", &[]);
    service.paste(&PAGE, "ipset restore", &[]);
    service.sh(&PAGE.command("nginx -s reload")).ok();
    service.sh(&PAGE.command("systemctl reload haproxy")).ok();
    for scheme in ["http", "https"] {
        service.until_visit("after the end of the block", LISTED, scheme, "200");
        assert_eq!(service.visit(INSIDE, scheme), "000", "{scheme}");
    }
    service.assert_all_tried(&PAGE, &[]);
}
