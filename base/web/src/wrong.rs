//! Why a text is no name, address, URL, hash or mail address, in the reader's language.
//!
//! The canonicaliser's own words are English, for programs, logs and the kept lines of feeds. A test compares both.

use crate::say::{Saying, say};
use sipar_model::{
    ObservableError, address::AddressError, hash::HashError, mail::MailError, name::NameError, url::UrlError,
};

impl From<&ObservableError> for Saying {
    fn from(error: &ObservableError) -> Self {
        match error {
            ObservableError::Empty => say("web-wrong-nothing", []),
            ObservableError::SingleLabel { given } => say("web-wrong-single-label", [("given", given.as_str().into())]),
            ObservableError::NoScheme { given } => say("web-wrong-no-scheme", [("given", given.as_str().into())]),
            ObservableError::Name(error) => error.into(),
            ObservableError::Address(error) => error.into(),
            ObservableError::Url(error) => error.into(),
            ObservableError::Hash(error) => error.into(),
            ObservableError::Mail(error) => error.into(),
        }
    }
}

impl From<&NameError> for Saying {
    fn from(error: &NameError) -> Self {
        match error {
            NameError::Empty => say("web-wrong-name-empty", []),
            NameError::TooLong { name } => say("web-wrong-name-long", [("name", name.as_str().into())]),
            NameError::LabelTooLong { name } => say("web-wrong-name-label-long", [("name", name.as_str().into())]),
            NameError::EmptyLabel { name } => say("web-wrong-name-label-empty", [("name", name.as_str().into())]),
            NameError::Character { name, character } => say(
                "web-wrong-name-character",
                [("name", name.as_str().into()), ("character", character.as_str().into())],
            ),
            NameError::NotIdna { name } => say("web-wrong-name-idna", [("name", name.as_str().into())]),
            NameError::EndsInNumber { name } => say("web-wrong-name-number", [("name", name.as_str().into())]),
        }
    }
}

impl From<&AddressError> for Saying {
    fn from(error: &AddressError) -> Self {
        match error {
            AddressError::Empty => say("web-wrong-address-empty", []),
            AddressError::OddNotation { given } => say("web-wrong-address-odd", [("given", given.as_str().into())]),
            AddressError::Zone { given } => say("web-wrong-address-zone", [("given", given.as_str().into())]),
            AddressError::NotAddress { given } => say("web-wrong-address-not", [("given", given.as_str().into())]),
            AddressError::Length { given, max } => {
                say("web-wrong-address-length", [("given", given.as_str().into()), ("max", u32::from(*max).into())])
            }
            AddressError::HostBits { given, network, single } => say(
                "web-wrong-address-bits",
                [
                    ("given", given.as_str().into()),
                    ("network", network.as_str().into()),
                    ("single", single.as_str().into()),
                ],
            ),
            AddressError::NotAsn { given } => say("web-wrong-asn", [("given", given.as_str().into())]),
        }
    }
}

impl From<&UrlError> for Saying {
    fn from(error: &UrlError) -> Self {
        match error {
            UrlError::TooLong { given } => say("web-wrong-url-long", [("given", given.as_str().into())]),
            UrlError::Scheme { given } => say("web-wrong-url-scheme", [("given", given.as_str().into())]),
            UrlError::Control { given } => say("web-wrong-url-control", [("given", given.as_str().into())]),
            UrlError::NoHost { given } => say("web-wrong-url-no-host", [("given", given.as_str().into())]),
            UrlError::HostName { given, .. } => say("web-wrong-url-host-name", [("given", given.as_str().into())]),
            UrlError::HostAddress { given, .. } => {
                say("web-wrong-url-host-address", [("given", given.as_str().into())])
            }
            UrlError::Port { given } => say("web-wrong-url-port", [("given", given.as_str().into())]),
            UrlError::Invalid { given } => say("web-wrong-url", [("given", given.as_str().into())]),
        }
    }
}

impl From<&HashError> for Saying {
    fn from(error: &HashError) -> Self {
        match error {
            HashError::Length { given, digits } => {
                say("web-wrong-hash-length", [("given", given.as_str().into()), ("digits", (*digits).into())])
            }
            HashError::NotHex { given } => say("web-wrong-hash-hex", [("given", given.as_str().into())]),
        }
    }
}

impl From<&MailError> for Saying {
    fn from(error: &MailError) -> Self {
        match error {
            MailError::NoAt { given } => say("web-wrong-mail-at", [("given", given.as_str().into())]),
            MailError::Quoted { given } => say("web-wrong-mail-quoted", [("given", given.as_str().into())]),
            MailError::TooLong { given } => say("web-wrong-mail-long", [("given", given.as_str().into())]),
            MailError::Local { given } => say("web-wrong-mail-local", [("given", given.as_str().into())]),
            MailError::Literal { given } => say("web-wrong-mail-literal", [("given", given.as_str().into())]),
            MailError::Domain { given, .. } => say("web-wrong-mail-domain", [("given", given.as_str().into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sipar_model::{Asn, CanonicalUrl, DomainName, FileHash, MailAddress, Observable, Prefix};
    use std::collections::BTreeSet;

    /// Texts that are refused, one for each reason at least.
    fn refused() -> Vec<(String, Saying)> {
        let long = "a".repeat(64);
        let mut all = Vec::new();
        let mut note = |words: String, saying: Saying| all.push((words, saying));
        for text in ["", "word", "a.example/x"] {
            let error = Observable::guess(text).unwrap_err();
            note(error.to_string(), (&error).into());
        }
        let deep = "a.".repeat(130) + "example";
        for text in ["", &deep, &format!("{long}.example"), "a..example", "a,b.example", "xn--0.example", "a.7"] {
            let error = DomainName::parse(text).unwrap_err();
            note(error.to_string(), (&error).into());
        }
        for text in ["", "010.1.1.1/32", "fe80::1%eth0/128", "x/8", "192.0.2.0/33", "192.0.2.1/24"] {
            let error = Prefix::parse(text).unwrap_err();
            note(error.to_string(), (&error).into());
        }
        let error = Asn::parse("ASx").unwrap_err();
        note(error.to_string(), (&error).into());
        let huge = format!("http://a.example/{}", "x".repeat(9_000));
        for text in [
            &huge,
            "gopher://a.example/",
            "http://a.example/\u{1}x",
            "http://",
            "http://a_,b.example/",
            "http://010.1.1.1/",
            "http://a.example:99999/",
        ] {
            let error = CanonicalUrl::parse(text).unwrap_err();
            note(error.to_string(), (&error).into());
        }
        let error = UrlError::Invalid { given: "x".into() };
        note(error.to_string(), (&error).into());
        for text in ["abc", &"z".repeat(32)] {
            let error = FileHash::parse(text).unwrap_err();
            note(error.to_string(), (&error).into());
        }
        let many = format!("{}@a.example", "x".repeat(65));
        for text in ["x", "\"x\"@a.example", &many, "a..b@a.example", "x@[192.0.2.1]", "x@a..example"] {
            let error = MailAddress::parse(text).unwrap_err();
            note(error.to_string(), (&error).into());
        }
        all
    }

    #[test]
    fn the_pages_words_are_the_programs_words_and_every_reason_is_among_them() {
        let mut met = BTreeSet::new();
        for (words, saying) in refused() {
            assert_eq!(saying.to_string(), words);
            met.insert(saying.key());
        }
        let english = crate::TEXTS.iter().find(|source| source.lang == crate::Lang::En).unwrap().ftl;
        let keys = english.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key);
        let keys: BTreeSet<&str> = keys.filter(|key| key.starts_with("web-wrong-")).collect();
        assert_eq!(met, keys);
    }
}
