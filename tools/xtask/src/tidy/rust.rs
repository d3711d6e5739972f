//! Rules about Rust code: module docs, `unsafe`, and in areas where SQL and wire types may stand.

use super::Fault;
use super::tree::{File, Tree};
use proc_macro2::{TokenStream, TokenTree};
use std::str::FromStr as _;

/// The two rooms that may hold `unsafe`: the memory map, and what sockets say of addresses.
const UNSAFE_IN: &[&str] = &["base/snapshot/src/", "edge/dns/src/"];
/// Words that only http.rs (the JSON interface) and page.rs (pages and their scripts) may use.
const WIRE_WORDS: &[&str] = &["Json", "utoipa", "OpenApi"];

pub fn check(tree: &Tree) -> Vec<Fault> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !opens_with_docs(&file.text) {
        faults.push(Fault::at(&file.path, 1, "a module opens with `//!`: what it is for, hears, says and never does"));
    }
    let Ok(tokens) = TokenStream::from_str(&file.text) else {
        faults.push(Fault::whole(&file.path, "is not Rust that can be read"));
        return faults;
    };
    let mut words = Vec::new();
    gather(tokens, &mut words);
    faults.extend(check_unsafe(file, &words));
    faults.extend(check_sql(file, &words));
    faults.extend(check_wire(file, &words));
    faults
}

fn opens_with_docs(text: &str) -> bool {
    text.lines().map(str::trim).find(|line| !line.is_empty()).is_some_and(|line| line.starts_with("//!"))
}

/// One identifier or string of a file, wherever it stands, inside macros too.
enum Word {
    Ident { text: String, line: usize },
    Text { text: String, line: usize },
}

/// Doc comments arrive as `#[doc = "..."]`; they are prose, and left out.
fn gather(tokens: TokenStream, words: &mut Vec<Word>) {
    let mut in_doc = false;
    for token in tokens {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => gather(group.stream(), words),
            TokenTree::Ident(ident) => {
                in_doc = ident == "doc";
                words.push(Word::Ident { text: ident.to_string(), line });
            }
            TokenTree::Literal(literal) if !in_doc => words.push(Word::Text { text: literal.to_string(), line }),
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn check_unsafe(file: &File, words: &[Word]) -> Vec<Fault> {
    if UNSAFE_IN.iter().any(|place| file.path.starts_with(place)) {
        return Vec::new();
    }
    let found = words.iter().filter_map(|word| match word {
        Word::Ident { text, line } if text == "unsafe" => Some(*line),
        _ => None,
    });
    found
        .map(|line| Fault::at(&file.path, line, format!("`unsafe` stands only in {}", UNSAFE_IN.join(" and "))))
        .collect()
}

/// The name of a file inside an area's src/, such as `store.rs` or `store/upserts.rs`.
fn inside_area(path: &str) -> Option<&str> {
    path.strip_prefix("areas/")?.split_once("/src/").map(|(_, inside)| inside)
}

fn belongs_to(inside: &str, module: &str) -> bool {
    inside.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn check_sql(file: &File, words: &[Word]) -> Vec<Fault> {
    let Some(inside) = inside_area(&file.path) else { return Vec::new() };
    if belongs_to(inside, "store") || belongs_to(inside, "migrations") {
        return Vec::new();
    }
    let found = words.iter().filter_map(|word| match word {
        Word::Text { text, line } if is_sql(text) => Some(*line),
        _ => None,
    });
    found.map(|line| Fault::at(&file.path, line, "an area's SQL stands in its store.rs or store/")).collect()
}

/// Does a literal, quotes and all, begin like a statement?
fn is_sql(literal: &str) -> bool {
    let Some((_, inner)) = literal.split_once('"') else { return false };
    let text = inner.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let begins = |words: &str| text.starts_with(words);
    (begins("select ") && text.contains(" from "))
        || begins("insert into ")
        || (begins("update ") && text.contains(" set "))
        || begins("delete from ")
        || (begins("with ") && text.contains(" as ("))
        || ["table ", "index ", "unique index ", "view "]
            .iter()
            .any(|what| ["create ", "drop ", "alter "].iter().any(|verb| begins(&format!("{verb}{what}"))))
}

fn check_wire(file: &File, words: &[Word]) -> Vec<Fault> {
    let Some(inside) = inside_area(&file.path) else { return Vec::new() };
    if belongs_to(inside, "http") || belongs_to(inside, "page") {
        return Vec::new();
    }
    // A variant of ours may be called `Json` too; axum's is there only where axum is.
    let named = |wanted: &str| words.iter().any(|word| matches!(word, Word::Ident { text, .. } if text == wanted));
    if !named("axum") && !named("utoipa") {
        return Vec::new();
    }
    let found = words.iter().filter_map(|word| match word {
        Word::Ident { text, line } if WIRE_WORDS.contains(&text.as_str()) => Some((*line, text)),
        _ => None,
    });
    found
        .map(|(line, word)| Fault::at(&file.path, line, format!("`{word}` stands only in http.rs or page.rs")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The faults of one file, by line.
    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)])).iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn modules_open_with_docs() {
        for (text, expect) in [
            ("//! What for.\nfn x() {}", vec![]),
            ("\n//! What for.", vec![]),
            ("// What for.\nfn x() {}", vec![1]),
            ("/// What for.\nfn x() {}", vec![1]),
            ("", vec![1]),
        ] {
            assert_eq!(lines("base/model/src/x.rs", text), expect, "{text:?}");
        }
    }

    #[test]
    fn unsafe_stands_in_two_places() {
        let text = "//! X.\nfn x() {\n    unsafe { y() }\n}\n#[expect(unsafe_code)]\nfn z() { let _ = \"unsafe\"; }";
        for (path, expect) in [
            ("base/snapshot/src/map.rs", vec![]),
            ("edge/dns/src/packet_info.rs", vec![]),
            ("edge/reputation/src/lib.rs", vec![3]),
            ("base/snapshot/examples/x.rs", vec![3]),
            ("tools/bench/src/main.rs", vec![3]),
        ] {
            assert_eq!(lines(path, text), expect, "{path}");
        }
    }

    #[test]
    fn sql_in_an_area_stands_in_its_store() {
        let text = "//! X.\n/// \"select a from b\" is prose.\nfn x() {\n    tx.query(\"select a from b\", &[]);\n    format!(r#\"\n  DELETE from t\"#);\n}";
        for (path, expect) in [
            ("areas/intel/src/store.rs", vec![]),
            ("areas/intel/src/store/feeds.rs", vec![]),
            ("areas/intel/src/migrations.rs", vec![]),
            ("areas/intel/src/storefront.rs", vec![4, 5]),
            ("areas/intel/src/job.rs", vec![4, 5]),
            ("base/ledger/src/lib.rs", vec![]),
        ] {
            assert_eq!(lines(path, text), expect, "{path}");
        }
    }

    #[test]
    fn statements_are_told_from_prose() {
        for (literal, expect) in [
            ("\"select 1 from t\"", true),
            ("\"insert into t values (1)\"", true),
            ("\"update t set a = 1\"", true),
            ("\"with x as (select 1) select 2\"", true),
            ("\"create unique index i on t (a)\"", true),
            ("\"select a feed\"", false),
            ("\"update the page\"", false),
            ("\"with care\"", false),
            ("\"create a block\"", false),
            ("7", false),
        ] {
            assert_eq!(is_sql(literal), expect, "{literal}");
        }
    }

    #[test]
    fn wire_types_stand_in_http_and_page() {
        let text = "//! X.\nuse axum::Json;\nfn x() -> Json<u8> { Json(1) }";
        for (path, expect) in [
            ("areas/intel/src/http.rs", vec![]),
            ("areas/intel/src/page/feeds.rs", vec![]),
            ("areas/intel/src/model.rs", vec![2, 3, 3]),
            ("edge/reputation/src/answer.rs", vec![]),
        ] {
            assert_eq!(lines(path, text), expect, "{path}");
        }
        assert_eq!(lines("areas/intel/src/model.rs", "//! X.\nenum Form { Json }"), Vec::<usize>::new());
    }

    #[test]
    fn what_cannot_be_read_is_a_fault() {
        assert_eq!(lines("base/model/src/x.rs", "//! X.\nfn x( {"), vec![0]);
    }
}
