//! Who may do what, from outside: an officer of one party, a sector's team, a second administrator, and why.

use crate::support::{
    Home,
    server::{self, Answer, Server},
    until,
};
use serde_json::json;
use sipar_authz::{Secret, SystemRandom};
use sipar_model::{Clock as _, SystemClock};
use sipar_people::{PeopleError, model::NewKey, store};
use sipar_store::{Store, StoreConfig};
use std::{fs, net::SocketAddr};

/// Two organisations of two sectors, a team over one of them, and something wrong with each organisation.
fn house() -> Home {
    let home = Home::alone();
    home.ok(&["party", "add", "fincert", "--title", "Financial Team", "--tier", "sector", "--sector", "finance"]);
    home.ok(&["party", "add", "bank", "--title", "Example Bank", "--sector", "finance"]);
    home.ok(&["party", "add", "grid", "--title", "Power Grid", "--sector", "energy"]);
    home.ok(&["asset", "add", "bank", "bank-wallet.example", "--from", "2024-01-01"]);
    home.ok(&["asset", "add", "grid", "grid-wallet.example", "--from", "2024-01-01"]);
    let names = ["login.bank-wallet.example", "login.grid-wallet.example"];
    let file = home.write_names("names.json", names.into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    home
}

/// Makes somebody a member with this role in a party, and gives a key of theirs.
fn member(home: &Home, handle: &str, party: &str, role: &str) -> String {
    home.ok(&["people", "add", handle, "--name", handle, "--role", "member"]);
    home.ok(&["people", "party", handle, party, role]);
    let records = Store::open(&StoreConfig::sqlite(home.data.join("sipar.db"))).unwrap();
    let secret = Secret::generate(&SystemRandom).unwrap();
    let (hash, handle, now) = (secret.hash(), handle.to_owned(), SystemClock.now());
    let key = NewKey::parse("a program", "*:*", "30", "direct").unwrap();
    let written = records.write_blocking(move |tx| -> Result<_, PeopleError> {
        let person = store::persons::by_handle(tx, &handle)?.unwrap();
        Ok(store::keys::add(tx, person.number, &hash, &key, now)?)
    });
    written.unwrap();
    secret.key_text()
}

fn post(portal: SocketAddr, path: &str, key: &str, body: serde_json::Value) -> Answer {
    server::post(portal, path, key, &body).unwrap()
}

/// What a log says without its colours.
fn plain(log: &str) -> String {
    let mut parts = log.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_, rest)| rest))
}

#[test]
fn an_officer_sees_and_does_what_is_their_partys_and_nothing_of_others() {
    let home = house();
    let officer = member(&home, "zara", "bank", "officer");
    let server = Server::serve(&home);
    let portal = server.address("portal");
    until("the exposures", || server.get(&home, "/api/v1/exposures").body.contains("grid-wallet").then_some(()));
    let get = |path: &str| server::get(portal, path, &officer);
    let exposures = get("/api/v1/exposures").json();
    assert_eq!(exposures.as_array().unwrap().len(), 1, "{exposures}");
    assert_eq!(exposures[0]["party"], "bank");
    let own = exposures[0]["number"].as_i64().unwrap();
    let theirs = if own == 1 { 2 } else { 1 };
    assert_eq!(get(&format!("/api/v1/exposures/{own}")).status, 200);
    assert_eq!(get(&format!("/api/v1/exposures/{theirs}")).status, 404, "as if it were not there");
    assert_eq!(get("/api/v1/exposures?party=grid").json(), json!([]));
    assert_eq!(get(&format!("/exposures/{theirs}")).status, 404);
    assert!(!get("/exposures").body.contains("grid"), "the page keeps to it, too");
    let parties = get("/api/v1/registry/parties").json();
    assert_eq!((parties["total"].as_u64(), parties["parties"][0]["id"].as_str()), (Some(1), Some("bank")));
    assert_eq!(get("/api/v1/registry/parties/bank").status, 200);
    for path in ["/api/v1/registry/parties/grid", "/parties/grid", "/api/v1/registry/assets?party=grid"] {
        assert_eq!(get(path).status, 404, "{path}");
    }
    let assets = get("/api/v1/registry/assets").json();
    assert_eq!(assets["claims"].as_array().unwrap().len(), 1, "{assets}");
    assert!(!get("/api/v1/registry/assets/export.csv").body.contains("grid"));
    let claim = assets["claims"][0]["number"].as_i64().unwrap();
    assert_eq!(get(&format!("/api/v1/registry/assets/{claim}/proofs")).status, 200);
    assert_eq!(get(&format!("/api/v1/registry/assets/{}/proofs", 3 - claim)).status, 404);
    // What an officer does.
    let act = |number: i64, act: &str| {
        post(portal, &format!("/api/v1/exposures/{number}"), &officer, json!({ "act": act, "reason": "seen" }))
    };
    assert_eq!(act(own, "acknowledge").json()["state"], "acknowledged");
    assert_eq!(act(theirs, "acknowledge").status, 404);
    let refused = act(own, "dismiss");
    assert!(refused.status == 403 && refused.body.contains("takes the role analyst"), "{}", refused.body);
    let contact = json!({ "purpose": "technical", "mail": "noc@bank.example" });
    let put =
        |party: &str| post(portal, &format!("/api/v1/registry/parties/{party}/contacts"), &officer, contact.clone());
    assert_eq!(put("bank").status, 200, "{}", put("bank").body);
    assert_eq!(put("grid").status, 404);
    let claimed = |party: &str| {
        let body = json!({ "party": party, "asset": "new.bank-wallet.example" });
        post(portal, "/api/v1/registry/assets", &officer, body).status
    };
    assert_eq!((claimed("bank"), claimed("grid")), (201, 404));
    let moved = json!({ "id": "bank", "title": "Example Bank", "tier": "national" });
    let moved = post(portal, "/api/v1/registry/parties/bank/edit", &officer, moved);
    assert_eq!(moved.status, 403, "nobody lifts their own party above others: {}", moved.body);
    // The rest is closed, and what refused is in the log by number, without names.
    for path in ["/api/v1/intel/feeds", "/api/v1/findings", "/api/v1/people", "/api/v1/registry/owner?what=192.0.2.1"] {
        let refused = get(path);
        assert!(refused.status == 403 && refused.body.contains("role"), "{path}: {} {}", refused.status, refused.body);
    }
    let log = until("the refusal", || Some(plain(&server.log())).filter(|log| log.contains("resource=\"feed\"")));
    let line = log.lines().find(|line| line.contains("resource=\"feed\"")).unwrap();
    assert!(line.contains("no policy permits") && line.contains("person.number=1"), "{line}");
    assert!(!log.contains("zara"), "no name of a person is in the log: {log}");
    let refused = server::send_form(portal, "/feeds?lang=ur", &officer, &[("slug", "x")]);
    assert!(refused.status == 403 && refused.body.contains("رکن"), "{} {}", refused.status, refused.body);
}

#[test]
fn a_sectors_team_acts_for_the_members_of_its_sector() {
    let home = house();
    let team = member(&home, "omar", "fincert", "observer");
    let server = Server::serve(&home);
    let portal = server.address("portal");
    until("the exposures", || server.get(&home, "/api/v1/exposures").body.contains("grid-wallet").then_some(()));
    let get = |path: &str| server::get(portal, path, &team);
    let exposures = get("/api/v1/exposures").json();
    assert_eq!((exposures.as_array().unwrap().len(), exposures[0]["party"].as_str()), (1, Some("bank")), "{exposures}");
    assert_eq!(get("/api/v1/registry/parties").json()["total"], 2, "itself and its member");
    assert_eq!((get("/api/v1/registry/parties/bank").status, get("/api/v1/registry/parties/grid").status), (200, 404));
    let number = exposures[0]["number"].as_i64().unwrap();
    let act = post(portal, &format!("/api/v1/exposures/{number}"), &team, json!({ "act": "acknowledge" }));
    assert!(act.status == 403 && act.body.contains("officer"), "an observer does not act: {}", act.body);
    assert_eq!(get("/api/v1/memberships").json()[0]["person"], "omar");
    let explained =
        home.ok(&["access", "explain", "--who", "omar", "--act", "read", "--resource", "exposure", "--party", "bank"]);
    assert!(explained.contains("omar (member) may read exposure of bank"), "{explained}");
    assert!(explained.contains("permits  exposure-read-own"), "{explained}");
    let explained =
        home.ok(&["access", "explain", "--who", "omar", "--act", "read", "--resource", "exposure", "--party", "grid"]);
    assert!(explained.contains("may not read") && explained.contains("no policy permits it"), "{explained}");
    home.run(&["access", "explain", "--who", "ghost", "--act", "read", "--resource", "exposure"])
        .refused_with(&["no person"]);
    let page = server.get(&home, "/access?who=omar&act=read&resource=exposure&party=bank&lang=ur").body;
    assert!(page.contains("exposure-read-own") && page.contains("مبصر"), "{page}");
    let own = get("/api/v1/access/own?act=read&resource=feed").json();
    assert_eq!((own["allowed"].as_bool(), own["who"].as_str()), (Some(false), Some("omar")), "{own}");
    // Whoever leaves sees nothing from then on.
    home.ok(&["people", "leave-party", "omar", "fincert"]);
    assert_eq!(get("/api/v1/exposures").status, 403);
}

#[test]
fn a_second_administrator_agrees_to_a_third_by_commands() {
    let home = Home::alone();
    home.ok(&["decision", "list"]);
    let second = home.write("second.key", &home.ok(&["key", "new", "--role", "admin", "--label", "second desk"]));
    let second = second.to_str().unwrap();
    home.ok(&["people", "add", "amna", "--name", "Amna", "--role", "admin"]);
    home.ok(&["people", "add", "sana", "--name", "Sana", "--role", "admin"]);
    home.ok(&["people", "add", "bilal", "--name", "Bilal", "--role", "reader"]);
    let role = || home.ok(&["people", "list"]).lines().find(|line| line.starts_with("bilal")).unwrap().to_owned();
    assert!(home.ok(&["people", "role", "bilal", "admin"]).contains("once a second administrator agrees"));
    assert!(role().contains("reader"), "{}", role());
    home.run(&["people", "agree-administrator", "bilal"]).refused_with(&["another administrator does"]);
    home.ok(&["--key-file", second, "people", "agree-administrator", "bilal"]);
    assert!(role().contains("admin"), "{}", role());
}

#[test]
fn a_pack_that_does_not_hold_stops_the_start() {
    let home = Home::alone();
    let packs = home.path("own-packs");
    fs::create_dir_all(packs.join("access")).unwrap();
    fs::write(
        packs.join("access/own.cedar"),
        "@id(\"own\")\n@en(\"x\") @ur(\"x\")\npermit (principal, action == Action::\"no:such\", resource);\n",
    )
    .unwrap();
    let config = home.path("sipar.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(config, format!("packs = \"{}\"\n{text}", packs.display())).unwrap();
    home.run(&["roles"]).refused_with(&["packs/access/own.cedar", "line 1", "mend the file"]);
}
