//! Undoes what people do to a dangerous address so that nobody clicks on it: `hxxp://evil[.]example`.
//!
//! Refanging is idempotent: a text that has been refanged once does not change again.

use std::borrow::Cow;

/// What stands for what. A bracket of one kind must be closed by its like.
const DEFANGED: &[(&str, &str)] = &[
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("[:]", ":"),
    ("(:)", ":"),
    ("{:}", ":"),
    ("[://]", "://"),
    ("(://)", "://"),
    ("[@]", "@"),
    ("(@)", "@"),
    ("{@}", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
];

/// Schemes as people spoil them, and as they are.
const SCHEMES: &[(&str, &str)] = &[
    ("hxxps", "https"),
    ("hxxp", "http"),
    ("hxtps", "https"),
    ("hxtp", "http"),
    ("htxps", "https"),
    ("htxp", "http"),
    ("h**ps", "https"),
    ("h**p", "http"),
    ("fxp", "ftp"),
];

/// `text` as it was before somebody defanged it; borrowed when there was nothing to undo.
///
/// In a URL whose scheme and authority are whole, nothing is undone: there, `(.)` is a part of the path.
///
/// ```
/// use sipar_model::refang::refang;
/// assert_eq!(refang("hXXps://evil[.]example/a[.]php"), "https://evil.example/a.php");
/// assert_eq!(refang("https://evil.example/a(.)php"), "https://evil.example/a(.)php");
/// ```
#[must_use]
pub fn refang(text: &str) -> Cow<'_, str> {
    let scheme = defanged_scheme(text);
    if scheme.is_none() && !tail_found(authority(text)) {
        return Cow::Borrowed(text);
    }
    let mut plain = reduce(text);
    if let Some((spoilt, whole)) = defanged_scheme(&plain) {
        plain.replace_range(..spoilt.len(), whole);
    }
    Cow::Owned(plain)
}

/// The part before the path of a URL with a whole scheme; else all of `text`.
fn authority(text: &str) -> &str {
    let Some((scheme, rest)) = text.split_once("://") else { return text };
    if !["http", "https", "ftp"].iter().any(|known| scheme.trim_start().eq_ignore_ascii_case(known)) {
        return text;
    }
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    &rest[..end]
}

/// The spoilt scheme that `text` starts with, if what separates it from the rest follows.
fn defanged_scheme(text: &str) -> Option<(&'static str, &'static str)> {
    let bytes = text.as_bytes();
    SCHEMES.iter().copied().find(|(spoilt, _)| {
        bytes.len() > spoilt.len()
            && bytes[..spoilt.len()].eq_ignore_ascii_case(spoilt.as_bytes())
            && matches!(bytes[spoilt.len()], b':' | b'[' | b'(' | b'{')
    })
}

/// Whether anything in `text` can be undone.
fn tail_found(text: &str) -> bool {
    text.bytes().enumerate().any(|(at, byte)| is_closer(byte) && replacement(&text.as_bytes()[..=at]).is_some())
}

/// Undoes from left to right. Each closing bracket is compared with what has been *written*, so that nothing that
/// could be undone is left: `[[.]]` becomes `.` at once.
fn reduce(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        plain.push(character);
        if !character.is_ascii() || !is_closer(character as u8) {
            continue;
        }
        if let Some((defanged, whole)) = replacement(plain.as_bytes()) {
            plain.truncate(plain.len() - defanged.len());
            plain.push_str(whole);
        }
    }
    plain
}

const fn is_closer(byte: u8) -> bool {
    matches!(byte, b']' | b')' | b'}')
}

fn replacement(written: &[u8]) -> Option<(&'static str, &'static str)> {
    DEFANGED.iter().copied().find(|(defanged, _)| {
        written.len() >= defanged.len()
            && written[written.len() - defanged.len()..].eq_ignore_ascii_case(defanged.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::refang;
    use proptest::prelude::*;

    #[test]
    fn undoes_what_people_do() {
        let check = |input: &str, expect: &str| assert_eq!(refang(input), expect, "{input}");
        check("evil.example", "evil.example");
        check("evil[.]example", "evil.example");
        check("evil(.)co{.}example", "evil.co.example");
        check("evil[dot]co(DOT)example", "evil.co.example");
        check("evil[[.]]example", "evil.example");
        check("hxxp://evil[.]example", "http://evil.example");
        check("hXXps://evil.example/a[.]php", "https://evil.example/a.php");
        check("HXXP://EVIL.example", "http://EVIL.example");
        check("hxxp[:]//evil.example", "http://evil.example");
        check("hxxps[://]evil.example", "https://evil.example");
        check("http[:]//evil.example", "http://evil.example");
        check("http[://]evil[.]example", "http://evil.example");
        check("h**p://evil.example", "http://evil.example");
        check("fxp://evil.example", "ftp://evil.example");
        check("192[.]0[.]2[.]1", "192.0.2.1");
        check("192.0.2[.]1[:]8080", "192.0.2.1:8080");
        check("2001[:]db8::1", "2001:db8::1");
        check("eve[@]evil[.]example", "eve@evil.example");
        check("eve(at)evil(dot)example", "eve@evil.example");
    }

    #[test]
    fn leaves_alone_what_nobody_defanged() {
        let check = |input: &str| assert_eq!(refang(input), input, "{input}");
        check("");
        check("http://[::1]/");
        check("http://evil.example/a(.)b?c=[.]");
        check("http://[2001:db8::1]:80/x[.]y");
        check("hxxp.example");
        check("evil[.example");
        check("evil[.)example");
        check("پاکستان.example");
    }

    proptest! {
        #[test]
        fn is_idempotent(text in "(h(xx|tt|XX)ps?(:|\\[:\\])//)?[\\[\\](){}.:@/a-dot\\\\?]{0,40}") {
            let once = refang(&text).into_owned();
            prop_assert_eq!(refang(&once), once.as_str());
        }

        #[test]
        fn is_idempotent_on_anything(text in "\\PC{0,60}") {
            let once = refang(&text).into_owned();
            prop_assert_eq!(refang(&once), once.as_str());
        }
    }
}
