//! Finds what is wrong with the messages: for each crate's tests.

use crate::{
    lang::Lang,
    texts::{Fault, TextSource, syntax_fault},
};
use fluent_syntax::ast;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

/// The variables of each message of one language.
type Messages = BTreeMap<String, BTreeSet<String>>;

/// What differs between the languages, or does not parse. Empty when all is well.
#[must_use]
pub fn check_complete(sources: &[TextSource]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let all: Vec<_> = Lang::ALL.iter().map(|lang| (*lang, messages(*lang, sources, &mut faults))).collect();
    let keys: BTreeSet<&String> = all.iter().flat_map(|(_, messages)| messages.keys()).collect();
    for key in keys {
        let missing = all.iter().filter(|(_, messages)| !messages.contains_key(key));
        faults.extend(missing.map(|(lang, _)| Fault::Missing { lang: *lang, key: key.clone() }));
        let sets: Vec<_> = all.iter().filter_map(|(_, messages)| messages.get(key)).collect();
        let differing: BTreeSet<String> = sets
            .windows(2)
            .flat_map(|pair| pair[0].symmetric_difference(pair[1]))
            .map(|name| format!("${name}"))
            .collect();
        if !differing.is_empty() {
            let differing = differing.into_iter().collect::<Vec<_>>().join(", ");
            faults.push(Fault::Variables { key: key.clone(), differing });
        }
    }
    faults
}

/// The keys that the Rust files of `folder` ask for by name (`ctx.t("…")`, `ctx.tw("…"`, `say("…"`, `.get(lang, "…")`,
/// `.with(lang, "…"`, `text_key: "…"`) and that neither `sources` nor the frame has; and the messages into which other
/// values are put (`ctx.tw("…", &[("n", …)])`, `say("…", [("n", …)])`) than they take.
///
/// # Errors
/// When a file cannot be read.
pub fn check_used(folder: &Path, sources: &[TextSource]) -> io::Result<Vec<Fault>> {
    let mut ignored = Vec::new();
    let mut known = messages(Lang::En, crate::TEXTS, &mut ignored);
    known.extend(messages(Lang::En, sources, &mut ignored));
    let mut faults = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let code = without_tests(&fs::read_to_string(&path)?);
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let unknown = asked_keys(&code).filter(|key| !known.contains_key(*key));
                faults.extend(unknown.map(|key| Fault::Unknown { key: key.to_owned(), file: file.clone() }));
                let wrong = filled(&code).filter_map(|(key, given)| differs(key, &given, known.get(key)?));
                faults.extend(wrong);
            }
        }
    }
    faults.sort();
    Ok(faults)
}

/// The code without its comments and the tests at its end, which may speak of keys that nobody has.
fn without_tests(code: &str) -> String {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The key literals in the code.
fn asked_keys(code: &str) -> impl Iterator<Item = &str> {
    const CALLS: [&str; 8] = [".t(", ".tw(", "say(", "lang, ", "Lang::En, ", "Lang::Ur, ", "text_key: ", "text_key("];
    CALLS.iter().flat_map(move |call| {
        code.match_indices(call).filter_map(move |(at, _)| {
            let literal = code[at + call.len()..].trim_start().strip_prefix('"')?;
            let key = &literal[..literal.find('"')?];
            let is_key = key.contains('-') && key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            is_key.then_some(key)
        })
    })
}

/// The messages that are filled in the code where one can see with what: their keys and the names of the values.
fn filled(code: &str) -> impl Iterator<Item = (&str, BTreeSet<String>)> {
    [".tw(", "say("].iter().flat_map(move |call| {
        code.match_indices(call).filter_map(move |(at, _)| {
            let literal = code[at + call.len()..].trim_start().strip_prefix('"')?;
            let (key, rest) = literal.split_once('"')?;
            let list = rest.trim_start().strip_prefix(',')?.trim_start();
            let list = list.strip_prefix('&').unwrap_or(list).strip_prefix('[')?;
            Some((key, names_in(list)))
        })
    })
}

/// The first words of the pairs of a list, up to its end: `("n", 1.into()), ("m", f("x"))]`.
fn names_in(list: &str) -> BTreeSet<String> {
    let (mut depth, mut quoted, mut names) = (0_u32, false, BTreeSet::new());
    for (at, byte) in list.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => {
                let name = list[at + 1..].trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
                if let (0, b'(', Some((name, _))) = (depth, byte, name) {
                    names.insert(name.to_owned());
                }
                depth += 1;
            }
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    names
}

fn differs(key: &str, given: &BTreeSet<String>, taken: &BTreeSet<String>) -> Option<Fault> {
    let differing: Vec<String> = given.symmetric_difference(taken).map(|name| format!("${name}")).collect();
    (!differing.is_empty()).then(|| Fault::Filled { key: key.to_owned(), differing: differing.join(", ") })
}

fn messages(lang: Lang, sources: &[TextSource], faults: &mut Vec<Fault>) -> Messages {
    let mut messages = Messages::new();
    for source in sources.iter().filter(|source| source.lang == lang) {
        let resource = fluent_syntax::parser::parse(source.ftl).unwrap_or_else(|(resource, errors)| {
            faults.extend(errors.iter().map(|error| syntax_fault(lang, source.ftl, error.pos.start)));
            resource
        });
        for entry in &resource.body {
            let ast::Entry::Message(message) = entry else { continue };
            let Some(pattern) = &message.value else { continue };
            let mut variables = BTreeSet::new();
            pattern_variables(pattern, &mut variables);
            let key = message.id.name.to_owned();
            if messages.insert(key.clone(), variables).is_some() {
                faults.push(Fault::Twice { lang, key });
            }
        }
    }
    messages
}

fn pattern_variables(pattern: &ast::Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let ast::PatternElement::Placeable { expression } = element {
            expression_variables(expression, found);
        }
    }
}

fn expression_variables(expression: &ast::Expression<&str>, found: &mut BTreeSet<String>) {
    match expression {
        ast::Expression::Inline(inline) => inline_variables(inline, found),
        ast::Expression::Select { selector, variants } => {
            inline_variables(selector, found);
            for variant in variants {
                pattern_variables(&variant.value, found);
            }
        }
    }
}

fn inline_variables(inline: &ast::InlineExpression<&str>, found: &mut BTreeSet<String>) {
    match inline {
        ast::InlineExpression::VariableReference { id } => {
            found.insert(id.name.to_owned());
        }
        ast::InlineExpression::FunctionReference { arguments, .. } => {
            for argument in &arguments.positional {
                inline_variables(argument, found);
            }
        }
        ast::InlineExpression::Placeable { expression } => expression_variables(expression, found),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn en(ftl: &'static str) -> TextSource {
        TextSource { lang: Lang::En, ftl }
    }
    const fn ur(ftl: &'static str) -> TextSource {
        TextSource { lang: Lang::Ur, ftl }
    }

    #[test]
    fn the_frames_own_texts_are_complete() {
        assert_eq!(check_complete(crate::TEXTS), []);
        let used = check_used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &[]).unwrap();
        assert_eq!(used, []);
    }

    #[test]
    fn each_fault_is_found_and_named() {
        let check = |sources: &[TextSource], expect: &[&str]| {
            let found: Vec<_> = check_complete(sources).iter().map(ToString::to_string).collect();
            assert_eq!(found, expect);
        };
        check(&[en("a = A"), ur("a = ا")], &[]);
        check(&[en("a = A\nb = B"), ur("a = ا")], &["ur: `b` is missing"]);
        check(&[ur("a = ا")], &["en: `a` is missing"]);
        check(&[en("a = A"), en("a = B"), ur("a = ا")], &["en: `a` stands twice"]);
        check(&[en("a = { $n } of { $m }"), ur("a = { $n }")], &["`a`: only one language uses $m"]);
        check(
            &[en("a = { $n ->\n    [one] { $x }\n   *[other] many\n}"), ur("a = { $n }")],
            &["`a`: only one language uses $x"],
        );
        check(&[en("a = A\n!! nonsense"), ur("a = ا")], &["en: does not parse near `!! nonsense`"]);
    }

    #[test]
    fn values_are_found_in_code() {
        let code = r#"say("a-b", [("n", 1.into()), ("what", f("x", [2]).into())]).next(("no", 1)); ctx.tw("c-d", &values);
            x.tw("e-f", &[("of", g("(").into())]); say("g-h", [])"#;
        let names = |key: &str| filled(code).find(|(one, _)| *one == key).map(|(_, names)| names);
        let set = |all: &[&str]| Some(all.iter().map(ToString::to_string).collect());
        assert_eq!(names("a-b"), set(&["n", "what"]));
        assert_eq!(names("c-d"), None);
        assert_eq!(names("e-f"), set(&["of"]));
        assert_eq!(names("g-h"), set(&[]));
        let taken = BTreeSet::from(["n".to_owned()]);
        assert_eq!(differs("a-b", &taken, &taken), None);
        let wrong = differs("a-b", &BTreeSet::from(["m".to_owned()]), &taken).unwrap();
        assert_eq!(wrong.to_string(), "`a-b`: the code and the text differ in $m, $n");
    }

    #[test]
    fn keys_are_found_in_code() {
        let code =
            r#"ctx.t("a-b"); ctx.tw( "c-d", &[]); texts.get(lang, "e-f"); x.t("no key"); NavItem{text_key: "n-o"}"#;
        assert_eq!(asked_keys(code).collect::<Vec<_>>(), ["a-b", "c-d", "e-f", "n-o"]);
    }
}
