//! The role table, as a person reads it.

use crate::support::Place;

/// A change here is a change of who may do what: look at it twice.
/// After a change that is meant: `SIPAR_TEST_UPDATE=1 cargo test -p sipar --test e2e roles`.
#[test]
fn who_may_do_what() {
    let table = Place::new().ok(&["roles"]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/roles.txt");
    if std::env::var_os("SIPAR_TEST_UPDATE").is_some() {
        std::fs::write(path, &table).expect("written");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(table, expected, "the role table has changed");
}
