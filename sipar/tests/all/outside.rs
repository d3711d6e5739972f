//! Signing in with an outside provider of OpenID Connect, in a real browser beside a real provider.

use crate::support::{Home, browser, server::Server};
use std::fs;

const SECRET: &str = "a secret of the test: and of nothing else";

#[test]
fn an_outside_provider_vouches_for_whom_a_person_has_tied() {
    let Some(mut provider) = browser::start("provider.mjs", &[("SIPAR_TEST_SECRET", SECRET)]) else { return };
    let (_, issuer) = provider.said().expect("the provider says where it is");
    let home = Home::alone();
    let secret = home.write("provider.secret", SECRET);
    let path = home.path("sipar.toml");
    let text = fs::read_to_string(&path).unwrap();
    let provided = format!(
        "[provider]\nissuer = \"{issuer}\"\nclient_id = \"sipar\"\ntitle = \"National sign-on\"\n\
         client_secret_file = \"{}\"\n",
        secret.display()
    );
    fs::write(path, text + &provided).unwrap();
    let server = Server::serve(&home);
    let origin = format!("http://localhost:{}", server.address("portal").port());
    provider.answer(&origin);
    assert_eq!(provider.said().expect("the provider is ready").0, "ready");
    let link = server.wait_for_line("set up");
    let link = link.trim_start_matches("set up").split_whitespace().next().unwrap();
    let shots = std::env::var("SIPAR_TEST_SHOTS").unwrap_or_default();
    let variables = [("SIPAR_TEST_ORIGIN", origin.as_str()), ("SIPAR_TEST_LINK", link), ("SIPAR_TEST_SHOTS", &shots)];
    let mut script = browser::start("outside.mjs", &variables).expect("the browser is there");
    assert_eq!(script.said(), None);
    let shown = home.ok(&["people", "show", "amna"]);
    assert!(shown.contains("subject-tied by amna") && shown.contains("subject-untied by amna"), "{shown}");
    home.ok(&["people", "untie", "bilal"]);
    let log = server.log();
    assert!(!log.contains(SECRET) && !log.contains("code="), "{log}");
}

#[test]
fn a_provider_that_makes_no_sense_is_refused_at_the_start() {
    let check = |settings: &str, expect: &str| {
        let home = Home::alone();
        let path = home.path("sipar.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{text}[provider]\n{settings}\n")).unwrap();
        home.run(&["people", "list"]).refused_with(&[expect]);
    };
    check("issuer = \"login.example\"", "is no address");
    check("issuer = \"http://login.example\"", "begins with https://");
    check("issuer = \"https://login.example\"", "`provider.client_id` is missing");
    let known = "issuer = \"https://login.example\"\nclient_id = \"sipar\"";
    check(
        &format!("{known}\nclient_secret_file = \"/nowhere/secret\""),
        "`provider.client_secret_file` cannot be read",
    );
    check(&format!("{known}\npassword = \"x\""), "unknown field");
}
