//! Which names look alike: the confusable skeleton of UTS 39 §4, and what people read over besides.
//!
//! A name with letters of two scripts in one word is refused; one that looks like another party's waits for a person.

use crate::RegistryError;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::{MixedScript as _, skeleton};

/// What a name looks like. Two names with the same look are taken for one another.
///
/// On top of the skeleton, letter case, accents, blanks and signs do not count, nor what many fonts draw alike in
/// either case: `i`, `l` and `1`; `o` and `0`.
#[must_use]
pub fn look(name: &str) -> String {
    let lower: String = name.nfkc().collect::<String>().to_lowercase().chars().map(one_letter).collect();
    let bones: String = skeleton(&lower).collect();
    let seen = bones.to_lowercase();
    let seen = seen.chars().filter(|letter| letter.is_alphanumeric());
    seen.map(|letter| match letter {
        'i' | '1' | 'ı' => 'l',
        '0' => 'o',
        other => other,
    })
    .collect()
}

/// Letters that Arabic and Urdu keyboards write differently, and that mean the same.
const fn one_letter(letter: char) -> char {
    match letter {
        '\u{64a}' | '\u{649}' => '\u{6cc}',
        '\u{643}' | '\u{6aa}' => '\u{6a9}',
        '\u{647}' | '\u{629}' | '\u{6d5}' => '\u{6c1}',
        other => other,
    }
}

/// Refuses a name in which one word mixes scripts, as `Bаnk` with a Cyrillic `а` (UTS 39 §5.1).
///
/// # Errors
/// Names the word.
pub fn one_script(what: &str, name: &str) -> Result<(), RegistryError> {
    match name.split_whitespace().find(|word| !(*word).is_single_script()) {
        None => Ok(()),
        Some(word) => Err(RegistryError::Given(format!(
            "{what} has the word `{word}` with letters of more than one script, which people cannot tell apart; \
             write each word in one script"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike() {
        let alike = |one: &str, other: &str, expect: bool| {
            assert_eq!(look(one) == look(other), expect, "{one} {other}: {} {}", look(one), look(other));
        };
        alike("National Bank", "national  bank", true);
        alike("National Bank", "Nati0nal Bank", true);
        alike("National Bank", "NationaI Bank", true);
        alike("National Bank", "Nationa1 Bank.", true);
        alike("National Bank", "Ｎational Bank", true);
        // Cyrillic throughout: Ѕсоре.
        alike("Scope", "\u{405}\u{441}\u{43e}\u{440}\u{435}", true);
        alike("Modern Mills", "Modem Mills", true);
        alike("Café", "Cafe", true);
        alike("National Bank", "National Bunk", false);
        alike("مثالی بینک", "مثالي بينك", true);
        alike("First Bank", "Second Bank", false);
    }

    #[test]
    fn a_word_is_of_one_script() {
        assert!(one_script("the title", "Example Bank (مثالی بینک) 24/7").is_ok());
        assert!(one_script("the title", "Банк Example").is_ok());
        let error = one_script("the title", "Example B\u{430}nk").expect_err("Cyrillic a");
        assert!(error.to_string().contains("more than one script"), "{error}");
    }
}
