//! What an operator sets for DNS over TLS, HTTPS and QUIC (RFC 7858, RFC 8484, RFC 9250), and how clients find them.

use crate::config::{BadSetting, LISTEN_MAX};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// Most bytes of a path: what fits an SVCB parameter with room to spare, and more than anybody uses.
const PATH_BYTES_MAX: usize = 128;
/// Most addresses that discovery tells: four of each family are more than a client tries.
const ADDRESSES_MAX: usize = 8;

/// Encrypted transports. Without addresses none is started.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncryptedConfig {
    /// Where to answer DNS over TLS; its usual port is 853.
    pub tls: Vec<SocketAddr>,
    /// Where to answer DNS over HTTPS; its usual port is 443.
    pub https: Vec<SocketAddr>,
    /// Where to answer DNS over QUIC; its usual port is 853.
    pub quic: Vec<SocketAddr>,
    /// The certificate and those that sign it, as PEM. Watched: a new file is used within seconds.
    pub certificate: PathBuf,
    /// Its private key, as PEM.
    pub key: PathBuf,
    /// The name in the certificate; with it clients are told of the encrypted transports (RFC 9462).
    pub name: String,
    /// The addresses under which clients reach this resolver, for discovery. Empty: those that are listened on.
    pub addresses: Vec<IpAddr>,
    /// The path of DNS over HTTPS.
    pub https_path: String,
    /// Connections at once, for each worker and transport.
    pub connections_max: usize,
    /// Connections at once of one client address, for each worker. Many subscribers may share one address.
    pub connections_per_client_max: usize,
    /// Questions under way at once on one connection over HTTPS or QUIC.
    pub streams_max: u32,
    /// A connection on which nothing moves is closed after this many milliseconds. A handshake costs more than
    /// keeping a connection for a while (RFC 7858 §3.4).
    pub idle_ms: u64,
}

impl Default for EncryptedConfig {
    fn default() -> Self {
        Self {
            tls: Vec::new(),
            https: Vec::new(),
            quic: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            name: String::new(),
            addresses: Vec::new(),
            https_path: "/dns-query".into(),
            connections_max: 4_096,
            connections_per_client_max: 256,
            streams_max: 64,
            idle_ms: 30_000,
        }
    }
}

impl EncryptedConfig {
    /// Whether any encrypted transport is wanted.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        !(self.tls.is_empty() && self.https.is_empty() && self.quic.is_empty())
    }

    /// The first setting that cannot work, if there is one.
    ///
    /// # Errors
    /// Says which setting, and what to do.
    pub fn check(&self) -> Result<(), BadSetting> {
        if !self.is_wanted() {
            return Ok(());
        }
        if self.certificate.as_os_str().is_empty() || self.key.as_os_str().is_empty() {
            return Err(BadSetting::NoCertificate);
        }
        if !is_path(&self.https_path) {
            return Err(BadSetting::Path(self.https_path.chars().take(100).collect()));
        }
        if !self.name.is_empty() && crate::discovery::wire_name(&self.name).is_none() {
            return Err(BadSetting::Name { key: "encrypted.name", given: self.name.chars().take(100).collect() });
        }
        let wide = |n: usize| n as u64;
        let rows = [
            ("encrypted.tls", wide(self.tls.len()), 0, wide(LISTEN_MAX), "at most 16 addresses"),
            ("encrypted.https", wide(self.https.len()), 0, wide(LISTEN_MAX), "at most 16 addresses"),
            ("encrypted.quic", wide(self.quic.len()), 0, wide(LISTEN_MAX), "at most 16 addresses"),
            ("encrypted.addresses", wide(self.addresses.len()), 0, wide(ADDRESSES_MAX), "at most 8 addresses"),
            ("encrypted.connections_max", wide(self.connections_max), 1, 1 << 20, "1 to 1048576"),
            ("encrypted.streams_max", self.streams_max.into(), 1, 1_024, "1 to 1024"),
            ("encrypted.idle_ms", self.idle_ms, 10, 600_000, "10 to 600000"),
        ];
        match rows.into_iter().find(|(_, given, low, high, _)| given < low || given > high) {
            Some((key, given, _, _, allowed)) => Err(BadSetting::OutOfBounds { key, given, allowed }),
            None => Ok(()),
        }
    }
}

/// A path as it stands in a request, without anything that would need escaping.
fn is_path(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    text.starts_with('/') && text.len() <= PATH_BYTES_MAX && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut EncryptedConfig), expect: Result<(), &str>) {
        let mut config = EncryptedConfig {
            tls: vec!["127.0.0.1:853".parse().expect("address")],
            certificate: "cert.pem".into(),
            key: "key.pem".into(),
            ..EncryptedConfig::default()
        };
        change(&mut config);
        assert_eq!(config.check().map_err(|error| error.to_string()), expect.map_err(str::to_owned));
    }

    #[test]
    fn what_cannot_work_is_told() {
        check(|_| {}, Ok(()));
        check(|c| *c = EncryptedConfig::default(), Ok(()));
        check(
            |c| c.key = PathBuf::new(),
            Err(
                "`encrypted.certificate` and `encrypted.key` name the PEM files that DNS over TLS, HTTPS and QUIC need",
            ),
        );
        let path =
            |given: &str| format!("`encrypted.https_path` is `{given}`: it must begin with `/` and need no escaping");
        for bad in ["dns-query", "", "/a b", "/q{?dns}", "/%41"] {
            check(|c| c.https_path = bad.into(), Err(&path(bad)));
        }
        check(|c| c.name = "dns.example.pk".into(), Ok(()));
        check(
            |c| c.name = "a..b".into(),
            Err("`encrypted.name` is `a..b`: it must be a host name such as `dns.example.pk`"),
        );
        check(|c| c.streams_max = 0, Err("`encrypted.streams_max` is 0: it must be 1 to 1024"));
    }
}
