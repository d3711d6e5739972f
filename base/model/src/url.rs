//! URLs in their one canonical form.
//!
//! Canonical: scheme and host in lower case, no default port, no user, no fragment, dot segments resolved, an empty path
//! as `/`, escapes in upper case and only where they are needed (RFC 3986 §6.2.2). The query is kept.
//! Paths are resolved by the crate `url`, so that we read them as browsers do. The host is judged by us *before* that
//! crate sees it, because it would turn `http://0x7f.1/` into an address without a word.

use crate::address::{AddressError, parse_address};
use crate::name::{DomainName, NameError};
use crate::refang::refang;
use crate::text::{excerpt, written_as_text};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

/// Bytes of a URL, before and after it is made canonical. RFC 9110 §4.1 asks for at least 8,000 octets.
pub const URL_BYTES_MAX: usize = 8_192;

/// Why a text is not a URL that Sipar can hold.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UrlError {
    /// Over [`URL_BYTES_MAX`].
    #[error("URL `{given}` is longer than 8192 bytes")]
    TooLong {
        /// The start of it.
        given: String,
    },
    /// No scheme, or one that nobody downloads from.
    #[error("URL `{given}` does not start with `http://`, `https://` or `ftp://`")]
    Scheme {
        /// The start of it.
        given: String,
    },
    /// A line break or the like in the middle.
    #[error("URL `{given}` has a control character in it")]
    Control {
        /// The start of it.
        given: String,
    },
    /// Nothing between the slashes.
    #[error("URL `{given}` names no host")]
    NoHost {
        /// The start of it.
        given: String,
    },
    /// The host is not a name.
    #[error("URL `{given}` has a host that is not a valid name")]
    HostName {
        /// The start of it.
        given: String,
        /// Why.
        #[source]
        cause: NameError,
    },
    /// The host is not an address, though it looks like one.
    #[error("URL `{given}` has a host that is not a valid address")]
    HostAddress {
        /// The start of it.
        given: String,
        /// Why.
        #[source]
        cause: AddressError,
    },
    /// The port is not a number up to 65535.
    #[error("URL `{given}` has a port that is not a number up to 65535")]
    Port {
        /// The start of it.
        given: String,
    },
    /// Anything else that the crate `url` refuses.
    #[error("URL `{given}` is not valid")]
    Invalid {
        /// The start of it.
        given: String,
    },
}

/// Where a URL points to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name.
    Name(DomainName),
    /// An address.
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// A canonical URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalUrl(Box<str>);

impl CanonicalUrl {
    /// Reads an absolute URL, defanged or not.
    ///
    /// # Errors
    /// When it is not one, is not http, https or ftp, or its host is neither a name nor a plainly written address.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let text = text.trim_ascii();
        if is_plainly_canonical(text) { Ok(Self(text.into())) } else { Self::parse_slowly(text) }
    }

    fn parse_slowly(text: &str) -> Result<Self, UrlError> {
        let given = || excerpt(text);
        if text.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong { given: given() });
        }
        if text.chars().any(char::is_control) {
            return Err(UrlError::Control { given: given() });
        }
        let plain = refang(text);
        let (scheme, rest) = split_scheme(&plain).ok_or_else(|| UrlError::Scheme { given: given() })?;
        // Browsers take a backslash for a slash, and so does whoever lays a trap for them.
        let authority_end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(authority_end);
        let (host, port) = split_authority(authority);
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(UrlError::Port { given: given() });
        }
        let host = read_host(text, host)?;
        let mut resolved = resolve(text, scheme, &host, port, after)?;
        resolved.set_fragment(None);
        let canonical = normalise_escapes(resolved.as_str());
        if canonical.len() > URL_BYTES_MAX {
            return Err(UrlError::TooLong { given: given() });
        }
        Ok(Self(canonical.into()))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `http`, `https` or `ftp`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// The host as written: a name, an IPv4 address, or an IPv6 address in brackets.
    #[must_use]
    pub fn host_str(&self) -> &str {
        split_authority(self.parts().0).0
    }

    /// Where it points to.
    #[must_use]
    pub fn host(&self) -> Host {
        let host = self.host_str();
        // No name ends in a number or stands in brackets.
        match DomainName::parse(host) {
            Ok(name) => Host::Name(name),
            Err(_) => Host::Address(parse_address(host).expect("the constructor parsed it")),
        }
    }

    /// The port, when it is not the scheme's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        split_authority(self.parts().0).1.parse().ok()
    }

    /// Path and query: at least `/`.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        self.parts().1
    }

    /// Authority, and what follows it.
    fn parts(&self) -> (&str, &str) {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split_at(rest.find('/').unwrap_or(rest.len()))
    }
}

/// Whether a URL that looks as most do is canonical as it stands, so that taking it apart would lead back to it. `false`
/// decides nothing.
fn is_plainly_canonical(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let Some((host, after)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&*+,;=:@/?".contains(&byte);
    // Behind `/.` there may be a dot segment, and behind `xn--` what is no name.
    text.len() <= URL_BYTES_MAX
        && !text.contains("/.")
        && after.bytes().all(plain)
        && !host.contains("xn--")
        && DomainName::parse(host).is_ok_and(|name| name.as_str() == host)
}

/// The scheme in lower case, and what follows `://`.
fn split_scheme(text: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https", "ftp"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((known, rest))
}

/// Host and port, without the user. The last at sign counts, as in browsers (WHATWG URL, authority state).
fn split_authority(authority: &str) -> (&str, &str) {
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    if place.starts_with('[') {
        let end = place.find(']').map_or(place.len(), |at| at + 1);
        let (host, port) = place.split_at(end);
        return (host, port.strip_prefix(':').unwrap_or(port));
    }
    place.split_once(':').unwrap_or((place, ""))
}

/// The host, judged as written.
fn read_host(url: &str, host: &str) -> Result<Host, UrlError> {
    let given = || excerpt(url);
    let host: Cow<'_, str> = if host.contains('%') {
        // Browsers undo escapes in a host, so `http://0%78%37f.1/` must not slip through. What is not UTF-8 becomes
        // U+FFFD, which no name may have. A `%` that is left stays to be refused.
        percent_encoding::percent_decode_str(host).decode_utf8_lossy()
    } else {
        host.into()
    };
    if host.is_empty() {
        return Err(UrlError::NoHost { given: given() });
    }
    let cause = match parse_address(&host) {
        Ok(address) => return Ok(Host::Address(address)),
        Err(cause) => cause,
    };
    if host.starts_with('[') || matches!(cause, AddressError::OddNotation { .. }) {
        return Err(UrlError::HostAddress { given: given(), cause });
    }
    match DomainName::parse(&host) {
        Ok(name) => Ok(Host::Name(name)),
        Err(cause) => Err(UrlError::HostName { given: given(), cause }),
    }
}

/// Lets the crate `url` resolve dot segments, escape what must be escaped and drop a default port.
fn resolve(given: &str, scheme: &str, host: &Host, port: &str, after: &str) -> Result<::url::Url, UrlError> {
    let host = match host {
        Host::Address(IpAddr::V6(v6)) => format!("[{v6}]"),
        other => other.to_string(),
    };
    let port_mark = if port.is_empty() { "" } else { ":" };
    let refused = |cause| match cause {
        ::url::ParseError::InvalidPort => UrlError::Port { given: excerpt(given) },
        _ => UrlError::Invalid { given: excerpt(given) },
    };
    ::url::Url::parse(&format!("{scheme}://{host}{port_mark}{port}{after}")).map_err(refused)
}

/// RFC 3986 §6.2.2.1 and §6.2.2.2: escapes in upper case, unreserved characters without one.
/// A percent sign that starts no escape becomes `%25`; otherwise undoing `%%34%31` would make a new escape.
fn normalise_escapes(url: &str) -> Cow<'_, str> {
    if !url.contains('%') {
        return Cow::Borrowed(url);
    }
    let mut normal = String::with_capacity(url.len() + 8);
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        normal.push_str(&rest[..at]);
        let escape = rest.get(at + 1..at + 3).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) else {
            normal.push_str("%25");
            rest = &rest[at + 1..];
            continue;
        };
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            normal.push(char::from(byte));
        } else {
            normal.push_str(percent_encoding::percent_encode_byte(byte));
        }
        rest = &rest[at + 3..];
    }
    normal.push_str(rest);
    Cow::Owned(normal)
}

impl fmt::Display for CanonicalUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

written_as_text!(CanonicalUrl, UrlError, "an http, https or ftp URL");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces of which many URLs are plain, and all that makes one change on the way.
    const PIECES: [&str; 44] = [
        "http://",
        "https://",
        "ftp://",
        "HTTP://",
        "evil",
        "Evil",
        ".",
        "..",
        "example",
        "a-b",
        "_dmarc",
        "xn--",
        "xn--p1ai",
        "192.0.2.1",
        "0x7f",
        "[::1]",
        ":80",
        ":443",
        ":8080",
        "user@",
        "/",
        "//",
        "/.",
        "/..",
        "/./",
        "~",
        "!",
        "$",
        "'",
        "(.)",
        "%41",
        "%zz",
        "%",
        "?",
        "#",
        "=",
        "&",
        ";",
        "\\",
        "|",
        "^",
        " ",
        "\t",
        "س",
    ];

    #[test]
    fn most_urls_are_plainly_canonical() {
        for text in ["http://evil.example/", "https://a-b.evil.example/x/~y/z.php?a=b&c=d;e:f@g!h$i*j+k,l?m"] {
            assert!(is_plainly_canonical(text), "{text}");
        }
        for text in ["http://evil.example", "http://192.0.2.1/", "http://evil.example/a/../b", "http://evil.example/'"]
        {
            assert!(!is_plainly_canonical(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plainly_canonical_is_what_taking_it_apart_leads_to(
            scheme in 0..2_usize,
            host in "[a-z]{1,3}\\.[a-z0-9_-]{1,4}",
            rest in prop::collection::vec(0..PIECES.len(), 0..8),
            all in prop::collection::vec(0..PIECES.len(), 0..10),
        ) {
            let of = |pieces: &[usize]| pieces.iter().map(|at| PIECES[*at]).collect::<String>();
            for text in [format!("{}{host}/{}", PIECES[scheme], of(&rest)), of(&all)] {
                let text = text.trim_ascii();
                if is_plainly_canonical(text) {
                    let slowly = CanonicalUrl::parse_slowly(text).map(|url| url.as_str().to_owned());
                    prop_assert_eq!(slowly, Ok(text.to_owned()));
                }
            }
        }
    }
}
