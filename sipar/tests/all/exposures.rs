//! What feeds list is matched with its owners: by commands, by the API and by forms.

use crate::support::{
    Home,
    server::{self, Server},
    until,
};

/// A house with a bank whose network and name a feed lists, and a name that nobody owns.
fn house() -> Home {
    let home = Home::alone();
    home.ok(&["party", "add", "bank", "--title", "Example Bank", "--title-ur", "مثالی بینک"]);
    home.ok(&["asset", "add", "bank", "bank-wallet.example", "--from", "2024-01-01"]);
    let file = home.write_names("names.json", ["login.bank-wallet.example", "other-wallet.example"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    home
}

#[test]
fn from_a_feed_to_a_verified_fix_by_commands() {
    let home = house();
    let listed = home.ok(&["exposure", "list"]);
    assert!(listed.starts_with("E-1") && listed.contains("login.bank-wallet.example imitates"), "{listed}");
    assert_eq!(listed.lines().count(), 1, "what nobody owns is nobody's: {listed}");
    assert_eq!(home.ok(&["exposure", "list", "--party", "bank"]), listed);
    assert_eq!(home.ok(&["exposure", "list", "--over"]), "");
    let shown = home.ok(&["exposure", "show", "E-1"]);
    for words in ["bank, who owns bank-wallet.example", "open", "high, likely", "Take the page down", "rule:sources"] {
        assert!(shown.contains(words), "`{words}` is not in {shown}");
    }
    assert!(home.ok(&["exposure", "acknowledge", "1"]).contains("is now acknowledged"));
    home.run(&["exposure", "acknowledge", "1"]).refused_with(&["its state is acknowledged"]);
    home.run(&["exposure", "accept", "1", "--days", "30"]).refused_with(&["say why"]);
    home.run(&["exposure", "accept", "1", "--days", "400", "--reason", "x"]).refused_with(&["1 to 366 days"]);
    home.run(&["exposure", "show", "E-9"]).refused_with(&["no exposure E-9"]);
    home.run(&["exposure", "list", "--party", "No One"]).refused_with(&["no short name of a party"]);
    home.ok(&["exposure", "claim-fix", "1", "--reason", "page taken down"]);
    let shown = home.ok(&["exposure", "show", "1"]);
    assert!(shown.contains("fix-claimed") && shown.contains("page taken down") && shown.contains("until "), "{shown}");
    assert!(home.ok(&["exposure", "dismiss", "1", "--reason", "a test page"]).contains("is now false-positive"));
    assert_eq!(home.ok(&["exposure", "list"]), "");
    assert!(home.ok(&["exposure", "list", "--over"]).contains("false-positive"));
    assert!(home.ok(&["exposure", "reopen", "1", "--reason", "it is one"]).contains("is now open"));
}

#[test]
fn what_is_listed_already_is_matched_once_its_owner_is_known() {
    let home = Home::alone();
    let file = home.write_names("names.json", ["login.bank-wallet.example"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    assert_eq!(home.ok(&["exposure", "list"]), "");
    home.ok(&["party", "add", "bank", "--title", "Example Bank"]);
    home.ok(&["asset", "add", "bank", "bank-wallet.example", "--from", "2024-01-01"]);
    // A server that starts looks at once.
    let server = Server::serve(&home);
    until("the exposure", || {
        server.get(&home, "/api/v1/exposures").body.contains("login.bank-wallet.example").then_some(())
    });
}

#[test]
fn pages_show_it_and_forms_do_it() {
    let home = house();
    let server = Server::serve(&home);
    let (portal, key) = (server.address("portal"), server::operator_key(&home));
    until("the exposure", || server.get(&home, "/exposures").body.contains("login.bank-wallet.example").then_some(()));
    let page = server.get(&home, "/exposures/1?lang=ur").body;
    assert!(page.contains("صفحہ ہٹائیں") && page.contains("کھلا"), "{page}");
    assert!(server.get(&home, "/look-up?what=login.bank-wallet.example").body.contains("/exposures/1"));
    let sent = server::send_form(portal, "/exposures/1", &key, &[("act", "work")]);
    assert_eq!(sent.status, 303, "{}", sent.body);
    let refused =
        server::send_form(portal, "/exposures/1?lang=ur", &key, &[("act", "accept"), ("reason", ""), ("days", "30")]);
    assert!(refused.status == 422 && refused.body.contains("وجہ بتائیں"), "{} {}", refused.status, refused.body);
    let accepted =
        server::send_form(portal, "/exposures/1", &key, &[("act", "accept"), ("reason", "until June"), ("days", "30")]);
    assert_eq!(accepted.status, 303, "{}", accepted.body);
    let over = server.get(&home, "/exposures?state=over").body;
    assert!(over.contains("login.bank-wallet.example") && over.contains("accepted"), "{over}");
}
