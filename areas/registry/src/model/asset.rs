//! What somebody can own.

use super::{product::product, vocabulary::AssetKind, words::some_line};
use crate::RegistryError;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};
use sipar_model::{CanonicalUrl, DomainName, Observable, ObservableKind, address::parse_address};
use std::{fmt, net::IpAddr};

/// Characters of the name of a system or a data centre.
pub const NAME_CHARS_MAX: usize = 120;

/// Bytes of any asset as it comes in: the longest URL that the canonicaliser takes.
const TEXT_BYTES_MAX: usize = 2_048;

/// One thing. Two that mean the same compare equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// A name, an address, a network, a URL or an autonomous system. INVARIANT: of no other kind.
    Thing(Observable),
    /// Something that listens: `tcp://www.example.org:443`.
    Service(String),
    /// A system, by its name where it runs.
    System(String),
    /// A product, as CPE 2.3 or a package URL.
    Product(String),
    /// A data centre, by its name.
    DataCentre(String),
}

impl Asset {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> AssetKind {
        match self {
            Self::Thing(Observable::Address(_)) => AssetKind::Address,
            Self::Thing(Observable::Prefix(_)) => AssetKind::Prefix,
            Self::Thing(Observable::Url(_)) => AssetKind::Url,
            Self::Thing(Observable::Asn(_)) => AssetKind::Asn,
            // The invariant leaves names alone.
            Self::Thing(_) => AssetKind::Domain,
            Self::Service(_) => AssetKind::Service,
            Self::System(_) => AssetKind::System,
            Self::Product(_) => AssetKind::Product,
            Self::DataCentre(_) => AssetKind::DataCentre,
        }
    }

    /// The canonical text, without the kind.
    #[must_use]
    pub fn value(&self) -> String {
        self.to_string()
    }

    /// The thing, when areas exchange it: then others may ask who owns it.
    #[must_use]
    pub const fn observable(&self) -> Option<&Observable> {
        match self {
            Self::Thing(thing) => Some(thing),
            _ => None,
        }
    }

    /// Whether only one party can own it at a time.
    #[must_use]
    pub const fn is_exclusive(&self) -> bool {
        matches!(self, Self::Thing(_) | Self::Service(_))
    }

    /// Reads a text of a known kind.
    ///
    /// # Errors
    /// When it is not of that kind.
    pub fn of_kind(kind: AssetKind, text: &str) -> Result<Self, RegistryError> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return Err(RegistryError::Given(format!("an asset is longer than {TEXT_BYTES_MAX} bytes; shorten it")));
        }
        let thing = |kind| {
            let read = Observable::from_parts(kind, text);
            read.map(Self::Thing).map_err(|error| RegistryError::Given(error.to_string()))
        };
        match kind {
            AssetKind::Domain => match thing(ObservableKind::Domain)? {
                Self::Thing(Observable::Domain(name)) if name.is_public_suffix() => Err(RegistryError::Given(format!(
                    "under `{name}` others register names, so nobody owns all of it; give the name that was registered"
                ))),
                name => Ok(name),
            },
            AssetKind::Address => thing(ObservableKind::Address),
            AssetKind::Prefix => match thing(ObservableKind::Prefix)? {
                Self::Thing(Observable::Prefix(network)) if network.length() == 0 => {
                    Err(RegistryError::Given(format!("`{network}` is every address there is; give the network")))
                }
                network => Ok(network),
            },
            AssetKind::Url => thing(ObservableKind::Url),
            AssetKind::Asn => thing(ObservableKind::Asn),
            AssetKind::Service => service(text).map(Self::Service),
            AssetKind::System => some_line("the name of a system", text, NAME_CHARS_MAX).map(Self::System),
            AssetKind::Product => product(text).map(Self::Product),
            AssetKind::DataCentre => some_line("the name of a data centre", text, NAME_CHARS_MAX).map(Self::DataCentre),
        }
    }

    /// Reads a text whose kind is not said. The names of systems and data centres need their kind.
    ///
    /// # Errors
    /// With what was wrong with the likeliest reading.
    pub fn guess(text: &str) -> Result<Self, RegistryError> {
        let text = text.trim();
        let starts = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if starts("cpe:") || starts("pkg:") {
            return Self::of_kind(AssetKind::Product, text);
        }
        if starts("tcp://") || starts("udp://") {
            return Self::of_kind(AssetKind::Service, text);
        }
        let kind = match Observable::guess(text).map_err(|error| RegistryError::Given(error.to_string()))? {
            Observable::Domain(_) => AssetKind::Domain,
            Observable::Address(_) => AssetKind::Address,
            Observable::Prefix(_) => AssetKind::Prefix,
            Observable::Url(_) => AssetKind::Url,
            Observable::Asn(_) => AssetKind::Asn,
            Observable::File(_) | Observable::Mail(_) | Observable::NameServer(_) => {
                let why = "nobody owns files, mail senders or name servers here; give a name, an address, a network, a \
                           URL, an autonomous system, a service or a product";
                return Err(RegistryError::Given(why.into()));
            }
        };
        Self::of_kind(kind, text)
    }

    /// Reads with the kind where it is said.
    ///
    /// # Errors
    /// As the other two.
    pub fn read(kind: &str, text: &str) -> Result<Self, RegistryError> {
        match kind.trim() {
            "" => Self::guess(text),
            kind => {
                let kind = kind.parse::<AssetKind>().map_err(|error| RegistryError::Given(error.to_string()))?;
                Self::of_kind(kind, text)
            }
        }
    }

    /// What stands in the store. Read without the rules for what comes in, which later versions may make stricter.
    pub(crate) fn stored(kind: u8, text: &str) -> Option<Self> {
        match AssetKind::from_number(kind)? {
            AssetKind::Service => Some(Self::Service(text.to_owned())),
            AssetKind::System => Some(Self::System(text.to_owned())),
            AssetKind::Product => Some(Self::Product(text.to_owned())),
            AssetKind::DataCentre => Some(Self::DataCentre(text.to_owned())),
            AssetKind::Domain | AssetKind::Address | AssetKind::Prefix | AssetKind::Url | AssetKind::Asn => {
                Observable::from_parts(ObservableKind::from_number(kind)?, text).ok().map(Self::Thing)
            }
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thing(thing) => thing.fmt(f),
            Self::Service(text) | Self::System(text) | Self::Product(text) | Self::DataCentre(text) => f.pad(text),
        }
    }
}

impl Serialize for Asset {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut whole = serializer.serialize_struct("Asset", 2)?;
        whole.serialize_field("type", self.kind().word())?;
        whole.serialize_field("value", &self.value())?;
        whole.end()
    }
}

/// `tcp://HOST:PORT` or `udp://HOST:PORT`.
fn service(text: &str) -> Result<String, RegistryError> {
    let refused = || {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
        let how = "write `tcp://` or `udp://`, a name or an address, and a port, as in `tcp://www.example.org:443`";
        RegistryError::Given(format!("`{shown}` is no service; {how}"))
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "tcp" | "udp") {
        return Err(refused());
    }
    let (host, port) = rest.rsplit_once(':').ok_or_else(refused)?;
    let digits = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = port.parse().ok().filter(|port| digits && *port > 0).ok_or_else(refused)?;
    let host = match parse_address(host) {
        Ok(IpAddr::V6(v6)) => format!("[{v6}]"),
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Err(_) => DomainName::parse(host).map_err(|_| refused())?.to_string(),
    };
    Ok(format!("{scheme}://{host}:{port}"))
}

/// Where a URL leads, for whoever owns its host.
#[must_use]
pub(crate) fn host_of(url: &CanonicalUrl) -> Observable {
    match url.host() {
        sipar_model::url::Host::Name(name) => Observable::Domain(name),
        sipar_model::url::Host::Address(address) => Observable::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_of_every_kind() {
        let check = |kind: &str, text: &str, expect: Result<(&str, &str), &str>| match (Asset::read(kind, text), expect)
        {
            (Ok(asset), Ok((kind, value))) => assert_eq!((asset.kind().word(), asset.value().as_str()), (kind, value)),
            (Err(error), Err(expect)) => assert!(error.to_string().contains(expect), "{error}"),
            (got, _) => panic!("{kind} {text}: {got:?}"),
        };
        check("", "Bank.Example.", Ok(("domain", "bank.example")));
        check("", "192.0.2.0/24", Ok(("prefix", "192.0.2.0/24")));
        check("prefix", "192.0.2.1/32", Ok(("address", "192.0.2.1")));
        check("", "2001:db8::/32", Ok(("prefix", "2001:db8::/32")));
        check("", "AS64500", Ok(("asn", "AS64500")));
        check("asn", "64500", Ok(("asn", "AS64500")));
        check("", "https://Bank.Example/login", Ok(("url", "https://bank.example/login")));
        check("", "TCP://Bank.Example:443", Ok(("service", "tcp://bank.example:443")));
        check("", "udp://[2001:db8::1]:53", Ok(("service", "udp://[2001:db8::1]:53")));
        check("system", "Payroll", Ok(("system", "Payroll")));
        check("data-centre", "Islamabad 1", Ok(("data-centre", "Islamabad 1")));
        check("", "pkg:deb/debian/bind9@9.20", Ok(("product", "pkg:deb/debian/bind9@9.20")));
        check("", "10.0.0.1/8", Err("bits set beyond"));
        check("", "0.0.0.0/0", Err("every address"));
        check("", "gov.pk", Err("others register names"));
        check("domain", "com", Err("others register names"));
        check("", "eve@bank.example", Err("nobody owns"));
        check("", "tcp://bank.example", Err("no service"));
        check("", "tcp://bank.example:0", Err("no service"));
        check("", "tcp://bank.example:99999", Err("no service"));
        check("system", "Pay\nroll", Err("line break"));
        check("system", "", Err("missing"));
        check("castle", "x", Err("data-centre"));
        check("", &"a".repeat(5_000), Err(""));
    }

    #[test]
    fn what_is_stored_comes_back() {
        for (kind, text) in [("", "bank.example"), ("", "192.0.2.1"), ("system", "Payroll"), ("", "tcp://a.example:1")]
        {
            let asset = Asset::read(kind, text).expect(text);
            assert_eq!(Asset::stored(asset.kind().number(), &asset.value()), Some(asset));
        }
        assert_eq!(Asset::stored(99, "x"), None);
    }
}
