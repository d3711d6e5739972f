//! What every noun that is written as text has in common: bounded excerpts for errors, `Display`, `FromStr`, serde.

/// At most this many characters of an input stand in an error: enough to find it, too few to flood a log.
const EXCERPT_CHARS_MAX: usize = 80;

/// The start of `text` with control characters and backticks made visible, for use between backticks in an error.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(EXCERPT_CHARS_MAX + 3));
    for (at, character) in text.chars().enumerate() {
        if at == EXCERPT_CHARS_MAX {
            shown.push('…');
            break;
        }
        if character.is_control() || character == '`' || is_bidi_control(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Characters that would make a terminal or a page show the rest of the line in another order (UAX 9).
const fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Gives a type with `parse(&str)` and `Display` the traits of a noun written as text.
/// Deserialising parses again: what comes from a file or the network is never trusted to be canonical.
macro_rules! written_as_text {
    ($name:ident, $error:ty, $expecting:literal) => {
        impl std::str::FromStr for $name {
            type Err = $error;
            fn from_str(text: &str) -> Result<Self, $error> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        $name::parse(text).map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}
pub(crate) use written_as_text;

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn excerpts_are_bounded_and_harmless() {
        let check = |input: &str, expect: &str| assert_eq!(excerpt(input), expect);
        check("evil.example", "evil.example");
        check("a`b", "a\\u{60}b");
        check("a\nb", "a\\u{a}b");
        check("a\u{202e}b", "a\\u{202e}b");
        assert_eq!(excerpt(&"x".repeat(1_000_000)).chars().count(), 81);
    }
}
