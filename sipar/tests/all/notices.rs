//! Owners are told, by whole processes and a mail server of others: a feed, a letter, the link in it, and what became of
//! it; and with the country's real networks, right to the address.

use crate::{
    mail::{secrets, settings},
    support::{
        Home, required,
        server::{self, Answer, Server},
        until,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sipar_mail::testing::{Received, Secured, ServerOfOthers};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

fn file(letter: &Received, kind: &str) -> String {
    let found = letter.files.iter().find(|(name, _)| name.ends_with(kind));
    let (_, file) = found.unwrap_or_else(|| panic!("no {kind} in {:?}", letter.files.keys()));
    String::from_utf8(STANDARD.decode(file).unwrap()).unwrap()
}

/// A house with a mail server.
fn house() -> Option<(Home, ServerOfOthers)> {
    let home = Home::alone();
    let mailbox = ServerOfOthers::start(&home.path(""), Secured::Starttls, &secrets(&home))?;
    let text = fs::read_to_string(home.path("sipar.toml")).unwrap() + &settings(&home, &mailbox);
    home.write("sipar.toml", &text);
    Some((home, mailbox))
}

/// Opens a page, or sends its form, as somebody without an account does.
fn visit(portal: SocketAddr, path: &str, sends: bool) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let url = format!("http://{portal}{path}");
    let mut response = match sends {
        false => agent.get(&url).header("accept", "text/html").call().unwrap(),
        true => {
            let request = agent.post(&url).header("accept", "text/html").header("sec-fetch-site", "same-origin");
            request.send_form([("x", "y")]).unwrap()
        }
    };
    let status = response.status().as_u16();
    Answer { status, body: response.body_mut().read_to_string().unwrap() }
}

#[test]
fn from_a_feed_to_an_acknowledged_notice() {
    let Some((home, mut mailbox)) = house() else { return };
    home.ok(&["party", "add", "bank", "--title", "Example Bank", "--title-ur", "مثالی بینک"]);
    home.ok(&["party", "contact", "bank", "technical", "soc@bank.example", "--language", "both"]);
    home.ok(&["asset", "add", "bank", "bank-wallet.example", "--from", "2024-01-01"]);
    let names = home.write_names("names.json", ["login.bank-wallet.example", "other-wallet.example"].into_iter());
    home.add_feed("phish", "eth-phishing-detect", &names);
    home.ok(&["feed", "pull", "phish"]);
    assert!(home.ok(&["notice", "send"]).contains("0 notices made"), "what is high waits an hour for more");
    let sent = home.ok(&["notice", "send", "--now"]);
    assert!(sent.contains("1 notices made; 1 letters taken, 0 not"), "{sent}");
    let letter = mailbox.letter();
    assert_eq!((letter.recipients.as_slice(), letter.tls), (&["soc@bank.example".to_owned()][..], true));
    assert_eq!(letter.headers["Content-Language"], "ur, en");
    for words in ["login.bank-wallet.example", "Take the page down", "صفحہ ہٹائیں", "مثالی بینک", "Example Bank"]
    {
        assert!(letter.text.contains(words), "`{words}` is not in {}", letter.text);
    }
    assert!(!letter.text.contains("other-wallet"), "what is not theirs is not told to them");
    assert!(file(&letter, ".csv").contains("E-1,domain,login.bank-wallet.example,bank-wallet.example,listed-phishing"));
    let listed = home.ok(&["notice", "list"]);
    assert!(listed.starts_with("N-1") && listed.contains("sent") && listed.contains("bank"), "{listed}");
    assert!(home.ok(&["exposure", "show", "1"]).contains("notified by notice:N-1"));
    home.run(&["notice", "show", "N-9"]).refused_with(&["no notice N-9"]);
    home.run(&["notice", "list", "--party", "No One"]).refused_with(&["no short name of a party"]);

    let server = Server::serve(&home);
    let portal = server.address("portal");
    let link = letter.text.lines().find_map(|line| Some(&line[line.find("/notice/")?..])).unwrap().trim().to_owned();
    let looked = visit(portal, &link, false);
    assert!(looked.status == 200 && !looked.body.contains("bank-wallet"), "{} {}", looked.status, looked.body);
    assert!(home.ok(&["notice", "show", "1"]).contains("state         sent"), "looking changes nothing");
    assert_eq!(visit(portal, &format!("{}x", &link[..link.len() - 1]), true).status, 404);
    let confirmed = visit(portal, &link, true);
    assert!(confirmed.status == 200 && confirmed.body.contains("that you know"), "{}", confirmed.body);
    assert_eq!(visit(portal, &link, true).status, 422, "once");
    assert_eq!(visit(portal, &link, false).status, 200, "and it says how it stands");
    until("the exposure to be acknowledged", || {
        home.ok(&["exposure", "show", "1"]).contains("acknowledged by notice:N-1").then_some(())
    });
    let shown = home.ok(&["notice", "show", "1"]);
    assert!(shown.contains("state         acknowledged, high") && shown.contains("party:bank"), "{shown}");
    assert!(home.ok(&["notice", "list", "--over"]).contains("N-1"));
    let measured = until("the measure", || {
        let all = home.ok(&["notice", "measures"]);
        all.lines().nth(1).is_some_and(|row| row.split_whitespace().nth(4) == Some("1")).then_some(all)
    });
    assert!(measured.contains("high"), "{measured}");
    for lang in ["en", "ur"] {
        let page = server.get(&home, &format!("/notices/1?lang={lang}")).body;
        assert!(page.contains("login.bank-wallet.example") && !page.contains("notices-"), "{page}");
    }
    let csv = server.get(&home, "/notices/1/csv").body;
    assert!(csv.starts_with("exposure,type,value") && csv.contains("acknowledged"), "{csv}");
    let events = server.get(&home, "/api/v1/notices/events?after=0&party=bank").json();
    let what: Vec<&str> =
        events["events"].as_array().unwrap().iter().map(|one| one["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["made", "sent", "acknowledged"]);
    assert!(!server.log().contains("soc@"), "no address in a log");
    programs(&home, &server);
}

/// A party's own program: where it is told, and its key with which it asks.
fn programs(home: &Home, server: &Server) {
    let refused = |url: &str, words: &str| home.run(&["notice", "webhook", "set", "bank", url]).refused_with(&[words]);
    refused("http://soc.bank.example/", "over `https` alone");
    refused("https://u:p@soc.bank.example/", "leave out user, password");
    refused("soc.bank.example", "no address of a program");
    home.run(&["notice", "webhook", "set", "shop", "https://soc.shop.example/"]).refused_with(&["`shop`"]);
    assert!(home.ok(&["notice", "webhook", "set", "bank", "https://127.0.0.1:9/x"]).starts_with("whsec_"));
    assert!(home.ok(&["notice", "webhook", "list"]).contains("https://127.0.0.1:9/x"));
    home.ok(&["notice", "webhook", "remove", "bank"]);
    let door = server.address("clients");
    let ask = |path: &str, key: &str| server::get(door, path, key);
    assert_eq!(ask("/v1/notices", "").status, 401);
    let key = home.ok(&["notice", "key", "bank"]).trim().to_owned();
    let told = ask("/v1/notices", &key).json();
    let what: Vec<&str> = told["events"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(what, ["notice.made", "notice.sent", "notice.acknowledged"]);
    assert_eq!(told["events"][0]["data"]["things"][0]["subject"]["value"], "login.bank-wallet.example");
    let rest = ask(
        &format!("/v1/notices?after={}", told["events"][1]["id"].as_str().unwrap().trim_start_matches("msg_")),
        &key,
    )
    .json();
    assert_eq!((rest["events"].as_array().unwrap().len(), &rest["after"]), (1, &told["after"]));
    assert_eq!(ask("/v1/notices?after=x", &key).status, 400);
    home.ok(&["notice", "key", "bank", "--remove"]);
    assert_eq!(ask("/v1/notices", &key).status, 401, "it opens nothing any more");
}

fn real() -> Option<PathBuf> {
    let given = std::env::var_os("SIPAR_REAL_DATA").map(PathBuf::from);
    assert!(given.is_some() || !required("SIPAR_TEST_TOOLS_REQUIRED"), "SIPAR_REAL_DATA is missing: cargo xtask real");
    if given.is_none() {
        eprintln!("skipped: SIPAR_REAL_DATA is not set");
    }
    given
}

/// Ranges of IPv4 by their ends.
type Ranges<T> = Vec<(u32, u32, T)>;

fn ranges<T>(path: PathBuf, of: impl Fn(&csv::StringRecord) -> T) -> Ranges<T> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).unwrap();
    let number = |text: &str| text.parse::<Ipv4Addr>().unwrap().to_bits();
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| (number(&row[0]), number(&row[1]), of(&row))).collect()
}

fn within<T>(ranges: &Ranges<T>, address: u32) -> Option<&T> {
    let at = ranges.partition_point(|range| range.0 <= address).checked_sub(1)?;
    (address <= ranges[at].1).then_some(&ranges[at].2)
}

/// The parties of the register, by their short names: their titles, of those that take part.
fn parties(home: &Home) -> BTreeMap<String, String> {
    let server = Server::serve(home);
    let mut found = BTreeMap::new();
    for page in 1.. {
        let answer = server.get(home, &format!("/api/v1/registry/parties?page={page}")).json();
        let rows = answer["parties"].as_array().unwrap().clone();
        for row in rows.iter().filter(|row| row["state"] == "active") {
            found.insert(row["id"].as_str().unwrap().to_owned(), row["title"].as_str().unwrap().to_owned());
        }
        if rows.is_empty() {
            break;
        }
    }
    server.stop();
    found
}

#[test]
fn the_owners_of_a_country_are_told_right_to_the_address() {
    let Some(real) = real() else { return };
    let Some((home, mut mailbox)) = house() else { return };
    let (owners, countries) =
        (real.join("ip-location-db-asn/asn-ipv4.csv"), real.join("ip-location-db-asn-country/asn-country-ipv4.csv"));
    let [owners_path, countries_path] = [&owners, &countries].map(|path| path.to_str().unwrap());
    home.ok(&[
        "party",
        "import",
        owners_path,
        "--form",
        "asn-table",
        "--countries",
        countries_path,
        "--country",
        "PK",
        "--sector",
        "telecom",
        "--apply",
    ]);
    // Names that look like another's wait for a person; what they claim does not count yet.
    let parties = parties(&home);
    assert!(parties.len() > 300, "{}", parties.len());
    let contacts: String = parties
        .iter()
        .map(|(id, title)| format!("{id},\"{}\",noc@{id}.example\n", title.replace('"', "\"\"")))
        .collect();
    let sheet = home.write("contacts.csv", &format!("party,title,contact\n{contacts}"));
    home.ok(&["party", "import", sheet.to_str().unwrap(), "--form", "csv", "--apply"]);
    // One address of each range of the country, by a fixed rule; and who announces it, by the whole table.
    let owners = ranges(owners, |row| row[3].to_owned());
    let countries = ranges(countries, |row| row[2] == *"PK");
    let inside = |first: &u32| within(&countries, *first) == Some(&true);
    let listed: BTreeSet<u32> =
        owners.iter().filter(|row| inside(&row.0)).map(|(first, last, _)| first + (last - first) / 3).collect();
    let listed: BTreeSet<u32> = listed.into_iter().filter(|address| inside(address)).collect();
    let titles: BTreeSet<&String> = parties.values().collect();
    let expect: BTreeMap<String, &String> = listed
        .iter()
        .filter_map(|address| Some((Ipv4Addr::from_bits(*address).to_string(), within(&owners, *address)?)))
        .filter(|(_, title)| titles.contains(title))
        .collect();
    let lines: String = listed.iter().map(|address| format!("{}\n", Ipv4Addr::from_bits(*address))).collect();
    let list = home.write("listed.txt", &lines);
    home.add_feed("bad", "plain", &list);
    home.ok(&["feed", "pull", "bad"]);
    // The server reads a letter each time it is asked; meanwhile others wait in its pipe.
    let reader = std::thread::spawn(move || {
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        let mut letters = 0;
        loop {
            let letter = mailbox.letter();
            let whole: Value = serde_json::from_str(&file(&letter, ".json")).unwrap();
            let party = whole["party"].as_str().unwrap();
            if party == "the-end" {
                return (letters, told);
            }
            letters += 1;
            assert_eq!(letter.recipients, [format!("noc@{party}.example")]);
            for thing in whole["things"].as_array().unwrap() {
                let address = thing["subject"]["value"].as_str().unwrap().to_owned();
                assert_eq!(told.insert(address, party.to_owned()), None, "told twice");
            }
        }
    });
    let sent = home.ok(&["notice", "send", "--now"]);
    // One more, so that whoever reads letters knows that these were all.
    home.ok(&["party", "add", "the-end", "--title", "Zzyzx End"]);
    home.ok(&["party", "contact", "the-end", "technical", "noc@the-end.example"]);
    home.ok(&["asset", "add", "the-end", "end.example", "--from", "2024-01-01"]);
    let last = home.write("last.txt", "end.example\n");
    home.add_feed("last", "plain", &last);
    home.ok(&["feed", "pull", "last"]);
    home.ok(&["notice", "send", "--now"]);
    let (letters, told) = reader.join().unwrap();
    eprintln!("{} of {} listed addresses in {letters} letters: {sent}", told.len(), listed.len());
    let told: BTreeMap<String, &String> =
        told.iter().map(|(address, party)| (address.clone(), &parties[party])).collect();
    assert!(told.len() > 1_000 && letters > 250, "{} in {letters}", told.len());
    assert_eq!(told, expect);
}
