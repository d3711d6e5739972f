//! The configuration: a TOML file, then `SIPAR_…` variables, then flags. An unknown key refuses to start.

use anyhow::{Context, Result};
use figment::{
    Figment,
    providers::{Env, Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};
use sipar_dns::DnsConfig;
use sipar_edges::RolloutConfig;
use sipar_mail::MailConfig;
use sipar_notices::NoticesConfig;
use sipar_people::ProviderConfig;
use sipar_registry::proving::ProofConfig;
use sipar_reputation::ReputationConfig;
use sipar_sinkhole::SinkholeConfig;
use sipar_store::StoreConfig;
use sipar_zones::model::ZonesConfig;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder of everything kept on this machine.
    pub data: PathBuf,
    /// A folder whose files come before the built-in packs.
    pub packs: Option<PathBuf>,
    pub instance: InstanceConfig,
    pub database: DatabaseConfig,
    pub portal: PortalConfig,
    pub clients: ClientsConfig,
    /// The resolver. `listen` empty: none is started. `upstreams` empty: those of /etc/resolv.conf.
    pub dns: DnsConfig,
    /// The reputation service.
    pub reputation: ReputationConfig,
    /// Zones for other people's resolvers. `listen` empty: none are served.
    pub zones: ZonesConfig,
    /// The page that people see in place of a blocked site.
    pub block_page: SinkholeConfig,
    pub metrics: MetricsConfig,
    /// The mail server that takes letters. Without it, none are sent.
    pub mail: MailConfig,
    /// Where programs of parties, which are told of notices, may be.
    pub notices: NoticesConfig,
    /// The outside provider that people may sign in with. Without an issuer there is none.
    pub provider: ProviderConfig,
    /// Whose key commands use (`--key-file`); the operator's own when none is given.
    #[serde(skip)]
    pub key_file: Option<PathBuf>,
    /// How new states are rolled out over edges far away.
    pub rollout: RolloutConfig,
    /// How challenges are looked for, with which parties prove what they own.
    pub proofs: ProofConfig,
}

/// Who runs this instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstanceConfig {
    pub organisation: String,
    /// `mailto:` or `https:`: where people ask about a block.
    pub contact: String,
    /// The name in the ledger's checkpoints (C2SP signed-note: without spaces or plus signs).
    pub ledger_origin: String,
    pub time_zone: String,
}

/// Where the records are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://…`; without it, SQLite in the data folder.
    pub url: Option<String>,
}

/// The portal and the JSON API.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortalConfig {
    pub listen: SocketAddr,
    /// The address by which people reach it, when a proxy stands in front.
    pub public_url: Option<String>,
    /// Addresses of one's own proxies in front: what they say in `X-Forwarded-For` is believed.
    pub proxies: Vec<IpAddr>,
}

/// The doors for other people's enforcement clients: bouncers and the like.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientsConfig {
    /// An address of their own. Without it, they stand on the portal's.
    pub listen: Option<SocketAddr>,
}

/// Health and metrics: `/healthz`, `/readyz`, `/metrics`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Without it they are nowhere.
    pub listen: Option<SocketAddr>,
}

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "./sipar-data".into(),
            packs: None,
            instance: InstanceConfig::default(),
            database: DatabaseConfig::default(),
            portal: PortalConfig::default(),
            clients: ClientsConfig::default(),
            dns: DnsConfig::default(),
            reputation: ReputationConfig {
                listen: Some(SocketAddr::new(LOOPBACK, 8081)),
                ..ReputationConfig::default()
            },
            zones: ZonesConfig::default(),
            block_page: SinkholeConfig::default(),
            metrics: MetricsConfig::default(),
            mail: MailConfig::default(),
            notices: NoticesConfig::default(),
            provider: ProviderConfig::default(),
            key_file: None,
            rollout: RolloutConfig::default(),
            proofs: ProofConfig::default(),
        }
    }
}

impl Default for InstanceConfig {
    fn default() -> Self {
        Self {
            organisation: "Sipar".into(),
            contact: "mailto:cert@example.org".into(),
            ledger_origin: "sipar.example.org/ledger".into(),
            time_zone: "Asia/Karachi".into(),
        }
    }
}

impl Default for PortalConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::new(LOOPBACK, 8080), public_url: None, proxies: Vec::new() }
    }
}

impl Config {
    /// Reads `file`, if given, and the environment.
    ///
    /// # Errors
    /// When the file is missing or has a key that does not exist.
    pub fn load(file: Option<&Path>, data: Option<&Path>) -> Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = file {
            anyhow::ensure!(path.is_file(), "there is no configuration file `{}`", path.display());
            figment = figment.merge(Toml::file(path));
        }
        // `SIPAR_DATABASE__URL` is `database.url`. Test variables are not configuration.
        let environment =
            Env::prefixed("SIPAR_").split("__").filter(|key| !key.starts_with("test_") && *key != "real_data");
        let mut config: Self = figment
            .merge(environment)
            .extract()
            .map_err(|error| anyhow::anyhow!("{error}"))
            .context("reading the configuration; docs/src/configuration.md lists every key")?;
        if let Some(data) = data {
            config.data = data.to_owned();
        }
        Ok(config)
    }

    /// The portal's address as people reach it.
    pub fn portal_url(&self) -> String {
        self.portal.public_url.clone().unwrap_or_else(|| format!("http://{}", self.portal.listen))
    }

    /// The block page's settings, with the instance's own where they are empty.
    pub fn block_page(&self) -> SinkholeConfig {
        let mut page = self.block_page.clone();
        if page.organisation.is_empty() {
            page.organisation.clone_from(&self.instance.organisation);
        }
        if page.portal.is_empty() {
            page.portal = self.portal_url();
        }
        page
    }

    /// Where the records are.
    pub fn store(&self) -> StoreConfig {
        match &self.database.url {
            Some(url) => StoreConfig::postgres(url),
            None => StoreConfig::sqlite(self.data.join("sipar.db")),
        }
    }
}
