//! Lines that people write and other people read: titles, names of contacts, labels.
//!
//! Whatever stands in one may end in the head of a letter, in a spreadsheet or in a terminal. So a line never has a line
//! break, a control character, or a character that is not seen.

use crate::RegistryError;
use sipar_model::TimestampMs;
use unicode_normalization::UnicodeNormalization as _;

/// Reads a line: trimmed, in NFC.
///
/// # Errors
/// Names `what` it is, and the character that may not stand there.
pub fn line(what: &str, text: &str, chars_max: usize) -> Result<String, RegistryError> {
    let refused = |why: String| Err(RegistryError::Given(format!("{what} {why}")));
    // Looked at before it is copied: it may be a megabyte.
    if text.chars().take(chars_max.saturating_mul(2) + 1).count() > chars_max.saturating_mul(2) {
        return refused(format!("is longer than {chars_max} characters; shorten it"));
    }
    let line: String = text.trim().nfc().collect();
    if line.chars().count() > chars_max {
        return refused(format!("is longer than {chars_max} characters; shorten it"));
    }
    let mut before = ' ';
    for character in line.chars() {
        if matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') {
            return refused("has a line break; write it on one line".into());
        }
        let joins = matches!(character, '\u{200c}' | '\u{200d}') && is_arabic(before);
        if !joins && (character.is_control() || is_unseen(character)) {
            let number = u32::from(character);
            return refused(format!("has the character U+{number:04X}, which is not seen; leave it out"));
        }
        before = character;
    }
    Ok(line)
}

/// The same for a line that must say something.
///
/// # Errors
/// Also when nothing stands there.
pub fn some_line(what: &str, text: &str, chars_max: usize) -> Result<String, RegistryError> {
    let line = line(what, text, chars_max)?;
    if line.chars().any(char::is_alphanumeric) {
        return Ok(line);
    }
    Err(RegistryError::Given(format!("{what} is missing; write at least a letter or a digit")))
}

/// A time as people write it: a day, which begins at midnight in UTC, or a day and an hour (RFC 3339).
#[must_use]
pub fn time(text: &str) -> Option<TimestampMs> {
    let text = text.trim();
    let at = match text.parse::<jiff::civil::Date>() {
        Ok(day) if text.len() == 10 => day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
        _ => text.parse::<jiff::Timestamp>().ok()?,
    };
    Some(TimestampMs(at.as_millisecond()))
}

/// The blocks of the Arabic script, in which joiners are part of the spelling (Unicode 16, block names).
const fn is_arabic(character: char) -> bool {
    matches!(character, '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' | '\u{fb50}'..='\u{fdff}')
}

/// Default-ignorable code points (Unicode, DerivedCoreProperties) and the controls of direction (UAX 9).
const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |text: &str, expect: Option<i64>| assert_eq!(time(text).map(|at| at.0), expect, "{text}");
        check("2026-11-24", Some(1_795_478_400_000));
        check("2026-11-24T00:00:01Z", Some(1_795_478_401_000));
        check("2026-11-24T05:00:00+05:00", Some(1_795_478_400_000));
        check("yesterday", None);
        check("", None);
    }

    #[test]
    fn what_may_stand_in_a_line() {
        let check = |text: &str, expect: Result<&str, &str>| match (line("the title", text, 20), expect) {
            (Ok(line), Ok(expect)) => assert_eq!(line, expect),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (got, _) => panic!("{text:?}: {got:?}"),
        };
        check("  Example Bank ", Ok("Example Bank"));
        check("مثالی بینک", Ok("مثالی بینک"));
        check("نمی\u{200c}دانم", Ok("نمی\u{200c}دانم"));
        check("Cafe\u{301}", Ok("Caf\u{e9}"));
        check("", Ok(""));
        check("Bank\r\nBcc: eve@x", Err("line break"));
        check("a\u{2028}b", Err("line break"));
        check("a\0b", Err("U+0000"));
        check("a\u{200c}b", Err("U+200C"));
        check("a\u{202e}b", Err("U+202E"));
        check("a\u{e0041}b", Err("U+E0041"));
        check(&"x".repeat(21), Err("longer than 20"));
        check(&"x".repeat(1_000_000), Err("longer than 20"));
        assert!(some_line("the title", " - ", 20).is_err());
    }
}
