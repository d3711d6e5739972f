//! What can be asserted, decided and looked up.

use crate::address::{AddressError, fold, is_odd_v4, parse_address, split_port};
use crate::hash::{HashAlgorithm, HashError};
use crate::mail::MailError;
use crate::name::NameError;
use crate::refang::refang;
use crate::server;
use crate::text::excerpt;
use crate::url::UrlError;
use crate::vocabulary::vocabulary;
use crate::{Asn, CanonicalUrl, DomainName, FileHash, MailAddress, NameServer, Prefix};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// One canonical observable. Two that mean the same compare equal.
///
/// Written as `{"type": "domain", "value": "evil.example"}`; reading parses the value again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub enum Observable {
    /// A name, with everything under it.
    Domain(DomainName),
    /// One address. INVARIANT: never a v4-mapped IPv6 address; make it with [`Observable::from`].
    Address(IpAddr),
    /// A network of more than one address; make it with [`Observable::from`], which sees to that.
    Prefix(Prefix),
    /// One resource.
    Url(CanonicalUrl),
    /// A file.
    File(FileHash),
    /// A mail sender.
    Mail(MailAddress),
    /// An autonomous system.
    Asn(Asn),
    /// Name servers, for all names that they answer for.
    NameServer(NameServer),
}

vocabulary! {
    /// The kinds of observable. The numbers are stored, and stand in the snapshot.
    ObservableKind ("kind of observable") {
        /// [`Observable::Domain`]
        Domain = 1 "domain",
        /// [`Observable::Address`]
        Address = 2 "address",
        /// [`Observable::Prefix`]
        Prefix = 3 "prefix",
        /// [`Observable::Url`]
        Url = 4 "url",
        /// [`Observable::File`]
        File = 5 "file",
        /// [`Observable::Mail`]
        Mail = 6 "mail",
        /// [`Observable::Asn`]
        Asn = 7 "asn",
        /// [`Observable::NameServer`]
        NameServer = 8 "name-server",
    }
}

/// Why a text is not an observable.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ObservableError {
    /// Nothing there.
    #[error("there is nothing to look up; give a name, an address, a network, a URL, a hash or a mail address")]
    Empty,
    /// One word without a dot.
    #[error("`{given}` is a single word; give a name with a dot, an address, a URL, a hash or a mail address")]
    SingleLabel {
        /// The start of it.
        given: String,
    },
    /// It has a path, and no scheme.
    #[error("`{given}` has a path but no scheme; write `http://` or `https://` in front, or leave out the path")]
    NoScheme {
        /// The start of it.
        given: String,
    },
    /// Not a name.
    #[error(transparent)]
    Name(NameError),
    /// Not an address, network or autonomous system.
    #[error(transparent)]
    Address(AddressError),
    /// Not a URL.
    #[error(transparent)]
    Url(UrlError),
    /// Not a hash.
    #[error(transparent)]
    Hash(HashError),
    /// Not a mail sender.
    #[error(transparent)]
    Mail(MailError),
}

impl Observable {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> ObservableKind {
        match self {
            Self::Domain(_) => ObservableKind::Domain,
            Self::Address(_) => ObservableKind::Address,
            Self::Prefix(_) => ObservableKind::Prefix,
            Self::Url(_) => ObservableKind::Url,
            Self::File(_) => ObservableKind::File,
            Self::Mail(_) => ObservableKind::Mail,
            Self::Asn(_) => ObservableKind::Asn,
            Self::NameServer(_) => ObservableKind::NameServer,
        }
    }

    /// The name that it is about, with everything under it: a name, or name servers with such names.
    #[must_use]
    pub const fn name(&self) -> Option<&DomainName> {
        match self {
            Self::Domain(name) | Self::NameServer(NameServer::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The same sort of thing with this name: name servers for name servers, a name for everything else.
    #[must_use]
    pub const fn named(&self, name: DomainName) -> Self {
        match self {
            Self::NameServer(_) => Self::NameServer(NameServer::Name(name)),
            _ => Self::Domain(name),
        }
    }

    /// The canonical text, without the kind.
    #[must_use]
    pub fn value(&self) -> String {
        self.to_string()
    }

    /// Reads a text of a known kind. The result is of that kind, but for a network of one address, which is an address.
    ///
    /// A domain of a single label is read: whoever decides must refuse to block it.
    ///
    /// # Errors
    /// When the text is not of that kind.
    pub fn from_parts(kind: ObservableKind, text: &str) -> Result<Self, ObservableError> {
        match kind {
            ObservableKind::Domain => DomainName::parse(text).map(Self::Domain).map_err(ObservableError::Name),
            ObservableKind::Address => parse_address(text).map(Self::Address).map_err(ObservableError::Address),
            ObservableKind::Prefix => Prefix::parse(text).map(Self::from).map_err(ObservableError::Address),
            ObservableKind::Url => CanonicalUrl::parse(text).map(Self::Url).map_err(ObservableError::Url),
            ObservableKind::File => FileHash::parse(text).map(Self::File).map_err(ObservableError::Hash),
            ObservableKind::Mail => MailAddress::parse(text).map(Self::Mail).map_err(ObservableError::Mail),
            ObservableKind::Asn => Asn::parse(text).map(Self::Asn).map_err(ObservableError::Address),
            ObservableKind::NameServer => NameServer::parse(text).map(Self::NameServer),
        }
    }

    /// Reads a text whose kind is not known, as people paste it into a search field.
    ///
    /// A port after a name or an address is dropped. A single word is refused: it is more often a mistake than a TLD.
    /// `ns:` in front of a name, an address or a network means the name servers there.
    ///
    /// ```
    /// use sipar_model::{Observable, ObservableKind};
    /// let kind = |text| Observable::guess(text).map(|o| o.kind());
    /// assert_eq!(kind("evil[.]example"), Ok(ObservableKind::Domain));
    /// assert_eq!(kind("hxxp://evil[.]example/a"), Ok(ObservableKind::Url));
    /// assert_eq!(kind("192.0.2.1:8080"), Ok(ObservableKind::Address));
    /// assert_eq!(kind("ns:ns1.evil.example"), Ok(ObservableKind::NameServer));
    /// ```
    ///
    /// # Errors
    /// With what was wrong with the likeliest reading.
    pub fn guess(text: &str) -> Result<Self, ObservableError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Err(ObservableError::Empty);
        }
        let plain = refang(text);
        let likeliest = likeliest_kind(&plain);
        let plain = match likeliest {
            ObservableKind::Domain | ObservableKind::Address => split_port(&plain).0,
            _ => &plain,
        };
        if likeliest == ObservableKind::Domain && plain.contains(['/', '?', '#']) {
            return Err(ObservableError::NoScheme { given: excerpt(text) });
        }
        match Self::from_parts(likeliest, plain)? {
            found if found.name().is_some_and(|name| name.label_count() == 1) => {
                Err(ObservableError::SingleLabel { given: excerpt(text) })
            }
            found => Ok(found),
        }
    }
}

/// What a text looks most like. Each kind has a mark that the ones below it cannot have.
fn likeliest_kind(plain: &str) -> ObservableKind {
    let hexadecimal = || plain.bytes().all(|b| b.is_ascii_hexdigit());
    let looks_like_address = |part: &str| {
        let part = part.trim_ascii();
        part.split('%').next().is_some_and(|bare| parse_address(bare).is_ok()) || is_odd_v4(part)
    };
    if plain.contains("://") {
        ObservableKind::Url
    } else if server::without_prefix(plain).is_some() {
        ObservableKind::NameServer
    } else if HashAlgorithm::from_bytes_len(plain.len() / 2).is_some() && plain.len().is_multiple_of(2) && hexadecimal()
    {
        ObservableKind::File
    } else if plain.contains('@') {
        ObservableKind::Mail
    } else if plain.len() > 2 && Asn::parse(plain).is_ok() && !plain.starts_with(|c: char| c.is_ascii_digit()) {
        ObservableKind::Asn
    } else if looks_like_address(split_port(plain).0) {
        ObservableKind::Address
    } else if plain.split_once('/').is_some_and(|(address, _)| looks_like_address(address)) {
        ObservableKind::Prefix
    } else if plain.starts_with('[') {
        ObservableKind::Address
    } else {
        ObservableKind::Domain
    }
}

impl From<IpAddr> for Observable {
    fn from(address: IpAddr) -> Self {
        Self::Address(fold(address))
    }
}

impl From<Prefix> for Observable {
    fn from(prefix: Prefix) -> Self {
        prefix.single().map_or(Self::Prefix(prefix), Self::Address)
    }
}

impl fmt::Display for Observable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Prefix(prefix) => prefix.fmt(f),
            Self::Url(url) => url.fmt(f),
            Self::File(hash) => hash.fmt(f),
            Self::Mail(mail) => mail.fmt(f),
            Self::Asn(asn) => asn.fmt(f),
            Self::NameServer(server) => server.fmt(f),
        }
    }
}

/// An observable as it stands in JSON.
#[derive(Serialize, Deserialize)]
struct Written {
    #[serde(rename = "type")]
    kind: ObservableKind,
    value: String,
}

impl From<Observable> for Written {
    fn from(observable: Observable) -> Self {
        Self { kind: observable.kind(), value: observable.value() }
    }
}

impl TryFrom<Written> for Observable {
    type Error = ObservableError;
    fn try_from(written: Written) -> Result<Self, ObservableError> {
        Self::from_parts(written.kind, &written.value)
    }
}
