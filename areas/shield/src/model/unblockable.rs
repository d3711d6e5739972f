//! What nobody may block, whatever is said of it, and why.

use crate::{error::say, rules::Bounds};
use sipar_model::{DomainName, Observable, Prefix, name::SuffixKind};
use sipar_web::Saying;
use std::net::IpAddr;

/// Why something may not be blocked by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unblockable {
    /// A whole autonomous system.
    WholeAsn,
    /// A top-level domain.
    TopLevelDomain,
    /// A name under which a registry gives names (`com.pk`).
    RegistryName,
    /// A name under which strangers rent theirs (`github.io`).
    SharedSuffix,
    /// An address that is not reached over the internet.
    LocalAddress,
    /// A network wider than the bounds allow.
    TooWide,
}

impl Unblockable {
    /// The word in tables, in the API and in the texts' keys.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::WholeAsn => "whole-asn",
            Self::TopLevelDomain => "top-level-domain",
            Self::RegistryName => "registry-name",
            Self::SharedSuffix => "shared-suffix",
            Self::LocalAddress => "local-address",
            Self::TooWide => "too-wide",
        }
    }
}

impl From<Unblockable> for Saying {
    fn from(why: Unblockable) -> Self {
        match why {
            Unblockable::WholeAsn => say("shield-unblockable-whole-asn", []),
            Unblockable::TopLevelDomain => say("shield-unblockable-top-level-domain", []),
            Unblockable::RegistryName => say("shield-unblockable-registry-name", []),
            Unblockable::SharedSuffix => say("shield-unblockable-shared-suffix", []),
            Unblockable::LocalAddress => say("shield-unblockable-local-address", []),
            Unblockable::TooWide => say("shield-unblockable-too-wide", []),
        }
    }
}

/// Why this may not be blocked by anybody, whatever is said of it.
#[must_use]
pub fn unblockable(observable: &Observable, bounds: Bounds) -> Option<Unblockable> {
    match observable {
        Observable::Domain(name) => unblockable_name(name),
        Observable::Address(address) => unblockable_address(*address),
        Observable::Prefix(prefix) => unblockable_prefix(prefix, bounds),
        Observable::Asn(_) => Some(Unblockable::WholeAsn),
        Observable::NameServer(server) => unblockable(&server.itself(), bounds),
        Observable::Url(_) | Observable::File(_) | Observable::Mail(_) => None,
    }
}

fn unblockable_name(name: &DomainName) -> Option<Unblockable> {
    if name.label_count() == 1 {
        return Some(Unblockable::TopLevelDomain);
    }
    match name.suffix_kind() {
        Some(SuffixKind::Icann | SuffixKind::Unlisted) => Some(Unblockable::RegistryName),
        Some(SuffixKind::Private) => Some(Unblockable::SharedSuffix),
        None => None,
    }
}

/// IANA's special-purpose registries (RFC 6890), but for the networks of documentation, which demonstrations use.
fn unblockable_address(address: IpAddr) -> Option<Unblockable> {
    let local = match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
                || a >= 240
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    };
    local.then_some(Unblockable::LocalAddress)
}

fn unblockable_prefix(prefix: &Prefix, bounds: Bounds) -> Option<Unblockable> {
    let bits_min = if prefix.addr().is_ipv4() { bounds.prefix_v4_bits_min } else { bounds.prefix_v6_bits_min };
    if prefix.length() < bits_min {
        return Some(Unblockable::TooWide);
    }
    unblockable_address(prefix.addr())
}
