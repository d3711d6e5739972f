//! Name servers as things of their own: what is said of one is meant for every name that it answers for.
//!
//! A name and the name server of that name are two things: who blocks `ns:ns1.evil.example` stops what is delegated to
//! that server, and nobody who asks for the name itself; who blocks both takes two decisions.

use crate::address::{parse_address, split_port};
use crate::{DomainName, Observable, ObservableError, Prefix};
use std::fmt;

/// What stands in front of a name server's name or network, in every text.
pub const NAME_SERVER_PREFIX: &str = "ns:";

/// Servers that answer for names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameServer {
    /// Those with this name, or a name under it.
    Name(DomainName),
    /// Those with an address in this network.
    Network(Prefix),
}

impl NameServer {
    /// Reads a name, an address or a network, with [`NAME_SERVER_PREFIX`] in front or without. A port is dropped.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, ObservableError> {
        let text = without_prefix(text.trim_ascii()).unwrap_or(text).trim_ascii();
        if text.contains('/') {
            return Prefix::parse(text).map(Self::Network).map_err(ObservableError::Address);
        }
        match parse_address(split_port(text).0) {
            Ok(address) => Ok(Self::Network(Prefix::from(address))),
            Err(_) => DomainName::parse(split_port(text).0).map(Self::Name).map_err(ObservableError::Name),
        }
    }

    /// The name, address or network itself, whatever it serves.
    #[must_use]
    pub fn itself(&self) -> Observable {
        match self {
            Self::Name(name) => Observable::Domain(name.clone()),
            Self::Network(network) => Observable::from(*network),
        }
    }

    /// The name server with this name, address or network. `None` for other kinds of thing.
    #[must_use]
    pub fn of(thing: &Observable) -> Option<Self> {
        match thing {
            Observable::Domain(name) => Some(Self::Name(name.clone())),
            Observable::Address(address) => Some(Self::Network(Prefix::from(*address))),
            Observable::Prefix(network) => Some(Self::Network(*network)),
            Observable::NameServer(server) => Some(server.clone()),
            Observable::Url(_) | Observable::File(_) | Observable::Mail(_) | Observable::Asn(_) => None,
        }
    }
}

/// What follows [`NAME_SERVER_PREFIX`], in upper or lower case.
pub(crate) fn without_prefix(text: &str) -> Option<&str> {
    let (front, rest) = text.split_at_checked(NAME_SERVER_PREFIX.len())?;
    front.eq_ignore_ascii_case(NAME_SERVER_PREFIX).then_some(rest)
}

impl fmt::Display for NameServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME_SERVER_PREFIX}{}", self.itself())
    }
}
