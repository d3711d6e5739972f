//! A feed's life on the command line: added with its own exceptions, changed, removed.

use crate::support::{Home, records};
use sipar_model::{Action, Clock as _, DomainName, SystemClock};

#[test]
fn a_feed_is_added_changed_and_removed() {
    let home = Home::alone();
    let feed = r#"{"version":2,"whitelist":["good.host.example"],"blacklist":["evil.example","host.example"]}"#;
    let path = home.write("feed.json", feed);
    home.add_feed("eth", "eth-phishing-detect", &path);
    home.ok(&["feed", "pull", "eth"]);
    let answer = |name: &str| {
        let policy = records::snapshot(&home);
        policy.name(&DomainName::parse(name).unwrap(), SystemClock.now()).map(|hit| hit.action)
    };
    let expect = [
        ("evil.example", Some(Action::Block)),
        ("host.example", Some(Action::Block)),
        ("bad.host.example", Some(Action::Block)),
        ("good.host.example", Some(Action::Allow)),
        ("else.example", None),
    ];
    for (name, action) in expect {
        assert_eq!(answer(name), action, "{name}");
    }
    let why = home.ok(&["check", "host.example"]);
    assert!(why.contains("blocked, except good.host.example"), "{why}");
    assert!(home.ok(&["warning", "list"]).contains("eth-allowed"));

    home.ok(&["feed", "edit", "eth", "--trust", "50", "--title", "Names of wallets"]);
    let shown = home.ok(&["feed", "show", "eth"]);
    assert!(shown.contains("50") && shown.contains("Names of wallets"), "{shown}");
    let refused = |arguments: &[&str], why: &str| home.run(arguments).refused_with(&[why]);
    refused(&["feed", "edit", "eth"], "nothing to change");
    refused(&["feed", "edit", "eth", "--trust", "101"], "from 0 to 100");
    refused(&["feed", "edit", "none", "--trust", "10"], "there is no feed `none`");
    refused(&["feed", "remove", "eth", "--reason", "short"], "give a reason of 10");

    let printed = home.ok(&["feed", "remove", "eth", "--reason", "its publisher has given it up"]);
    assert!(printed.contains("2 assertions taken back"), "{printed}");
    assert!(!home.ok(&["feed", "list"]).contains("eth"));
    refused(&["feed", "pull", "eth"], "there is no feed `eth`");
    // What was blocked by its word stays until its own end; what it allowed is protected no more.
    assert_eq!(answer("evil.example"), Some(Action::Block));
    assert_eq!(answer("good.host.example"), Some(Action::Block));
    assert!(home.ok(&["check", "evil.example"]).contains("taken it back"));
    home.ok(&["ledger", "verify"]);
}
