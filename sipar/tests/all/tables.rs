//! What the program says of itself, compared with what is written down: roles, routes, flow.

use crate::support::Home;
use std::{fs, path::Path};

/// Compares with the file in the source tree; `SIPAR_TEST_UPDATE=1` writes it anew, for a person to look at.
fn check(arguments: &[&str], file: &str) -> String {
    let told = Home::alone().ok(arguments);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("SIPAR_TEST_UPDATE").is_some() {
        fs::write(&path, &told).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(told, written, "`{file}` differs; when that is meant: SIPAR_TEST_UPDATE=1 cargo test -p sipar tables");
    told
}

/// A change here is a change of who may do what: look at it twice.
#[test]
fn who_may_do_what() {
    check(&["roles"], "tests/all/roles.txt");
}

#[test]
fn every_route_has_its_line_in_the_role_table() {
    let told = check(&["routes"], "tests/all/routes.txt");
    assert!(told.lines().count() > 30, "{told}");
    let uncovered: Vec<&str> = told.lines().filter(|line| line.ends_with(" uncovered")).collect();
    assert!(uncovered.is_empty(), "nobody may use these: {uncovered:#?}");
}

#[test]
fn who_says_what_and_who_hears_it() {
    check(&["flow"], "../docs/flow.md");
}
