//! What an operator may set, and what can be wrong with it.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// The block page's settings. An unknown key is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SinkholeConfig {
    /// Where to answer HTTP; empty: the block page is not started.
    pub http: Vec<SocketAddr>,
    /// Where to answer TLS; needs no certificate: without one every handshake is ended cleanly.
    pub https: Vec<SocketAddr>,
    /// The page's own name, such as `blocked.cert.example`.
    pub name: String,
    /// A file with the certificate of [`Self::name`] and its chain, as PEM.
    pub certificate: Option<PathBuf>,
    /// The file with the certificate's private key, as PEM.
    pub key: Option<PathBuf>,
    /// Who blocks, as the page says it. Empty: the operator of the instance.
    pub organisation: String,
    /// The portal's public address, where blocks are looked up. Empty: the one of the instance.
    pub portal: String,
    /// IANA name of the zone in which times are shown.
    pub time_zone: String,
    /// Connections at once; further ones wait in the system's queue. 1,024 cost some 40 MiB.
    pub connections_max: usize,
}

impl Default for SinkholeConfig {
    fn default() -> Self {
        Self {
            http: Vec::new(),
            https: Vec::new(),
            name: String::new(),
            certificate: None,
            key: None,
            organisation: String::new(),
            portal: String::new(),
            time_zone: "Asia/Karachi".into(),
            connections_max: 1_024,
        }
    }
}

/// Why the block page cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SinkholeError {
    /// The own name is not one.
    #[error("`{name}` cannot be the block page's own name")]
    Name {
        /// What was given.
        name: String,
        /// Why.
        source: sipar_model::name::NameError,
    },
    /// The zone is unknown.
    #[error("`{zone}` is no time zone; give an IANA name such as `Asia/Karachi`")]
    Zone {
        /// What was given.
        zone: String,
        /// Why.
        source: jiff::Error,
    },
    /// A certificate needs a key and a name.
    #[error("a certificate for the block page needs `name`, `certificate` and `key` together")]
    Incomplete,
    /// A file cannot be read.
    #[error("reading `{path}` for the block page")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}` holds no usable PEM certificate or key")]
    Pem {
        /// Which file.
        path: String,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not serve.
    #[error("the certificate `{path}` cannot be used with its key")]
    Certificate {
        /// Which file.
        path: String,
        /// Why.
        source: rustls::Error,
    },
}
