//! Entries good and bad, rules, and an index that answers as MISP's semantics say.

use super::*;
use proptest::prelude::*;
use sipar_model::{Observable, SnapshotSerial, TimestampMs, WarningKind};
use sipar_snapshot::{Scope, SigningKey, WarningIndex};
use std::path::{Path, PathBuf};

fn pack(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/warning").join(name);
    std::fs::read_to_string(path).expect("pack")
}

fn rules() -> Rules {
    Rules::parse(&pack("types.toml")).expect("rules")
}

#[test]
fn entries() {
    let check = |kind, text: &str, expect: &str| {
        let found = match read_entry(kind, text) {
            Ok((observable, scope)) => format!("{} {observable} {scope:?}", observable.kind().word()),
            Err(why) => format!("refused: {why}"),
        };
        assert!(found.starts_with(expect), "{text}: {found}");
    };
    use ListType::{Cidr, Hostname, Regex, String, Substring};
    check(Hostname, ".bank.example", "domain bank.example Subtree");
    check(Hostname, "Bank.Example", "domain bank.example Subtree");
    check(String, "bank.example", "domain bank.example Exact");
    check(String, ".bank.example", "domain bank.example Subtree");
    check(String, "AAA", "domain aaa Exact");
    check(String, "192.0.2.1", "address 192.0.2.1");
    check(String, "d41d8cd98f00b204e9800998ecf8427e", "file d41d8cd98f00b204e9800998ecf8427e");
    check(String, "3::", "address 3::");
    check(String, "3:abc:def", "refused: of a kind");
    check(String, &"a".repeat(128), "refused: of a kind");
    check(String, "14d82eec-204b-4c2f-b7e8-296a70dab67e", "refused: of a kind");
    check(String, "example.org/some/path", "refused: of a kind");
    check(Substring, "@mail.example", "domain mail.example Subtree");
    check(Substring, "52.168.52.134", "address 52.168.52.134");
    check(Cidr, "192.0.2.7/24", "prefix 192.0.2.0/24");
    check(Cidr, "::ffff:9270:3d68", "address 146.112.61.104");
    check(Cidr, "FE80::/10", "prefix fe80::/10");
    check(Cidr, "nonsense", "refused: ");
    check(Regex, r"/^example\.com$/i", "domain example.com Exact");
    check(Regex, r"/^(.*\.)?example\.com$/", "domain example.com Subtree");
    check(Regex, r"^.*\.example\.com$", "domain example.com Subtree");
    check(Regex, r"/^(security|noc|soc|abuse)\@.*\..*$/i", "refused: a pattern");
    check(Regex, r"/example\.com/", "refused: a pattern");
    check(Regex, r"/^ex.mple\.com$/", "refused: a pattern");
    check(Regex, r"/^example\.com$/e", "refused: a pattern");
    check(Hostname, "", "refused: ");
}

#[test]
fn the_first_rule_that_names_a_list_counts() {
    let rules = rules();
    let check = |slug: &str, kind: WarningKind| assert_eq!(rules.of(slug).kind, kind, "{slug}");
    check("bank-website", WarningKind::Never);
    check("tlds", WarningKind::Never);
    check("cisco_top10k", WarningKind::Review);
    check("tranco10k", WarningKind::Review);
    check("tranco", WarningKind::Inform);
    check("censys-scanning", WarningKind::Lower);
    check("onyphe-scanner", WarningKind::Lower);
    check("vpn-ipv4", WarningKind::Lower);
    check("a-list-of-next-year", WarningKind::Inform);
    assert!(rules.rules.iter().all(|rule| !rule.why.is_empty() && !rule.slugs.is_empty()));
}

fn write_list(folder: &Path, slug: &str, json: &str) {
    let folder = folder.join("lists").join(slug);
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::write(folder.join("list.json"), json).expect("list");
}

fn built(origins: &[&Path], national: &National) -> (Built, WarningIndex, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("index");
    let key = SigningKey::generate().expect("key");
    let (serial, now) = (SnapshotSerial(1), TimestampMs(1));
    let sources = Sources { national, allowed: &[], origins, rules: &rules() };
    let built = build(&sources, serial, now, &path, &key).expect("built");
    let index = WarningIndex::open(&path, &key.verifying_key()).expect("index");
    (built, index, folder)
}

/// `slug:kind` of every list that touches `text`.
fn hits(index: &WarningIndex, text: &str) -> String {
    let observable = Observable::guess(text).expect("observable");
    let lists = index.hits(&observable);
    let hits: Vec<String> = lists
        .iter()
        .filter_map(|number| index.list(*number))
        .map(|list| format!("{}:{}", list.slug, list.kind))
        .collect();
    hits.join(" ")
}

#[test]
fn an_index_of_a_folder() {
    let folder = tempfile::tempdir().expect("folder");
    let lists = folder.path();
    write_list(
        lists,
        "bank-website",
        r#"{"name":"Banks","type":"hostname","version":"8","description":"","matching_attributes":["domain"],"list":[".bank.example.com"]}"#,
    );
    write_list(
        lists,
        "tranco10k",
        r#"{"name":"Top","type":"hostname","version":20250115,"list":["host.example.org"]}"#,
    );
    write_list(lists, "vpn-ipv4", r#"{"name":"VPN","type":"cidr","version":1,"list":["198.51.100.0/24","nonsense"]}"#);
    write_list(lists, "broken", r#"{"name":"Broken","#);
    write_list(lists, "new-type", r#"{"name":"New","type":"soundex","list":[]}"#);
    let (built, index, _kept) = built(&[lists], &National::default());
    assert_eq!((built.lists.len(), built.entries), (5, 3));
    let of = |slug: &str| built.lists.iter().find(|list| list.list.slug == slug).expect("list");
    assert_eq!((of("vpn-ipv4").refused, of("broken").refused, of("new-type").refused), (1, 1, 1));
    assert!(of("vpn-ipv4").refused_sample.contains("`nonsense`"));
    assert_eq!(of("tranco10k").version, "20250115");
    assert_eq!(hits(&index, "www.bank.example.com"), "bank-website:never");
    assert_eq!(hits(&index, "https://bank.example.com/login"), "bank-website:never");
    assert_eq!(hits(&index, "host.example.org"), "tranco10k:review");
    assert_eq!(hits(&index, "evil.host.example.org"), "", "a popular parent does not hold what is below it");
    assert_eq!(hits(&index, "198.51.100.7"), "vpn-ipv4:lower");
    assert_eq!(hits(&index, "192.0.2.7"), "");
}

#[test]
fn our_own_lists_are_right() {
    let national = National::parse(&pack("national.toml")).expect("national");
    let (_, index, _kept) = built(&[], &national);
    let check = |text: &str, expect: &str| assert_eq!(hits(&index, text), expect, "{text}");
    check("www.fbr.gov.pk", "sipar-national:never");
    check("a.root-servers.net", "sipar-dns:never");
    check("198.41.0.4", "sipar-dns:never");
    check("8.8.8.8", "sipar-resolvers:never");
    check("10.1.2.3", "sipar-special:never");
    check("203.0.113.1", "");
    check("gov.pk.evil.example", "");
}

#[test]
fn what_is_no_collection_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let check = |path: PathBuf, expect: &str| {
        let error = digest_of(&path).expect_err("no collection").chain();
        assert!(error.contains(expect), "{error}");
    };
    check(folder.path().to_owned(), "there is no `lists/NAME/list.json`");
    check(folder.path().join("none"), "opening");
    let file = folder.path().join("x.zip");
    std::fs::write(&file, "PK nonsense").expect("file");
    check(file, "reading the archive");
}

/// The counts of the issue: 119 lists and 2.5 million entries of the PyPI package, and what they do to real names.
#[test]
fn the_real_lists() {
    let Some(real) = std::env::var_os("SIPAR_REAL_DATA").map(PathBuf::from) else { return };
    let lists = crate::testing::find_below(&real, |path| path.ends_with("misp-warninglists/lists") && path.is_dir());
    let names = crate::testing::find_below(&real, |path| {
        path.ends_with("eth-phishing-detect/src/config.json") || path.ends_with("package/src/config.json")
    });
    let (Some(lists), Some(names)) = (lists, names) else { panic!("no warning lists or names in SIPAR_REAL_DATA") };
    let national = National::parse(&pack("national.toml")).expect("national");
    let (built, index, _kept) = built(&[&lists], &national);
    let refused: u64 = built.lists.iter().map(|list| list.refused).sum();
    let own = national.lists.len();
    assert_eq!(built.lists.len() - own, 119);
    let entries: u64 = built.lists.iter().skip(own).map(|list| list.list.entries).sum();
    assert_eq!(entries + refused, 2_510_044);
    assert!(refused < 2_000, "{refused}");
    let config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(names).expect("names")).expect("JSON");
    let mut by_kind = std::collections::BTreeMap::<&str, u32>::new();
    for name in config["blacklist"].as_array().expect("names") {
        // Among them are a single label, `com12786312634`, which `guess` does not take, and some addresses.
        let name = name.as_str().expect("text");
        let observable = Observable::guess(name)
            .or_else(|_| Observable::from_parts(sipar_model::ObservableKind::Domain, name))
            .expect("name");
        let worst = index.hits(&observable).iter().filter_map(|number| index.list(*number)).map(|list| list.kind).max();
        *by_kind.entry(worst.map_or("none", WarningKind::word)).or_default() += 1;
    }
    assert_eq!(by_kind.get("never"), None, "{by_kind:?}");
    assert!(by_kind.get("review").copied().unwrap_or(0) < 20, "{by_kind:?}");
}

proptest! {
    #[test]
    fn any_entry_is_read_or_refused(text in "\\PC{0,80}") {
        for kind in [ListType::String, ListType::Hostname, ListType::Substring, ListType::Cidr, ListType::Regex] {
            if let Ok((_, scope)) = read_entry(kind, &text) {
                prop_assert!(matches!(scope, Scope::Exact | Scope::Subtree));
            }
        }
    }
}
