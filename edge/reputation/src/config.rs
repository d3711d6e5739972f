//! What an operator may set.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// The service's settings. An unknown key is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReputationConfig {
    /// Where to answer; none: the service is not started.
    pub listen: Option<SocketAddr>,
    /// Look-ups a second for one client network without a key; 0: a key is needed.
    pub anonymous_per_s: u32,
    /// Client networks without a limit and without a key need: none but loopback, so that a web server on the same
    /// machine may ask for every request.
    pub trust_loopback: bool,
    /// Connections at once; further ones wait in the system's queue.
    pub connections_max: usize,
    /// Seconds after which a connection ends that asks nothing, or takes so long over the head of a request.
    pub idle_s: u32,
    /// Keys of services that ask.
    pub keys: Vec<Key>,
}

impl Default for ReputationConfig {
    fn default() -> Self {
        // 50 a second: a busy site behind one address asks once for each new visitor, not for each request.
        // 4,096 connections take some 40 MiB; 60 s is how long nginx keeps an idle one to a service behind it.
        Self {
            listen: None,
            anonymous_per_s: 50,
            trust_loopback: true,
            connections_max: 4_096,
            idle_s: 60,
            keys: Vec::new(),
        }
    }
}

/// A key of a service that asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// What it is for: a system, never a person.
    pub label: String,
    /// SHA-256 of the key, in hex.
    pub sha256: String,
    /// Look-ups a second; 0: no limit.
    pub per_s: u32,
}
