//! What can be asserted, decided and looked up.

use crate::{Asn, CanonicalUrl, DomainName, FileHash, MailAddress, Prefix};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// One canonical observable. Two that mean the same compare equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Observable {
    /// A name, with everything under it.
    Domain(DomainName),
    /// One address.
    Address(IpAddr),
    /// A network.
    Prefix(Prefix),
    /// One resource.
    Url(CanonicalUrl),
    /// A file.
    File(FileHash),
    /// A mail sender.
    Mail(MailAddress),
    /// An autonomous system.
    Asn(Asn),
}
