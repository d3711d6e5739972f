//! What the guide tells those who run a service: reputation over HTTP, nginx that asks for every visitor
//! (`docs/src/nginx.md`), and that the pages lead to each other.

use crate::support::{guide::Page, service::Service, until};
use std::{collections::BTreeMap, fs, path::Path};

const PAGE: Page = Page(include_str!("../../../docs/src/nginx.md"));

#[test]
fn nginx_asks_for_every_visitor_as_the_guide_says() {
    let Some(service) = Service::start(&["nginx"]) else { return };
    let (listed, other) = ("203.0.113.66", "203.0.113.67");
    [listed, other].into_iter().for_each(|address| service.add_visitor(address));
    service.home.write("www/index.html", "hello");
    let root = service.at("www");
    let _nginx = service.nginx(&PAGE.block("auth_request /_sipar").replace("/srv/www", &root));
    service.until_visit("before the block", listed, "http", "200");
    let address = || service.paste(&PAGE, "curl -s http://127.0.0.1:8081/v1/ip", &[]);
    let name = || service.paste(&PAGE, "curl -s http://127.0.0.1:8081/v1/domain", &[]);
    until("an open policy", || address().contains("\"not-listed\"").then_some(()));
    let mut number = String::new();
    for what in ["192.0.2.1", "www.example.org", listed] {
        let printed = service.sh(&format!("sipar block {what} --category c2 --reason 'seen in an incident'")).ok();
        number = printed.split_whitespace().find(|word| word.starts_with("D-")).unwrap().to_owned();
    }
    until("both are listed", || (address().contains("\"block\"") && name().contains("\"block\"")).then_some(()));
    let bulk = service.paste(&PAGE, "curl -s -d", &[]);
    assert_eq!(bulk.matches("\"block\"").count(), 2, "{bulk}");
    service.until_visit("the block", listed, "http", "403");
    assert_eq!(service.visit(other, "http"), "200");
    service.sh(&format!("sipar undo {number} --reason 'the owner has mended it'")).ok();
    service.until_visit("the end of the block", listed, "http", "200");
    service.assert_all_tried(&PAGE, &[]);
}

/// A heading's place, as mdBook makes it.
fn place(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_of_the_guide_lead_somewhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src");
    let pages: BTreeMap<String, String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    let mut seen = 0;
    for (name, text) in &pages {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (page, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if page.is_empty() { Some(text) } else { pages.get(page) };
            let target = target.unwrap_or_else(|| panic!("{name} leads to `{link}`, and there is no such page"));
            let mut headings = target.lines().filter(|line| line.starts_with('#'));
            let is_there = anchor.is_empty() || headings.any(|line| place(line.trim_start_matches('#')) == anchor);
            assert!(is_there, "{name} leads to `{link}`, and there is no such heading");
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}
