//! What is wrong is found, stands once, is over when it is mended, and is known after a restart.

use crate::support::{Home, server::Server, until};
use serde_json::Value;
use std::fs;

fn findings(server: &Server, home: &Home, state: &str) -> Vec<Value> {
    let all = server.get(home, &format!("/api/v1/findings?state={state}")).json();
    all.as_array().unwrap().clone()
}

fn page(server: &Server, home: &Home, path: &str, lang: &str) -> String {
    server.get(home, &format!("{path}?lang={lang}")).body
}

fn of<'a>(all: &'a [Value], class: &str) -> Option<&'a Value> {
    let mut of_class = all.iter().filter(|one| one["class"] == class);
    let first = of_class.next();
    assert!(of_class.next().is_none(), "`{class}` stands twice: {all:?}");
    first
}

#[test]
fn a_held_feed_and_a_refused_snapshot_are_found_and_over_when_they_are_mended() {
    let home = Home::alone();
    let all: Vec<String> = (0..100).map(|number| format!("n{number}.example")).collect();
    let file = home.write_names("names.json", all.iter().map(String::as_str));
    home.add_feed("phish", "eth-phishing-detect", &file);
    home.ok(&["feed", "pull", "phish"]);
    home.write_names("names.json", all[..10].iter().map(String::as_str));
    home.ok(&["feed", "pull", "phish"]);
    let server = Server::serve(&home);
    let held = until("the held feed", || of(&findings(&server, &home, "open"), "feed-held").cloned());
    assert_eq!((held["subject"].as_str(), held["href"].as_str()), (Some("phish"), Some("/feeds/phish")));
    assert!(held["detail"].as_str().unwrap().contains("from 100 to 10"), "{held}");
    assert!(held["mend"].as_str().unwrap().contains("apply it"), "{held}");
    assert_eq!(of(&findings(&server, &home, "open"), "edge-refused"), None);
    // Somebody writes over the file that the edges watch, and again while the server puts it right before anybody saw.
    let current = home.data.join("snapshot/current.sipar");
    let said = [("en", "The edges refused a file"), ("ur", "کنارے نے ایک فائل رد کر دی")];
    let refused = until("the refused file on the first page", || {
        fs::write(home.path("other"), "no snapshot").unwrap();
        fs::rename(home.path("other"), &current).unwrap();
        let refused = of(&findings(&server, &home, "open"), "edge-refused").cloned()?;
        let says = |path: &str| said.iter().all(|(lang, words)| page(&server, &home, path, lang).contains(words));
        (says("/") && says("/findings")).then_some(refused)
    });
    assert_eq!((refused["severity"].as_str(), refused["subject"].as_str()), (Some("critical"), Some("current.sipar")));
    let number = format!("F-{}", refused["number"]);
    home.ok(&["snapshot", "build"]);
    until("its end", || of(&findings(&server, &home, "over"), "edge-refused").map(|_| ()));
    let shown = home.ok(&["finding", "show", &number]);
    assert!(shown.contains("state       fixed, critical") && shown.contains("came        1 times"), "{shown}");
    assert!(home.ok(&["finding", "list", "--over"]).contains(&number));
    server.stop();
    // It is known while nobody looks, and the same one after a restart.
    assert!(home.ok(&["finding", "list"]).contains("Feed “phish” waits for a person"));
    let server = Server::serve(&home);
    home.ok(&["feed", "release", "phish"]);
    until("its end", || of(&findings(&server, &home, "over"), "feed-held").map(|_| ()));
    let over = findings(&server, &home, "over");
    let same = of(&over, "feed-held").unwrap();
    assert_eq!((&same["number"], &same["times"], &same["state"]), (&held["number"], &1.into(), &"fixed".into()));
    home.run(&["finding", "show", "F-999"]).refused_with(&["there is no finding F-999"]);
    home.run(&["finding", "show", "x"]).refused_with(&["F-3 or 3"]);
}
