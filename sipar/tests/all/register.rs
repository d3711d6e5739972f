//! The register, whole: by commands, by the API and by forms; what is refused, what waits, and who owns what.

use crate::support::{
    Home,
    server::{self, Server},
    until,
};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::PathBuf,
};

fn second_key(home: &Home) -> PathBuf {
    home.write("second.key", &home.ok(&["key", "new", "--role", "analyst", "--label", "second desk"]))
}

#[test]
fn from_a_party_to_the_owner_of_an_address() {
    let home = Home::alone();
    home.ok(&["decision", "list"]);
    let second = second_key(&home);
    let second = second.to_str().unwrap();
    // Without a server first: a command is a house of its own.
    home.ok(&["party", "add", "gov", "--title", "Government", "--tier", "national"]);
    home.ok(&["party", "add", "power", "--title", "Power Company", "--title-ur", "بجلی کمپنی", "--parent", "gov"]);
    home.ok(&["asset", "add", "power", "203.0.113.0/26", "--from", "2024-01-01"]);
    assert!(
        home.ok(&["asset", "owner", "203.0.113.9"]).contains("is of power (Power Company), who owns 203.0.113.0/26")
    );
    assert!(home.ok(&["asset", "owner", "203.0.113.9", "--at", "2023-12-31"]).contains("is of nobody"));
    assert!(home.ok(&["check", "203.0.113.9"]).contains("belongs to Power Company"));
    let server = Server::serve(&home);
    let (portal, key) = (server.address("portal"), server::operator_key(&home));
    // Forms do the same, and refuse with a clear word.
    let taken = server::send_form(
        portal,
        "/parties",
        &key,
        &[
            ("id", "bank"),
            ("title", "Example Bank"),
            ("title_ur", "مثالی بینک"),
            ("tier", "organisation"),
            ("type", "company"),
            ("sector", "finance"),
            ("parent", "gov"),
        ],
    );
    assert_eq!(taken.status, 303, "{}", taken.body);
    let refused = server::send_form(
        portal,
        "/parties",
        &key,
        &[
            ("id", "bad"),
            ("title", "Bank\r\nBcc: eve@evil.example"),
            ("title_ur", ""),
            ("tier", "organisation"),
            ("type", "company"),
            ("sector", ""),
            ("parent", ""),
        ],
    );
    assert!(refused.status == 422 && refused.body.contains("line break"), "{}", refused.body);
    // What was typed is not lost.
    assert!(refused.body.contains("value=\"bad\"") && refused.body.contains("eve@evil.example"), "{}", refused.body);
    let contact = |mail: &str| {
        server::send_form(
            portal,
            "/parties/bank/contacts",
            &key,
            &[
                ("purpose", "technical"),
                ("mail", mail),
                ("name", "Desk"),
                ("phone", ""),
                ("language", "ur"),
                ("hours", "mon-fri 09:00-17:00"),
                ("holidays", "2026-12-25"),
            ],
        )
    };
    assert_eq!(contact("cert@bank.example").status, 303);
    let refused = contact("cert@bank.example\r\nBcc: eve@evil.example");
    assert!(refused.status == 422 && refused.body.contains("value=\"mon-fri 09:00-17:00\""), "{}", refused.body);
    let page = server.get(&home, "/parties/bank?lang=ur").body;
    assert!(page.contains("مثالی بینک") && page.contains("cert@bank.example"), "{page}");
    // A claim on what another owns waits; whoever entered it cannot agree.
    assert!(home.ok(&["asset", "add", "bank", "203.0.113.0/24"]).contains("waits as matter 1"));
    home.run(&["asset", "decide", "1", "agreed", "--reason", "so it is"]).refused_with(&["you entered this yourself"]);
    assert!(home.ok(&["asset", "waiting"]).contains("covers"));
    home.ok(&["--key-file", second, "asset", "decide", "1", "agreed", "--reason", "so it is"]);
    let owned = |what: &str, by: &str| {
        until(&format!("{what} of {by}"), || home.ok(&["asset", "owner", what]).contains(by).then_some(()));
    };
    owned("203.0.113.200", "of bank");
    owned("203.0.113.9", "of power");
    // What is exported is text to a spreadsheet.
    home.ok(&["asset", "add", "bank", "Payroll", "--type", "system", "--label", "=HYPERLINK(\"http://evil.example\")"]);
    let csv = home.ok(&["asset", "list", "bank", "--csv"]);
    assert!(csv.contains("system,Payroll,\"'=HYPERLINK("), "{csv}");
    assert!(csv.starts_with("number,party,type,asset"), "{csv}");
    home.ok(&["ledger", "verify"]);
}

#[test]
fn files_are_looked_at_and_applied() {
    let home = Home::alone();
    home.ok(&["party", "add", "bank", "--title", "Example Bank"]);
    let file = home.write("assets.csv", "party,asset,label\nbank,bank.example,\nbank,203.0.113.0/26,branches\n");
    let file = file.to_str().unwrap();
    let looked = home.ok(&["party", "import", file, "--form", "csv"]);
    assert!(looked.contains("import 1 (csv) is previewed") && looked.contains("nothing is changed yet"), "{looked}");
    assert!(home.ok(&["asset", "owner", "bank.example"]).contains("is of nobody"));
    assert!(home.ok(&["party", "imports", "apply", "1"]).contains("2 added"));
    home.run(&["party", "imports", "discard", "1"]).refused_with(&["is applied already"]);
    assert!(home.ok(&["asset", "owner", "www.bank.example"]).contains("is of bank"));
    // What is exported is brought again, and changes nothing.
    let csv = home.write("again.csv", &home.ok(&["asset", "list", "bank", "--csv"]));
    let again = home.ok(&["party", "import", csv.to_str().unwrap(), "--form", "csv", "--apply"]);
    assert!(again.contains("claims   0 added, 0 changed, 2 same, 0 waiting"), "{again}");
    let zip = home.write("a.xlsx", "party,asset\n");
    home.run(&["party", "import", zip.to_str().unwrap(), "--form", "xlsx"]).refused_with(&["no archive"]);
    home.run(&["party", "import", file, "--form", "pdf"]).refused_with(&["csv, xlsx, delegated"]);
    let empty = home.write("empty.csv", "");
    home.run(&["party", "import", empty.to_str().unwrap(), "--form", "csv"]).refused_with(&["the file is empty"]);
    let server = Server::serve(&home);
    let (portal, key) = (server.address("portal"), server::operator_key(&home));
    let more = home.write("more.csv", "asset\nmore.example\n");
    home.ok(&["party", "import", more.to_str().unwrap(), "--form", "csv", "--party", "bank"]);
    assert!(server.get(&home, "/register/imports/3").body.contains("more.csv"));
    assert_eq!(server::send_form(portal, "/register/imports/3", &key, &[("choice", "perhaps")]).status, 422);
    assert_eq!(server::send_form(portal, "/register/imports/3", &key, &[("choice", "apply")]).status, 303);
    assert_eq!(server::send_form(portal, "/register/imports/3", &key, &[("choice", "apply")]).status, 409);
    until("the owner", || home.ok(&["asset", "owner", "more.example"]).contains("is of bank").then_some(()));
    // Rows are pasted as they are copied out of a spreadsheet.
    let pasted = [("rows", "asset\tlabel\nlast.example\t=1+1\n10.0.0.1/8\t\n"), ("party", "bank"), ("sector", "")];
    assert_eq!(server::send_form(portal, "/register/imports", &key, &pasted).status, 303);
    let page = server.get(&home, "/register/imports/4?lang=ur").body;
    assert!(page.contains("چسپاں") && page.contains("10.0.0.1/8"), "{page}");
    let refused = server::send_form(portal, "/register/imports", &key, &[("rows", "colour\nred\n")]);
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("`colour`") && refused.body.contains(">colour\nred"), "{}", refused.body);
    // What says that it is 2 GB is refused before any of it comes.
    let mut stream = TcpStream::connect(portal).unwrap();
    let head = "POST /api/v1/registry/imports?form=csv HTTP/1.1\r\nhost: sipar\r\ncontent-length: 2147483648";
    write!(stream, "{head}\r\nx-api-key: {key}\r\n\r\n").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would_be_right() {
    let home = Home::alone();
    home.ok(&["party", "add", "bank", "--title", "Example Bank"]);
    let check = |arguments: &[&str], words: &[&str]| home.run(arguments).refused_with(words);
    check(&["party", "add", "Bank", "--title", "Example"], &["small letters, digits and hyphens"]);
    check(&["party", "add", "bank", "--title", "Other"], &["there is a party `bank` already"]);
    check(&["party", "add", "b", "--title", "Example B\u{430}nk"], &["more than one script"]);
    check(&["party", "add", "b", "--title", "Bank", "--tier", "top"], &["national, sector, organisation"]);
    check(&["party", "show", "nobody"], &["no party `nobody`"]);
    check(&["party", "contact", "bank", "technical", "Desk <cert@bank.example>"], &["mail address"]);
    check(&["party", "edit", "bank", "--title", "Example\u{202e}Bank"], &["U+202E"]);
    let key = home.write("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    check(&["party", "key", "bank", key.to_str().unwrap()], &["private key"]);
    check(&["asset", "add", "bank", "gov.pk"], &["others register names"]);
    check(&["asset", "add", "bank", "10.0.0.1/8"], &["bits set beyond"]);
    check(&["asset", "add", "nobody", "bank.example"], &["no party `nobody`"]);
    check(&["asset", "add", "bank", "bank.example", "--from", "yesterday"], &["is no time"]);
    check(&["asset", "end", "9"], &["no claim 9"]);
    check(&["asset", "decide", "9", "maybe", "--reason", "x"], &["agreed, refused"]);
}
