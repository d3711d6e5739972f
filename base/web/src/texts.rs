//! Every word that the portal says, in each language, as Fluent messages (projectfluent.org).
//!
//! Each crate brings `locales/en.ftl` and `locales/ur.ftl`; keys carry the crate's name in front
//! (`intel-feeds-title`), so that no two collide. [`check_complete`](crate::check_complete) and [`check_used`](crate::check_used) belong in each crate's tests.

use crate::lang::Lang;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use std::fmt;

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
    /// The code puts other values into a message than it takes.
    Filled {
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
            Self::Filled { key, differing } => write!(f, "`{key}`: the code and the text differ in {differing}"),
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

    /// The messages of these sources alone, in one language; what is wrong with them shows as a missing message.
    pub(crate) fn only(lang: Lang, sources: &[TextSource]) -> Self {
        let mut bundle = empty_bundle(lang);
        for source in sources.iter().filter(|source| source.lang == lang) {
            let resource = FluentResource::try_new(source.ftl.to_owned()).unwrap_or_else(|(resource, _)| resource);
            // Tests find what stands twice.
            let _twice = bundle.add_resource(resource);
        }
        Self { bundles: vec![(lang, bundle)] }
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

pub(crate) fn syntax_fault(lang: Lang, ftl: &str, at: usize) -> Fault {
    let near = ftl.get(at..).unwrap_or_default().trim_start().lines().next().unwrap_or_default();
    Fault::Syntax { lang, near: near.chars().take(60).collect() }
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
}
