//! Who is who, from outside: a real browser with passkeys, from the set-up link to the end of a session.

mod access;

use crate::support::{
    Home, browser,
    server::{self, Server},
};
use sipar_store::{Store, StoreConfig, StoreError, params};
use std::fs;

/// What stands in the log after `heading`, up to the next blank.
fn told(server: &Server, heading: &str) -> String {
    let line = server.wait_for_line(heading);
    line.trim_start_matches(heading).split_whitespace().next().unwrap().to_owned()
}

/// Makes every session one whose holder proved who they are long ago.
fn make_stale(home: &Home) {
    let store = Store::open(&StoreConfig::sqlite(home.data.join("sipar.db"))).unwrap();
    let written = store.write_blocking(|tx| tx.execute("update person_session set proved_at = 0", params![]));
    assert_eq!(written.map_err(|error: StoreError| error).unwrap(), 1);
}

const FINDINGS: &str = "/api/v1/findings";
const PEOPLE: &str = "/api/v1/people";

/// A key opens what its scopes name, and nothing that takes a fresh proof.
fn check_key(server: &Server, key: &str) {
    let portal = server.address("portal");
    assert_eq!(server::get(portal, FINDINGS, key).status, 200);
    let refused = server::get(portal, PEOPLE, key);
    assert!(refused.status == 403 && refused.body.contains("scope `person:read`"), "{}", refused.body);
}

/// A client's secret opens nothing; a token for it does, within what it asked for.
fn check_client(server: &Server, told: &str) {
    let (id, secret) = told.split_once(' ').unwrap();
    let portal = server.address("portal");
    assert_eq!(server::get(portal, FINDINGS, secret).status, 401);
    let ask = |form: &[(&str, &str)]| server::post_form(portal, "/oauth/token", (id, secret), form);
    let grant = ("grant_type", "client_credentials");
    let token = ask(&[grant]).json();
    assert_eq!((token["token_type"].as_str(), token["expires_in"].as_i64()), (Some("Bearer"), Some(900)), "{token}");
    let whole = token["access_token"].as_str().unwrap();
    assert_eq!(server::get(portal, PEOPLE, whole).status, 200);
    let part = ask(&[grant, ("scope", "finding:read")]).json();
    let part = part["access_token"].as_str().unwrap();
    assert_eq!((server::get(portal, FINDINGS, part).status, server::get(portal, PEOPLE, part).status), (200, 403));
    let made = server::post(portal, PEOPLE, whole, &serde_json::json!({})).unwrap();
    assert_eq!(made.status, 403, "a token never does what takes a fresh proof: {}", made.body);
    let refused = |form: &[(&str, &str)], error: &str| {
        let answer = ask(form);
        assert!(answer.status == 400 && answer.body.contains(error), "{error}: {}", answer.body);
    };
    refused(&[("grant_type", "password")], "unsupported_grant_type");
    refused(&[grant, ("scope", "*:*")], "invalid_scope");
    refused(&[grant, grant], "invalid_request");
    let wrong = server::post_form(portal, "/oauth/token", (id, "sipar_wrong"), &[grant]);
    assert!(wrong.status == 401 && wrong.body.contains("invalid_client"), "{}", wrong.body);
}

#[test]
fn people_come_in_by_links_and_passkeys_in_a_real_browser() {
    let home = Home::alone();
    let mut server = Server::serve(&home);
    let portal = server.address("portal");
    let origin = format!("http://localhost:{}", portal.port());
    let link = told(&server, "set up");
    assert!(link.starts_with(&format!("{origin}/enrol/")), "{link}");
    let shots = std::env::var("SIPAR_TEST_SHOTS").unwrap_or_default();
    let variables = [
        ("SIPAR_TEST_ORIGIN", origin.as_str()),
        ("SIPAR_TEST_LINK", link.as_str()),
        ("SIPAR_TEST_SHOTS", shots.as_str()),
    ];
    let Some(mut script) = browser::start("people.mjs", &variables) else { return };
    let mut key = String::new();
    while let Some((name, value)) = script.said() {
        match name.as_str() {
            "stale" => make_stale(&home),
            "key" => {
                check_key(&server, &value);
                key = value;
            }
            "client" => check_client(&server, &value),
            "revoked" => assert_eq!(server::get(portal, FINDINGS, &key).status, 401),
            "restart" => {
                server.stop();
                // The address stays: passkeys and cookies belong to it.
                let path = home.path("sipar.toml");
                let text = fs::read_to_string(&path).unwrap();
                let kept = format!("[portal]\nlisten = \"{portal}\"");
                fs::write(path, text.replace("[portal]\nlisten = \"127.0.0.1:0\"", &kept)).unwrap();
                server = Server::serve(&home);
                assert!(server.wait_for_line("sign in").contains("with a passkey"), "{}", server.log());
            }
            other => panic!("the script says `{other} {value}`"),
        }
        script.answer("go on");
    }
    let listed = home.ok(&["people", "list"]);
    assert!(listed.contains("amna") && listed.contains("bilal") && listed.contains("active"), "{listed}");
    let shown = home.ok(&["people", "show", "bilal"]);
    for word in ["laptop", "sessions-ended by amna", "passkey-copied"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}
