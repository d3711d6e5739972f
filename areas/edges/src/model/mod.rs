//! Rules: what is named to whom, when, and which counts can be believed.

pub mod book;
pub mod config;
pub mod counts;
pub mod net;
pub mod rollout;

/// The longest name of an edge in characters: it stands in tables and as the name of its network.
pub const NAME_CHARS_MAX: usize = 64;

/// A name that cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no name for an edge")]
pub struct NameError(pub String);

/// An edge's name, as it is kept.
///
/// # Errors
/// When it is none.
pub fn edge_name(text: &str) -> Result<String, NameError> {
    if !is_plain(text) {
        return Err(NameError(text.chars().take(NAME_CHARS_MAX).collect()));
    }
    Ok(text.to_owned())
}

/// Whether a word can stand anywhere.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first && text.len() <= NAME_CHARS_MAX && text.bytes().all(plain)
}

/// Text of a stranger for a table: at most `max` characters, none of them a control character.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "lahore-1.isp", "0_x", &"a".repeat(64)] {
            assert_eq!(edge_name(good).as_deref(), Ok(good));
        }
        for bad in ["", "-a", ".", "A", "a b", "a/b", "ب", "a\n", &"a".repeat(65)] {
            assert!(edge_name(bad).is_err(), "{bad}");
        }
    }
}
