//! Every ready entry is valid, and what is not is refused with its reason.

use super::*;

/// The ready entries, by file name.
pub(crate) fn ready() -> Vec<(String, FeedFormat)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packs/feeds");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("packs/feeds").map(|file| file.expect("file").path()).collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_stem().expect("name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path).expect("text");
            let format = FeedFormat::parse(&name, &text).unwrap_or_else(|error| panic!("{name}: {error}: {error:?}"));
            (name, format)
        })
        .collect()
}

#[test]
fn every_ready_entry_is_valid_and_named_as_its_file() {
    let ready = ready();
    assert!(ready.len() >= 21, "{}", ready.len());
    for (name, format) in &ready {
        assert_eq!(name, &format.slug);
        assert!(format.documented.starts_with("https://"), "{name}");
        assert!(format.source.is_empty() || format.source.starts_with("https://"), "{name}");
    }
}

const LIST: &str = r#"
slug = "x"
title = "X"
publisher = "X"
homepage = "https://example.org/"
licence = "none"
documented = "https://example.org/"
family = "x"
shape = { kind = "list" }
observable = { from = "value", kind = "guess" }
category = { fixed = "malware" }
confidence = { fixed = 50 }
"#;

#[test]
fn what_makes_no_sense_is_refused() {
    let check = |from: &str, to: &str, expect: &str| {
        let text = LIST.replace(from, to);
        let error = FeedFormat::parse("x", &text).expect_err(to);
        let mut chain = error.to_string();
        if let Some(cause) = std::error::Error::source(&error) {
            chain.push_str(&cause.to_string());
        }
        assert!(chain.contains(expect), "{to}: {chain}");
    };
    FeedFormat::parse("x", LIST).expect("valid");
    check(r#"from = "value""#, r#"from = "name""#, "no column `name`");
    check(r#"from = "value""#, r#"from = "{value""#, "not closed");
    check(r#"category = { fixed = "malware" }"#, "category = {}", "`category` needs");
    check(r#"{ fixed = "malware" }"#, r#"{ fixed = "spam" }"#, "`spam` is not a category");
    check("{ fixed = 50 }", "{ fixed = 101 }", "from 0 to 100");
    check("{ fixed = 50 }", "{}", "`confidence` needs");
    check(r#"kind = "guess""#, r#"kind = "phone""#, "did not match");
    check(r#"slug = "x""#, r#"slug = "../x""#, "slug must be");
    check(r#"slug = "x""#, "slug = \"x\"\nevery_min = 0", "every_min");
    check(r#"slug = "x""#, "slug = \"x\"\ncolour = 1", "unknown field `colour`");
    check(
        r#"{ kind = "list" }"#,
        r#"{ kind = "csv", delimiter = "→", header = "none", columns = ["value"] }"#,
        "ASCII",
    );
}
