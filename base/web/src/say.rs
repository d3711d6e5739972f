//! What is said to whoever asked, before it is known in which language: a message's key with the values in it.
//!
//! A refusal is a [`Saying`] and never a text, so that it stands in the `.ftl` files alone: a page says it in the
//! reader's language, the API and the log in English.

use crate::{
    lang::Lang,
    texts::{TextSource, TextValue, Texts},
};
use std::fmt;

/// A value in a [`Saying`]: made by `.into()` from text, whole numbers and other sayings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Words that are nobody's language: a name, an address, what was sent.
    Text(String),
    /// A number, shown with its thousands apart.
    Number(i64),
    /// A saying within the saying, in the same language.
    Saying(Saying),
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Saying> for Said {
    fn from(saying: Saying) -> Self {
        Self::Saying(saying)
    }
}

impl From<usize> for Said {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Said {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Said {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

/// Something to say, in whichever language it is then read.
///
/// Each crate has a function `say` of its own, which knows its texts; [`check_used`](crate::check_used) finds the keys
/// and the names of the values in the code:
/// ```
/// use sipar_web::{Lang, Said, Saying, TextSource};
/// const TEXTS: &[TextSource] = &[
///     TextSource { lang: Lang::En, ftl: "x-days = give 1 to { $max } days" },
///     TextSource { lang: Lang::Ur, ftl: "x-days = 1 سے { $max } تک دن دیں" },
/// ];
/// fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
///     Saying::new(TEXTS, key, values)
/// }
/// assert_eq!(say("x-days", [("max", 90_u32.into())]).to_string(), "give 1 to 90 days");
/// ```
#[derive(Clone)]
pub struct Saying(Box<Message>);

/// Apart and boxed, so that an error with a saying or two in it stays small.
#[derive(Clone)]
struct Message {
    sources: &'static [TextSource],
    key: &'static str,
    values: Vec<(&'static str, Said)>,
}

impl Saying {
    /// The message `key` of `sources` with these values.
    pub fn new(
        sources: &'static [TextSource],
        key: &'static str,
        values: impl IntoIterator<Item = (&'static str, Said)>,
    ) -> Self {
        Self(Box::new(Message { sources, key, values: values.into_iter().collect() }))
    }

    /// The message's key.
    #[must_use]
    pub fn key(&self) -> &'static str {
        self.0.key
    }

    /// In this language. It reads the crate's own texts for that, which is for refusals and not for pages full of them.
    #[must_use]
    pub fn to(&self, lang: Lang) -> String {
        self.fill(&Texts::only(lang, self.0.sources), lang, |inner| inner.to(lang))
    }

    /// In this language, out of texts that are at hand.
    #[must_use]
    pub fn within(&self, texts: &Texts, lang: Lang) -> String {
        self.fill(texts, lang, |inner| inner.within(texts, lang))
    }

    fn fill(&self, texts: &Texts, lang: Lang, inner: impl Fn(&Self) -> String) -> String {
        let value = |said: &Said| match said {
            Said::Text(text) => TextValue::from(text.clone()),
            Said::Number(number) => TextValue::from(*number),
            Said::Saying(saying) => TextValue::from(inner(saying)),
        };
        let values: Vec<_> = self.0.values.iter().map(|(name, said)| (*name, value(said))).collect();
        texts.with(lang, self.0.key, &values)
    }
}

/// In English: for programs and logs.
impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to(Lang::En))
    }
}

impl fmt::Debug for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saying").field("key", &self.0.key).field("values", &self.0.values).finish_non_exhaustive()
    }
}

/// The same message with the same values.
impl PartialEq for Saying {
    fn eq(&self, other: &Self) -> bool {
        (self.0.key, &self.0.values) == (other.0.key, &other.0.values)
    }
}

impl Eq for Saying {}

/// The frame's own.
pub(crate) fn say(key: &'static str, values: impl IntoIterator<Item = (&'static str, Said)>) -> Saying {
    Saying::new(crate::TEXTS, key, values)
}

/// The system gave no random bytes: said wherever a key, a code or a salt is made.
#[must_use]
pub fn no_chance() -> Saying {
    say("web-no-chance", [])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: &[TextSource] = &[
        TextSource { lang: Lang::En, ftl: "x-a = `{ $what }` of { $n }: { $why }\nx-b = not { $n }" },
        TextSource { lang: Lang::Ur, ftl: "x-a = { $n } میں سے { $what }: { $why }\nx-b = { $n } نہیں" },
    ];

    #[test]
    fn one_saying_in_each_language_with_and_without_texts_at_hand() {
        let inner = Saying::new(TEXTS, "x-b", [("n", 7_u64.into())]);
        let saying = Saying::new(
            TEXTS,
            "x-a",
            [("what", "a.example".into()), ("n", 12_000_usize.into()), ("why", inner.into())],
        );
        assert_eq!(saying.to_string(), "`a.example` of 12,000: not 7");
        let urdu = "\u{2068}12,000\u{2069} میں سے \u{2068}a.example\u{2069}: \u{2068}\u{2068}7\u{2069} نہیں\u{2069}";
        assert_eq!(saying.to(Lang::Ur), urdu);
        let texts = Texts::new(TEXTS.iter().copied()).unwrap();
        assert_eq!(saying.within(&texts, Lang::Ur), urdu);
        assert!(!format!("{saying:?}").contains("میں"), "{saying:?}");
    }
}
