//! The settings of an outside provider.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[provider]`: an outside provider of OpenID Connect that people may sign in with. Without an issuer there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its address, exactly as it calls itself (`https://login.example.org`).
    pub issuer: String,
    /// What it calls this portal.
    pub client_id: String,
    /// The file whose one line is the secret that it gave; none for a client without one.
    pub client_secret_file: Option<PathBuf>,
    /// What people call it; its host name when empty.
    pub title: String,
    /// A PEM file with its authorities, in place of the public ones.
    pub ca_file: Option<PathBuf>,
}
