//! Every word that the portal says, in each language, as Fluent messages (projectfluent.org).
//!
//! Each crate brings `locales/en.ftl` and `locales/ur.ftl`; keys carry the crate's name in front
//! (`intel-feeds-title`), so that no two collide. [`check_complete`] and [`check_used`] belong in each crate's tests.

use crate::lang::Lang;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use fluent_syntax::ast;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::Path,
};

/// A value to put into a message: made by `.into()` from text and numbers.
pub use fluent_bundle::FluentValue as TextValue;

/// The messages of one crate in one language.
#[derive(Clone, Copy, Debug)]
pub struct TextSource {
    /// Their language.
    pub lang: Lang,
    /// The text of the `.ftl` file.
    pub ftl: &'static str,
}

/// Something wrong with the messages: a fault of ours, found by tests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The file does not parse near this text.
    Syntax {
        /// In which language.
        lang: Lang,
        /// Where.
        near: String,
    },
    /// Two messages share a key.
    Twice {
        /// In which language.
        lang: Lang,
        /// Which.
        key: String,
    },
    /// A message stands in another language only.
    Missing {
        /// In which language it is missing.
        lang: Lang,
        /// Which.
        key: String,
    },
    /// The languages put different variables into a message.
    Variables {
        /// Which.
        key: String,
        /// What differs.
        differing: String,
    },
    /// The code asks for a key that does not exist.
    Unknown {
        /// Which.
        key: String,
        /// In which file.
        file: String,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { lang, near } => write!(f, "{}: does not parse near `{near}`", lang.code()),
            Self::Twice { lang, key } => write!(f, "{}: `{key}` stands twice", lang.code()),
            Self::Missing { lang, key } => write!(f, "{}: `{key}` is missing", lang.code()),
            Self::Variables { key, differing } => write!(f, "`{key}`: only one language uses {differing}"),
            Self::Unknown { key, file } => write!(f, "{file}: asks for `{key}`, which does not exist"),
        }
    }
}

/// All messages, ready to be said.
pub struct Texts {
    bundles: Vec<(Lang, FluentBundle<FluentResource>)>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Texts")
    }
}

impl Texts {
    /// The frame's own messages and these.
    ///
    /// # Errors
    /// When a file does not parse or a key stands twice.
    pub fn new(sources: impl IntoIterator<Item = TextSource>) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut bundles: Vec<_> = Lang::ALL.iter().map(|lang| (*lang, empty_bundle(*lang))).collect();
        for source in crate::TEXTS.iter().copied().chain(sources) {
            let Some((lang, bundle)) = bundles.iter_mut().find(|(lang, _)| *lang == source.lang) else { continue };
            let resource = FluentResource::try_new(source.ftl.to_owned());
            let resource = resource.unwrap_or_else(|(resource, errors)| {
                faults.extend(errors.iter().map(|error| syntax_fault(*lang, source.ftl, error.pos.start)));
                resource
            });
            for error in bundle.add_resource(resource).err().into_iter().flatten() {
                if let fluent_bundle::FluentError::Overriding { id, .. } = error {
                    faults.push(Fault::Twice { lang: *lang, key: id });
                }
            }
        }
        if faults.is_empty() { Ok(Self { bundles }) } else { Err(faults) }
    }

    /// The message; its key when there is none, so that the fault shows and the page stands.
    #[must_use]
    pub fn get(&self, lang: Lang, key: &str) -> String {
        self.with(lang, key, &[])
    }

    /// The message with values in it.
    #[must_use]
    pub fn with(&self, lang: Lang, key: &str, values: &[(&str, TextValue<'_>)]) -> String {
        self.find(lang, key, values).unwrap_or_else(|| {
            tracing::warn!(key, lang = lang.code(), "a text is missing");
            key.to_owned()
        })
    }

    /// Whether the message exists.
    #[must_use]
    pub fn has(&self, lang: Lang, key: &str) -> bool {
        self.bundles.iter().any(|(one, bundle)| *one == lang && bundle.has_message(key))
    }

    fn find(&self, lang: Lang, key: &str, values: &[(&str, TextValue<'_>)]) -> Option<String> {
        let (_, bundle) = self.bundles.iter().find(|(one, _)| *one == lang)?;
        let pattern = bundle.get_message(key)?.value()?;
        let mut args = FluentArgs::with_capacity(values.len());
        for (name, value) in values {
            args.set(*name, value.clone());
        }
        let mut errors = Vec::new();
        Some(bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned())
    }
}

fn empty_bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let tag = lang.code().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Isolating marks (U+2068) keep a Latin name from turning Urdu words around; left-to-right text needs none.
    bundle.set_use_isolating(lang.dir() == "rtl");
    bundle.set_formatter(Some(|value, _| match value {
        TextValue::Number(number) => Some(crate::format::decimal(number.value)),
        _ => None,
    }));
    bundle
}

fn syntax_fault(lang: Lang, ftl: &str, at: usize) -> Fault {
    let near = ftl.get(at..).unwrap_or_default().trim_start().lines().next().unwrap_or_default();
    Fault::Syntax { lang, near: near.chars().take(60).collect() }
}

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

/// The keys that the Rust files of `folder` ask for by name (`ctx.t("…")`, `ctx.tw("…"`, `.get(lang, "…")`,
/// `.with(lang, "…"`, `text_key: "…"`) and that neither `sources` nor the frame has.
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
    const CALLS: [&str; 7] = [".t(", ".tw(", "lang, ", "Lang::En, ", "Lang::Ur, ", "text_key: ", "text_key("];
    CALLS.iter().flat_map(move |call| {
        code.match_indices(call).filter_map(move |(at, _)| {
            let literal = code[at + call.len()..].trim_start().strip_prefix('"')?;
            let key = &literal[..literal.find('"')?];
            let is_key = key.contains('-') && key.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
            is_key.then_some(key)
        })
    })
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
    fn every_word_of_the_vocabularies_has_a_text() {
        use sipar_model::{Action, Category, Severity, WarningKind};
        let texts = Texts::new([]).unwrap();
        let mut keys: Vec<String> = (1..=12).map(|n| format!("web-month-{n}")).collect();
        keys.extend((1..=12).map(|n| format!("web-month-short-{n}")));
        keys.extend(sipar_authz::Role::ALL.iter().map(|role| format!("web-role-{role}")));
        keys.extend(Category::ALL.iter().map(|word| format!("web-category-{word}")));
        keys.extend(Severity::ALL.iter().map(|word| format!("web-severity-{word}")));
        keys.extend(Action::ALL.iter().map(|word| format!("web-action-{word}")));
        keys.extend(WarningKind::ALL.iter().map(|word| format!("web-warning-{word}")));
        for key in keys {
            for lang in Lang::ALL {
                assert!(texts.has(*lang, &key), "{key} {lang:?}");
            }
        }
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
    fn messages_take_values_and_a_missing_one_shows_its_key() {
        let texts =
            Texts::new([en("x-n = { $n ->\n    [one] one line\n   *[other] { $n } lines\n} of { $name }")]).unwrap();
        let say = |n: i64| texts.with(Lang::En, "x-n", &[("n", n.into()), ("name", "a feed".into())]);
        assert_eq!(say(1), "one line of a feed");
        assert_eq!(say(1_234_567), "1,234,567 lines of a feed");
        assert_eq!(texts.get(Lang::Ur, "x-n"), "x-n");
        assert!(texts.has(Lang::En, "x-n") && !texts.has(Lang::Ur, "x-n"));
    }

    #[test]
    fn latin_names_are_isolated_in_urdu() {
        let texts = Texts::new([ur("x-a = { $name } بند ہے")]).unwrap();
        assert_eq!(texts.with(Lang::Ur, "x-a", &[("name", "a.example".into())]), "\u{2068}a.example\u{2069} بند ہے");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let faults = Texts::new([en("x-a = 1"), en("x-a = 2")]).unwrap_err();
        assert_eq!(faults, [Fault::Twice { lang: Lang::En, key: "x-a".into() }]);
    }

    #[test]
    fn keys_are_found_in_code() {
        let code =
            r#"ctx.t("a-b"); ctx.tw( "c-d", &[]); texts.get(lang, "e-f"); x.t("no key"); NavItem{text_key: "n-o"}"#;
        assert_eq!(asked_keys(code).collect::<Vec<_>>(), ["a-b", "c-d", "e-f", "n-o"]);
    }
}
