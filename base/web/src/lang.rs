//! The languages of the portal, and which one a request wants.

/// The cookie that remembers the choice. It names a language, nothing about its holder.
pub const LANG_COOKIE: &str = "lang";
/// The longest `Accept-Language` that is read, in bytes; browsers send far less than this.
const ACCEPT_LANGUAGE_BYTES_MAX: usize = 1024;

/// A language of the portal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Urdu.
    Ur,
}

impl Lang {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::En, Self::Ur];

    /// The tag (BCP 47), as in `<html lang>`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ur => "ur",
        }
    }

    /// The direction of its script, as in `<html dir>`.
    #[must_use]
    pub const fn dir(self) -> &'static str {
        match self {
            Self::En => "ltr",
            Self::Ur => "rtl",
        }
    }

    /// What its readers call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ur => "اردو",
        }
    }

    /// The language with this tag, whatever its region.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }

    /// The language of a request: what it asks for (`?lang=`), else its cookie, else what the browser prefers
    /// (RFC 9110 §12.5.4), else English.
    #[must_use]
    pub fn negotiate(asked: Option<&str>, cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        let chosen = asked.and_then(Self::from_code).or_else(|| cookie.and_then(Self::from_code));
        chosen.unwrap_or_else(|| accept_language.map(preferred).unwrap_or_default())
    }
}

/// The language of highest weight that we have; the first of equals.
fn preferred(header: &str) -> Lang {
    if header.len() > ACCEPT_LANGUAGE_BYTES_MAX {
        return Lang::default();
    }
    let mut best = (0.0, Lang::default());
    for part in header.split(',') {
        let (tag, parameter) = part.split_once(';').unwrap_or((part, ""));
        let weight = match parameter.trim().strip_prefix("q=") {
            None => 1.0,
            Some(text) => text.trim().parse::<f32>().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0),
        };
        if let Some(lang) = Lang::from_code(tag.trim()).filter(|_| weight > best.0) {
            best = (weight, lang);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_clear_wish_wins() {
        let check = |asked, cookie, accept, expect| {
            assert_eq!(Lang::negotiate(asked, cookie, accept), expect, "{asked:?} {cookie:?} {accept:?}");
        };
        check(None, None, None, Lang::En);
        check(Some("ur"), Some("en"), Some("en"), Lang::Ur);
        check(Some("xx"), Some("ur"), None, Lang::Ur);
        check(None, Some("ur-PK"), Some("en"), Lang::Ur);
        check(None, None, Some("ur-PK,ur;q=0.9,en;q=0.8"), Lang::Ur);
        check(None, None, Some("en-GB, ur;q=0.9"), Lang::En);
        check(None, None, Some("de, ur;q=0.2, en;q=0.1"), Lang::Ur);
        check(None, None, Some("ur;q=0, en;q=0.1"), Lang::En);
        check(None, None, Some("ur;q=9, *"), Lang::En);
        check(None, None, Some("ur;q=NaN"), Lang::En);
        check(None, None, Some(",;;q=,ur"), Lang::Ur);
        check(None, None, Some(&format!("{}ur", "x,".repeat(600))), Lang::En);
    }
}
