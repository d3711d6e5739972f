//! The pages as people and screen readers have them: every page in a real browser, in both languages, against WCAG 2.2
//! A and AA, on a desk and on a phone, and by keyboard alone. `sipar/tests/screen/screen.mjs` is what looks.

use crate::support::{
    Home,
    browser::folder,
    dns::{self, NXDOMAIN},
    foreign::find,
    server::{self, Server},
    until,
    upstream::Upstream,
};
use serde_json::json;
use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

/// The router's own list, which a test compares: a page that is new is visited by itself.
const ROUTES: &str = include_str!("routes.txt");

/// Pages about one thing, with questions, and refusals.
const MORE: &[&str] = &[
    "/decisions/1",
    "/decisions/2",
    "/decisions?state=active&category=phishing",
    "/feeds/phish",
    "/feeds/gone",
    "/held?state=left-out&reason=registry-name",
    "/held?state=nonsense",
    "/search?q=wallet",
    "/search?q=nothing-of-the-kind",
    "/look-up?what=login-wallet.example",
    "/look-up?what=ns:ns1.evil.example",
    "/look-up?what=unknown.example",
    "/look-up?what=192.0.2.7",
    "/look-up?what=word",
    "/parties/national-bank",
    "/register/imports/1",
    "/exposures/1",
    "/exposures?state=over&party=national-bank",
    "/register/claims/1",
    "/subscribers/isp-one",
    "/ledger/entries/0",
    "/appeals/1",
    "/appeal?decision=D-1",
    "/people/sana",
    "/enrol/no-link",
    "/no-such-page",
];

/// What somebody with an account sees of their own: no key has these pages.
const OWN: &[&str] = &["/", "/you", "/you/passkeys/new", "/you/keys/new", "/people", "/people/sana", "/sign-in"];

/// What citizens see, who have no account.
const PUBLIC: &[&str] = &[
    "/",
    "/decisions/1",
    "/look-up?what=login-wallet.example",
    "/appeal",
    "/appeal/status",
    "/transparency",
    "/feeds",
];

/// Pages with forms, where the keyboard has to reach everything.
const KEYBOARD: &[&str] = &["/", "/decisions", "/appeal"];

/// A portal on which everything has happened once.
fn lived_in(upstream: &Upstream) -> (Home, Server) {
    let home = Home::new(&upstream.address.to_string());
    let config = fs::read_to_string(home.path("sipar.toml")).unwrap();
    home.write("sipar.toml", &format!("{config}[block_page]\nhttp = [\"127.0.0.1:0\"]\n"));
    let top = json!({
        "name": "Top 10K", "description": "The most used sites.", "type": "hostname", "version": 1,
        "matching_attributes": ["domain", "hostname"], "list": ["top.example"],
    });
    home.write("warning/tranco10k/list.json", &top.to_string());
    home.ok(&["warning", "load", &home.path("warning").to_string_lossy()]);
    let names = ["login-wallet.example", "wallet-two.example", "top.example", "gov.pk", "not a name"];
    let file = home.write_names("names.json", names.into_iter());
    home.ok(&["block", "login-wallet.example", "--category", "phishing", "--reason", "a bank reported this"]);
    home.ok(&["block", "ns1.evil.example", "--name-server", "--reason", "it answers for a hundred frauds"]);
    home.ok(&["block", "192.0.2.7", "--category", "malware", "--reason", "it serves the files of a trojan"]);
    home.ok(&["unblock", "shop.login-wallet.example", "--emergency", "--reason", "a shop that was cleaned"]);
    home.ok(&["block", "top.example", "--reason", "reported by one person"]);
    register(&home);
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    let gone = home.write("gone.txt", "https://gone.example/login\n");
    home.add_feed("gone", "openphish", &gone);
    fs::remove_file(gone).unwrap();
    assert!(!home.run(&["feed", "pull", "gone"]).success);
    home.ok(&["subscriber", "add", "isp-one", "--contact", "noc@isp.example", "--zone", "all", "--list", "all.ip4"]);
    home.ok(&["bouncer", "add", "web-farm", "--scopes", "decisions,check,report,lists,sightings"]);
    home.ok(&["edges", "add", "lahore-1"]);
    let server = Server::serve(&home);
    let resolver = server.address("dns");
    until("the block", || (dns::ask(resolver, "login-wallet.example") == Some(NXDOMAIN)).then_some(()));
    let words = json!({ "what": "D-1", "words": "it is the site of our shop, and we have cleaned it" });
    let portal = server.address("portal");
    assert_eq!(
        server::post(portal, "/api/v1/appeals", &server::operator_key(&home), &words).map(|answer| answer.status),
        Some(201)
    );
    (home, server)
}

/// A register in which something waits, something was refused, something is critical, and something is exposed.
fn register(home: &Home) {
    home.ok(&[
        "party",
        "add",
        "national-bank",
        "--title",
        "National Bank",
        "--title-ur",
        "قومی بینک",
        "--type",
        "company",
    ]);
    home.ok(&["party", "contact", "national-bank", "technical", "cert@bank.example"]);
    home.ok(&["asset", "add", "national-bank", "wallet-two.example", "--from", "2024-01-01"]);
    let rows = "party,title,asset\nnational-bank,National Bank,bank.example\nnational-bank,,10.0.0.1/8\n\
                twin,Nationa1 Bank,bank.example\nshop,A shop,www.bank.example\n";
    let file = home.write("assets.csv", rows);
    home.ok(&["party", "import", &file.to_string_lossy(), "--form", "csv"]);
    home.ok(&["party", "import", &file.to_string_lossy(), "--form", "csv", "--apply"]);
    home.ok(&["party", "designate", "national-bank", "--grade", "vital", "--sector", "finance", "--reason", "a test"]);
}

#[test]
fn every_page_is_for_everybody() {
    let Some(folder) = folder() else { return };
    let upstream = Upstream::start();
    let (home, server) = lived_in(&upstream);
    let mut paths: Vec<&str> = ROUTES.lines().filter_map(|line| line.strip_prefix("GET ")?.split(' ').next()).collect();
    paths.retain(|path| !path.contains('{') && !path.starts_with("/api/") && !path.starts_with("/you"));
    paths.extend(MORE);
    let block_page = server.address("block page");
    let link = home.ok(&["people", "add", "sana", "--name", "Sana Malik", "--role", "admin"]);
    let origin = format!("http://localhost:{}", server.address("portal").port());
    let asked = json!({
        "chromium": find("chromium").unwrap(),
        "origin": format!("http://{}", server.address("portal")),
        "key": server::operator_key(&home),
        "paths": paths,
        "person": { "origin": origin, "link": link.trim(), "paths": OWN },
        "public": PUBLIC.iter().copied().chain(["http://login-wallet.example/"]).collect::<Vec<_>>(),
        "keyboard": KEYBOARD,
        "hosts": [["login-wallet.example", block_page.to_string()]],
        "pictures": std::env::var("SIPAR_TEST_PICTURES").ok(),
    });
    let mut look = Command::new("node");
    look.arg("screen.mjs").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut look = look.spawn().unwrap();
    look.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let ended = look.wait_with_output().unwrap();
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{told}");
    let pages = told.lines().find_map(|line| line.strip_prefix("pages: ")).unwrap_or_default();
    assert!(pages.split(' ').count() > 30, "{told}");
}
