//! The settings of proofs: `[proofs]`.

use super::look::Network;
use serde::{Deserialize, Serialize};
use sipar_fetch::Reach;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

/// Where this system says whom it asks (resolv.conf(5)).
const SYSTEM: &str = "/etc/resolv.conf";

/// Resolvers of the system that are asked: as many as its own library asks (resolv.conf(5), MAXNS).
const SYSTEM_MAX: usize = 3;

/// The port of DNS (RFC 1035 §4.2).
const DNS_PORT: u16 = 53;

/// How challenges are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProofConfig {
    /// The resolvers that are asked for records, in order; empty: those of the system.
    pub resolvers: Vec<SocketAddr>,
    /// Whether names may lead to addresses that are not public: for a network of one's own.
    pub allow_private: bool,
    /// A PEM file with the authorities of the sites' certificates; none: the public ones.
    pub ca_file: Option<PathBuf>,
}

/// Settings of proofs that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The system does not say whom to ask.
    #[error("reading `{SYSTEM}`; set `proofs.resolvers`, as in `resolvers = [\"127.0.0.1:53\"]`")]
    System(#[source] io::Error),
}

impl ProofConfig {
    /// What looks for challenges in this way.
    ///
    /// # Errors
    /// When no resolver is set and the system does not say one.
    pub fn network(&self) -> Result<Network, ConfigError> {
        let resolvers = match self.resolvers.is_empty() {
            true => listed(&std::fs::read_to_string(SYSTEM).map_err(ConfigError::System)?),
            false => self.resolvers.clone(),
        };
        let reach = if self.allow_private { Reach::private() } else { Reach::public() };
        Ok(Network::new(resolvers, Reach { authorities: self.ca_file.clone(), ..reach }))
    }
}

/// The resolvers of a `resolv.conf`.
fn listed(text: &str) -> Vec<SocketAddr> {
    let addresses =
        text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok());
    addresses.take(SYSTEM_MAX).map(|address| SocketAddr::new(address, DNS_PORT)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_of_the_system() {
        let text = "# a comment\nsearch example\nnameserver 192.0.2.1\n nameserver\t2001:db8::1\nnameserver nonsense\n\
                    nameserver 192.0.2.2\nnameserver 192.0.2.3\n";
        let found: Vec<String> = listed(text).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"]);
        assert_eq!(listed(""), []);
    }
}
