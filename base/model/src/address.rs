//! IP addresses, networks and autonomous systems, each in one notation.
//!
//! IPv4 is four decimals without leading zeros. `0177.0.0.1`, `0x7f.1`, `127.1` and `2130706433` are refused: programs
//! disagree about what they mean, and blocking must not depend on whom one asks.
//! IPv6 is written as RFC 5952 says; a v4-mapped address is the IPv4 address that it holds.

use crate::refang::refang;
use crate::text::{excerpt, written_as_text};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a text is not an address, a network or an autonomous system.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AddressError {
    /// Nothing there.
    #[error("the address is empty")]
    Empty,
    /// Octal, hexadecimal, a plain integer, or fewer than four parts.
    #[error(
        "address `{given}` is IPv4 in a notation that programs read differently; write four decimals such as `192.0.2.1`"
    )]
    OddNotation {
        /// The start of it.
        given: String,
    },
    /// A zone has a meaning on one machine only (RFC 4007 §6).
    #[error("address `{given}` names a zone, which has a meaning on one machine only; leave out `%` and what follows")]
    Zone {
        /// The start of it.
        given: String,
    },
    /// Neither IPv4 nor IPv6.
    #[error("`{given}` is not an IP address")]
    NotAddress {
        /// The start of it.
        given: String,
    },
    /// The part after the slash.
    #[error("network `{given}` needs a prefix length from 0 to {max} in plain decimals after the slash")]
    Length {
        /// The start of it.
        given: String,
        /// 32 or 128.
        max: u8,
    },
    /// The address has bits beyond the prefix length.
    #[error(
        "network `{given}` has bits set beyond its length; write `{network}` for the network or `{single}` for the one address"
    )]
    HostBits {
        /// As given.
        given: String,
        /// The network that it lies in.
        network: String,
        /// The address alone.
        single: String,
    },
    /// Not an autonomous system number.
    #[error("`{given}` is not an autonomous system number; write `AS` and a number up to 4294967295")]
    NotAsn {
        /// The start of it.
        given: String,
    },
}

/// Reads one address strictly, in brackets or not, defanged or not.
///
/// # Errors
/// When the text is not exactly one address in the usual notation.
pub fn parse_address(text: &str) -> Result<IpAddr, AddressError> {
    Ok(fold(parse_as_written(text)?))
}

/// A v4-mapped IPv6 address is the IPv4 address in it (RFC 4291 §2.5.5.2).
#[inline]
#[must_use]
pub const fn fold(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn parse_as_written(text: &str) -> Result<IpAddr, AddressError> {
    let text = text.trim_ascii();
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Ok(IpAddr::V4(v4));
    }
    let plain = refang(text);
    let bare = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Ok(v6) = bare.unwrap_or(&plain).parse::<Ipv6Addr>() {
        return Ok(IpAddr::V6(v6));
    }
    match plain.parse::<Ipv4Addr>() {
        Ok(v4) => Ok(IpAddr::V4(v4)),
        Err(_) => Err(refusal(text, bare.unwrap_or(&plain))),
    }
}

/// Why `plain` is no address, as precisely as can be said.
fn refusal(given: &str, plain: &str) -> AddressError {
    let zoned = plain.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
    let given = excerpt(given);
    if plain.is_empty() {
        AddressError::Empty
    } else if zoned {
        AddressError::Zone { given }
    } else if is_odd_v4(plain) {
        AddressError::OddNotation { given }
    } else {
        AddressError::NotAddress { given }
    }
}

/// Whether C libraries and browsers would read this as IPv4: up to four parts, each decimal, octal or hexadecimal.
#[must_use]
pub fn is_odd_v4(text: &str) -> bool {
    let parts = text.strip_suffix('.').unwrap_or(text);
    let number = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(hex) => hex.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()),
    };
    text.parse::<Ipv4Addr>().is_err() && parts.split('.').count() <= 4 && parts.split('.').all(number)
}

/// Splits `host:port` and `[v6]:port`. Without a port, or with one that is not a number up to 65535, all is host.
///
/// ```
/// use sipar_model::address::split_port;
/// assert_eq!(split_port("192.0.2.1:8080"), ("192.0.2.1", Some(8080)));
/// assert_eq!(split_port("[2001:db8::1]:53"), ("[2001:db8::1]", Some(53)));
/// assert_eq!(split_port("2001:db8::1"), ("2001:db8::1", None));
/// ```
#[must_use]
pub fn split_port(text: &str) -> (&str, Option<u16>) {
    let Some((host, port)) = text.rsplit_once(':') else { return (text, None) };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    if host.is_empty() || !digits || (host.contains(':') && !bracketed) {
        return (text, None);
    }
    match port.parse() {
        Ok(port) => (host, Some(port)),
        Err(_) => (text, None),
    }
}

/// A network. Its address has no bits set beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

impl Prefix {
    /// Reads a network strictly. A bare address is a network of one.
    ///
    /// # Errors
    /// When it is not a network, or when bits are set beyond the length: then the error names both readings.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (written, prefix) = parse_network(text)?;
        if written == prefix.addr() {
            return Ok(prefix);
        }
        Err(AddressError::HostBits {
            given: excerpt(text.trim_ascii()),
            network: prefix.to_string(),
            single: written.to_string(),
        })
    }

    /// Reads a network and clears the bits beyond its length.
    /// Only for lists where covering more is safe: warning lists, never block lists.
    ///
    /// # Errors
    /// When it is not a network.
    pub fn parse_masking(text: &str) -> Result<Self, AddressError> {
        parse_network(text).map(|(_, prefix)| prefix)
    }

    /// The network of `length` bits that `address` lies in; `None` when the length is over 32 or 128.
    #[must_use]
    pub fn containing(address: IpAddr, length: u8) -> Option<Self> {
        IpNet::new(fold(address), length).ok().map(|net| Self(net.trunc()))
    }

    /// As ipnet has it.
    #[must_use]
    pub const fn net(&self) -> IpNet {
        self.0
    }

    /// Its first address.
    #[must_use]
    pub fn addr(&self) -> IpAddr {
        self.0.network()
    }

    /// Its length in bits.
    #[must_use]
    pub fn length(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether `address` lies in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&fold(address))
    }

    /// The address, when it is a network of one.
    #[must_use]
    pub fn single(&self) -> Option<IpAddr> {
        (self.0.prefix_len() == self.0.max_prefix_len()).then(|| self.addr())
    }
}

/// The address as written (folded), and the network that it lies in.
fn parse_network(text: &str) -> Result<(IpAddr, Prefix), AddressError> {
    let text = text.trim_ascii();
    let Some((address, length)) = text.split_once('/') else {
        let address = parse_address(text)?;
        return Ok((address, Prefix::from(address)));
    };
    let address = parse_as_written(address)?;
    let max: u8 = if address.is_ipv4() { 32 } else { 128 };
    let plain = (1..=3).contains(&length.len())
        && length.bytes().all(|b| b.is_ascii_digit())
        && (length == "0" || !length.starts_with('0'));
    let length = length.parse::<u8>().ok().filter(|length| plain && *length <= max);
    let Some(length) = length else { return Err(AddressError::Length { given: excerpt(text), max }) };
    // A mapped network (`::ffff:192.0.2.0/120`) is the IPv4 network in it; a shorter one is not only IPv4.
    let (address, length) = match (fold(address), length) {
        (IpAddr::V4(v4), 96..) if address.is_ipv6() => (IpAddr::V4(v4), length - 96),
        (IpAddr::V4(_), _) if address.is_ipv6() => (address, length),
        (address, length) => (address, length),
    };
    let net = match address {
        IpAddr::V4(v4) => Ipv4Net::new(v4, length).map(|net| IpNet::V4(net.trunc())),
        IpAddr::V6(v6) => Ipv6Net::new(v6, length).map(|net| IpNet::V6(net.trunc())),
    };
    let net = net.map_err(|_| AddressError::Length { given: excerpt(text), max })?;
    Ok((address, Prefix(net)))
}

impl From<IpAddr> for Prefix {
    fn from(address: IpAddr) -> Self {
        Self(fold(address).into())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

written_as_text!(Prefix, AddressError, "a network such as `192.0.2.0/24`");

/// An autonomous system number (RFC 6793). Written `AS64500` (RFC 5396, asplain).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asn(pub u32);

impl Asn {
    /// Reads `AS64500` or `64500`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_ascii();
        let digits = match text.get(..2) {
            Some(start) if start.eq_ignore_ascii_case("as") => &text[2..],
            _ => text,
        };
        let plain = (1..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse() {
            Ok(number) if plain => Ok(Self(number)),
            _ => Err(AddressError::NotAsn { given: excerpt(text) }),
        }
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AS{}", self.0)
    }
}

written_as_text!(Asn, AddressError, "an autonomous system number such as `AS64500`");
