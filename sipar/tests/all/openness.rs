//! The public ledger from outside: mirrored by plain HTTP, verified offline, and counted.

use crate::support::{
    Home,
    server::{self, Server},
    until,
};
use std::{fs, net::SocketAddr};

/// More than one full tile (C2SP tlog-tiles: 256).
const NAMES: usize = 300;

/// One answer with its headers, in lower case.
fn head(portal: SocketAddr, path: &str) -> (u16, String, Vec<u8>) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).accept_encoding("identity");
    let agent: ureq::Agent = config.build().into();
    let mut response = agent.get(format!("http://{portal}{path}")).call().unwrap();
    let headers: String =
        response.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
    (response.status().as_u16(), headers.to_lowercase(), response.body_mut().read_to_vec().unwrap())
}

fn key(home: &Home) -> String {
    let shown = home.ok(&["ledger", "show"]);
    shown.lines().find_map(|line| line.strip_prefix("key ")).unwrap().trim().to_owned()
}

#[test]
fn anybody_mirrors_the_ledger_verifies_it_and_finds_a_flipped_byte() {
    let home = Home::alone();
    let names: Vec<String> = (0..NAMES).map(|number| format!("n{number}.example")).collect();
    let file = home.write_names("names.json", names.iter().map(String::as_str));
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    let server = Server::serve(&home);
    let portal = server.address("portal");
    let key = key(&home);
    let (status, headers, note) = head(portal, "/ledger/checkpoint");
    assert_eq!(status, 200);
    assert!(headers.contains("content-type: text/plain; charset=utf-8"), "{headers}");
    assert!(headers.contains("cache-control: public, max-age=2\n"), "{headers}");
    assert!(String::from_utf8(note).unwrap().starts_with("sipar.example.org/ledger\n"));
    for path in ["/ledger/tile/0/000", "/ledger/tile/entries/000"] {
        let (status, headers, bytes) = head(portal, path);
        assert_eq!(status, 200, "{path}");
        assert!(headers.contains("content-type: application/octet-stream"), "{headers}");
        assert!(headers.contains("cache-control: public, max-age=31536000, immutable"), "{headers}");
        assert!(bytes.len() >= 256 * 32, "{path}: {} bytes", bytes.len());
    }
    for path in [
        "/ledger/tile/0/999",
        "/ledger/tile/0/0",
        "/ledger/tile/../checkpoint.new",
        "/ledger/tile/%2e%2e/lock",
        "/ledger/tile/0/..%2f..%2f..%2fkeys%2foperator.key",
        "/ledger/lock",
    ] {
        assert_eq!(head(portal, path).0, 404, "{path}");
    }
    let copy = home.path("mirror");
    let (address, folder) = (format!("http://{portal}/ledger"), copy.to_string_lossy().into_owned());
    let told = home.ok(&["ledger", "mirror", &address, &folder, "--key", &key]);
    assert!(told.contains("0 were there"), "{told}");
    let verified = home.ok(&["ledger", "verify", &folder, "--key", &key]);
    assert!(verified.contains("the ledger verifies: "), "{verified}");
    // Brought up to date: what is there is not fetched again.
    home.ok(&["block", "late.example", "--reason", "after the first copy was made"]);
    until("the later entry in the copy", || {
        home.ok(&["ledger", "mirror", &address, &folder, "--key", &key]);
        let bundles = fs::read_dir(copy.join("tile/entries/001.p")).unwrap();
        bundles
            .map(|one| fs::read(one.unwrap().path()).unwrap())
            .any(|bytes| holds(&bytes, "late.example"))
            .then_some(())
    });
    home.ok(&["ledger", "verify", &folder, "--key", &key]);
    let tile = copy.join("tile/entries/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[1_000] ^= 1;
    fs::write(&tile, bytes).unwrap();
    home.run(&["ledger", "verify", &folder, "--key", &key]).refused_with(&["tile/entries/000", "does not verify"]);
    let other = "sipar.example.org/ledger+00000000+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    assert!(!home.run(&["ledger", "mirror", &address, &folder, "--key", other]).success);
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn one_entry_is_proved_offline_and_the_months_are_counted() {
    let home = Home::alone();
    home.ok(&["block", "bad.example", "--category", "fraud", "--reason", "reported by three banks"]);
    home.ok(&["undo", "D-1", "--reason", "the owner has mended it"]);
    let server = Server::serve(&home);
    let portal = server.address("portal");
    let key = key(&home);
    let checked = server.get(&home, "/api/v1/check?what=bad.example").json();
    let reasons = checked["reasons"].as_array().unwrap();
    let proof = &reasons.iter().find(|reason| reason["kind"] == "ledger").unwrap()["data"];
    let index = proof["index"].as_u64().unwrap();
    let by_number = server::get(portal, &format!("/api/v1/ledger/entries/{index}"), "").json();
    for evidence in [proof, &by_number] {
        let file = home.write("entry.json", &evidence.to_string());
        let said = home.ok(&["ledger", "check", &file.to_string_lossy(), "--key", &key]);
        assert!(said.contains("bad.example") && said.contains("\"kind\":\"block\""), "{said}");
    }
    let file = home.write("forged.json", &by_number.to_string().replace("bad.example", "bat.example"));
    home.run(&["ledger", "check", &file.to_string_lossy(), "--key", &key]).refused_with(&["not proved", "leaf"]);
    assert_eq!(server::get(portal, "/api/v1/ledger/entries/999999", "").status, 404);
    assert_eq!(server::get(portal, "/api/v1/ledger/entries/x", "").status, 400);
    let months = until("the figures", || {
        let figures = server::get(portal, "/api/v1/transparency", "").json();
        let months = figures["months"].as_array().unwrap().clone();
        months.last().is_some_and(|month| month["counts"]["ends"]["undone"] == 1).then_some(months)
    });
    let sum = |measure: &str, part: &str| {
        months.iter().filter_map(|month| month["counts"][measure][part].as_u64()).sum::<u64>()
    };
    assert_eq!((sum("blocks-by-category", "fraud"), sum("blocks-by-source", "person")), (1, 1));
    assert!(months.iter().all(|month| month["answer_median_hours"].is_null()), "{months:?}");
    let csv = server::get(portal, "/api/v1/transparency.csv", "").body;
    assert!(csv.contains(",blocks-by-category,fraud,1,blocks,1\r\n"), "{csv}");
}
